"""Relation fields: always made, renamed and removed as pairs."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from msgspec.structs import replace

from threescore.catalog.changes.draft import Draft
from threescore.catalog.changes.indexes import add_relation_index
from threescore.catalog.changes.inputs import MAX_TEXT, collapse, read_uuid
from threescore.catalog.changes.naming_rules import field_naming_issues, label_issue
from threescore.catalog.changes.report import Issue, early_field_refusal, field_refusal
from threescore.errors import BadRequest
from threescore.model.fields.values import Json
from threescore.model.naming import name_from_label
from threescore.model.objects import MANY_TO_ONE, ONE_TO_MANY, Field, ObjectType
from threescore.model.overrides import resolved

RELATION = "RELATION"
MORPH_RELATION = "MORPH_RELATION"
DEFAULT_ICON = "IconRelationOneToMany"

_INVERSE = {MANY_TO_ONE: ONE_TO_MANY, ONE_TO_MANY: MANY_TO_ONE}


@dataclass(frozen=True, slots=True)
class RelationPayload:
    """Where a relation shall lead, and what its other side is called."""

    target: ObjectType
    target_label: str
    target_name: str
    target_icon: str
    type: str


def read_payload(draft: Draft, value: Json) -> RelationPayload:
    """Reads a relation creation payload. Raises ValidationReport when it is malformed or its target unknown."""
    if not isinstance(value, dict):
        message = "Relation creation payload is required"
        raise early_field_refusal(Issue("INVALID_FIELD_INPUT", message))
    problems: list[str] = []
    target_id = read_uuid(value.get("targetObjectMetadataId"))
    if target_id is None:
        problems.append("targetObjectMetadataId must be a UUID")
    label, icon, kind = (value.get(key) for key in ("targetFieldLabel", "targetFieldIcon", "type"))
    for key, text in (("targetFieldLabel", label), ("targetFieldIcon", icon)):
        if not isinstance(text, str):
            problems.append(f"{key} must be a string")
        elif not text.strip():
            problems.append(f"{key} should not be empty")
        elif len(text) > MAX_TEXT:
            problems.append(f"{key} must be shorter than or equal to {MAX_TEXT} characters")
    kind = kind.strip() if isinstance(kind, str) else kind
    if kind not in _INVERSE:
        problems.append(f"type must be one of the following values: {MANY_TO_ONE}, {ONE_TO_MANY}")
    if problems:
        message = f"Relation creation payload is invalid: {', '.join(problems)}"
        raise _malformed(message, "Invalid relation creation payload", value)
    target = draft.find_object(target_id) if target_id else None
    if target is None:
        message = "Object metadata relation target not found for relation creation payload"
        raise _malformed(message, "Object targeted by field to create not found", value)
    label = collapse(str(label))
    try:
        name = name_from_label(label)
    except BadRequest as error:
        raise _malformed(error.message, "Invalid relation creation payload", value) from error
    return RelationPayload(
        target=target, target_label=label, target_name=name, target_icon=str(icon).strip(), type=str(kind)
    )


def read_payloads(draft: Draft, value: Json) -> list[RelationPayload]:
    """Reads the payloads of a morph relation, one per target, all of one direction."""
    if not isinstance(value, list) or not value:
        message = "Morph relation creation payloads are required"
        raise early_field_refusal(Issue("INVALID_FIELD_INPUT", message))
    payloads = [read_payload(draft, item) for item in value]
    if len({payload.type for payload in payloads}) > 1:
        message = "Morph relation creation payloads must all be of the same relation type"
        raise _malformed(message, "Invalid relation creation payload", value)
    if len({payload.target.id for payload in payloads}) < len(payloads):
        message = "Morph relation creation payloads must not have the same target twice"
        raise _malformed(message, "Invalid relation creation payload", value)
    return payloads


def add_relation(draft: Draft, source: Field, payload: RelationPayload) -> Field:
    """Adds a relation: the given field, completed, and its other side on the target object.

    Raises ValidationReport when either name is not to be had.
    """
    owner = draft.object_type(source.object_id)
    reverse_id = uuid4()
    source = replace(
        source,
        icon=source.icon or DEFAULT_ICON,
        description=source.description or _description(owner, payload.target),
        settings=relation_settings(payload.type, source.name),
        target_object_id=payload.target.id,
        target_field_id=reverse_id,
    )
    reverse = Field(
        id=reverse_id,
        object_id=payload.target.id,
        universal_identifier=uuid4(),
        name=payload.target_name,
        label=payload.target_label,
        type=RELATION,
        description=_description(payload.target, owner),
        icon=payload.target_icon,
        settings=relation_settings(_INVERSE[payload.type], payload.target_name),
        target_object_id=owner.id,
        target_field_id=source.id,
        created_at=draft.now,
        updated_at=draft.now,
    )
    for field in (source, reverse):
        check_new_field(draft, field)
        draft.put_field(field)
        if field.is_many_to_one:
            add_relation_index(draft, field)
    return source


def add_morph_relation(draft: Draft, source: Field, base: str, payloads: list[RelationPayload]) -> tuple[Field, ...]:
    """Adds the branches of a morph relation, one per target; all share `source.morph_id`."""
    branches = []
    for place, payload in enumerate(payloads):
        branch = replace(
            source,
            id=source.id if place == 0 else uuid4(),
            universal_identifier=source.universal_identifier if place == 0 else uuid4(),
            name=base + _branch_suffix(payload.target, payload.type),
        )
        branches.append(add_relation(draft, branch, payload))
    return tuple(branches)


def check_new_field(draft: Draft, field: Field) -> None:
    """Raises ValidationReport when a new field's name or label is not to be had."""
    owner = draft.object_type(field.object_id)
    issues = field_naming_issues(owner, field)
    label = label_issue(field.label, MAX_TEXT)
    if label:
        issues.append(label)
    if issues:
        raise field_refusal("create", owner, field, *issues)


def relation_settings(kind: str, name: str) -> dict[str, str]:
    """The settings of one side of a new relation."""
    if kind == ONE_TO_MANY:
        return {"relationType": ONE_TO_MANY}
    return {"onDelete": "SET_NULL", "relationType": MANY_TO_ONE, "joinColumnName": f"{name}Id"}


def renamed(field: Field, name: str) -> Field:
    """The field with another name; the join column of a many-to-one relation follows."""
    if field.is_many_to_one:
        return replace(field, name=name, settings={**(field.settings or {}), "joinColumnName": f"{name}Id"})
    return replace(field, name=name)


def rename_morph(draft: Draft, field: Field, name: str) -> None:
    """Renames all branches of a morph relation. `name` is the common name, or the new name of the given branch."""
    target = draft.object_type(_target_id(field))
    base = name.removesuffix(_branch_suffix(target, str(field.relation_type))) or name
    for branch in draft.morph_branches(field):
        suffix = _branch_suffix(draft.object_type(_target_id(branch)), str(branch.relation_type))
        draft.put_field(renamed(branch, base + suffix))


def follow_object_names(draft: Draft, old: ObjectType, new: ObjectType) -> list[Field]:
    """Renames the morph branches that carry a renamed object's name, and gives them back."""
    followers: list[Field] = []
    for side in new.fields:
        branch = draft.inverse(side)
        if branch is None or branch.type != MORPH_RELATION:
            continue
        suffix = _branch_suffix(old, str(branch.relation_type))
        if branch.name.endswith(suffix):
            name = branch.name.removesuffix(suffix) + _branch_suffix(new, str(branch.relation_type))
            if name != branch.name:
                followers.append(draft.put_field(renamed(branch, name)))
    return followers


def morph_base_name(draft_target: ObjectType, field: Field) -> str:
    """The common name of the branches of a morph relation: `target` for `targetPerson`."""
    return field.name.removesuffix(_branch_suffix(draft_target, str(field.relation_type))) or field.name


def _branch_suffix(target: ObjectType, kind: str) -> str:
    return target.type_name if kind == MANY_TO_ONE else target.type_name_plural


def _target_id(field: Field) -> UUID:
    assert field.target_object_id is not None
    return field.target_object_id


def _description(owner: ObjectType, target: ObjectType) -> str:
    return f"{resolved(owner, 'label_plural')} tied to the {resolved(target, 'label_singular')}"


def _malformed(message: str, user_message: str, value: Json) -> Exception:
    return early_field_refusal(Issue("FIELD_METADATA_RELATION_MALFORMED", message, user_message, value=value))
