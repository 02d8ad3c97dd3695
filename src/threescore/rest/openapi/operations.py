"""One operation of a document: what it takes, what it answers, what it refuses, and the headers of all that."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from threescore.access.idempotency import MAX_KEY_LENGTH
from threescore.events.feed import EXPIRED
from threescore.model.fields.json_schema import Schema
from threescore.rest.openapi.shared import Document, json_content, parameter, ref

_LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")
_WHOLE: Schema = {"type": "integer"}
_TEXT: Schema = {"type": "string"}

HEADERS: Document = {
    name: {"description": description, "schema": schema}
    for name, description, schema in (
        ("RateLimit-Limit", "Of the limit that is nearest to its end: how many requests it is.", _WHOLE),
        ("RateLimit-Remaining", "How many of them are left.", _WHOLE),
        ("RateLimit-Reset", "In how many seconds all of them are there again.", _WHOLE),
        ("RateLimit-Policy", "All limits: requests, and the seconds that they are for: `100;w=1, 1000;w=60`.", _TEXT),
        ("Retry-After", "After how many seconds the same request may succeed.", _WHOLE),
        ("ETag", "What the answer is known by; of one record, its version too.", _TEXT),
        ("Idempotent-Replayed", "`true`: this is the kept answer to the same request.", _TEXT),
        ("Warning", "Names query parameters that had no effect, and those that may have been meant.", _TEXT),
    )
}
"""The headers of answers. Those of limits are there where the server has any."""

HEADER_PARAMETERS: Document = {
    "ifNoneMatch": parameter(
        "If-None-Match",
        "header",
        "The `ETag` of an answer that the caller has: while it would be the same, the status 304 is all there is.",
        _TEXT,
    ),
    "ifMatch": parameter(
        "If-Match",
        "header",
        "The `ETag` of the record as the caller knows it: it is not written over when somebody else has changed it.",
        _TEXT,
    ),
    "idempotencyKey": parameter(
        "Idempotency-Key",
        "header",
        "A new text for each new request, such as a UUID. The same request with the same key counts once: its first "
        "answer is kept for 24 hours and repeated.",
        {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    ),
}
"""The headers of requests, by the names of their components."""

_MESSAGES: dict[int, tuple[str, str, str, str | None]] = {
    401: ("The token is not valid, or has expired", "UNAUTHENTICATED", "Token invalid.", None),
    403: (
        "There is no token, its API key is revoked or has expired, or the role of the caller does not allow it",
        "FORBIDDEN_EXCEPTION",
        "Missing authentication token",
        None,
    ),
    404: ("There is no such thing", "NotFoundException", "Record not found", None),
    409: (
        "The same request is still being worked on, or others are changing the same; nothing was changed",
        "Error",
        "A request with this Idempotency-Key is still being worked on; send it again later",
        "IDEMPOTENCY_KEY_IN_USE",
    ),
    410: (
        "What followed the cursor, or the kept answer to the `Idempotency-Key`, is there no more",
        "GoneException",
        EXPIRED,
        "CURSOR_EXPIRED",
    ),
    412: (
        "The record is not the one that `If-Match` names; nothing was changed",
        "PreconditionFailedException",
        "The record has been changed since; nothing was written. Read it again and send its present ETag.",
        None,
    ),
    413: (
        "The body is too long",
        "PayloadTooLargeException",
        "The body is over the limit of 10485760 bytes; send less at once",
        None,
    ),
    422: (
        "The `Idempotency-Key` came with another request before; nothing was changed",
        "Error",
        "This Idempotency-Key was used for another request: method, path, query or body differ. Use a new key.",
        "IDEMPOTENCY_KEY_REUSED",
    ),
}


def responses(*bad_requests: Schema, limited: Schema, example: str) -> Document:
    """What is answered without success, as components, by status.

    `bad_requests` are the schemas of what has the status 400, the first of them that of all other errors but 429, which
    is `limited`.
    """
    bad = {"statusCode": 400, "error": "BadRequestException", "messages": [example]}
    found: Document = {
        "304": {"description": "The caller has the answer already", "headers": _headers(("ETag", *_LIMITS))},
        "400": {
            "description": "The request cannot be carried out as it stands; nothing was changed",
            "headers": _headers(_LIMITS),
            "content": json_content({"anyOf": list(bad_requests)}, bad),
        },
    }
    for status, (description, error, message, code) in _MESSAGES.items():
        body = {"statusCode": status, "error": error, "messages": [message]}
        if code is not None:
            body["code"] = code
        found[str(status)] = {"description": description, "content": json_content(bad_requests[0], body)}
        found[str(status)]["headers"] = _headers(_LIMITS)
    found["429"] = {
        "description": "More requests than may be; nothing was changed",
        "headers": _headers(("Retry-After", *_LIMITS)),
        "content": json_content(limited, _LIMITED_EXAMPLE),
    }
    return found


_LIMITED_EXAMPLE = {
    "statusCode": 429,
    "error": "RATE_LIMITED",
    "messages": ["Limit reached (100 tokens per 60000 ms)"],
    "limitKind": "speed",
    "exhaustedKind": "speed",
    "scope": {
        "spenderType": "apiKey",
        "spenderId": "20202020-0000-4000-8000-000000000001",
        "operationType": "API_REQUEST",
    },
    "limit": 100,
    "remaining": 0,
    "periodCount": 60,
    "periodUnit": "SECOND",
    "retryAfterSeconds": 3,
}


def operation(
    method: str,
    *,
    tag: str,
    operation_id: str,
    summary: str,
    description: str,
    answer: Schema,
    status: int = 200,
    media_type: str = "application/json",
    parameters: Sequence[str | Document] = (),
    body: Schema | None = None,
    needs_body: bool = True,
    example: Any = None,
    refusals: Sequence[int] = (),
    keyed: bool = True,
    matched: bool = False,
    warns: bool = False,
    sample: str | None = None,
) -> Document:
    """The description of an operation.

    `parameters` are names of components, or parameters themselves. `refusals` are the statuses that it answers besides
    those that its method, its body and its headers bring. `keyed`: where it writes, it takes an
    Idempotency-Key; `matched`: it takes an If-Match; `warns`: it names parameters without effect.
    """
    keyed = keyed and method != "get"
    tagged = method == "get" and media_type == "application/json"
    headers = [
        name for name, taken in (("ifNoneMatch", tagged), ("ifMatch", matched), ("idempotencyKey", keyed)) if taken
    ]
    statuses = {400, 401, 403, 429, *refusals}
    statuses |= {304} if tagged else set()
    statuses |= {409, 410, 422} if keyed else set()
    statuses |= {412} if matched else set()
    statuses |= {413} if body is not None else set()
    made: Document = {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "operationId": operation_id,
        "parameters": [ref("parameters", item) if isinstance(item, str) else item for item in (*parameters, *headers)],
    }
    if body is not None:
        made["requestBody"] = {"description": "body", "required": needs_body, "content": json_content(body, example)}
    made["responses"] = {
        str(status): {
            "description": "Successful operation",
            "headers": _answer_headers(tagged, keyed, warns),
            "content": {media_type: {"schema": answer}},
        },
        **{str(refused): ref("responses", str(refused)) for refused in sorted(statuses)},
    }
    if sample is not None:
        made["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": sample}]
    return made


@cache
def _answer_headers(tagged: bool, keyed: bool, warns: bool) -> Document:
    named = (("ETag", tagged), ("Idempotent-Replayed", keyed), ("Warning", warns))
    return _headers((*(name for name, sent in named if sent), *_LIMITS))


def _headers(names: Sequence[str]) -> Document:
    return {name: ref("headers", name) for name in names}
