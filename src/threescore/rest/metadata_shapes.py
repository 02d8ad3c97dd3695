"""Objects and fields as the metadata API shows them over REST: whole objects, with both ends of each relation."""

from typing import Any

from threescore.catalog.wire import field_values, object_values
from threescore.model.objects import Field, Model, ObjectType

MORPH_RELATION = "MORPH_RELATION"

Shape = dict[str, Any]


def object_shape(model: Model, object_type: ObjectType, *, with_fields: bool = True) -> Shape:
    """An object with all its fields. `model` must have the targets of its relations, unless `with_fields` is off."""
    shape: Shape = object_values(model, object_type)
    if with_fields:
        shape["fields"] = [field_shape(model, field) for field in object_type.fields]
    return shape


def field_shape(model: Model, field: Field) -> Shape:
    """A field. A relation whose target `model` has shows both of its ends."""
    return {
        **field_values(model, field),
        "relation": None if field.type == MORPH_RELATION else _relation(model, field),
        "morphRelations": _morph_relations(model, field),
    }


def _relation(model: Model, field: Field) -> Shape | None:
    if field.target_object_id not in model.by_id or field.target_field_id not in model.field_by_id:
        return None
    return {
        "type": field.relation_type,
        "sourceObjectMetadata": _end(model.by_id[field.object_id]),
        "targetObjectMetadata": _end(model.target(field)),
        "sourceFieldMetadata": {"id": str(field.id), "name": field.name},
        "targetFieldMetadata": {"id": str(field.target_field_id), "name": model.inverse(field).name},
    }


def _morph_relations(model: Model, field: Field) -> list[Shape] | None:
    if field.morph_id is None or field.object_id not in model.by_id:
        return None
    branches = (f for f in model.owner(field).fields if f.morph_id == field.morph_id)
    return [relation for branch in branches if (relation := _relation(model, branch))]


def _end(object_type: ObjectType) -> Shape:
    return {
        "id": str(object_type.id),
        "nameSingular": object_type.name_singular,
        "namePlural": object_type.name_plural,
    }
