"""Carries a change of a workspace's data model out, as one transaction."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import asyncpg

from threescore.access.audit import COMMAND_LINE, Author, audit
from threescore.catalog import store
from threescore.catalog.changes.audited import entries
from threescore.catalog.changes.draft import Draft
from threescore.catalog.changes.plan import Plan, Step, plan_change
from threescore.catalog.load import load_model
from threescore.db.pool import Connection, Database
from threescore.errors import BadRequest, NotFound, Unavailable
from threescore.model.objects import Model
from threescore.sql import quote_identifier

QUEUE_TIMEOUT = "60s"
"""How long a change waits for its turn behind other changes of the same workspace. Nobody else waits behind it."""

LOCK_TIMEOUT = "500ms"
"""How long a change waits for a table. Everybody who wants the table after it waits too, so it is short."""

VACUUM_TIMEOUT = "5s"
"""How long a change waits for an autovacuum of a table to give way, which PostgreSQL has it do for whoever has waited
for `deadlock_timeout`, usually a second. Readers and writers of the table do not wait behind it."""

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)
"""Seconds between the attempts of a change that did not get a table."""

T = TypeVar("T")

_REFUSED_BY_RECORDS = (
    asyncpg.UniqueViolationError,
    asyncpg.NotNullViolationError,
    asyncpg.CheckViolationError,
    asyncpg.NumericValueOutOfRangeError,
)


async def carry_out(
    database: Database, workspace_id: UUID, change: Callable[[Draft], T], author: Author = COMMAND_LINE
) -> tuple[Model, T]:
    """Lets `change` work on a draft of the present model, then makes catalog and tables follow.

    Gives the new model, and what `change` returned. The audit log names the `author`. Nothing is left behind when
    anything is refused or fails.
    Raises what `change` raises, ValidationReport when records stand against it, NotFound for an unknown workspace,
    and Unavailable when the tables stay locked by others for half a minute.
    """
    for pause in (*PAUSES, None):
        try:
            return await _attempt(database, workspace_id, change, author)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            if pause is None:
                raise Unavailable("The tables are in use: the data model could not be changed now") from error
        await asyncio.sleep(pause * random.uniform(0.75, 1.25))
    raise AssertionError("unreachable")


async def _attempt(
    database: Database, workspace_id: UUID, change: Callable[[Draft], T], author: Author
) -> tuple[Model, T]:
    async with database.transaction() as connection:
        await connection.execute(f"SET LOCAL lock_timeout = '{QUEUE_TIMEOUT}'")
        # NO KEY: rows that refer to the workspace, such as new API keys, need not wait.
        found = await connection.fetchval(
            "SELECT true FROM threescore.workspace WHERE id = $1 FOR NO KEY UPDATE", workspace_id
        )
        if not found:
            raise NotFound(f"Workspace {workspace_id} not found")
        model = await load_model(connection, workspace_id)
        draft = Draft(model, _now())
        result = change(draft)
        next_model = draft.model()
        plan = plan_change(model, next_model)
        if not plan:
            return model, result
        await connection.execute(f"SET LOCAL search_path = {quote_identifier(model.schema)}")
        if plan.tables:
            await _end_vacuums(connection, plan.tables)
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        for step in plan.steps:
            await _run(connection, step)
        await _write_rows(connection, workspace_id, plan)
        await _put_in_force(connection, next_model)
        await audit(connection, model.schema, author, list(entries(model, next_model, plan)))
        return next_model, result


async def _end_vacuums(connection: Connection, tables: Sequence[str]) -> None:
    """Keeps vacuums off these tables: one at work would outlast the lock timeout of what follows, again and again."""
    names = ", ".join(quote_identifier(table) for table in tables)
    await connection.execute(
        f"SET LOCAL lock_timeout = '{VACUUM_TIMEOUT}'; LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE"
    )


async def _run(connection: Connection, step: Step) -> None:
    try:
        if not step.is_probe:
            await connection.execute(step.sql)
            return
        found = await connection.fetch(step.sql)
    except asyncpg.TooManyColumnsError as error:
        # Dropped columns count until the table is written anew, so this can come before there are as many fields.
        raise BadRequest("The table of the object has no room for more columns", code="INVALID_OBJECT_INPUT") from error
    except asyncpg.ProgramLimitExceededError as error:
        if step.too_long is None:
            raise
        raise step.too_long from error
    except _REFUSED_BY_RECORDS as error:
        if step.refusal is None:
            raise
        raise step.refusal from error
    if found and step.refusal is not None:
        raise step.refusal


async def _write_rows(connection: Connection, workspace_id: UUID, plan: Plan) -> None:
    if plan.indexes.deleted:
        await store.delete_indexes(connection, workspace_id, plan.indexes.deleted)
    if plan.fields.deleted:
        await store.delete_fields(connection, workspace_id, plan.fields.deleted)
    if plan.objects.deleted:
        await store.delete_objects(connection, workspace_id, plan.objects.deleted)
    await store.update_objects(connection, workspace_id, plan.objects.updated)
    await store.insert_objects(connection, workspace_id, plan.objects.inserted)
    await store.update_fields(connection, workspace_id, plan.fields.updated)
    await store.insert_fields(connection, workspace_id, plan.fields.inserted)
    await store.update_indexes(connection, workspace_id, plan.indexes.updated)
    await store.insert_indexes(connection, workspace_id, plan.indexes.inserted)


async def _put_in_force(connection: Connection, model: Model) -> None:
    await connection.execute(
        "UPDATE threescore.workspace SET version = $2 WHERE id = $1", model.workspace_id, model.version
    )
    await connection.execute('UPDATE "_state" SET "model" = $1', model.version)


def _now() -> datetime:
    """The present time in whole milliseconds, which is what the wire shows."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
