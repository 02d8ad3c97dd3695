"""Objects, fields and indexes as the resolvers hand them on: each with the model that it belongs to."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

from threescore.catalog.changes.relations import MORPH_RELATION, morph_base_name
from threescore.catalog.wire import Values, field_values, iso, object_values
from threescore.model.objects import Field, Index, Model, ObjectType

_SAID = ("description", "icon", "color")
"""What people are told; where nothing is, it shows as empty text."""


class ObjectNode:
    """An object."""

    def __init__(self, model: Model, item: ObjectType) -> None:
        self.model = model
        self.item = item

    @property
    def id(self) -> UUID:
        return self.item.id

    @property
    def values(self) -> Values:
        """The properties of the object, made once: every relation shows two objects."""
        made: Values | None = self.item.__dict__.get("values_in_graphql")
        if made is None:
            made = self.item.__dict__["values_in_graphql"] = _spoken(object_values(self.model, self.item))
        return made

    def fields(self) -> list["FieldNode"]:
        """All fields."""
        return [FieldNode(self.model, field) for field in self.item.fields]

    def shown_fields(self) -> list["FieldNode"]:
        """All fields, the branches of a morph relation as one."""
        seen: set[UUID] = set()
        shown: list[FieldNode] = []
        for field in self.item.fields:
            if field.morph_id is None:
                shown.append(FieldNode(self.model, field))
            elif field.morph_id not in seen:
                seen.add(field.morph_id)
                shown.append(FieldNode(self.model, field, base_name(self.model, field)))
        return shown

    def indexes(self) -> list["IndexNode"]:
        """All indexes."""
        return [IndexNode(self.model, index) for index in self.item.indexes]


class FieldNode:
    """A field; `name` is what it is shown as, where that is not its own name."""

    def __init__(self, model: Model, item: Field, name: str | None = None) -> None:
        self.model = model
        self.item = item
        self._name = name

    @property
    def id(self) -> UUID:
        return self.item.id

    @cached_property
    def values(self) -> Values:
        values = _spoken(field_values(self.model, self.item))
        if self._name is not None:
            values["name"] = self._name
        return values

    @property
    def owner(self) -> ObjectNode | None:
        """The object of the field, unless it is gone."""
        found = self.model.by_id.get(self.item.object_id)
        return None if found is None else ObjectNode(self.model, found)

    @property
    def relation(self) -> "RelationNode | None":
        """The relation that the field is, unless it is none, a morph relation, or gone."""
        return None if self.item.type == MORPH_RELATION else _relation(self.model, self.item)

    @property
    def morph_relations(self) -> "list[RelationNode] | None":
        """The relations of all branches of the morph relation that the field is, or None if it is none."""
        if self.item.type != MORPH_RELATION:
            return None
        owner = self.model.by_id.get(self.item.object_id)
        branches = [f for f in owner.fields if f.morph_id == self.item.morph_id] if owner else []
        return [relation for branch in branches if (relation := _relation(self.model, branch))]


class RelationNode:
    """A relation, seen from one of its sides."""

    def __init__(self, model: Model, source: Field) -> None:
        self.model = model
        self.source = source

    @cached_property
    def values(self) -> dict[str, Any]:
        """The type of the relation and its ends, each as it is shown on its own object."""
        model, source, target = self.model, self.source, self.model.inverse(self.source)
        shown = _first_branch(model, target)
        name = base_name(model, source) if source.type == MORPH_RELATION else None
        return {
            "type": source.relation_type,
            "direction": source.relation_type,
            "relationId": str(uuid5(min(source.id, target.id), str(max(source.id, target.id)))),
            "sourceObjectMetadata": ObjectNode(model, model.owner(source)),
            "targetObjectMetadata": ObjectNode(model, model.owner(target)),
            "sourceFieldMetadata": FieldNode(model, source, name),
            "targetFieldMetadata": FieldNode(
                model, shown, base_name(model, shown) if shown.type == MORPH_RELATION else None
            ),
        }


class IndexNode:
    """An index."""

    def __init__(self, model: Model, item: Index) -> None:
        self.model = model
        self.item = item

    @property
    def id(self) -> UUID:
        return self.item.id

    @cached_property
    def values(self) -> Values:
        return {
            "id": str(self.item.id),
            "name": self.item.name,
            "isCustom": self.item.is_custom,
            "isUnique": self.item.is_unique,
            "indexType": self.item.type,
            "indexWhereClause": self.item.where,
            "createdAt": iso(self.item.created_at),
            "updatedAt": iso(self.item.updated_at),
        }

    def parts(self) -> list["Part"]:
        """What the index covers, in order."""
        return [
            Part(
                uuid5(self.item.id, str(order)),
                {
                    "fieldMetadataId": str(part.field_id),
                    "order": order,
                    "subFieldName": part.sub_field,
                    "createdAt": self.values["createdAt"],
                    "updatedAt": self.values["updatedAt"],
                },
            )
            for order, part in enumerate(self.item.fields)
        ]

    @property
    def owner(self) -> ObjectNode | None:
        """The object of the index, unless it is gone."""
        found = self.model.by_id.get(self.item.object_id)
        return None if found is None else ObjectNode(self.model, found)


class Part:
    """What has values and an id, and nothing below it: a part of an index, a searched field."""

    def __init__(self, part_id: UUID, values: Values) -> None:
        self.id = part_id
        self.values = {"id": str(part_id), **values}


def searched_fields(node: ObjectNode) -> Iterator[Part]:
    """The fields whose texts the search vector of an object holds, in order."""
    vector = next((f for f in node.item.fields if f.type == "TS_VECTOR"), None)
    if vector is None:
        return
    fields = (field for field in node.item.fields if field.is_searchable)
    for position, field in enumerate(fields):
        yield Part(
            uuid5(field.id, "search"),
            {
                "fieldMetadataId": str(field.id),
                "tsVectorFieldMetadataId": str(vector.id),
                "position": position,
                "createdAt": iso(field.created_at),
                "updatedAt": iso(field.updated_at),
            },
        )


def base_name(model: Model, field: Field) -> str:
    """The common name of the branches of a morph relation: `target` for `targetPerson`."""
    target = model.by_id.get(field.target_object_id) if field.target_object_id else None
    return field.name if target is None else morph_base_name(target, field)


def _relation(model: Model, field: Field) -> RelationNode | None:
    ends = field.object_id in model.by_id and field.target_object_id in model.by_id
    return RelationNode(model, field) if ends and field.target_field_id in model.field_by_id else None


def _first_branch(model: Model, field: Field) -> Field:
    """The branch that stands for the whole morph relation; the field itself where it is none."""
    if field.type != MORPH_RELATION:
        return field
    return next(f for f in model.owner(field).fields if f.morph_id == field.morph_id)


def _spoken(values: Values) -> Values:
    for key in _SAID:
        if key in values and values[key] is None:
            values[key] = ""
    return values
