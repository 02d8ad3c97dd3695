"""The REST doors as one ASGI application: who calls, what for, and what is answered when it cannot be."""

import msgspec
import structlog

from threescore.access.audit import DEFAULT_PAGE, MAX_PAGE, Author, read_audit, read_question
from threescore.access.idempotency import Answer, KeptAnswers, Keyed, Owner
from threescore.access.rates import RateLimits
from threescore.access.tokens import Claims
from threescore.catalog.state import Workspaces
from threescore.db.pool import Database
from threescore.errors import BadRequest, Forbidden, InvalidInput, NotFound, ThreescoreError
from threescore.events.watch import Watch
from threescore.model.fields.base import Json
from threescore.records.caller import Caller, answer_for
from threescore.rest.envelope import INTERNAL_ERROR, encode_error
from threescore.rest.events import EVENT_ACTIONS, EventsApi
from threescore.rest.grammar.parameters import Parameters, parse_limit, parse_query_string
from threescore.rest.grammar.path import Route, parse_path
from threescore.rest.grammar.warnings import (
    ParameterWarning,
    repeated_parameters,
    silent_operations,
    unknown_parameters,
    warning_header,
)
from threescore.rest.http import (
    REPLAYED,
    Headers,
    Receive,
    Reply,
    Scope,
    Send,
    Stream,
    client_of,
    decode_body,
    discard_body,
    read_body,
    read_headers,
    send_preflight,
    send_reply,
    send_stream,
)
from threescore.rest.keys import NOTHING
from threescore.rest.metadata import MetadataApi
from threescore.rest.records import TAKING_A_BODY, RecordsApi
from threescore.rest.webhooks import ACTIONS, WebhooksApi, silent_patterns

ALIASES = ("apiKeys", "webhooks")
"""What older clients call directly below `/rest`."""

OF_MODEL = ("objects", "fields")
"""The resources about which a refusal is 403."""

DEPRECATED = b"@1786320000"
"""Since when the aliases are deprecated, as the header `Deprecation` says it."""

log = structlog.get_logger()


class RestApi:
    """Everything below `/rest`."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        records: RecordsApi,
        metadata: MetadataApi,
        webhooks: WebhooksApi,
        limits: RateLimits,
        body_limit: int,
        answers: KeptAnswers,
        watch: Watch | None = None,
    ) -> None:
        self._database = database
        self._workspaces = workspaces
        self._records = records
        self._metadata = metadata
        self._webhooks = webhooks
        self._limits = limits
        self._answers = answers
        self._events = EventsApi(database, workspaces, watch or Watch(database))
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["method"] == "OPTIONS":
            requested = dict(scope["headers"]).get(b"access-control-request-headers")
            await send_preflight(send, requested)
            return
        headers = read_headers(scope)
        ignored: list[ParameterWarning] = []
        try:
            reply: Reply | Stream = await self._reply(scope, receive, headers, ignored)
        except ThreescoreError as error:
            reply = Reply(*encode_error(await self._limits.refuse(error, headers.authorization)))
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            reply = Reply(500, msgspec.json.encode(INTERNAL_ERROR))
        if isinstance(reply, Stream):
            await send_stream(receive, send, reply)
            return
        if ignored:
            reply.warning = warning_header(ignored)
        await discard_body(receive, headers)
        await send_reply(scope, headers, reply, send)

    async def _reply(
        self, scope: Scope, receive: Receive, headers: Headers, ignored: list[ParameterWarning]
    ) -> Reply | Stream:
        """The reply to a request; parameters without effect are added to `ignored`."""
        path = scope["path"].removeprefix("/rest")
        segments = tuple(part for part in path.split("/") if part)
        if not segments:
            raise _no_page(scope)
        claims = await self._limits.admit(headers.authorization)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        try:
            parameters = parse_query_string(scope["query_string"])
            if segments[0] in ("metadata", *ALIASES):
                route, takes_body = None, method in ("POST", "PATCH", "PUT")
                # What is done to a webhook or a delivery needs no more words than the path has.
                takes_body = takes_body and (headers.body_waits or segments[-1] not in ACTIONS)
            else:
                route = parse_path(method, path)
                takes_body = route.action in TAKING_A_BODY
                ignored += unknown_parameters(route.action, parameters.values)
                ignored += repeated_parameters(route.action, parameters.repeated)
            raw = await read_body(receive, headers, self._body_limit) if takes_body else b""
            body = decode_body(raw, headers) if takes_body else None
            keyed = _keyed(scope, headers, raw) if _writes(method, route) else None
        except ThreescoreError:
            # Whoever is not let in hears of nothing else.
            await self._caller(claims)
            raise
        if route is None:
            return await self._of_model(claims, scope, method, segments, parameters, body, keyed, ignored)
        if route.action in EVENT_ACTIONS:
            return await self._events(claims, route, parameters, headers)
        return await self._of_records(claims, route, parameters, body, keyed, headers.if_match)

    async def _caller(self, claims: Claims) -> Caller:
        """The caller in the workspace as it is at this moment. Raises AccessRefused."""
        return Caller.of(await self._workspaces.present(claims.workspace_id), claims)

    async def _of_records(
        self,
        claims: Claims,
        route: Route,
        parameters: Parameters,
        body: Json,
        keyed: Keyed | None,
        if_match: str | None,
    ) -> Reply:
        async def answer(caller: Caller) -> Reply:
            if keyed is None:
                return await self._records(caller, route, parameters, body, if_match)

            async def run(database: Database) -> Answer:
                reply = await self._records.over(database)(caller, route, parameters, body, if_match)
                return Answer(reply.status, reply.body)

            # What removes records must see, or collide with, all that came to refer to them.
            removes = route.action in ("deleteOne", "deleteMany")
            return _reply(await self._answers.once(Owner.caller(caller), keyed, run, _refused, snapshot=removes))

        return await answer_for(self._workspaces, claims, answer)

    async def _of_model(
        self,
        claims: Claims,
        scope: Scope,
        method: str,
        path: tuple[str, ...],
        parameters: Parameters,
        body: Json,
        keyed: Keyed | None,
        ignored: list[ParameterWarning],
    ) -> Reply:
        caller = await self._caller(claims)
        alias = path[0] in ALIASES
        path = path if alias else path[1:]
        if path[:1] == ("audit",):
            return await self._audit(caller, method, path[1:], parameters)
        author = Author(caller.actor, *client_of(scope))

        async def run(database: Database | None) -> Answer:
            try:
                if path[:1] in (("webhooks",), ("webhookDeliveries",)):
                    webhooks = self._webhooks.over(database or self._database, author)
                    status, payload = await webhooks(caller, method, path, parameters.values, body, bare=alias)
                else:
                    api = self._metadata if method == "GET" else self._metadata.over(database, author)
                    query = list(parameters.values.items())
                    status, payload = await api(
                        caller=caller, method=method, path=path, query=query, body=body, bare=alias
                    )
            except Forbidden as error:
                if path[0] not in OF_MODEL and error.code == "PERMISSION_DENIED":
                    # What clients of the wire know this refusal by, here as for records.
                    error.status = BadRequest.status
                raise
            return Answer(status, b"" if payload is NOTHING else msgspec.json.encode(payload))

        if keyed is None:
            reply = _reply(await run(None))
        else:
            owner = Owner.caller(caller)
            reply = _reply(await self._answers.once(owner, keyed, run, _refused, on_present_model=False))
            if path[:1] == ("webhooks",):
                # Those who deliver may have looked before all was written.
                self._webhooks.changed(caller.model.workspace_id)
        if path[:1] == ("webhooks",):
            ignored += silent_operations(silent_patterns(caller.state.model, body))
        if alias:
            successor = f'</rest/metadata/{"/".join(path)}>; rel="successor-version"'
            reply.fields += ((b"deprecation", DEPRECATED), (b"link", successor.encode()))
        return reply

    async def _audit(self, caller: Caller, method: str, rest: tuple[str, ...], parameters: Parameters) -> Reply:
        """A page of the audit log, latest entries first."""
        if rest or method != "GET":
            raise NotFound(f"Cannot {method} /rest/metadata/{'/'.join(('audit', *rest))}")
        caller.require("SECURITY")
        limit = parse_limit(parameters.get("limit"), DEFAULT_PAGE, MAX_PAGE)
        question = read_question(lambda name: parameters.get(name))
        after = parameters.get("after") or None
        items, more = await read_audit(self._database, caller.model.schema, question, after, limit)
        page = {"hasNextPage": more, "endCursor": items[-1]["id"] if items else None}
        return Reply(200, msgspec.json.encode({"data": items, "pageInfo": page}))


def _writes(method: str, route: Route | None) -> bool:
    return method != "GET" and (route is None or route.action != "findDuplicates")


def _keyed(scope: Scope, headers: Headers, body: bytes) -> Keyed | None:
    if headers.idempotency_key is None:
        return None
    parts = (
        scope["method"].encode(),
        scope["path"].encode("utf-8", "surrogatepass"),
        scope["query_string"],
        (headers.if_match or "").encode(),
        body,
    )
    return Keyed.of(headers.idempotency_key, parts)


def _refused(error: ThreescoreError) -> Answer:
    return Answer(*encode_error(error))


def _reply(answer: Answer) -> Reply:
    return Reply(answer.status, answer.body, fields=(REPLAYED,) if answer.replayed else ())


def _no_page(scope: Scope) -> ThreescoreError:
    error = InvalidInput(f"Cannot {scope['method']} {scope['path']}")
    error.status = NotFound.status
    return error
