"""Whether names of objects and fields are good, free, and follow their labels."""

from collections.abc import Iterator

from threescore.catalog.changes.draft import Draft
from threescore.catalog.changes.report import Issue
from threescore.errors import BadRequest
from threescore.model.naming import MAX_NAME_LENGTH, RESERVED_NAME, check_name, name_from_label, plural_name_from_label
from threescore.model.objects import Field, ObjectType

MAX_LABEL_LENGTH = 63

MAX_OBJECT_NAME_LENGTH = MAX_NAME_LENGTH - len("targetId")
"""So that the join columns `target<Name>Id` of the objects that can point at every other one fit a column name."""

_WORDS_OF_THE_APIS = frozenset(
    ["batch", "boolean", "float", "int", "metadata", "mutation", "query", "restore", "string", "subscription"]
)
"""Names that objects may not have because a REST path or a GraphQL type of that name means something else."""


def object_naming_issues(draft: Draft, object_type: ObjectType) -> list[Issue]:
    """All that is wrong with an object's names and labels."""
    issues = [
        Issue("INVALID_OBJECT_INPUT", problem, value=name)
        for name in (object_type.name_singular, object_type.name_plural)
        if (problem := _object_name_problem(name))
    ]
    for label in (object_type.label_singular, object_type.label_plural):
        if not label:
            issues.append(Issue("INVALID_OBJECT_INPUT", "Object label is too short", value=label))
        elif len(label) > MAX_LABEL_LENGTH:
            issues.append(Issue("INVALID_OBJECT_INPUT", "Object label is too long", value=label))
    if issues:
        return issues
    if object_type.name_singular.lower() == object_type.name_plural.lower():
        message = "The singular and plural names cannot be the same for an object"
        return [Issue("INVALID_OBJECT_INPUT", message, value=object_type.name_singular)]
    names = {object_type.name_singular, object_type.name_plural}
    if any(o.id != object_type.id and names & {o.name_singular, o.name_plural} for o in draft.objects):
        return [Issue("OBJECT_ALREADY_EXISTS", "Object already exists")]
    if object_type.is_label_synced_with_name and not _is_synced(object_type):
        return [Issue("INVALID_OBJECT_INPUT", "Names are not synced with labels")]
    return []


def field_naming_issues(owner: ObjectType, field: Field) -> list[Issue]:
    """What is wrong with a field's name or the columns it stands for, next to its sibling fields."""
    problem = check_name(field.name)
    if problem is None and any(len(leaf.column) > MAX_NAME_LENGTH for leaf in field.leaves):
        problem = "Name is too long"
    if problem:
        return [Issue("INVALID_FIELD_INPUT", problem, value=field.name)]
    siblings = [sibling for sibling in owner.fields if sibling.id != field.id]
    return list(_clashes(field, siblings))[:1]


def label_issue(label: str, limit: int) -> Issue | None:
    """What is wrong with a field's label."""
    if not label:
        return Issue("INVALID_FIELD_INPUT", "Label is too short", value=label)
    if len(label) > limit:
        return Issue("INVALID_FIELD_INPUT", "Label is too long", value=label)
    return None


def is_field_synced(name: str, label: str) -> bool:
    """Whether a field's name is the one that its label stands for."""
    try:
        return name == name_from_label(label)
    except BadRequest:
        return False


def _object_name_problem(name: str) -> str | None:
    problem = check_name(name)
    if problem is None and len(name) > MAX_OBJECT_NAME_LENGTH:
        return "Name is too long"
    if problem is None and name in _WORDS_OF_THE_APIS:
        return RESERVED_NAME
    return problem


def _is_synced(object_type: ObjectType) -> bool:
    try:
        singular = name_from_label(object_type.label_singular)
        plural = plural_name_from_label(object_type.label_plural, singular)
    except BadRequest:
        return False
    return (object_type.name_singular, object_type.name_plural) == (singular, plural)


def _clashes(field: Field, siblings: list[Field]) -> Iterator[Issue]:
    name = field.name
    if any(sibling.name == name for sibling in siblings):
        yield _taken(name)
    if any(sibling.join_column == name for sibling in siblings):
        yield Issue(
            "NOT_AVAILABLE",
            f'Name "{name}" is not available as it is already used by another join column name',
            f'Name "{name}" is not available as it is already used by join column name',
            value=name,
        )
    if any(sibling.is_composite and name in {leaf.column for leaf in sibling.leaves} for sibling in siblings):
        message = f'Name "{name}" is reserved composite field name'
        yield Issue("RESERVED_KEYWORD", message, f'Name "{name}" is not available', value=name)
    used = {sibling.name for sibling in siblings} | {leaf.column for sibling in siblings for leaf in sibling.leaves}
    for leaf in field.leaves:
        if leaf.column in used:
            yield _taken(leaf.column)


def _taken(name: str) -> Issue:
    return Issue("NOT_AVAILABLE", f'Name "{name}" is not available as it is already used by another field', value=name)
