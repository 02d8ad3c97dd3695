"""Example requests for the GraphQL API of records, about one object."""

from threescore.graphql.core.names import root_fields
from threescore.graphql.core.schema.type_names import type_names
from threescore.model.objects import Model, ObjectType
from threescore.records.object_rules import refused_verbs
from threescore.rest.openapi.examples import Examples, curl


def graphql_examples(model: Model, sample: ObjectType, url: str) -> list[str]:
    """Commands that read a page, and that create a record where the object allows it. `url` is that of the server."""
    roots, examples = root_fields(model), Examples(model, sample)
    found = {root.action: name for name, root in roots.query.items() if root.object_type is sample}
    made = {root.action: name for name, root in roots.mutation.items() if root.object_type is sample}
    path, condition = examples.condition
    page = (
        f"{{ {found['findMany']}(filter: {_nested(path, f'{{ {condition} }}')}, "
        f"orderBy: [{_nested(path, 'AscNullsLast')}], first: 10) "
        f"{{ edges {{ node {{ id {' { '.join(path)}{' }' * (len(path) - 1)} }} }} "
        "pageInfo { hasNextPage endCursor } totalCount } }"
    )
    commands = [curl(url, "POST", "/graphql", None, {"query": page})]
    if "create" not in refused_verbs(sample):
        kind = f"{type_names(model)[sample.name_singular]}CreateInput"
        create = f"mutation ($data: {kind}!) {{ {made['createOne']}(data: $data) {{ id }} }}"
        body = {"query": create, "variables": {"data": examples.record(5)}}
        commands.append(curl(url, "POST", "/graphql", None, body))
    return commands


def _nested(path: tuple[str, ...], value: str) -> str:
    for name in reversed(path):
        value = f"{{ {name}: {value} }}"
    return value
