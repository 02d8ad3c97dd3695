"""Settings → Data model: new fields and relations, and changing those that are there."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from threescore.errors import NotFound, ThreescoreError
from threescore.model.fields import TYPES
from threescore.model.objects import Field, ObjectType
from threescore.model.overrides import resolved
from threescore.web.colors import color_names
from threescore.web.field_forms import (
    INPUTS,
    SENT_AS,
    body_of,
    offers_default,
    offers_unique,
    values_of_field,
    values_of_form,
    values_of_new,
)
from threescore.web.field_types import TypeChoice, type_choice, type_groups, type_icon, type_label
from threescore.web.forms import Errors, Form, errors_of
from threescore.web.icons import CHOICES
from threescore.web.language import gettext as _
from threescore.web.model import find_field, find_object
from threescore.web.site import Visit


async def new_field(visit: Visit) -> Response:
    """The choice of a type, and then the form of a new field of that type."""
    owner = find_object(visit)
    kind = visit.request.query_params.get("type")
    if kind is None:
        groups = [
            (title, [choice for choice in choices if TYPES[choice.type].creatable]) for title, choices in type_groups()
        ]
        return visit.page("model/choose_type.html", item=owner, groups=groups)
    choice = _choice(kind)
    return _form(visit, owner, choice, values_of_new(kind, _icon_of(choice)), {})


async def create_field(visit: Visit) -> Response:
    """Makes a field of what the form says."""
    owner = find_object(visit)
    choice = _choice(visit.form.text("type"))
    values = values_of_form(visit.form)
    try:
        body = {**body_of(choice.type, values), "type": choice.type, "objectMetadataId": str(owner.id)}
        _model, created = await visit.changes.create_field(visit.model.workspace_id, body)
    except ThreescoreError as error:
        return _form(visit, owner, choice, values, _errors(error, visit.form, values), status=422)
    tab = "?tab=relations" if created.is_relation else ""
    notice = _("The field “%(name)s” can be used now.") % {"name": created.label}
    return visit.to(f"/settings/model/{owner.name_singular}{tab}", notice)


async def show_field(visit: Visit) -> Response:
    """The form of a field that is there."""
    owner = find_object(visit)
    field = find_field(visit, owner)
    return _form(visit, owner, _choice_of(field), values_of_field(field), {}, field)


async def update_field(visit: Visit) -> Response:
    """Changes a field as the form says."""
    owner = find_object(visit)
    field = find_field(visit, owner)
    values = values_of_form(visit.form)
    try:
        body = body_of(field.type, values, old=field)
        _model, changed = await visit.changes.update_field(visit.model.workspace_id, field.id, body)
    except ThreescoreError as error:
        return _form(visit, owner, _choice_of(field), values, _errors(error, visit.form, values), field, status=422)
    return visit.to(f"/settings/model/{owner.name_singular}/{changed.name}", _("Saved"))


async def activate_field(visit: Visit) -> Response:
    """Takes a field out of use, or back into it."""
    owner = find_object(visit)
    field = find_field(visit, owner)
    active = visit.form.text("active") == "yes"
    await visit.changes.update_field(visit.model.workspace_id, field.id, {"isActive": active})
    notice = _("“%(name)s” is in use again.") if active else _("“%(name)s” is out of use; its values are kept.")
    return visit.to(f"/settings/model/{owner.name_singular}", notice % {"name": resolved(field, "label")})


async def delete_field(visit: Visit) -> Response:
    """Deletes a field with its values."""
    owner = find_object(visit)
    field = find_field(visit, owner)
    if visit.form.text("typed") != field.name:
        return visit.to(f"/settings/model/{owner.name_singular}/{field.name}")
    await visit.changes.delete_field(visit.model.workspace_id, field.id)
    notice = _("The field “%(name)s” is deleted.") % {"name": resolved(field, "label")}
    return visit.to(f"/settings/model/{owner.name_singular}", notice)


async def preview(visit: Visit) -> Response:
    """How the field of the form would look, as it is being filled in."""
    values = values_of_form(visit.form)
    choice = type_choice(visit.form.text("type"))
    return visit.page("model/preview.html", choice=choice, values=values, type_icon=type_icon)


def _choice(kind: str) -> TypeChoice:
    choice = type_choice(kind)
    if choice is None or not TYPES[kind].creatable:
        raise NotFound(_("There is no field type “%(name)s” to choose.") % {"name": kind})
    return choice


def _choice_of(field: Field) -> TypeChoice:
    choice = type_choice(field.type)
    return choice or TypeChoice(field.type, type_icon(field.type), type_label(field.type), "", "")


def _icon_of(choice: TypeChoice) -> str:
    return "Icon" + "".join(word.capitalize() for word in choice.icon.split("-"))


def _errors(error: ThreescoreError, form: Form, values: Mapping[str, Any]) -> Errors:
    sent: dict[str, str | list[str]] = {
        name: value for name, value in values.items() if isinstance(value, str) and value and name != "icon"
    }
    sent["options"] = [text for option in values["options"] for text in option.values() if isinstance(text, str)]
    found: dict[str, list[str]] = {}
    for name, messages in errors_of(error, INPUTS, sent).items():
        # Beside an input that the form of this type has not, nobody would see it.
        found.setdefault(name if form.has(SENT_AS.get(name, name)) else "", []).extend(messages)
    return found


def _form(
    visit: Visit,
    owner: ObjectType,
    choice: TypeChoice,
    values: Mapping[str, Any],
    errors: Errors,
    field: Field | None = None,
    status: int = 200,
) -> Response:
    targets = [
        (str(item.id), str(resolved(item, "label_plural")))
        for item in visit.model.objects
        if item.is_active and not item.is_system
    ]
    targets.sort(key=lambda pair: pair[1].lower())
    return visit.page(
        "model/field.html",
        status,
        item=owner,
        choice=choice,
        field=field,
        values=values,
        errors=errors,
        targets=targets,
        icons=CHOICES,
        colors=color_names(),
        offers_unique=offers_unique(choice.type),
        offers_default=offers_default(choice.type),
        target=visit.model.target(field) if field is not None and field.is_relation else None,
        inverse=visit.model.inverse(field) if field is not None and field.is_relation else None,
        type_icon=type_icon,
    )
