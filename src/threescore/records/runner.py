"""Runs plans: compiled, tried again where they only collided with others, refused where what they rely on is old."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec

from threescore.access.permissions import permit
from threescore.catalog.state import Stale
from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, DuplicateEntry
from threescore.model.fields.base import Row
from threescore.model.objects import ObjectType
from threescore.query.compile import CACHE_LIMIT, CACHED_LENGTH, compile_plan, compile_seen
from threescore.query.plan import Holder, Plan
from threescore.records.caller import Caller
from threescore.records.failures import PASSING_ERRORS, explain

ATTEMPTS = 6
"""How often a statement is tried that collides with others, such as two upserts of the same new record."""

ARGUMENT_LIMIT = 32_767
"""How many values PostgreSQL's protocol takes with one statement."""

encode = msgspec.json.Encoder(decimal_format="number").encode
"""Rows as the JSON that a statement takes as one argument."""

Result = TypeVar("Result")


class Runner:
    """Runs plans for callers.

    Every method raises Stale where the model or the rights have changed meanwhile, and PermissionDenied for a plan
    that the caller's role does not allow.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    async def one(
        self,
        caller: Caller,
        plan: Plan,
        arguments: Sequence[Any],
        object_type: ObjectType,
        rows: Sequence[Row] = (),
    ) -> Record:
        """The row that a plan answers with. `rows` are what it writes, which is slot 3, to name the one at fault.

        Raises errors of ours for what the database refuses.
        """
        sql, arguments = _compiled(caller, plan, arguments)
        try:
            row = await _tried(lambda: self.database.fetchrow(sql, *arguments), object_type, rows)
        except BadRequest as error:
            if error.index is None and len(rows) > 1 and isinstance(error.__cause__, asyncpg.PostgresError):
                error.index = await self._first_refused(sql, arguments, rows, type(error.__cause__))
            if isinstance(error, DuplicateEntry) and rows:
                error.holder = await self._holder(caller, object_type, error.columns, rows[error.index or 0])
            raise
        return _fresh(row, caller)

    async def settled(self, caller: Caller, plan: Plan, arguments: Sequence[Any], object_type: ObjectType) -> Record:
        """The row that a plan answers with which leaves nothing to the actions of foreign keys.

        A record that came to refer to a destroyed one after the statement had begun would be changed by a foreign
        key, without an event. Under REPEATABLE READ that is an error of PostgreSQL's, and the statement begins again.
        """
        sql, arguments = _compiled(caller, plan, arguments)

        async def run() -> Record | None:
            async with (
                self.database.acquire() as connection,
                connection.transaction(isolation="repeatable_read"),
            ):
                row: Record | None = await connection.fetchrow(sql, *arguments)
                return row

        return _fresh(await _tried(run, object_type), caller)

    async def _first_refused(
        self, sql: str, arguments: Sequence[Any], rows: Sequence[Row], refusal: type[Exception]
    ) -> int:
        """The place of the first row whose company makes a statement fail in the same way; nothing is written."""
        fine, refused = 0, len(rows)
        while refused - fine > 1:
            middle = (fine + refused) // 2
            if await self._is_refused(sql, [*arguments[:3], encode(rows[:middle]), *arguments[4:]], refusal):
                refused = middle
            else:
                fine = middle
        return refused - 1

    async def _is_refused(self, sql: str, arguments: Sequence[Any], refusal: type[Exception]) -> bool:
        async with self.database.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.fetchrow(sql, *arguments)
            except asyncpg.PostgresError as error:
                return isinstance(error, refusal)
            finally:
                await transaction.rollback()
        return False

    async def _holder(self, caller: Caller, object_type: ObjectType, columns: Sequence[str], row: Row) -> str | None:
        """The id of the live record that has the same values as a row in these columns, which are not its own id.

        None where the caller does not see it.
        """
        if not columns or "id" in columns or any(column not in object_type.leaf_by_column for column in columns):
            return None
        values = encode({column: row.get(column) for column in columns})
        found = await self.one(caller, Holder(object_type.name_singular, tuple(columns)), [values], object_type)
        holder: str | None = found["id"]
        return holder

    async def all(self, caller: Caller, plan: Plan, arguments: Sequence[Any], object_type: ObjectType) -> list[Record]:
        """All rows that a plan answers with."""
        sql, arguments = _compiled(caller, plan, arguments)
        rows = await _tried(lambda: self.database.fetch(sql, *arguments), object_type)
        _fresh(rows[0] if rows else None, caller)
        return rows

    @staticmethod
    async def inside(connection: Connection, caller: Caller, plan: Plan, arguments: Sequence[Any]) -> Record:
        """The row that a plan answers with inside a transaction. Errors of the database come as they are."""
        sql, arguments = _compiled(caller, plan, arguments)
        return _fresh(await connection.fetchrow(sql, *arguments), caller)

    @staticmethod
    async def all_inside(connection: Connection, caller: Caller, plan: Plan, arguments: Sequence[Any]) -> list[Record]:
        """All rows that a plan answers with inside a transaction. Errors of the database come as they are."""
        sql, arguments = _compiled(caller, plan, arguments)
        rows: list[Record] = await connection.fetch(sql, *arguments)
        return rows


def write_arguments(caller: Caller) -> list[Any]:
    """The arguments that every write begins with, slots 0 to 2."""
    return [caller.model.version, caller.state.access_version, caller.actor]


def _compiled(caller: Caller, plan: Plan, arguments: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The SQL of a plan for a caller, with all its arguments. Raises PermissionDenied, BadRequest for too many."""
    rights = caller.rights
    if rights.is_unrestricted:
        sql = compile_plan(caller.state.model, plan)
    else:
        known = rights.statements.get((plan, len(arguments)))
        if known is None:
            known = _permitted(caller, plan, len(arguments))
        sql, extra = known
        if extra:
            arguments = [*arguments, *(caller.rule_arguments[place] for place in extra)]
    if len(arguments) > ARGUMENT_LIMIT:
        raise BadRequest(f"The request holds {len(arguments)} values; {ARGUMENT_LIMIT} is the most at once")
    return sql, arguments


def _permitted(caller: Caller, plan: Plan, own: int) -> tuple[str, tuple[int, ...]]:
    """The SQL of a plan that the caller's role allows, and which arguments of its rules follow the `own` ones."""
    rights = caller.rights
    permit(rights, plan)
    if rights.rules is None:
        made: tuple[str, tuple[int, ...]] = compile_plan(rights.whole, plan), ()
    else:
        made = compile_seen(rights.whole, plan, rights.rules, own)
    if len(made[0]) <= CACHED_LENGTH:
        if len(rights.statements) >= CACHE_LIMIT // 4:
            rights.statements.clear()
        rights.statements[plan, own] = made
    return made


async def _tried(run: Callable[[], Awaitable[Result]], object_type: ObjectType, rows: Sequence[Row] = ()) -> Result:
    for attempt in range(ATTEMPTS):
        try:
            return await run()
        except PASSING_ERRORS as error:
            if attempt == ATTEMPTS - 1:
                raise explain(error, object_type, rows) from error
            await asyncio.sleep(0.01 * 2**attempt)
        except asyncpg.PostgresError as error:
            raise explain(error, object_type, rows) from error
        except (asyncpg.InterfaceError, OverflowError) as error:
            # asyncpg itself refuses an argument that the column's type cannot hold.
            if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
                raise
            raise BadRequest("A value is out of the range that its field can hold.") from error
    raise AssertionError("unreachable")


def _fresh(row: Record | None, caller: Caller) -> Record:
    if row is None or row["model"] != caller.model.version or row["access"] != caller.state.access_version:
        raise Stale
    return row
