"""What the database refuses, in our own words. Its messages never reach a caller."""

import re
from collections.abc import Sequence
from typing import cast

import asyncpg

from threescore.catalog.state import Stale
from threescore.errors import BadRequest, Conflict, DuplicateEntry, ThreescoreError, Unavailable
from threescore.model.fields.base import Row
from threescore.model.objects import ObjectType
from threescore.query.compile.write import HIDDEN_TARGET, OUTSIDE

_KEY_DETAIL = re.compile(r"Key \((?P<columns>.+?)\)=\((?P<values>.*)\) ", re.DOTALL)

STALE_ERRORS = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedObjectError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.DatatypeMismatchError,
    asyncpg.CheckViolationError,
)
"""What a statement made for another version of the model runs into. CHECKs only repeat what the model says."""

PASSING_ERRORS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)
"""What may not happen again when the statement is run once more."""


def explain(error: Exception, object_type: ObjectType, rows: Sequence[Row] = ()) -> Exception:
    """The error to raise instead of one of the database's. An unknown one is returned as it is: it is our fault.

    The index is that of the row at fault where the database says enough to tell.
    """
    if isinstance(error, STALE_ERRORS):
        return Stale()
    if isinstance(error, asyncpg.UniqueViolationError):
        return DuplicateEntry(object_type.name_singular, _columns(_KEY_DETAIL.match(error.detail or "")))
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return _dangling(error, object_type, rows)
    if isinstance(error, asyncpg.RaiseError):
        return _left_sight(error, object_type, rows)
    if isinstance(error, asyncpg.NotNullViolationError):
        column = error.column_name or "?"
        return BadRequest(f'Field "{column}" needs a value: it can neither be null nor empty.')
    if isinstance(error, asyncpg.ProgramLimitExceededError):
        return BadRequest("A value is too long to be indexed or searched; shorten it.")
    if isinstance(error, asyncpg.InvalidRegularExpressionError):
        return _bad_regex(error)
    if isinstance(error, asyncpg.DataError):
        return BadRequest("A value is out of the range that its field can hold.")
    if isinstance(error, asyncpg.QueryCanceledError):
        return Unavailable("The request took too long and was stopped; nothing was changed.")
    if isinstance(error, PASSING_ERRORS):
        return Conflict("Other requests were changing the same records; nothing was changed. Send it again.")
    return error


def _left_sight(error: asyncpg.PostgresError, object_type: ObjectType, rows: Sequence[Row]) -> Exception:
    """What `threescore.refuse` was called for."""
    if error.message == HIDDEN_TARGET:
        return _dangling(error, object_type, rows)
    if error.message == OUTSIDE:
        return BadRequest(
            f"The role may not leave a record of {object_type.name_singular} like this: it would be outside of the"
            " records that the role may see. Nothing was changed."
        )
    return cast(Exception, error)


def _bad_regex(error: asyncpg.PostgresError) -> BadRequest:
    what = "is too complex" if "too complex" in str(error) else "is not well-formed"
    refusal = BadRequest(f'The regular expression of a "regex" or "iregex" filter {what}')
    refusal.about = "filter"
    return refusal


def duplicate_place(error: Exception, rows: Sequence[Row]) -> int | None:
    """The place of the last row with the values that the database names as there already, as far as texts tell."""
    match = _KEY_DETAIL.match(getattr(error, "detail", None) or "")
    if match is None:
        return None
    columns = _columns(match)
    places = range(len(rows) - 1, -1, -1)
    return next((n for n in places if ", ".join(str(rows[n].get(c)) for c in columns) == match["values"]), None)


def _columns(match: re.Match[str] | None) -> tuple[str, ...]:
    return tuple(name.strip('"') for name in match["columns"].split(", ")) if match else ()


def _dangling(error: asyncpg.PostgresError, object_type: ObjectType, rows: Sequence[Row]) -> ThreescoreError:
    match = _KEY_DETAIL.match(error.detail or "")
    if match is None:
        return BadRequest("A relation points to a record that does not exist.")
    column, value = match["columns"].strip('"'), match["values"]
    if "still referenced" in (error.detail or ""):
        return Conflict("The record is still referred to by other records that do not allow it to go.")
    field = object_type.field_by_join_column.get(column)
    if field is None:
        return BadRequest("A relation points to a record that does not exist.")
    return BadRequest(
        f'"{column}" must be the id of an existing record, but there is none with the id {value}.',
        index=next((place for place, row in enumerate(rows) if row.get(column) == value), None),
    )
