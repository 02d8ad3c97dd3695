"""Pages of the lists below `/rest/metadata`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from threescore.catalog.changes.inputs import read_uuid
from threescore.errors import BadRequest, InvalidInput
from threescore.rest.grammar.parameters import parse_limit

DEFAULT_LIMIT = 60
MAX_LIMIT = 1000


class Identified(Protocol):
    """What has an id."""

    @property
    def id(self) -> UUID: ...


T = TypeVar("T", bound=Identified)


def by_id(items: Iterable[T]) -> list[T]:
    """The items, those with the highest ids first."""
    return sorted(items, key=lambda item: item.id, reverse=True)


def by_place(items: Sequence[T]) -> Callable[[T, UUID], bool]:
    """Says whether an item stands before the one with an id in a list as it is. Before one that is gone, all do."""
    places = {item.id: place for place, item in enumerate(items)}
    return lambda item, other: other not in places or places[item.id] < places[other]


class Page:
    """Which part of a list is asked for."""

    def __init__(self, query: Sequence[tuple[str, str]]) -> None:
        values = {name: value for name, value in query if sum(name == other for other, _ in query) == 1}
        try:
            self.limit = parse_limit(values.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)
        except BadRequest as error:
            raise BadRequest(error.message, code="INVALID_LIMIT_QUERY_PARAM") from error
        self.after = _cursor("starting_after", values.get("starting_after"))
        self.before = _cursor("ending_before", values.get("ending_before"))
        if self.after and self.before:
            raise InvalidInput("'starting_after' and 'ending_before' cannot be used together.")

    def of(
        self,
        items: Sequence[T],
        shape: Callable[[T], dict[str, Any]],
        precedes: Callable[[T, UUID], bool] = lambda item, other: item.id > other,
    ) -> dict[str, Any]:
        """The page of items in their order, in the envelope of a list.

        `precedes` says whether an item stands before the one with an id, which may be gone.
        """
        start, end = 0, len(items)
        if self.before:
            before = self.before
            end = sum(precedes(item, before) for item in items)
            start = max(end - self.limit, 0)
        else:
            if self.after:
                after = self.after
                start = sum(precedes(item, after) or item.id == after for item in items)
            end = min(start + self.limit, end)
        shown = items[start:end]
        return {
            "data": [shape(item) for item in shown],
            "pageInfo": {
                "hasNextPage": end < len(items),
                "hasPreviousPage": start > 0,
                "startCursor": str(shown[0].id) if shown else None,
                "endCursor": str(shown[-1].id) if shown else None,
            },
            "totalCount": len(items),
        }


def _cursor(name: str, text: str | None) -> UUID | None:
    if not text:
        return None
    found = read_uuid(text)
    if found is None:
        raise InvalidInput(f"'{name}' must be the id of the first or last item of a page: a UUID")
    return found
