"""A small client of the REST APIs and of GraphQL: what a request needs, and what an answer may be."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

Record = dict[str, Any]
PAGE = 200
"""The most records that one list answers with."""

FORWARD = ("starting_after", "endCursor", "hasNextPage")
BACKWARD = ("ending_before", "startCursor", "hasPreviousPage")
"""Ways through pages: the parameter that continues, the cursor it wants, and the sign that there is more."""


class Refused(Exception):
    """An answer that is no success. `status` is that of HTTP, 200 for GraphQL; `body` is the JSON that says why."""

    def __init__(self, request: str, status: int, body: Any) -> None:
        super().__init__(f"{request} was refused with {status}: {body}")
        self.status = status
        self.body = body


class Api:
    """Calls below `/rest`, and documents for `/graphql`. The client knows the server's address and holds the key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(self, method: str, path: str, body: Any = None, **parameters: str | int) -> Any:
        """The JSON of the answer. Raises Refused for every status from 400 on."""
        answer = await self._client.request(method, f"/rest/{path}", params=parameters, json=body)
        request = f"{method} /rest/{path}"
        body = _body(request, answer)
        if "Warning" in answer.headers:
            # The server ignored a parameter: what we asked is not what it answered.
            raise Refused(request, answer.status_code, answer.headers["Warning"])
        return body

    async def graphql(self, document: str, **variables: Any) -> Any:
        """The data that a document answers with. Raises Refused, with the whole answer, if any part of it failed."""
        answer = await self._client.post("/graphql", json={"query": document, "variables": variables})
        body = _body("POST /graphql", answer)
        if "errors" in body:
            raise Refused("POST /graphql", answer.status_code, body)
        return body["data"]

    async def get(self, path: str, **parameters: str | int) -> Any:
        """What GET answers."""
        return await self.call("GET", path, **parameters)

    async def records(self, plural: str, **parameters: str | int) -> list[Record]:
        """One page of records, in the order asked for."""
        found: list[Record] = (await self.get(plural, **parameters))["data"][plural]
        return found

    async def count(self, plural: str, **parameters: str | int) -> int:
        """How many records there are, or match `filter`."""
        total: int = (await self.get(plural, limit=0, **parameters))["totalCount"]
        return total

    async def pages(
        self, plural: str, parameters: Mapping[str, str | int], *, cursor: str | None = None, backward: bool = False
    ) -> AsyncIterator[Any]:
        """The answers for all pages from the cursor on, or from the first record; backward: up to the cursor."""
        name, edge, more = BACKWARD if backward else FORWARD
        while True:
            place = {name: cursor} if cursor else {}
            page = await self.get(plural, limit=PAGE, **place, **parameters)
            yield page
            if not page["pageInfo"][more]:
                return
            cursor = page["pageInfo"][edge]

    async def all_records(self, plural: str, **parameters: str | int) -> list[Record]:
        """The records of all pages."""
        return [record async for page in self.pages(plural, parameters) for record in page["data"][plural]]


def _body(request: str, answer: httpx.Response) -> Any:
    if "application/json" not in answer.headers.get("Content-Type", ""):
        raise Refused(request, answer.status_code, answer.text)
    if answer.is_error:
        raise Refused(request, answer.status_code, answer.json())
    return answer.json()
