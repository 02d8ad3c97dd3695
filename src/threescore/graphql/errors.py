"""Errors as GraphQL clients know them. The one place where an error becomes an entry of `errors`."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError, Node

from threescore.errors import (
    DuplicateEntry,
    Forbidden,
    InvalidInput,
    LimitReached,
    NotFound,
    PermissionDenied,
    RateLimited,
    ThreescoreError,
    ValidationReport,
)

DEFAULT_USER_MESSAGE = "An error occurred."
INTERNAL_MESSAGE = "Something went wrong on our side. Nothing was changed."

_CODES = {
    400: "BAD_USER_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    410: "GONE",
    412: "BAD_USER_INPUT",
    413: "BAD_USER_INPUT",
    415: "BAD_USER_INPUT",
    422: "BAD_USER_INPUT",
    429: "BAD_USER_INPUT",
    503: "TIMEOUT",
}

_PARTS = {"filter": "INVALID_ARGS_FILTER", "data": "INVALID_ARGS_DATA"}
"""The subCode of an error without a code of its own, by the part of the request that is at fault."""

_USER_MESSAGES: Mapping[str, str] = {
    "API_KEY_EXPIRED": "This API Key has expired. Please create a new one.",
    "API_KEY_NOT_FOUND": "API Key not found.",
    "API_KEY_REVOKED": "This API Key is revoked.",
    "CANNOT_UPDATE_SELF_ROLE": "You cannot take this right from your own role.",
    "DEFAULT_ROLE_CANNOT_BE_DELETED": "The default role cannot be deleted.",
    "FIELD_METADATA_NOT_FOUND": "Field not found.",
    "FIELD_MUTATION_NOT_ALLOWED": "This field cannot be modified.",
    "FORBIDDEN_EXCEPTION": "You do not have permission to perform this action.",
    "CANNOT_DELETE_LAST_ADMIN_USER": "The last administrator cannot leave the workspace.",
    "CANNOT_UNASSIGN_LAST_ADMIN": "The last administrator must remain one.",
    "EMAIL_NOT_VERIFIED": "Please open the link that was mailed to you.",
    "INVALID_OBJECT_INPUT": "Invalid object input.",
    "LIMIT_REACHED": "Rate limit reached. Please try again later.",
    "OBJECT_METADATA_NOT_FOUND": "Object not found.",
    "PERMISSION_DENIED": "User does not have permission.",
    "RECORD_NOT_FOUND": "This record does not exist or has been deleted.",
    "ROLE_CANNOT_BE_ASSIGNED_TO_API_KEYS": "This role cannot be assigned to API keys.",
    "ROLE_CANNOT_BE_ASSIGNED_TO_USERS": "This role cannot be assigned to users.",
    "ROLE_NOT_FOUND": "Role not found.",
    "WEBHOOK_NOT_FOUND": "Webhook not found.",
    "SIGNUP_DISABLED": "Sign up is disabled.",
    "UNAUTHENTICATED": "You must be authenticated to perform this action.",
}
"""What people are told, by the code of an error."""

_UNCOUNTED = frozenset({"objectMetadata", "fieldMetadata", "searchFieldMetadata"})
_NAME = re.compile(r"'([^'\"]*)'")


class InvalidSelection(GraphQLError):
    """The document asks for what its type does not have, or in a way that GraphQL does not know."""


def entry(error: Exception, path: Sequence[str | int] | None = None, node: Node | None = None) -> dict[str, Any]:
    """An entry of `errors`, with the place in the answer and in the document where the error belongs."""
    located = error if isinstance(error, GraphQLError) else GraphQLError("", node)
    if isinstance(error, GraphQLError) and not error.locations and node is not None:
        located = GraphQLError("", node)
    item: dict[str, Any] = {"message": _message(error)}
    if located.locations:
        item["locations"] = [{"line": place.line, "column": place.column} for place in located.locations]
    if path:
        item["path"] = list(path)
    item["extensions"] = extensions(error)
    return item


def extensions(error: Exception) -> dict[str, Any]:
    """The extensions of an error: always a `code` and a `userFriendlyMessage`, a `subCode` where it has one."""
    match error:
        case ValidationReport():
            return {
                "code": "METADATA_VALIDATION_FAILED",
                "errors": error.errors,
                "summary": error.summary,
                "userFriendlyMessage": error.user_message,
                "message": _counted(error.summary),
            }
        case RateLimited():
            return {
                "subCode": "RATE_LIMITED",
                "userFriendlyMessage": "Rate limit reached. Please try again later.",
                "code": "RATE_LIMITED",
                "limitKind": "speed",
                "limit": error.limit,
                "remaining": 0,
                "periodCount": error.period,
                "periodUnit": "SECOND",
                "retryAfterMs": math.ceil(error.wait * 1000),
                "scope": {"spenderType": error.spender_type, "spenderId": error.spender_id},
            }
        case ThreescoreError():
            return _of_ours(error)
        case GraphQLSyntaxError():
            code = "GRAPHQL_PARSE_FAILED"
        case InvalidSelection():
            code = "GRAPHQL_VALIDATION_FAILED"
        case GraphQLError():
            code = "BAD_USER_INPUT"
        case _:
            return {"userFriendlyMessage": DEFAULT_USER_MESSAGE, "code": "INTERNAL_SERVER_ERROR"}
    return {"userFriendlyMessage": DEFAULT_USER_MESSAGE, "code": code, **(error.extensions or {})}


def wire_text(message: str) -> str:
    """A message of the GraphQL library with its names in double quotes, as clients of the wire know them."""
    return _NAME.sub(r'"\1"', message)


def _of_ours(error: ThreescoreError) -> dict[str, Any]:
    found: dict[str, Any] = {}
    sub_code = error.code or error.sub_code or _PARTS.get(error.about or "")
    if isinstance(error, InvalidInput):
        sub_code = None
    if sub_code is None and isinstance(error, NotFound):
        sub_code = "RECORD_NOT_FOUND"
    if sub_code:
        found["subCode"] = sub_code
    found["userFriendlyMessage"] = _USER_MESSAGES.get(sub_code or "", DEFAULT_USER_MESSAGE)
    found["code"] = "FORBIDDEN" if isinstance(error, PermissionDenied) else _CODES[error.status]
    if error.index is not None:
        found["index"] = error.index
    if isinstance(error, LimitReached):
        found["retryAfterMs"] = math.ceil(error.wait * 1000)
    if isinstance(error, Forbidden) and error.needs:
        found["needs"] = error.needs
    if isinstance(error, DuplicateEntry) and error.holder:
        found |= {"conflictingRecordId": error.holder, "conflictingObjectNameSingular": error.object_name}
    return found


def _message(error: Exception) -> str:
    if isinstance(error, ThreescoreError):
        return error.message
    return wire_text(error.message) if isinstance(error, GraphQLError) else INTERNAL_MESSAGE


def _counted(summary: Mapping[str, int]) -> str:
    parts = [f"{count} {_plural(name, count)}" for name, count in summary.items() if name != "totalErrors"]
    return f"Validation failed for {', '.join(parts)}"


def _plural(name: str, count: int) -> str:
    if count == 1 or name in _UNCOUNTED:
        return name
    return "indices" if name == "index" else f"{name}s"
