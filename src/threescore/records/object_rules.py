"""What single standard objects do not allow with their records, whoever asks: one table for all doors.

The rules speak of objects that the product itself keeps in order, such as the runs of workflows. What a role allows
is decided elsewhere.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from threescore.errors import BadRequest, Forbidden, PermissionDenied, ThreescoreError
from threescore.model.fields.base import Json
from threescore.model.objects import ObjectType

Verb = Literal[
    "create",
    "update",
    "updateMany",
    "delete",
    "deleteMany",
    "restore",
    "restoreMany",
    "destroy",
    "destroyMany",
]
"""What is done with records: `create` is one or many, upserts included; `delete` puts aside, `destroy` is for good."""

Refuse = Callable[[], ThreescoreError]


class ObjectRules(Struct, frozen=True):
    """The rules of one object."""

    refused: Mapping[Verb, Refuse] = MappingProxyType({})
    """The verbs that are refused, with how."""
    dropped: frozenset[str] = frozenset()
    """Fields that a new record is not given, although they are sent."""
    kept: frozenset[str] = frozenset()
    """Fields that a change may not write."""
    changeable: frozenset[str] | None = None
    """The only fields that a change may write; None for all."""


def _refuse(refuse: Refuse, *verbs: Verb) -> dict[Verb, Refuse]:
    return dict.fromkeys(verbs, refuse)


def _not_allowed() -> ThreescoreError:
    return Forbidden("Method not allowed.")


def _settings() -> ThreescoreError:
    return BadRequest("Please use Settings to remove a workspace member.", sub_code="BAD_REQUEST")


def _one_by_one() -> ThreescoreError:
    return BadRequest("Method not allowed.", sub_code="BAD_REQUEST")


RULES: Mapping[str, ObjectRules] = MappingProxyType(
    {
        "workspaceMember": ObjectRules(
            refused=_refuse(
                PermissionDenied, "create", "updateMany", "restore", "restoreMany", "destroy", "destroyMany"
            )
            | _refuse(_settings, "delete", "deleteMany")
        ),
        "workflow": ObjectRules(
            refused=_refuse(_not_allowed, "updateMany"),
            dropped=frozenset({"statuses"}),
            kept=frozenset({"statuses"}),
        ),
        "workflowVersion": ObjectRules(refused=_refuse(_not_allowed, "updateMany", "deleteMany")),
        "workflowRun": ObjectRules(
            refused=_refuse(_not_allowed, "create", "updateMany", "delete", "deleteMany"),
            changeable=frozenset({"name"}),
        ),
        "blocklist": ObjectRules(refused=_refuse(_one_by_one, "updateMany")),
    }
)
"""The rules by the object's singular name."""


def refused_verbs(object_type: ObjectType) -> frozenset[Verb]:
    """What cannot be done with the records of an object, whoever asks."""
    rules = RULES.get(object_type.name_singular)
    return frozenset() if rules is None else frozenset(rules.refused)


def check_verb(object_type: ObjectType, verb: Verb) -> None:
    """Raises what the object's rules say where they refuse the verb."""
    rules = RULES.get(object_type.name_singular)
    if rules is not None and verb in rules.refused:
        raise rules.refused[verb]()


def without_dropped(object_type: ObjectType, record: Json) -> Json:
    """A new record as it was sent, without what the object's rules drop."""
    rules = RULES.get(object_type.name_singular)
    if rules is None or not rules.dropped or not isinstance(record, dict):
        return record
    return {name: value for name, value in record.items() if name not in rules.dropped}


def check_change(object_type: ObjectType, record: Json) -> None:
    """Raises Forbidden for a change of fields that the object's rules do not let change."""
    rules = RULES.get(object_type.name_singular)
    if rules is None or not isinstance(record, dict):
        return
    for name in record:
        if name in rules.kept or (rules.changeable is not None and name not in {*rules.changeable, "id"}):
            raise Forbidden(f'The field "{name}" of a {object_type.label_singular.lower()} cannot be changed')
