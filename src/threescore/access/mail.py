"""Mail to people: sent through an SMTP server, or written to the log where none is set."""

import asyncio
from collections.abc import Coroutine
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

ATTEMPTS = 3
PAUSE = 2.0
"""How often sending a mail is tried, and how many seconds the first pause lasts; each is four times the last."""

TIMEOUT = 20.0
"""Seconds that the mail server has for an answer."""

GRACE = 5.0
"""Seconds that mails under way are waited for when the process ends."""

log = structlog.get_logger()


class Mailer:
    """Sends mails in the background, so that no answer tells by its time whether one is sent.

    A mail that is not out when the process dies is lost; whoever waits for it asks again.
    """

    def __init__(self, url: str | None, sender: str) -> None:
        self._url = url
        self._sender = sender
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, recipient: str, subject: str, text: str) -> None:
        """Sends a mail soon."""
        self.begin(self._deliver(recipient, subject, text))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Does some work in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("work in the background failed", exc_info=task.exception())

    async def close(self) -> None:
        """Waits for mails under way, but not long."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()

    async def _deliver(self, recipient: str, subject: str, text: str) -> None:
        if self._url is None:
            log.warning(
                "mail, not sent because THREESCORE_SMTP_URL is not set", to=recipient, subject=subject, text=text
            )
            return
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, recipient, subject
        message.set_content(text)
        parts = urlsplit(self._url)
        pause = PAUSE
        for attempt in range(ATTEMPTS):
            try:
                await aiosmtplib.send(
                    message,
                    hostname=parts.hostname,
                    port=parts.port,
                    username=unquote(parts.username) if parts.username else None,
                    password=unquote(parts.password) if parts.password else None,
                    use_tls=parts.scheme == "smtps",
                    timeout=TIMEOUT,
                )
                return
            except (aiosmtplib.SMTPException, OSError) as error:
                # The address alone: what the mail says is between us and whom it is for.
                log.error("mail not sent", to=recipient, attempt=attempt + 1, reason=str(error))
            await asyncio.sleep(pause)
            pause *= 4
