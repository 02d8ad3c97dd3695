"""Users: people as they sign in. In a workspace a user is a member."""

from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
from email_validator import EmailNotValidError, validate_email
from msgspec import Struct

from threescore.db.pool import Connection, Database, Record
from threescore.errors import BadRequest, Conflict

MAX_NAME_LENGTH = 200


class User(Struct, frozen=True, kw_only=True):
    """A person who can sign in. `generation` is that of the tokens that are good: it moves on with the password."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    locale: str
    password_hash: str | None
    is_email_verified: bool
    is_server_admin: bool
    generation: int
    created_at: datetime
    updated_at: datetime


_COLUMNS = (
    "id, email, first_name, last_name, locale, password_hash, is_email_verified, is_server_admin, generation,"
    " created_at, updated_at"
)
_SELECT = f'SELECT {_COLUMNS} FROM threescore."user"'


def read_email(text: str) -> str:
    """An e-mail address in the one form in which it is kept. Raises BadRequest."""
    try:
        address = validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise BadRequest(f'"{text.strip()[:100]}" is no e-mail address', code="INVALID_INPUT") from error
    return address.lower()


async def find_user(database: Database | Connection, email: str) -> User | None:
    """The user with that address, as `read_email` gives it."""
    return _user(await database.fetchrow(f"{_SELECT} WHERE email = $1", email))


async def get_user(database: Database | Connection, user_id: UUID) -> User | None:
    """The user with that id."""
    return _user(await database.fetchrow(f"{_SELECT} WHERE id = $1", user_id))


async def create_user(
    connection: Connection,
    email: str,
    password_hash: str,
    *,
    locale: str = "en",
    is_email_verified: bool = False,
    is_server_admin: bool = False,
) -> User:
    """A new user. Raises Conflict when somebody else was quicker with the same address."""
    try:
        row = await connection.fetchrow(
            'INSERT INTO threescore."user" (id, email, password_hash, locale, is_email_verified, is_server_admin)'
            f" VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_COLUMNS}",
            uuid4(),
            email,
            password_hash,
            locale,
            is_email_verified,
            is_server_admin,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("The same address is signing up at this moment; try again") from error
    user = _user(row)
    assert user is not None
    return user


def _user(row: Record | None) -> User | None:
    return None if row is None else User(**dict(row))
