"""Creating, changing and deleting fields that are no relations."""

from typing import Any
from uuid import uuid4

import pytest

from tests.catalog.workshop import Workshop, cause
from threescore.errors import BadRequest, Forbidden, InvalidInput, NotFound, ValidationReport

pytestmark = pytest.mark.anyio

INVALID = "INVALID_FIELD_INPUT"
LETTERS = "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"
FILES_LIMIT = (
    "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than or equal to 60"
)


def options(*values: str) -> list[dict[str, Any]]:
    return [
        {"label": value.capitalize(), "value": value, "color": "gray", "position": place}
        for place, value in enumerate(values)
    ]


@pytest.fixture
async def rocket(shop: Workshop) -> Workshop:
    await shop.create_object("rocket")
    return shop


TYPES: list[tuple[str, dict[str, Any]]] = [
    ("TEXT", {}),
    ("TEXT", {"defaultValue": "'Up'"}),
    ("TEXT", {"isNullable": False, "defaultValue": "'S0'"}),
    ("TEXT", {"isNullable": False}),
    ("TEXT", {"isUnique": True}),
    ("TEXT", {"isSearchable": True}),
    ("NUMBER", {}),
    ("NUMBER", {"settings": {"dataType": "int", "decimals": 0, "type": "number"}, "defaultValue": 3}),
    ("NUMBER", {"settings": {"dataType": "bigint"}}),
    ("BOOLEAN", {"defaultValue": False}),
    ("BOOLEAN", {"isUnique": True}),
    ("DATE", {}),
    ("DATE_TIME", {"defaultValue": "now"}),
    ("UUID", {}),
    ("UUID", {"defaultValue": "uuid"}),
    ("SELECT", {"options": options("IDLE", "READY"), "defaultValue": "'IDLE'"}),
    ("MULTI_SELECT", {"options": options("HEAVY", "CREWED"), "defaultValue": ["'HEAVY'"]}),
    ("MULTI_SELECT", {"options": options("HEAVY", "CREWED"), "isUnique": True}),
    ("RATING", {}),
    ("CURRENCY", {"defaultValue": {"amountMicros": "1000000", "currencyCode": "'EUR'"}}),
    ("FULL_NAME", {}),
    ("EMAILS", {"isUnique": True}),
    ("PHONES", {"isUnique": True}),
    ("LINKS", {"isSearchable": True}),
    ("ADDRESS", {}),
    ("ARRAY", {"isUnique": True}),
    ("RAW_JSON", {"isUnique": True}),
    ("RICH_TEXT", {}),
    ("FILES", {"settings": {"maxNumberOfValues": 11}}),
    ("ACTOR", {}),
]


async def test_a_field_of_each_type_and_its_way_back(rocket: Workshop) -> None:
    made = []
    for place, (kind, properties) in enumerate(TYPES):
        field = await rocket.create_field("rocket", kind, f"field{place}", **properties)
        assert field.type == kind
        assert field.is_custom
        assert not field.is_system
        assert field.is_unique == properties.get("isUnique", False)
        assert field.is_nullable == properties.get("isNullable", True)
        made.append(field)
    model = await rocket.check()
    assert all(field in model.by_singular["rocket"].fields for field in made)
    for field in made:
        await rocket.delete_field("rocket", field.name)
    model = await rocket.check()
    assert len(model.by_singular["rocket"].fields) == 13


async def test_what_is_given_when_nothing_is_said(rocket: Workshop) -> None:
    rating = await rocket.create_field("rocket", "RATING", "rating")
    assert [(o.label, o.value, o.position) for o in rating.options or ()] == [
        (str(n), f"RATING_{n}", n - 1) for n in range(1, 6)
    ]
    captain = await rocket.create_field("rocket", "ACTOR", "captain")
    assert captain.default_value == {
        "name": "'System'",
        "source": "'MANUAL'",
        "context": None,
        "workspaceMemberId": None,
    }


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("NUMERIC", {}, INVALID, "Field type NUMERIC is not supported for field creation. Use NUMBER instead."),
    ("TS_VECTOR", {}, INVALID, "TS Vector is not supported for field creation"),
    ("POSITION", {}, INVALID, 'Field type POSITION must be named "position", got "thing"'),
    ("SELECT", {}, INVALID, "Options are required for enum fields"),
    ("SELECT", {"options": options("a b")}, INVALID, 'Value must be in UPPER_CASE and follow snake_case "a b"'),
    ("SELECT", {"options": options("1ST")}, INVALID, 'Value must be in UPPER_CASE and follow snake_case "1ST"'),
    (
        "SELECT",
        {"options": options("IDLE"), "defaultValue": "IDLE"},
        INVALID,
        "Default value should be as quoted string",
    ),
    (
        "SELECT",
        {"options": options("IDLE"), "defaultValue": "'X'"},
        INVALID,
        "Default value \"'X'\" must be one of the option values",
    ),
    ("FILES", {}, INVALID, FILES_LIMIT),
    ("FILES", {"settings": {"maxNumberOfValues": 61}}, INVALID, FILES_LIMIT),
    ("TEXT", {"name": "Code_name"}, INVALID, LETTERS),
    ("TEXT", {"name": "1abc"}, INVALID, LETTERS),
    (
        "TEXT",
        {"name": "currency"},
        INVALID,
        'This name is reserved. Use a different name or the system will add "Custom" suffix.',
    ),
    ("TEXT", {"name": "a" * 64}, INVALID, "Name is too long"),
    ("PHONES", {"name": "a" * 50}, INVALID, "Name is too long"),
    (
        "TEXT",
        {"name": "createdBy"},
        "NOT_AVAILABLE",
        'Name "createdBy" is not available as it is already used by another field',
    ),
    (
        "TEXT",
        {"name": "createdByName"},
        "RESERVED_KEYWORD",
        'Name "createdByName" is reserved composite field name',
    ),
    (
        "TEXT",
        {"isNullable": False, "defaultValue": None},
        INVALID,
        "Default value cannot be null for non-nullable fields",
    ),
    (
        "TEXT",
        {"isLabelSyncedWithName": True, "label": "Other"},
        "NAME_NOT_SYNCED_WITH_LABEL",
        'Name "thing" is not synced with label "Other"',
    ),
    ("TEXT", {"label": "   "}, INVALID, "Label is too short"),
    ("NUMBER", {"isSearchable": True}, INVALID, "Fields of type NUMBER cannot be searched"),
]


async def test_creation_has_rules(rocket: Workshop) -> None:
    for kind, properties, code, message in REFUSED:
        with pytest.raises(ValidationReport) as caught:
            await rocket.create_field("rocket", kind, "thing", **properties)
        assert cause(caught.value) == ("fieldMetadata", code, message)
    assert (await rocket.check()).version == 2


async def test_columns_that_a_new_field_stands_for_must_be_free(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "websitePrimaryLinkUrl")
    with pytest.raises(ValidationReport) as caught:
        await rocket.create_field("rocket", "LINKS", "website")
    assert cause(caught.value)[1] == "NOT_AVAILABLE"
    await rocket.check()


async def test_some_types_cannot_be_unique(rocket: Workshop) -> None:
    for kind in ("CURRENCY", "FULL_NAME", "ADDRESS", "ACTOR", "RICH_TEXT"):
        with pytest.raises(ValidationReport) as caught:
            await rocket.create_field("rocket", kind, "uc", isUnique=True)
        message = f"Unique index cannot be created for field uc of type {kind}"
        assert cause(caught.value) == ("index", "INDEX_FIELD_INVALID_TYPE_FOR_UNIQUE", message)
        assert caught.value.user_message == f"{kind} fields cannot be unique."


async def test_a_unique_field_has_no_default_value(rocket: Workshop) -> None:
    with pytest.raises(ValidationReport) as caught:
        await rocket.create_field("rocket", "TEXT", "ud", isUnique=True, defaultValue="'x'")
    message = "Unique index cannot be created for field ud of type TEXT"
    assert cause(caught.value) == ("index", "INDEX_FIELD_INVALID_DEFAULT_VALUE", message)
    await rocket.create_field("rocket", "TEXT", "code", defaultValue="'x'")
    with pytest.raises(ValidationReport):
        await rocket.update_field("rocket", "code", isUnique=True)
    changed = await rocket.update_field("rocket", "code", isUnique=True, defaultValue=None)
    assert changed.is_unique
    with pytest.raises(ValidationReport):
        await rocket.update_field("rocket", "code", defaultValue="'y'")
    await rocket.check()


async def test_an_unknown_object(rocket: Workshop) -> None:
    with pytest.raises(ValidationReport) as caught:
        await rocket.changes.create_field(
            rocket.id, {"objectMetadataId": str(uuid4()), "type": "TEXT", "name": "foo", "label": "Foo"}
        )
    assert caught.value.message == "Multiple validation errors occurred while creating field"
    assert cause(caught.value)[1:] == ("OBJECT_METADATA_NOT_FOUND", "Provided object metadata id does not exist")
    assert caught.value.user_message == "Created field metadata, parent object metadata not found"


async def test_what_is_missing_is_named(rocket: Workshop) -> None:
    with pytest.raises(InvalidInput) as caught:
        await rocket.changes.create_field(rocket.id, {})
    types = (
        "ACTOR, ADDRESS, ARRAY, BOOLEAN, CURRENCY, DATE, DATE_TIME, EMAILS, FILES, FULL_NAME, LINKS, MORPH_RELATION, "
        "MULTI_SELECT, NUMBER, NUMERIC, PHONES, POSITION, RATING, RAW_JSON, RELATION, RICH_TEXT, SELECT, TEXT, "
        "TS_VECTOR, UUID"
    )
    assert caught.value.detail == [
        "objectMetadataId must be a UUID",
        "type should not be empty",
        f"type must be one of the following values: {types}",
        "name should not be empty",
        "name must be a string",
        "label should not be empty",
        "label must be a string",
    ]


async def test_renaming_keeps_the_values(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto", isUnique=True, isSearchable=True)
    await rocket.create_field("rocket", "LINKS", "site", isUnique=True)
    await rocket.create_field("rocket", "SELECT", "stage", options=options("NEW", "DONE"))
    await rocket.insert("rocket", motto="Up", sitePrimaryLinkUrl="https://a.test", stage="NEW")
    changed = await rocket.update_field("rocket", "motto", name="slogan", label="Slogan")
    assert (changed.name, changed.label) == ("slogan", "Slogan")
    await rocket.update_field("rocket", "site", name="homePage")
    await rocket.update_field("rocket", "stage", name="phase", options=options("FRESH", "DONE"))
    assert await rocket.sql('SELECT "slogan", "homePagePrimaryLinkUrl", "phase" FROM "rocket"') == [
        ("Up", "https://a.test", None)
    ]
    await rocket.create_field("rocket", "TEXT", "motto", isUnique=True)
    await rocket.check()


async def test_a_rename_obeys_the_rules_for_names(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto")
    for name in ("createdBy", "createdByName", "user", "Motto"):
        with pytest.raises(ValidationReport) as caught:
            await rocket.update_field("rocket", "motto", name=name)
        assert caught.value.message == "Multiple validation errors occurred while updating field"
    await rocket.check()


async def test_names_that_are_synced_with_labels(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "launchSite", label="Launch site", isLabelSyncedWithName=True)
    with pytest.raises(ValidationReport) as caught:
        await rocket.update_field("rocket", "launchSite", label="Pad")
    assert cause(caught.value)[1] == "FIELD_MUTATION_NOT_ALLOWED"
    changed = await rocket.update_field("rocket", "launchSite", label="Pad", name="pad")
    assert changed.is_label_synced_with_name


async def test_options_keep_their_identity_and_move_the_records(rocket: Workshop) -> None:
    created = await rocket.create_field(
        "rocket", "SELECT", "status", options=options("IDLE", "READY", "FLOWN"), defaultValue="'IDLE'"
    )
    await rocket.create_field("rocket", "MULTI_SELECT", "tags", options=options("HEAVY", "CREWED", "OLD"))
    for status, tags in (("IDLE", ["HEAVY"]), ("READY", ["OLD", "CREWED"]), ("FLOWN", ["OLD"])):
        await rocket.insert("rocket", name=status, status=status, tags=tags)
    by_value = {option.value: str(option.id) for option in created.options or ()}
    changed = await rocket.update_field(
        "rocket",
        "status",
        options=[
            {"id": by_value["READY"], "label": "Set", "value": "SET", "color": "green", "position": 1},
            {"label": "Idle!", "value": "IDLE", "color": "gray", "position": 0},
            {"label": "Lost", "value": "LOST", "color": "red", "position": 2},
        ],
    )
    assert {o.value: str(o.id) for o in changed.options or () if o.value != "LOST"} == {
        "SET": by_value["READY"],
        "IDLE": by_value["IDLE"],
    }
    await rocket.update_field("rocket", "tags", options=options("HEAVY", "CREWED"))
    rows = await rocket.sql('SELECT "name", "status", "tags" FROM "rocket" ORDER BY "name"')
    assert rows == [("FLOWN", "IDLE", None), ("IDLE", "IDLE", ["HEAVY"]), ("READY", "SET", ["CREWED"])]
    await rocket.check()


async def test_positions_of_options_stay_the_numbers_they_were(rocket: Workshop) -> None:
    sent = [{"label": "A", "value": "A", "position": 1}, {"label": "B", "value": "B", "position": 0.5}]
    await rocket.create_field("rocket", "SELECT", "stage", options=sent)
    stored = await rocket.field("rocket", "stage")
    assert [repr(option.position) for option in stored.options or ()] == ["1", "0.5"]


async def test_the_option_of_the_default_value_stays(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "SELECT", "status", options=options("IDLE", "READY"), defaultValue="'IDLE'")
    with pytest.raises(ValidationReport) as caught:
        await rocket.update_field("rocket", "status", options=options("READY"))
    assert cause(caught.value)[2] == "Default value \"'IDLE'\" must be one of the option values"
    changed = await rocket.update_field("rocket", "status", options=options("READY"), defaultValue="'READY'")
    assert changed.default_value == "'READY'"
    await rocket.check()


async def test_required_options_with_records_cannot_go(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "SELECT", "status", options=options("IDLE", "READY"), isNullable=False)
    await rocket.insert("rocket", status="READY")
    with pytest.raises(ValidationReport) as caught:
        await rocket.update_field("rocket", "status", options=options("IDLE"))
    assert cause(caught.value)[:2] == ("fieldMetadata", INVALID)
    assert await rocket.sql('SELECT "status" FROM "rocket"') == [("READY",)]
    await rocket.check()


BAD_OPTIONS: list[Any] = [
    [],
    None,
    "A",
    ["A"],
    [{}],
    [{"label": "A", "value": "A,B"}],
    [{"label": "A, b", "value": "A"}],
    [{"label": " ", "value": "A"}],
    [{"label": "A" * 64, "value": "A"}],
    [{"label": "A", "value": "A" * 64}],
    [{"label": "A", "value": "A", "color": "beige"}],
    [{"label": "A", "value": "A", "position": "1"}],
    [{"label": "A", "value": "A", "id": "1"}],
    options("A", "A"),
    [{"label": "A", "value": "A", "position": 1}, {"label": "B", "value": "B", "position": 1}],
]


async def test_options_have_rules(rocket: Workshop) -> None:
    for bad in BAD_OPTIONS:
        with pytest.raises(ValidationReport) as caught:
            await rocket.create_field("rocket", "SELECT", "status", options=bad)
        assert cause(caught.value)[:2] == ("fieldMetadata", INVALID), bad


async def test_unique_and_not_unique_again(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "code")
    assert (await rocket.update_field("rocket", "code", isUnique=True)).is_unique
    await rocket.check()
    assert not (await rocket.update_field("rocket", "code", isUnique=False)).is_unique
    model = await rocket.check()
    assert not any(index.is_unique for index in model.by_singular["rocket"].indexes)


async def test_a_standard_unique_field(shop: Workshop) -> None:
    assert not (await shop.update_field("person", "emails", isUnique=False)).is_unique
    await shop.insert("person", emailsPrimaryEmail="a@b.test")
    twin = await shop.insert("person", emailsPrimaryEmail="a@b.test")
    with pytest.raises(ValidationReport) as caught:
        await shop.update_field("person", "emails", isUnique=True)
    assert cause(caught.value) == (
        "index",
        "INDEX_DUPLICATE_VALUES",
        'Field "emails" cannot be unique: some records share the same value',
    )
    assert not (await shop.field("person", "emails")).is_unique
    await shop.sql('DELETE FROM "person" WHERE "id" = $1', twin)
    assert (await shop.update_field("person", "emails", isUnique=True)).is_unique
    await shop.check()


async def test_required_fields_need_values(rocket: Workshop) -> None:
    await rocket.insert("rocket", name="Ariane")
    with pytest.raises(ValidationReport) as caught:
        await rocket.create_field("rocket", "NUMBER", "thrust", isNullable=False)
    assert cause(caught.value)[:2] == ("fieldMetadata", INVALID)
    await rocket.create_field("rocket", "NUMBER", "thrust")
    with pytest.raises(ValidationReport):
        await rocket.update_field("rocket", "thrust", isNullable=False)
    await rocket.check()
    await rocket.sql('UPDATE "rocket" SET "thrust" = 1')
    assert not (await rocket.update_field("rocket", "thrust", isNullable=False)).is_nullable
    await rocket.check()
    assert (await rocket.update_field("rocket", "thrust", isNullable=True)).is_nullable
    await rocket.create_field("rocket", "NUMBER", "stages", isNullable=False, defaultValue=3)
    assert await rocket.sql('SELECT "stages" FROM "rocket"') == [(3.0,)]
    await rocket.check()


async def test_defaults_change_for_new_records_only(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto", defaultValue="'Up'")
    await rocket.insert("rocket", name="A")
    await rocket.update_field("rocket", "motto", defaultValue="'It''s'")
    await rocket.insert("rocket", name="B")
    await rocket.update_field("rocket", "motto", defaultValue=None)
    await rocket.insert("rocket", name="C")
    rows = await rocket.sql('SELECT "motto" FROM "rocket" ORDER BY "name"')
    assert rows[0] == ("Up",)
    assert rows[2] == (None,)
    await rocket.check()


async def test_numbers_change_their_data_type_without_losing_digits(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "NUMBER", "thrust", defaultValue=1)
    record = await rocket.insert("rocket", thrust=1.5)
    with pytest.raises(ValidationReport) as caught:
        await rocket.update_field("rocket", "thrust", settings={"dataType": "int"})
    assert cause(caught.value)[:2] == ("fieldMetadata", INVALID)
    await rocket.sql('UPDATE "rocket" SET "thrust" = 2 WHERE "id" = $1', record)
    await rocket.update_field("rocket", "thrust", settings={"dataType": "bigint"})
    await rocket.check()
    await rocket.sql('UPDATE "rocket" SET "thrust" = 9007199254740993 WHERE "id" = $1', record)
    with pytest.raises(ValidationReport):
        await rocket.update_field("rocket", "thrust", settings={"dataType": "float"})
    await rocket.sql('UPDATE "rocket" SET "thrust" = 3')
    await rocket.update_field("rocket", "thrust", settings=None)
    assert await rocket.sql('SELECT "thrust" FROM "rocket"') == [(3.0,)]
    await rocket.check()


async def test_searchable_fields(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto")
    await rocket.insert("rocket", name="Ariane", motto="upwards")
    find = """SELECT count(*) FROM "rocket" WHERE "searchVector" @@ to_tsquery('simple', 'upwards')"""
    assert await rocket.sql(find) == [(0,)]
    await rocket.update_field("rocket", "motto", isSearchable=True)
    assert await rocket.sql(find) == [(1,)]
    await rocket.check()
    await rocket.update_field("rocket", "motto", isSearchable=False)
    assert await rocket.sql(find) == [(0,)]
    with pytest.raises(ValidationReport):
        await rocket.update_field("rocket", "name", isSearchable=False)
    await rocket.check()


async def test_deactivated_fields_stay(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "serial")
    assert not (await rocket.update_field("rocket", "serial", isActive=False)).is_active
    await rocket.insert("rocket", serial="S1")
    assert (await rocket.update_field("rocket", "serial", isActive=True)).is_active
    await rocket.check()


async def test_the_label_identifier_stays(rocket: Workshop) -> None:
    with pytest.raises(ValidationReport) as deactivating:
        await rocket.update_field("rocket", "name", isActive=False)
    assert cause(deactivating.value)[1:] == (
        "LABEL_IDENTIFIER_FIELD_METADATA_ID_NOT_FOUND",
        "Label identifier field metadata cannot be deactivated",
    )
    assert deactivating.value.user_message == "Label identifier field cannot be deactivated"
    with pytest.raises(ValidationReport) as deleting:
        await rocket.delete_field("rocket", "name")
    assert cause(deleting.value)[1:] == (
        "FIELD_MUTATION_NOT_ALLOWED",
        "Cannot delete, please update the label identifier field first",
    )
    assert deleting.value.message == "Multiple validation errors occurred while deleting field"
    code = await rocket.create_field("rocket", "TEXT", "code")
    await rocket.update_object("rocket", labelIdentifierFieldMetadataId=str(code.id))
    await rocket.delete_field("rocket", "name")
    await rocket.check()


async def test_system_fields_stay(rocket: Workshop) -> None:
    with pytest.raises(ValidationReport) as updating:
        await rocket.update_field("person", "createdAt", label="X")
    assert cause(updating.value)[1:] == (
        "FIELD_MUTATION_NOT_ALLOWED",
        "System fields only allow updating: universalSettings, isActive. Forbidden properties: overrides",
    )
    assert updating.value.user_message == "System fields cannot be updated"
    with pytest.raises(ValidationReport) as deleting:
        await rocket.delete_field("rocket", "createdAt")
    assert cause(deleting.value)[2] == "System fields cannot be deleted"


async def test_standard_fields(shop: Workshop) -> None:
    with pytest.raises(Forbidden) as renaming:
        await shop.update_field("person", "jobTitle", name="role", isLabelSyncedWithName=True)
    assert renaming.value.code == "FIELD_MUTATION_NOT_ALLOWED"
    assert renaming.value.message == ("Cannot edit standard field metadata properties: name, isLabelSyncedWithName")
    with pytest.raises(Forbidden) as deleting:
        await shop.delete_field("person", "jobTitle")
    assert deleting.value.message == 'Cannot delete standard field "jobTitle"'
    changed = await shop.update_field("person", "jobTitle", label="Role", defaultValue="'Boss'")
    assert (changed.label, changed.overrides, changed.default_value) == ("Job Title", {"label": "Role"}, "'Boss'")
    changed = await shop.update_field("person", "jobTitle", label="Job Title", defaultValue=None)
    assert changed.overrides is None
    stages = await shop.field("opportunity", "stage")
    kept = [{"label": o.label, "value": o.value, "position": o.position} for o in stages.options or ()]
    await shop.update_field("opportunity", "stage", options=kept[:-1])
    await shop.check()


async def test_unknown_fields(shop: Workshop) -> None:
    with pytest.raises(ValidationReport) as updating:
        await shop.changes.update_field(shop.id, uuid4(), {"label": "x"})
    assert updating.value.message == "Validation errors occurred while updating field"
    assert cause(updating.value)[1:] == ("FIELD_METADATA_NOT_FOUND", "Field metadata to update not found")
    with pytest.raises(NotFound) as deleting:
        await shop.changes.delete_field(shop.id, uuid4())
    assert (deleting.value.message, deleting.value.code) == ("Field to delete not found", "FIELD_METADATA_NOT_FOUND")


async def test_type_and_object_never_change(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "motto")
    other = await rocket.object_type("company")
    for properties in ({"type": "NUMBER"}, {"objectMetadataId": str(other.id)}):
        with pytest.raises(ValidationReport):
            await rocket.update_field("rocket", "motto", **properties)
    owner = await rocket.object_type("rocket")
    await rocket.update_field("rocket", "motto", type="TEXT", objectMetadataId=str(owner.id), label="M")
    await rocket.check()


async def test_values_can_be_too_long_for_an_index_or_the_search(rocket: Workshop) -> None:
    await rocket.create_field("rocket", "TEXT", "story")
    words = " ".join(f"w{place:x}" for place in range(300_000))
    await rocket.insert("rocket", story=words)
    with pytest.raises(ValidationReport) as unique:
        await rocket.update_field("rocket", "story", isUnique=True)
    assert cause(unique.value)[:2] == ("index", "INDEX_VALUES_TOO_LONG")
    with pytest.raises(ValidationReport) as searchable:
        await rocket.update_field("rocket", "story", isSearchable=True)
    assert cause(searchable.value)[:2] == ("objectMetadata", "INVALID_OBJECT_INPUT")
    await rocket.check()


async def test_a_table_that_is_full_of_columns(rocket: Workshop) -> None:
    columns = ", ".join(f'ADD COLUMN "_{place}" text' for place in range(1580))
    dropped = ", ".join(f'DROP COLUMN "_{place}"' for place in range(1580))
    await rocket.sql(f'ALTER TABLE "rocket" {columns}')
    await rocket.sql(f'ALTER TABLE "rocket" {dropped}')
    with pytest.raises(BadRequest):
        await rocket.create_field("rocket", "ADDRESS", "padAddress")
    await rocket.check()
