"""Answers questions about the schema itself: `__schema` and `__type`.

A selection is planned first, from the types of introspection alone, so that all that is wrong with it is found. Then
the plan is run over the schema. Most of the schema is the same few types again and again, so what a plan makes of a
type is kept while it runs: a full introspection takes a fraction of what a general executor needs for it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from types import SimpleNamespace
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    OperationDefinitionNode,
    OperationType,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    Undefined,
    get_named_type,
    print_ast,
)
from graphql.pyutils import did_you_mean, suggestion_list

from threescore.errors import BadRequest
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.schema.build import build_schema
from threescore.graphql.core.values import ABSENT, value_of
from threescore.graphql.errors import InvalidSelection
from threescore.model.objects import Model

MAX_FIELDS = 2000
"""How many fields a question may have, fragments spread out."""

MAX_DEPTH = 40
"""How deep a question may be nested: types within types, and fragments that lead back to themselves."""

MAX_BYTES = 50_000_000
"""How much JSON may be made on the way to one answer. All that there is to ask of a schema takes a fifth of it."""

CACHED_BYTES = 8_000_000
"""How much of answers is kept for each version of a model."""

_ROOT_TYPES = {OperationType.QUERY: "Query", OperationType.MUTATION: "Mutation"}
_ROOTS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
_TYPENAME = "__typename"
_HOLES = ("name", "description")

encode = msgspec.json.Encoder().encode


def introspect(
    model: Model,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    keys: Iterable[str],
    variables: Mapping[str, Any],
) -> dict[str, msgspec.Raw]:
    """The JSON of the operation's root fields that stand under the response keys, each `__schema` or `__type`.

    Answers are kept with the model, so that the same question costs nothing the next time.
    Raises GraphQLError for what cannot be asked, BadRequest where the answer would be too large.
    """
    wanted = frozenset(keys)
    cache: _Answers = model.__dict__.setdefault("introspection", _Answers())
    question = _digest(operation, wanted, variables)
    known = cache.get(question)
    if known is None:
        known = _answer(model, operation, fragments, wanted, variables)
        cache.put(question, known)
    return known


class _Answers:
    """The latest answers, by the digest of the question. Threads share them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[bytes, dict[str, msgspec.Raw]] = OrderedDict()
        self._size = 0

    def get(self, question: bytes) -> dict[str, msgspec.Raw] | None:
        with self._lock:
            known = self._known.get(question)
            if known is not None:
                self._known.move_to_end(question)
            return known

    def put(self, question: bytes, answer: dict[str, msgspec.Raw]) -> None:
        with self._lock:
            if question in self._known:
                return
            self._known[question] = answer
            self._size += _size(answer)
            while self._size > CACHED_BYTES:
                self._size -= _size(self._known.popitem(last=False)[1])


def _size(answer: Mapping[str, msgspec.Raw]) -> int:
    return sum(len(bytes(value)) for value in answer.values())


def _digest(operation: OperationDefinitionNode, keys: Iterable[str], variables: Mapping[str, Any]) -> bytes:
    # With a place the text says all, fragments too; the place itself tells the document's operations apart.
    place = operation.loc
    text = f"{place.start} {place.source.body}" if place else print_ast(operation)
    return sha256(encode((sorted(keys), text, variables))).digest()


def _answer(
    model: Model,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    keys: frozenset[str],
    variables: Mapping[str, Any],
) -> dict[str, msgspec.Raw]:
    collector = Collector(fragments, variables, MAX_FIELDS)
    root_type = _ROOT_TYPES.get(operation.operation, "Subscription")
    fields = collector.fields([operation.selection_set], root_type)
    planner = _Planner(collector)
    plans = {key: planner.root(root_type, key, nodes) for key, nodes in fields.items() if key in keys}
    schema = build_schema(model)
    run = _Run(schema)
    return {key: msgspec.Raw(run.root(plan)) for key, plan in plans.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One field to answer: `below` is what is selected of it, None for a plain value."""

    key: str
    field: GraphQLField
    arguments: dict[str, Any]
    below: "_Plan | None"
    hole: str
    """`name` or `description` where that is asked for, else the empty text."""

    @property
    def likeness(self) -> Any:
        """The same for steps that answer the same."""
        return id(self.field), tuple(self.arguments.items()), id(self.below)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What is selected of an object of introspection.

    The members are keys as JSON writes them, colon included, with what to answer: None for the name of its type.
    """

    type_name: bytes
    members: tuple[tuple[bytes, _Step | None], ...]


class _Planner:
    """Turns selections into plans. Raises InvalidSelection, naming the place."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._plans: dict[Any, _Plan] = {}

    def root(self, root_type: str, key: str, nodes: Sequence[FieldNode]) -> _Step:
        name = nodes[0].name.value
        field = _ROOTS.get(name) if root_type == "Query" else None
        if field is None:
            raise InvalidSelection(f'Cannot query field "{name}" on type "{root_type}".', nodes[0])
        return self._step(key, field, nodes, 0)

    def _step(self, key: str, field: GraphQLField, nodes: Sequence[FieldNode], depth: int) -> _Step:
        node = nodes[0]
        if depth > MAX_DEPTH:
            raise InvalidSelection(f"Introspection may be nested {MAX_DEPTH} levels deep at most.", node)
        arguments = self._arguments(field, node)
        type_ = get_named_type(field.type)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if not isinstance(type_, GraphQLObjectType):
            if sets:
                raise InvalidSelection(
                    f'Field "{node.name.value}" must not have a selection since type "{field.type}" has no subfields.',
                    node,
                )
            name = node.name.value
            return _Step(key, field, arguments, None, name if name in _HOLES else "")
        if len(sets) < len(nodes):
            raise InvalidSelection(
                f'Field "{node.name.value}" of type "{field.type}" must have a selection of subfields.'
                f' Did you mean "{node.name.value} {{ ... }}"?',
                node,
            )
        return _Step(key, field, arguments, self._plan(type_, sets, depth), "")

    def _plan(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode], depth: int) -> _Plan:
        members: list[tuple[bytes, _Step | None]] = []
        for key, nodes in self._collector.fields(sets, type_.name).items():
            name, start = nodes[0].name.value, f'"{key}":'.encode()
            if name == _TYPENAME:
                members.append((start, None))
                continue
            field = type_.fields.get(name)
            if field is None:
                hint = did_you_mean(suggestion_list(name, list(type_.fields))[:3]).replace("'", '"')
                raise InvalidSelection(f'Cannot query field "{name}" on type "{type_.name}".{hint}', nodes[0])
            members.append((start, self._step(key, field, nodes, depth + 1)))
        # What is selected alike in several places is one plan, so that it is run once.
        alike = type_.name, tuple((start, step and step.likeness) for start, step in members)
        plan = self._plans.get(alike)
        if plan is None:
            plan = self._plans[alike] = _Plan(f'"{type_.name}"'.encode(), tuple(members))
        return plan

    def _arguments(self, field: GraphQLField, node: FieldNode) -> dict[str, Any]:
        name = node.name.value
        found: dict[str, Any] = {}
        for argument in node.arguments or ():
            key = argument.name.value
            if key not in field.args:
                raise InvalidSelection(f'Unknown argument "{key}" on field "{name}".', argument)
            value = value_of(argument.value, self._collector.variables)
            if value is ABSENT or value is None:
                continue
            expected = str if key == "name" else bool
            if not isinstance(value, expected):
                raise InvalidSelection(
                    f'Argument "{key}" of field "{name}" must be a {"string" if expected is str else "boolean"}.',
                    argument,
                )
            found[key] = value
        if "name" in field.args and "name" not in found:
            raise InvalidSelection(
                f'Field "{name}" argument "name" of type "String!" is required, but it was not provided.', node
            )
        return found


class _Run:
    """Runs plans over one schema, right into JSON.

    What a plan makes of a type is made once. Most fields and arguments of types are alike but for their names and
    descriptions, so what they have in common is made once too, as a frame with holes for the rest.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._info = SimpleNamespace(schema=schema)
        self._made: dict[tuple[int, int], tuple[bytes, int]] = {}
        self._frames: dict[tuple[int, int], _Frame] = {}
        self._kept = 0
        # Without a bound, a short question could ask for all fields of the types of all fields of all types.
        self._most = 200 * sum(len(getattr(type_, "fields", ())) for type_ in schema.type_map.values())

    def root(self, step: _Step) -> bytes:
        assert step.below is not None
        name = step.arguments.get("name")
        value = self._schema if name is None else self._schema.get_type(name)
        return b"null" if value is None else self._object(step.below, value)[0]

    def _object(self, plan: _Plan, value: Any) -> tuple[bytes, int]:
        """The JSON of an object, and how many values are in it."""
        if isinstance(value, tuple):
            name, definition = value
            alike = id(plan), _likeness(definition)
            frame = self._frames.get(alike)
            if frame is None:
                frame = self._frames[alike] = self._frame(plan, value)
            return frame.filled(name, definition), frame.size
        identity = id(plan), id(value)
        made = self._made.get(identity)
        if made is None:
            frame = self._frame(plan, value)
            made = self._made[identity] = frame.parts[0], frame.size
        return made

    def _frame(self, plan: _Plan, value: Any) -> "_Frame":
        """The JSON of an object, with holes where it comes with a name."""
        parts: list[bytes] = []
        holes: list[str] = []
        text = bytearray(b"{")
        size = 1
        for key, step in plan.members:
            text += key
            if step is None:
                text += plan.type_name
            elif step.hole and isinstance(value, tuple):
                parts.append(bytes(text))
                holes.append(step.hole)
                text.clear()
                size += 1
            else:
                resolve = step.field.resolve
                assert resolve is not None
                inner, count = self._complete(step, step.field.type, resolve(value, self._info, **step.arguments))
                text += inner
                size += count
            text += b","
        text[-1:] = b"}"
        parts.append(bytes(text))
        self._kept += sum(map(len, parts))
        if size > self._most or self._kept > MAX_BYTES:
            raise BadRequest(
                "The answer about the schema would be too large: ask for less at a time.", code="TOO_COMPLEX_QUERY"
            )
        return _Frame(parts, tuple(holes), size)

    def _complete(self, step: _Step, type_: GraphQLType, value: Any) -> tuple[bytes, int]:
        if value is None:
            return b"null", 1
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        if isinstance(type_, GraphQLList):
            if step.below is not None:
                completed = [self._object(step.below, item) for item in value]
            else:
                completed = [self._complete(step, type_.of_type, item) for item in value]
            return b"[" + b",".join([item for item, _ in completed]) + b"]", 1 + sum([count for _, count in completed])
        if step.below is not None:
            return self._object(step.below, value)
        return encode(type_.serialize(value) if isinstance(type_, GraphQLEnumType) else value), 1


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """The JSON of an object of `size` values, cut where its holes are: one part more than holes."""

    parts: list[bytes]
    holes: tuple[str, ...]
    size: int

    def filled(self, name: str, definition: Any) -> bytes:
        """The JSON with the holes filled for a definition of that name."""
        if self.holes == _HOLES:
            start, middle, end = self.parts
            description = definition.description
            about = b"null" if description is None else encode(description)
            return b'%b"%b"%b%b%b' % (start, name.encode(), middle, about, end)
        text = self.parts[0]
        for hole, part in zip(self.holes, self.parts[1:], strict=True):
            text += (b'"%b"' % name.encode() if hole == "name" else encode(definition.description)) + part
        return text


def _likeness(definition: Any) -> int:
    """The same for definitions that differ only in their names and descriptions."""
    if definition.deprecation_reason is not None:
        return id(definition)
    if isinstance(definition, GraphQLEnumValue):
        return id(GraphQLEnumValue)
    if isinstance(definition, GraphQLField):
        return id(definition) if definition.args else id(definition.type)
    has_default = definition.default is not None or definition.default_value is not Undefined
    return id(definition) if has_default else id(definition.type)
