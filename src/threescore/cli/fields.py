"""`threescore field`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from threescore.catalog.changes import ModelChanges
from threescore.catalog.changes.relations import DEFAULT_ICON, MORPH_RELATION, RELATION
from threescore.cli.inputs import Given, YesOption, body_of, change_of, confirm, one_of, read_json, read_json_or_text
from threescore.cli.objects import ObjectArgument, find_object, model_of
from threescore.cli.output import JsonOption, print_json, print_table, say
from threescore.cli.workplace import Workplace, WorkspaceOption, in_workspace
from threescore.errors import NotFound
from threescore.model.fields import TYPES
from threescore.model.naming import name_from_label, option_value_from_label
from threescore.model.objects import MANY_TO_ONE, ONE_TO_MANY, Field, Model, ObjectType
from threescore.model.overrides import resolved
from threescore.rest.metadata_shapes import field_shape

app = typer.Typer(help="Fields of objects, and relations between them.", no_args_is_help=True)

Body = dict[str, Any]

_CREATABLE = sorted(name for name, kind in TYPES.items() if kind.creatable)
_RELATION_TYPES = (MANY_TO_ONE, ONE_TO_MANY)


def read_options(text: str) -> Given:
    """The options of a field: as JSON, or only their labels with commas between, which no label can hold."""
    if text.lstrip().startswith("["):
        return read_json(text)
    labels = [label.strip() for label in text.split(",")]
    return Given(
        [
            {"label": label, "value": option_value_from_label(label), "position": place}
            for place, label in enumerate(labels)
        ]
    )


_FieldArgument = Annotated[str, typer.Argument(metavar="FIELD", help="The field, by its name or id.")]
_Description = Annotated[str | None, typer.Option(help="What it is.")]
_Icon = Annotated[str | None, typer.Option(help="Its icon, as IconTool.")]
_Options = Annotated[
    Given | None,
    typer.Option(
        parser=read_options,
        metavar="LABELS|JSON",
        help='Of a SELECT or MULTI_SELECT: labels as "Lathe,Saw", or JSON as the APIs read it.',
    ),
]
_Settings = Annotated[
    Given | None,
    typer.Option(parser=read_json, metavar="JSON", help='Settings of the type, as {"decimals": 2} of a NUMBER.'),
]
_Default = Annotated[
    Given | None,
    typer.Option(
        parser=read_json_or_text,
        metavar="VALUE",
        help="The value of new records, as the APIs read it: 5, true, now; texts in single quotes: \"'LATHE'\".",
    ),
]
_Unique = Annotated[bool | None, typer.Option(help="Whether no two records have the same value.")]
_Nullable = Annotated[bool | None, typer.Option(help="Whether it may be empty.")]
_Searchable = Annotated[bool | None, typer.Option(help="Whether the search looks at it.")]


@app.command("create")
def create_command(
    object: ObjectArgument,
    label: Annotated[str, typer.Option(help="What people call it.")],
    kind: Annotated[
        str,
        typer.Option(
            "--type",
            parser=one_of(_CREATABLE),
            metavar="TYPE",
            help=f"Its type: {', '.join(_CREATABLE)}.",
        ),
    ] = "TEXT",
    name: Annotated[str | None, typer.Option(help="Its name in the APIs; made of the label when not given.")] = None,
    description: _Description = None,
    icon: _Icon = None,
    options: _Options = None,
    settings: _Settings = None,
    default: _Default = None,
    unique: _Unique = None,
    nullable: _Nullable = None,
    searchable: _Searchable = None,
    to: Annotated[
        list[str] | None,
        typer.Option(help="The object that a RELATION leads to; several times for a MORPH_RELATION."),
    ] = None,
    relation_type: Annotated[
        str,
        typer.Option(
            parser=one_of(_RELATION_TYPES),
            metavar="|".join(_RELATION_TYPES),
            help="Whether a RELATION leads to one record or to many.",
        ),
    ] = MANY_TO_ONE,
    inverse_label: Annotated[
        str | None,
        typer.Option(help="What the other side of a RELATION is called; as OBJECT when not given."),
    ] = None,
    inverse_icon: Annotated[str, typer.Option(help="The icon of the other side.")] = DEFAULT_ICON,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a field, served by all running servers at once, and print its id."""
    targets = to or []
    _check_targets(kind, targets)
    values = _values(label, name, description, icon, options, settings, default, unique, nullable, searchable)

    async def create(workplace: Workplace) -> tuple[Model, Field]:
        model = await model_of(workplace)
        owner = find_object(model, object)
        body = {
            "name": name or name_from_label(label),
            **body_of(values),
            "type": kind,
            "objectMetadataId": str(owner.id),
        }
        many = "label_plural" if relation_type == MANY_TO_ONE else "label_singular"
        payloads = [
            {
                "targetObjectMetadataId": str(find_object(model, target).id),
                "targetFieldLabel": inverse_label or resolved(owner, many),
                "targetFieldIcon": inverse_icon,
                "type": relation_type,
            }
            for target in targets
        ]
        if kind == MORPH_RELATION:
            body["morphRelationsCreationPayload"] = payloads
        elif kind == RELATION:
            [body["relationCreationPayload"]] = payloads
        return await ModelChanges(workplace.database).create_field(workplace.workspace.id, body)

    model, created = in_workspace(workspace, create)
    if as_json:
        print_json(field_shape(model, created))
    else:
        print(created.id)
    say(f'The field "{created.name}" of {model.owner(created).name_plural} can be used now.')


@app.command("list")
def list_command(
    object: ObjectArgument,
    system: Annotated[bool, typer.Option("--system", help="Those of the system, too.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the fields of an object, those out of use too."""

    async def load(workplace: Workplace) -> tuple[Model, ObjectType]:
        model = await model_of(workplace)
        return model, find_object(model, object)

    model, owner = in_workspace(workspace, load)
    found = sorted((field for field in owner.fields if system or not field.is_system), key=lambda field: field.name)
    if as_json:
        print_json([field_shape(model, field) for field in found])
        return
    rows = [
        [
            field.name,
            resolved(field, "label"),
            field.type,
            _remarks(model, field),
            str(field.id),
        ]
        for field in found
    ]
    print_table(["Name", "Label", "Type", "Remarks", "Id"], rows)


@app.command("update")
def update_command(
    object: ObjectArgument,
    field: _FieldArgument,
    label: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name in the APIs.")] = None,
    description: _Description = None,
    icon: _Icon = None,
    options: _Options = None,
    settings: _Settings = None,
    default: _Default = None,
    unique: _Unique = None,
    nullable: _Nullable = None,
    searchable: _Searchable = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given of a field. Options that are not among the new ones are taken away."""
    values = _values(label, name, description, icon, options, settings, default, unique, nullable, searchable)
    _change(object, field, change_of(values), workspace, as_json, "is changed")


@app.command("activate")
def activate_command(
    object: ObjectArgument, field: _FieldArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Take a field into use again."""
    _change(object, field, {"isActive": True}, workspace, as_json, "is in use again")


@app.command("deactivate")
def deactivate_command(
    object: ObjectArgument, field: _FieldArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """Take a field out of use. Its values are kept."""
    _change(object, field, {"isActive": False}, workspace, as_json, "is out of use; its values are kept")


@app.command("delete")
def delete_command(
    object: ObjectArgument,
    field: _FieldArgument,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a field with all its values, a relation with its other side."""
    confirm(f'Delete the field "{field}" of "{object}" with all its values?', yes)

    async def delete(workplace: Workplace) -> tuple[Model, Field]:
        found = find_field(find_object(await model_of(workplace), object), field)
        return await ModelChanges(workplace.database).delete_field(workplace.workspace.id, found.id)

    model, deleted = in_workspace(workspace, delete)
    if as_json:
        print_json(field_shape(model, deleted))
    say(f'The field "{deleted.name}" is deleted.')


def find_field(owner: ObjectType, name: str) -> Field:
    """The field of that name or id. Raises NotFound."""
    found = owner.field_by_name.get(name)
    found = found or next((field for field in owner.fields if str(field.id) == name.lower()), None)
    if found is None:
        raise NotFound(f'The object "{owner.name_singular}" has no field "{name}"')
    return found


def _change(object: str, field: str, body: Body, workspace: str | None, as_json: bool, what: str) -> None:
    async def change(workplace: Workplace) -> tuple[Model, Field]:
        found = find_field(find_object(await model_of(workplace), object), field)
        return await ModelChanges(workplace.database).update_field(workplace.workspace.id, found.id, body)

    model, changed = in_workspace(workspace, change)
    if as_json:
        print_json(field_shape(model, changed))
    say(f'The field "{changed.name}" {what}.')


def _values(
    label: str | None,
    name: str | None,
    description: str | None,
    icon: str | None,
    options: Given | None,
    settings: Given | None,
    default: Given | None,
    unique: bool | None,
    nullable: bool | None,
    searchable: bool | None,
) -> Body:
    """What may be given of a field, in the names of the wire."""
    return {
        "label": label,
        "name": name,
        "description": description,
        "icon": icon,
        "options": options,
        "settings": settings,
        "defaultValue": default,
        "isUnique": unique,
        "isNullable": nullable,
        "isSearchable": searchable,
    }


def _check_targets(kind: str, targets: Sequence[str]) -> None:
    """Ends the command with code 2 where a relation has no target, or what is none has one."""
    if kind in (RELATION, MORPH_RELATION) and not targets:
        raise typer.BadParameter(f"a {kind} needs an object to lead to", param_hint="--to")
    if kind == RELATION and len(targets) > 1:
        raise typer.BadParameter(
            f"a {RELATION} leads to one object; several take a {MORPH_RELATION}", param_hint="--to"
        )
    if kind not in (RELATION, MORPH_RELATION) and targets:
        raise typer.BadParameter(f"a {kind} leads to no object", param_hint="--to")


def _remarks(model: Model, field: Field) -> str:
    relation = f"{field.relation_type} {model.target(field).name_singular}" if field.is_relation else ""
    said = {
        relation: field.is_relation,
        "unique": field.is_unique,
        "required": not field.is_nullable,
        "searchable": field.is_searchable,
        "standard": not field.is_custom,
        "system": field.is_system,
        "inactive": not field.is_active,
    }
    return ", ".join(word for word, holds in said.items() if holds)
