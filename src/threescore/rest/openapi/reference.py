"""Every request and every GraphQL root field in tables: so that whoever reads the Markdown misses none.

They are made of the OpenAPI documents and the GraphQL schemas themselves.
"""

from collections.abc import Iterable, Mapping

from graphql import GraphQLObjectType

from threescore.graphql.core.names import root_fields
from threescore.graphql.core.schema.build import is_shown, root_description
from threescore.graphql.metadata.schema import metadata_schema
from threescore.model.objects import Model, ObjectType
from threescore.rest.openapi.core import object_paths
from threescore.rest.openapi.events import event_paths
from threescore.rest.openapi.guide import table
from threescore.rest.openapi.metadata import metadata_document
from threescore.rest.openapi.schemas import Names
from threescore.rest.openapi.shared import Document, Site


def record_requests(model: Model, sample: ObjectType, site: Site) -> str:
    """The requests about records, those about one object's shown for one of them."""
    paths = event_paths(Names(model.objects), site.url) | object_paths(model, sample, site)
    return table(("Request", "What it does"), _rows("/rest", paths))


def requests_of(model: Model, object_type: ObjectType, site: Site) -> dict[str, str]:
    """The requests about one object, each with what it does."""
    return dict(_rows("/rest", object_paths(model, object_type, site)))


def named_for(requests: Iterable[str], sample: ObjectType, object_type: ObjectType) -> list[str]:
    """Requests about a sample as they would be about another object."""
    return [request.replace(sample.name_plural, object_type.name_plural) for request in requests]


def metadata_requests(model: Model, site: Site) -> list[str]:
    """The requests about the data model and the settings: for each kind of thing what it is, and a table."""
    document = metadata_document(model, site)
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
            parts += [about, table(("Request", "What it does"), _rows("/rest/metadata", paths))]
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
    return table(("Root field", "What it does"), rows)


def _root_rows(root: GraphQLObjectType) -> Iterable[tuple[str, str]]:
    kind = root.name.lower()
    return [(f"`{kind} {name}`", field.description or f"Gives `{field.type}`.") for name, field in root.fields.items()]


def _rows(root: str, paths: Mapping[str, Document]) -> list[tuple[str, str]]:
    return [
        (f"`{method.upper()} {root}{path}`", operation["description"])
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
