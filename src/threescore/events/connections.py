"""A connection to a receiver, as HTTP/1.1 uses it: a request, its answer, and perhaps the next request.

The receiver is a stranger. Whatever it sends, an answer takes a bounded amount of memory and time, and it belongs to
the request that was sent last: a connection on which anything came that was not asked for is not used again.
"""

import asyncio
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

KEPT_BODY = 4096
"""How many bytes of an answer's body are kept for the log."""

READ_BODY = 65_536
"""How many bytes of an answer are read at most after its head, so that its connection can be used again."""

READ_HEAD = 32_768
"""How long the head of an answer may be in bytes, with all interim ones (`103 Early Hints`) before it."""

BODY_SECONDS = 2.0
"""How long an answer's body is waited for. What it is about has been said by then."""

_IDLE, _ASKED, _HEADED, _WHOLE, _CLOSED = range(5)
"""Nobody has asked; a request is sent; its answer's head is there; its body as well; the connection has ended."""


class CallFailed(Exception):
    """There is no answer. The message says why, in words for the log."""


class Unanswered(CallFailed):
    """The connection ended before a single byte of an answer. The receiver may have seen the request or not."""


class Answer:
    """What a receiver answered: the status, the headers as they came, the beginning of the body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()


class Connection(asyncio.Protocol):
    """One connection, for one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Calls the methods below whose names begin with `on_`.
        self._parser = HttpResponseParser(self)
        self._state = _IDLE
        self._answer = Answer()
        self._asking: asyncio.Future[Answer] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._reads_body = False
        self._room = 0
        self._has_begun = False
        self._is_reusable = True

    # For who asks

    def ask(self, request: bytes, deadline: float) -> "asyncio.Future[Answer]":
        """Sends a request on a connection that is idle. `deadline`: in the time of the event loop.

        The future raises CallFailed, or TimeoutError when there is no head of an answer by then. Who does not wait for
        its end has to `abort`.
        """
        self._asking = self._loop.create_future()
        if not self.is_idle:
            self._asking.set_exception(Unanswered("the receiver closed the connection"))
            return self._asking
        self._state = _ASKED
        self._answer = Answer()
        self._room = READ_HEAD
        self._has_begun = self._reads_body = False
        self._deadline = deadline
        self._timer = self._loop.call_at(deadline, self._expire)
        self._transport.write(request)
        return self._asking

    @property
    def is_idle(self) -> bool:
        """Whether the next request may be sent."""
        return self._state == _IDLE and not self._transport.is_closing()

    def close(self) -> None:
        """Ends a connection that is idle, in order."""
        self._state = _CLOSED
        self._transport.close()

    def abort(self) -> None:
        """Ends the connection at once."""
        self._stop_timer()
        self._state = _CLOSED
        self._transport.abort()

    # What the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Something came, whole or not."""
        if self._state == _CLOSED:
            return
        if self._state == _IDLE:
            # Nobody has asked. Were it taken for the answer to the next request, a receiver could say anything.
            self.abort()
            return
        self._has_begun = True
        is_broken = False
        try:
            self._parse(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self._state == _ASKED:
                self._fail(CallFailed(f"the receiver's answer is not HTTP: {error}"))
                return
            # Past the head it says nothing about what was answered.
            is_broken = True
        if self._state == _ASKED:
            if self._room <= 0:
                self._fail(CallFailed(f"the head of the receiver's answer is longer than {READ_HEAD} bytes"))
        elif self._state == _WHOLE or self._room <= 0 or is_broken:
            self._finish(self._state == _WHOLE and self._is_reusable and not is_broken)
        elif not self._reads_body:
            self._reads_body = True
            self._stop_timer()
            self._timer = self._loop.call_at(min(self._deadline, self._loop.time() + BODY_SECONDS), self._expire)

    def eof_received(self) -> None:
        """The receiver sends no more, and so the event loop closes the connection."""
        if self._state == _IDLE:
            self._state = _CLOSED

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, by whomever."""
        if self._state in (_HEADED, _WHOLE):
            # So ends a body of no stated length. One that is cut off says nothing about what was answered, either.
            self._finish(False)
        elif self._state == _ASKED:
            did = "closed" if exc is None else "reset"
            if self._has_begun:
                self._fail(CallFailed(f"the receiver {did} the connection in the head of its answer"))
            else:
                self._fail(Unanswered(f"the receiver {did} the connection without an answer"))
        self._state = _CLOSED

    # What the parser tells

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._state != _ASKED:
            self._is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has ended; or a trailer, which nobody wants."""
        if self._state == _ASKED:
            self._answer.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head of an answer has ended. It may be an interim one."""
        if self._state != _ASKED:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._answer.headers.clear()
            return
        self._answer.status = status
        self._is_reusable = status != 101 and self._parser.should_keep_alive()
        self._state = _HEADED
        self._room = READ_BODY

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._state == _HEADED and len(self._answer.body) < KEPT_BODY:
            self._answer.body += body[: KEPT_BODY - len(self._answer.body)]

    def on_message_complete(self) -> None:
        """An answer has ended."""
        if self._state == _HEADED:
            self._state = _WHOLE

    # What it comes to

    def _parse(self, data: bytes) -> None:
        if self._state == _ASKED and len(data) > self._room:
            # No more of a head is read than may be kept; what is left is a body's where the head ended before.
            head, data = data[: self._room], data[self._room :]
            self._room = 0
            self._parser.feed_data(head)
            if self._state == _ASKED:
                return
        self._room -= len(data)
        self._parser.feed_data(data)

    def _expire(self) -> None:
        if self._state == _ASKED:
            self._fail(TimeoutError())
        else:
            self._finish(False)

    def _finish(self, is_reusable: bool) -> None:
        """Gives the answer, whose body may be cut off."""
        self._stop_timer()
        if is_reusable and not self._transport.get_write_buffer_size():
            self._state = _IDLE
        else:
            self.abort()
        if self._asking is not None and not self._asking.done():
            self._asking.set_result(self._answer)

    def _fail(self, error: Exception) -> None:
        self.abort()
        if self._asking is not None and not self._asking.done():
            self._asking.set_exception(error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
