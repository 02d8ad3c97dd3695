"""Every operation that changes people, roles, keys, webhooks, the model or settings leaves one entry about it."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from argon2 import PasswordHasher

from tests.access.people import (
    GET_LOGIN,
    GET_TOKENS,
    ORIGIN,
    PASSWORD,
    RENEW,
    SIGN_IN,
    SIGN_UP,
    SIGN_UP_IN_WORKSPACE,
    Client,
    new_email,
    pair,
    somebody,
)
from tests.access.test_audit import LATER, ROCKET, graphql, log
from tests.support import serving, wait_until
from threescore.access.audit import Question, read_audit
from threescore.access.invitations import new_secret, secret_hash
from threescore.access.people import People, Rules
from threescore.access.refused_sign_ins import ENTRIES
from threescore.access.roles import admin_role
from threescore.access.seats import join
from threescore.access.tokens import Tokens
from threescore.access.users import create_user
from threescore.catalog.workspaces import Workspace, create_workspace, invite_hash
from threescore.db.pool import Database
from threescore.errors import Forbidden
from threescore.graphql.metadata.schema import metadata_schema

QUIET = {
    # Nobody is let in, and nothing changes.
    "challenge",
    "emailPasswordResetLink",
    "getAuthTokensFromOTP",
    "getLoginTokenFromCredentials",
    "resendEmailVerificationToken",
    "verifyEmailAndGetLoginToken",
    # In no workspace yet, whose log there would be.
    "signIn",
    "signUp",
    "verifyEmailAndGetWorkspaceAgnosticToken",
    # Of a session that has an entry.
    "generatePlaygroundToken",
    "renewToken",
    "signOut",
    # About deliveries, which are a log themselves.
    "resendFailedWebhookDeliveries",
    "resendWebhookDelivery",
    "sendTestWebhookEvent",
    # With the workspace goes its log.
    "deleteCurrentWorkspace",
}
"""The operations that leave no entry, and why."""


class Changes:
    """Carries out operations, and remembers which."""

    def __init__(self, api: httpx.Client, client: Client) -> None:
        self.api = api
        self.client = client
        self.done: set[str] = set()

    def __call__(self, document: str, expected: str, bearer: str | None = None, **variables: Any) -> Any:
        """The answer of an operation that leaves this entry and no other.

        With an object come and go the fields and indexes of others that refer to it, which have entries of their own.
        """
        name = document.split("{", 1)[1].split("(")[0].split("{")[0].split("}")[0].strip()
        self.done.add(name)
        last = int(log(self.api, "?limit=1")[0]["id"])
        if bearer is None:
            answer = graphql(self.api, document, **variables)
        else:
            answer = self.client(document, None if bearer == "nobody" else bearer, **variables)
        found = [entry for entry in log(self.api, "?limit=200") if int(entry["id"]) > last]
        if expected in ("objectMetadata.created", "objectMetadata.deleted"):
            found = [entry for entry in found if entry["subjectId"] == answer["id"]]
        assert [entry["action"] for entry in found] == [expected], (name, found)
        return answer


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with somebody(server) as found:
        yield found


@pytest.fixture
def changes(api: httpx.Client, client: Client) -> Changes:
    return Changes(api, client)


def test_each_operation_leaves_its_entry(
    changes: Changes, workspace: Workspace, portal: BlockingPortal, shared_db: Database
) -> None:
    _of_the_model(changes)
    role = _of_roles(changes)
    _of_keys(changes, role)
    _of_webhooks(changes)
    _of_the_workspace(changes, role)
    _of_people(changes, workspace, role, portal, shared_db)
    mutation = metadata_schema().mutation_type
    assert mutation is not None
    assert changes.done | QUIET == set(mutation.fields)
    assert not changes.done & QUIET


def _of_the_model(changes: Changes) -> None:
    made = changes(
        "mutation($i: CreateOneObjectInput!) { createOneObject(input: $i) { id } }",
        "objectMetadata.created",
        i={"object": ROCKET},
    )
    field = changes(
        "mutation($i: CreateOneFieldMetadataInput!) { createOneField(input: $i) { id } }",
        "fieldMetadata.created",
        i={"field": {"objectMetadataId": made["id"], "type": "TEXT", "name": "engine", "label": "Engine"}},
    )
    changes(
        "mutation($i: UpdateOneFieldMetadataInput!) { updateOneField(input: $i) { id } }",
        "fieldMetadata.updated",
        i={"id": field["id"], "update": {"description": "What it flies with"}},
    )
    update = {"id": made["id"], "update": {"description": "It flies"}}
    changes(
        "mutation($i: UpdateOneObjectInput!) { updateOneObject(input: $i) { id } }", "objectMetadata.updated", i=update
    )
    update = {"id": made["id"], "update": {"description": "It flies high"}}
    changes(
        "mutation($i: [UpdateOneObjectInput!]!) { updateManyObjects(inputs: $i) { id } }",
        "objectMetadata.updated",
        i=[update],
    )
    index = changes(
        "mutation($i: CreateOneIndexInput!) { createOneIndex(input: $i) { id } }",
        "index.created",
        i={
            "index": {
                "objectMetadataId": made["id"],
                "fields": [{"fieldMetadataId": field["id"]}],
                "indexType": "BTREE",
            }
        },
    )
    changes(
        "mutation($i: DeleteOneIndexInput!) { deleteOneIndex(input: $i) { id } }",
        "index.deleted",
        i={"id": index["id"]},
    )
    for kind, item in (("Field", field), ("Object", made)):
        switch = f"mutation($i: {'UpdateOneFieldMetadataInput' if kind == 'Field' else 'UpdateOneObjectInput'}!)"
        update = {"id": item["id"], "update": {"isActive": False}}
        lower = f"{kind.lower()}Metadata"
        changes(f"{switch} {{ updateOne{kind}(input: $i) {{ id }} }}", f"{lower}.updated", i=update)
        changes(
            f"mutation($i: DeleteOne{kind}Input!) {{ deleteOne{kind}(input: $i) {{ id }} }}",
            f"{lower}.deleted",
            i={"id": item["id"]},
        )


def _of_roles(changes: Changes) -> str:
    role = changes(
        "mutation($i: CreateRoleInput!) { createOneRole(createRoleInput: $i) { id } }",
        "role.created",
        i={"label": "Sales", "canReadAllObjectRecords": True},
    )["id"]
    other = changes(
        "mutation($i: CreateRoleInput!) { createOneRole(createRoleInput: $i) { id } }",
        "role.created",
        i={"label": "No"},
    )["id"]
    changes(
        "mutation($i: UpdateRoleInput!) { updateOneRole(updateRoleInput: $i) { id } }",
        "role.updated",
        i={"id": role, "update": {"label": "Selling"}},
    )
    objects = changes.api.get("/rest/metadata/objects").json()["data"]
    person = next(item for item in objects if item["nameSingular"] == "person")
    city = next(item for item in person["fields"] if item["name"] == "city")
    right = {"objectMetadataId": person["id"], "canUpdateObjectRecords": True}
    changes(
        """mutation($i: UpsertObjectPermissionsInput!) {
            upsertObjectPermissions(upsertObjectPermissionsInput: $i) { objectMetadataId } }""",
        "role.updated",
        i={"roleId": role, "objectPermissions": [right]},
    )
    right = {"objectMetadataId": person["id"], "fieldMetadataId": city["id"], "canReadFieldValue": False}
    changes(
        """mutation($i: UpsertFieldPermissionsInput!) {
            upsertFieldPermissions(upsertFieldPermissionsInput: $i) { fieldMetadataId } }""",
        "role.updated",
        i={"roleId": role, "fieldPermissions": [right]},
    )
    changes(
        """mutation($i: UpsertPermissionFlagsInput!) {
            upsertPermissionFlags(upsertPermissionFlagsInput: $i) { id } }""",
        "role.updated",
        i={"roleId": role, "permissionFlagKeys": ["WORKSPACE"]},
    )
    changes(
        "mutation($i: SetRowRuleInput!) { setRowRule(input: $i) { filter } }",
        "role.updated",
        i={"roleId": role, "objectMetadataId": person["id"], "filter": {"jobTitle": {"eq": "CEO"}}},
    )
    changes(
        """mutation($i: UpsertRowLevelPermissionPredicatesInput!) {
            upsertRowLevelPermissionPredicates(input: $i) { predicates { id } } }""",
        "role.updated",
        i={"roleId": role, "objectMetadataId": person["id"], "predicates": [], "predicateGroups": []},
    )
    changes("mutation($i: UUID!) { deleteOneRole(roleId: $i) }", "role.deleted", i=other)
    return str(role)


def _of_keys(changes: Changes, role: str) -> None:
    admin = next(item for item in graphql(changes.api, "{ getRoles { id label } }") if item["label"] == "Admin")
    key = changes(
        "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { id } }",
        "apiKey.created",
        i={"name": "Sync", "expiresAt": LATER, "roleId": admin["id"]},
    )["id"]
    changes(
        "mutation($i: UpdateApiKeyInput!) { updateApiKey(input: $i) { id } }",
        "apiKey.updated",
        i={"id": key, "rateLimit": "5/1"},
    )
    changes(
        "mutation($k: UUID!, $r: UUID!) { assignRoleToApiKey(apiKeyId: $k, roleId: $r) }",
        "apiKey.updated",
        k=key,
        r=role,
    )
    changes(
        "mutation($k: UUID!, $u: String!) { generateApiKeyToken(apiKeyId: $k, expiresAt: $u) { token } }",
        "apiKey.tokenGenerated",
        k=key,
        u=LATER,
    )
    changes("mutation($k: UUID!) { regenerateApiKeyToken(apiKeyId: $k) { token } }", "apiKey.regenerated", k=key)
    changes("mutation($i: RevokeApiKeyInput!) { revokeApiKey(input: $i) { id } }", "apiKey.revoked", i={"id": key})


def _of_webhooks(changes: Changes) -> None:
    webhook = changes(
        "mutation($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }",
        "webhook.created",
        i={"targetUrl": "https://receiver.example/", "operations": ["*.*"]},
    )["id"]
    update = "mutation($i: UpdateWebhookInput!) { updateWebhook(input: $i) { id } }"
    changes(update, "webhook.updated", i={"id": webhook, "update": {"description": "All"}})
    changes(update, "webhook.updated", i={"id": webhook, "update": {"secret": "s" * 32}})
    header = {"name": "X-Token", "value": "one"}
    changes(update, "webhook.updated", i={"id": webhook, "update": {"customHeader": header}})
    changes(update, "webhook.updated", i={"id": webhook, "update": {"customHeader": {**header, "value": "two"}}})
    changes(
        "mutation($i: RotateWebhookSecretInput!) { rotateWebhookSecret(input: $i) { id } }",
        "webhook.updated",
        i={"id": webhook},
    )
    changes(
        "mutation($i: RotateWebhookSecretInput!) { rotateWebhookSecret(input: $i) { id } }",
        "webhook.updated",
        i={"id": webhook, "overlapSeconds": 0},
    )
    changes("mutation($i: UUID!) { deleteWebhook(id: $i) { id } }", "webhook.deleted", i=webhook)


def _of_the_workspace(changes: Changes, role: str) -> None:
    update = "mutation($d: UpdateWorkspaceInput!) { updateWorkspace(data: $d) { id } }"
    changes(update, "workspace.updated", d={"displayName": f"Renamed {uuid4()}"})
    changes(update, "workspace.updated", d={"timeZone": "Europe/Brussels"})
    changes(update, "workspace.updated", d={"inviteHash": "new"})
    changes(update, "workspace.updated", d={"isPublicInviteLinkEnabled": False})
    changes(update, "workspace.updated", d={"isPublicInviteLinkEnabled": True})
    changes(update, "role.madeDefault", d={"defaultRoleId": role})
    changes(
        "mutation($d: ActivateWorkspaceInput) { activateWorkspace(data: $d) { id } }",
        "workspace.updated",
        d={"displayName": f"Renamed {uuid4()}"},
    )


def _of_people(changes: Changes, workspace: Workspace, role: str, portal: BlockingPortal, shared_db: Database) -> None:
    sent = changes(
        "mutation($e: [String!]!) { sendInvitations(emails: $e) { result { id } errors } }",
        "invitation.sent",
        e=[new_email()],
    )
    again = changes(
        "mutation($i: UUID!) { resendWorkspaceInvitation(appTokenId: $i) { result { id } } }",
        "invitation.sent",
        i=sent["result"][0]["id"],
    )
    changes(
        "mutation($i: UUID!) { deleteWorkspaceInvitation(appTokenId: $i) }",
        "invitation.withdrawn",
        i=again["result"][0]["id"],
    )
    link = portal.call(invite_hash, shared_db, workspace.id)
    people = []
    for _ in range(3):
        email = new_email()
        made = changes(
            SIGN_UP_IN_WORKSPACE, "member.joined", bearer="nobody", email=email, password=PASSWORD, hash=link
        )
        token = made["loginToken"]["token"]
        tokens = changes(GET_TOKENS, "auth.signedIn", bearer="nobody", token=token, origin=ORIGIN)
        people.append((email, pair(tokens)))
    verified = changes.client(GET_LOGIN, email=email, password=PASSWORD, origin=ORIGIN)["loginToken"]["token"]
    changes(
        "mutation($t: String!) { verify(loginToken: $t) { tokens { refreshToken { token } } } }",
        "auth.signedIn",
        bearer="nobody",
        t=verified,
    )
    email, (access, _refresh) = people[0]
    changes(
        """mutation($old: String!, $new: String!) { updatePassword(currentPassword: $old, newPassword: $new) {
            tokens { refreshToken { token } } } }""",
        "auth.passwordChanged",
        bearer=access,
        old=PASSWORD,
        new="another horse battery",
    )
    token = new_secret()
    portal.call(
        shared_db.execute,
        "INSERT INTO threescore.mailed_token (token_hash, user_id, purpose, expires_at)"
        """ SELECT $1, id, 'reset', now() + interval '1 hour' FROM threescore."user" WHERE email = $2""",
        secret_hash(token),
        email,
    )
    changes(
        """mutation($t: String!, $p: String!) { updatePasswordViaResetToken(passwordResetToken: $t, newPassword: $p) {
            success } }""",
        "auth.passwordReset",
        bearer="nobody",
        t=token,
        p=PASSWORD,
    )
    members = {
        row["email"]: str(row["workspace_member_id"])
        for row in portal.call(
            shared_db.fetch,
            'SELECT u.email, m.workspace_member_id FROM threescore.membership m JOIN threescore."user" u'
            " ON u.id = m.user_id WHERE m.workspace_id = $1",
            workspace.id,
        )
    }
    changes(
        "mutation($m: UUID!, $r: UUID!) { updateWorkspaceMemberRole(workspaceMemberId: $m, roleId: $r) { id } }",
        "member.updated",
        m=members[people[1][0]],
        r=str(admin_role(workspace.id).id),
    )
    changes(
        "mutation($m: UUID!) { deleteUserFromWorkspace(workspaceMemberIdToDelete: $m) { id } }",
        "member.left",
        m=members[people[0][0]],
    )
    changes("mutation { deleteUser { id } }", "member.left", bearer=people[2][1][0])
    # Not a change that somebody asked for.
    refresh = people[1][1][1]
    pair(changes.client(RENEW, token=refresh))
    changes.client.refused(RENEW, token=refresh)
    assert log(changes.api)[0]["action"] == "auth.refreshTokenReused"
    changes.done.add("signUpInNewWorkspace")


def test_a_workspace_of_ones_own_begins_with_its_member(database_url: str) -> None:
    """Where there may be several: `signUpInNewWorkspace`."""
    settings = {"THREESCORE_DATABASE_URL": database_url, "THREESCORE_MULTI_WORKSPACE": "true"}
    with serving(**settings, THREESCORE_WORKERS="1") as running, somebody(running.url) as client:
        access, _ = pair(client(SIGN_UP, email=new_email(), password=PASSWORD))
        made = client(
            "mutation($n: String) { signUpInNewWorkspace(input: {displayName: $n}) { loginToken { token }"
            " workspace { workspaceUrls { subdomainUrl } } } }",
            access,
            n=f"Own {uuid4()}",
        )
        origin = made["workspace"]["workspaceUrls"]["subdomainUrl"]
        access, _ = pair(client(GET_TOKENS, token=made["loginToken"]["token"], origin=origin))
        with httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {access}"}) as api:
            assert [entry["action"] for entry in log(api)] == ["auth.signedIn", "member.joined"]


@pytest.fixture
def member(client: Client, workspace: Workspace, portal: BlockingPortal, shared_db: Database) -> str:
    """The address of a member of the test's workspace."""
    email, link = new_email(), portal.call(invite_hash, shared_db, workspace.id)
    client(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=link)
    return email


def refused(api: httpx.Client) -> list[dict[str, Any]]:
    return log(api, "?action=auth.signInRefused&limit=200")


def test_refused_sign_ins_are_told_of(api: httpx.Client, server: str, member: str) -> None:
    with somebody(server) as stranger:
        for _ in range(11):
            stranger.ask(SIGN_IN, email=member.upper(), password="wrong password")
            stranger.ask(SIGN_IN, email=new_email(), password="wrong password")
        wait_until(lambda: sum(entry["after"]["attempts"] for entry in refused(api)) == 11, 60)
        found = refused(api)
        assert {entry["address"] for entry in found} == {stranger.address}
    reasons = dict.fromkeys(("WRONG_PASSWORD", "LIMIT_REACHED"), 0)
    for entry in found:
        reasons[entry["after"]["reason"]] += entry["after"]["attempts"]
        assert (entry["subjectName"], entry["actor"]["name"]) == (member, "")
        assert "wrong password" not in str(entry)
    assert reasons == {"WRONG_PASSWORD": 10, "LIMIT_REACHED": 1}


def test_an_attack_leaves_few_entries(api: httpx.Client, server: str, member: str) -> None:
    begun = time.monotonic()
    for _ in range(int(ENTRIES.times) + 10):
        with somebody(server) as stranger:
            stranger.ask(SIGN_IN, email=member, password="wrong password")
    wait_until(lambda: len(refused(api)) >= ENTRIES.times, 60)
    time.sleep(11)
    assert len(refused(api)) <= ENTRIES.times + 1 + (time.monotonic() - begun) * ENTRIES.times / ENTRIES.seconds


@pytest.mark.anyio
async def test_who_has_not_shown_their_address_is_told_of(db: Database) -> None:
    """Also what a worker has not written when it stops."""
    people = People(db, Tokens("secret" * 8), rules=Rules(email_verification=True))
    workspace = await create_workspace(db, f"Test {uuid4()}")
    email = new_email()
    async with db.transaction() as connection:
        user = await create_user(connection, email, PasswordHasher().hash(PASSWORD))
        await join(connection, user, workspace.id, None)
    people.refused.start()
    for address in ("192.0.2.1", "192.0.2.1", "2001:db8::1"):
        with pytest.raises(Forbidden, match="verified"):
            await people.sign_in(email, PASSWORD, address=address)
    await people.refused.stop()
    entries, _ = await read_audit(db, workspace.schema, Question("auth.signInRefused"), None, 60)
    assert [(entry["address"], entry["after"]) for entry in reversed(entries)] == [
        ("192.0.2.1", {"reason": "EMAIL_NOT_VERIFIED", "attempts": 2}),
        ("2001:db8::", {"reason": "EMAIL_NOT_VERIFIED", "attempts": 1}),
    ]


def test_other_workspaces_hear_nothing_of_it(
    server: str, member: str, api: httpx.Client, new_workspace: Callable[[], Workspace], new_token: Callable[..., str]
) -> None:
    with somebody(server) as stranger:
        stranger.ask(SIGN_IN, email=member, password="wrong password")
    wait_until(lambda: len(refused(api)) == 1, 60)
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {new_token(new_workspace())}"}) as other:
        assert refused(other) == []
