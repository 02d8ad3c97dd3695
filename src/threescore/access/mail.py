"""Mail to people: kept in the database until it is sent through an SMTP server, or to the log where none is set.

Whoever causes a mail adds it in the transaction of the cause, so there is one exactly when there is the other. Any
worker of any process may send it. What is kept says what a mail is about; its text, and any secret in it, is made when
it is sent. A mail is sent again only after a failure that may pass, or when a process died between the sending and
the note of it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Literal
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import aiosmtplib
import structlog
from msgspec import Struct

from threescore.db.pool import Connection, Database

Kind = Literal["reset", "verify", "known", "invitation"]
"""A new password, a link that shows an address to be somebody's, a sign-up with a known address, an invitation."""

KEPT = "1 day"
"""For how long sending a mail is tried, as PostgreSQL reads it."""

FIRST_WAIT, GROWTH, LONGEST_WAIT = 15.0, 4.0, 3600.0
"""Seconds between the first try and the second, how much longer each wait is than the last, and the longest one."""

TIMEOUT = 20.0
WHOLE_TIMEOUT = 60.0
"""Seconds that the mail server has for an answer, and for all of a mail."""

LEASE = 120.0
"""Seconds that a mail belongs to the worker that took it, longer than sending can take. It is due again after that."""

POLL = 2.0
"""How often to look for mails of other workers, and for those that are due again, in seconds."""

AT_ONCE = 10
"""How many mails a worker sends at once."""

GRACE = 5.0
"""Seconds that mails under way are waited for when the process ends."""

log = structlog.get_logger()


class Mail(Struct, frozen=True):
    """A mail that is to be sent. `author` is who invites; `is_last` says that nobody will try again."""

    id: UUID
    kind: Kind
    recipient: str
    invitation_id: UUID | None
    author: str | None
    tries: int
    is_last: bool


class Letter(Struct, frozen=True):
    """What a mail says."""

    subject: str
    text: str


Write = Callable[[Connection, Mail], Awaitable[Letter | None]]
"""Makes the text of a mail, and what its links need; None for one that nobody is to get (any more)."""


class Mailer:
    """Takes mails, and sends those of all workers."""

    def __init__(self, database: Database, write: Write, url: str | None, sender: str) -> None:
        self._database = database
        self._write = write
        self._url = url
        self._sender = sender
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False

    async def post(
        self,
        connection: Connection,
        kind: Kind,
        recipient: str,
        *,
        invitation_id: UUID | None = None,
        author: str | None = None,
    ) -> None:
        """Adds a mail. Once the transaction is over, `wake` has it sent without delay."""
        # What was to be sent is never written to the log, even if the mail server is taken out of the settings.
        await connection.execute(
            "INSERT INTO threescore.mail (id, kind, recipient, invitation_id, author, to_log)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            uuid4(),
            kind,
            recipient,
            invitation_id,
            author,
            self._url is None,
        )

    def wake(self) -> None:
        """Says that there are mails to send."""
        self._due.set()

    def start(self) -> None:
        """Begins to send."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Waits for mails under way, but not long. Others wait for another worker, or the next start."""
        self._is_closing = True
        self.wake()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=GRACE)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._is_closing:
            self._due.clear()
            mails: list[Mail] = []
            try:
                mails = await self._take()
                await asyncio.gather(*(self._deliver(mail) for mail in mails))
            except Exception:
                # The next time may find the database at ease again.
                log.exception("sending mail failed")
            if not mails and not self._is_closing:
                try:
                    await asyncio.wait_for(self._due.wait(), POLL * random.uniform(0.5, 1.5))
                except TimeoutError:
                    continue

    async def _take(self) -> list[Mail]:
        rows = await self._database.fetch(
            "UPDATE threescore.mail SET tries = tries + 1, due_at = now() + $1 * interval '1 second' WHERE id IN"
            " (SELECT id FROM threescore.mail WHERE due_at <= now() AND to_log = $2 ORDER BY due_at"
            "  LIMIT $3 FOR UPDATE SKIP LOCKED)"
            " RETURNING id, kind, recipient, invitation_id, author, tries,"
            f" created_at < now() - interval '{KEPT}' AS is_last",
            LEASE,
            self._url is None,
            AT_ONCE,
        )
        return [Mail(**dict(row)) for row in rows]

    async def _deliver(self, mail: Mail) -> None:
        try:
            async with self._database.transaction() as connection:
                letter = await self._write(connection, mail)
            if letter is not None:
                await self._send(mail, letter)
        except Exception as error:
            await self._postpone(mail, _reason(error), for_good=mail.is_last or _is_final(error))
        else:
            await self._database.execute("DELETE FROM threescore.mail WHERE id = $1", mail.id)

    async def _send(self, mail: Mail, letter: Letter) -> None:
        if self._url is None:
            log.warning(
                "mail, not sent because THREESCORE_SMTP_URL is not set",
                to=mail.recipient,
                subject=letter.subject,
                text=letter.text,
            )
            return
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, mail.recipient, letter.subject
        message.set_content(letter.text)
        parts = urlsplit(self._url)
        async with asyncio.timeout(WHOLE_TIMEOUT):
            await aiosmtplib.send(
                message,
                hostname=parts.hostname,
                port=parts.port,
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=parts.scheme == "smtps",
                timeout=TIMEOUT,
            )

    async def _postpone(self, mail: Mail, reason: str, *, for_good: bool) -> None:
        said = {"to": mail.recipient, "kind": mail.kind, "tries": mail.tries, "reason": reason}
        if for_good:
            log.error("mail given up", **said)
            await self._database.execute("DELETE FROM threescore.mail WHERE id = $1", mail.id)
            return
        log.error("mail not sent", **said)
        await self._database.execute(
            "UPDATE threescore.mail SET due_at = now() + $2 * interval '1 second' WHERE id = $1",
            mail.id,
            wait_after(mail.tries),
        )


def wait_after(tries: int) -> float:
    """Seconds from so many failures to the next try."""
    return min(LONGEST_WAIT, FIRST_WAIT * GROWTH ** min(tries - 1, 10))


def _refused(error: Exception) -> Exception:
    """What went wrong, of the one recipient that a mail has."""
    return error.recipients[0] if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients else error


def _is_final(error: Exception) -> bool:
    """Whether the mail server will never take the mail: it refused the recipient or the text with a code from 500 on.

    What it has against us, an account or a sender, the settings may mend meanwhile.
    """
    refused = _refused(error)
    return isinstance(refused, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError) and refused.code >= 500


def _reason(error: Exception) -> str:
    """Why a mail was not sent. What a mail server says may repeat the mail, and a link in it: only its code is told."""
    refused = _refused(error)
    name = type(error).__name__
    if isinstance(refused, aiosmtplib.SMTPResponseException):
        return f"{name} {refused.code}"
    return f"{name}: {error}" if isinstance(error, OSError) else name
