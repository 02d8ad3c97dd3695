"""Settings → Roles → one role → one object: its single fields, and which of its records the role sees."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from starlette.responses import Response

from threescore.access.grants import effective
from threescore.access.role_changes import SYSTEM_FIELDS
from threescore.access.role_inputs import FIELD_RIGHTS, read_field_rights
from threescore.access.roles import FieldRights, Role, RowRule
from threescore.access.row_rules import broken
from threescore.errors import BadRequest, ThreescoreError
from threescore.model.objects import Field, ObjectType
from threescore.model.overrides import resolved
from threescore.rest.grammar.filter import COMPARATORS
from threescore.web.field_types import type_icon
from threescore.web.forms import Errors, errors_of
from threescore.web.language import gettext as _
from threescore.web.model import find_object
from threescore.web.refusals import translated
from threescore.web.roles import find_role
from threescore.web.row_rules import read_rule, rule_examples, rule_text
from threescore.web.site import Visit

_MEANINGS: Mapping[str, bool | None] = {"": None, "no": False}
"""What can be chosen for a right to a field: it can only be taken away."""


async def show(visit: Visit) -> Response:
    """What a role says about the fields and the records of an object."""
    return _page(visit, find_role(visit), find_object(visit))


async def update(visit: Visit) -> Response:
    """Changes the rule or the fields: each has a form of its own."""
    change = _update_rule if visit.form.has("rule") else _update_fields
    return await change(visit, find_role(visit), find_object(visit))


async def _update_fields(visit: Visit, role: Role, item: ObjectType) -> Response:
    """Changes what a role says about the fields of the form; of others, it says what it said."""
    said = {rights.field_id: rights for rights in role.field_rights}
    items = [
        {
            "objectMetadataId": str(item.id),
            "fieldMetadataId": str(field.id),
            **{name: _chosen(visit, name, field, said.get(field.id)) for name in FIELD_RIGHTS},
        }
        for field in _fields(item)
    ]
    try:
        await visit.roles.set_field_rights(visit.caller, role.id, items)
    except ThreescoreError as error:
        return _page(visit, role, item, field_rights=read_field_rights(items), field_errors=errors_of(error, {}, {}))
    return visit.to(_path(role, item), _("Saved"))


def _chosen(visit: Visit, name: str, field: Field, said: FieldRights | None) -> bool | None:
    """A right to a field as the form has it. Raises BadRequest for what nobody can choose."""
    key = f"{name}:{field.id}"
    if not visit.form.has(key):
        present: bool | None = getattr(said, FIELD_RIGHTS[name], None)
        return present
    try:
        return _MEANINGS[visit.form.text(key)]
    except KeyError as error:
        raise BadRequest(_("A right to a field can only be taken away.")) from error


async def _update_rule(visit: Visit, role: Role, item: ObjectType) -> Response:
    """Changes which records of an object a role sees. A rule whose text stays the same stays just as it is."""
    text = visit.form.text("rule").replace("\r\n", "\n")
    rule = _rule(role, item)
    try:
        if rule is None or text != rule_text(visit.caller.state.model, rule):
            await visit.roles.set_row_rule(visit.caller, role.id, item.id, read_rule(text))
    except BadRequest as error:
        return _page(visit, role, item, rule=text, rule_errors={"rule": errors_of(error, {}, {})[""]})
    except ThreescoreError as error:
        return _page(visit, role, item, rule=text, rule_errors=errors_of(error, {}, {}))
    return visit.to(_path(role, item), _("Saved"))


def _path(role: Role, item: ObjectType) -> str:
    return f"/settings/roles/{role.id}/objects/{item.name_singular}"


def _rule(role: Role, item: ObjectType) -> RowRule | None:
    return next((rule for rule in role.row_rules if rule.object_id == item.id), None)


def _fields(item: ObjectType) -> list[Field]:
    """The fields that the form shows: those that can be kept from a role, and are in use."""
    shown = [f for f in item.fields if f.is_active and f.name not in SYSTEM_FIELDS and f.type != "TS_VECTOR"]
    return sorted(shown, key=lambda field: (field.is_system, str(resolved(field, "label")).lower()))


def _page(
    visit: Visit,
    role: Role,
    item: ObjectType,
    *,
    field_rights: Iterable[FieldRights] | None = None,
    field_errors: Errors | None = None,
    rule: str | None = None,
    rule_errors: Errors | None = None,
) -> Response:
    """The page, with what was sent and refused in the place of what is kept."""
    rights: dict[UUID, FieldRights] = {
        rights.field_id: rights for rights in (role.field_rights if field_rights is None else field_rights)
    }
    model, kept = visit.caller.state.model, _rule(role, item)
    problem = None if kept is None else broken(model, kept)
    if rule_errors is None and problem is not None:
        rule_errors = {"rule": [translated(problem)]}
    return visit.page(
        "access/role_object.html",
        422 if field_errors or rule is not None else 200,
        role=role,
        item=item,
        fields=_fields(item),
        rights=rights,
        field_rights=[("canReadFieldValue", "can_read", _("Read")), ("canUpdateFieldValue", "can_update", _("Write"))],
        field_errors=field_errors or {},
        rule=rule if rule is not None else "" if kept is None else rule_text(model, kept),
        rule_errors=rule_errors or {},
        is_broken=problem is not None,
        examples=rule_examples(visit.model, item),
        comparators=COMPARATORS,
        reads=effective(role, item.id).read,
        type_icon=type_icon,
    )
