"""`/graphql` over WebSocket, in the protocol `graphql-transport-ws`: any number of operations on one connection.

They run side by side, but a subscription has begun before the messages behind it are looked at.

The protocol: https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

from threescore.access.rates import RateLimits
from threescore.access.tokens import Claims
from threescore.errors import AccessRefused, RateLimited, ThreescoreError
from threescore.graphql.core.execute import CoreGraphql
from threescore.graphql.request import GraphqlRequest, GraphqlResponse, refusal
from threescore.rest.http import Receive, Scope, Send, read_headers

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10
"""How long a new connection may take to say who it is."""

MAX_OPERATIONS = 100
"""How many operations one connection may have at work."""

_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN = 4400, 4401, 4403
_BAD_PROTOCOL, _INIT_TIMEOUT, _TAKEN_ID, _TOO_MANY = 4406, 4408, 4409, 4429

log = structlog.get_logger()


class _Closed(Exception):
    """The connection ends. With a code, because of us."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphqlSocket:
    """Answers WebSocket connections."""

    def __init__(self, core: CoreGraphql, limits: RateLimits, message_limit: int) -> None:
        self._core = core
        self._limits = limits
        self._message_limit = message_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection until it ends."""
        if (await receive())["type"] != "websocket.connect":
            return
        if PROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": _BAD_PROTOCOL, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        connection = _Connection(self._core, self._limits, self._message_limit, scope, receive, send)
        try:
            await connection.serve()
        except _Closed as closed:
            if closed.code is not None:
                await send({"type": "websocket.close", "code": closed.code, "reason": closed.reason})
        finally:
            await connection.end()


class _Connection:
    def __init__(
        self,
        core: CoreGraphql,
        limits: RateLimits,
        message_limit: int,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._core = core
        self._limits = limits
        self._message_limit = message_limit
        self._headers = read_headers(scope)
        self._receive = receive
        self._send = send
        self._claims: Claims | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Takes messages until the connection ends. Raises _Closed."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                first = await self._message()
                while first["type"] in ("ping", "pong"):
                    await self._heard(first)
                    first = await self._message()
        except TimeoutError:
            raise _Closed(_INIT_TIMEOUT, "Connection initialisation timeout") from None
        if first["type"] != "connection_init":
            raise _Closed(_UNAUTHORIZED, "Unauthorized")
        self._claims = await self._admitted(first.get("payload"))
        await self._say({"type": "connection_ack"})
        while True:
            await self._heard(await self._message())

    async def end(self) -> None:
        """Ends all operations."""
        tasks = list(self._operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _admitted(self, payload: object) -> Claims:
        """Who connects: by the header of the connection, or by one named in the payload. Raises _Closed."""
        given: Any = payload if isinstance(payload, dict) else {}
        headers = given.get("headers") if isinstance(given.get("headers"), dict) else {}
        found = (mapping.get(name) for mapping in (given, headers) for name in ("Authorization", "authorization"))
        authorization = next((value for value in found if isinstance(value, str)), self._headers.authorization)
        try:
            return await self._limits.admit(authorization)
        except RateLimited as error:
            raise _Closed(_TOO_MANY, error.message) from error
        except AccessRefused as error:
            raise _Closed(_FORBIDDEN, error.message) from error

    async def _message(self) -> MutableMapping[str, Any]:
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise _Closed
        text: str | bytes = received.get("text") or received.get("bytes") or ""
        if len(text) > self._message_limit:
            raise _Closed(1009, "Message too large")
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise _Closed(_BAD_REQUEST, "A message must be JSON") from error
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Closed(_BAD_REQUEST, 'A message must be an object with a "type"')
        return message

    async def _heard(self, message: MutableMapping[str, Any]) -> None:
        match message["type"]:
            case "ping":
                await self._say({"type": "pong"})
            case "pong":
                return
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                task = self._operations.pop(str(message.get("id")), None)
                if task is not None:
                    task.cancel()
            case "connection_init":
                raise _Closed(_TOO_MANY, "Too many initialisation requests")
            case other:
                raise _Closed(_BAD_REQUEST, f"Unknown type of message: {other[:50]}")

    async def _subscribe(self, message: MutableMapping[str, Any]) -> None:
        name, payload = message.get("id"), message.get("payload")
        if not isinstance(name, str) or not name or not isinstance(payload, dict):
            raise _Closed(_BAD_REQUEST, '"subscribe" needs an "id" and a "payload"')
        query, variables, operation = (payload.get(key) for key in ("query", "variables", "operationName"))
        if not isinstance(query, str) or not isinstance(variables, dict | None):
            raise _Closed(_BAD_REQUEST, 'The payload needs a "query"; "variables" are an object')
        if name in self._operations:
            raise _Closed(_TAKEN_ID, f"Subscriber for {name[:50]} already exists")
        if len(self._operations) >= MAX_OPERATIONS:
            raise _Closed(_TOO_MANY, f"A connection may have {MAX_OPERATIONS} operations at once")
        request = GraphqlRequest(query, variables or {}, operation if isinstance(operation, str) else None)
        begun = asyncio.Event()
        self._operations[name] = asyncio.create_task(self._operate(name, request, begun))
        if self._core.is_subscription(request):
            # It hears of whatever is done by the messages behind it.
            await begun.wait()

    async def _operate(self, name: str, request: GraphqlRequest, begun: asyncio.Event) -> None:
        """Sends what follows from one operation, and that it is complete; sets `begun` once a subscription has."""
        assert self._claims is not None
        try:
            try:
                await self._limits.spend(self._claims, lambda: self._core.weight(request))
                answer = await self._core.subscribe(self._claims, request)
            finally:
                begun.set()
            if isinstance(answer, GraphqlResponse):
                await self._next(name, answer)
            else:
                async for payload in answer:
                    if payload.body is None:
                        await self._say({"type": "ping"})
                    elif payload.place is None:
                        await self._next(name, GraphqlResponse(200, payload.body, has_data=False))
                    else:
                        await self._next(name, GraphqlResponse(200, payload.body))
            if self._operations.pop(name, None) is not None:
                await self._say({"type": "complete", "id": name})
        except Exception as error:
            if not isinstance(error, ThreescoreError):
                log.exception("operation failed")
            self._operations.pop(name, None)
            await self._next(name, refusal(error))

    async def _next(self, name: str, response: GraphqlResponse) -> None:
        """Sends a result; one without data ends the operation by what the protocol calls an error."""
        if response.has_data:
            await self._say({"type": "next", "id": name, "payload": msgspec.Raw(response.body)})
        else:
            self._operations.pop(name, None)
            errors = msgspec.json.decode(response.body)["errors"]
            await self._say({"type": "error", "id": name, "payload": errors})

    async def _say(self, message: dict[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": msgspec.json.encode(message).decode()})
