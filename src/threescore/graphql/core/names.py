"""The root fields of a model: which name stands for which action on which object."""

from dataclasses import dataclass
from typing import Literal

from threescore.model.naming import camel_case
from threescore.model.objects import Model, ObjectType

Action = Literal[
    "findMany",
    "findOne",
    "findDuplicates",
    "groupBy",
    "createOne",
    "createMany",
    "updateOne",
    "updateMany",
    "deleteOne",
    "deleteMany",
    "destroyOne",
    "destroyMany",
    "restoreOne",
    "restoreMany",
    "mergeMany",
    "search",
    "recordHistory",
    "recordEvents",
]

_WRITES = ("create", "update", "delete", "destroy", "restore")


@dataclass(frozen=True, slots=True, eq=False)
class RootField:
    """An action on an object, or on records of any object."""

    action: Action
    object_type: ObjectType | None


@dataclass(frozen=True, slots=True, eq=False)
class RootFields:
    """All root fields of a model."""

    query: dict[str, RootField]
    mutation: dict[str, RootField]
    subscription: dict[str, RootField]


def pascal_case(name: str) -> str:
    """`people` → `People`, by the rules of camel case, so that `holdq9e9bc` → `Holdq9E9Bc`."""
    camel = camel_case(name)
    return camel[:1].upper() + camel[1:]


def root_fields(model: Model) -> RootFields:
    """The root fields of a model, made once for each."""
    made: RootFields | None = model.__dict__.get("root_fields")
    if made is None:
        made = model.__dict__["root_fields"] = _root_fields(model)
    return made


def _root_fields(model: Model) -> RootFields:
    query: dict[str, RootField] = {
        "search": RootField("search", None),
        "recordHistory": RootField("recordHistory", None),
    }
    mutation: dict[str, RootField] = {}
    for object_type in model.objects:
        singular, plural = camel_case(object_type.name_singular), camel_case(object_type.name_plural)
        query[plural] = RootField("findMany", object_type)
        query[singular] = RootField("findOne", object_type)
        query[f"{singular}Duplicates"] = RootField("findDuplicates", object_type)
        query[f"{plural}GroupBy"] = RootField("groupBy", object_type)
        one, many = pascal_case(object_type.name_singular), pascal_case(object_type.name_plural)
        for verb in _WRITES:
            mutation[verb + one] = RootField(f"{verb}One", object_type)  # type: ignore[arg-type]
            mutation[verb + many] = RootField(f"{verb}Many", object_type)  # type: ignore[arg-type]
        mutation[f"merge{many}"] = RootField("mergeMany", object_type)
    return RootFields(query, mutation, {"recordEvents": RootField("recordEvents", None)})
