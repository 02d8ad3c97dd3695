"""Plans: what a request wants, as frozen values without literals.

A plan names objects, fields and columns of one `Model`; the values that a caller sent stand beside it as a list of
arguments, and `slot` is a place in that list. Two requests that differ only in values have equal plans, so the
SQL of a plan is compiled once.
"""

from dataclasses import dataclass
from typing import Final

# Filters


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of one column with a value."""

    column: str
    operator: str
    slot: int


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a column has no value (`null`) or has one."""

    column: str
    null: bool


@dataclass(frozen=True, slots=True)
class And:
    items: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: "Filter"


@dataclass(frozen=True, slots=True)
class Through:
    """A condition on the record (to-one) or on some live record (to-many) at the other side of a relation."""

    field: str
    item: "Filter"


Filter = Compare | IsNull | And | Or | Not | Through

EVERYTHING: Final = And(())


# Ordering and cursors


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of an order: a column of the object itself, or of the record that `relation` leads to."""

    column: str
    descending: bool = False
    nulls_first: bool = True
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page starts: after (or before) the record whose order values are given.

    `slots` holds a slot for each order term, None where the value is NULL.
    """

    before: bool
    slots: tuple[int | None, ...]


# What of a record is shown


@dataclass(frozen=True, slots=True)
class Scalar:
    """A field of the record itself: a value, or a composite as an object."""

    key: str
    field: str


@dataclass(frozen=True, slots=True)
class JoinId:
    """The id that a many-to-one relation holds. `live`: NULL where the target is soft-deleted."""

    key: str
    field: str
    live: bool = False


@dataclass(frozen=True, slots=True)
class ToOne:
    """The live record at the other side of a many-to-one relation, or null."""

    key: str
    field: str
    selection: "Selection"


@dataclass(frozen=True, slots=True)
class ToMany:
    """At most `limit` live records at the other side of a one-to-many relation, by id."""

    key: str
    field: str
    selection: "Selection"
    limit: int


class Selection:
    """What of a record is shown, in order. Hashed once: selections of wide objects are large."""

    __slots__ = ("_hash", "items")

    def __init__(self, items: "tuple[Scalar | JoinId | ToOne | ToMany, ...]") -> None:
        self.items = items
        self._hash = hash(items)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Selection) and self.items == other.items)


# Reads


@dataclass(frozen=True, slots=True)
class FindOne:
    """One live record by id, which is slot 0."""

    object: str
    selection: Selection


@dataclass(frozen=True, slots=True)
class FindMany:
    """A page of records. `limit` is part of the plan: the planner decides better when it knows it."""

    object: str
    selection: Selection
    filter: Filter
    order: tuple[OrderTerm, ...]
    limit: int
    cursor: Cursor | None = None
    count: bool = True


@dataclass(frozen=True, slots=True)
class Dimension:
    """What groups are made by: a column of the object or of the record that `relation` leads to.

    `granularity` cuts dates; `zone` is the slot of the time zone; `week_start` is MONDAY, SUNDAY or SATURDAY.
    `unnest` makes one group for each element of an array.
    """

    column: str
    relation: str | None = None
    granularity: str | None = None
    zone: int | None = None
    week_start: str = "MONDAY"
    unnest: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number over a group, shown as `name`.

    `function` is count, countUniqueValues, countEmpty, countNotEmpty, percentageEmpty, percentageNotEmpty, countTrue,
    countFalse, min, max, avg or sum, over `columns`: none for count, several only for a composite field as a whole.
    """

    name: str
    function: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """Orders groups by a dimension (by its place) or an aggregate (by its name)."""

    dimension: int | None
    aggregate: str | None
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Groups of records with aggregates, and a sample of records in each where `sample` is given."""

    object: str
    filter: Filter
    dimensions: tuple[Dimension, ...]
    aggregates: tuple[Aggregate, ...]
    order: tuple[GroupOrder, ...]
    limit: int
    order_aggregates: tuple[Aggregate, ...] = ()
    """Aggregates that the order needs but nobody asked to see."""
    sample: Selection | None = None
    sample_order: tuple[OrderTerm, ...] = ()
    exact_as_text: bool = False
    """Counts, percentages and exact sums as strings (REST) rather than numbers (GraphQL)."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """For each of several records, the live records that resemble it, at most `limit`.

    Slot 0 is a list of ids where `stored`, else a JSON list of rows.
    """

    object: str
    selection: Selection
    limit: int
    stored: bool


# Writes. Slots 0 and 1 are the versions of model and access that the write relies on, slot 2 the actor.


@dataclass(frozen=True, slots=True)
class Create:
    """New records from a JSON list of rows (slot 3). `columns` are those that some row has."""

    object: str
    columns: tuple[str, ...]
    selection: Selection


@dataclass(frozen=True, slots=True)
class Upsert:
    """New or changed records from a JSON list of rows (slot 3), matched by any unique key.

    Slot 4 is a JSON row of what new records get where their row is silent.
    """

    object: str
    columns: tuple[str, ...]
    selection: Selection


@dataclass(frozen=True, slots=True)
class Update:
    """The same change (slot 3: one JSON row) to every record that the filter finds, at most `limit`."""

    object: str
    columns: tuple[str, ...]
    selection: Selection
    filter: Filter
    limit: int


@dataclass(frozen=True, slots=True)
class SoftDelete:
    """Sets `deletedAt` of every record that the filter finds, at most `limit`."""

    object: str
    selection: Selection
    filter: Filter
    limit: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Clears `deletedAt` of every record that the filter finds, at most `limit`."""

    object: str
    selection: Selection
    filter: Filter
    limit: int


@dataclass(frozen=True, slots=True)
class Destroy:
    """Removes for good every record that the filter finds, at most `limit`, and what hangs on it."""

    object: str
    filter: Filter
    limit: int


@dataclass(frozen=True, slots=True)
class Absorb:
    """Re-points all that refers to some records (slot 4: ids) to another (slot 3: id), then destroys them."""

    object: str


Plan = FindOne | FindMany | Group | Duplicates | Create | Upsert | Update | SoftDelete | Restore | Destroy | Absorb
