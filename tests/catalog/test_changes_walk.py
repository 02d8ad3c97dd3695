"""Random walks through all kinds of changes: whatever is accepted, tables and catalog agree."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.catalog.workshop import Workshop
from threescore.errors import ThreescoreError, Unavailable
from threescore.model.fields import TYPES
from threescore.model.objects import Field, ObjectType

pytestmark = pytest.mark.anyio

STEPS = 45
WORDS = ["alpha", "beta", "gamma", "delta", "alphaId", "betaPrimaryEmail", "targetGamma", "omega"]


class Walk:
    """Takes random steps; each may be refused, but only in our own words."""

    def __init__(self, shop: Workshop, seed: int) -> None:
        self.shop = shop
        self.random = random.Random(seed)
        self.accepted = 0

    async def step(self) -> None:
        steps: list[Callable[[], Awaitable[Any]]] = [
            self.create_object,
            *[self.create_field] * 5,
            *[self.relate] * 2,
            self.relate_many,
            *[self.update_field] * 6,
            *[self.update_object] * 2,
            *[self.delete_field] * 2,
            self.delete_object,
            *[self.insert] * 3,
            self.create_index,
        ]
        try:
            await self.random.choice(steps)()
        except Unavailable:
            raise
        except ThreescoreError:
            return
        self.accepted += 1

    def word(self) -> str:
        return self.random.choice(WORDS)

    async def some_object(self) -> ObjectType:
        objects = [o for o in (await self.shop.model()).objects if o.is_custom]
        if objects and self.random.random() < 0.9:
            return self.random.choice(objects)
        return await self.shop.object_type(self.random.choice(["company", "person", "noteTarget"]))

    async def some_field(self) -> Field:
        owner = await self.some_object()
        return self.random.choice([f for f in owner.fields if f.is_custom and not f.is_system] or list(owner.fields))

    def options(self) -> list[dict[str, Any]]:
        values = self.random.sample(["A", "B", "C", "D"], self.random.randint(1, 4))
        return [{"label": value, "value": value, "position": place} for place, value in enumerate(values)]

    async def create_object(self) -> None:
        await self.shop.create_object(self.word(), skipNameField=self.random.random() < 0.2)

    async def create_field(self) -> None:
        kind = self.random.choice(sorted(TYPES))
        properties: dict[str, Any] = {
            "isUnique": self.random.random() < 0.2,
            "isNullable": self.random.random() < 0.8,
            "isSearchable": self.random.random() < 0.2,
        }
        if "SELECT" in kind:
            properties["options"] = self.options()
        if kind == "FILES":
            properties["settings"] = {"maxNumberOfValues": 3}
        await self.shop.create_field((await self.some_object()).name_singular, kind, self.word(), **properties)

    async def relate(self) -> None:
        target = await self.some_object()
        kind = self.random.choice(["MANY_TO_ONE", "ONE_TO_MANY"])
        source = await self.some_object()
        await self.shop.relate(source.name_singular, self.word(), target.name_singular, self.word(), kind)

    async def relate_many(self) -> None:
        names = {(await self.some_object()).name_singular, "company"}
        payloads = [await self.shop.payload(name, self.word()) for name in sorted(names)]
        owner = await self.some_object()
        await self.shop.create_field(
            owner.name_singular, "MORPH_RELATION", self.word(), morphRelationsCreationPayload=payloads
        )

    async def update_field(self) -> None:
        field = await self.some_field()
        choices: dict[str, Any] = {
            "name": self.word(),
            "label": "Other",
            "isUnique": self.random.random() < 0.5,
            "isNullable": self.random.random() < 0.5,
            "isSearchable": self.random.random() < 0.5,
            "isActive": self.random.random() < 0.5,
            "options": self.options(),
            "defaultValue": self.random.choice([None, "'A'", 3, True, ["'A'"], "now", {}]),
            "settings": self.random.choice(
                [None, {"dataType": "int"}, {"dataType": "float"}, {"maxNumberOfValues": 2}]
            ),
        }
        names = self.random.sample(sorted(choices), self.random.randint(1, 2))
        await self.shop.changes.update_field(self.shop.id, field.id, {name: choices[name] for name in names})

    async def update_object(self) -> None:
        owner = await self.some_object()
        word = self.word()
        field = self.random.choice(owner.fields)
        body = self.random.choice(
            [
                {"nameSingular": word, "namePlural": f"{word}s"},
                {"labelSingular": word},
                {"labelIdentifierFieldMetadataId": str(field.id)},
                {"isActive": False},
            ]
        )
        await self.shop.changes.update_object(self.shop.id, owner.id, body)

    async def delete_field(self) -> None:
        await self.shop.changes.delete_field(self.shop.id, (await self.some_field()).id)

    async def delete_object(self) -> None:
        await self.shop.changes.delete_object(self.shop.id, (await self.some_object()).id)

    async def insert(self) -> None:
        owner = await self.some_object()
        required = any(f.leaves and not f.is_nullable and f.default_value is None for f in owner.fields)
        if not required:
            await self.shop.insert(owner.name_singular)

    async def create_index(self) -> None:
        field = await self.some_field()
        leaf = self.random.choice([leaf.sub_field for leaf in field.leaves] or [None])
        parts = [{"fieldMetadataId": str(field.id), "subFieldName": leaf}]
        body = {"objectMetadataId": str(field.object_id), "indexType": "BTREE", "fields": parts}
        await self.shop.changes.create_index(self.shop.id, body)


@pytest.mark.parametrize("seed", range(2))
async def test_tables_follow_every_change(shop: Workshop, seed: int) -> None:
    walk = Walk(shop, seed)
    await shop.create_object("gamma")
    for place in range(STEPS):
        await walk.step()
        if place % 5 == 4:
            await shop.check()
    assert walk.accepted > STEPS / 4
