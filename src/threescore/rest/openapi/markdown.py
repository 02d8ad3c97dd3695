"""The documentation as Markdown, for people and agents."""

from collections.abc import Iterable
from uuid import UUID

from threescore.model.objects import Field, Model, ObjectType
from threescore.model.overrides import resolved
from threescore.records.object_rules import refused_verbs
from threescore.rest.openapi.examples import Examples, curl
from threescore.rest.openapi.graphql_examples import graphql_examples
from threescore.rest.openapi.guide import core_guide, metadata_guide, sample_object, table
from threescore.rest.openapi.reference import (
    metadata_fields,
    metadata_requests,
    named_for,
    record_fields,
    record_requests,
    requests_of,
)
from threescore.rest.openapi.schemas import object_description, required_inputs
from threescore.rest.openapi.shared import Site


def general_markdown(site: Site) -> str:
    """What everybody may read: where things are, and how to get at the rest."""
    return "\n\n".join(
        [
            "# Threescore",
            "> A CRM platform with an API made for the data model of each workspace. This page is the same for "
            "everybody; with the token of an API key, it describes the workspace: objects, fields, and requests that "
            "work as they stand.",
            core_guide(site),
            "## Documentation of a workspace",
            f'```sh\ncurl -sS {site.url}/rest/docs.md -H "Authorization: Bearer $KEY"\n```',
            f'```sh\ncurl -sS {site.url}/rest/open-api/core -H "Authorization: Bearer $KEY"\n```',
        ]
    ) + "\n"  # fmt: skip


def workspace_markdown(model: Model, site: Site, role_id: UUID | None = None) -> str:
    """The whole documentation of a workspace: how the API is used, and each of its objects.

    `role_id` is a role that the reader may give to a new API key, if any.
    """
    objects = sorted(model.objects, key=lambda o: o.name_plural)
    sample = sample_object(model.objects)
    metadata = metadata_guide(site).partition("## Lists")[2].partition("## Errors")[0].strip()
    parts = [
        "# Threescore",
        core_guide(site, model),
        "## The data model and the settings",
        metadata,
        *(_requests(model, sample, site, role_id) if sample else []),
        "## Objects",
        table(
            ("Object", "Path", "What it is"),
            [
                (
                    f"[{_label(o)}](#{o.name_plural.lower()})",
                    f"`/rest/{o.name_plural}`",
                    object_description(o),
                )
                for o in objects
            ],
        ),
    ]
    general = requests_of(model, sample, site) if sample else {}
    for object_type in objects:
        parts += _object(model, object_type, site)
        parts += _differences(model, object_type, sample or object_type, general, site)
    return "\n\n".join(parts) + "\n"


def _requests(model: Model, sample: ObjectType, site: Site, role_id: UUID | None) -> list[str]:
    """Everything that can be asked of the server."""
    return [
        "## All requests",
        f"About records; shown for `{sample.name_plural}`, and alike for every object under its plural name. What an "
        "object has besides, or has not, stands with it.",
        record_requests(model, sample, site),
        *metadata_requests(model, site, role_id),
        "## GraphQL",
        '`POST /graphql` with `{"query", "variables", "operationName"}` reads and writes records; relations can be '
        "selected one below another. Its subscription comes over WebSocket (`graphql-transport-ws`, the token as "
        "`Authorization` in the payload of `connection_init`) or, with `Accept: text/event-stream`, as server-sent "
        "events. A list is a connection: its records are the `node` of its `edges`. Filters and orders are objects, "
        "named as the fields are:",
        *(f"```sh\n{source}\n```" for source in graphql_examples(model, sample, site.url)),
        "An error comes with the status 200, as `errors` with a `message` and a code in `extensions`. Root fields, "
        "shown for one object:",
        record_fields(model, sample),
        "`POST /metadata` is about the data model, the settings and the people of the workspace:",
        metadata_fields(),
    ]


def _differences(
    model: Model, object_type: ObjectType, sample: ObjectType, general: Iterable[str], site: Site
) -> list[str]:
    """Which requests an object has besides those of the sample, which are `general`, and which it has not."""
    own, expected = requests_of(model, object_type, site), named_for(general, sample, object_type)
    parts = []
    if besides := [f"{request}: {about}" for request, about in own.items() if request not in expected]:
        parts.append("Besides: " + " ".join(besides))
    if missing := [request for request in expected if request not in own]:
        parts.append(f"Not for this object: {', '.join(missing)}.")
    return parts


def _object(model: Model, object_type: ObjectType, site: Site) -> list[str]:
    examples, plural = Examples(model, object_type), object_type.name_plural
    required = set(required_inputs(object_type))
    rows = [row for field in object_type.fields if (row := _row(model, field, required))]
    query = {"filter": examples.filter, "order_by": examples.order, "limit": "10"}
    url = f"{site.url}/rest"
    parts = [
        f"### {plural}",
        object_description(object_type),
        table(("Field", "Type", "Notes"), rows),
        f"```sh\n{curl(url, 'GET', f'/{plural}', query)}\n```",
    ]
    if "create" not in refused_verbs(object_type):
        parts.append(f"```sh\n{curl(url, 'POST', f'/{plural}', None, examples.record(1))}\n```")
    return parts


def _label(object_type: ObjectType) -> str:
    return str(resolved(object_type, "label_plural"))


def _row(model: Model, field: Field, required: set[str]) -> tuple[str, str, str] | None:
    """A field's line in the table of its object; None for one that nobody would ask for."""
    if not field.kind.writable:
        return None
    notes = [str(resolved(field, "description") or resolved(field, "label")).strip()]
    name, kind = f"`{field.name}`", f"`{field.type}`"
    if field.is_relation:
        if field.target_object_id not in model.by_id:
            return None
        kind = f"{'many' if field.is_one_to_many else 'one'} of `{model.target(field).name_plural}`"
        if field.join_column:
            name = f"`{field.join_column}`, `{field.name}`"
    elif field.kind.sub_fields:
        notes.append("Sub-fields: " + ", ".join(f"`{sub_field}`" for sub_field in field.kind.sub_fields))
    if field.option_values:
        notes.append("One of " + ", ".join(f"`{value}`" for value in field.option_values))
    if required & {leaf.name for leaf in field.leaves}:
        notes.append("Required")
    if field.is_unique:
        notes.append("Unique")
    return name, kind, ". ".join(note.rstrip(".") for note in notes) + "."
