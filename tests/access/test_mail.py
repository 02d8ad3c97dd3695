"""Mail that outlives the process, over real HTTP, PostgreSQL and SMTP."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from anyio.from_thread import BlockingPortal

from tests.access.people import PASSWORD, SIGN_UP_IN_WORKSPACE, new_email, somebody
from tests.support import Server, free_port, serving, wait_until
from threescore.access import mail
from threescore.access.letters import Letters
from threescore.access.mail import Letter, Mail, Mailer, wait_after
from threescore.access.origins import Addresses
from threescore.access.retention import clean
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Connection, Database

RESET = "mutation($email: String!) { emailPasswordResetLink(email: $email) { success } }"


class Inbox:
    """A mail server that answers as it is told, and keeps whom it gets mails for."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.recipients = "250 OK"
        self.asked: list[str] = []
        self.taken: list[str] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.recipients.startswith("250"):
            envelope.rcpt_tos.append(address)
        else:
            self.asked.append(address)
        return self.recipients

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.asked.append(envelope.rcpt_tos[0])
        text = envelope.content.decode()
        if self.answer.startswith("250"):
            self.taken.append(envelope.rcpt_tos[0])
        return self.answer.replace("TEXT", text.replace("\r\n", " ")[-200:])


@contextmanager
def receiving(inbox: Inbox, port: int) -> Iterator[None]:
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.fixture
def account(server: str, workspace: Workspace, portal: BlockingPortal, shared_db: Database) -> str:
    """The address of somebody who has an account."""
    found = portal.call(shared_db.fetchval, "SELECT invite_hash FROM threescore.workspace WHERE id = $1", workspace.id)
    email = new_email()
    with somebody(server) as client:
        client(SIGN_UP_IN_WORKSPACE, email=email, password=PASSWORD, hash=found)
    return email


def settings(database_url: str, port: int) -> dict[str, str]:
    return {
        "THREESCORE_DATABASE_URL": database_url,
        "THREESCORE_WORKERS": "2",
        "THREESCORE_SMTP_URL": f"smtp://127.0.0.1:{port}",
    }


def kill(server: Server) -> None:
    """Ends a server without a chance to finish anything."""
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()


def test_mail_outlives_the_process(
    database_url: str, account: str, portal: BlockingPortal, shared_db: Database
) -> None:
    inbox, port = Inbox(), free_port()
    pending = "SELECT tries, to_jsonb(m)::text AS row FROM threescore.mail m WHERE recipient = $1"
    with serving(**settings(database_url, port)) as running:
        with somebody(running.url) as client:
            assert client(RESET, email=account) == {"success": True}
        # The mail server is away: the mail is kept, without anything that opens an account.
        wait_until(lambda: portal.call(shared_db.fetchrow, pending, account)["tries"] >= 1, 30)
        kept = portal.call(shared_db.fetchrow, pending, account)
        assert "reset-password" not in kept["row"]
        kill(running)
    portal.call(shared_db.execute, "UPDATE threescore.mail SET due_at = now() WHERE recipient = $1", account)
    with receiving(inbox, port), serving(**settings(database_url, port)):
        wait_until(lambda: inbox.taken.count(account) == 1, 30)
        wait_until(lambda: portal.call(shared_db.fetchrow, pending, account) is None, 30)
        time.sleep(2 * mail.POLL)
        assert inbox.taken.count(account) == 1


@pytest.mark.anyio
async def test_a_mail_is_given_up_after_a_day(db: Database, capfd: pytest.CaptureFixture[str]) -> None:
    """And the log names no secret, even if the mail server repeats the mail."""
    inbox, port, email = Inbox(), free_port(), new_email()
    inbox.answer = "451 no TEXT"
    secret = "the-secret-of-the-link"

    async def write(_connection: Connection, _mail: Mail) -> Letter:
        return Letter("Subject", f"https://crm.example/{secret}")

    async def row() -> Any:
        return await db.fetchrow(
            "SELECT tries, extract(epoch FROM due_at - now())::float AS wait FROM threescore.mail WHERE recipient = $1",
            email,
        )

    mailer = Mailer(db, write, f"smtp://127.0.0.1:{port}", "Threescore <threescore@localhost>")
    with receiving(inbox, port):
        async with db.transaction() as connection:
            await mailer.post(connection, "reset", email)
        waits = []
        for tries in (1, 2, 3):
            await _send_now(db, mailer, email)
            found = await row()
            assert found["tries"] == tries
            waits.append(found["wait"])
        assert waits == pytest.approx([15, 60, 240], abs=5)
        await db.execute(
            "UPDATE threescore.mail SET created_at = now() - interval '25 hours' WHERE recipient = $1", email
        )
        await _send_now(db, mailer, email)
    assert await row() is None
    assert inbox.asked == [email] * 4
    output = "".join(capfd.readouterr())
    assert "mail given up" in output
    assert "451" in output
    assert secret not in output


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("recipients", "answer", "is_final"),
    [
        ("550 nobody of that name", "250 OK", True),
        ("450 come back later", "250 OK", False),
        ("250 OK", "554 no TEXT", True),
    ],
)
async def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    db: Database, capfd: pytest.CaptureFixture[str], recipients: str, answer: str, is_final: bool
) -> None:
    inbox, port, email = Inbox(), free_port(), new_email()
    inbox.recipients, inbox.answer = recipients, answer

    async def write(_connection: Connection, _mail: Mail) -> Letter:
        return Letter("Subject", "the-secret-of-the-link")

    mailer = Mailer(db, write, f"smtp://127.0.0.1:{port}", "Threescore <threescore@localhost>")
    with receiving(inbox, port):
        async with db.transaction() as connection:
            await mailer.post(connection, "reset", email)
        await _send_now(db, mailer, email)
    assert inbox.asked == [email]
    kept = await db.fetchval("SELECT count(*) FROM threescore.mail WHERE recipient = $1", email)
    assert kept == (0 if is_final else 1)
    output = "".join(capfd.readouterr())
    assert ("mail given up" in output) == is_final
    assert email in output
    assert "the-secret-of-the-link" not in output


@pytest.mark.anyio
async def test_closing_ends_what_is_under_way(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "GRACE", 0.2)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def write(_connection: Connection, _mail: Mail) -> Letter:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        raise AssertionError

    mailer = Mailer(db, write, "smtp://127.0.0.1:1", "Threescore <threescore@localhost>")
    email = new_email()
    async with db.transaction() as connection:
        await mailer.post(connection, "reset", email)
    mailer.start()
    async with asyncio.timeout(20):
        await begun.wait()
        await mailer.close()
    assert ended.is_set()
    await db.execute("DELETE FROM threescore.mail WHERE recipient = $1", email)


async def _send_now(db: Database, mailer: Mailer, email: str) -> None:
    await db.execute("UPDATE threescore.mail SET due_at = '2000-01-01' WHERE recipient = $1", email)
    for found in await mailer._take():
        await mailer._deliver(found)


@pytest.mark.anyio
async def test_one_mail_for_one_cause(db: Database) -> None:
    """However many workers are at it; and none for what did not happen."""
    inbox, port, emails = Inbox(), free_port(), [new_email() for _ in range(25)]

    async def write(_connection: Connection, _mail: Mail) -> Letter:
        return Letter("Subject", "Text")

    mailers = [Mailer(db, write, f"smtp://127.0.0.1:{port}", "Threescore <threescore@localhost>") for _ in range(3)]
    with receiving(inbox, port):
        async with db.transaction() as connection:
            for email in emails:
                await mailers[0].post(connection, "reset", email)
        undone = new_email()
        with contextlib.suppress(ZeroDivisionError):
            async with db.transaction() as connection:
                await mailers[0].post(connection, "reset", undone)
                raise ZeroDivisionError
        for mailer in mailers:
            mailer.start()
        try:
            left = "SELECT count(*) FROM threescore.mail WHERE recipient = ANY($1)"
            for _ in range(300):
                if await db.fetchval(left, emails):
                    await asyncio.sleep(0.1)
        finally:
            for mailer in mailers:
                await mailer.close()
    assert sorted(item for item in inbox.taken if item in set(emails)) == sorted(emails)
    assert undone not in inbox.taken


@pytest.mark.anyio
async def test_mails_for_nobody_are_not_written(db: Database) -> None:
    letters = Letters(Addresses("https://crm.example", False))
    async with db.transaction() as connection:
        for kind in ("reset", "verify", "known", "invitation"):
            row = await connection.fetchrow("SELECT gen_random_uuid() AS id, gen_random_uuid() AS other")
            nobody = Mail(row["id"], kind, new_email(), row["other"], None, 1, False)
            assert await letters.write(connection, nobody) is None


def test_waits_grow_up_to_an_hour() -> None:
    assert [wait_after(tries) for tries in (1, 2, 3, 4, 5, 6, 100)] == [15, 60, 240, 960, 3600, 3600, 3600]


@pytest.mark.anyio
async def test_what_is_over_is_removed(db: Database) -> None:
    """Sessions, links and mails, of people who never come back too."""
    email = new_email()
    user_id = await db.fetchval(
        'INSERT INTO threescore."user" (id, email) VALUES (gen_random_uuid(), $1) RETURNING id', email
    )
    session = (
        "INSERT INTO threescore.session (id, user_id, refresh_id, expires_at, revoked_at) VALUES"
        " (gen_random_uuid(), $1, gen_random_uuid(), now() + $2 * interval '1 hour', now() + $3 * interval '1 hour')"
    )
    for expires, revoked in ((-1, None), (5, -25), (5, -1), (5, None)):
        await db.execute(session, user_id, expires, revoked)
    token = (
        "INSERT INTO threescore.mailed_token (token_hash, purpose, user_id, expires_at)"
        " VALUES (decode(md5(random()::text), 'hex'), 'reset', $1, now() + $2 * interval '1 hour')"
    )
    await db.execute(token, user_id, -1)
    await db.execute(token, user_id, 1)
    await clean(db, 90)
    assert await db.fetchval("SELECT count(*) FROM threescore.session WHERE user_id = $1", user_id) == 2
    assert await db.fetchval("SELECT count(*) FROM threescore.mailed_token WHERE user_id = $1", user_id) == 1
