"""What callers say about roles, in the names of the wire. The types are those that the GraphQL schema has checked."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from msgspec import UNSET

from threescore.access.flags import FLAGS
from threescore.access.roles import FieldRights, ObjectRights
from threescore.access.row_rules import Predicate, PredicateGroup
from threescore.catalog.changes.inputs import MAX_DESCRIPTION, MAX_TEXT, Body
from threescore.errors import BadRequest, InvalidInput
from threescore.model.fields.values import check_json

Input = Mapping[str, Any]

SWITCHES: Mapping[str, str] = {
    "canUpdateAllSettings": "can_update_all_settings",
    "canAccessAllTools": "can_access_all_tools",
    "canReadAllObjectRecords": "can_read_all_object_records",
    "canUpdateAllObjectRecords": "can_update_all_object_records",
    "canSoftDeleteAllObjectRecords": "can_soft_delete_all_object_records",
    "canDestroyAllObjectRecords": "can_destroy_all_object_records",
    "canBeAssignedToUsers": "can_be_assigned_to_users",
    "canBeAssignedToAgents": "can_be_assigned_to_agents",
    "canBeAssignedToApiKeys": "can_be_assigned_to_api_keys",
}
"""The attributes of a role that are on or off, by their names on the wire."""

OBJECT_RIGHTS: Mapping[str, str] = {
    "canReadObjectRecords": "can_read",
    "canUpdateObjectRecords": "can_update",
    "canSoftDeleteObjectRecords": "can_soft_delete",
    "canDestroyObjectRecords": "can_destroy",
}

FIELD_RIGHTS: Mapping[str, str] = {"canReadFieldValue": "can_read", "canUpdateFieldValue": "can_update"}


def read_role(body: Input, *, creating: bool) -> dict[str, Any]:
    """The attributes of a role that are given. Raises InvalidInput with all that is wrong."""
    reader = Body(dict(body))
    found: dict[str, Any] = {
        "label": reader.label("label", required=creating),
        "description": reader.text("description", MAX_DESCRIPTION),
        "icon": reader.text("icon"),
        **{attribute: reader.flag(name) for name, attribute in SWITCHES.items()},
    }
    if isinstance(found["label"], str) and len(found["label"]) > MAX_TEXT:
        reader.problems.append(f"label must be shorter than or equal to {MAX_TEXT} characters")
    if found["label"] == "" and body["label"]:
        reader.problems.append("label should not be empty")
    if creating:
        found["id"] = reader.uuid("id") or UNSET
    reader.check()
    return {name: value for name, value in found.items() if value is not UNSET}


def read_object_rights(items: Iterable[Input]) -> list[ObjectRights]:
    """Rules about objects."""
    return [ObjectRights(object_id=UUID(item["objectMetadataId"]), **_given(item, OBJECT_RIGHTS)) for item in items]


def read_field_rights(items: Iterable[Input]) -> list[FieldRights]:
    """Rules about fields."""
    return [
        FieldRights(
            object_id=UUID(item["objectMetadataId"]),
            field_id=UUID(item["fieldMetadataId"]),
            **_given(item, FIELD_RIGHTS),
        )
        for item in items
    ]


def read_flags(keys: Iterable[str]) -> tuple[str, ...]:
    """Permission flags, each once. Raises BadRequest for one that there is not."""
    found = set(keys)
    for key in found - FLAGS.keys():
        raise BadRequest(f'"{key[:100]}" is no permission flag; there are {", ".join(FLAGS)}', code="INVALID_SETTING")
    return tuple(sorted(found))


def read_predicates(items: Iterable[Input]) -> list[Predicate]:
    """The predicates of a row rule; those without an id get a new one. Raises BadRequest."""
    found = []
    for item in items:
        check_json([item.get("value")], "value")
        found.append(
            Predicate(
                id=_id(item, "id") or uuid4(),
                field_id=UUID(item["fieldMetadataId"]),
                operand=item["operand"],
                value=item.get("value"),
                sub_field=item.get("subFieldName"),
                member_field_id=_id(item, "workspaceMemberFieldMetadataId"),
                member_sub_field=item.get("workspaceMemberSubFieldName"),
                group_id=_id(item, "rowLevelPermissionPredicateGroupId"),
                position=item.get("positionInRowLevelPermissionPredicateGroup"),
            )
        )
    return found


def read_groups(items: Iterable[Input]) -> list[PredicateGroup]:
    """The groups of the predicates of a row rule; those without an id get a new one."""
    return [
        PredicateGroup(
            id=_id(item, "id") or uuid4(),
            operator=item["logicalOperator"],
            parent_id=_id(item, "parentRowLevelPermissionPredicateGroupId"),
            position=item.get("positionInRowLevelPermissionPredicateGroup"),
        )
        for item in items
    ]


def read_row_filter(value: Any) -> dict[str, Any] | None:
    """The filter of a row rule. Raises InvalidInput for what is none, BadRequest for what cannot be stored."""
    if value is not None and not isinstance(value, dict):
        raise InvalidInput("The filter of a row rule must be an object of fields and conditions")
    check_json([value], "filter")
    return value


def _given(item: Input, names: Mapping[str, str]) -> dict[str, bool | None]:
    return {attribute: item.get(name) for name, attribute in names.items()}


def _id(item: Input, name: str) -> UUID | None:
    value = item.get(name)
    return UUID(value) if value else None
