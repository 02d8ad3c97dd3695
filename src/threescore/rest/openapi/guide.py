"""How the APIs are used, as Markdown: what stands at the head of the documents. The examples are about one object."""

from collections.abc import Mapping, Sequence

import msgspec

from threescore.model.fields import TYPES
from threescore.model.fields.base import FieldType
from threescore.model.objects import Model, ObjectType
from threescore.rest.grammar.filter import COMPARATORS
from threescore.rest.openapi.examples import FIRST_ID, MERGE, SECOND_ID, Examples, curl
from threescore.rest.openapi.shared import Site
from threescore.rest.records import DEFAULT_GROUPS, DEFAULT_LIMIT, MAX_GROUPS, MAX_LIMIT
from threescore.rest.shapes import RELATED_LIMIT

SAMPLE = "companies"
"""The object that examples are about, where there is one."""

FIELD_SETTINGS = (
    'What is particular about the type. NUMBER: `{"decimals": 2, "type": "percentage"}`, or `{"dataType": "int"}` for '
    'whole numbers. CURRENCY: `{"format": "short", "decimals": 2}`, short or full. DATE and DATE_TIME: '
    '`{"displayFormat": "RELATIVE"}`, USER_SETTINGS or CUSTOM. TEXT: `{"displayedMaxRows": 5}`. EMAILS, PHONES, LINKS '
    'and ARRAY: `{"maxNumberOfValues": 3}`; FILES need it.'
)
"""What the settings of a field hold, by its type."""

_COMPARATORS: Mapping[str, str] = {
    "eq": 'equal; `name[eq]:""` finds empty text too',
    "neq": "not equal; finds no record without a value",
    "in": 'one of a list: `city[in]:[Ghent,"Le Mans"]`',
    "containsAny": "a list field has one of these: `tags[containsAny]:[A,B]`",
    "is": "`NULL` or `NOT_NULL`: without or with a value",
    "gt": "greater",
    "gte": "greater or equal",
    "lt": "less",
    "lte": "less or equal",
    "startsWith": "begins so; upper and lower case differ",
    "endsWith": "ends so; upper and lower case differ",
    "like": "pattern: `%` stands for any text, `_` for one character",
    "ilike": "the same, upper and lower case alike",
    "regex": "regular expression, as PostgreSQL reads it",
    "iregex": "the same, upper and lower case alike",
    "search": "holds all these words, or words that begin so: `searchVector[search]:ada`",
    "containsIlike": "a list field has an item that fits the pattern, upper and lower case alike",
    "isEmptyArray": "`true`: a list field without items",
}


def core_guide(site: Site, model: Model | None = None) -> str:
    """How records are read and written. Without a model, only where things are."""
    sample = sample_object(model.objects) if model else None
    if model is None or sample is None:
        return _introduction(site)
    url, plural, examples = f"{site.url}/rest", sample.name_plural, Examples(model, sample)

    def shell(*request: object) -> str:
        return f"```sh\n{curl(url, *request)}\n```"  # type: ignore[arg-type]

    batch = [{"id": FIRST_ID, **examples.record(2)}, {"id": SECOND_ID, **examples.record(3)}]
    return "\n\n".join(
        [
            _introduction(site),
            "## Records",
            "Every object has the same paths, under its plural name. Bodies and answers are JSON. An answer holds what "
            "was asked for below `data`, named after the object and what was done to it: "
            f'`{{"data":{{"{plural}":[{{…}}]}},"pageInfo":{{…}},"totalCount":1}}` is a page, '
            f'`{{"data":{{"{sample.name_singular}":{{…}}}}}}` a record, '
            f'`{{"data":{{"create{sample.type_name}":{{…}}}}}}` a new one.',
            "A new record, and up to "
            f"{site.batch_limit} at once, all or none; with `upsert=true`, those that exist already by their `id` or "
            "a unique field are changed, and un-deleted:",
            shell("POST", f"/{plural}", None, examples.record(1)),
            shell("POST", f"/batch/{plural}", {"upsert": "true"}, batch),
            "One record, with the records that it is related to; and a change of it. What is not sent stays as it is:",
            shell("GET", f"/{plural}/{FIRST_ID}", {"depth": "1"}),
            shell("PATCH", f"/{plural}/{FIRST_ID}", None, examples.change),
            f"With `depth=1`, a to-one relation is the record itself, a to-many relation a list of at most "
            f"{RELATED_LIMIT}. With `depth=0`, which is the default, there are only the ids of to-one relations "
            "(`companyId`). A relation is written by that id; or, under its own name, as "
            '`{"connect": {"where": {…}}}` with a unique field of the other record, `{"disconnect": true}`, or '
            '`{"create": {…}}` with a new record.',
            "## Deleting",
            "`DELETE` is for good. With `soft_delete=true` the record can be brought back; until then lists leave it "
            "out, unless the filter speaks of `deletedAt`:",
            shell("DELETE", f"/{plural}/{FIRST_ID}", {"soft_delete": "true"}),
            shell("GET", f"/{plural}", {"filter": "deletedAt[is]:NOT_NULL"}),
            shell("PATCH", f"/{plural}/{FIRST_ID}/restore"),
            "`PATCH`, `DELETE` and `PATCH …/restore` without an id are about all records that a `filter` finds; where "
            f"these are more than {site.batch_limit}, the request is refused. Changing and deleting need a filter; "
            "`id[is]:NOT_NULL` finds all.",
            "## Filters",
            "`filter=field[comparator]:value`, several joined with commas, which all have to hold. A path leads to a "
            "sub-field (`name.firstName`) or over one relation (`company.name`). `or(…)`, `and(…)` and `not(…)` can "
            "be nested. Values with commas, brackets or spaces stand in quotes. In a URL, all of it is "
            "percent-encoded; `curl -G --data-urlencode` does that.",
            shell("GET", f"/{plural}", {"filter": f'or({examples.filter},createdAt[gte]:"2023-01-01")'}),
            table(("Comparator", "Finds what is"), [(f"`{name}`", _COMPARATORS[name]) for name in COMPARATORS]),
            "Which comparators a field takes depends on its type; a sub-field has a type of its own:",
            table(("Type", "Comparators"), [(kinds, ", ".join(words)) for words, kinds in _operators().items()]),
            "## Order",
            "`order_by=field[direction]`, several joined with commas. A direction is `AscNullsFirst` (the default), "
            "`AscNullsLast`, `DescNullsFirst` or `DescNullsLast`. A path leads to a sub-field or over one to-one "
            "relation. Equal records are ordered by `id`.",
            shell("GET", f"/{plural}", {"order_by": f"{examples.order},createdAt[DescNullsLast]", "limit": "5"}),
            "## Pages",
            f"A list answers `limit` records, {DEFAULT_LIMIT} by default and {MAX_LIMIT} at most, the `totalCount` of "
            "all, and a `pageInfo` with `startCursor`, `endCursor`, `hasNextPage` and `hasPreviousPage`. Give "
            "`endCursor` as `starting_after` for the next page, `startCursor` as `ending_before` for the one before, "
            "together with the same filter and order. Pages neither skip nor repeat records, whatever the order is.",
            "## Groups",
            "`groupBy` counts and computes in the database. The answer is a list of up to "
            f"{DEFAULT_GROUPS} groups (`limit`: at most {MAX_GROUPS}), each with the values that it has in common; "
            "counts are decimal strings:",
            shell("GET", f"/{plural}/groupBy", {"group_by": examples.group_by, "aggregate": examples.aggregates}),
            "Aggregates are `totalCount`; for any field `x` `countUniqueValuesX`, `countEmptyX`, `countNotEmptyX`, "
            "`percentageEmptyX`, `percentageNotEmptyX`; and by type:",
            table(("Type", "Aggregates"), _aggregates()),
            "## Duplicates and merging",
            "`POST …/duplicates` finds, for records that exist (`ids`) or might be created (`data`), the ones like "
            'them. `PATCH …/merge` makes two to nine records one; with `"dryRun": true` it only shows what that '
            "would be.",
            shell("POST", f"/{plural}/duplicates", None, {"data": [examples.record(1)]}),
            *([shell("PATCH", f"/{plural}/merge", None, MERGE)] if sample.duplicate_criteria else []),
            "## Sending a request again, and limits",
            "A write with an `Idempotency-Key` header, a new text for each new request, counts once however often it "
            "is sent: the first answer is kept for 24 hours and repeated with `Idempotent-Replayed: true`. The same "
            "key with another request is refused with 422; while the first is still worked on, with 409.",
            "The answer for one record has an `ETag` that names its version. Sent back as `If-Match` with `PATCH`, "
            "`DELETE` or a restore of that record, the write only happens while nobody else has changed it; else the "
            "answer is 412. Sent back as `If-None-Match` with any `GET`, it gets 304 and no body while nothing "
            "changed.",
            "Where the server has limits, every answer says how near they are: `RateLimit-Limit`, "
            "`RateLimit-Remaining`, `RateLimit-Reset` (seconds), `RateLimit-Policy`. Beyond them the answer is 429 "
            "with `Retry-After`, in seconds; over GraphQL it is an error with the code `RATE_LIMITED` and "
            "`retryAfterMs`.",
            "## Events and history",
            "Every change of a record leaves an event, for all who may read the record: `created`, `updated`, "
            "`deleted`, `restored` or `destroyed`, with the record before and after and who did it. Events come as "
            "pages, oldest first; `after` takes the `endCursor` of the page before, or `now`, and `wait` says for how "
            "many seconds a page without events waits for one:",
            shell("GET", "/events", {"object": sample.name_singular, "operation": "created,updated", "limit": "10"}),
            "`GET /events/stream` sends the same as server-sent events, for as long as the caller stays; who comes "
            "back with `Last-Event-ID` misses nothing. Over GraphQL there is the subscription `recordEvents`. A cursor "
            "whose events are no longer kept is refused with 410, `CURSOR_EXPIRED`. What was done to one record, "
            "newest first:",
            shell("GET", f"/{plural}/{FIRST_ID}/history", {"limit": "10"}),
            "## Values",
            table(("Type", "Written and read as"), [(f"`{name}`", kind.usage) for name, kind in TYPES.items()]),
            _errors(site),
        ]
    )


def metadata_guide(site: Site) -> str:
    """How the data model is read and changed."""
    url = f"{site.url}/rest/metadata"
    return "\n\n".join(
        [
            "The data model of the workspace: its objects and fields. What is changed here is in force at once: the "
            "next request can write a new field, filter by it and group by it.",
            _authentication(),
            "## Lists",
            'A list is `{"data": […], "pageInfo": {…}, "totalCount": …}`; everything else answers the bare object '
            "or field. Lists take `limit`, `starting_after` and `ending_before`, where a cursor is the id of an item.",
            f"```sh\n{curl(url, 'GET', '/objects', {'limit': '10'})}\n```",
            "A relation is a field of the type RELATION, with "
            '`"relationCreationPayload":{"targetObjectMetadataId":"…","targetFieldLabel":"Machines",'
            '"targetFieldIcon":"IconBox","type":"MANY_TO_ONE"}`: where it leads, what the other side is called, and '
            "whether it leads to one record or, with ONE_TO_MANY, to many.",
            f"`settings` hold {FIELD_SETTINGS[0].lower()}{FIELD_SETTINGS[1:]}",
            *settings_guide(),
            "A change that cannot be made is answered with the status 400, and a report of everything that is wrong "
            "with it; nothing is changed then.",
            _errors(site),
        ]
    )


def settings_guide() -> list[str]:
    """What else there is below `/metadata` than the data model, in paragraphs."""
    return [
        "Below it there are the settings, too. API keys (`/apiKeys`) are made without a token; "
        "`POST /apiKeys/{id}/token` makes one, `/regenerate` replaces those that there are, and "
        "`GET /apiKeys/{id}/usage` tells hour by hour how much a key is used. The roles that a key may have are those "
        "that the query `getApiKeyRoles` of `/metadata` answers. Webhooks (`/webhooks`) are addresses "
        "that are told of events; what was sent to them and what became of it is in `/webhookDeliveries`, from where "
        "it can be sent again. Calls are signed: `X-Twenty-Webhook-Signature` is the hex HMAC-SHA256, keyed with the "
        "secret, of `X-Twenty-Webhook-Timestamp`, a colon and the body as it was sent. That is JSON with `eventName` "
        "(`person.created`), `objectMetadata`, `eventDate`, `record` and, of an update, `updatedFields`. `/audit` is "
        "the log of who changed keys, "
        "roles, members, webhooks, the model and the workspace.",
    ]


def sample_object(objects: Sequence[ObjectType]) -> ObjectType | None:
    """The object that examples are about: companies, or the first that there is."""
    usual = [object_type for object_type in objects if object_type.name_plural == SAMPLE]
    others = [object_type for object_type in objects if not object_type.is_system]
    found = [*usual, *others, *objects]
    return found[0] if found else None


def _introduction(site: Site) -> str:
    return "\n\n".join(
        [
            "Threescore keeps the records of a CRM, and gives each workspace an API made for its own data model.",
            _authentication(),
            table(
                ("Address", "What is there"),
                [
                    (f"`{site.url}/rest`", "records"),
                    (f"`{site.url}/rest/metadata`", "the data model: objects and fields"),
                    (f"`{site.url}/graphql`", f"records over GraphQL; SDL at `{site.url}/graphql/schema.graphql`"),
                    (f"`{site.url}/metadata`", f"the model over GraphQL; SDL at `{site.url}/metadata/schema.graphql`"),
                    (f"`{site.url}/rest/open-api/core`", "OpenAPI of the records"),
                    (f"`{site.url}/rest/open-api/metadata`", "OpenAPI of the data model"),
                    (f"`{site.url}/rest/docs.md`", "all of it as Markdown, for this workspace"),
                ],
            ),
        ]
    )


def _authentication() -> str:
    return (
        "## Authentication\n\nSend the token of an API key with each request: `Authorization: Bearer <token>`. Tokens "
        "in URLs are not taken. In the examples, `$KEY` is the token, and `$ID` the id of what they are about."
    )


def _errors(site: Site) -> str:
    example = {"statusCode": 400, "error": "BadRequestException", "messages": ["…"], "code": "…", "index": 0}
    statuses = [
        ("400", "the request is wrong: a name, a value, a path, a duplicate of something unique"),
        ("401", "the token is not valid or has expired"),
        ("403", "no token, or its key is revoked or has expired, or the role of the caller does not allow it"),
        ("404", "there is no such record"),
        ("409", "the same request is still being worked on, or others are changing the same; send it again"),
        ("410", "what followed the cursor, or the kept answer to the `Idempotency-Key`, is there no more"),
        ("412", "the record is not the one that `If-Match` names"),
        ("413", f"the body is longer than {site.body_limit} bytes"),
        ("422", "the `Idempotency-Key` came with another request before"),
        ("429", "more requests than may be; `Retry-After` says when to send it again"),
        ("503", "the server cannot answer now; try again"),
    ]
    return "\n\n".join(
        [
            "## Errors",
            "An error says what is wrong and what would be right. Nothing has been changed then.",
            f"```json\n{msgspec.json.encode(example).decode()}\n```",
            "`code` is there where programs may want to tell errors apart, `index` where a record of a batch is at "
            'fault. A body that is not JSON is answered as `{"message", "error", "statusCode"}`.',
            table(("Status", "When"), statuses),
            "Query parameters that mean nothing are ignored, and named in a `Warning` header. Answers to `GET` have an "
            "`ETag`; sent back as `If-None-Match`, it gets the status 304 while nothing has changed. That of one "
            "record, sent as `If-Match` with a change, keeps it from being written over another one. A write with an "
            "`Idempotency-Key` of its own counts once, however often it is sent.",
        ]
    )


def _operators() -> dict[tuple[str, ...], str]:
    """The types by the comparators that they take."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, kind in TYPES.items():
        if kind.sub_fields:
            continue
        found.setdefault(rest_operators(kind), []).append(f"`{name}`")
    return {operators: ", ".join(names) for operators, names in found.items()}


def rest_operators(kind: FieldType) -> tuple[str, ...]:
    """The comparators of the query string that a type has."""
    return tuple(f"`{word}`" for word in kind.operators if word in COMPARATORS and word not in kind.listed_only)


def _aggregates() -> list[tuple[str, str]]:
    found = []
    for name, kind in TYPES.items():
        leaves = kind.sub_fields.items() if kind.sub_fields else [("", kind)]
        for sub_field, leaf in leaves:
            if leaf.aggregates:
                suffix = sub_field[:1].upper() + sub_field[1:]
                found.append((f"`{name}`", ", ".join(f"`{word}X{suffix}`" for word in leaf.aggregates)))
    return found


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)
