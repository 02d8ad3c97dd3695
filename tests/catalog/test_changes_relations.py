"""Relation and morph relation fields: both sides, renames, deletion."""

from typing import Any
from uuid import uuid4

import pytest

from tests.catalog.workshop import Workshop, cause
from threescore.errors import ValidationReport
from threescore.model.objects import Field

pytestmark = pytest.mark.anyio

MALFORMED = "FIELD_METADATA_RELATION_MALFORMED"


@pytest.fixture
async def rocket(shop: Workshop) -> Workshop:
    await shop.create_object("rocket")
    return shop


async def inverse(shop: Workshop, field: Field) -> Field:
    return (await shop.model()).inverse(field)


async def test_many_to_one(rocket: Workshop) -> None:
    field = await rocket.relate("rocket", "operator", "company", "Operated rockets")
    assert field.settings == {"onDelete": "SET_NULL", "relationType": "MANY_TO_ONE", "joinColumnName": "operatorId"}
    assert field.description == "Rockets tied to the Company"
    assert field.icon == "IconRelationOneToMany"
    assert (field.is_nullable, field.default_value) == (True, None)
    reverse = await inverse(rocket, field)
    assert (reverse.name, reverse.label, reverse.icon) == ("operatedRockets", "Operated rockets", "IconX")
    assert reverse.settings == {"relationType": "ONE_TO_MANY"}
    model = await rocket.check()
    assert any(i.fields[0].field_id == field.id for i in model.by_singular["rocket"].indexes)
    company = await rocket.insert("company", name="Acme")
    await rocket.insert("rocket", operatorId=company)
    await rocket.sql('DELETE FROM "company"')
    assert await rocket.sql('SELECT "operatorId" FROM "rocket"') == [(None,)]


async def test_one_to_many(rocket: Workshop) -> None:
    field = await rocket.relate("rocket", "crew", "person", "Ship", "ONE_TO_MANY", icon="IconY", description="All")
    assert field.settings == {"relationType": "ONE_TO_MANY"}
    assert (field.icon, field.description) == ("IconY", "All")
    assert (await inverse(rocket, field)).join_column == "shipId"
    await rocket.check()


async def test_a_relation_of_an_object_with_itself(rocket: Workshop) -> None:
    await rocket.relate("rocket", "parent", "rocket", "Children")
    await rocket.check()
    await rocket.delete_field("rocket", "children")
    model = await rocket.check()
    assert not {"parent", "children"} & model.by_singular["rocket"].field_by_name.keys()


async def test_renaming_renames_the_join_column(rocket: Workshop) -> None:
    await rocket.relate("rocket", "operator", "company", "Rockets")
    company = await rocket.insert("company", name="Acme")
    await rocket.insert("rocket", operatorId=company)
    changed = await rocket.update_field("rocket", "operator", name="owner", label="Owner")
    assert changed.join_column == "ownerId"
    assert await rocket.sql('SELECT "ownerId" FROM "rocket"') == [(company,)]
    await rocket.update_field("company", "rockets", name="fleet")
    await rocket.relate("rocket", "operator", "company", "Rockets")
    await rocket.check()


async def test_deleting_one_side_deletes_both(rocket: Workshop) -> None:
    for side in (("rocket", "operator"), ("company", "rockets")):
        await rocket.relate("rocket", "operator", "company", "Rockets")
        await rocket.delete_field(*side)
        model = await rocket.check()
        assert "operator" not in model.by_singular["rocket"].field_by_name
        assert "rockets" not in model.by_singular["company"].field_by_name


BAD_PAYLOADS: list[tuple[Any, str, str]] = [
    (None, "INVALID_FIELD_INPUT", "Relation creation payload is required"),
    (
        {"type": "ONE_TO_ONE"},
        MALFORMED,
        "Relation creation payload is invalid: type must be one of the following values: MANY_TO_ONE, ONE_TO_MANY",
    ),
    (
        {"targetObjectMetadataId": str(uuid4())},
        MALFORMED,
        "Object metadata relation target not found for relation creation payload",
    ),
    (
        {"targetFieldLabel": ""},
        MALFORMED,
        "Relation creation payload is invalid: targetFieldLabel should not be empty",
    ),
    ({"targetFieldLabel": "!!"}, MALFORMED, 'Invalid label: "!!"'),
]


async def test_payloads_have_rules(rocket: Workshop) -> None:
    good: Any = await rocket.payload("person", "Rockets")
    for properties, code, message in BAD_PAYLOADS:
        payload = None if properties is None else {**good, **properties}
        with pytest.raises(ValidationReport) as caught:
            await rocket.create_field("rocket", "RELATION", "pilot", relationCreationPayload=payload)
        assert caught.value.message == "Multiple validation errors occurred while creating field"
        assert cause(caught.value) == ("fieldMetadata", code, message)
    many: list[Any] = [None, [], {}, [None], ["x"], "x"]
    for payloads in many:
        with pytest.raises(ValidationReport):
            await rocket.create_field("rocket", "MORPH_RELATION", "sponsor", morphRelationsCreationPayload=payloads)


async def test_both_names_must_be_free(rocket: Workshop) -> None:
    await rocket.relate("rocket", "operator", "company", "Rockets")
    with pytest.raises(ValidationReport) as reverse:
        await rocket.relate("rocket", "operatorTwo", "company", "Rockets")
    message = 'Name "rockets" is not available as it is already used by another field'
    assert cause(reverse.value) == ("fieldMetadata", "NOT_AVAILABLE", message)
    with pytest.raises(ValidationReport) as join:
        await rocket.create_field("rocket", "TEXT", "operatorId")
    message = 'Name "operatorId" is not available as it is already used by another join column name'
    assert cause(join.value) == ("fieldMetadata", "NOT_AVAILABLE", message)
    await rocket.create_field("rocket", "TEXT", "padId")
    with pytest.raises(ValidationReport) as column:
        await rocket.relate("rocket", "pad", "company", "Pads")
    assert cause(column.value)[1] == "NOT_AVAILABLE"
    await rocket.check()


async def test_what_a_relation_may_change(rocket: Workshop) -> None:
    await rocket.relate("rocket", "operator", "company", "Rockets")
    changed = await rocket.update_field("rocket", "operator", label="Run by", icon="IconZ", isActive=False)
    assert (changed.label, changed.icon, changed.is_active) == ("Run by", "IconZ", False)
    with pytest.raises(ValidationReport) as caught:
        await rocket.update_field("rocket", "operator", isUnique=True, settings={"onDelete": "CASCADE"})
    assert cause(caught.value)[1:] == (
        "FIELD_MUTATION_NOT_ALLOWED",
        "Forbidden updated properties for relation field metadata: isUnique, settings",
    )
    with pytest.raises(ValidationReport):
        await rocket.relate("rocket", "other", "company", "Others", isUnique=True)
    with pytest.raises(ValidationReport):
        await rocket.relate("rocket", "other", "company", "Others", defaultValue="'x'")


async def morph(shop: Workshop, *targets: str, kind: str = "MANY_TO_ONE", name: str = "sponsor") -> Field:
    payloads = [await shop.payload(target, "Sponsored rockets", kind) for target in targets]
    return await shop.create_field("rocket", "MORPH_RELATION", name, morphRelationsCreationPayload=payloads)


async def test_a_morph_relation_has_a_branch_for_each_target(rocket: Workshop) -> None:
    field = await morph(rocket, "company", "person")
    assert field.name == "sponsorCompany"
    assert field.join_column == "sponsorCompanyId"
    model = await rocket.check()
    branches = [f for f in model.by_singular["rocket"].fields if f.morph_id == field.morph_id]
    assert [branch.name for branch in branches] == ["sponsorCompany", "sponsorPerson"]
    assert {model.inverse(branch).name for branch in branches} == {"sponsoredRockets"}


async def test_a_morph_relation_is_renamed_and_relabelled_as_one(rocket: Workshop) -> None:
    await morph(rocket, "company", "person")
    await rocket.update_field("rocket", "sponsorCompany", name="backer", label="Backer")
    model = await rocket.check()
    fields = model.by_singular["rocket"].field_by_name
    assert fields["backerPerson"].label == fields["backerCompany"].label == "Backer"
    changed = await rocket.update_field("rocket", "backerPerson", name="patronPerson")
    assert changed.name == "patronPerson"
    assert "patronCompany" in (await rocket.check()).by_singular["rocket"].field_by_name


async def test_a_morph_relation_takes_further_targets(rocket: Workshop) -> None:
    await morph(rocket, "company")
    payloads = [await rocket.payload("opportunity", "Sponsored rockets")]
    await rocket.update_field("rocket", "sponsorCompany", morphRelationsUpdatePayload=payloads)
    model = await rocket.check()
    fields = model.by_singular["rocket"].field_by_name
    assert fields["sponsorOpportunity"].morph_id == fields["sponsorCompany"].morph_id


async def test_a_morph_relation_is_deleted_as_one(rocket: Workshop) -> None:
    await morph(rocket, "company", "person")
    await rocket.delete_field("rocket", "sponsorPerson")
    model = await rocket.check()
    assert not [f for f in model.by_singular["rocket"].fields if f.morph_id]
    assert "sponsoredRockets" not in model.by_singular["company"].field_by_name


async def test_deleting_the_far_side_of_a_branch_leaves_the_others(rocket: Workshop) -> None:
    await morph(rocket, "company", "person")
    await rocket.delete_field("company", "sponsoredRockets")
    fields = (await rocket.check()).by_singular["rocket"].field_by_name
    assert "sponsorPerson" in fields
    assert "sponsorCompany" not in fields


async def test_a_morph_relation_in_the_other_direction(rocket: Workshop) -> None:
    field = await morph(rocket, "company", "person", kind="ONE_TO_MANY", name="guests")
    assert field.name == "guestsCompanies"
    await rocket.check()


async def test_system_relations_of_a_custom_object(rocket: Workshop) -> None:
    await rocket.delete_field("rocket", "attachments")
    model = await rocket.check()
    assert "targetRocket" not in model.by_singular["attachment"].field_by_name
    assert "targetPerson" in model.by_singular["attachment"].field_by_name
    await rocket.delete_field("noteTarget", "targetRocket")
    model = await rocket.check()
    assert "noteTargets" not in model.by_singular["rocket"].field_by_name
    await rocket.update_object("rocket", nameSingular="ship", namePlural="ships")
    await rocket.check()
    await rocket.delete_object("ship")
    await rocket.check()


async def test_a_morph_relation_has_each_target_once(rocket: Workshop) -> None:
    with pytest.raises(ValidationReport):
        await morph(rocket, "company", "company")
    await rocket.check()
