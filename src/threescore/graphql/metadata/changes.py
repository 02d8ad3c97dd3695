"""Changes the data model. The rules are those of the one service behind all doors; here is only what it is told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from threescore.graphql.metadata.context import Info
from threescore.graphql.metadata.nodes import FieldNode, IndexNode, ObjectNode

Input = Mapping[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


def _done(info: Info, change: Callable[Concatenate[UUID, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs) -> T:
    """What comes of a change in the caller's workspace."""
    context = info.context

    async def work() -> T:
        return await change(context.model.workspace_id, *arguments, **named)

    return context.wait(work())


def _create_object(_root: None, info: Info, *, input: Input) -> ObjectNode:
    return ObjectNode(*_done(info, info.context.services.changes.create_object, input["object"]))


def _update_object(_root: None, info: Info, *, input: Input) -> ObjectNode:
    return ObjectNode(*_done(info, info.context.services.changes.update_object, UUID(input["id"]), input["update"]))


def _update_objects(_root: None, info: Info, *, inputs: Sequence[Input]) -> list[ObjectNode]:
    updates = [(UUID(input["id"]), input["update"]) for input in inputs]
    model, items = _done(info, info.context.services.changes.update_objects, updates)
    return [ObjectNode(model, item) for item in items]


def _delete_object(_root: None, info: Info, *, input: Input) -> ObjectNode:
    return ObjectNode(*_done(info, info.context.services.changes.delete_object, UUID(input["id"])))


def _create_field(_root: None, info: Info, *, input: Input) -> FieldNode:
    return FieldNode(*_done(info, info.context.services.changes.create_field, input["field"]))


def _update_field(_root: None, info: Info, *, input: Input) -> FieldNode:
    return FieldNode(*_done(info, info.context.services.changes.update_field, UUID(input["id"]), input["update"]))


def _delete_field(_root: None, info: Info, *, input: Input) -> FieldNode:
    return FieldNode(*_done(info, info.context.services.changes.delete_field, UUID(input["id"])))


def _create_index(_root: None, info: Info, *, input: Input) -> IndexNode:
    return IndexNode(*_done(info, info.context.services.changes.create_index, input["index"]))


def _delete_index(_root: None, info: Info, *, input: Input) -> IndexNode:
    return IndexNode(*_done(info, info.context.services.changes.delete_index, UUID(input["id"])))


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Mutation": {
        "createOneObject": _create_object,
        "updateOneObject": _update_object,
        "updateManyObjects": _update_objects,
        "deleteOneObject": _delete_object,
        "createOneField": _create_field,
        "updateOneField": _update_field,
        "deleteOneField": _delete_field,
        "createOneIndex": _create_index,
        "deleteOneIndex": _delete_index,
    },
}
