"""Records that stand for members of the workspace, and what may be done with them over the doors for all records.

A member's record is made and deleted with the membership, not by itself, and keeps its user and address. The person
themselves and those who manage members may change the rest, the name among it, which the membership follows.
"""

from uuid import UUID

from threescore.access.announce import announce
from threescore.access.members import Member
from threescore.db.pool import Connection
from threescore.errors import BadRequest
from threescore.model.fields.base import Row
from threescore.model.objects import ObjectType
from threescore.records.caller import Caller

WORKSPACE_MEMBER = UUID("20202020-3319-4234-a34c-82d5c0e881a6")
_FIXED = ("userId", "userEmail", "deletedAt")
_NAMES = {"nameFirstName": "first_name", "nameLastName": "last_name"}


def is_stand_in(object_type: ObjectType) -> bool:
    """Whether the records of an object stand for members."""
    return object_type.universal_identifier == WORKSPACE_MEMBER


def stand_in_of(caller: Caller, object_type: ObjectType, record_id: str) -> Member | None:
    """The member for whom a record stands.

    True for as long as the caller's version of the access is the present one, which every write makes sure of.
    """
    if not is_stand_in(object_type):
        return None
    wanted = UUID(record_id)
    return next((item for item in caller.state.members.values() if item.workspace_member_id == wanted), None)


def check_member_change(caller: Caller, member: Member, row: Row) -> None:
    """Raises Forbidden or BadRequest unless the caller may change a member's record so."""
    if not (isinstance(caller.principal, Member) and caller.principal.id == member.id):
        caller.require("WORKSPACE_MEMBERS")
    for column in _FIXED:
        if column in row:
            raise BadRequest(f'"{column}" of a member cannot be changed')


def renames(row: Row) -> bool:
    """Whether a change of a member's record changes the name."""
    return any(column in row for column in _NAMES)


async def follow_name(connection: Connection, caller: Caller, member: Member, row: Row) -> None:
    """Gives the membership the name of its record; the user too, when the person changed it."""
    names = {name: row[column] or "" for column, name in _NAMES.items() if column in row}
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, 2))
    await connection.execute(
        f"UPDATE threescore.membership SET {assignments} WHERE id = $1", member.id, *names.values()
    )
    if isinstance(caller.principal, Member) and caller.principal.id == member.id:
        await connection.execute(
            f'UPDATE threescore."user" SET {assignments}, updated_at = now() WHERE id = $1',
            member.user_id,
            *names.values(),
        )
    await announce(connection, member.workspace_id)
