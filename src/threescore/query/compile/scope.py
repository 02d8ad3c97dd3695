"""The pieces that statements are made of: tables, joins, conditions, orders, records as JSON."""

from threescore.model.fields.base import Leaf
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.plan import (
    And,
    Compare,
    Composite,
    Connection,
    Constant,
    Cursor,
    Filter,
    IsNull,
    Item,
    JoinId,
    Not,
    Or,
    OrderTerm,
    Part,
    Scalar,
    Selection,
    Through,
    ToMany,
    ToOne,
    Version,
)
from threescore.query.rules import Seen
from threescore.sql import quote_identifier, quote_literal

q = quote_identifier


def table(model: Model, name: str) -> str:
    """A table of the workspace's schema, qualified and quoted."""
    return f"{q(model.schema)}.{q(name)}"


def rows(model: Model, object_type: ObjectType, alias: str) -> str:
    """The rows of an object that exist for the caller, as a FROM item. All that shows or finds records reads these."""
    name = table(model, object_type.table)
    rule = row_rule(model, object_type, "r")
    return f"{name} {alias}" if rule is None else f"(SELECT r.* FROM {name} r WHERE {rule}) {alias}"


def row_rule(model: Model, object_type: ObjectType, alias: str) -> str | None:
    """The condition under which the row under an alias exists for the caller; None where every row does.

    It reads other tables as they are: rules do not depend on one another.
    """
    found = model.weaving.filter(object_type) if isinstance(model, Seen) else None
    if found is None or not isinstance(model, Seen):
        return None
    scope = Scope(model.whole, object_type, alias)
    where = condition(scope, found)
    # As a join of its own: rows could not be locked that are the outer side of one.
    return f"EXISTS (SELECT FROM (SELECT 1) o{scope.joins} WHERE {where})" if scope.joins else f"({where})"


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
    def joins(self) -> str:
        """The joins of the FROM clause. Read them last: conditions and orders add to them."""
        return "".join(
            f" LEFT JOIN {rows(self.model, target, alias)}"
            f" ON {alias}.id = {self.alias}.{q(join_column(self.object_type.field_by_name[relation]))}"
            for relation, (alias, target) in self._joined.items()
        )

    @property
    def source(self) -> str:
        """The FROM clause. Read it last, as `joins`."""
        return f"{rows(self.model, self.object_type, self.alias)}{self.joins}"


def join_column(field: Field) -> str:
    """The join column of a field that is known to be many-to-one."""
    assert field.join_column is not None
    return field.join_column


def version(alias: str) -> str:
    """SQL for the version of a record: another one after every write.

    It is made of the transaction that wrote the row, so that it says nothing about values that a caller may not see,
    and of the time, because transactions are numbered anew when a database is restored from a dump.
    """
    written, at = f"{alias}.xmin::text::bigint", f'(extract(epoch FROM {alias}."updatedAt") * 1000)::bigint'
    return f"(to_hex({written}) || '-' || to_hex({at}))"


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
        case Compare(column, operator, slot, cast):
            leaf = scope.leaf(column, relation)
            return leaf.type.predicate(leaf, operator, scope.column(column, relation), placeholder(slot, cast))
        case Version(slot):
            return f"{version(scope.alias)} = ANY({placeholder(slot, 'text[]')})"
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


def beyond(scope: Scope, order: tuple[OrderTerm, ...], cursor: Cursor, *, backward: bool) -> str:
    """The keyset condition: strictly after the cursor's record in the order, or before it, nulls included."""
    text = "FALSE"
    for term, slot in reversed(list(zip(order, cursor.slots, strict=True))):
        key = _sort_key(scope, term)
        descending, nulls_first = term.descending != backward, term.nulls_first != backward
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
        self.model = model
        self._nested = 0

    def record(self, object_type: ObjectType, selection: Selection, alias: str) -> tuple[str, str]:
        """The select list of a record under `alias`, and the joins that must follow its FROM."""
        fields = object_type.field_by_name
        names = [self.alias() if isinstance(item, ToOne) else "" for item in selection.items]
        pairs = list(zip(selection.items, names, strict=True))
        joined = {item.field: name for item, name in pairs if isinstance(item, ToOne)}
        columns: list[str] = []
        joins: list[str] = []
        for item, name in pairs:
            match item:
                case Constant(text=constant):
                    text = f"{quote_literal(constant)}::text"
                case Scalar(field=field, parts=None):
                    text = field_json(fields[field], alias)
                case Scalar(field=field, parts=tuple() as parts):
                    text = parts_json(fields[field].leaf, parts, alias)
                case Composite(field=field, parts=parts):
                    text = composite_json(fields[field], parts, alias)
                case JoinId(field=field, live=True) if field in joined:
                    text = f"{joined[field]}.id"
                case JoinId(field=field):
                    text = f"{alias}.{q(join_column(fields[field]))}"
                case ToOne(field=field, selection=inner):
                    text = f"{name}.record"
                    joins.append(self._to_one(fields[field], inner, alias, name))
                case ToMany(field=field, selection=inner, limit=limit):
                    text = self._to_many(fields[field], inner, alias, limit)
                case Connection(field=field):
                    text = self._connection(fields[field], item, alias)
            columns.append(f"{text} AS {q(item.key)}")
        return ", ".join(columns), "".join(joins)

    def alias(self) -> str:
        """A table alias that nothing else in the statement has."""
        self._nested += 1
        return f"n{self._nested}"

    def _to_one(self, field: Field, selection: Selection, alias: str, name: str) -> str:
        target = self.model.target(field)
        inner = self.alias()
        columns, joins = self.record(target, selection, inner)
        # LIMIT keeps it a lookup for each row of the page; as a plain join it invites a hash of the whole table.
        return (
            f" LEFT JOIN LATERAL (SELECT {inner}.id, {as_json(columns)} AS record"
            f" FROM {rows(self.model, target, inner)}{joins}"
            f" WHERE {inner}.id = {alias}.{q(join_column(field))}"
            f' AND {inner}."deletedAt" IS NULL LIMIT 1) {name} ON TRUE'
        )

    def _connection(self, field: Field, item: Connection, alias: str) -> str:
        from threescore.query.compile.page import connection

        inner = self.alias()
        parent = f"{inner}.{q(join_column(self.model.inverse(field)))} = {alias}.id"
        return connection(self, self.model.target(field), item.page, item.parts, inner, parent)

    def _to_many(self, field: Field, selection: Selection, alias: str, limit: int) -> str:
        target = self.model.target(field)
        inner = self.alias()
        columns, joins = self.record(target, selection, inner)
        return (
            f"(SELECT coalesce(json_agg(row_to_json(j)), '[]') FROM (SELECT {columns}"
            f" FROM {rows(self.model, target, inner)}{joins}"
            f" WHERE {inner}.{q(join_column(self.model.inverse(field)))} = {alias}.id"
            f' AND {inner}."deletedAt" IS NULL ORDER BY {inner}.id LIMIT {limit}) j)'
        )


def composite_json(field: Field, parts: tuple[Part | Constant, ...], alias: str) -> str:
    """Some sub-fields of a composite field as an object; null where the whole field is shown as null."""
    shown = []
    for part in parts:
        if isinstance(part, Constant):
            text = f"{quote_literal(part.text)}::text"
        else:
            leaf = field.leaf_by_sub_field[part.sub_field]
            if part.parts is None:
                text = leaf.type.json(leaf, f"{alias}.{q(leaf.column)}")
            else:
                text = parts_json(leaf, part.parts, alias)
        shown.append(f"{text} AS {q(part.key)}")
    whole = f"(SELECT v FROM (SELECT {', '.join(shown)}) v)"
    absent = field.kind.is_absent(field, {leaf.sub_field: f"{alias}.{q(leaf.column)}" for leaf in field.leaves})
    return whole if absent is None else f"CASE WHEN NOT ({absent}) THEN {whole} END"


def parts_json(leaf: Leaf, parts: tuple[Part | Constant, ...], alias: str) -> str:
    """Some keys of a JSON value, or of each of its items where it is a list. A key that is not there is null."""
    value = leaf.type.json(leaf, f"{alias}.{q(leaf.column)}")

    def shown(item: str) -> str:
        texts = (
            f"{quote_literal(part.text)}::text"
            if isinstance(part, Constant)
            else f"{item}->{quote_literal(part.sub_field)}"
            for part in parts
        )
        return as_json(", ".join(f"{text} AS {q(part.key)}" for text, part in zip(texts, parts, strict=True)))

    items = (
        f"(SELECT coalesce(json_agg({shown('e.item')} ORDER BY e.place), '[]')"
        f" FROM jsonb_array_elements({value}) WITH ORDINALITY AS e(item, place))"
    )
    return f"CASE jsonb_typeof({value}) WHEN 'array' THEN {items} WHEN 'object' THEN {shown(f'({value})')} END"


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


def own_items(object_type: ObjectType, *, live: bool = False) -> list[Item]:
    """The items for a record's own values, in the order of its fields."""
    items: list[Item] = []
    for field in object_type.fields:
        if field.is_many_to_one:
            items.append(JoinId(join_column(field), field.name, live))
        elif not field.is_one_to_many:
            items.append(Scalar(field.name, field.name))
    return items
