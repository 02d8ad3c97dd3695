"""`threescore object`."""

from typing import Annotated, Any

import typer

from threescore.catalog.changes import ModelChanges
from threescore.catalog.load import load_model
from threescore.cli.inputs import YesOption, change_of, confirm
from threescore.cli.output import JsonOption, print_json, print_table, say
from threescore.cli.workplace import Workplace, WorkspaceOption, in_workspace
from threescore.errors import NotFound
from threescore.model.naming import name_from_label, plural_name_from_label
from threescore.model.objects import Model, ObjectType
from threescore.model.overrides import resolved
from threescore.rest.metadata_shapes import object_shape

app = typer.Typer(help="Objects of the data model: companies, people, your own.", no_args_is_help=True)

ObjectArgument = Annotated[
    str, typer.Argument(metavar="OBJECT", help="The object, by its name (singular or plural) or id.")
]
_Description = Annotated[str | None, typer.Option(help="What it is.")]
_Icon = Annotated[str | None, typer.Option(help="Its icon, as IconTool.")]


@app.command("create")
def create_command(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What people call one of them, as Machine.")],
    label_plural: Annotated[str, typer.Argument(metavar="LABEL_PLURAL", help="What people call several, as Machines.")],
    name: Annotated[str | None, typer.Option(help="Its name in the APIs; made of LABEL when not given.")] = None,
    name_plural: Annotated[
        str | None, typer.Option(help="Its plural name in the APIs; made of LABEL_PLURAL when not given.")
    ] = None,
    description: _Description = None,
    icon: _Icon = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an object, served by all running servers at once, and print its id."""

    async def create(workplace: Workplace) -> tuple[Model, ObjectType]:
        singular = name or name_from_label(label)
        body = {
            "labelSingular": label,
            "labelPlural": label_plural,
            "nameSingular": singular,
            "namePlural": name_plural or plural_name_from_label(label_plural, singular),
            "description": description,
            "icon": icon,
        }
        return await ModelChanges(workplace.database).create_object(workplace.workspace.id, body)

    model, created = in_workspace(workspace, create)
    if as_json:
        print_json(object_shape(model, created))
    else:
        print(created.id)
    say(f"Records of it are at /rest/{created.name_plural}.")


@app.command("list")
def list_command(
    system: Annotated[bool, typer.Option("--system", help="Those of the system, too.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the objects of a workspace, those out of use too."""
    model = in_workspace(workspace, model_of)
    found = sorted(
        (item for item in model.objects if system or not item.is_system), key=lambda item: item.name_singular
    )
    if as_json:
        print_json([object_shape(model, item) for item in found])
        return
    rows = [
        [
            item.name_singular,
            item.name_plural,
            resolved(item, "label_singular"),
            "system" if item.is_system else "custom" if item.is_custom else "standard",
            "yes" if item.is_active else "no",
            str(len(item.fields)),
            str(item.id),
        ]
        for item in found
    ]
    print_table(["Name", "Plural", "Label", "Kind", "Active", "Fields", "Id"], rows)


@app.command("update")
def update_command(
    object: ObjectArgument,
    label: Annotated[str | None, typer.Option(help="What people call one of them.")] = None,
    label_plural: Annotated[str | None, typer.Option(help="What people call several.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name in the APIs.")] = None,
    name_plural: Annotated[str | None, typer.Option(help="Its plural name in the APIs.")] = None,
    description: _Description = None,
    icon: _Icon = None,
    searchable: Annotated[bool | None, typer.Option(help="Whether the search finds its records.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given of an object. A new name is a new address of its records."""
    values = {
        "labelSingular": label,
        "labelPlural": label_plural,
        "nameSingular": name,
        "namePlural": name_plural,
        "description": description,
        "icon": icon,
        "isSearchable": searchable,
    }
    _change(object, change_of(values), workspace, as_json, "is changed")


@app.command("activate")
def activate_command(object: ObjectArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Take an object into use again."""
    _change(object, {"isActive": True}, workspace, as_json, "is in use again")


@app.command("deactivate")
def deactivate_command(object: ObjectArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Take an object out of use. Its records are kept."""
    _change(object, {"isActive": False}, workspace, as_json, "is out of use; its records are kept")


@app.command("delete")
def delete_command(
    object: ObjectArgument, yes: YesOption = False, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Delete an object with all its records, and the relations of others to it."""
    confirm(f'Delete the object "{object}" with all its records?', yes)

    async def delete(workplace: Workplace) -> tuple[Model, ObjectType]:
        found = find_object(await model_of(workplace), object)
        return await ModelChanges(workplace.database).delete_object(workplace.workspace.id, found.id)

    model, deleted = in_workspace(workspace, delete)
    if as_json:
        print_json(object_shape(model, deleted, with_fields=False))
    say(f'The object "{deleted.name_singular}" is deleted.')


async def model_of(workplace: Workplace) -> Model:
    """The data model of the workspace as it is now."""
    async with workplace.database.acquire() as connection:
        return await load_model(connection, workplace.workspace.id)


def find_object(model: Model, name: str) -> ObjectType:
    """The object of that name, singular or plural, or id. Raises NotFound."""
    found = model.by_singular.get(name) or model.by_plural.get(name)
    found = found or next((item for item in model.objects if str(item.id) == name.lower()), None)
    if found is None:
        raise NotFound(f'There is no object "{name}"')
    return found


def _change(object: str, body: dict[str, Any], workspace: str | None, as_json: bool, what: str) -> None:
    async def change(workplace: Workplace) -> tuple[Model, ObjectType]:
        found = find_object(await model_of(workplace), object)
        return await ModelChanges(workplace.database).update_object(workplace.workspace.id, found.id, body)

    model, changed = in_workspace(workspace, change)
    if as_json:
        print_json(object_shape(model, changed))
    say(f'The object "{changed.name_singular}" {what}.')
