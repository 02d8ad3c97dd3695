"""`threescore workspace`."""

from typing import Annotated

import typer

from threescore.catalog.workspaces import create_workspace, list_workspaces, workspace_values
from threescore.cli.output import JsonOption, moment, print_json, print_table
from threescore.cli.workplace import in_database

app = typer.Typer(help="Workspaces: each has its own data model and its own records.", no_args_is_help=True)


@app.command("create")
def create_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; no two have the same.")],
    as_json: JsonOption = False,
) -> None:
    """Create a workspace with the standard data model, and print its id."""
    workspace = in_database(lambda database: create_workspace(database, name))
    if as_json:
        print_json(workspace_values(workspace))
    else:
        print(workspace.id)


@app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """List all workspaces."""
    found = in_database(list_workspaces)
    if as_json:
        print_json([workspace_values(item) for item in found])
        return
    print_table(["Name", "Id", "Created"], [[item.name, str(item.id), moment(item.created_at)] for item in found])
