"""Members of a workspace over real HTTP: invitations, mail, roles, removal, names, the workspace, cookies."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from aiosmtpd.controller import Controller
from anyio.from_thread import BlockingPortal

from tests.access.people import (
    GET_LOGIN,
    GET_TOKENS,
    ME,
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
from tests.access.roles import Office, Rules
from tests.support import free_port, serving, wait_until
from threescore.access.attempts import Limit
from threescore.access.keys import signing_secret
from threescore.access.members import find_member
from threescore.access.people import DAY, People
from threescore.access.people import Rules as PeopleRules
from threescore.access.person_tokens import PersonTokens
from threescore.access.roles import Role, admin_role, insert_role, member_role
from threescore.access.seats import join
from threescore.access.session_rows import open_session
from threescore.access.sessions import COOKIE, Sessions
from threescore.access.tokens import Tokens
from threescore.access.users import create_user, find_user
from threescore.access.welcome import new_welcome
from threescore.catalog.workspaces import Workspace, create_workspace
from threescore.db.pool import Database
from threescore.errors import LimitReached

NO_MEMBER = ("User is not a member of the workspace", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
INVITE = """mutation($emails: [String!]!, $roleId: UUID) { sendInvitations(emails: $emails, roleId: $roleId) {
    success errors result { id email roleId expiresAt } } }"""
INVITATIONS = "{ findWorkspaceInvitations { id email expiresAt } }"
REMOVE = "mutation($id: UUID!) { deleteUserFromWorkspace(workspaceMemberIdToDelete: $id) { id } }"
GIVE_ROLE = """mutation($id: UUID!, $roleId: UUID!) {
    updateWorkspaceMemberRole(workspaceMemberId: $id, roleId: $roleId) { id roles { label } } }"""
RESET = "mutation($email: String!) { emailPasswordResetLink(email: $email) { success } }"
SET_PASSWORD = """mutation($token: String!, $password: String!) {
    updatePasswordViaResetToken(passwordResetToken: $token, newPassword: $password) { success } }"""
CHECK_RESET = (
    "query($token: String!) { validatePasswordResetToken(passwordResetToken: $token) { id email hasPassword } }"
)
CHANGE = """mutation($data: UpdateWorkspaceInput!) { updateWorkspace(data: $data) { displayName logo timeZone inviteHash
    isPublicInviteLinkEnabled } }"""


class Inbox:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        text = envelope.content.decode().replace("=\r\n", "").replace("=3D", "=")
        self.mails.append((envelope.rcpt_tos[0], text))
        return "250 OK"

    def token(self, email: str, pattern: str, count: int = 1) -> str:
        """What a pattern finds in the last of so many mails to somebody."""
        wait_until(lambda: len([to for to, _ in self.mails if to == email]) >= count, 90)
        found = re.search(pattern, [text for to, text in self.mails if to == email][-1])
        assert found, self.mails
        return found[1]


@pytest.fixture(scope="module")
def inbox() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield inbox, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def mailing(database_url: str, inbox: tuple[Inbox, int]) -> Iterator[str]:
    """A server with two workers that sends mail."""
    variables = {
        "THREESCORE_DATABASE_URL": database_url,
        "THREESCORE_WORKERS": "2",
        "THREESCORE_SMTP_URL": f"smtp://127.0.0.1:{inbox[1]}",
        "THREESCORE_PUBLIC_URL": "https://crm.example",
    }
    with serving(**variables) as running:
        yield running.url


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with somebody(server) as client:
        yield client


@pytest.fixture
def invite_hash(portal: BlockingPortal, shared_db: Database, workspace: Workspace) -> str:
    found: str = portal.call(
        shared_db.fetchval, "SELECT invite_hash FROM threescore.workspace WHERE id = $1", workspace.id
    )
    return found


class Somebody:
    """A member: their address, their tokens, the record that stands for them."""

    def __init__(self, client: Client, email: str, access: str, refresh: str) -> None:
        self.email, self.access, self.refresh = email, access, refresh
        self.record_id: str = client(ME, access)["workspaceMember"]["id"]


@pytest.fixture
def joined(
    client: Client, invite_hash: str, workspace: Workspace, portal: BlockingPortal, shared_db: Database
) -> Callable[..., Somebody]:
    """A function that makes a member of the workspace."""

    def make(*, admin: bool = False) -> Somebody:
        email = new_email()
        made = client(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=invite_hash)
        if admin:
            portal.call(_make_admin, shared_db, workspace, email)
        tokens = client(GET_TOKENS, origin=ORIGIN, token=made["loginToken"]["token"])
        return Somebody(client, email, *pair(tokens))

    return make


async def _make_admin(database: Database, workspace: Workspace, email: str) -> None:
    await database.execute(
        'UPDATE threescore.membership m SET role_id = $1 FROM threescore."user" u'
        " WHERE u.id = m.user_id AND u.email = $2 AND m.workspace_id = $3",
        admin_role(workspace.id).id,
        email,
        workspace.id,
    )
    await database.execute(f'UPDATE "{workspace.schema}"._state SET access = access + 1')


def statuses(server: str, token: str) -> set[int]:
    headers = {"Authorization": f"Bearer {token}"}
    return {httpx.get(f"{server}/rest/people?limit=1", headers=headers).status_code for _ in range(6)}


def test_invitations_by_mail(
    mailing: str, inbox: tuple[Inbox, int], joined: Callable[..., Somebody], workspace: Workspace
) -> None:
    admin, member = joined(admin=True), joined()
    guest = new_email()
    with somebody(mailing) as client:
        assert client.refused(INVITE, member.access, emails=[guest])[2] == "PERMISSION_DENIED"
        assert client.refused(INVITATIONS, member.access)[2] == "PERMISSION_DENIED"
        sent = client(INVITE, admin.access, emails=[guest, "no address", member.email])
        assert sent["success"] is False
        assert sent["errors"] == ['"no address" is no e-mail address', f"{member.email} already in the workspace"]
        (invitation,) = sent["result"]
        assert [item["email"] for item in client(INVITATIONS, admin.access)] == [guest]
        pattern = r"https://crm\.example/invite\?workspacePersonalInviteToken=([\w-]+)"
        first = inbox[0].token(guest, pattern)
        resend = "mutation($id: UUID!) { resendWorkspaceInvitation(appTokenId: $id) { success } }"
        assert client(resend, admin.access, id=invitation["id"]) == {"success": True}
        token = inbox[0].token(guest, pattern, 2)
        # Only the last mail counts, only for whom it is to, and once.
        assert client.refused(SIGN_UP_IN_WORKSPACE, email=guest, password=PASSWORD, token=first)[1] == "FORBIDDEN"
        assert client.refused(SIGN_UP_IN_WORKSPACE, email=new_email(), password=PASSWORD, token=token)[1] == "FORBIDDEN"
        made = client(SIGN_UP_IN_WORKSPACE, email=guest, password=PASSWORD, token=token)
        access, _ = pair(client(GET_TOKENS, origin=ORIGIN, token=made["loginToken"]["token"]))
        assert client(ME, access)["isEmailVerified"] is True
        assert client.refused(SIGN_UP_IN_WORKSPACE, email=guest, password=PASSWORD, token=token)[1] == "FORBIDDEN"
        assert client(INVITATIONS, admin.access) == []

        other = new_email()
        role_id = str(admin_role(workspace.id).id)
        (invitation,) = client(INVITE, admin.access, emails=[other], roleId=role_id)["result"]
        assert invitation["roleId"] == role_id
        token = inbox[0].token(other, pattern)
        delete = "mutation($id: UUID!) { deleteWorkspaceInvitation(appTokenId: $id) }"
        assert client(delete, admin.access, id=invitation["id"]) == "success"
        assert client.refused(delete, admin.access, id=invitation["id"])[1] == "NOT_FOUND"
        assert client.refused(SIGN_UP_IN_WORKSPACE, email=other, password=PASSWORD, token=token)[1] == "FORBIDDEN"
        for _ in range(9):
            assert client(INVITE, admin.access, emails=[other])["success"]
        assert "Limit reached" in client(INVITE, admin.access, emails=[other])["errors"][0]


def test_a_workspace_sends_500_invitations_a_week(client: Client, joined: Callable[..., Somebody]) -> None:
    admin = joined(admin=True)
    for _ in range(5):
        assert client(INVITE, admin.access, emails=[new_email() for _ in range(100)])["errors"] == []
    # One more for every 20 minutes that it took.
    sent = client(INVITE, admin.access, emails=[new_email() for _ in range(3)])
    assert len(sent["errors"]) >= 2
    assert "Limit reached (500 attempts" in sent["errors"][-1]
    assert len(client(INVITATIONS, admin.access)) == 500 + len(sent["result"])
    # So does sending one again.
    resend = "mutation($id: UUID!) { resendWorkspaceInvitation(appTokenId: $id) { success } }"
    invitation = client(INVITATIONS, admin.access)[0]
    assert client.refused(resend, admin.access, id=invitation["id"])[2] == "LIMIT_REACHED"
    # Too many at once are refused as a whole.
    assert client.refused(INVITE, admin.access, emails=[new_email() for _ in range(101)])[1] == "BAD_USER_INPUT"


def test_a_new_password_by_mail(mailing: str, inbox: tuple[Inbox, int], joined: Callable[..., Somebody]) -> None:
    person = joined()
    with somebody(mailing) as client:
        assert client(RESET, email=person.email) == client(RESET, email=new_email()) == {"success": True}
        token = inbox[0].token(person.email, r"https://crm\.example/reset-password/([\w-]+)")
        found = client(CHECK_RESET, token=token)
        assert (found["email"], found["hasPassword"]) == (person.email, True)
        assert client.refused(SET_PASSWORD, token=token, password="short")[1] == "BAD_USER_INPUT"
        assert client(SET_PASSWORD, token=token, password="another password") == {"success": True}
        assert client.refused(SET_PASSWORD, token=token, password="a third password")[1] == "UNAUTHENTICATED"
        assert client.refused(CHECK_RESET, token=token)[1] == "UNAUTHENTICATED"
        assert client(SIGN_IN, email=person.email, password="another password")
        assert client.refused(SIGN_IN, email=person.email, password=PASSWORD)[1] == "FORBIDDEN"
        assert client.refused(RENEW, token=person.refresh)[1] == "UNAUTHENTICATED"
        assert statuses(mailing, person.access) == {401}
        for _ in range(4):
            client(RESET, email=person.email)
        assert client.refused(RESET, email=person.email)[2] == "LIMIT_REACHED"


def test_a_mailed_link_that_is_over(
    mailing: str,
    inbox: tuple[Inbox, int],
    joined: Callable[..., Somebody],
    portal: BlockingPortal,
    shared_db: Database,
) -> None:
    person = joined()
    with somebody(mailing) as client:
        client(RESET, email=person.email)
        token = inbox[0].token(person.email, r"/reset-password/([\w-]+)")
        over = (
            "UPDATE threescore.mailed_token SET expires_at = now()"
            ' WHERE user_id = (SELECT id FROM threescore."user" WHERE email = $1)'
        )
        portal.call(shared_db.execute, over, person.email)
        assert client.refused(SET_PASSWORD, token=token, password="another password")[1] == "UNAUTHENTICATED"


def test_roles_of_members(client: Client, joined: Callable[..., Somebody], workspace: Workspace) -> None:
    admin, member = joined(admin=True), joined()
    roles = {"admin": str(admin_role(workspace.id).id), "member": str(member_role(workspace.id).id)}

    def give(by: Somebody, to: Somebody, role: str) -> tuple[str, str, str | None]:
        return client.refused(GIVE_ROLE, by.access, id=to.record_id, roleId=role)

    assert give(member, member, roles["admin"])[2] == "PERMISSION_DENIED"
    assert give(admin, admin, roles["member"])[2] == "CANNOT_UPDATE_SELF_ROLE"
    assert give(admin, member, str(uuid4()))[2] == "ROLE_NOT_FOUND"
    assert client.refused(GIVE_ROLE, admin.access, id=str(uuid4()), roleId=roles["admin"])[1] == "NOT_FOUND"
    changed = client(GIVE_ROLE, admin.access, id=member.record_id, roleId=roles["admin"])
    assert changed == {"id": member.record_id, "roles": [{"label": "Admin"}]}
    # In force for the very next request: the new one may take the old one's rights.
    assert client(GIVE_ROLE, member.access, id=admin.record_id, roleId=roles["member"])["roles"] == [
        {"label": "Member"}
    ]
    assert give(admin, member, roles["member"])[2] == "PERMISSION_DENIED"


def test_the_last_administrator_stays(
    client: Client, joined: Callable[..., Somebody], workspace: Workspace, token: str
) -> None:
    admin = joined(admin=True)
    member_id = str(member_role(workspace.id).id)
    refused = client.refused(GIVE_ROLE, token, id=admin.record_id, roleId=member_id)
    assert refused[1:] == ("BAD_USER_INPUT", "CANNOT_UNASSIGN_LAST_ADMIN")
    assert client.refused(REMOVE, token, id=admin.record_id)[2] == "CANNOT_DELETE_LAST_ADMIN_USER"
    assert client.refused("mutation { deleteUser { id } }", admin.access)[2] == "CANNOT_DELETE_LAST_ADMIN_USER"
    other = joined(admin=True)
    assert client("mutation { deleteUser { id email } }", admin.access)["email"] == admin.email
    assert client.refused(SIGN_IN, email=admin.email, password=PASSWORD)[0] == "Wrong password"
    assert client(ME, other.access)


def test_nobody_gives_more_than_they_have(
    client: Client, joined: Callable[..., Somebody], workspace: Workspace, portal: BlockingPortal, shared_db: Database
) -> None:
    admin, manager, member = joined(admin=True), joined(), joined()
    role = Role(
        id=uuid4(),
        universal_identifier=uuid4(),
        label="Manager",
        can_read_all_object_records=True,
        can_update_all_object_records=True,
    )

    async def insert() -> None:
        async with shared_db.transaction() as connection:
            await insert_role(connection, workspace.id, role)
            for flag in ("ROLES", "WORKSPACE_MEMBERS"):
                await connection.execute("INSERT INTO threescore.role_flag VALUES ($1, $2)", role.id, flag)

    portal.call(insert)
    client(GIVE_ROLE, admin.access, id=manager.record_id, roleId=str(role.id))
    admin_id = str(admin_role(workspace.id).id)
    assert client.refused(GIVE_ROLE, manager.access, id=member.record_id, roleId=admin_id)[2] == "PERMISSION_DENIED"
    assert client.refused(INVITE, manager.access, emails=[new_email()], roleId=admin_id)[2] == "PERMISSION_DENIED"
    assert client.refused(REMOVE, manager.access, id=admin.record_id)[2] == "PERMISSION_DENIED"
    # The default role is one, too: who is invited without any would get it, and whoever has the link.
    assert client.refused(INVITE, manager.access, emails=[new_email()])[2] == "PERMISSION_DENIED"
    assert client(INVITE, manager.access, emails=[new_email()], roleId=str(role.id))["success"]
    for who, shown in ((admin, True), (manager, False), (member, False)):
        assert (client(ME, who.access)["currentWorkspace"]["inviteHash"] is not None) == shown
    # Nor takes it away from others, the last administrator or not.
    joined(admin=True)
    lesser = client.refused(GIVE_ROLE, manager.access, id=admin.record_id, roleId=str(role.id))
    assert lesser[2] == "PERMISSION_DENIED"
    assert client(ME, admin.access)["workspaceMember"]["roles"] == [{"label": "Admin"}]


@pytest.mark.parametrize("act", ["give", "remove"])
def test_who_waited_behind_their_own_removal_does_nothing(
    act: str,
    client: Client,
    joined: Callable[..., Somebody],
    workspace: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
) -> None:
    """A request that was let in, and whose turn comes when the person is no administrator any more."""
    joined(admin=True)
    admin, member = joined(admin=True), joined()

    def send() -> tuple[str, str, str | None]:
        if act == "give":
            role_id = str(admin_role(workspace.id).id)
            return client.refused(GIVE_ROLE, admin.access, id=member.record_id, roleId=role_id)
        return client.refused(REMOVE, admin.access, id=member.record_id)

    async def demote() -> tuple[str, str, str | None]:
        async with shared_db.transaction() as connection:
            await connection.fetchval("SELECT 1 FROM threescore.workspace WHERE id = $1 FOR UPDATE", workspace.id)
            sent = asyncio.ensure_future(asyncio.to_thread(send))
            await _wait_for_locks(shared_db, 1)
            await connection.execute(
                "UPDATE threescore.membership SET role_id = $1 WHERE workspace_member_id = $2",
                member_role(workspace.id).id,
                UUID(admin.record_id),
            )
            await connection.execute(f'UPDATE "{workspace.schema}"._state SET access = access + 1')
        return await sent

    assert portal.call(demote)[2] == "PERMISSION_DENIED"
    assert client(ME, member.access)["workspaceMember"]["roles"] == [{"label": "Member"}]


async def _wait_for_locks(database: Database, count: int) -> None:
    """Returns when so many wait for rows that somebody else has locked."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        " AND query LIKE '%threescore.%'"
    )
    for _ in range(600):
        if await database.fetchval(waiting) >= count:
            return
        await asyncio.sleep(0.05)
    pytest.fail("nobody waits")


@pytest.mark.anyio
async def test_nobody_makes_workspaces_without_end(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threescore.access.people.NEW_WORKSPACES", Limit(2, DAY))
    database = await Database.connect(await asyncio.to_thread(new_database), 2)
    people = People(database, Tokens("secret" * 8), rules=PeopleRules(multi_workspace=True))
    async with database.transaction() as connection:
        user, other = [await create_user(connection, new_email(), "") for _ in range(2)]
    for number in range(2):
        await people.sign_up_in_new_workspace(user, f"Workspace {number}")
    with pytest.raises(LimitReached):
        await people.sign_up_in_new_workspace(user, "One too many")
    await people.sign_up_in_new_workspace(other, "Of somebody else")
    await database.close()


@pytest.mark.anyio
async def test_the_last_administrator_of_the_server_stays(new_database: Callable[[], str]) -> None:
    """Also when two of them leave at once."""
    database = await Database.connect(await asyncio.to_thread(new_database), 6)
    people = People(database, Tokens("secret" * 8))
    workspace = await create_workspace(database, "One")
    members = []
    async with database.transaction() as connection:
        for is_server_admin in (True, True, False):
            user = await create_user(connection, new_email(), "", is_server_admin=is_server_admin)
            members.append(await join(connection, user, workspace.id, admin_role(workspace.id).id))
    async with database.transaction() as connection:
        await connection.fetchval("SELECT 1 FROM threescore.workspace WHERE id = $1 FOR UPDATE", workspace.id)
        leaving = [asyncio.ensure_future(people.delete_user(member)) for member in members[:2]]
        await _wait_for_locks(database, 2)
    left = await asyncio.gather(*leaving, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in left) == ["BadRequest", "User"]
    assert await database.fetchval('SELECT count(*) FROM threescore."user" WHERE is_server_admin') == 1
    await database.close()


def test_a_member_who_is_removed_is_out_at_once(
    client: Client, server: str, joined: Callable[..., Somebody], invite_hash: str
) -> None:
    admin, member = joined(admin=True), joined()
    assert statuses(server, member.access) == {200}
    assert client.refused(REMOVE, member.access, id=admin.record_id)[2] == "PERMISSION_DENIED"
    client(REMOVE, admin.access, id=member.record_id)
    assert statuses(server, member.access) == {403}
    assert client.refused(ME, member.access) == NO_MEMBER
    assert client.refused(RENEW, token=member.refresh)[1] == "UNAUTHENTICATED"
    assert client.refused(GET_LOGIN, email=member.email, password=PASSWORD, origin=ORIGIN) == NO_MEMBER
    headers = {"Authorization": f"Bearer {admin.access}"}
    listed = client.http.get("/rest/workspaceMembers", headers=headers).json()["data"]["workspaceMembers"]
    assert [item["id"] for item in listed] == [admin.record_id]
    # Who comes back is who they were.
    made = client(SIGN_UP_IN_WORKSPACE, email=member.email, password=PASSWORD, hash=invite_hash)
    access, _ = pair(client(GET_TOKENS, origin=ORIGIN, token=made["loginToken"]["token"]))
    assert client(ME, access)["workspaceMember"]["id"] == member.record_id


def test_names_go_with_the_record(client: Client, joined: Callable[..., Somebody]) -> None:
    admin, member = joined(admin=True), joined()
    mine = {"Authorization": f"Bearer {member.access}"}
    path = f"/rest/workspaceMembers/{member.record_id}"
    named = {"name": {"firstName": "Ada", "lastName": "Linden"}}
    assert client.http.patch(path, json=named, headers=mine).status_code == 200
    me = client(ME, member.access)
    assert (me["firstName"], me["lastName"]) == ("Ada", "Linden")
    assert me["workspaceMember"]["name"] == named["name"]
    made = client.http.post("/rest/people", json={}, headers=mine).json()["data"]["createPerson"]
    assert made["createdBy"]["name"] == "Ada Linden"
    # Others may not, unless they manage members; who then names somebody in this workspace.
    other = f"/rest/workspaceMembers/{admin.record_id}"
    assert client.http.patch(other, json=named, headers=mine).status_code == 403
    managed = {"Authorization": f"Bearer {admin.access}"}
    assert client.http.patch(path, json={"name": {"firstName": "Ida"}}, headers=managed).status_code == 200
    made = client.http.post("/rest/people", json={}, headers=mine).json()["data"]["createPerson"]
    assert made["createdBy"]["name"].startswith("Ida")
    assert client(ME, member.access)["firstName"] == "Ada"


def test_records_of_members_are_not_like_others(client: Client, joined: Callable[..., Somebody]) -> None:
    """They cannot be deleted, given to others or changed in bulk: that would be a way around the rights."""
    admin, member = joined(admin=True), joined()
    refused = (400, 403)
    for person in (admin, member):
        headers = {"Authorization": f"Bearer {person.access}"}
        path = f"/rest/workspaceMembers/{admin.record_id}"
        assert client.http.delete(path, headers=headers).status_code in refused
        assert client.http.delete(f"{path}?soft_delete=true", headers=headers).status_code in refused
        everybody = "/rest/workspaceMembers?filter=id[is]:NOT_NULL"
        assert client.http.delete(everybody, headers=headers).status_code in refused
        assert client.http.delete(f"{everybody}&soft_delete=true", headers=headers).status_code in refused
        assert client.http.patch(everybody, json={"jobTitle": "x"}, headers=headers).status_code in refused
        for change in ({"userEmail": "x@y.example"}, {"userId": str(uuid4())}):
            mine = f"/rest/workspaceMembers/{person.record_id}"
            assert client.http.patch(mine, json=change, headers=headers).status_code == 400
        upsert = client.http.post(
            "/rest/workspaceMembers?upsert=true",
            json={"userEmail": admin.email, "userId": str(uuid4())},
            headers=headers,
        )
        assert upsert.status_code in refused
    assert client(ME, admin.access)["workspaceMember"]["userEmail"] == admin.email


def test_a_role_that_does_not_see_members_sees_them_nowhere(
    client: Client,
    joined: Callable[..., Somebody],
    workspace: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
    office: Office,
) -> None:
    admin, colleague, member = joined(admin=True), joined(), joined()
    listed = "{ currentUser { workspaceMembers { id userEmail timeZone } } }"

    def seen() -> set[str]:
        found = client(listed, member.access)["workspaceMembers"]
        cookie = {"Cookie": f"{COOKIE}={cookie_of(portal, shared_db, workspace, member.email)}"}
        page = client.http.get("/settings/members", headers={**cookie, "Accept": "text/html"}).text
        assert {who.email for who in (admin, colleague, member) if who.email in page} == {
            item["userEmail"] for item in found
        }
        return {item["id"] for item in found}

    everybody = {who.record_id for who in (admin, colleague, member)}
    assert seen() == everybody
    for rules, expected in (
        (Rules(objects={"workspaceMember": {"read": False}}), {member.record_id}),
        (Rules(fields={("workspaceMember", "userEmail"): {"read": False}}), {member.record_id}),
        (
            Rules(rows={"workspaceMember": {"userEmail": {"eq": colleague.email}}}),
            {member.record_id, colleague.record_id},
        ),
        (Rules(objects={"workspaceMember": {"read": False}}, flags=("WORKSPACE_MEMBERS",)), everybody),
    ):
        client(GIVE_ROLE, admin.access, id=member.record_id, roleId=str(office.role(rules)))
        assert seen() == expected, rules
    rules = Rules(fields={("workspaceMember", "timeZone"): {"read": False}})
    client(GIVE_ROLE, admin.access, id=member.record_id, roleId=str(office.role(rules)))
    zones = {item["id"]: item["timeZone"] for item in client(listed, member.access)["workspaceMembers"]}
    assert zones.keys() == everybody
    assert zones[colleague.record_id] is None


def cookie_of(portal: BlockingPortal, database: Database, workspace: Workspace, email: str) -> str:
    """The value of the cookie of a new session of a member."""

    async def begin() -> str:
        user = await find_user(database, email)
        assert user is not None
        member = await find_member(database, workspace.id, user.id)
        async with database.transaction() as connection:
            session = await open_session(connection, user, member)
        return PersonTokens(Tokens(await signing_secret(database, None))).cookie(session).token

    return portal.call(begin)


def test_the_workspace(client: Client, joined: Callable[..., Somebody], invite_hash: str) -> None:
    admin, member = joined(admin=True), joined()
    logo = "https://acme.example/logo.png"
    name = f"Acme {uuid4()}"
    changed = client(CHANGE, admin.access, data={"displayName": name, "logo": logo, "timeZone": "Europe/Brussels"})
    assert (changed["displayName"], changed["logo"], changed["timeZone"]) == (name, logo, "Europe/Brussels")
    assert client.refused(CHANGE, member.access, data={"displayName": "x"})[2] == "PERMISSION_DENIED"
    for wrong in ({"timeZone": "Mars/Base"}, {"logo": "javascript:alert(1)"}, {"subdomain": "x"}):
        assert client.refused(CHANGE, admin.access, data=wrong)[1] == "BAD_USER_INPUT"
    headers = {"Authorization": f"Bearer {joined().access}"}
    listed = client.http.get("/rest/workspaceMembers?order_by=createdAt", headers=headers).json()
    assert [item["timeZone"] for item in listed["data"]["workspaceMembers"]] == ["system", "system", "Europe/Brussels"]
    shown = "query($h: String!) { findWorkspaceFromInviteHash(inviteHash: $h) { displayName logo } }"
    assert client(shown, h=invite_hash) == {"displayName": name, "logo": logo}
    newer = client(CHANGE, admin.access, data={"inviteHash": "another"})["inviteHash"]
    assert newer not in ("another", invite_hash)
    assert client.refused(shown, h=invite_hash)[1] == "NOT_FOUND"
    assert client(shown, h=newer)
    client(CHANGE, admin.access, data={"isPublicInviteLinkEnabled": False})
    assert client.refused(shown, h=newer)[1] == "NOT_FOUND"
    assert client.refused(SIGN_UP_IN_WORKSPACE, email=new_email(), password=PASSWORD, hash=newer)[1] == "FORBIDDEN"
    assert client.refused("mutation { deleteCurrentWorkspace { id } }", member.access)[2] == "PERMISSION_DENIED"
    assert client("mutation { deleteCurrentWorkspace { displayName } }", admin.access)["displayName"] == name
    assert client.refused(ME, member.access)[0] == "Workspace not found"


def test_the_first_person(client: Client, portal: BlockingPortal, shared_db: Database) -> None:
    """Only the link that was shown makes an administrator, once."""
    portal.call(shared_db.execute, 'UPDATE threescore."user" SET is_server_admin = false')
    old = portal.call(new_welcome, shared_db)
    welcome = portal.call(new_welcome, shared_db)
    assert old
    assert welcome
    email = new_email()
    for token in (None, "x", old):
        assert client.refused(SIGN_UP, email=email, password=PASSWORD, token=token)[1] == "FORBIDDEN"
    signed = client(SIGN_UP, email=email, password=PASSWORD, token=welcome)
    (offered,) = signed["availableWorkspaces"]["availableWorkspacesForSignIn"]
    access, _ = pair(client(GET_TOKENS, origin=ORIGIN, token=offered["loginToken"]))
    me = client(ME, access)
    assert me["canAccessFullAdminPanel"] is True
    assert me["workspaceMember"]["roles"] == [{"label": "Admin"}]
    assert client.refused(SIGN_UP, email=new_email(), password=PASSWORD, token=welcome)[1] == "FORBIDDEN"
    assert portal.call(new_welcome, shared_db) is None


def test_pages_of_ours_use_the_cookie_and_nobody_else(
    client: Client,
    server: str,
    joined: Callable[..., Somebody],
    workspace: Workspace,
    portal: BlockingPortal,
    shared_db: Database,
) -> None:
    person = joined()
    sessions = Sessions(shared_db, Tokens(portal.call(signing_secret, shared_db, None)), ORIGIN)

    async def begin() -> str:
        user = await find_user(shared_db, person.email)
        assert user is not None
        member = await find_member(shared_db, workspace.id, user.id)
        async with shared_db.transaction() as connection:
            return sessions.set_cookie(await open_session(connection, user, member))

    header = portal.call(begin)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
    cookie = {"Cookie": header.split(";")[0]}

    def ask(**more: str) -> set[int]:
        return {
            client.http.get("/rest/people?limit=1", headers={**cookie, **more}).status_code,
            httpx.get(f"{server}/rest/people?limit=1", headers={**cookie, **more}).status_code,
        }

    assert ask(**{"Sec-Fetch-Site": "same-origin"}) == {200}
    assert ask(Origin=server) == {200}
    for more in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": server},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": server.replace("http", "https")},
        {"Referer": server},
    ):
        assert ask(**more) == {403}, more
    same = {**cookie, "Sec-Fetch-Site": "same-origin"}
    assert client.ask("{ currentUser { email } }", headers=same)["data"]["currentUser"]["email"] == person.email
    made = client.http.post("/graphql", json={"query": "{ people { totalCount } }"}, headers=same).json()
    assert made["data"]["people"]["totalCount"] == 0
    # What the cookie holds opens nothing as a token.
    bearer = {"Authorization": f"Bearer {cookie['Cookie'].partition('=')[2]}"}
    assert httpx.get(f"{server}/rest/people", headers=bearer).status_code == 403
    for wrong in ("x", "", cookie["Cookie"].partition("=")[2][:-4]):
        broken = {"Cookie": f"threescore_session={wrong}", "Sec-Fetch-Site": "same-origin"}
        assert httpx.get(f"{server}/rest/people", headers=broken).status_code == 403
    assert client.ask("mutation { signOut }", headers=same)["data"] == {"signOut": True}
    assert ask(**{"Sec-Fetch-Site": "same-origin"}) == {401}
    assert sessions.clear_cookie().startswith("threescore_session=; Path=/; Max-Age=0;")


def test_many_workspaces(database_url: str) -> None:
    variables = {
        "THREESCORE_DATABASE_URL": database_url,
        "THREESCORE_WORKERS": "1",
        "THREESCORE_MULTI_WORKSPACE": "true",
        "THREESCORE_PUBLIC_URL": "https://crm.example",
    }
    new = """mutation($name: String) { signUpInNewWorkspace(input: {displayName: $name}) {
        loginToken { token } workspace { id workspaceUrls { subdomainUrl } } } }"""
    with serving(**variables) as running, somebody(running.url) as client:
        email = new_email()
        agnostic, refresh = pair(client(SIGN_UP, email=email, password=PASSWORD))
        assert client.refused(new, agnostic)[0] == "Workspace name is required"
        first, second = (client(new, agnostic, name=f"Rocket {uuid4()}") for _ in range(2))
        urls = [made["workspace"]["workspaceUrls"]["subdomainUrl"] for made in (first, second)]
        assert all(re.fullmatch(r"https://rocket-[\w-]+\.crm\.example/", url) for url in urls)
        assert urls[0] != urls[1]
        login_token = first["loginToken"]["token"]
        elsewhere = ("Token is not valid for this workspace", "FORBIDDEN", "FORBIDDEN_EXCEPTION")
        for origin in (urls[1], "https://nobody.crm.example", "https://evil.example", "https://[", "\u0000"):
            assert client.refused(GET_TOKENS, token=login_token, origin=origin) == elsewhere, origin
        access, _ = pair(client(GET_TOKENS, token=login_token, origin=urls[0]))
        shown = client("{ currentWorkspace { id activationStatus } }", access)
        assert shown == {"id": first["workspace"]["id"], "activationStatus": "PENDING_CREATION"}
        activate = """mutation($name: String!) { activateWorkspace(data: {displayName: $name}) {
            displayName activationStatus } }"""
        name = f"Apple {uuid4()}"
        assert client(activate, access, name=name) == {"displayName": name, "activationStatus": "ACTIVE"}
        found = client(GET_LOGIN, email=email, password=PASSWORD, origin=urls[1])["loginToken"]["token"]
        access, _ = pair(client(GET_TOKENS, token=found, origin=urls[1]))
        assert client("{ currentWorkspace { id } }", access)["id"] == second["workspace"]["id"]
        assert client(ME, access)["canAccessFullAdminPanel"] is False
        assert pair(client(RENEW, token=refresh))
        # An account that exists is its password's.
        assert client.refused(SIGN_UP, email=email, password="wrong password")[0] == "Wrong password"


def test_addresses_that_are_to_be_shown_first(database_url: str, inbox: tuple[Inbox, int]) -> None:
    variables = {
        "THREESCORE_DATABASE_URL": database_url,
        "THREESCORE_WORKERS": "1",
        "THREESCORE_MULTI_WORKSPACE": "true",
        "THREESCORE_EMAIL_VERIFICATION": "true",
        "THREESCORE_SMTP_URL": f"smtp://127.0.0.1:{inbox[1]}",
    }
    unverified = ("Email is not verified", "FORBIDDEN", "EMAIL_NOT_VERIFIED")
    verify = """mutation($email: String!, $token: String!) { verifyEmailAndGetWorkspaceAgnosticToken(email: $email,
        emailVerificationToken: $token) {
            tokens { accessOrWorkspaceAgnosticToken { token } refreshToken { token } } } }"""
    with serving(**variables) as running, somebody(running.url) as client:
        email = new_email()
        assert client.refused(SIGN_UP, email=email, password=PASSWORD) == unverified
        token = inbox[0].token(email, r"emailVerificationToken=([\w-]+)")
        assert client.refused(SIGN_IN, email=email, password=PASSWORD) == unverified
        # Signing up again is answered alike, whatever the password; the mail tells.
        assert client.refused(SIGN_UP, email=email, password="another password") == unverified
        assert "account already" in inbox[0].token(email, r"Subject: ([^\r\n]+)", 2)
        assert client.refused(verify, email=new_email(), token=token)[1] == "UNAUTHENTICATED"
        assert pair(client(verify, email=email, token=token))
        assert client.refused(verify, email=email, token=token)[1] == "UNAUTHENTICATED"
        assert client(SIGN_IN, email=email, password=PASSWORD)
