"""Resources of the metadata API: things of one kind, that are listed, read, created, changed and deleted alike."""

from typing import Any

from msgspec import Struct

from threescore.model.fields.json_schema import Schema, list_of, object_of
from threescore.rest.openapi.examples import curl
from threescore.rest.openapi.operations import operation
from threescore.rest.openapi.shared import Document, capital, ref


class Resource(Struct, frozen=True):
    """One kind of thing that can be listed, read, created, changed and deleted.

    `known` is the id of one that there is, for examples; without it they leave the place to `$ID`. `new` and `change`
    are examples of bodies; None where none would work. `missing` says whether an id that nothing has is refused with
    404. `deleted` is what answers a delete where it is not the thing as it was.
    """

    singular: str
    plural: str
    create: Schema
    update: Schema
    read: Schema
    new: Any
    change: Any
    about: str
    known: str | None = None
    listing: str = "A page, in descending order of ids."
    deleting: str = "Deletes it for good. Answers it as it was."
    deleted: Schema | None = None
    missing: bool = True

    @property
    def name(self) -> str:
        return capital(self.singular)

    @property
    def name_plural(self) -> str:
        return capital(self.plural)

    @property
    def response(self) -> Schema:
        """The schema of one as it is answered."""
        return ref("schemas", f"{self.name}ForResponse")


def resource_schemas(resource: Resource) -> dict[str, Schema]:
    """The schemas of a resource, by their names."""
    name, names = resource.name, resource.name_plural
    return {
        name: resource.create if resource.new is None else {**resource.create, "example": resource.new},
        names: list_of(ref("schemas", name)),
        f"{name}ForUpdate": {**resource.update, "example": resource.change},
        f"{name}ForResponse": resource.read,
        f"{names}ForResponse": list_of(resource.response),
    }


def resource_paths(resource: Resource, url: str) -> Document:
    """The paths that every resource has. `url` is where they begin."""
    name, names = resource.name, resource.name_plural
    singular, plural = resource.singular, resource.plural
    page = object_of(
        {
            "data": ref("schemas", f"{names}ForResponse"),
            "pageInfo": ref("schemas", "PageInfo"),
            "totalCount": {"type": "integer"},
        },
        required=True,
    )
    one, missing = f"/{plural}/{resource.known or '$ID'}", (404,) if resource.missing else ()
    return {
        f"/{plural}": {
            "get": operation(
                "get",
                tag=plural,
                operation_id=f"findMany{names}",
                summary=f"Find Many {plural}",
                description=resource.listing,
                answer=page,
                parameters=("limit", "startingAfter", "endingBefore"),
                sample=curl(url, "GET", f"/{plural}", {"limit": "10"}),
            ),
            "post": operation(
                "post",
                tag=plural,
                operation_id=f"createOne{name}",
                summary=f"Create One {singular}",
                description="Creates it, and answers it whole.",
                answer=resource.response,
                status=201,
                body=ref("schemas", name),
                sample=None if resource.new is None else curl(url, "POST", f"/{plural}", None, resource.new),
            ),
        },
        f"/{plural}/{{id}}": {
            "get": operation(
                "get",
                tag=plural,
                operation_id=f"findOne{name}",
                summary=f"Find One {singular}",
                description="It, whole."
                if resource.missing
                else "It, whole; an answer without a body where nothing has the id.",
                answer=resource.response,
                parameters=("idPath",),
                refusals=missing,
                sample=curl(url, "GET", one),
            ),
            "delete": operation(
                "delete",
                tag=plural,
                operation_id=f"deleteOne{name}",
                summary=f"Delete One {singular}",
                description=resource.deleting,
                answer=resource.deleted or resource.response,
                parameters=("idPath",),
                refusals=missing,
            ),
            "patch": operation(
                "patch",
                tag=plural,
                operation_id=f"updateOne{name}",
                summary=f"Update One {singular}",
                description="Changes what is sent, and answers it whole.",
                answer=resource.response,
                parameters=("idPath",),
                body=ref("schemas", f"{name}ForUpdate"),
                refusals=missing,
                sample=curl(url, "PATCH", one, None, resource.change),
            ),
        },
    }
