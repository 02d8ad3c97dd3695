"""Plans: what a request wants, as frozen values without literals.

A plan names objects, fields and columns of one `Model`; the values that a caller sent stand beside it as a list of
arguments, and `slot` is a place in that list. Two requests that differ only in values have equal plans, so the
SQL of a plan is compiled once.
"""

from typing import Final

from msgspec import Struct

# Filters


class Compare(Struct, frozen=True):
    """A comparison of one column with a value, which PostgreSQL takes as of the type `cast`."""

    column: str
    operator: str
    slot: int
    cast: str


class IsNull(Struct, frozen=True):
    """Whether a column has no value (`null`) or has one."""

    column: str
    null: bool


class And(Struct, frozen=True):
    items: tuple["Filter", ...]


class Or(Struct, frozen=True):
    items: tuple["Filter", ...]


class Not(Struct, frozen=True):
    item: "Filter"


class Through(Struct, frozen=True):
    """A condition on the record (to-one) or on some live record (to-many) at the other side of a relation."""

    field: str
    item: "Filter"


class Version(Struct, frozen=True):
    """Whether the record is still in one of the versions (a slot: a list of texts) that were shown."""

    slot: int


Filter = Compare | IsNull | And | Or | Not | Through | Version

EVERYTHING: Final = And(())


def by_id(slot: int) -> Compare:
    """The filter for the one record whose id is the argument in a slot."""
    return Compare("id", "eq", slot, "uuid")


# Ordering and cursors


class OrderTerm(Struct, frozen=True):
    """One term of an order: a column of the object itself, or of the record that `relation` leads to."""

    column: str
    descending: bool = False
    nulls_first: bool = True
    relation: str | None = None


class Cursor(Struct, frozen=True):
    """A record's place in an order: a slot for the value of each order term, None where the value is NULL."""

    slots: tuple[int | None, ...]


# What of a record is shown


class Scalar(Struct, frozen=True):
    """A field of the record itself: a value, or a composite as an object.

    `parts` are the keys to show of a value that is JSON, or of each of its items; None for all of it.
    """

    key: str
    field: str
    parts: "tuple[Part | Constant, ...] | None" = None


class Constant(Struct, frozen=True):
    """A text that is the same for every record: the name of its type."""

    key: str
    text: str


class Part(Struct, frozen=True):
    """A sub-field of a composite field, or a key of a JSON value, under a key of its own. `parts` as for `Scalar`."""

    key: str
    sub_field: str
    parts: "tuple[Part | Constant, ...] | None" = None


class Composite(Struct, frozen=True):
    """Some sub-fields of a composite field, as an object."""

    key: str
    field: str
    parts: tuple[Part | Constant, ...]


class JoinId(Struct, frozen=True):
    """The id that a many-to-one relation holds. `live`: NULL where the target is soft-deleted."""

    key: str
    field: str
    live: bool = False


class ToOne(Struct, frozen=True):
    """The live record at the other side of a many-to-one relation, or null."""

    key: str
    field: str
    selection: "Selection"


class ToMany(Struct, frozen=True):
    """At most `limit` live records at the other side of a one-to-many relation, by id."""

    key: str
    field: str
    selection: "Selection"
    limit: int


# Connections: pages of records with what there is to know about them


class PageOf(Struct, frozen=True):
    """Which records of a set make a page.

    `limit` is the slot of the page's length, `at_most` the next of a few sizes above it: so pages of different
    lengths share a plan, while the database's planner still knows about how many rows to expect. A page starts after
    its cursor, or at the beginning; a `backward` one ends before its cursor, or at the end. `offset` is the slot of
    how many records to pass over.
    """

    filter: Filter
    order: tuple[OrderTerm, ...]
    at_most: int
    limit: int
    cursor: Cursor | None = None
    backward: bool = False
    offset: int | None = None


PAGE_SIZES = (1, 2, 5, 10, 20, 60, 100, 200, 500, 1000, 2000, 5000, 10_000)
"""What `at_most` may be."""


def at_most(limit: int) -> int:
    """The smallest page size that holds `limit` records. The largest size is the limit of limits."""
    return next((size for size in PAGE_SIZES if size >= limit), PAGE_SIZES[-1])


class Aggregate(Struct, frozen=True):
    """A number over records, shown as `name`.

    `function` is count, countUniqueValues, countEmpty, countNotEmpty, percentageEmpty, percentageNotEmpty, countTrue,
    countFalse, min, max, avg or sum, over `columns`: none for count, several only for a composite field as a whole.
    """

    name: str
    function: str
    columns: tuple[str, ...] = ()


class Node(Struct, frozen=True):
    """The record of an edge."""

    key: str
    selection: "Selection"


class EdgeCursor(Struct, frozen=True):
    """The cursor of an edge's record."""

    key: str


class Edges(Struct, frozen=True):
    """The records of a page, each with its cursor."""

    key: str
    items: tuple[Node | EdgeCursor | Constant, ...]


class PageFact(Struct, frozen=True):
    """One of hasNextPage, hasPreviousPage, startCursor, endCursor."""

    key: str
    name: str


class PageInfo(Struct, frozen=True):
    """What there is to know about a page."""

    key: str
    items: tuple[PageFact | Constant, ...]


class Total(Struct, frozen=True):
    """An aggregate over all records of the set, whatever the page."""

    key: str
    aggregate: Aggregate


ConnectionPart = Edges | PageInfo | Total | Constant


class Connection(Struct, frozen=True):
    """A page of the records at the other side of a one-to-many relation."""

    key: str
    field: str
    page: PageOf
    parts: tuple[ConnectionPart, ...]


Item = Scalar | Composite | Constant | JoinId | ToOne | ToMany | Connection


class Selection:
    """What of a record is shown, in order. Hashed once: selections of wide objects are large."""

    __slots__ = ("_hash", "items")

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = items
        self._hash = hash(items)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Selection) and self.items == other.items)


ID_ONLY: Final = Selection((Scalar("id", "id"),))


# Reads


class FindOne(Struct, frozen=True):
    """One live record by id, which is slot 0."""

    object: str
    selection: Selection


class FindFirst(Struct, frozen=True):
    """The first record by id that the filter finds."""

    object: str
    selection: Selection
    filter: Filter


class FindByIds(Struct, frozen=True):
    """Records by their ids (slot 0), in that order, soft-deleted ones too."""

    object: str
    selection: Selection


class FindMany(Struct, frozen=True):
    """A page of records, with the number of all that the filter finds."""

    object: str
    selection: Selection
    page: PageOf


class FindConnection(Struct, frozen=True):
    """A page of records as a connection."""

    object: str
    page: PageOf
    parts: tuple[ConnectionPart, ...]


class Dimension(Struct, frozen=True):
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


class GroupOrder(Struct, frozen=True):
    """Orders groups by a dimension (by its place) or an aggregate (by its name)."""

    dimension: int | None
    aggregate: str | None
    descending: bool
    nulls_first: bool


class Dimensions(Struct, frozen=True):
    """The values of a group's dimensions, as a list."""

    key: str


class Records(Struct, frozen=True):
    """The first records of a group, as a plain list."""

    key: str
    selection: Selection


GroupPart = Total | Dimensions | Records | Edges | Constant


class Group(Struct, frozen=True):
    """Groups of records, each shown as an object of `parts`; `limit` is the slot of how many.

    The records of a group, where they are shown, are its first `sample_size` in `sample_order`, after as many as slot
    `sample_offset` says.
    """

    object: str
    filter: Filter
    dimensions: tuple[Dimension, ...]
    order: tuple[GroupOrder, ...]
    limit: int
    parts: tuple[GroupPart, ...]
    order_aggregates: tuple[Aggregate, ...] = ()
    """The aggregates that the order needs, shown or not."""
    sample_size: int = 10
    sample_order: tuple[OrderTerm, ...] = ()
    sample_offset: int | None = None
    exact_as_text: bool = False
    """Counts, percentages and exact sums as strings (REST) rather than numbers (GraphQL)."""


class Duplicates(Struct, frozen=True):
    """For each of several records, the live records that resemble it, at most `limit`.

    They do where they have the same values in all columns of some of the `criteria`. Slot 0 is a list of ids where
    `stored`, else a JSON list of rows.
    """

    object: str
    parts: tuple[ConnectionPart | Records, ...]
    criteria: tuple[tuple[str, ...], ...]
    limit: int
    stored: bool


class SearchIn(Struct, frozen=True):
    """One object to search in. `after` is the slot of the id after which records of equal rank count.

    `label` and `image` are the fields that a found record is shown by. `words` are the fields by whose words records
    are found where those are not all that go into the search vector.
    """

    object: str
    filter: Filter
    label: str
    image: str | None = None
    words: tuple[str, ...] | None = None
    includes_equal: bool = True
    after: int | None = None


class Search(Struct, frozen=True):
    """The records of several objects that match words best.

    Slot 0 is the query that all words satisfy, slot 1 the one that any does, slot 2 the text itself for LIKE, slot 3
    how many records, slots 4 and 5 the ranks of the record to start after, if `continued`. `everything`: no words.
    """

    objects: tuple[SearchIn, ...]
    everything: bool
    continued: bool


class Connect(Struct, frozen=True):
    """The live records that a JSON list of rows (slot 0) means, by the values of `columns`, which are a unique key."""

    object: str
    columns: tuple[str, ...]


class Holder(Struct, frozen=True):
    """A live record that has the same values as a JSON row (slot 0) in `columns`."""

    object: str
    columns: tuple[str, ...]


class Lock(Struct, frozen=True):
    """The live records with the ids in slot 0 as rows of their table, locked."""

    object: str


# Writes. Slots 0 and 1 are the versions of model and access that the write relies on, slot 2 the actor.


class Create(Struct, frozen=True):
    """New records from a JSON list of rows (slot 3). `columns` are those that some row has."""

    object: str
    columns: tuple[str, ...]
    selection: Selection


class Upsert(Struct, frozen=True):
    """New or changed records from a JSON list of rows (slot 3), matched by any unique key.

    Slot 4 is a JSON row of what new records get where their row is silent.
    """

    object: str
    columns: tuple[str, ...]
    selection: Selection


class Update(Struct, frozen=True):
    """The same change (slot 3: one JSON row) to every record that the filter finds, at most `limit`."""

    object: str
    columns: tuple[str, ...]
    selection: Selection
    filter: Filter
    limit: int


class SoftDelete(Struct, frozen=True):
    """Sets `deletedAt` of every record that the filter finds, at most `limit`."""

    object: str
    selection: Selection
    filter: Filter
    limit: int


class Restore(Struct, frozen=True):
    """Clears `deletedAt` of every record that the filter finds, at most `limit`."""

    object: str
    selection: Selection
    filter: Filter
    limit: int


class Destroy(Struct, frozen=True):
    """Removes for good every record that the filter finds, at most `limit`, and what hangs on it.

    The records are shown as they were.
    """

    object: str
    selection: Selection
    filter: Filter
    limit: int


class Absorb(Struct, frozen=True):
    """Re-points all that refers to some records (slot 4: ids) to another (slot 3: id), then destroys them."""

    object: str


Read = (
    FindOne | FindFirst | FindByIds | Search | FindMany | FindConnection | Group | Duplicates | Connect | Holder | Lock
)
Write = Create | Upsert | Update | SoftDelete | Restore | Destroy | Absorb
Plan = Read | Write
