"""The table of permissions: complete, and held to by both doors."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, is_leaf_type, is_list_type

from threescore.access.flags import FLAGS
from threescore.access.keys import create_key, signing_secret
from threescore.access.operations import NEEDED, OPEN, check_operation
from threescore.access.roles import Role, insert_role
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.errors import Forbidden
from threescore.graphql.metadata.schema import metadata_schema
from threescore.records.caller import Caller
from threescore.rest.metadata import OPERATIONS

NO_PERMISSION = "Entity performing the request does not have permission"


def operations() -> dict[str, str]:
    """All operations of the metadata schema, each with a document that calls it."""
    schema = metadata_schema()
    found = {}
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            arguments = ", ".join(
                f"{argument}: {literal(item.type)}"
                for argument, item in field.args.items()
                if isinstance(item.type, GraphQLNonNull)
            )
            found[name] = f"{kind} {{ {name}{f'({arguments})' if arguments else ''}{selection(field.type)} }}"
    return found


def literal(kind: Any) -> str:
    """A value of an input type."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if is_list_type(kind):
        return "[]"
    if isinstance(kind, GraphQLInputObjectType):
        fields = {name: field for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in fields.items()) + "}"
    if hasattr(kind, "values"):
        return str(next(iter(kind.values)))
    return {"UUID": f'"{uuid4()}"', "Boolean": "true", "Int": "1", "Float": "1"}.get(kind.name, '"x"')


def selection(kind: Any) -> str:
    while hasattr(kind, "of_type"):
        kind = kind.of_type
    if not isinstance(kind, GraphQLObjectType) or is_leaf_type(kind):
        return ""
    return " { __typename }"


OPERATION_NAMES = sorted(operations())


def test_every_operation_is_in_the_table_or_open() -> None:
    assert set(OPERATION_NAMES) == NEEDED.keys() | OPEN
    assert not NEEDED.keys() & OPEN
    for flags in NEEDED.values():
        assert flags
        assert set(flags) <= FLAGS.keys()
    assert set(OPERATIONS.values()) <= NEEDED.keys() | OPEN


@pytest.mark.anyio
async def test_what_is_not_in_the_table_is_for_nobody(db: Database, workspace: Workspace, token: str) -> None:
    claims = Tokens(await signing_secret(db, None)).verify(token)
    administrator = Caller.of(await Workspaces(db).present(workspace.id), claims)
    for name in (*NEEDED, *OPEN):
        check_operation(administrator, name)
    with pytest.raises(Forbidden, match='Nobody may use "launchRocket"'):
        check_operation(administrator, "launchRocket")


@pytest.fixture
def key_with(
    server: str, workspace: Workspace, portal: BlockingPortal, shared_db: Database
) -> Callable[..., httpx.Client]:
    """A function that gives a client whose key has a role with these flags and nothing else."""

    async def make(flags: tuple[str, ...], more: dict[str, Any]) -> str:
        role = Role(id=uuid4(), universal_identifier=uuid4(), label=str(uuid4()), **more)
        async with shared_db.transaction() as connection:
            await insert_role(connection, workspace.id, role)
            for flag in flags:
                await connection.execute("INSERT INTO threescore.role_flag VALUES ($1, $2)", role.id, flag)
            until = datetime.now(UTC) + timedelta(days=1)
            key = await create_key(connection, workspace.id, "Limited", until, role_id=role.id)
        return Tokens(await signing_secret(shared_db, None)).mint(workspace.id, key.id, until)

    def client(*flags: str, **more: Any) -> httpx.Client:
        token = portal.call(make, flags, more)
        return httpx.Client(base_url=server, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    return client


def test_graphql_refuses_each_operation_to_those_without_its_flags(key_with: Callable[..., httpx.Client]) -> None:
    """And for want of one flag only, not of another."""
    documents = operations()
    with key_with() as nobody, key_with(can_update_all_settings=True, can_access_all_tools=True) as all_settings:
        for name, document in documents.items():
            errors = nobody.post("/metadata", json={"query": document}).json().get("errors", [])
            refusals = [error for error in errors if error["message"] == NO_PERMISSION]
            if name in OPEN:
                assert not refusals, name
                continue
            (error,) = errors
            assert error["message"] == NO_PERMISSION, name
            extensions = error["extensions"]
            assert (extensions["code"], extensions["subCode"]) == ("FORBIDDEN", "PERMISSION_DENIED")
            assert extensions["needs"] == NEEDED[name][0]
            assert extensions["userFriendlyMessage"] == "User does not have permission."
            if name == "deleteCurrentWorkspace":
                # Nothing would answer after it.
                continue
            errors = all_settings.post("/metadata", json={"query": document}).json().get("errors", [])
            assert not [error for error in errors if error["message"] == NO_PERMISSION], name
    for flags in sorted(set(NEEDED.values())):
        for missing in flags:
            with key_with(*(flag for flag in FLAGS if flag != missing)) as client:
                for name in (name for name, needed in NEEDED.items() if missing in needed):
                    errors = client.post("/metadata", json={"query": documents[name]}).json()["errors"]
                    assert [error["extensions"].get("needs") for error in errors] == [missing], name


def test_rest_refuses_the_same(key_with: Callable[..., httpx.Client]) -> None:
    with key_with() as client:
        for (resource, method), operation in OPERATIONS.items():
            first, _, last = resource.partition("/")
            item = f"/{uuid4()}" if last or (method != "POST") else ""
            path = f"/rest/metadata/{first}{item}{f'/{last}' if last else ''}"
            body: Any = {} if method in ("POST", "PATCH", "PUT") else None
            response = client.request(method, path, json=body)
            if operation in OPEN:
                assert response.status_code == 404
                continue
            status = 400 if first == "apiKeys" else 403
            assert (response.status_code, response.json()) == (
                status,
                {
                    "statusCode": status,
                    "error": "Error",
                    "messages": [NO_PERMISSION],
                    "code": "PERMISSION_DENIED",
                    "needs": NEEDED[operation][0],
                },
            )
        assert client.get("/rest/metadata/objects").status_code == 200
        assert client.get("/rest/metadata/apiKeys").status_code == 400
        assert client.get("/rest/apiKeys").status_code == 400


def test_what_roles_allow_is_not_told_to_everybody(key_with: Callable[..., httpx.Client]) -> None:
    with key_with() as client:
        for part in (
            "apiKeys { id }",
            "workspaceMembers { id }",
            "rowRules { filter }",
            "rowLevelPermissionPredicates { id }",
        ):
            body = {"query": f"{{ currentWorkspace {{ id defaultRole {{ label {part} }} }} }}"}
            (error,) = client.post("/metadata", json=body).json()["errors"]
            assert error["message"] == NO_PERMISSION, part
        body = {"query": "{ currentWorkspace { defaultRole { label } } }"}
        assert client.post("/metadata", json=body).json()["data"]["currentWorkspace"]["defaultRole"] == {
            "label": "Member"
        }
