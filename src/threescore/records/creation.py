"""What one request creates: the records that it asks for, and those that are nested in them."""

from collections.abc import Sequence

import asyncpg
from msgspec import Struct

from threescore.errors import BadRequest, DuplicateEntry
from threescore.model.fields.base import Json
from threescore.model.objects import ObjectType
from threescore.records.caller import Caller
from threescore.records.connect import resolve_connects
from threescore.records.failures import duplicate_place, explain
from threescore.records.input import Input, reader
from threescore.records.object_rules import check_verb, without_dropped
from threescore.records.runner import Runner

NESTING_LIMIT = 5
"""How deep records may be nested that are created together."""


class CreationStep(Struct):
    """Records of one object to create. `places` are those of the asked for records that they belong to."""

    object_type: ObjectType
    places: list[int]
    given: Input

    def explain(self, error: asyncpg.PostgresError) -> Exception:
        """The error to raise instead of the database's."""
        explained = explain(error, self.object_type, self.given.rows)
        if isinstance(explained, DuplicateEntry):
            explained.index = duplicate_place(error, self.given.rows)
        if isinstance(explained, BadRequest) and explained.index is not None:
            explained.index = self.places[explained.index]
        return explained


async def creation_steps(
    runner: Runner,
    caller: Caller,
    object_type: ObjectType,
    records: Sequence[Json],
    limit: int,
    *,
    upsert: bool = False,
) -> list[CreationStep]:
    """What to create, in order: records that others relate to come first, the asked for ones last.

    `limit` is how many records may be nested in all. With `upsert`, the asked for ones are left as they were sent, as
    they may turn out to be there already. Raises BadRequest with the index of the record at fault.
    """
    asked = CreationStep(object_type, list(range(len(records))), Input([], (), [], []))
    steps = [asked]
    waiting = [(asked, list(records))]
    nested = 0
    for _ in range(NESTING_LIMIT + 1):
        below: dict[str, tuple[CreationStep, list[Json]]] = {}
        for step, given in waiting:
            await _read_step(runner, caller, step, given, complete=not upsert or step is not asked)
            for create in step.given.creates:
                empty = CreationStep(create.target, [], Input([], (), [], []))
                child, inside = below.setdefault(create.target.name_singular, (empty, []))
                child.places.append(step.places[create.place])
                inside.append(create.record)
                nested += 1
        if nested > limit:
            raise BadRequest(f"Maximum number of nested records to create is {limit}.")
        if not below:
            return steps[::-1]
        waiting = list(below.values())
        steps += [step for step, _ in waiting]
    raise BadRequest(f"Nested relation create depth cannot exceed {NESTING_LIMIT}", code="INVALID_ARGS_DATA")


async def read_records(runner: Runner, caller: Caller, object_type: ObjectType, records: Sequence[Json]) -> Input:
    """Checks records, and finds those that they ask to be connected to. Raises BadRequest."""
    given = reader(caller, object_type).read(records)
    if given.connects:
        await resolve_connects(runner, caller, given)
    return given


async def _read_step(
    runner: Runner, caller: Caller, step: CreationStep, records: Sequence[Json], *, complete: bool
) -> None:
    check_verb(step.object_type, "create")
    try:
        new = [without_dropped(step.object_type, record) for record in records]
        step.given = await read_records(runner, caller, step.object_type, new)
        if complete:
            reader(caller, step.object_type).complete(step.given, caller)
    except BadRequest as error:
        if error.index is not None:
            error.index = step.places[error.index]
        raise
