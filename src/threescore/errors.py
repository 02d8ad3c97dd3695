"""The one hierarchy of errors that a caller may see.

Each error has a message that names the thing at fault. Doors (REST, GraphQL) turn an error into their
own envelope in one place; nothing else decides on statuses or shapes.
"""

from typing import Literal


class ThreescoreError(Exception):
    """Something a caller did that cannot be carried out.

    `code` is a stable machine-readable word that all doors show, `sub_code` one that only GraphQL shows; None where
    the wire has none. `index` is the place of the record at fault in a batch, counted from 0. `about` says which part
    of the request is at fault, where one is.
    """

    status = 400
    about: Literal["filter", "data"] | None = None

    def __init__(
        self, message: str, *, code: str | None = None, sub_code: str | None = None, index: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sub_code = sub_code
        self.index = index


class BadRequest(ThreescoreError):
    """The request is not one that can be understood or allowed as it stands."""


class DuplicateEntry(BadRequest):
    """A value that must be unique is there already, in the columns named.

    `holder` is the id of the live record of `object_name` that has it, where that can be told.
    """

    def __init__(self, object_name: str, columns: tuple[str, ...]) -> None:
        super().__init__("A duplicate entry was detected")
        self.object_name = object_name
        self.columns = columns
        self.holder: str | None = None


class AccessRefused(ThreescoreError):
    """The caller is not let in: no token, or one that is not or no longer good. `code` is the reason's word.

    One `is_lasting` is about what was done with it, which stays done: the same request is refused for good.
    """

    def __init__(self, status: int, code: str, message: str, *, is_lasting: bool = False) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.is_lasting = is_lasting


class NotFound(ThreescoreError):
    """What the request names does not exist."""

    status = 404


class Forbidden(ThreescoreError):
    """Known, but not allowed. `needs` is the right that the caller lacks, where one would be enough."""

    status = 403

    def __init__(self, message: str, *, code: str | None = None, needs: str | None = None) -> None:
        super().__init__(message, code=code)
        self.needs = needs


class PermissionDenied(ThreescoreError):
    """Known, but the role of the caller does not allow it, for records. `detail` names the field, where it is one.

    REST answers it with 400, as clients of the wire know it.
    """

    def __init__(self, detail: str | None = None) -> None:
        message = "Entity performing the request does not have permission"
        super().__init__(f"{message}: {detail}" if detail else message, code="PERMISSION_DENIED")


class Gone(ThreescoreError):
    """What the request asks for was there, and is kept no more."""

    status = 410


class Conflict(ThreescoreError):
    """The request contradicts the present state."""

    status = 409


class PreconditionFailed(ThreescoreError):
    """The record is not the one that the caller said it must be."""

    status = 412


class UnprocessableRequest(ThreescoreError):
    """Understood, but at odds with what the same caller sent before."""

    status = 422


class LimitReached(ThreescoreError):
    """Tried too often; it may be tried again after `wait` seconds."""

    status = 429

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message, code="LIMIT_REACHED")
        self.wait = wait


class TooLarge(ThreescoreError):
    """The body is over the limit."""

    status = 413


class UnsupportedMediaType(ThreescoreError):
    """The body is of a type that this door does not read."""

    status = 415


class RateLimited(ThreescoreError):
    """More was asked than may be.

    `spender_type` (`apiKey`, `workspace`, `workspaceMember` or `address`) and `spender_id` say whose limit is used up:
    `limit` requests in `period` seconds. The same request may succeed after `wait` seconds.
    """

    status = 429

    def __init__(self, spender_type: str, spender_id: str, limit: int, period: int, wait: float) -> None:
        super().__init__(f"Limit reached ({limit} tokens per {period * 1000} ms)", code="RATE_LIMITED")
        self.spender_type = spender_type
        self.spender_id = spender_id
        self.limit = limit
        self.period = period
        self.wait = wait


class Unavailable(ThreescoreError):
    """The server cannot answer now; the same request may succeed later."""

    status = 503


class InvalidInput(ThreescoreError):
    """Input of the wrong shape: properties that are missing or of a wrong type, an id that is none.

    `detail` is what the wire shows: one text, or the list of all that is wrong.
    """

    def __init__(self, detail: str | list[str]) -> None:
        super().__init__(detail if isinstance(detail, str) else ", ".join(detail))
        self.detail = detail


class ValidationReport(ThreescoreError):
    """A refused change of the data model, in the report form that clients of the metadata APIs read.

    `errors` maps a metadata name (`objectMetadata`, `fieldMetadata`, `index`) to the failing entities.
    """

    def __init__(self, message: str, errors: dict[str, list[dict[str, object]]], user_message: str) -> None:
        super().__init__(message)
        self.errors = errors
        self.user_message = user_message

    @property
    def summary(self) -> dict[str, int]:
        """How many entities failed, in all and by metadata name."""
        counts = {name: len(items) for name, items in self.errors.items()}
        return {"totalErrors": sum(counts.values()), **counts}
