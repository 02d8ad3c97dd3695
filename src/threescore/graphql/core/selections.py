"""From what a document selects to what a plan shows."""

from collections.abc import Sequence
from typing import Any

from graphql import FieldNode

from threescore.errors import BadRequest
from threescore.graphql.core.checks import check_leaf, check_no_arguments, selection_sets, unknown_field
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.pages import DEFAULT_NESTED, PAGE_ARGUMENTS, bind_page
from threescore.graphql.core.schema.type_names import type_names
from threescore.graphql.core.values import arguments_of
from threescore.graphql.limits import Limits
from threescore.model.fields import FieldType
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.grouping import aggregates_of, refuse_hidden_aggregate
from threescore.query.plan import (
    Composite,
    Connection,
    ConnectionPart,
    Constant,
    Dimensions,
    EdgeCursor,
    Edges,
    GroupPart,
    Item,
    JoinId,
    Node,
    PageFact,
    PageInfo,
    Part,
    Scalar,
    Selection,
    ToOne,
    Total,
)

TYPENAME = "__typename"
_PAGE_FACTS = ("startCursor", "endCursor", "hasNextPage", "hasPreviousPage")


class Selections:
    """Reads the selections below one root field. Arguments of nested connections are appended to `arguments`."""

    def __init__(self, model: Model, collector: Collector, arguments: list[Any], limits: Limits) -> None:
        self._model = model
        self._names = type_names(model)
        self._collector = collector
        self._arguments = arguments
        self._limits = limits
        self._relations = 0
        self.has_connections = False
        """Whether some nested connection was selected."""

    def record(
        self, object_type: ObjectType, nodes: Sequence[FieldNode], *, depth: int = 0, rows: int = 1
    ) -> Selection:
        """What the nodes select of a record. `rows` is how many such records there may be."""
        type_name = self._names[object_type.name_singular]
        items: list[Item] = []
        for key, inner in self._collector.fields(selection_sets(nodes, type_name), type_name).items():
            items.append(self._item(object_type, key, inner, depth, rows))
        return Selection(tuple(items))

    def connection(
        self, object_type: ObjectType, nodes: Sequence[FieldNode], *, depth: int = 0, rows: int
    ) -> tuple[ConnectionPart, ...]:
        """What the nodes select of a connection of at most `rows` records."""
        if rows > self._limits.rows:
            raise BadRequest(
                "Query complexity is too high. Please, reduce the amount of relation fields requested."
                f" Nested pages could hold {rows} records. Maximum: {self._limits.rows}.",
                code="TOO_COMPLEX_QUERY",
            )
        type_name = f"{self._names[object_type.name_singular]}Connection"
        known = ("totalCount", "edges", "pageInfo")
        parts: list[ConnectionPart] = []
        for key, inner in self._collector.fields(selection_sets(nodes, type_name), type_name).items():
            part = self._part(object_type, type_name, key, inner, depth, rows)
            if part is None:
                refuse_hidden_aggregate(object_type, inner[0].name.value)
                raise unknown_field(inner[0], type_name, (*known, *aggregates_of(object_type)))
            parts.append(part)
        return tuple(parts)

    def group(self, object_type: ObjectType, nodes: Sequence[FieldNode], *, rows: int) -> tuple[GroupPart, ...]:
        """What the nodes select of a group."""
        type_name = f"{self._names[object_type.name_singular]}GroupByConnection"
        known = ("groupByDimensionValues", "totalCount", "edges", "pageInfo")
        parts: list[GroupPart] = []
        for key, inner in self._collector.fields(selection_sets(nodes, type_name), type_name).items():
            if inner[0].name.value == "groupByDimensionValues":
                check_leaf(inner, "JSON!")
                parts.append(Dimensions(key))
                continue
            part = self._part(object_type, type_name, key, inner, 0, rows)
            if part is None or isinstance(part, PageInfo):
                refuse_hidden_aggregate(object_type, inner[0].name.value)
                raise unknown_field(inner[0], type_name, (*known, *aggregates_of(object_type)))
            parts.append(part)
        return tuple(parts)

    def _part(
        self,
        object_type: ObjectType,
        type_name: str,
        key: str,
        nodes: Sequence[FieldNode],
        depth: int,
        rows: int,
    ) -> ConnectionPart | None:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Constant(key, type_name)
        if name == "edges":
            return self._edges(object_type, key, nodes, depth, rows)
        if name == "pageInfo":
            return self._page_info(key, nodes)
        aggregate = aggregates_of(object_type).get(name)
        if aggregate is None:
            return None
        check_leaf(nodes, "Float")
        return Total(key, aggregate)

    def _edges(self, object_type: ObjectType, key: str, nodes: Sequence[FieldNode], depth: int, rows: int) -> Edges:
        check_no_arguments(nodes)
        type_name = f"{self._names[object_type.name_singular]}Edge"
        items: list[Node | EdgeCursor | Constant] = []
        for inner_key, inner in self._collector.fields(selection_sets(nodes, type_name), type_name).items():
            name = inner[0].name.value
            if name == "node":
                check_no_arguments(inner)
                items.append(Node(inner_key, self.record(object_type, inner, depth=depth, rows=rows)))
            elif name == "cursor":
                check_leaf(inner, "Cursor!")
                items.append(EdgeCursor(inner_key))
            elif name == TYPENAME:
                items.append(Constant(inner_key, type_name))
            else:
                raise unknown_field(inner[0], type_name, ("node", "cursor"))
        return Edges(key, tuple(items))

    def _page_info(self, key: str, nodes: Sequence[FieldNode]) -> PageInfo:
        check_no_arguments(nodes)
        items: list[PageFact | Constant] = []
        for inner_key, inner in self._collector.fields(selection_sets(nodes, "PageInfo"), "PageInfo").items():
            name = inner[0].name.value
            if name == TYPENAME:
                items.append(Constant(inner_key, "PageInfo"))
            elif name in _PAGE_FACTS:
                check_leaf(inner, "Boolean!")
                items.append(PageFact(inner_key, name))
            else:
                raise unknown_field(inner[0], "PageInfo", _PAGE_FACTS)
        return PageInfo(key, tuple(items))

    def _item(self, object_type: ObjectType, key: str, nodes: Sequence[FieldNode], depth: int, rows: int) -> Item:
        node = nodes[0]
        name = node.name.value
        if name == TYPENAME:
            return Constant(key, self._names[object_type.name_singular])
        field = object_type.field_called.get(name)
        if field is None:
            joined = object_type.join_called.get(name)
            if joined is None:
                object_type.refuse_hidden(name)
                names = (*object_type.field_by_name, *object_type.field_by_join_column)
                raise unknown_field(node, self._names[object_type.name_singular], names)
            check_leaf(nodes, "ID")
            return JoinId(key, joined.name, live=True)
        if field.is_relation:
            return self._relation(field, key, nodes, depth, rows)
        if field.is_composite:
            return self._composite(field, key, nodes)
        return Scalar(key, name, self._parts(field.kind, nodes))

    def _relation(self, field: Field, key: str, nodes: Sequence[FieldNode], depth: int, rows: int) -> Item:
        if depth >= self._limits.depth:
            raise BadRequest(f"Maximum depth of {self._limits.depth} reached", code="MAX_DEPTH_REACHED")
        self._relations += 1
        if self._relations > self._limits.relations:
            raise BadRequest(
                "Query complexity is too high. Please, reduce the amount of relation fields requested."
                f" Query complexity: {self._relations}. Maximum complexity: {self._limits.relations}.",
                code="TOO_COMPLEX_QUERY",
            )
        target = self._model.target(field)
        if field.is_many_to_one:
            check_no_arguments(nodes)
            return ToOne(key, field.name, self.record(target, nodes, depth=depth + 1, rows=rows))
        self.has_connections = True
        given = arguments_of(nodes[0], self._collector.variables, PAGE_ARGUMENTS)
        page, length = bind_page(
            self._model, target, given, self._arguments, default=DEFAULT_NESTED, maximum=self._limits.first
        )
        return Connection(
            key, field.name, page, self.connection(target, nodes, depth=depth + 1, rows=rows * max(length, 1))
        )

    def _composite(self, field: Field, key: str, nodes: Sequence[FieldNode]) -> Composite:
        check_no_arguments(nodes)
        type_name = field.kind.type_name
        parts: list[Part | Constant] = []
        for inner_key, inner in self._collector.fields(selection_sets(nodes, type_name), type_name).items():
            name = inner[0].name.value
            if name == TYPENAME:
                parts.append(Constant(inner_key, type_name))
                continue
            leaf = field.leaf_by_sub_field.get(name)
            if leaf is None:
                raise unknown_field(inner[0], type_name, tuple(field.kind.sub_fields))
            parts.append(Part(inner_key, name, self._parts(leaf.type, inner)))
        return Composite(key, field.name, tuple(parts))

    def _parts(self, kind: FieldType, nodes: Sequence[FieldNode]) -> tuple[Part | Constant, ...] | None:
        """What is selected of a value that is JSON; None for all of it, which clients may ask for too."""
        if not kind.json_keys:
            check_leaf(nodes, kind.name)
            return None
        check_no_arguments(nodes)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if not sets:
            return None
        type_name = kind.graphql.output.strip("[!]")
        parts: list[Part | Constant] = []
        for key, inner in self._collector.fields(sets, type_name).items():
            name = inner[0].name.value
            if name == TYPENAME:
                parts.append(Constant(key, type_name))
            elif name in kind.json_keys:
                check_leaf(inner, "String")
                parts.append(Part(key, name))
            else:
                raise unknown_field(inner[0], type_name, kind.json_keys)
        return tuple(parts)
