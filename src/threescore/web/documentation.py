"""“Your documentation”: the objects and fields of this workspace, with examples made of them."""

from typing import Any

from starlette.responses import Response

from threescore.errors import NotFound
from threescore.model.objects import Field, ObjectType
from threescore.model.overrides import resolved
from threescore.web.field_types import type_label
from threescore.web.language import gettext as _
from threescore.web.site import Visit
from threescore.web.snippets import Call, snippets

_EXAMPLES: dict[str, Any] = {
    "TEXT": "Linden Works",
    "NUMBER": 42,
    "NUMERIC": "42.5",
    "BOOLEAN": True,
    "DATE": "2026-03-01",
    "DATE_TIME": "2026-03-01T09:30:00.000Z",
    "FULL_NAME": {"firstName": "Ada", "lastName": "Linden"},
    "EMAILS": {"primaryEmail": "ada@linden.example"},
    "PHONES": {"primaryPhoneNumber": "92253641", "primaryPhoneCountryCode": "BE", "primaryPhoneCallingCode": "+32"},
    "LINKS": {"primaryLinkUrl": "https://linden.example", "primaryLinkLabel": "Linden"},
    "ADDRESS": {"addressCity": "Ghent", "addressCountry": "Belgium"},
    "CURRENCY": {"amountMicros": 1250000000, "currencyCode": "EUR"},
    "RICH_TEXT": {"markdown": "A **note**."},
    "ARRAY": ["red", "green"],
    "RAW_JSON": {"any": ["JSON", 1]},
    "UUID": "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90",
}
_IN_EXAMPLE = 5


def example_value(field: Field) -> Any:
    """A value that the field takes, or None where none can be made up."""
    if field.type in ("SELECT", "RATING"):
        return next(iter(field.option_values), None)
    if field.type == "MULTI_SELECT":
        return list(field.option_values[:2])
    if field.type == "NUMBER" and (field.settings or {}).get("type") == "percentage":
        return 0.5
    return _EXAMPLES.get(field.type)


def example_body(item: ObjectType) -> dict[str, Any]:
    """A record of the object: its name first, then a few fields that people fill in."""
    fields = [
        field
        for field in item.fields
        if field.is_active and not field.is_system and not field.is_relation and field.kind.writable
    ]
    fields.sort(key=lambda field: (field.id != item.label_identifier_field_id, field.is_nullable))
    body: dict[str, Any] = {}
    for field in fields:
        value = example_value(field)
        if value is not None and (len(body) < _IN_EXAMPLE or not field.is_nullable):
            body[field.name] = value
    return body


def _listed(visit: Visit) -> list[ObjectType]:
    shown = [item for item in visit.model.objects if item.is_active and not item.is_system]
    return sorted(shown, key=lambda item: str(resolved(item, "label_plural")).lower())


async def overview(visit: Visit) -> Response:
    """Where the documentation of everything is."""
    return visit.page("docs/overview.html", objects=_listed(visit))


async def of_object(visit: Visit) -> Response:
    """The documentation of one object."""
    name = visit.request.path_params["object"]
    item = visit.model.by_singular.get(name)
    if item is None:
        raise NotFound(_("There is no object named “%(name)s”.") % {"name": name})
    base, plural = visit.base_url, item.name_plural
    label = item.field_by_id.get(item.label_identifier_field_id) if item.label_identifier_field_id else None
    selected = _selection(label)
    body = example_body(item)
    change = dict(list(body.items())[:1])
    one = "3f1c6f5e-7f0b-4f59-9d3c-1d2b6a7c8e90"
    query = f"{{ {plural}(first: 10) {{ edges {{ node {{ id {selected} }} }} totalCount }} }}"
    calls = [
        ("list", _("List"), Call("GET", f"/rest/{plural}?limit=10&order_by=createdAt[DescNullsLast]")),
        ("get", _("Get one"), Call("GET", f"/rest/{plural}/{one}")),
        ("create", _("Create"), Call("POST", f"/rest/{plural}", body)),
        ("batch", _("Create several"), Call("POST", f"/rest/batch/{plural}", [body])),
        ("change", _("Change"), Call("PATCH", f"/rest/{plural}/{one}", change)),
        ("delete", _("Delete, so that it can be restored"), Call("DELETE", f"/rest/{plural}/{one}?soft_delete=true")),
        ("graphql", "GraphQL", Call("POST", "/graphql", {"query": query})),
    ]
    return visit.page(
        "docs/object.html",
        objects=_listed(visit),
        item=item,
        fields=[field for field in item.fields if field.is_active and field.type != "TS_VECTOR"],
        type_label=type_label,
        target=visit.model.target,
        calls=[(key, title, snippets(base, call)) for key, title, call in calls],
    )


def _selection(field: Field | None) -> str:
    if field is None:
        return ""
    return f"{field.name} {{ {' '.join(field.kind.sub_fields)} }}" if field.is_composite else field.name
