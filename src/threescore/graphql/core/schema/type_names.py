"""The names of the types of a model's objects."""

from collections.abc import Mapping

from threescore.graphql.core.names import pascal_case
from threescore.graphql.core.schema.composites import RESERVED
from threescore.model.objects import Model

SUFFIXES = (
    "",
    "Connection",
    "Edge",
    "GroupByConnection",
    "CreateInput",
    "UpdateInput",
    "FilterInput",
    "OrderByInput",
    "GroupByInput",
    "OrderByWithGroupByInput",
    "OrderByWithGroupByAggregateInput",
    "RelationInput",
    "ConnectInput",
    "WhereUniqueInput",
)
"""What the names of an object's types end with."""


def type_names(model: Model) -> Mapping[str, str]:
    """The name of the type of each object's records, by the object's singular name: `Person` for `person`.

    Where that name, or one that begins with it, means something else already (an object `actor` or `date`; an object
    `personConnection` beside `person`), `Object` is put behind it. Older objects keep theirs.
    """
    known: dict[str, str] | None = model.__dict__.get("graphql_type_names")
    if known is None:
        known = model.__dict__["graphql_type_names"] = _type_names(model)
    return known


def _type_names(model: Model) -> dict[str, str]:
    used = set(RESERVED)
    names: dict[str, str] = {}
    for object_type in model.objects:
        name = pascal_case(object_type.name_singular)
        while any(name + suffix in used for suffix in SUFFIXES):
            name += "Object"
        used.update(name + suffix for suffix in SUFFIXES)
        names[object_type.name_singular] = name
    return names
