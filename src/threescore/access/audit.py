"""The audit log of a workspace: who signed in, and who changed keys, roles, the data model and settings.

An entry is written in the transaction of the change that it tells of, so there is one exactly when there is the other.
Whatever changes a workspace's settings calls `audit`. Changes of records are not here: they are events.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest
from threescore.model.fields.temporal import parse_moment
from threescore.sql import quote_identifier

DEFAULT_PAGE, MAX_PAGE = 60, 200

Values = Mapping[str, Any]

_SECRETS = frozenset({"token", "secret", "password", "passwordHash"})
"""Properties that never reach the log."""

_UNREMARKABLE = frozenset({"createdAt", "updatedAt"})


class Author(Struct, frozen=True):
    """Where a change comes from: the actor as events keep it, the network address and the program of the caller.

    Without an actor it was the command line.
    """

    actor: bytes | None = None
    address: str | None = None
    user_agent: str | None = None


COMMAND_LINE = Author()


class Entry(Struct, frozen=True):
    """What happened to whom: `action` as `apiKey.created`, and the subject with its properties before and after."""

    action: str
    subject_id: UUID
    subject_name: str
    before: Values | None = None
    after: Values | None = None


def replaced(**properties: bool) -> tuple[dict[str, str], dict[str, str]]:
    """What the log says, before and after, of properties that it must not show: those that are other ones now."""
    names = [name for name, is_other in properties.items() if is_other]
    return dict.fromkeys(names, "old"), dict.fromkeys(names, "new")


async def audit(connection: Connection, schema: str, author: Author, entries: Sequence[Entry]) -> None:
    """Adds entries to the log of the workspace with that schema.

    Of properties before and after, those are kept that differ. Entries of changes that change nothing are left out.
    """
    rows = [row for entry in entries if (row := _row(entry)) is not None]
    if not rows:
        return
    await connection.execute(
        f'INSERT INTO {quote_identifier(schema)}."_audit"'
        ' ("actor", "action", "subject_id", "subject_name", "before", "after", "address", "user_agent")'
        " SELECT $1::json, r.action, r.subject_id, r.subject_name, r.before, r.after, $2, $3"
        " FROM json_to_recordset($4::json)"
        " AS r(action text, subject_id uuid, subject_name text, before json, after json)",
        author.actor,
        author.address,
        _storable(author.user_agent),
        msgspec.json.encode(rows),
    )


def _row(entry: Entry) -> Values | None:
    before, after = _shown(entry.before), _shown(entry.after)
    if before is not None and after is not None:
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        before = {name: before.get(name) for name in changed}
        after = {name: after.get(name) for name in changed}
        if not changed:
            return None
    return {
        "action": entry.action,
        "subject_id": entry.subject_id,
        "subject_name": entry.subject_name,
        "before": before,
        "after": after,
    }


def _shown(values: Values | None) -> dict[str, Any] | None:
    hidden = _SECRETS | _UNREMARKABLE
    return None if values is None else {name: value for name, value in values.items() if name not in hidden}


def _storable(text: str | None) -> str | None:
    return None if text is None else text.replace("\x00", "")[:500]


class Question(Struct, frozen=True):
    """Which entries are asked for.

    Those of an action (`apiKey.created`, or any with `apiKey.*`), of a subject, of the key or member that did it, and
    of a time.
    """

    action: str | None = None
    subject_id: UUID | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def read_question(given: Callable[[str], str | None]) -> Question:
    """The question that texts by name ask. Raises BadRequest."""
    return Question(
        given("action") or None,
        _id("subjectId", given("subjectId")),
        _id("actorId", given("actorId")),
        _time("since", given("since")),
        _time("until", given("until")),
    )


def _id(name: str, text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise BadRequest(f"{name} must be a UUID") from error


def _time(name: str, text: str | None) -> datetime | None:
    found = parse_moment(text) if text else None
    if text and found is None:
        raise BadRequest(f'{name} must be a date and time as in "2100-01-01T00:00:00.000Z"')
    return found


async def read_audit(
    database: Database, schema: str, question: Question, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Entries as the wire shows them, latest first, and whether there are more.

    `after` is the id of the last entry that is known already. Raises BadRequest for one that is none.
    """
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise BadRequest("The cursor of an audit log is the id of an entry")
    action = question.action
    conditions = [
        ("id < {}::bigint", None if after is None else int(after)),
        ("action = {}::text", None if action is None or action.endswith(".*") else action),
        ("starts_with(action, {}::text)", action[:-1] if action is not None and action.endswith(".*") else None),
        ("subject_id = {}::uuid", question.subject_id),
        (
            "(actor ->> 'apiKeyId' = {0}::text OR actor ->> 'workspaceMemberId' = {0}::text)",
            None if question.actor_id is None else str(question.actor_id),
        ),
        ("at >= {}::timestamptz", question.since),
        ("at < {}::timestamptz", question.until),
    ]
    given = [(text, value) for text, value in conditions if value is not None]
    where = " AND ".join(text.format(f"${place}") for place, (text, _) in enumerate(given, 2)) or "TRUE"
    rows = await database.fetch(
        f'SELECT * FROM {quote_identifier(schema)}."_audit" WHERE {where} ORDER BY id DESC LIMIT $1',
        limit + 1,
        *(value for _, value in given),
    )
    return [_entry(row) for row in rows[:limit]], len(rows) > limit


def _entry(row: Record) -> dict[str, Any]:
    moment = row["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": str(row["id"]),
        "at": moment,
        "action": row["action"],
        "actor": row["actor"] and msgspec.json.decode(row["actor"]),
        "subjectId": str(row["subject_id"]),
        "subjectName": row["subject_name"],
        "before": row["before"] and msgspec.json.decode(row["before"]),
        "after": row["after"] and msgspec.json.decode(row["after"]),
        "address": row["address"],
        "userAgent": row["user_agent"],
    }
