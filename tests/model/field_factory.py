"""Fields for tests: a field is made from its type, with whatever else matters to the test."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from threescore.model.fields import Json, Row
from threescore.model.objects import Field, Option

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

RATINGS = tuple(f"RATING_{stars}" for stars in range(1, 6))


def make_options(values: Sequence[str]) -> tuple[Option, ...]:
    return tuple(
        Option(id=UUID(int=place + 1), label=value.title(), value=value, position=place)
        for place, value in enumerate(values)
    )


def make_field(kind: str, name: str = "value", *, options: Sequence[str] = (), **attributes: Any) -> Field:
    """A field of the type; `options` are option values."""
    if kind == "RATING" and not options:
        options = RATINGS
    return Field(
        id=uuid4(),
        object_id=uuid4(),
        universal_identifier=uuid4(),
        name=name,
        label=name.title(),
        type=kind,
        options=make_options(options) or None,
        created_at=NOW,
        updated_at=NOW,
        **attributes,
    )


def many_to_one(name: str = "company", **attributes: Any) -> Field:
    settings = {"relationType": "MANY_TO_ONE", "joinColumnName": f"{name}Id"}
    return make_field("RELATION", name, settings=settings, target_object_id=uuid4(), **attributes)


def one_to_many(name: str = "people") -> Field:
    return make_field("RELATION", name, settings={"relationType": "ONE_TO_MANY"}, target_object_id=uuid4())


def written(field: Field, value: Json) -> Row:
    """The columns that a value changes."""
    row: Row = {}
    field.write(value, row)
    return row


ROCKET: dict[str, Field] = {
    field.name: field
    for field in (
        make_field("TEXT", "codeName"),
        make_field("TEXT", "serial", is_nullable=False, default_value="'S0'"),
        make_field("TEXT", "serialTwo", is_nullable=False),
        make_field("TEXT", "campaign", is_nullable=False, default_value="''"),
        make_field("NUMBER", "thrust"),
        make_field("NUMBER", "stages", settings={"dataType": "int"}),
        make_field("NUMBER", "odometer", settings={"dataType": "bigint"}),
        make_field("NUMERIC", "ratio"),
        make_field("BOOLEAN", "reusable"),
        make_field("DATE", "builtOn"),
        make_field("DATE_TIME", "launchAt"),
        make_field("UUID", "extId"),
        make_field("SELECT", "status", options=("IDLE", "READY", "FLOWN"), default_value="'IDLE'"),
        make_field("MULTI_SELECT", "tags", options=("HEAVY", "CREWED")),
        make_field("RATING", "rating"),
        make_field("CURRENCY", "price"),
        make_field("FULL_NAME", "pilot"),
        make_field("FULL_NAME", "name"),
        make_field("EMAILS", "contactEmails"),
        make_field("EMAILS", "emails"),
        make_field("PHONES", "contactPhones"),
        make_field("LINKS", "website"),
        make_field("ADDRESS", "padAddress"),
        make_field("ARRAY", "nicknames"),
        make_field("RAW_JSON", "telemetry"),
        make_field("RICH_TEXT", "story"),
        make_field("ACTOR", "captain", default_value={"source": "'MANUAL'", "name": "'System'", "context": None}),
        make_field("ACTOR", "createdBy", is_nullable=False, default_value={"source": "'MANUAL'", "name": "'System'"}),
        make_field("POSITION", "position", is_nullable=False, default_value=0),
        make_field("FILES", "docs", settings={"maxNumberOfValues": 3}),
        make_field("TS_VECTOR", "searchVector"),
        many_to_one(),
        one_to_many(),
    )
}
"""One field of every type and then some, by name."""
