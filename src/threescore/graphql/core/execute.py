"""Executes operations on records: root field by root field, with what each one answers put together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from graphql import FieldNode

from threescore.access.idempotency import Answer, KeptAnswers, Keyed, Owner
from threescore.access.tokens import Claims
from threescore.catalog.state import Stale, Workspaces
from threescore.db.pool import Collided, Database
from threescore.errors import AccessRefused, BadRequest, PermissionDenied, ThreescoreError
from threescore.events.feed import Feed
from threescore.events.history import Histories
from threescore.events.watch import Watch
from threescore.graphql.core.actions import Actions, Field, Written
from threescore.graphql.core.checks import unknown_field
from threescore.graphql.core.names import RootField, root_fields
from threescore.graphql.core.operation import ONE_RECORD, Operation, read_operation
from threescore.graphql.core.schema import introspect, schema_text
from threescore.graphql.core.selections import TYPENAME
from threescore.graphql.core.subscriptions import Payload, Subscriptions
from threescore.graphql.documents import Documents
from threescore.graphql.errors import entry
from threescore.graphql.limits import Limits
from threescore.graphql.request import REFUSALS, GraphqlRequest, GraphqlResponse, all_final, refusal
from threescore.model.objects import Model
from threescore.records.caller import Caller, answer_for
from threescore.records.service import Records

_INTROSPECTION = ("__schema", "__type")
_WRITES_OF_SEVERAL = frozenset({"updateMany", "deleteMany", "restoreMany", "destroyMany", "mergeMany"})

encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class CoreGraphql:
    """Answers operations on the records of any workspace."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        records: Records,
        limits: Limits,
        answers: KeptAnswers,
        watch: Watch | None = None,
    ) -> None:
        self._answers = answers
        self._workspaces = workspaces
        self._records = records
        self._actions = Actions(records, Histories(database), limits)
        feed = Feed(database, workspaces, watch or Watch(database))
        self._subscriptions = Subscriptions(workspaces, feed, limits)
        self._limits = limits
        self._documents = Documents(limits.tokens)

    async def execute(self, claims: Claims, request: GraphqlRequest) -> GraphqlResponse:
        """The answer to one request. Errors of ours are in the answer, not raised."""
        try:
            operation = read_operation(self._documents, request, self._limits)
        except REFUSALS as error:
            return refusal(error)
        if operation.kind == "Subscription":
            return refusal(BadRequest("Subscriptions are answered over WebSocket, or with Accept: text/event-stream"))
        if request.keyed is not None and operation.kind == "Mutation":
            return await self._once(claims, operation, request.keyed)
        return await self._answer(operation, lambda key, nodes: self._field(claims, operation, key, nodes))

    async def sdl(self, claims: Claims) -> bytes:
        """The schema in the schema definition language, for the model as it is now. Raises AccessRefused."""
        return schema_text(Caller.of(await self._workspaces.present(claims.workspace_id), claims).model)

    async def subscribe(
        self, claims: Claims, request: GraphqlRequest, after: str | None = None
    ) -> AsyncIterator[Payload] | GraphqlResponse:
        """The payloads that follow from a subscription, without end; the answer at once where it is none, or is wrong.

        `after` is the cursor to start after, where the subscription does not name one itself.
        """
        try:
            operation = read_operation(self._documents, request, self._limits)
            if operation.kind != "Subscription":
                return await self.execute(claims, request)
            return await self._subscriptions.begin(claims, operation, after)
        except REFUSALS as error:
            return refusal(error)

    def is_subscription(self, request: GraphqlRequest) -> bool:
        """Whether a request asks for events to come. One that cannot be read does not."""
        try:
            return read_operation(self._documents, request, self._limits).kind == "Subscription"
        except REFUSALS:
            return False

    def refuse_stranger(self, request: GraphqlRequest) -> GraphqlResponse:
        """The answer to a request without a token."""
        try:
            operation = read_operation(self._documents, request, self._limits)
        except REFUSALS as error:
            return refusal(error)
        names = ", ".join(nodes[0].name.value for nodes in operation.fields.values())
        message = f"Unauthenticated: no workspace resolved for fields {names}"
        return refusal(AccessRefused(401, "WORKSPACE_QUERY_WITHOUT_WORKSPACE", message))

    def weight(self, request: GraphqlRequest) -> int:
        """How many root fields a request has; one that cannot be read weighs as much as one with a single field."""
        try:
            return max(1, len(read_operation(self._documents, request, self._limits).fields))
        except REFUSALS:
            return 1

    def refuse_all(self, request: GraphqlRequest, error: ThreescoreError) -> GraphqlResponse:
        """The answer to a request of which no root field is executed, for the same reason."""
        try:
            fields = read_operation(self._documents, request, self._limits).fields
        except REFUSALS:
            return refusal(error)
        errors = [entry(error, [key], nodes[0]) for key, nodes in fields.items()]
        return GraphqlResponse(200, encode({"data": dict.fromkeys(fields), "errors": errors}))

    async def _once(self, claims: Claims, operation: Operation, keyed: Keyed) -> GraphqlResponse:
        """The answer to a mutation with an Idempotency-Key."""
        # What removes records must see, or collide with, all that came to refer to them.
        removes = any(nodes[0].name.value.startswith("destroy") for nodes in operation.fields.values())

        async def answer(caller: Caller) -> Answer:
            async def run(database: Database) -> Answer:
                actions = self._actions.over(self._records.over(database))
                response = await self._answer(
                    operation, lambda *field: self._written(actions, caller, operation, *field)
                )
                return response.answer

            return await self._answers.once(Owner.caller(caller), keyed, run, refused, snapshot=removes)

        def refused(error: ThreescoreError) -> Answer:
            return Answer(200, refusal(error).body)

        try:
            return GraphqlResponse.of(await answer_for(self._workspaces, claims, answer, REFUSALS))
        except AccessRefused as error:
            return refusal(error)
        except ThreescoreError as error:
            return refusal(error, status=error.status)

    async def _answer(
        self, operation: Operation, answer: Callable[[str, Sequence[FieldNode]], Awaitable[bytes]]
    ) -> GraphqlResponse:
        """What `answer` says for each root field, put together. Raises Stale and Collided where it does."""
        refused: list[AccessRefused] = []
        failed: list[Exception] = []

        async def one(key: str, nodes: Sequence[FieldNode]) -> tuple[bytes, dict[str, Any] | None]:
            try:
                return await answer(key, nodes), None
            except (Stale, Collided):
                raise
            except Exception as error:
                failed.append(error)
                if isinstance(error, AccessRefused):
                    refused.append(error)
                elif not isinstance(error, REFUSALS):
                    log.exception("root field failed", field=nodes[0].name.value)
                return b"null", entry(error, [key], nodes[0])

        fields = operation.fields
        if operation.kind == "Mutation":
            results = [await one(key, nodes) for key, nodes in fields.items()]
        else:
            results = await asyncio.gather(*(one(key, nodes) for key, nodes in fields.items()))
        if refused and len(refused) == len(fields):
            return refusal(refused[0])
        data = b",".join(encode(key) + b":" + value for key, (value, _) in zip(fields, results, strict=True))
        errors = [error for _, error in results if error is not None]
        tail = b',"errors":' + encode(errors) if errors else b""
        return GraphqlResponse(200, b'{"data":{' + data + b"}" + tail + b"}", final=all_final(failed))

    async def _field(self, claims: Claims, operation: Operation, key: str, nodes: Sequence[FieldNode]) -> bytes:
        """The JSON of one root field, made again where the model changed under it."""
        name = nodes[0].name.value
        if name == TYPENAME:
            return encode(operation.kind)
        if name in _INTROSPECTION:
            await self._workspaces.present(claims.workspace_id)
        answered = await answer_for(
            self._workspaces, claims, lambda caller: self._made(self._actions, caller, operation, key, nodes), REFUSALS
        )
        if isinstance(answered, bytes):
            return answered
        # Not to be written again where the model changes before it is read.
        written = answered
        return await answer_for(
            self._workspaces, claims, lambda caller: self._actions.show(caller, written, operation, nodes), REFUSALS
        )

    async def _written(
        self, actions: Actions, caller: Caller, operation: Operation, key: str, nodes: Sequence[FieldNode]
    ) -> bytes:
        """The JSON of one root field inside a transaction, which begins again as a whole. Raises Stale."""
        if nodes[0].name.value == TYPENAME:
            return encode(operation.kind)
        made = await self._made(actions, caller, operation, key, nodes)
        return made if isinstance(made, bytes) else await actions.show(caller, made, operation, nodes)

    async def _made(
        self, actions: Actions, caller: Caller, operation: Operation, key: str, nodes: Sequence[FieldNode]
    ) -> bytes | Written:
        name = nodes[0].name.value
        if name in _INTROSPECTION:
            # The first time for a model it takes long enough to keep others waiting.
            shown = await asyncio.to_thread(
                introspect, caller.model, operation.node, operation.document.fragments, {key}, operation.variables
            )
            return encode(shown[key])
        known = _roots(caller.model, operation.kind)
        root = known.get(name)
        if root is None and name in _roots(caller.state.model, operation.kind):
            # There is such an object, but the caller cannot read it.
            raise PermissionDenied
        if root is None:
            raise unknown_field(nodes[0], operation.kind, known, subCode="UNKNOWN_ROOT_FIELD")
        if operation.versions is not None and root.action in _WRITES_OF_SEVERAL:
            raise BadRequest(ONE_RECORD)
        field = Field(caller, root, nodes, operation.collector(self._limits), operation.versions)
        return await actions.run(field)


def _roots(model: Model, kind: str) -> Mapping[str, RootField]:
    roots = root_fields(model)
    return roots.query if kind == "Query" else roots.mutation
