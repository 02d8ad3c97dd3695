"""Answers GraphQL requests about the data model and the settings."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Visitor,
    execute,
    visit,
)

from threescore.access.attempts import Limit, whereabouts
from threescore.access.audit import Author
from threescore.access.idempotency import Answer, KeptAnswers, Keyed, Owner
from threescore.access.openness import OF_PERSON, PUBLIC
from threescore.access.people import People
from threescore.access.tokens import WRONG_TYPE, Claims, Tokens, bearer_token
from threescore.catalog.state import Workspaces
from threescore.db.pool import Database
from threescore.errors import AccessRefused, BadRequest, ThreescoreError
from threescore.events.services import WebhookServices
from threescore.graphql.errors import entry
from threescore.graphql.limits import Limits
from threescore.graphql.metadata.context import MAX_VALUES, AnswerTooLarge, Context, Person, Services
from threescore.graphql.metadata.documents import Documents
from threescore.graphql.metadata.schema import metadata_schema, resolve_value
from threescore.graphql.metadata.variables import check_variables
from threescore.graphql.request import (
    ENDING,
    UNREPEATABLE,
    GraphqlRequest,
    GraphqlResponse,
    all_final,
    longest_wait,
    refusal,
)
from threescore.records.caller import Caller

THREADS = 16
"""How many requests a worker answers at once. Most of them wait: for the database, or for a table to be free."""

KEYS_OF_STRANGERS = Limit(300, 900)
"""How many requests with an Idempotency-Key may come from one address without a token."""

log = structlog.get_logger()


class MetadataGraphql:
    """`/metadata`. What it answers is read from the data model as it is when the request comes."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        tokens: Tokens,
        webhooks: WebhookServices,
        answers: KeptAnswers,
        limits: Limits | None = None,
        people: People | None = None,
    ) -> None:
        self._workspaces = workspaces
        self._services = Services.of(database, tokens, workspaces, webhooks, people or People(database, tokens))
        self._answers = answers
        self._limits = limits or Limits()
        self._documents: Documents | None = None
        self._threads = ThreadPoolExecutor(THREADS, "metadata")
        # Threads of their own: who waits for one has a connection already, which those in the other threads wait for.
        self._keyed_threads = ThreadPoolExecutor(THREADS, "metadata-keyed")

    async def execute(self, claims: Claims, request: GraphqlRequest) -> GraphqlResponse:
        """The answer to one request. Errors of ours are in the answer, not raised."""
        try:
            caller = await self._caller(claims)
        except ThreescoreError as error:
            return refusal(error)
        return await self._execute(request, caller)

    async def serve(self, authorization: str | None, request: GraphqlRequest) -> GraphqlResponse:
        """The answer to one request of whoever has this `Authorization` header, or none.

        Without a token that opens a workspace there is an answer if all that is asked for is public, or open to
        whoever is signed in and asked with a token that says so.
        """
        try:
            caller = await self._caller(self._services.tokens.verify(bearer_token(authorization)))
        except AccessRefused as error:
            loop = asyncio.get_running_loop()
            roots = await loop.run_in_executor(self._threads, self._roots, request)
            if request.keyed is not None and roots and roots <= ENDING:
                kept = await self._repeated(authorization, request.keyed)
                if kept is not None:
                    return kept
            person = None
            if roots and roots <= OF_PERSON and error.code == WRONG_TYPE:
                try:
                    found = await self._services.people.user_of_token(bearer_token(authorization))
                except AccessRefused as refused:
                    return refusal(refused)
                person = Person(*found)
            elif not roots or not roots <= PUBLIC:
                return refusal(error)
            return await self._execute(request, None, person)
        except ThreescoreError as error:
            return refusal(error)
        return await self._execute(request, caller)

    async def _execute(
        self, request: GraphqlRequest, caller: Caller | None, person: Person | None = None
    ) -> GraphqlResponse:
        loop = asyncio.get_running_loop()
        author = Author(None if caller is None else caller.actor, *request.client)
        if request.keyed is not None and await loop.run_in_executor(self._threads, self._is_repeatable, request):
            return await self._once(request, request.keyed, author, caller, person)
        services, address = self._services.over(None, author), request.client[0] or ""
        context = Context(caller, services, loop, request.base_url, address, person)
        return await loop.run_in_executor(self._threads, self._answer, context, request)

    async def _once(
        self, request: GraphqlRequest, keyed: Keyed, author: Author, caller: Caller | None, person: Person | None
    ) -> GraphqlResponse:
        """The answer to a mutation with an Idempotency-Key."""
        loop = asyncio.get_running_loop()
        address = request.client[0] or ""
        afterwards: list[Callable[[], object]] = []

        async def run(database: Database) -> Answer:
            afterwards.clear()
            services = self._services.over(database, author)
            context = Context(caller, services, loop, request.base_url, address, person, afterwards)
            return (await loop.run_in_executor(self._keyed_threads, self._answer, context, request)).answer

        def refused(error: ThreescoreError) -> Answer:
            return Answer(200, refusal(error).body)

        try:
            owner = await self._owner(address, caller, person)
            answer = await self._answers.once(owner, keyed, run, refused, on_present_model=False)
        except ThreescoreError as error:
            return refusal(error, status=error.status)
        if answer.final and not answer.replayed:
            # Whoever was woken before found nothing yet.
            self._services.people.mailer.wake()
            for tell in afterwards:
                tell()
        return GraphqlResponse.of(answer)

    async def _repeated(self, authorization: str | None, keyed: Keyed) -> GraphqlResponse | None:
        """The kept answer to a request that ended the session which it came with; None where there is none."""
        try:
            claims = self._services.tokens.verify(bearer_token(authorization))
            state = await self._workspaces.present(claims.workspace_id)
            member = state.members.get(claims.principal_id)
            if member is None:
                return None
            answer = await self._answers.repeated(Owner(member.id, state.model.schema), keyed)
        except ThreescoreError:
            # To a stranger it is no more than a token that is over.
            return None
        return None if answer is None else GraphqlResponse.of(answer)

    async def _owner(self, address: str, caller: Caller | None, person: Person | None) -> Owner:
        """Whose the key of a request is. Raises LimitReached for strangers who keep too many answers."""
        if caller is not None:
            return Owner.caller(caller)
        if person is not None:
            return Owner(person.user.id)
        await self._services.people.attempts.take(KEYS_OF_STRANGERS, "keyed", whereabouts(address))
        return Owner.at(address)

    def _is_repeatable(self, request: GraphqlRequest) -> bool:
        """Whether the answer is that of a mutation, and may be kept."""
        document = self._document(request)
        if isinstance(document, list):
            return False
        try:
            operation = _operation(document, request)
        except GraphQLError:
            return False
        fields = FieldNames()
        visit(document, fields)
        return operation.operation is OperationType.MUTATION and not fields.names & UNREPEATABLE

    def _roots(self, request: GraphqlRequest) -> frozenset[str]:
        """The names of all fields that an operation asks for at its root; none where it cannot be executed."""
        document = self._document(request)
        if isinstance(document, list):
            return frozenset()
        try:
            operation = _operation(document, request)
        except GraphQLError:
            return frozenset()
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        return frozenset(_names(operation.selection_set, fragments))

    async def _caller(self, claims: Claims) -> Caller:
        """The caller in the workspace as it is now. Raises AccessRefused."""
        return Caller.of(await self._workspaces.present(claims.workspace_id), claims)

    def _document(self, request: GraphqlRequest) -> DocumentNode | list[GraphQLError]:
        if self._documents is None:
            self._documents = Documents(metadata_schema(), self._limits)
        return self._documents.get(request.query)

    def _answer(self, context: Context, request: GraphqlRequest) -> GraphqlResponse:
        schema = metadata_schema()
        document = self._document(request)
        if isinstance(document, list):
            return refusal(*document)
        try:
            operation = _operation(document, request)
        except GraphQLError as error:
            return refusal(error)
        problems = check_variables(schema, operation, request.variables)
        if problems:
            return refusal(*problems, status=400)
        try:
            result = execute(
                schema,
                document,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
                field_resolver=resolve_value,
            )
        except AnswerTooLarge:
            refused = BadRequest(
                f"Query too complex - The answer would hold more than {MAX_VALUES} values; select less, or in pages",
                code="TOO_COMPLEX_QUERY",
            )
            return GraphqlResponse(200, msgspec.json.encode({"errors": [entry(refused)], "data": None}))
        assert isinstance(result, ExecutionResult)
        return _encoded(result)


class FieldNames(Visitor):
    """Collects the names of all fields of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_place: Any) -> None:
        self.names.add(node.name.value)


def _names(selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[str]:
    """The names of the fields of a selection, with those of its fragments, none of which spreads itself."""
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            yield from _names(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _names(fragments[node.name.value].selection_set, fragments)


def _operation(document: DocumentNode, request: GraphqlRequest) -> OperationDefinitionNode:
    """The operation to execute. Raises GraphQLError."""
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    name = request.operation_name
    if name:
        operations = [operation for operation in operations if operation.name and operation.name.value == name]
        if not operations:
            raise GraphQLError(f'Unknown operation named "{name[:100]}".')
    if len(operations) > 1:
        raise GraphQLError("Must provide operation name when document contains multiple operations.")
    if not operations:
        raise GraphQLError("Must provide an operation.")
    (operation,) = operations
    if operation.operation is OperationType.MUTATION and request.read_only:
        raise GraphQLError("A GET request can only query; send mutations with POST.")
    return operation


def _encoded(result: ExecutionResult) -> GraphqlResponse:
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [_located(error) for error in result.errors]
    body["data"] = result.data
    causes = [_cause(error) or error for error in result.errors or ()]
    return GraphqlResponse(200, msgspec.json.encode(body), final=all_final(causes), wait=longest_wait(causes))


def _cause(error: GraphQLError) -> Exception | None:
    """What a resolver raised."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _located(error: GraphQLError) -> dict[str, Any]:
    """The entry of an error that a resolver raised, or of one in what GraphQL made of its result."""
    cause = _cause(error)
    if cause is not None and not isinstance(cause, ThreescoreError):
        log.error("resolver failed", path=error.path, exc_info=cause)
    return entry(cause or error, error.path, error.nodes[0] if error.nodes else None)
