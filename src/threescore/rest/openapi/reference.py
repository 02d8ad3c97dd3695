"""Every request and every GraphQL root field in tables: so that whoever reads the Markdown misses none.

They are made of the OpenAPI documents and the GraphQL schemas themselves.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
from graphql import GraphQLObjectType, is_required_argument

from threescore.graphql.core.names import root_fields
from threescore.graphql.core.schema.build import is_shown, root_description
from threescore.graphql.metadata.schema import metadata_schema
from threescore.model.fields.json_schema import Schema
from threescore.model.objects import Model, ObjectType
from threescore.rest.openapi.core import object_paths
from threescore.rest.openapi.events import (
    HISTORY_ENTRY,
    RECORD_EVENT,
    event_parameters,
    event_paths,
    history_answer,
)
from threescore.rest.openapi.guide import table
from threescore.rest.openapi.metadata import metadata_document
from threescore.rest.openapi.operations import HEADER_PARAMETERS
from threescore.rest.openapi.schemas import Names
from threescore.rest.openapi.shared import Document, Site, core_parameters


def record_requests(model: Model, sample: ObjectType, site: Site) -> str:
    """The requests about records, those about one object's shown for one of them."""
    names = Names(model.objects)
    paths = event_paths(names, site.url) | object_paths(model, sample, site)
    parameters = {**core_parameters(), **event_parameters(), **HEADER_PARAMETERS}
    return "\n\n".join(
        [
            _requests("/rest", paths, {names.shared("HistoryPage"): history_answer(names)}),
            "Query parameters, and headers, which begin with a capital:",
            table(("Parameter", "Of", "What it is"), _parameters(paths, parameters)),
            f"An event is `{_outline(RECORD_EVENT, {})}`, an entry of a history `{_outline(HISTORY_ENTRY, {})}`.",
        ]
    )


def requests_of(model: Model, object_type: ObjectType, site: Site) -> dict[str, str]:
    """The requests about one object, each with what it does."""
    return {
        named: operation["description"]
        for named, operation in _operations("/rest", object_paths(model, object_type, site))
    }


def named_for(requests: Iterable[str], sample: ObjectType, object_type: ObjectType) -> list[str]:
    """Requests about a sample as they would be about another object."""
    return [request.replace(sample.name_plural, object_type.name_plural) for request in requests]


def metadata_requests(model: Model, site: Site, role_id: UUID | None) -> list[str]:
    """The requests about the data model and the settings: for each kind of thing what it is, a table, and examples.

    `role_id` is a role that the reader may give to a new API key, if any.
    """
    document = metadata_document(model, site, role_id)
    del document["paths"]["/open-api/metadata"]
    parts = []
    for tag in document["tags"]:
        paths = {
            path: methods
            for path, methods in document["paths"].items()
            if any(tag["name"] in operation["tags"] for operation in methods.values())
        }
        if paths:
            about = f"{tag['description'].rstrip('.')}."
            parts += [about, _requests("/rest/metadata", paths, document["components"]["schemas"]), *_samples(paths)]
    return parts


def record_fields(model: Model, sample: ObjectType) -> str:
    """The root fields of `/graphql`, those about one object shown for one of them."""
    roots = root_fields(model)
    rows = [
        (f"`{kind} {name}`", root_description(root.action, root.object_type))
        for kind, fields in (
            ("query", roots.query),
            ("mutation", roots.mutation),
            ("subscription", roots.subscription),
        )
        for name, root in fields.items()
        if root.object_type is None or (root.object_type is sample and is_shown(root.action, sample))
    ]
    return table(("Root field", "What it does"), rows)


def metadata_fields() -> str:
    """The root fields of `/metadata`."""
    schema = metadata_schema()
    rows = [row for root in (schema.query_type, schema.mutation_type) if root for row in _root_rows(root)]
    return table(("Root field", "Takes", "Gives", "What it does"), rows)


def _root_rows(root: GraphQLObjectType) -> Iterable[tuple[str, str, str, str]]:
    for name, field in root.fields.items():
        takes = ", ".join(
            f"`{argument}: {taken.type if is_required_argument(taken) else str(taken.type).removesuffix('!')}`"
            for argument, taken in field.args.items()
        )
        yield f"`{root.name.lower()} {name}`", takes, f"`{field.type}`", field.description or ""


def _requests(root: str, paths: Mapping[str, Document], schemas: Mapping[str, Schema]) -> str:
    rows = [
        (named, operation["description"], _answer(operation, schemas)) for named, operation in _operations(root, paths)
    ]
    return table(("Request", "What it does", "Answer"), rows)


def _parameters(paths: Mapping[str, Document], components: Mapping[str, Document]) -> list[tuple[str, str, str]]:
    """The parameters that requests take: each with the ends of the paths that take it, and what it is."""
    users: dict[str, list[str]] = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            for reference in operation["parameters"]:
                users.setdefault(reference["$ref"].rpartition("/")[2], []).append(f"{method.upper()} {path}")
    return [
        (
            f"`{components[name]['name']}`",
            ", ".join(f"`{user}`" for user in users[name]),
            components[name]["description"],
        )
        for name in components
        if name in users and components[name]["in"] != "path"
    ]


def _operations(root: str, paths: Mapping[str, Document]) -> list[tuple[str, Document]]:
    return [
        (f"`{method.upper()} {root}{path}`", operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


def _samples(paths: Mapping[str, Document]) -> list[str]:
    """How things of a kind are made and changed; what needs an id that is not known here is left to the table."""
    return [
        f"```sh\n{sample['source']}\n```"
        for methods in paths.values()
        for method, operation in methods.items()
        for sample in operation.get("x-codeSamples", ())
        if method in ("post", "patch") and "$ID" not in sample["source"]
    ]


def _answer(operation: Document, schemas: Mapping[str, Schema]) -> str:
    """What an operation answers, in outline: the names down to the thing itself, which is `{…}`."""
    described = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    [(media_type, content)] = described["content"].items()
    return f"`{_outline(content['schema'], schemas)}`" if media_type == "application/json" else f"`{media_type}`"


def _outline(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    if "$ref" in schema:
        named = schemas.get(schema["$ref"].rpartition("/")[2], {})
        is_frame = named.get("type") == "array" or "data" in named.get("properties", ())
        return _outline(named, schemas) if is_frame else "{…}"
    if "const" in schema:
        return msgspec.json.encode(schema["const"]).decode()
    if schema.get("type") == "array":
        return f"[{_outline(schema['items'], schemas)}]"
    if "properties" in schema:
        return "{" + ",".join(f'"{name}":{_outline(v, schemas)}' for name, v in schema["properties"].items()) + "}"
    return '"…"' if schema.get("type") == "string" else "…"
