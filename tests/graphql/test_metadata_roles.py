"""Roles through `/metadata`: what can be set is reported as set, what cannot be is refused with its reason."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.graphql.conftest import Door
from threescore.access.keys import create_key
from threescore.access.row_rules import broken_rules
from threescore.access.tokens import Claims
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import create_workspace
from threescore.db.pool import Database

pytestmark = pytest.mark.anyio

SWITCHES = """canUpdateAllSettings canAccessAllTools canReadAllObjectRecords canUpdateAllObjectRecords
    canSoftDeleteAllObjectRecords canDestroyAllObjectRecords
    canBeAssignedToUsers canBeAssignedToAgents canBeAssignedToApiKeys isEditable"""
RIGHTS = (
    "objectMetadataId canReadObjectRecords canUpdateObjectRecords canSoftDeleteObjectRecords canDestroyObjectRecords"
)
ROLE = f"""id label description icon {SWITCHES} permissionFlags {{ flag roleId }}
    objectPermissions {{ {RIGHTS} restrictedFields }}
    fieldPermissions {{ objectMetadataId fieldMetadataId roleId canReadFieldValue canUpdateFieldValue }}
    rowRules {{ objectMetadataId filter problem }} workspaceMembers {{ id }} agents {{ id }} apiKeys {{ id name }}"""
CREATE = f"mutation($role: CreateRoleInput!) {{ createOneRole(createRoleInput: $role) {{ {ROLE} }} }}"
UPDATE = f"mutation($role: UpdateRoleInput!) {{ updateOneRole(updateRoleInput: $role) {{ {ROLE} }} }}"
DELETE = "mutation($id: UUID!) { deleteOneRole(roleId: $id) }"
GET = f"query($id: UUID!) {{ getRole(id: $id) {{ {ROLE} }} }}"
OBJECTS = f"""mutation($in: UpsertObjectPermissionsInput!) {{
    upsertObjectPermissions(upsertObjectPermissionsInput: $in) {{ {RIGHTS} restrictedFields }} }}"""
FIELDS = """mutation($in: UpsertFieldPermissionsInput!) { upsertFieldPermissions(upsertFieldPermissionsInput: $in) {
    objectMetadataId fieldMetadataId canReadFieldValue canUpdateFieldValue } }"""
FLAGS = """mutation($in: UpsertPermissionFlagsInput!) { upsertPermissionFlags(upsertPermissionFlagsInput: $in) {
    id roleId flag } }"""
PREDICATES = """mutation($in: UpsertRowLevelPermissionPredicatesInput!) {
    upsertRowLevelPermissionPredicates(input: $in) {
    predicates { id fieldMetadataId operand value subFieldName rowLevelPermissionPredicateGroupId
        workspaceMemberFieldMetadataId } predicateGroups { id logicalOperator } } }"""
RULE = """mutation($in: SetRowRuleInput!) { setRowRule(input: $in) { objectMetadataId filter problem } }"""
DEFAULT = "mutation($id: UUID!) { updateWorkspace(data: {defaultRoleId: $id}) { defaultRole { id } } }"


async def model(door: Door) -> dict[str, dict[str, str]]:
    """Object ids and field ids: `company` → `{"": its id, "name": …}`."""
    found = await door(
        "{ objects(paging: {first: 1000}) { edges { node { id nameSingular fieldsList { id name } } } } }"
    )
    return {
        edge["node"]["nameSingular"]: {
            "": edge["node"]["id"],
            **{field["name"]: field["id"] for field in edge["node"]["fieldsList"]},
        }
        for edge in found["edges"]
    }


async def new_role(door: Door, **more: Any) -> str:
    made = await door(CREATE, role={"label": str(uuid4()), **more})
    role_id: str = made["id"]
    return role_id


async def as_key_of(db: Database, door: Door, role_id: str) -> Door:
    """A door that a key with this role asks."""
    async with db.transaction() as connection:
        key = await create_key(
            connection,
            door.claims.workspace_id,
            "Other",
            datetime.now(UTC) + timedelta(days=1),
            role_id=UUID(role_id),
        )
    other = Door(db, door.tokens.mint(key.workspace_id, key.id, key.expires_at), door.secret)
    assert isinstance(other.claims, Claims)
    return other


async def test_a_role_allows_nothing_but_what_is_said(door: Door, other_door: Door) -> None:
    made = await door(CREATE, role={"label": "Only  label "})
    assert made["label"] == "Only label"
    assert {name for name, value in made.items() if value is True} == {
        "canBeAssignedToUsers",
        "canBeAssignedToAgents",
        "canBeAssignedToApiKeys",
        "isEditable",
    }
    # Another worker knows it at once.
    assert await other_door(GET, id=made["id"]) == made
    changed = await door(
        UPDATE,
        role={
            "id": made["id"],
            "update": {
                "label": "Sales",
                "description": "Who sells",
                "icon": "IconCoins",
                "canReadAllObjectRecords": True,
            },
        },
    )
    assert changed == {
        **made,
        "label": "Sales",
        "description": "Who sells",
        "icon": "IconCoins",
        "canReadAllObjectRecords": True,
    }
    assert await other_door(GET, id=made["id"]) == changed
    assert [role["label"] for role in await door("{ getRoles { label } }")] == ["Admin", "Member", "Sales"]
    assert await door(DELETE, id=made["id"]) == made["id"]
    assert (await other_door.refused(GET, id=made["id"]))["subCode"] == "ROLE_NOT_FOUND"


async def test_labels_are_unique(door: Door) -> None:
    await new_role(door, label="Sales")
    error = await door.refused(CREATE, role={"label": "Sales"})
    assert error["message"] == "Multiple validation errors occurred while creating role"
    assert (error["code"], error["summary"]) == ("METADATA_VALIDATION_FAILED", {"totalErrors": 1, "role": 1})
    (item,) = error["errors"]["role"]
    assert (item["type"], item["metadataName"], item["status"]) == ("create", "role", "fail")
    assert item["flatEntityMinimalInformation"]["label"] == "Sales"
    assert item["errors"] == [
        {
            "code": "ROLE_LABEL_ALREADY_EXISTS",
            "message": "A role with this label already exists",
            "userFriendlyMessage": "A role with this label already exists.",
        }
    ]
    assert error["userFriendlyMessage"] == "A role with this label already exists."
    other = await new_role(door)
    error = await door.refused(UPDATE, role={"id": other, "update": {"label": "Sales"}})
    assert error["errors"]["role"][0]["errors"][0]["code"] == "ROLE_LABEL_ALREADY_EXISTS"
    for wrong in ("", "  ", "a\u0000", "x" * 256):
        assert (await door.refused(CREATE, role={"label": wrong}))["code"] == "BAD_USER_INPUT"
    taken = await new_role(door)
    assert (await door.refused(CREATE, role={"label": "New", "id": taken}))["code"] == "CONFLICT"


async def test_the_administrators_role_stays_as_it_is(door: Door) -> None:
    admin, member = await door("{ getRoles { id } }")
    things = await model(door)
    company = things["company"]
    for query, variables in (
        (UPDATE, {"role": {"id": admin["id"], "update": {"label": "Root"}}}),
        (DELETE, {"id": admin["id"]}),
        (OBJECTS, {"in": {"roleId": admin["id"], "objectPermissions": []}}),
        (FIELDS, {"in": {"roleId": admin["id"], "fieldPermissions": []}}),
        (FLAGS, {"in": {"roleId": admin["id"], "permissionFlagKeys": []}}),
        (RULE, {"in": {"roleId": admin["id"], "objectMetadataId": company[""], "filter": None}}),
    ):
        error = await door.refused(query, **variables)
        assert error["errors"]["role"][0]["errors"][0]["code"] == "ROLE_NOT_EDITABLE"
    assert (await door.refused(DELETE, id=member["id"]))["subCode"] == "DEFAULT_ROLE_CANNOT_BE_DELETED"


async def test_rights_of_objects(door: Door) -> None:
    things = await model(door)
    role = await new_role(door, canReadAllObjectRecords=True)
    given = [{"objectMetadataId": things["opportunity"][""], "canReadObjectRecords": False}]
    shown = await door(OBJECTS, **{"in": {"roleId": role, "objectPermissions": given}})
    nothing = dict.fromkeys(
        ("canUpdateObjectRecords", "canSoftDeleteObjectRecords", "canDestroyObjectRecords", "restrictedFields")
    )
    assert shown == [{**nothing, **given[0]}]
    given = [
        {"objectMetadataId": things["person"][""], "canReadObjectRecords": False},
        {"objectMetadataId": things["company"][""], "canReadObjectRecords": True, "canUpdateObjectRecords": True},
    ]
    shown = await door(OBJECTS, **{"in": {"roleId": role, "objectPermissions": given}})
    assert shown == [{**nothing, **item} for item in given]
    # The set is replaced.
    kept = (await door(GET, id=role))["objectPermissions"]
    assert sorted(kept, key=str) == sorted(shown, key=str)
    for wrong, code in (
        ([{"objectMetadataId": str(uuid4())}], "OBJECT_METADATA_NOT_FOUND"),
        ([given[0], given[0]], "INVALID_ARG"),
    ):
        error = await door.refused(OBJECTS, **{"in": {"roleId": role, "objectPermissions": wrong}})
        assert error["subCode"] == code
    write_only = [{**given[0], "canUpdateObjectRecords": True}]
    error = await door.refused(OBJECTS, **{"in": {"roleId": role, "objectPermissions": write_only}})
    (issue,) = error["errors"]["role"][0]["errors"]
    assert issue["code"] == "CANNOT_GIVE_WRITING_PERMISSION_ON_NON_READABLE_OBJECT"
    assert "people" in issue["message"]
    for change in ({"canDestroyAllObjectRecords": True, "canReadAllObjectRecords": False},):
        error = await door.refused(UPDATE, role={"id": role, "update": change})
        assert error["errors"]["role"][0]["errors"][0]["code"].startswith("CANNOT_GIVE_WRITING_PERMISSION")
    assert (await door(GET, id=role))["objectPermissions"] == kept


async def test_rights_of_fields(door: Door) -> None:
    things = await model(door)
    company = things["company"]
    role = await new_role(door, canReadAllObjectRecords=True)

    def rights(name: str, read: bool | None, update: bool | None) -> dict[str, Any]:
        return {
            "objectMetadataId": company[""],
            "fieldMetadataId": company[name],
            "canReadFieldValue": read,
            "canUpdateFieldValue": update,
        }

    async def upsert(*given: dict[str, Any]) -> Any:
        return await door(FIELDS, **{"in": {"roleId": role, "fieldPermissions": list(given)}})

    first = rights("annualRevenue", False, False)
    second = rights("name", None, False)
    assert await upsert(first, second) == [first, second]
    third = rights("name", False, None)
    assert await upsert(third) == [third]
    kept = (await door(GET, id=role))["fieldPermissions"]
    assert sorted(kept, key=str) == sorted(({**item, "roleId": role} for item in (first, third)), key=str)
    assert await upsert(rights("name", None, None)) == []
    assert (await door(GET, id=role))["fieldPermissions"] == [{**first, "roleId": role}]
    for wrong, code in (
        (rights("name", True, None), "ONLY_FIELD_RESTRICTION_ALLOWED"),
        (rights("name", None, True), "ONLY_FIELD_RESTRICTION_ALLOWED"),
        ({**first, "fieldMetadataId": things["person"]["name"]}, "FIELD_METADATA_NOT_FOUND"),
        ({**first, "objectMetadataId": str(uuid4())}, "OBJECT_METADATA_NOT_FOUND"),
        *(
            (rights(name, False, None), "SYSTEM_FIELD_RESTRICTION")
            for name in ("id", "createdAt", "deletedAt", "position")
        ),
    ):
        error = await door.refused(FIELDS, **{"in": {"roleId": role, "fieldPermissions": [wrong]}})
        assert error["subCode"] == code
    deleting = "mutation($id: UUID!) { deleteOneField(input: {id: $id}) { id } }"
    adding = """mutation($id: UUID!) { createOneField(input: {field: {
        objectMetadataId: $id, type: TEXT, name: "extra", label: "Extra"}}) { id } }"""
    company["extra"] = (await door(adding, id=company[""]))["id"]
    await upsert(rights("extra", False, None))
    await door(deleting, id=company["extra"])
    assert (await door(GET, id=role))["fieldPermissions"] == [{**first, "roleId": role}]


async def test_flags(door: Door) -> None:
    role = await new_role(door)
    for keys in (["DATA_MODEL", "AI", "AI"], ["ROLES"], []):
        shown = await door(FLAGS, **{"in": {"roleId": role, "permissionFlagKeys": keys}})
        assert [item["flag"] for item in shown] == sorted(set(keys))
        assert {item["roleId"] for item in shown} <= {role}
    error = await door.refused(FLAGS, **{"in": {"roleId": role, "permissionFlagKeys": ["FLY"]}})
    assert error["subCode"] == "INVALID_SETTING"
    assert error["message"].startswith('"FLY" is no permission flag; there are API_KEYS_AND_WEBHOOKS, ')
    shown = await door("{ getPermissionFlags { id key label permissionType } }")
    assert len(shown) == len({item["id"] for item in shown}) == 26


async def test_row_rules_as_filters(door: Door) -> None:
    things = await model(door)
    role = await new_role(door, canReadAllObjectRecords=True)
    base = {"roleId": role, "objectMetadataId": things["company"][""]}
    for filter in (
        {"name": {"like": "A%"}},
        {"or": [{"accountOwnerId": {"eq": "me"}}, {"people": {"city": {"eq": "Ghent"}}}]},
        {"not": {"accountOwner": {"id": {"in": ["me"]}}}},
    ):
        shown = await door(RULE, **{"in": {**base, "filter": filter}})
        assert shown == [{"objectMetadataId": base["objectMetadataId"], "filter": filter, "problem": None}]
    for wrong, message in (
        ({"nonsense": {"eq": 1}}, 'doesn\'t have any "nonsense" field'),
        ({"employees": {"eq": "me"}}, "employees"),
        ({"name": {"near": "A"}}, "near"),
        ({"accountOwnerId": {"neq": "me"}}, "accountOwnerId"),
        ({"and": []}, "must hold a condition"),
        ({"or": [{}, {"name": {"eq": "A"}}]}, "must hold a condition"),
        ([], "must be an object"),
        ("x", "must be an object"),
    ):
        error = await door.refused(RULE, **{"in": {**base, "filter": wrong}})
        assert error["code"] == "BAD_USER_INPUT"
        assert message in error["message"]
    assert (await door.refused(RULE, **{"in": {**base, "objectMetadataId": str(uuid4()), "filter": {}}}))["subCode"]
    assert (await door(GET, id=role))["rowRules"][0]["filter"] == {"not": {"accountOwner": {"id": {"in": ["me"]}}}}
    assert await door(RULE, **{"in": {**base, "filter": None}}) == []


async def test_row_rules_as_predicates(door: Door) -> None:
    things = await model(door)
    company, members = things["company"], things["workspaceMember"]
    role = await new_role(door, canReadAllObjectRecords=True)
    base = {"roleId": role, "objectMetadataId": company[""]}
    either, inner = str(uuid4()), str(uuid4())
    groups = [
        {"id": either, "objectMetadataId": company[""], "logicalOperator": "OR"},
        {
            "id": inner,
            "objectMetadataId": company[""],
            "logicalOperator": "AND",
            "parentRowLevelPermissionPredicateGroupId": either,
        },
    ]
    predicates: list[dict[str, Any]] = [
        {"fieldMetadataId": company["name"], "operand": "CONTAINS", "value": "50%"},
        {
            "fieldMetadataId": company["accountOwner"],
            "operand": "IS",
            "workspaceMemberFieldMetadataId": members["id"],
            "rowLevelPermissionPredicateGroupId": either,
        },
        {
            "fieldMetadataId": company["employees"],
            "operand": "GREATER_THAN_OR_EQUAL",
            "value": 5,
            "rowLevelPermissionPredicateGroupId": inner,
        },
        {
            "fieldMetadataId": company["domainName"],
            "subFieldName": "primaryLinkUrl",
            "operand": "IS_NOT_EMPTY",
            "rowLevelPermissionPredicateGroupId": inner,
        },
    ]
    shown = await door(PREDICATES, **{"in": {**base, "predicates": predicates, "predicateGroups": groups}})
    assert [item["operand"] for item in shown["predicates"]] == [item["operand"] for item in predicates]
    assert [item["id"] for item in shown["predicateGroups"]] == [either, inner]
    (rule,) = (await door(GET, id=role))["rowRules"]
    assert rule["filter"] == {
        "and": [
            {"name": {"ilike": "%50\\%%"}},
            {
                "or": [
                    {"accountOwnerId": {"eq": "me"}},
                    {"and": [{"employees": {"gte": 5}}, {"domainName": {"primaryLinkUrl": {"is": "NOT_NULL"}}}]},
                ]
            },
        ]
    }
    assert rule["problem"] is None
    again = await door(
        """query($id: UUID!) { getRole(id: $id) {
            rowLevelPermissionPredicates { id } rowLevelPermissionPredicateGroups { id } } }""",
        id=role,
    )
    assert [item["id"] for item in again["rowLevelPermissionPredicates"]] == [
        item["id"] for item in shown["predicates"]
    ]
    rights = [{"objectMetadataId": item, "canReadObjectRecords": True} for item in (company[""], things["person"][""])]
    listed = await door(
        """mutation($in: UpsertObjectPermissionsInput!) { upsertObjectPermissions(upsertObjectPermissionsInput: $in) {
            rowLevelPermissionPredicates { id } rowLevelPermissionPredicateGroups { id } } }""",
        **{"in": {"roleId": role, "objectPermissions": rights}},
    )
    assert listed == [again, {"rowLevelPermissionPredicates": [], "rowLevelPermissionPredicateGroups": []}]
    for wrong, message in (
        ({"fieldMetadataId": company["createdAt"], "operand": "IS_TODAY"}, "depends on the time of the request"),
        ({"fieldMetadataId": company["domainName"], "operand": "IS_EMPTY"}, "subFieldName must be one of"),
        ({"fieldMetadataId": company["people"], "operand": "IS", "value": "x"}, "only the side of a relation"),
        ({"fieldMetadataId": things["person"]["name"], "operand": "IS_EMPTY"}, "have no field"),
        ({"fieldMetadataId": company["name"], "operand": "CONTAINS"}, "a text to look for is needed"),
        ({**predicates[1], "workspaceMemberFieldMetadataId": members["name"]}, "only the id"),
        ({**predicates[0], "rowLevelPermissionPredicateGroupId": str(uuid4())}, "which is not given"),
    ):
        error = await door.refused(PREDICATES, **{"in": {**base, "predicates": [wrong], "predicateGroups": groups[:1]}})
        assert message in error["message"]
    circle = [
        {**groups[0], "parentRowLevelPermissionPredicateGroupId": inner},
        groups[1],
    ]
    error = await door.refused(PREDICATES, **{"in": {**base, "predicates": [], "predicateGroups": circle}})
    assert "inside of itself" in error["message"]
    assert await door(PREDICATES, **{"in": {**base, "predicates": [], "predicateGroups": []}}) == {
        "predicates": [],
        "predicateGroups": [],
    }
    assert (await door(GET, id=role))["rowRules"] == []


async def test_a_rule_that_no_longer_fits_hides_all(db: Database, door: Door) -> None:
    things = await model(door)
    company = things["company"][""]
    adding = """mutation($id: UUID!) { createOneField(input: {field: {
        objectMetadataId: $id, type: TEXT, name: "region", label: "Region"}}) { id } }"""
    field = (await door(adding, id=company))["id"]
    role = await new_role(door, canReadAllObjectRecords=True)
    rule = {"roleId": role, "objectMetadataId": company, "filter": {"region": {"eq": "North"}}}
    await door(RULE, **{"in": rule})
    renaming = 'mutation($id: UUID!) { updateOneField(input: {id: $id, update: {name: "area"}}) { id } }'
    await door(renaming, id=field)
    (shown,) = (await door(GET, id=role))["rowRules"]
    assert 'doesn\'t have any "region" field' in shown["problem"]
    state = await Workspaces(db).present(door.claims.workspace_id)
    ((broken, problem),) = broken_rules(state.model, state.roles[UUID(role)])
    assert (str(broken.object_id), problem) == (company, shown["problem"])
    # It can be put right, and goes with its object.
    await door(RULE, **{"in": {**rule, "filter": {"area": {"eq": "North"}}}})
    state = await Workspaces(db).present(door.claims.workspace_id)
    assert broken_rules(state.model, state.roles[UUID(role)]) == []


async def test_nobody_grants_more_than_they_hold(db: Database, door: Door) -> None:
    things = await model(door)
    limits = {"canReadAllObjectRecords": True, "canAccessAllTools": True}
    own = await new_role(door, **limits)
    await door(FLAGS, **{"in": {"roleId": own, "permissionFlagKeys": ["ROLES", "API_KEYS_AND_WEBHOOKS", "WORKSPACE"]}})
    hidden = {"objectMetadataId": things["note"][""], "canReadObjectRecords": False}
    await door(OBJECTS, **{"in": {"roleId": own, "objectPermissions": [hidden]}})
    admin, member = (role["id"] for role in await door("{ getRoles { id } }") if role["id"] != own)
    limited = await as_key_of(db, door, own)

    async def refused(query: str, about: str, **variables: Any) -> None:
        error = await limited.refused(query, **variables)
        assert (error["code"], error["subCode"]) == ("FORBIDDEN", "PERMISSION_DENIED"), error
        assert about in error["message"]

    # A role of its own making, as strong as itself, but no stronger.
    weaker = await new_role(limited)
    await refused(CREATE, "all settings", role={"label": "X", "canUpdateAllSettings": True})
    await refused(UPDATE, "to update", role={"id": own, "update": {"canUpdateAllObjectRecords": True}})
    await refused(UPDATE, "to read notes", role={"id": weaker, "update": {"canReadAllObjectRecords": True}})
    await refused(FLAGS, "DATA_MODEL", **{"in": {"roleId": own, "permissionFlagKeys": ["ROLES", "DATA_MODEL"]}})
    await refused(OBJECTS, "to read notes", **{"in": {"roleId": own, "objectPermissions": []}})
    assert await limited(OBJECTS, **{"in": {"roleId": weaker, "objectPermissions": [hidden]}})
    assert await limited(UPDATE, role={"id": weaker, "update": {"canReadAllObjectRecords": True}})
    # Nor is a stronger one touched, handed out, made the default, or used to mint a token.
    await refused(UPDATE, "Member", role={"id": member, "update": {"label": "Fools"}})
    await refused(DEFAULT, "Member", id=member)
    create = "mutation($in: CreateApiKeyInput!) { createApiKey(input: $in) { id role { id } } }"
    later = "2100-01-01T00:00:00.000Z"
    await refused(create, "Admin", **{"in": {"name": "K", "expiresAt": later, "roleId": admin}})
    made = await limited(create, **{"in": {"name": "K", "expiresAt": later, "roleId": own}})
    assign = "mutation($key: UUID!, $role: UUID!) { assignRoleToApiKey(apiKeyId: $key, roleId: $role) }"
    await refused(assign, "Admin", key=made["id"], role=admin)
    assert await limited(assign, key=made["id"], role=weaker)
    first = str(door.claims.principal_id)
    await refused(assign, "Admin", key=first, role=weaker)
    mint = 'mutation($key: UUID!) { generateApiKeyToken(apiKeyId: $key, expiresAt: "2100-01-01") { token } }'
    await refused(mint, "Admin", key=first)
    await refused("mutation($key: UUID!) { regenerateApiKeyToken(apiKeyId: $key) { token } }", "Admin", key=first)
    change = "mutation($in: UpdateApiKeyInput!) { updateApiKey(input: $in) { id } }"
    stronger: dict[str, Any]
    for stronger in ({"expiresAt": later}, {"revokedAt": None}, {"scope": None}, {"allowedNetworks": []}):
        await refused(change, "Admin", **{"in": {"id": first, **stronger}})
    assert (await limited(mint, key=made["id"]))["token"]
    # What was refused has left nothing behind.
    kept = {role["label"] for role in await door("{ getRoles { label } }")}
    assert {"Admin", "Member"} < kept
    assert "X" not in kept


async def test_deleting_a_role(db: Database, door: Door, other_door: Door) -> None:
    role = await new_role(door, canReadAllObjectRecords=True)
    keyed = await as_key_of(db, door, role)
    assert await keyed("{ currentWorkspace { id } }")
    user, membership, person = uuid4(), uuid4(), uuid4()
    await db.execute('INSERT INTO threescore."user" (id, email) VALUES ($1, $2)', user, f"{user}@x.example")
    await db.execute(
        "INSERT INTO threescore.membership (id, workspace_id, user_id, workspace_member_id, role_id)"
        " VALUES ($1, $2, $3, $4, $5)",
        *(membership, door.claims.workspace_id, user, person, UUID(role)),
    )
    assert (await door(GET, id=role))["workspaceMembers"] == [{"id": str(person)}]
    assert await door(DELETE, id=role) == role
    _, member = await other_door("{ getRoles { id workspaceMembers { id userEmail } } }")
    assert member["workspaceMembers"] == [{"id": str(person), "userEmail": f"{user}@x.example"}]
    # A key without a role is let in nowhere, and shown as it is.
    error = await keyed.refused("{ currentWorkspace { id } }")
    assert error["message"] == 'The API key "Other" has no role'
    assert error["subCode"] == "API_KEY_NO_ROLE_ASSIGNED"
    assert {"name": "Other", "role": None} in await door("{ apiKeys { name role { id } } }")


async def test_the_default_role(door: Door, other_door: Door) -> None:
    role = await new_role(door)
    assert await door(DEFAULT, id=role) == {"defaultRole": {"id": role}}
    assert (await other_door("{ currentWorkspace { defaultRole { id } } }"))["defaultRole"]["id"] == role
    assert (await door.refused(DELETE, id=role))["subCode"] == "DEFAULT_ROLE_CANNOT_BE_DELETED"
    programs = await new_role(door, canBeAssignedToUsers=False)
    change = {"id": role, "update": {"canBeAssignedToUsers": False}}
    assert (await door.refused(UPDATE, role=change))["subCode"] == "ROLE_CANNOT_BE_ASSIGNED_TO_USERS"
    assert (await door.refused(DEFAULT, id=programs))["subCode"] == "ROLE_CANNOT_BE_ASSIGNED_TO_USERS"
    assert (await door.refused(DEFAULT, id=str(uuid4())))["subCode"] == "ROLE_NOT_FOUND"


async def test_roles_of_other_workspaces_do_not_exist(db: Database, door: Door) -> None:
    elsewhere = await create_workspace(db, f"Elsewhere {uuid4()}")
    state = await Workspaces(db).present(elsewhere.id)
    theirs = str(next(iter(state.roles)))
    company = (await model(door))["company"][""]
    mine = await new_role(door)
    variables: dict[str, Any]
    their_company = str(state.model.by_singular["company"].id)
    for query, variables in (
        (GET, {"id": theirs}),
        (UPDATE, {"role": {"id": theirs, "update": {"label": "X"}}}),
        (DELETE, {"id": theirs}),
        (OBJECTS, {"in": {"roleId": theirs, "objectPermissions": []}}),
        (FIELDS, {"in": {"roleId": theirs, "fieldPermissions": []}}),
        (FLAGS, {"in": {"roleId": theirs, "permissionFlagKeys": []}}),
        (RULE, {"in": {"roleId": theirs, "objectMetadataId": company, "filter": None}}),
        (DEFAULT, {"id": theirs}),
    ):
        error = await door.refused(query, **variables)
        assert (error["message"], error["code"]) == ("Could not find role for given roleId", "NOT_FOUND")
    for query, variables in (
        (OBJECTS, {"in": {"roleId": mine, "objectPermissions": [{"objectMetadataId": their_company}]}}),
        (RULE, {"in": {"roleId": mine, "objectMetadataId": their_company, "filter": {"name": {"eq": "x"}}}}),
    ):
        assert (await door.refused(query, **variables))["subCode"] == "OBJECT_METADATA_NOT_FOUND"
