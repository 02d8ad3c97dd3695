"""The history of a record: who changed which field from what to what, and when."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from threescore.catalog.state import Stale
from threescore.db.pool import Database
from threescore.errors import BadRequest, NotFound
from threescore.events.visible import rows_seen, visible
from threescore.model.fields.values import plain
from threescore.model.objects import ObjectType
from threescore.query.compile.scope import rows, table
from threescore.records.caller import Caller

MAX_ENTRIES = 200
"""How many entries one page may hold."""


class HistoryPage(Struct, frozen=True):
    """Entries as JSON, newest first, each with its id; `has_more` tells whether there are older ones."""

    entries: Sequence[bytes]
    ids: Sequence[int]
    has_more: bool

    @property
    def end_cursor(self) -> str | None:
        """Where to read on: the id of the last entry."""
        return str(self.ids[-1]) if self.ids else None


class Histories:
    """Reads the histories of records out of the event logs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, caller: Caller, object_type: ObjectType, record_id: str, limit: int, after: str | None = None
    ) -> HistoryPage:
        """The entries of a record's history, newest first, at most `limit`, older than the one with the id `after`.

        What is destroyed has a history, too. One statement. Raises NotFound for a record of which nothing is known,
        BadRequest for an `after` that no page ended with, Stale.
        """
        arguments: list[Any] = [object_type.id, record_id, _position(after), limit + 1]
        shown = visible(caller, arguments)
        entry = (
            "(SELECT row_to_json(j) FROM (SELECT e.id::text AS id, e.operation,"
            ' to_char(e.at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\') AS "eventDate", e.actor,'
            " (SELECT coalesce(json_agg((SELECT row_to_json(x) FROM (SELECT c.name AS field,"
            " (e.shown_before)->c.name AS before, (e.shown_after)->c.name AS after) x) ORDER BY c.place), '[]')"
            " FROM unnest(e.shown_changed) WITH ORDINALITY AS c(name, place)) AS changes,"
            " CASE WHEN e.operation <> 'updated' THEN coalesce(e.shown_after, e.shown_before) END AS record) j)"
        )
        found = (
            f"SELECT e.id, e.operation, e.at, e.actor, {shown.before} AS shown_before, {shown.after} AS shown_after,"
            f" {shown.changed} AS shown_changed FROM {table(caller.model, '_event')} e{shown.join}"
            " WHERE e.record_id = $2::uuid AND e.object_id = $1::uuid AND e.id < $3::bigint"
            f" AND ({shown.condition}) ORDER BY e.id DESC LIMIT $4::bigint"
        )
        with rows_seen(caller, arguments) as model:
            records = rows(model, model.by_id[object_type.id], "t")
        sql = (
            f"WITH found AS MATERIALIZED ({found})"
            " SELECT s.model, s.access, (SELECT array_agg(e.id ORDER BY e.id DESC) FROM found e) AS ids,"
            f" (SELECT array_agg({entry} ORDER BY e.id DESC) FROM found e) AS entries,"
            f" EXISTS (SELECT FROM {records} WHERE t.id = $2::uuid) AS there"
            f" FROM {table(caller.model, '_state')} s"
        )
        row = await self._database.fetchrow(sql, *arguments)
        if row is None or (row["model"], row["access"]) != (caller.model.version, caller.state.access_version):
            raise Stale
        ids, entries = row["ids"] or [], row["entries"] or []
        if not ids and after is None and not row["there"]:
            raise NotFound("Record not found")
        return HistoryPage(entries[:limit], ids[:limit], len(ids) > limit)


def _position(after: str | None) -> int:
    if after is None:
        return 2**63 - 1
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise BadRequest(f"Invalid cursor: '{plain(after)[:100]}'. Take the id of the last entry of a page")
    return int(after)
