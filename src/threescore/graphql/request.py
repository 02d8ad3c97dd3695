"""What a GraphQL door is asked and what it answers, without the transport around it."""

from collections.abc import Iterable
from typing import Any

import msgspec
from graphql import GraphQLError
from msgspec import Struct

from threescore.access.idempotency import Answer, Keyed, is_final
from threescore.errors import LimitReached, ThreescoreError
from threescore.graphql.errors import entry

REFUSALS = (ThreescoreError, GraphQLError)
"""Errors that tell a caller what is wrong with a request; all others are faults of ours."""

UNREPEATABLE = frozenset({"deleteCurrentWorkspace"})
"""Root fields on which an Idempotency-Key has no effect: with the workspace goes whatever could keep an answer, and
whoever could ask for it."""

ENDING = frozenset({"updatePassword"})
"""Root fields that end the session they come with. Who repeats such a request with the token of then gets the kept
answer all the same: they know the password that it set, and could sign in with that."""


class GraphqlRequest(Struct, frozen=True):
    """One GraphQL request.

    A `read_only` one may query but not change anything. `base_url` is where the caller reached the server: scheme,
    host and port, without a slash at the end. A mutation that is `keyed` counts once, however often it is sent.
    `client` are the caller's network address and what it says that it is. `if_match` is the header: of which versions
    the one record must be that is written.
    """

    query: str
    variables: dict[str, Any]
    operation_name: str | None = None
    read_only: bool = False
    base_url: str = ""
    keyed: Keyed | None = None
    if_match: str | None = None
    client: tuple[str | None, str | None] = (None, None)


class GraphqlResponse(Struct, frozen=True):
    """What is answered: an HTTP status and the encoded JSON. Without data nothing was executed at all.

    A response that is not `final` tells of a failure that the same request may not meet again; `wait` says in how many
    seconds, where that is known.
    """

    status: int
    body: bytes
    has_data: bool = True
    final: bool = True
    replayed: bool = False
    wait: float | None = None

    @classmethod
    def of(cls, answer: Answer) -> "GraphqlResponse":
        """The response to a request with a key."""
        return cls(answer.status, answer.body, replayed=answer.replayed)

    @property
    def answer(self) -> Answer:
        """The answer to a request with a key. What was written for one that is not final is undone, so not shown."""
        if self.final:
            return Answer(self.status, self.body)
        body = msgspec.json.decode(self.body)
        return Answer(self.status, msgspec.json.encode(body | {"data": None}), final=False)


def all_final(errors: list[Exception]) -> bool:
    """Whether the same request would meet all of these errors again."""
    return all(isinstance(error, GraphQLError) or is_final(error) for error in errors)


def refusal(*errors: Exception, status: int = 200) -> GraphqlResponse:
    """The answer to a request of which nothing is executed."""
    body = msgspec.json.encode({"errors": [entry(error) for error in errors]})
    return GraphqlResponse(status, body, has_data=False, wait=longest_wait(errors))


def longest_wait(errors: Iterable[Exception]) -> float | None:
    """In how many seconds nothing stands in the way any more that was tried too often."""
    return max((error.wait for error in errors if isinstance(error, LimitReached)), default=None)
