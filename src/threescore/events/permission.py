"""Who may see and change webhooks and their deliveries."""

from collections.abc import Iterable

from threescore.errors import Forbidden
from threescore.records.caller import Caller

FLAG = "API_KEYS_AND_WEBHOOKS"


def require_settings(caller: Caller) -> None:
    """Raises Forbidden unless the caller may manage webhooks."""
    caller.require(FLAG)


def require_sight(caller: Caller, operations: Iterable[str]) -> None:
    """Raises Forbidden where a webhook for these operations would be told more than the caller may read.

    What a webhook is sent is the whole record, so only those get one who may read all of its object.
    """
    whole, readable = caller.state.model, caller.model
    if readable is whole and caller.rights.rules is None:
        return
    ruled = frozenset() if caller.rights.rules is None else caller.rights.rules.filters.keys()
    for pattern in operations:
        name = pattern.rpartition(".")[0]
        for object_type in whole.objects if name in ("*", "") else (whole.by_singular.get(name),):
            if object_type is None:
                continue
            seen = readable.by_id.get(object_type.id)
            if seen is None or len(seen.fields) < len(object_type.fields) or object_type.name_singular in ruled:
                raise Forbidden(
                    f'A webhook for "{pattern}" would be sent what your role may not read of {object_type.name_plural}',
                    code="PERMISSION_DENIED",
                )
