"""Errors as REST clients know them. The one place where an error becomes a status and a body."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from threescore.errors import AccessRefused, Forbidden, InvalidInput, RateLimited, ThreescoreError, ValidationReport

_NAMES = {
    400: "BadRequestException",
    403: "ForbiddenException",
    404: "NotFoundException",
    409: "ConflictException",
    410: "GoneException",
    412: "PreconditionFailedException",
    413: "PayloadTooLargeException",
    415: "UnsupportedMediaTypeException",
    422: "UnprocessableEntityException",
    503: "ServiceUnavailableException",
}
_WITH_CODE = "Error"

INTERNAL_ERROR = {
    "statusCode": 500,
    "error": "InternalServerErrorException",
    "messages": ["Something went wrong on our side. Nothing was changed."],
}


def error_body(error: ThreescoreError) -> Mapping[str, Any]:
    """The body for an error, its keys in the order of the wire."""
    match error:
        case AccessRefused(status=status, message=message, code=code):
            return {"statusCode": status, "messages": [message], "error": code}
        case InvalidInput(detail=detail):
            return {"message": detail, "error": HTTPStatus(error.status).phrase, "statusCode": error.status}
        case ValidationReport():
            return {
                "statusCode": error.status,
                "error": "METADATA_VALIDATION_ERROR",
                "message": error.message,
                "errors": error.errors,
                "summary": error.summary,
                "userFriendlyMessage": error.user_message,
            }
        case RateLimited():
            return {
                "statusCode": error.status,
                "error": error.code,
                "messages": [error.message],
                "limitKind": "speed",
                "exhaustedKind": "speed",
                "scope": {
                    "spenderType": error.spender_type,
                    "spenderId": error.spender_id,
                    "operationType": "API_REQUEST",
                },
                "limit": error.limit,
                "remaining": 0,
                "periodCount": error.period,
                "periodUnit": "SECOND",
                "retryAfterSeconds": max(1, math.ceil(error.wait)),
            }
    body: dict[str, Any] = {
        "statusCode": error.status,
        "error": _WITH_CODE if error.code else _NAMES[error.status],
        "messages": [error.message],
    }
    if error.code:
        body["code"] = error.code
    if error.index is not None:
        body["index"] = error.index
    if isinstance(error, Forbidden) and error.needs:
        body["needs"] = error.needs
    return body


def encode_error(error: ThreescoreError) -> tuple[int, bytes]:
    """The status and the encoded body for an error."""
    return error.status, msgspec.json.encode(error_body(error))
