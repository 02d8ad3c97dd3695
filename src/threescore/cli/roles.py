"""`threescore role`."""

import typer

from threescore.access.role_wire import role_values
from threescore.access.roles import Role, list_roles
from threescore.cli.output import JsonOption, fail, print_json, print_table
from threescore.cli.workplace import Workplace, WorkspaceOption, in_workspace

app = typer.Typer(help="Roles: what members and API keys may do.", no_args_is_help=True)


@app.command("list")
def list_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the roles of a workspace."""
    found = in_workspace(workspace, roles_of)
    if as_json:
        print_json([role_values(role) for role in found])
        return
    print_table(["Label", "Id", "For"], [[role.label, str(role.id), _words(role)] for role in found])


async def roles_of(workplace: Workplace) -> list[Role]:
    """The roles of the workspace."""
    async with workplace.database.acquire() as connection:
        return await list_roles(connection, workplace.workspace.id)


async def role_for_keys(workplace: Workplace, name: str) -> Role:
    """The role of that label or id, if keys can have it. Ends the program otherwise."""
    found = await roles_of(workplace)
    role = next((role for role in found if name in (role.label, str(role.id))), None)
    if role is None:
        known = ", ".join(role.label for role in found if role.can_be_assigned_to_api_keys)
        fail(f'There is no role "{name}". There are: {known}')
    if not role.can_be_assigned_to_api_keys:
        fail(f'Role "{role.label}" cannot be assigned to API keys')
    return role


def _words(role: Role) -> str:
    holders = {
        "members": role.can_be_assigned_to_users,
        "API keys": role.can_be_assigned_to_api_keys,
    }
    return ", ".join(name for name, may in holders.items() if may)
