"""What the OpenAPI documents have in common: their frame, their parameters, and the schemas of errors."""

from typing import Any, Literal

from msgspec import Struct

from threescore import __version__
from threescore.model.fields.json_schema import UUID, Schema, list_of, object_of
from threescore.query.ordering import DIRECTIONS
from threescore.rest.records import DEFAULT_GROUPS, DEFAULT_LIMIT, MAX_GROUPS, MAX_LIMIT

Document = dict[str, Any]
Kind = Literal["core", "metadata"]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MAP: Schema = {"type": "object", "additionalProperties": True}


class Site(Struct, frozen=True):
    """Where the server is, and what it takes. `url` has no slash at its end."""

    url: str
    batch_limit: int
    body_limit: int


def ref(kind: str, name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def json_content(schema: Schema, example: Any = None) -> Document:
    """The content of a body that is JSON."""
    content: Document = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"application/json": content}


def capital(name: str) -> str:
    """A name in camel case, with a capital at its head."""
    return name[0].upper() + name[1:]


def base_document(site: Site, kind: Kind, description: str) -> Document:
    """What everybody may read: how to call the API, without a word about what is in the workspace."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"Threescore {'REST' if kind == 'core' else 'Metadata'} API",
            "description": description,
            "version": __version__,
        },
        "servers": [
            {
                "url": f"{site.url}/rest" + ("/metadata" if kind == "metadata" else ""),
                "description": "This server",
            }
        ],
        "components": {
            "securitySchemes": {
                "bearerAuth": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The token of an API key.",
                }
            },
            "schemas": {},
            "parameters": {},
            "responses": {},
        },
        "security": [{"bearerAuth": []}],
        "externalDocs": {
            "description": "The same as Markdown, for people and agents",
            "url": f"{site.url}/rest/docs.md",
        },
        "paths": {
            f"/open-api/{kind}": {
                "servers": [{"url": site.url}],
                "get": {
                    "tags": ["General"],
                    "summary": "Get the OpenAPI document",
                    "description": "This document. Without a token it holds nothing about the workspace.",
                    "operationId": "GetOpenApiSchema",
                    "security": [{"bearerAuth": []}, {}],
                    "responses": {
                        "200": {"description": "Successful operation", "content": json_content({"type": "object"})}
                    },
                },
            }
        },
    }


GENERAL_TAG = {"name": "General", "description": "General requests"}

PAGE_INFO = object_of(
    {
        "startCursor": {
            "type": ["string", "null"],
            "description": "That of the first record; null on an empty page.",
        },
        "endCursor": {
            "type": ["string", "null"],
            "description": "That of the last record; null on an empty page.",
        },
        "hasNextPage": {"type": "boolean"},
        "hasPreviousPage": {"type": "boolean"},
    },
    required=True,
)

ERROR = {
    "description": "What is wrong, and what would be right.",
    **object_of(
        {
            "statusCode": {"type": "integer", "description": "The HTTP status."},
            "error": {
                "type": "string",
                "description": "The kind: `BadRequestException`, `NotFoundException`, …; `Error` with a `code`.",
            },
            "messages": {**list_of({"type": "string"}), "description": "One sentence that names what is wrong."},
            "code": {"type": "string", "description": "A stable word for programs, where there is one."},
            "index": {
                "type": "integer",
                "description": "Of a batch: the place of the record at fault, counted from 0.",
            },
        },
        required=False,
    ),
    "required": ["statusCode", "error", "messages"],
}
"""How errors are answered."""

MALFORMED = {
    "description": "The body is not JSON, or of the wrong shape.",
    **object_of(
        {
            "message": {"anyOf": [{"type": "string"}, list_of({"type": "string"})]},
            "error": {"type": "string"},
            "statusCode": {"type": "integer"},
        },
        required=True,
    ),
}
"""How a body that cannot be read is answered."""

LIMITED = {
    "description": "More requests than may be: whose limit is used up, and when to try again.",
    **object_of(
        {
            "statusCode": {"type": "integer", "const": 429},
            "error": {"type": "string", "const": "RATE_LIMITED"},
            "messages": list_of({"type": "string"}),
            "limitKind": {"type": "string"},
            "exhaustedKind": {"type": "string"},
            "scope": object_of(
                {
                    "spenderType": {"type": "string", "enum": ["apiKey", "workspace"]},
                    "spenderId": {"type": "string"},
                    "operationType": {"type": "string"},
                },
                required=True,
            ),
            "limit": {"type": "integer", "description": "How many requests there may be in the period."},
            "remaining": {"type": "integer"},
            "periodCount": {"type": "integer", "description": "How long the period is."},
            "periodUnit": {"type": "string", "const": "SECOND"},
            "retryAfterSeconds": {"type": "integer"},
        },
        required=True,
    ),
}
"""How requests beyond a limit are answered."""


def parameter(
    name: str, place: str, description: str, schema: Schema, *, required: bool = False, **examples: Any
) -> Document:
    """A parameter, with named examples."""
    made: Document = {
        "name": name,
        "in": place,
        "description": description,
        "required": required,
        "schema": schema,
    }
    if examples:
        made["examples"] = {key: {"value": value} for key, value in examples.items()}
    return made


def limit_parameter(maximum: int, default: int, *, minimum: int = 1) -> Document:
    """The parameter of lists that says how long a page is."""
    return parameter(
        "limit",
        "query",
        f"How many are wanted, at most {maximum}; a higher number counts as {maximum}.",
        {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default},
    )


def page_parameters(maximum: int, default: int) -> Document:
    """The parameters of lists that say which page is wanted."""
    cursor = "A cursor is an `endCursor` or `startCursor` of a `pageInfo`. Do not give both cursors."
    return {
        "startingAfter": parameter(
            "starting_after", "query", f"Gives the page that follows the cursor. {cursor}", {"type": "string"}
        ),
        "endingBefore": parameter(
            "ending_before", "query", f"Gives the page that ends before the cursor. {cursor}", {"type": "string"}
        ),
        "limit": limit_parameter(maximum, default, minimum=0),
    }


ID_PATH = parameter("id", "path", "The record's id.", dict(UUID), required=True)


def core_parameters() -> Document:
    """The parameters of requests for records, by the names of their components."""
    record_filter = parameter(
        "filter",
        "query",
        "`field[COMPARATOR]:value`, several joined with commas; `and(…)`, `or(…)` and `not(…)` may be nested. "
        "See the section Filters.",
        {"type": "string"},
        simple='createdAt[gte]:"2023-01-01"',
        several='createdAt[gte]:"2023-01-01",deletedAt[is]:NULL',
        list="id[in]:[20202020-0000-4000-8000-000000000001,20202020-0000-4000-8000-000000000002]",
        complex='or(createdAt[gte]:"2024-01-01",createdAt[lte]:"2023-01-01",not(id[is]:NULL))',
        deleted="deletedAt[is]:NOT_NULL",
    )
    directions = ", ".join(f"`{word}`" for word in DIRECTIONS)
    return {
        "idPath": ID_PATH,
        **page_parameters(MAX_LIMIT, DEFAULT_LIMIT),
        "filter": record_filter,
        "neededFilter": {
            **record_filter,
            "required": True,
            "description": f"{record_filter['description']} Without one, the request is refused.",
        },
        "orderBy": parameter(
            "order_by",
            "query",
            f"`field` or `field[DIRECTION]`, several joined with commas. Directions are {directions}; without one, "
            "the first. Records that are equal in everything asked for are ordered by `id`.",
            {"type": "string"},
            simple="createdAt",
            descending="createdAt[DescNullsLast],id",
        ),
        "depth": parameter(
            "depth",
            "query",
            "0: the record's own values, and the ids of to-one relations. 1: the related records too, of a to-many "
            "relation at most 60.",
            {"type": "integer", "enum": [0, 1], "default": 0},
        ),
        "upsert": parameter(
            "upsert",
            "query",
            "Whether a record that exists already, by its `id` or by a unique field, is changed instead of refused.",
            {"type": "boolean", "default": False},
        ),
        "softDelete": parameter(
            "soft_delete",
            "query",
            "Whether the record can be restored later. Without it, deleting is for good.",
            {"type": "boolean", "default": False},
        ),
        "groupBy": parameter(
            "group_by",
            "query",
            'A JSON array of what to group by, each an object with one field: `{"stage": true}`, a sub-field '
            '`{"name": {"firstName": true}}`, a field of a to-one relation `{"company": {"name": true}}`, a date '
            '`{"createdAt": {"granularity": "MONTH", "timeZone": "Europe/Paris"}}`, the members of a list '
            '`{"tags": {"unnest": true}}`. Granularities are DAY, WEEK, MONTH, QUARTER, YEAR (of which a date with a '
            "time needs a `timeZone`), DAY_OF_THE_WEEK, MONTH_OF_THE_YEAR, QUARTER_OF_THE_YEAR and NONE.",
            TEXT,
            required=True,
            month='[{"createdAt": {"granularity": "MONTH", "timeZone": "Europe/Paris"}}]',
            weekday='[{"createdAt": {"granularity": "DAY_OF_THE_WEEK", "timeZone": "UTC"}}]',
        ),
        "aggregate": parameter(
            "aggregate",
            "query",
            "A JSON array of what to compute for each group: `totalCount`; for a field `x` `countUniqueValuesX`, "
            "`countEmptyX`, `countNotEmptyX`, `percentageEmptyX`, `percentageNotEmptyX`; for numbers `minX`, `maxX`, "
            "`avgX`, `sumX`; for dates `minX`, `maxX`; for booleans `countTrueX`, `countFalseX`; for amounts "
            "`sumXAmountMicros` and so on.",
            TEXT,
            simple='["totalCount", "countNotEmptyId"]',
        ),
        "groupOrderBy": parameter(
            "order_by",
            "query",
            'A JSON array of orders of the groups: `{"stage": "AscNullsFirst"}`, or of aggregates '
            '`{"aggregate": {"totalCount": "DescNullsLast"}}`.',
            TEXT,
            aggregate='[{"aggregate": {"totalCount": "DescNullsLast"}}]',
        ),
        "groupLimit": parameter(
            "limit",
            "query",
            f"How many groups are wanted, at most {MAX_GROUPS}.",
            {"type": "integer", "minimum": 0, "maximum": MAX_GROUPS, "default": DEFAULT_GROUPS},
        ),
        "viewId": parameter(
            "viewId",
            "query",
            "The id of a view whose filters are to hold too. One that the workspace does not have is refused.",
            dict(UUID),
        ),
        "includeRecordsSample": parameter(
            "include_records_sample",
            "query",
            "Whether each group comes with up to 10 of its records.",
            {"type": "boolean", "default": False},
        ),
        "orderByForRecords": parameter(
            "order_by_for_records",
            "query",
            "The order of the records of a group, written as `order_by` of a list.",
            {"type": "string"},
            simple="createdAt[DescNullsLast]",
        ),
    }
