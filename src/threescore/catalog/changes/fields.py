"""Creating, changing and deleting fields. Rules only: everything happens to a `Draft`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from msgspec import UNSET
from msgspec.structs import replace

from threescore.catalog.changes.draft import Draft
from threescore.catalog.changes.indexes import check_unique, make_not_unique, make_unique, unique_indexes
from threescore.catalog.changes.inputs import MAX_TEXT, FieldInput
from threescore.catalog.changes.naming_rules import field_naming_issues, is_field_synced, label_issue
from threescore.catalog.changes.options import BadOptions, read_options
from threescore.catalog.changes.relations import (
    MORPH_RELATION,
    RELATION,
    add_morph_relation,
    add_relation,
    check_new_field,
    morph_base_name,
    read_payload,
    read_payloads,
    rename_morph,
    renamed,
)
from threescore.catalog.changes.report import (
    Issue,
    early_field_refusal,
    field_refusal,
    unknown_field_refusal,
)
from threescore.errors import Forbidden, NotFound, ValidationReport
from threescore.model.fields.values import Json
from threescore.model.objects import Field, ObjectType
from threescore.model.overrides import FIELD_OVERRIDES, resolved, with_overrides, with_translations

_WIRE = {
    "name": "name",
    "label": "label",
    "description": "description",
    "icon": "icon",
    "is_active": "isActive",
    "is_nullable": "isNullable",
    "is_unique": "isUnique",
    "is_searchable": "isSearchable",
    "is_audit_logged": "isAuditLogged",
    "is_label_synced_with_name": "isLabelSyncedWithName",
    "is_ui_editable": "isUIEditable",
    "default_value": "defaultValue",
    "options": "options",
    "settings": "settings",
}
"""The attributes of a field that a caller may ask to change, with their wire names."""

_INITIAL_DEFAULTS: Mapping[str, Json] = {
    "ACTOR": {"name": "'System'", "source": "'MANUAL'", "context": None, "workspaceMemberId": None},
}
"""The default values of new fields for which none was sent, where they have one."""

_NOT_STANDARD = frozenset({"name", "is_label_synced_with_name", "is_nullable", "is_ui_editable"})
"""What stays as it is on a field that came with the workspace."""

_SYSTEM = frozenset({"is_active", "settings"})
"""All that may change on a system field."""

_RELATION = frozenset({*FIELD_OVERRIDES, "name", "is_active", "is_label_synced_with_name", "is_ui_editable"})
"""All that may change on a relation field."""

_SHARED_BY_BRANCHES = frozenset({*FIELD_OVERRIDES, "is_active", "is_ui_editable"})


def create_field(draft: Draft, sent: FieldInput) -> Field:
    """Adds a field; a relation with its other side. Raises ValidationReport with the one cause that forbids it."""
    assert sent.object_id is not UNSET
    assert sent.type is not UNSET
    assert sent.name is not UNSET
    assert sent.label is not UNSET
    owner = draft.find_object(sent.object_id)
    if owner is None:
        raise early_field_refusal(
            Issue(
                "OBJECT_METADATA_NOT_FOUND",
                "Provided object metadata id does not exist",
                "Created field metadata, parent object metadata not found",
            )
        )
    field = Field(
        id=uuid4(),
        object_id=owner.id,
        universal_identifier=uuid4(),
        name=sent.name,
        label=sent.label,
        type=sent.type,
        description=_or_none(sent.description),
        icon=_or_none(sent.icon),
        is_nullable=sent.is_nullable is not False,
        is_unique=sent.is_unique is True,
        is_searchable=sent.is_searchable is True,
        is_audit_logged=sent.is_audit_logged is not False,
        is_label_synced_with_name=sent.is_label_synced_with_name is True,
        is_ui_editable=sent.is_ui_editable is not False,
        created_at=draft.now,
        updated_at=draft.now,
    )
    if field.is_label_synced_with_name and not is_field_synced(field.name, field.label):
        issue = Issue("NAME_NOT_SYNCED_WITH_LABEL", f'Name "{field.name}" is not synced with label "{field.label}"')
        raise field_refusal("create", owner, field, issue)
    if sent.type in (RELATION, MORPH_RELATION):
        return _create_relation(draft, owner, field, sent)
    return _create_plain(draft, owner, field, sent)


def _create_plain(draft: Draft, owner: ObjectType, field: Field, sent: FieldInput) -> Field:
    refused = field.kind.refuse_creation(field.name)
    if refused:
        issue = Issue("INVALID_FIELD_INPUT", refused, value=field.type)
        raise field_refusal("create", owner, field, issue)
    check_new_field(draft, field)
    settings = None if sent.settings is UNSET else sent.settings
    problem = "Settings must be an object" if not isinstance(settings, dict | None) else None
    problem = problem or field.kind.check_settings(settings)  # type: ignore[arg-type]
    if problem:
        raise field_refusal("create", owner, field, Issue("INVALID_FIELD_INPUT", problem))
    try:
        options = read_options(field.type, sent.options)
    except BadOptions as error:
        raise field_refusal("create", owner, field, error.issue) from error
    default = _INITIAL_DEFAULTS.get(field.type) if sent.default_value is UNSET else sent.default_value
    field = replace(field, settings=settings, options=options, default_value=default)
    issue_or_none = _default_issue(field, explicit_null=sent.default_value is None) or _search_issue(owner, field)
    if issue_or_none:
        raise field_refusal("create", owner, field, issue_or_none)
    field = draft.put_field(field)
    if field.is_unique:
        make_unique(draft, field, "creating fields")
    return field


def _create_relation(draft: Draft, owner: ObjectType, field: Field, sent: FieldInput) -> Field:
    if sent.default_value is not UNSET and sent.default_value is not None:
        issue = Issue("INVALID_FIELD_INPUT", f"Fields of type {field.type} cannot have a default value")
        raise field_refusal("create", owner, field, issue)
    if field.is_unique:
        message = f"Unique index cannot be created for field {field.name} of type {field.type}"
        issue = Issue("INDEX_FIELD_INVALID_TYPE_FOR_UNIQUE", message, f"{field.type} fields cannot be unique.")
        raise field_refusal("create", owner, field, issue)
    field = replace(field, is_nullable=True)
    issue_or_none = _search_issue(owner, field)
    if issue_or_none:
        raise field_refusal("create", owner, field, issue_or_none)
    if field.type == RELATION:
        return add_relation(draft, field, read_payload(draft, _or_none(sent.relation)))
    payloads = read_payloads(draft, _or_none(sent.morph_relations))
    return add_morph_relation(draft, replace(field, morph_id=uuid4()), field.name, payloads)[0]


def update_field(draft: Draft, field_id: UUID, sent: FieldInput) -> Field:
    """Changes a field. Raises Forbidden for what standard fields do not allow, else ValidationReport."""
    field = draft.find_field(field_id)
    if field is None:
        raise unknown_field_refusal()
    owner = draft.object_type(field.object_id)
    changes = _changes(field, owner, sent)
    _check_allowed(owner, field, changes)
    overrides = with_translations(field, sent.translations)
    if overrides != field.overrides:
        if field.is_system:
            raise _system_refusal(owner, field, ["translations"])
        field = draft.put_field(replace(field, overrides=overrides))
        owner = draft.object_type(field.object_id)
    if sent.morph_relations is not UNSET and sent.morph_relations is not None:
        _extend_morph(draft, owner, field, sent)
        owner = draft.object_type(field.object_id)
    if "name" in changes:
        _rename(draft, field, changes.pop("name"))
        field = draft.object_type(field.object_id).field_by_id[field.id]
    changed = _apply(field, changes)
    _check_changed(draft, owner, field, changed, changes, explicit_null=sent.default_value is None)
    if changed is not field:
        changed = draft.put_field(changed)
    _follow_branches(draft, changed, changes)
    _follow_uniqueness(draft, field, changed)
    return changed


def delete_field(draft: Draft, field_id: UUID) -> Field:
    """Takes a field away, a relation with its other side, a morph relation as a whole.

    Raises NotFound, Forbidden for standard fields, ValidationReport for system and label identifier fields.
    """
    field = draft.find_field(field_id)
    if field is None:
        raise NotFound("Field to delete not found", code="FIELD_METADATA_NOT_FOUND")
    owner = draft.object_type(field.object_id)
    if not field.is_custom and not field.is_system:
        raise Forbidden(f'Cannot delete standard field "{field.name}"', code="FIELD_MUTATION_NOT_ALLOWED")
    if field.is_system:
        message = "System fields cannot be deleted"
        raise field_refusal("delete", owner, field, Issue("FIELD_MUTATION_NOT_ALLOWED", message))
    branches = draft.morph_branches(field)
    if not all(branch.is_custom for branch in branches):
        branches = (field,)
    for branch in branches:
        for side in filter(None, (branch, draft.inverse(branch))):
            side_owner = draft.object_type(side.object_id)
            if side_owner.label_identifier_field_id == side.id:
                message = "Cannot delete, please update the label identifier field first"
                raise field_refusal("delete", side_owner, side, Issue("FIELD_MUTATION_NOT_ALLOWED", message))
    for branch in branches:
        draft.remove_field(branch)
    return field


def _changes(field: Field, owner: ObjectType, sent: FieldInput) -> dict[str, Any]:
    """What was sent that differs from what is."""
    for name, fixed, is_ in (("type", sent.type, field.type), ("objectMetadataId", sent.object_id, owner.id)):
        if fixed is not UNSET and fixed != is_:
            issue = Issue("FIELD_MUTATION_NOT_ALLOWED", f"The {name} of a field cannot be changed", value=str(fixed))
            raise field_refusal("update", owner, field, issue)
    changes: dict[str, Any] = {}
    for attribute in _WIRE:
        value = getattr(sent, attribute)
        if value is UNSET:
            continue
        present = resolved(field, attribute)
        if attribute == "options":
            try:
                value = read_options(field.type, value, field.options or ())
            except BadOptions as error:
                raise field_refusal("update", owner, field, error.issue) from error
        if value != present or isinstance(value, bool) != isinstance(present, bool):
            changes[attribute] = value
    return changes


def _check_allowed(owner: ObjectType, field: Field, changes: dict[str, Any]) -> None:
    code = "FIELD_MUTATION_NOT_ALLOWED"
    if not field.is_custom:
        refused = [_WIRE[attribute] for attribute in changes if attribute in _NOT_STANDARD]
        if refused:
            raise Forbidden(f"Cannot edit standard field metadata properties: {', '.join(refused)}", code=code)
    if field.is_system:
        refused = [_WIRE[attribute] for attribute in changes if attribute not in _SYSTEM]
        if refused:
            if not field.is_custom:
                refused = list(dict.fromkeys("overrides" if name in FIELD_OVERRIDES else name for name in refused))
            raise _system_refusal(owner, field, refused)
    if field.is_relation:
        refused = [_WIRE[attribute] for attribute in changes if attribute not in _RELATION]
        if refused:
            message = f"Forbidden updated properties for relation field metadata: {', '.join(refused)}"
            raise field_refusal("update", owner, field, Issue(code, message))


def _system_refusal(owner: ObjectType, field: Field, refused: Sequence[str]) -> ValidationReport:
    message = (
        f"System fields only allow updating: universalSettings, isActive. Forbidden properties: {', '.join(refused)}"
    )
    issue = Issue("FIELD_MUTATION_NOT_ALLOWED", message, "System fields cannot be updated")
    return field_refusal("update", owner, field, issue)


def _apply(field: Field, changes: dict[str, Any]) -> Field:
    if not changes:
        return field
    own = dict(changes)
    if not field.is_custom:
        labels = {name: own.pop(name) for name in FIELD_OVERRIDES if name in own}
        if labels:
            own["overrides"] = with_overrides(field, labels)
    return replace(field, **own)


def _check_changed(
    draft: Draft, owner: ObjectType, old: Field, new: Field, changes: dict[str, Any], *, explicit_null: bool
) -> None:
    issue: Issue | None = None
    if "label" in changes:
        issue = label_issue(changes["label"], MAX_TEXT)
    if issue is None and "settings" in changes:
        settings = changes["settings"]
        problem = "Settings must be an object" if not isinstance(settings, dict | None) else None
        problem = problem or new.kind.check_settings(settings)
        issue = Issue("INVALID_FIELD_INPUT", problem) if problem else None
    if issue is None and not new.is_relation:
        # New settings or options can make the present default a wrong one.
        issue = _default_issue(new, explicit_null=explicit_null and "default_value" in changes)
    if issue is None and "is_searchable" in changes:
        issue = _search_issue(owner, new)
        if issue is None and not new.is_searchable and owner.label_identifier_field_id == new.id:
            issue = Issue("INVALID_FIELD_INPUT", "The label identifier field is always searchable")
    if issue is None and not new.is_active and old.is_active and owner.label_identifier_field_id == new.id:
        issue = Issue(
            "LABEL_IDENTIFIER_FIELD_METADATA_ID_NOT_FOUND",
            "Label identifier field metadata cannot be deactivated",
            "Label identifier field cannot be deactivated",
        )
    if issue is None and new.is_custom and new.is_label_synced_with_name:
        name = new.name
        if new.morph_id is not None and new.target_object_id is not None:
            name = morph_base_name(draft.object_type(new.target_object_id), new)
        label_changed = new.label != old.label or new.name != draft.before.field_by_id[new.id].name
        if (label_changed or not old.is_label_synced_with_name) and not is_field_synced(name, new.label):
            message = f'Name "{name}" is not synced with label "{new.label}"'
            issue = Issue("FIELD_MUTATION_NOT_ALLOWED", message)
    if issue:
        raise field_refusal("update", owner, old, issue)


def _rename(draft: Draft, field: Field, name: str) -> None:
    if field.type == MORPH_RELATION:
        rename_morph(draft, field, name)
    else:
        draft.put_field(renamed(field, name))
    owner = draft.object_type(field.object_id)
    for branch in draft.morph_branches(owner.field_by_id[field.id]):
        issues = field_naming_issues(owner, branch)
        if issues:
            raise field_refusal("update", owner, branch, *issues)


def _follow_branches(draft: Draft, field: Field, changes: dict[str, Any]) -> None:
    """What is said of one branch of a morph relation of the caller's own is said of all."""
    shared = {name: value for name, value in changes.items() if name in _SHARED_BY_BRANCHES}
    branches = draft.morph_branches(field)
    if shared and len(branches) > 1 and all(branch.is_custom for branch in branches):
        for branch in branches:
            if branch.id != field.id:
                draft.put_field(replace(branch, **shared))


def _follow_uniqueness(draft: Draft, old: Field, new: Field) -> None:
    if new.is_unique and not old.is_unique:
        make_unique(draft, new, "updating field")
    elif old.is_unique and not new.is_unique:
        make_not_unique(draft, new)
    elif new.is_unique and new.default_value != old.default_value:
        for index in unique_indexes(draft.object_type(new.object_id), new):
            check_unique(new, index, "updating field")


def _extend_morph(draft: Draft, owner: ObjectType, field: Field, sent: FieldInput) -> None:
    if field.type != MORPH_RELATION or not field.is_custom:
        issue = Issue("FIELD_MUTATION_NOT_ALLOWED", "Only custom morph relations take further targets")
        raise field_refusal("update", owner, field, issue)
    payloads = read_payloads(draft, sent.morph_relations if sent.morph_relations is not UNSET else None)
    if any(payload.type != field.relation_type for payload in payloads):
        issue = Issue("FIELD_METADATA_RELATION_MALFORMED", "All targets of a morph relation have the same type")
        raise field_refusal("update", owner, field, issue)
    assert field.target_object_id is not None
    base = morph_base_name(draft.object_type(field.target_object_id), field)
    branch = replace(field, id=uuid4(), universal_identifier=uuid4(), created_at=draft.now, updated_at=draft.now)
    add_morph_relation(draft, branch, base, payloads)


def _default_issue(field: Field, *, explicit_null: bool) -> Issue | None:
    if explicit_null and not field.is_nullable:
        return Issue("INVALID_FIELD_INPUT", "Default value cannot be null for non-nullable fields")
    problem = field.kind.check_default(field)
    return Issue("INVALID_FIELD_INPUT", problem, value=field.default_value) if problem else None


def _search_issue(owner: ObjectType, field: Field) -> Issue | None:
    if not field.is_searchable:
        return None
    if not field.kind.searchable or field.name == "id":
        return Issue("INVALID_FIELD_INPUT", f"Fields of type {field.type} cannot be searched")
    if not owner.is_searchable or "searchVector" not in owner.field_by_name:
        return Issue("INVALID_FIELD_INPUT", "The object of the field is not searchable")
    return None


def _or_none(value: Any) -> Any:
    return None if value is UNSET else value
