"""Indexes that callers ask for."""

from typing import Any
from uuid import uuid4

import pytest

from tests.catalog.workshop import Workshop, cause
from threescore.errors import BadRequest, Forbidden, InvalidInput, NotFound, ValidationReport
from threescore.model.objects import Index

pytestmark = pytest.mark.anyio


async def create(shop: Workshop, *fields: tuple[str, str | None], kind: str = "BTREE") -> Index:
    owner = await shop.object_type("rocket")
    parts = [
        {"fieldMetadataId": str(owner.field_by_name[name].id), "subFieldName": sub_field} for name, sub_field in fields
    ]
    body = {"objectMetadataId": str(owner.id), "indexType": kind, "fields": parts}
    return (await shop.changes.create_index(shop.id, body))[1]


@pytest.fixture
async def rocket(shop: Workshop) -> Workshop:
    await shop.create_object("rocket")
    await shop.create_field("rocket", "NUMBER", "thrust")
    await shop.create_field("rocket", "CURRENCY", "price")
    await shop.create_field("rocket", "ARRAY", "aliases")
    await shop.relate("rocket", "operator", "company", "Rockets")
    return shop


async def test_an_index_comes_and_goes(rocket: Workshop) -> None:
    index = await create(rocket, ("thrust", None), ("price", "amountMicros"))
    assert (index.is_custom, index.is_unique, index.type) == (True, False, "BTREE")
    assert index.name.startswith("IDX_")
    await rocket.check()
    await rocket.changes.delete_index(rocket.id, index.id)
    model = await rocket.check()
    assert index.id not in {i.id for i in model.by_singular["rocket"].indexes}


async def test_an_index_follows_names_and_goes_with_its_fields(rocket: Workshop) -> None:
    await create(rocket, ("thrust", None), ("price", "amountMicros"))
    await create(rocket, ("aliases", None), kind="GIN")
    await rocket.update_field("rocket", "price", name="cost")
    await rocket.update_object("rocket", nameSingular="ship", namePlural="ships")
    await rocket.check()
    await rocket.delete_field("ship", "thrust")
    model = await rocket.check()
    assert [i.type for i in model.by_singular["ship"].indexes if i.is_custom] == ["GIN"]


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        (
            [("price", None)],
            "INDEX_NOT_SUPPORTED_FOR_COMPOSITE_FIELD",
            "Composite field price requires a sub-field selection",
        ),
        ([("price", "cents")], "INDEX_NOT_SUPPORTED_FOR_COMPOSITE_FIELD", "Field price has no sub-field cents"),
        ([("thrust", "x")], "INDEX_NOT_SUPPORTED_FOR_COMPOSITE_FIELD", "Field thrust has no sub-field x"),
        ([("thrust", None)] * 2, "DUPLICATE_INDEX_FIELDS", "A field is in the index more than once"),
    ],
)
async def test_indexes_have_rules(rocket: Workshop, fields: Any, code: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await create(rocket, *fields)
    assert (caught.value.code, caught.value.message) == (code, message)


async def test_the_shape_of_an_index(rocket: Workshop) -> None:
    owner = await rocket.object_type("rocket")
    with pytest.raises(InvalidInput) as caught:
        await create(rocket)
    assert caught.value.message == "fields must contain at least 1 elements, fields should not be empty"
    body: dict[str, Any] = {"objectMetadataId": str(uuid4()), "indexType": "BTREE"}
    body["fields"] = [{"fieldMetadataId": str(owner.fields[0].id)}]
    with pytest.raises(BadRequest) as unknown:
        await rocket.changes.create_index(rocket.id, body)
    assert unknown.value.code == "INDEX_OBJECT_NOT_FOUND"
    body = {**body, "objectMetadataId": str(owner.id), "fields": [{"fieldMetadataId": str(uuid4())}]}
    with pytest.raises(BadRequest) as field:
        await rocket.changes.create_index(rocket.id, body)
    assert field.value.code == "INDEX_FIELD_NOT_FOUND_ON_OBJECT"


async def test_the_same_index_twice(rocket: Workshop) -> None:
    await create(rocket, ("thrust", None))
    with pytest.raises(ValidationReport) as caught:
        await create(rocket, ("thrust", None))
    assert cause(caught.value)[:2] == ("index", "INDEX_ALREADY_EXISTS")
    with pytest.raises(ValidationReport):
        await create(rocket, ("operator", None))


async def test_there_is_a_limit(rocket: Workshop) -> None:
    names = ["thrust", "createdAt", "updatedAt", "deletedAt", "name"]
    pairs = [(a, b) for a in names for b in names if a < b]
    for a, b in pairs[:10]:
        await create(rocket, (a, None), (b, None))
    with pytest.raises(BadRequest) as caught:
        await create(rocket, ("thrust", None))
    assert caught.value.code == "CUSTOM_INDEX_LIMIT_REACHED"


async def test_what_cannot_be_deleted(rocket: Workshop) -> None:
    with pytest.raises(NotFound) as unknown:
        await rocket.changes.delete_index(rocket.id, uuid4())
    assert unknown.value.code == "INDEX_NOT_FOUND"
    with pytest.raises(Forbidden) as own:
        await rocket.changes.delete_index(rocket.id, (await rocket.object_type("rocket")).indexes[0].id)
    assert own.value.code == "CANNOT_DELETE_SYSTEM_INDEX"


async def test_a_gin_index_needs_lists(rocket: Workshop) -> None:
    with pytest.raises(ValidationReport) as caught:
        await create(rocket, ("thrust", None), kind="GIN")
    assert cause(caught.value)[0] == "index"
    await rocket.check()
