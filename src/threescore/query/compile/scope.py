"""The pieces that statements are made of: tables, joins, conditions, orders, records as JSON."""

from threescore.model.fields.base import Leaf
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.plan import (
    And,
    Compare,
    Cursor,
    Filter,
    IsNull,
    JoinId,
    Not,
    Or,
    OrderTerm,
    Scalar,
    Selection,
    Through,
    ToMany,
    ToOne,
)
from threescore.sql import quote_identifier

q = quote_identifier


def table(model: Model, name: str) -> str:
    """A table of the workspace's schema, qualified and quoted."""
    return f"{q(model.schema)}.{q(name)}"


def placeholder(slot: int, cast: str) -> str:
    """The parameter for an argument's slot."""
    return f"${slot + 1}::{cast}"


class Scope:
    """An object's table under an alias, with the LEFT JOINs that conditions and orders on it turn out to need."""

    def __init__(self, model: Model, object_type: ObjectType, alias: str) -> None:
        self.model = model
        self.object_type = object_type
        self.alias = alias
        self._joined: dict[str, tuple[str, ObjectType]] = {}

    def joined(self, relation: str | None) -> tuple[str, ObjectType]:
        """The alias and object of a many-to-one relation's target, joined once; of the table itself for None."""
        if relation is None:
            return self.alias, self.object_type
        if relation not in self._joined:
            field = self.object_type.field_by_name[relation]
            self._joined[relation] = (q(f"{self.alias}_{relation}"), self.model.target(field))
        return self._joined[relation]

    def column(self, name: str, relation: str | None = None) -> str:
        """A column, qualified and quoted."""
        return f"{self.joined(relation)[0]}.{q(name)}"

    def leaf(self, name: str, relation: str | None = None) -> Leaf:
        """The leaf behind a column."""
        return self.joined(relation)[1].leaf_by_column[name]

    @property
    def source(self) -> str:
        """The FROM clause. Read it last: conditions and orders add joins."""
        joins = "".join(
            f" LEFT JOIN {table(self.model, target.table)} {alias}"
            f" ON {alias}.id = {self.alias}.{q(join_column(self.object_type.field_by_name[relation]))}"
            for relation, (alias, target) in self._joined.items()
        )
        return f"{table(self.model, self.object_type.table)} {self.alias}{joins}"


def join_column(field: Field) -> str:
    """The join column of a field that is known to be many-to-one."""
    assert field.join_column is not None
    return field.join_column


def condition(scope: Scope, node: Filter, relation: str | None = None) -> str:
    """SQL for a filter. `relation`: the filter speaks of the record that this relation leads to."""
    match node:
        case And(items):
            return " AND ".join(f"({condition(scope, item, relation)})" for item in items) or "TRUE"
        case Or(items):
            return " OR ".join(f"({condition(scope, item, relation)})" for item in items) or "FALSE"
        case Not(item):
            return f"NOT ({condition(scope, item, relation)})"
        case IsNull(column, null):
            leaf = scope.leaf(column, relation)
            text = leaf.type.is_null(leaf, scope.column(column, relation))
            return text if null else f"NOT ({text})"
        case Compare(column, operator, slot):
            leaf = scope.leaf(column, relation)
            value = placeholder(slot, leaf.type.slot_type(leaf, operator))
            return leaf.type.predicate(leaf, operator, scope.column(column, relation), value)
        case Through(name, item):
            field = scope.object_type.field_by_name[name]
            if field.is_many_to_one:
                return condition(scope, item, name)
            inverse = scope.model.inverse(field)
            inner = Scope(scope.model, scope.model.target(field), q(f"{scope.alias}_{name}"))
            inside = condition(inner, item)
            return (
                f"EXISTS (SELECT FROM {inner.source} WHERE {inner.column(join_column(inverse))} = {scope.alias}.id"
                f" AND {inner.column('deletedAt')} IS NULL AND ({inside}))"
            )


def _is_nullable(scope: Scope, term: OrderTerm) -> bool:
    leaf = scope.leaf(term.column, term.relation)
    return term.relation is not None or leaf.sub_field is not None or leaf.field.is_nullable


def _sort_key(scope: Scope, term: OrderTerm) -> str:
    leaf = scope.leaf(term.column, term.relation)
    return leaf.type.sort_key(leaf, scope.column(term.column, term.relation))


def order_by(scope: Scope, order: tuple[OrderTerm, ...], *, backward: bool = False) -> str:
    """The ORDER BY list. Plain where it can be, so that an index serves it."""
    parts = []
    for term in order:
        descending, nulls_first = term.descending != backward, term.nulls_first != backward
        nulls = ""
        if _is_nullable(scope, term) and nulls_first != descending:
            nulls = " NULLS FIRST" if nulls_first else " NULLS LAST"
        parts.append(f"{_sort_key(scope, term)}{' DESC' if descending else ''}{nulls}")
    return ", ".join(parts)


def beyond(scope: Scope, order: tuple[OrderTerm, ...], cursor: Cursor) -> str:
    """The keyset condition: strictly after the cursor's record in the order, or before it, nulls included."""
    text = "FALSE"
    for term, slot in reversed(list(zip(order, cursor.slots, strict=True))):
        key = _sort_key(scope, term)
        descending, nulls_first = term.descending != cursor.before, term.nulls_first != cursor.before
        if slot is None:
            past = f"{key} IS NOT NULL" if nulls_first else "FALSE"
            text = f"({past}) OR ({key} IS NULL AND ({text}))"
            continue
        leaf = scope.leaf(term.column, term.relation)
        value = leaf.type.sort_key(leaf, placeholder(slot, leaf.type.slot_type(leaf, "eq")))
        sign = "<" if descending else ">"
        past, last = f"{key} {sign} {value}", text == "FALSE"
        text = past if last else f"{past} OR ({key} = {value} AND ({text}))"
        if not last and not _is_nullable(scope, term):
            # Redundant, but a bound that an index on the column can use.
            text = f"{key} {sign}= {value} AND ({text})"
        elif not nulls_first and _is_nullable(scope, term):
            text = f"{text} OR {key} IS NULL"
    return text


class Projection:
    """Records as JSON. Collects the LATERAL joins that nested records need."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._nested = 0

    def record(self, object_type: ObjectType, selection: Selection, alias: str) -> tuple[str, str]:
        """The select list of a record under `alias`, and the joins that must follow its FROM."""
        fields = object_type.field_by_name
        lateral = {item.field: self._alias() for item in selection.items if isinstance(item, ToOne)}
        columns: list[str] = []
        joins: list[str] = []
        for item in selection.items:
            field = fields[item.field]
            match item:
                case Scalar():
                    text = field_json(field, alias)
                case JoinId(live=True) if item.field in lateral:
                    text = f"{lateral[item.field]}.id"
                case JoinId():
                    text = f"{alias}.{q(join_column(field))}"
                case ToOne(selection=inner):
                    text = f"{lateral[item.field]}.record"
                    joins.append(self._to_one(field, inner, alias, lateral[item.field]))
                case ToMany(selection=inner, limit=limit):
                    text = self._to_many(field, inner, alias, limit)
            columns.append(f"{text} AS {q(item.key)}")
        return ", ".join(columns), "".join(joins)

    def _alias(self) -> str:
        self._nested += 1
        return f"n{self._nested}"

    def _to_one(self, field: Field, selection: Selection, alias: str, name: str) -> str:
        target = self._model.target(field)
        inner = self._alias()
        columns, joins = self.record(target, selection, inner)
        # LIMIT keeps it a lookup for each row of the page; as a plain join it invites a hash of the whole table.
        return (
            f" LEFT JOIN LATERAL (SELECT {inner}.id, {as_json(columns)} AS record"
            f" FROM {table(self._model, target.table)} {inner}{joins}"
            f" WHERE {inner}.id = {alias}.{q(join_column(field))}"
            f' AND {inner}."deletedAt" IS NULL LIMIT 1) {name} ON TRUE'
        )

    def _to_many(self, field: Field, selection: Selection, alias: str, limit: int) -> str:
        target = self._model.target(field)
        inner = self._alias()
        columns, joins = self.record(target, selection, inner)
        return (
            f"(SELECT coalesce(json_agg(row_to_json(j)), '[]') FROM (SELECT {columns}"
            f" FROM {table(self._model, target.table)} {inner}{joins}"
            f" WHERE {inner}.{q(join_column(self._model.inverse(field)))} = {alias}.id"
            f' AND {inner}."deletedAt" IS NULL ORDER BY {inner}.id LIMIT {limit}) j)'
        )


def as_json(columns: str) -> str:
    """A select list as one JSON object. Nested rows are faster than json_build_object, and have no limit of 50 keys."""
    return f"(SELECT row_to_json(j) FROM (SELECT {columns}) j)"


def field_json(field: Field, alias: str) -> str:
    """A field of the record under `alias`, as `row_to_json` shall show it."""
    if field.is_composite:
        return field.kind.json_object(field, {leaf.sub_field: f"{alias}.{q(leaf.column)}" for leaf in field.leaves})
    return field.leaf.type.json(field.leaf, f"{alias}.{q(field.leaf.column)}")


def standard_selection(object_type: ObjectType) -> Selection:
    """All that a record itself holds: what events store, and what REST shows at depth 0."""
    cached: Selection | None = object_type.__dict__.get("standard_selection")
    if cached is None:
        cached = Selection(tuple(own_items(object_type)))
        object_type.__dict__["standard_selection"] = cached
    return cached


def own_items(object_type: ObjectType, *, live: bool = False) -> list[Scalar | JoinId | ToOne | ToMany]:
    """The items for a record's own values, in the order of its fields."""
    items: list[Scalar | JoinId | ToOne | ToMany] = []
    for field in object_type.fields:
        if field.is_many_to_one:
            items.append(JoinId(join_column(field), field.name, live))
        elif not field.is_one_to_many:
            items.append(Scalar(field.name, field.name))
    return items
