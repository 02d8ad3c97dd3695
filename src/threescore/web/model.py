"""Settings → Data model: its objects, and each object with its fields, relations, settings and indexes."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from threescore.errors import NotFound, ThreescoreError
from threescore.model.objects import Field, ObjectType
from threescore.model.overrides import resolved
from threescore.web.field_types import type_icon, type_label
from threescore.web.forms import Errors, chosen_name, errors_of, plural_name_of
from threescore.web.icons import CHOICES
from threescore.web.language import gettext as _
from threescore.web.site import Visit

FLAG = "DATA_MODEL"

_INPUTS = {
    "labelSingular": "label_singular",
    "labelPlural": "label_plural",
    "nameSingular": "name_singular",
    "namePlural": "name_plural",
    "description": "description",
    "icon": "icon",
    "singular": "name_singular",
    "already": "name_singular",
    "exists": "name_singular",
    "labelIdentifierFieldMetadataId": "label_identifier",
}
_NAMES = ("label_singular", "label_plural", "name_singular", "name_plural", "description", "icon")


def find_object(visit: Visit) -> ObjectType:
    """The object that the path names. Raises NotFound."""
    name = visit.request.path_params["object"]
    found = visit.model.by_singular.get(name)
    if found is None:
        raise NotFound(_("There is no object named “%(name)s”.") % {"name": name})
    return found


def find_field(visit: Visit, owner: ObjectType) -> Field:
    """The field of the object that the path names. Raises NotFound."""
    name = visit.request.path_params["field"]
    found = owner.field_by_name.get(name)
    if found is None:
        raise NotFound(_("There is no field named “%(name)s”.") % {"name": name})
    return found


async def objects(visit: Visit) -> Response:
    """The list of objects."""
    listed = sorted(visit.model.objects, key=lambda item: (item.is_system, str(resolved(item, "label_plural")).lower()))
    return visit.page(
        "model/objects.html",
        active=[item for item in listed if item.is_active and not item.is_system],
        inactive=[item for item in listed if not item.is_active],
        system=[item for item in listed if item.is_active and item.is_system],
    )


async def new_object(visit: Visit) -> Response:
    """The form of a new object."""
    return _object_form(visit, dict.fromkeys(_NAMES, ""), {})


async def create_object(visit: Visit) -> Response:
    """Makes an object of what the form says."""
    values = {name: visit.form.text(name) for name in _NAMES}
    singular = chosen_name(values["name_singular"], values["label_singular"])
    body = {
        "labelSingular": values["label_singular"],
        "labelPlural": values["label_plural"],
        "nameSingular": singular,
        "namePlural": chosen_name(values["name_plural"], values["label_plural"])
        if values["name_plural"]
        else plural_name_of(values["label_plural"], singular),
        "description": values["description"] or None,
        "icon": values["icon"] or None,
    }
    try:
        _model, created = await visit.changes.create_object(visit.model.workspace_id, body)
    except ThreescoreError as error:
        return _object_form(visit, values, errors_of(error, _INPUTS, values), 422)
    notice = _("%(name)s can be used now, over every API.") % {"name": created.label_plural}
    return visit.to(f"/settings/model/{created.name_singular}", notice)


def _object_form(visit: Visit, values: Mapping[str, Any], errors: Errors, status: int = 200) -> Response:
    return visit.page("model/new_object.html", status, values=values, errors=errors, icons=CHOICES)


async def show_object(visit: Visit) -> Response:
    """One object."""
    return _object_page(visit, find_object(visit))


def _object_page(
    visit: Visit, item: ObjectType, values: Mapping[str, Any] | None = None, errors: Errors | None = None
) -> Response:
    tab = "settings" if errors else visit.request.query_params.get("tab", "fields")
    shown = [field for field in item.fields if field.type != "TS_VECTOR"]
    shown.sort(key=lambda field: (field.is_system, str(resolved(field, "label")).lower()))
    if values is None:
        values = {
            "label_singular": resolved(item, "label_singular"),
            "label_plural": resolved(item, "label_plural"),
            "name_singular": item.name_singular,
            "name_plural": item.name_plural,
            "description": resolved(item, "description") or "",
            "icon": resolved(item, "icon") or "",
            "label_identifier": str(item.label_identifier_field_id or ""),
            "searchable": item.is_searchable,
        }
    return visit.page(
        "model/object.html",
        422 if errors else 200,
        item=item,
        tab=tab if tab in ("fields", "relations", "settings", "indexes") else "fields",
        fields=[field for field in shown if field.is_active and not field.is_relation],
        relations=[field for field in shown if field.is_active and field.is_relation],
        inactive=[field for field in shown if not field.is_active],
        type_label=type_label,
        type_icon=type_icon,
        values=values,
        errors=errors or {},
        icons=CHOICES,
        identifiers=[
            (str(field.id), resolved(field, "label"))
            for field in item.fields
            if field.is_active and field.type in ("TEXT", "FULL_NAME", "UUID")
        ],
        target=lambda field: visit.model.target(field),
    )


async def update_object(visit: Visit) -> Response:
    """Changes an object as the form says."""
    item = find_object(visit)
    form = visit.form
    values = {
        **{name: form.text(name) for name in _NAMES},
        "label_identifier": form.text("label_identifier"),
        "searchable": form.has("searchable"),
    }
    body: dict[str, Any] = {
        "labelSingular": values["label_singular"],
        "labelPlural": values["label_plural"],
        "description": values["description"] or None,
        "icon": values["icon"] or None,
    }
    if item.is_custom:
        body["nameSingular"] = values["name_singular"]
        body["namePlural"] = values["name_plural"]
        if values["label_identifier"]:
            body["labelIdentifierFieldMetadataId"] = values["label_identifier"]
    if not item.is_system:
        body["isSearchable"] = values["searchable"]
    try:
        _model, changed = await visit.changes.update_object(visit.model.workspace_id, item.id, body)
    except ThreescoreError as error:
        texts = {name: str(value) for name, value in values.items()}
        return _object_page(visit, item, values, errors_of(error, _INPUTS, texts))
    return visit.to(f"/settings/model/{changed.name_singular}?tab=settings", _("Saved"))


async def activate_object(visit: Visit) -> Response:
    """Takes an object out of use, or back into it."""
    item = find_object(visit)
    active = visit.form.text("active") == "yes"
    await visit.changes.update_object(visit.model.workspace_id, item.id, {"isActive": active})
    notice = _("%(name)s is in use again.") if active else _("%(name)s is out of use; its records are kept.")
    return visit.to("/settings/model", notice % {"name": resolved(item, "label_plural")})


async def delete_object(visit: Visit) -> Response:
    """Deletes an object with its records."""
    item = find_object(visit)
    if visit.form.text("typed") != item.name_plural:
        return visit.to(f"/settings/model/{item.name_singular}?tab=settings")
    await visit.changes.delete_object(visit.model.workspace_id, item.id)
    return visit.to("/settings/model", _("%(name)s is deleted.") % {"name": resolved(item, "label_plural")})
