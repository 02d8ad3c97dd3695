"""Who may see and change webhooks and their deliveries."""

from collections.abc import Iterable
from uuid import UUID

from threescore.errors import Forbidden
from threescore.records.caller import Caller

FLAG = "API_KEYS_AND_WEBHOOKS"


def require_settings(caller: Caller) -> None:
    """Raises Forbidden unless the caller may manage webhooks."""
    caller.require(FLAG)


def require_sight(caller: Caller, operations: Iterable[str]) -> None:
    """Raises Forbidden where a webhook for these operations would be told more than the caller may read.

    What a webhook is sent is the whole record, so only those get one who may read all of its object. One that names no
    object may do so some day: it is for those who may read everything.
    """
    whole = caller.state.model
    for pattern in operations:
        name = pattern.rpartition(".")[0]
        if name.startswith("metadata."):
            continue
        named = whole.by_singular.get(name)
        for object_type in whole.objects if named is None else (named,):
            if not sees_whole(caller, object_type.id):
                raise Forbidden(
                    f'A webhook for "{pattern}" would be sent what your role may not read of {object_type.name_plural}',
                    code="PERMISSION_DENIED",
                )


def sees_whole(caller: Caller, object_id: UUID) -> bool:
    """Whether the caller may read every record of an object with every field. Of one that is gone, whoever may all."""
    whole, readable, rules = caller.state.model, caller.model, caller.rights.rules
    if readable is whole and rules is None:
        return True
    object_type, seen = whole.by_id.get(object_id), readable.by_id.get(object_id)
    if object_type is None or seen is None or len(seen.fields) < len(object_type.fields):
        return False
    return rules is None or object_type.name_singular not in rules.filters
