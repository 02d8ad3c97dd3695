"""What a GraphQL door is asked and what it answers, without the transport around it."""

from typing import Any

from msgspec import Struct


class GraphqlRequest(Struct, frozen=True):
    """One GraphQL request.

    A `read_only` one may query but not change anything. `base_url` is where the caller reached the server: scheme,
    host and port, without a slash at the end; `address` is where the request came from.
    """

    query: str
    variables: dict[str, Any]
    operation_name: str | None = None
    read_only: bool = False
    base_url: str = ""
    address: str = ""


class GraphqlResponse(Struct, frozen=True):
    """What is answered: an HTTP status and the encoded JSON. Without data nothing was executed at all."""

    status: int
    body: bytes
    has_data: bool = True
