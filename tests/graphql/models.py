"""Models as values, for tests of what is made from them."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from tests.model.field_factory import NOW, ROCKET, make_field
from threescore.model.objects import Field, Model, ObjectType
from threescore.model.standard.custom import new_object
from threescore.model.standard.model import standard_model

T = TypeVar("T", bound=msgspec.Struct)


def plain_model() -> Model:
    """The data model of a new workspace."""
    return standard_model(uuid4(), "workspace_test", NOW)


def with_object(model: Model, singular: str, plural: str) -> Model:
    """The model with one more object, which has what every new object has."""
    made = new_object(
        model,
        name_singular=singular,
        name_plural=plural,
        label_singular=singular.title(),
        label_plural=plural.title(),
        now=NOW,
    )
    model = _replace(model, objects=(*model.objects, made.object_type))
    for field, _ in made.reverse:
        model = with_fields(model, model.by_id[field.object_id].name_singular, [field])
    return model


def with_fields(model: Model, singular: str, fields: Iterable[Field]) -> Model:
    """The model with more fields on an object; a field of a name that is taken takes its place."""

    def changed(object_type: ObjectType) -> ObjectType:
        if object_type.name_singular != singular:
            return object_type
        by_name = dict(object_type.field_by_name)
        for field in fields:
            by_name[field.name] = _replace(field, object_id=object_type.id)
        return _replace(object_type, fields=tuple(by_name.values()))

    return _replace(model, objects=tuple(changed(o) for o in model.objects))


def relate(model: Model, singular: str, name: str, target: str, inverse: str, kind: str = "RELATION") -> Model:
    """The model with a relation: many-to-one under `name`, one-to-many under `inverse` on the target."""
    near_id, far_id = uuid4(), uuid4()
    near = _relation(near_id, kind, name, model.by_singular[target].id, far_id, "MANY_TO_ONE")
    far = _relation(far_id, "RELATION", inverse, model.by_singular[singular].id, near_id, "ONE_TO_MANY")
    return with_fields(with_fields(model, singular, [near]), target, [far])


def rocket_model() -> Model:
    """The standard model and an object `rocket` that has fields of every type and relations of every kind."""
    model = with_object(plain_model(), "rocket", "rockets")
    plain = [field for field in ROCKET.values() if not field.is_relation and field.name not in ("name", "createdBy")]
    own = set(model.by_singular["rocket"].field_by_name)
    model = with_fields(model, "rocket", [field for field in plain if field.name not in own])
    more = [
        make_field("TEXT", "regNo"),
        make_field("TEXT", "slogan"),
        make_field("RAW_JSON", "uj"),
        make_field("ARRAY", "ua"),
        make_field("MULTI_SELECT", "um", options=("A", "B")),
        make_field("BOOLEAN", "ub"),
        make_field("FILES", "docs11"),
        make_field("MULTI_SELECT", "duties", options=("LIFT", "LAND"), is_nullable=False, default_value=["'LIFT'"]),
        make_field("ARRAY", "parts", is_nullable=False),
    ]
    model = with_fields(model, "rocket", more)
    model = relate(model, "rocket", "operator", "company", "operatedRockets")
    model = relate(model, "rocket", "homeDepot", "company", "depotRockets")
    model = relate(model, "rocket", "sponsorCompany", "company", "sponsoredRockets", "MORPH_RELATION")
    model = relate(model, "rocket", "sponsorPerson", "person", "sponsoredRockets", "MORPH_RELATION")
    return relate(model, "person", "vessel", "rocket", "crew")


def _relation(id: UUID, kind: str, name: str, target: UUID, inverse: UUID, relation_type: str) -> Field:
    settings = {"relationType": relation_type}
    if relation_type == "MANY_TO_ONE":
        settings["joinColumnName"] = f"{name}Id"
    field = make_field(kind, name, settings=settings, target_object_id=target, target_field_id=inverse)
    return _replace(field, id=id)


def _replace(struct: T, **changes: object) -> T:
    return msgspec.structs.replace(struct, **changes)
