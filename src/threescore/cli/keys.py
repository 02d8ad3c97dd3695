"""`threescore key`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from threescore.access.key_changes import MAX_OVERLAP_HOURS, KeyChanges
from threescore.access.key_wire import key_values
from threescore.access.keys import ApiKey, create_key, list_keys, revoke_key, signing_secret
from threescore.access.tokens import Tokens
from threescore.cli.operator import operator_of
from threescore.cli.output import JsonOption, moment, print_json, print_table, say
from threescore.cli.roles import role_for_keys, roles_of
from threescore.cli.workplace import Workplace, WorkspaceOption, in_workspace

LONGEST_LIFE = 36_500
"""The longest that a key may live, in days, and how long it lives when nothing else is said: a hundred years."""

app = typer.Typer(help="API keys: what programs authenticate with.", no_args_is_help=True)

_Key = Annotated[UUID, typer.Argument(metavar="KEY", help="The id of the key, as `threescore key list` shows it.")]


@app.command("create")
def create_command(
    name: Annotated[str, typer.Option(help="What to call the key, so that you know it when you revoke it.")],
    workspace: WorkspaceOption = None,
    expires_in: Annotated[
        int, typer.Option(help="For how many days it is good.", min=1, max=LONGEST_LIFE)
    ] = LONGEST_LIFE,
    role: Annotated[
        str | None, typer.Option(help="The role it has, by its label or id; the administrator's when not given.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create an API key and print its token: alone, and only this once. With --json, the key and its token."""

    async def create(workplace: Workplace) -> tuple[ApiKey, str]:
        role_id = None if role is None else (await role_for_keys(workplace, role)).id
        return await new_key(workplace, name, expires_in, role_id)

    key, token = in_workspace(workspace, create)
    if as_json:
        print_json({**key_values(key), "token": token})
    else:
        print(token)


@app.command("list")
def list_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the API keys of a workspace, revoked ones too; their tokens are not kept and cannot be shown."""

    async def load(workplace: Workplace) -> tuple[list[ApiKey], dict[UUID, str]]:
        labels = {role.id: role.label for role in await roles_of(workplace)}
        async with workplace.database.acquire() as connection:
            return await list_keys(connection, workplace.workspace.id), labels

    found, labels = in_workspace(workspace, load)
    if as_json:
        print_json([key_values(key) for key in found])
        return
    rows = [
        [
            key.name,
            str(key.id),
            labels[key.role_id] if key.role_id else "",
            moment(key.created_at),
            moment(key.expires_at),
            moment(key.revoked_at),
            moment(key.last_used_at),
        ]
        for key in found
    ]
    print_table(["Name", "Id", "Role", "Created", "Expires", "Revoked", "Last used"], rows)


@app.command("regenerate")
def regenerate_command(
    key: _Key,
    workspace: WorkspaceOption = None,
    overlap_hours: Annotated[
        int, typer.Option(help="For how many hours the latest token stays good.", min=0, max=MAX_OVERLAP_HOURS)
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Print a new token of an API key in place of all it has: alone, and only this once."""

    async def regenerate(workplace: Workplace) -> str:
        keys = KeyChanges(workplace.database, await _tokens(workplace))
        return await keys.regenerate(await operator_of(workplace), key, None, overlap_hours)

    token = in_workspace(workspace, regenerate)
    if as_json:
        print_json({"token": token})
    else:
        print(token)


@app.command("revoke")
def revoke_command(key: _Key, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Revoke an API key at once, on all running servers."""

    async def revoke(workplace: Workplace) -> ApiKey:
        async with workplace.database.transaction() as connection:
            return await revoke_key(connection, workplace.workspace.id, key)

    revoked = in_workspace(workspace, revoke)
    if as_json:
        print_json(key_values(revoked))
    say(f'The API key "{revoked.name}" is revoked.')


async def new_key(workplace: Workplace, name: str, days: int, role_id: UUID | None = None) -> tuple[ApiKey, str]:
    """A new API key that is good for so many days, and its token; the administrator's unless a role is named.

    Raises BadRequest for a name that cannot be.
    """
    expires_at = datetime.now(UTC) + timedelta(days=days)
    async with workplace.database.transaction() as connection:
        key = await create_key(connection, workplace.workspace.id, name, expires_at, role_id=role_id)
    return key, (await _tokens(workplace)).mint(key.workspace_id, key.id, key.expires_at)


async def _tokens(workplace: Workplace) -> Tokens:
    return Tokens(await signing_secret(workplace.database, workplace.settings.secret))
