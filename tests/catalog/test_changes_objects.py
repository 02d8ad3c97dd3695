"""Creating, changing and deleting objects."""

from typing import Any
from uuid import uuid4

import pytest

from tests.catalog.workshop import Workshop, cause
from threescore.errors import BadRequest, InvalidInput, NotFound, ValidationReport

pytestmark = pytest.mark.anyio


async def test_a_new_object_has_its_table_system_fields_and_relations(shop: Workshop) -> None:
    created = await shop.create_object("rocket", description="A rocket", icon="IconRocket")
    model = await shop.check()
    rocket = model.by_id[created.id]
    assert rocket == created
    assert model.version == 2
    assert [field.name for field in rocket.fields if field.is_system] == [
        "id",
        "createdAt",
        "createdBy",
        "deletedAt",
        "position",
        "searchVector",
        "updatedAt",
        "updatedBy",
    ]
    relations = {f.name: model.inverse(f) for f in rocket.fields if f.is_relation}
    assert set(relations) == {"timelineActivities", "attachments", "noteTargets", "taskTargets"}
    assert {inverse.name for inverse in relations.values()} == {"targetRocket"}
    assert {inverse.join_column for inverse in relations.values()} == {"targetRocketId"}
    assert rocket.field_by_id[rocket.label_identifier_field_id].name == "name"  # type: ignore[index]
    record = await shop.insert("rocket", name="Ariane")
    await shop.insert("noteTarget", targetRocketId=record)


async def test_an_object_without_a_name_field_is_told_apart_by_its_id(shop: Workshop) -> None:
    junction = await shop.create_object("junction", skipNameField=True)
    assert "name" not in junction.field_by_name
    assert junction.label_identifier_field_id == junction.field_by_name["id"].id
    await shop.check()


async def test_texts_are_tidied(shop: Workshop) -> None:
    created = await shop.create_object("rocket", labelSingular="  space   rocket ", labelPlural="space rockets")
    assert (created.label_singular, created.label_plural) == ("Space rocket", "Space rockets")


INVALID = "INVALID_OBJECT_INPUT"
RESERVED = 'This name is reserved. Use a different name or the system will add "Custom" suffix.'
LETTERS = "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"nameSingular": "My_thing"}, INVALID, LETTERS),
    ({"nameSingular": "aBC"}, INVALID, "Name should be in camelCase"),
    ({"nameSingular": "user"}, INVALID, RESERVED),
    ({"namePlural": "batch"}, INVALID, RESERVED),
    ({"namePlural": "thing"}, INVALID, "The singular and plural names cannot be the same for an object"),
    ({"nameSingular": "a" * 64}, INVALID, "Name is too long"),
    ({"nameSingular": "a" * 56}, INVALID, "Name is too long"),
    ({"labelSingular": "x" * 64}, INVALID, "Object label is too long"),
    ({"labelPlural": "  "}, INVALID, "Object label is too short"),
    ({"isLabelSyncedWithName": True, "labelSingular": "Other"}, INVALID, "Names are not synced with labels"),
    ({"nameSingular": "company"}, "OBJECT_ALREADY_EXISTS", "Object already exists"),
    ({"namePlural": "person"}, "OBJECT_ALREADY_EXISTS", "Object already exists"),
    ({"isRemote": True}, INVALID, "Remote objects are not supported yet"),
]


async def test_names_and_labels_have_rules(shop: Workshop) -> None:
    for properties, code, message in REFUSED:
        with pytest.raises(ValidationReport) as caught:
            await shop.create_object("thing", **properties)
        assert caught.value.message == "Multiple validation errors occurred while creating object"
        assert cause(caught.value) == ("objectMetadata", code, message)
        assert caught.value.user_message == message
    assert (await shop.check()).version == 1


async def test_the_longest_name_fits(shop: Workshop) -> None:
    await shop.create_object("a" * 55, namePlural="b" * 55)
    await shop.check()


async def test_both_names_can_be_wrong_at_once(shop: Workshop) -> None:
    with pytest.raises(ValidationReport) as caught:
        await shop.create_object("My_thing", namePlural="My_things")
    ((item,),) = caught.value.errors.values()
    assert [error["value"] for error in item["errors"]] == ["My_thing", "My_things"]  # type: ignore[attr-defined]
    assert caught.value.user_message == "Many validation errors"


async def test_what_is_missing_is_named(shop: Workshop) -> None:
    with pytest.raises(InvalidInput) as caught:
        await shop.changes.create_object(shop.id, {"nameSingular": "zz"})
    assert caught.value.detail == [
        "namePlural should not be empty",
        "namePlural must be a string",
        "labelSingular should not be empty",
        "labelSingular must be a string",
        "labelPlural should not be empty",
        "labelPlural must be a string",
    ]


async def test_an_empty_name_fails_two_checks(shop: Workshop) -> None:
    with pytest.raises(InvalidInput) as caught:
        await shop.create_object("thing", nameSingular="", namePlural="")
    assert caught.value.message == (
        "nameSingular has failed the name validation check, nameSingular should not be empty, "
        "namePlural has failed the name validation check, namePlural should not be empty"
    )


async def test_a_custom_object_can_be_relabelled_and_deactivated(shop: Workshop) -> None:
    await shop.create_object("rocket")
    changed = await shop.update_object(
        "rocket", labelSingular="Rocket ship", labelPlural="Rocket ships", description="Goes up", isActive=False
    )
    assert (changed.label_singular, changed.description, changed.is_active) == ("Rocket ship", "Goes up", False)
    assert changed.overrides is None
    assert (await shop.update_object("rocket", isActive=True)).is_active
    await shop.check()


async def test_an_update_that_changes_nothing_makes_no_new_version(shop: Workshop) -> None:
    created = await shop.create_object("rocket")
    assert await shop.update_object("rocket", labelSingular="Rocket", nameSingular="rocket") == created
    assert (await shop.model()).version == 2


async def test_renaming_an_object_renames_table_branches_and_indexes(shop: Workshop) -> None:
    await shop.create_object("rocket")
    await shop.relate("rocket", "operator", "company", "Rockets")
    record = await shop.insert("rocket", name="Ariane")
    await shop.insert("taskTarget", targetRocketId=record)
    await shop.update_object("rocket", nameSingular="spaceShip", namePlural="spaceShips")
    model = await shop.check()
    branch = model.by_singular["taskTarget"].field_by_name["targetSpaceShip"]
    assert branch.join_column == "targetSpaceShipId"
    assert await shop.sql('SELECT "targetSpaceShipId" FROM "taskTarget"') == [(record,)]
    assert await shop.sql('SELECT "name" FROM "spaceShip"') == [("Ariane",)]
    # Nothing of the old name is left in the way.
    await shop.create_object("rocket")
    await shop.check()


async def test_renaming_an_object_renames_the_branches_of_custom_morph_relations(shop: Workshop) -> None:
    await shop.create_object("rocket")
    await shop.create_object("pad")
    payloads = [await shop.payload("rocket", "Served pads"), await shop.payload("company", "Served pads")]
    await shop.create_field("pad", "MORPH_RELATION", "guest", morphRelationsCreationPayload=payloads)
    await shop.update_object("rocket", nameSingular="ship", namePlural="ships")
    model = await shop.check()
    assert {"guestShip", "guestCompany"} <= set(model.by_singular["pad"].field_by_name)


async def test_a_rename_that_clashes_elsewhere_is_refused(shop: Workshop) -> None:
    await shop.create_object("rocket")
    await shop.create_field("attachment", "TEXT", "targetShip")
    with pytest.raises(ValidationReport) as caught:
        await shop.update_object("rocket", nameSingular="ship", namePlural="ships")
    assert cause(caught.value)[:2] == ("fieldMetadata", "NOT_AVAILABLE")
    await shop.check()


async def test_the_labels_of_a_standard_object_are_overridden(shop: Workshop) -> None:
    changed = await shop.update_object("company", labelSingular="Organisation", icon="IconX")
    assert changed.label_singular == "Company"
    assert changed.overrides == {"labelSingular": "Organisation", "icon": "IconX"}
    changed = await shop.update_object("company", labelSingular="Company")
    assert changed.overrides == {"icon": "IconX"}


async def test_a_standard_object_keeps_its_names(shop: Workshop) -> None:
    with pytest.raises(BadRequest) as caught:
        await shop.update_object("company", nameSingular="org", isLabelSyncedWithName=True)
    assert caught.value.code == INVALID
    assert caught.value.message == (
        "Cannot edit standard object metadata properties: nameSingular, isLabelSyncedWithName"
    )


async def test_a_system_object_takes_labels_only(shop: Workshop) -> None:
    await shop.update_object("attachment", labelSingular="File", isActive=False)
    with pytest.raises(ValidationReport) as caught:
        await shop.update_object("attachment", isSearchable=not (await shop.object_type("attachment")).is_searchable)
    assert cause(caught.value)[1] == INVALID


async def test_unknown_objects(shop: Workshop) -> None:
    with pytest.raises(NotFound) as updating:
        await shop.changes.update_object(shop.id, uuid4(), {"description": "x"})
    assert (updating.value.message, updating.value.code) == ("Object to update not found", "OBJECT_METADATA_NOT_FOUND")
    with pytest.raises(NotFound) as deleting:
        await shop.changes.delete_object(shop.id, uuid4())
    assert (deleting.value.message, deleting.value.code) == (
        "Could not find flat entity in maps",
        "ENTITY_NOT_FOUND",
    )


async def test_deleting_an_object_takes_its_relations_along(shop: Workshop) -> None:
    before = await shop.model()
    await shop.create_object("rocket")
    await shop.relate("rocket", "operator", "company", "Rockets")
    await shop.relate("person", "ship", "rocket", "Crew")
    await shop.relate("rocket", "parent", "rocket", "Children")
    record = await shop.insert("rocket", name="Ariane")
    await shop.insert("person", shipId=record)
    await shop.delete_object("rocket")
    after = await shop.check()
    assert "rocket" not in after.by_singular
    for object_type in before.objects:
        assert after.by_id[object_type.id].field_by_name.keys() == object_type.field_by_name.keys()
    assert await shop.sql('SELECT count(*) FROM "person"') == [(1,)]
    await shop.create_object("rocket")
    await shop.check()


@pytest.mark.parametrize(("name", "message"), [("company", "Standard"), ("attachment", "System")])
async def test_what_came_with_the_workspace_cannot_be_deleted(shop: Workshop, name: str, message: str) -> None:
    with pytest.raises(ValidationReport) as caught:
        await shop.delete_object(name)
    assert caught.value.message == "Multiple validation errors occurred while deleting object"
    assert cause(caught.value) == ("objectMetadata", INVALID, f"{message} objects cannot be deleted")


async def test_the_search_vector_follows_the_label_identifier(shop: Workshop) -> None:
    await shop.create_object("rocket")
    code = await shop.create_field("rocket", "TEXT", "codeName")
    await shop.insert("rocket", name="Ariane", codeName="Élysée")
    find = """SELECT count(*) FROM "rocket" WHERE "searchVector" @@ to_tsquery('simple', 'elysee')"""
    assert await shop.sql(find) == [(0,)]
    changed = await shop.update_object("rocket", labelIdentifierFieldMetadataId=str(code.id))
    assert changed.label_identifier_field_id == code.id
    assert changed.field_by_id[code.id].is_searchable
    assert await shop.sql(find) == [(1,)]
    await shop.check()


async def test_the_label_identifier_has_rules(shop: Workshop) -> None:
    await shop.create_object("rocket")
    number = await shop.create_field("rocket", "NUMBER", "thrust")
    other = await shop.field("company", "name")
    for value in (None, str(number.id), str(other.id), str(uuid4())):
        with pytest.raises(ValidationReport) as caught:
            await shop.update_object("rocket", labelIdentifierFieldMetadataId=value)
        assert cause(caught.value)[:2] == ("objectMetadata", INVALID)


async def test_the_image_identifier_goes_with_its_field(shop: Workshop) -> None:
    await shop.create_object("rocket")
    photo = await shop.create_field("rocket", "FILES", "photo", settings={"maxNumberOfValues": 1})
    changed = await shop.update_object("rocket", imageIdentifierFieldMetadataId=str(photo.id))
    assert changed.image_identifier_field_id == photo.id
    await shop.delete_field("rocket", "photo")
    assert (await shop.object_type("rocket")).image_identifier_field_id is None
