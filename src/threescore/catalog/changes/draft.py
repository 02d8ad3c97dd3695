"""The next model, while a change is being worked out."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from threescore.model.objects import Field, Index, Model, ObjectType
from threescore.model.standard.indexes import current_index_name


class Draft:
    """A model that can be changed piece by piece. Nothing here touches the database.

    What differs at the end from `before` is what the database has to follow.
    """

    def __init__(self, model: Model, now: datetime) -> None:
        self.before = model
        self.now = now
        self._objects = dict(model.by_id)

    @property
    def objects(self) -> tuple[ObjectType, ...]:
        """All objects as they stand now."""
        return tuple(self._objects.values())

    def find_object(self, object_id: UUID) -> ObjectType | None:
        """The object as it stands now, or None."""
        return self._objects.get(object_id)

    def object_type(self, object_id: UUID) -> ObjectType:
        """The object as it stands now, which must exist."""
        return self._objects[object_id]

    def object_named(self, name_singular: str) -> ObjectType | None:
        """The object of that name as it stands now, or None."""
        return next((o for o in self._objects.values() if o.name_singular == name_singular), None)

    def find_field(self, field_id: UUID) -> Field | None:
        """The field as it stands now, or None."""
        for object_type in self._objects.values():
            if field_id in object_type.field_by_id:
                return object_type.field_by_id[field_id]
        return None

    def inverse(self, field: Field) -> Field | None:
        """The other side of a relation field as it stands now; None where it is gone, or the field no relation."""
        if field.target_object_id is None or field.target_field_id is None:
            return None
        target = self._objects.get(field.target_object_id)
        return target.field_by_id.get(field.target_field_id) if target else None

    def morph_branches(self, field: Field) -> tuple[Field, ...]:
        """All fields that together are one morph relation, the given one among them; itself where it is none."""
        if field.morph_id is None:
            return (field,)
        return tuple(f for f in self._objects[field.object_id].fields if f.morph_id == field.morph_id)

    def put_object(self, object_type: ObjectType) -> ObjectType:
        """Adds an object, or replaces the one with the same id."""
        if object_type.id in self._objects:
            object_type = replace(object_type, updated_at=self.now)
        self._objects[object_type.id] = object_type
        return object_type

    def remove_object(self, object_id: UUID) -> None:
        """Takes an object away with its fields and indexes, and both sides of each of its relations."""
        for field in self._objects[object_id].fields:
            inverse = self.inverse(field)
            if inverse is not None and inverse.object_id != object_id:
                self._drop_field(inverse)
        del self._objects[object_id]

    def put_field(self, field: Field) -> Field:
        """Adds a field at the end of its object, or replaces the one with the same id where it stands."""
        owner = self._objects[field.object_id]
        if field.id in owner.field_by_id:
            field = replace(field, updated_at=self.now)
            fields = tuple(field if f.id == field.id else f for f in owner.fields)
        else:
            fields = (*owner.fields, field)
        self._objects[owner.id] = replace(owner, fields=fields)
        return field

    def remove_field(self, field: Field) -> None:
        """Takes a field away, with the other side of its relation and all indexes that hold either."""
        inverse = self.inverse(field)
        if inverse is not None:
            self._drop_field(inverse)
        self._drop_field(field)

    def _drop_field(self, field: Field) -> None:
        owner = self._objects[field.object_id]
        self._objects[owner.id] = replace(
            owner,
            fields=tuple(f for f in owner.fields if f.id != field.id),
            indexes=tuple(i for i in owner.indexes if all(part.field_id != field.id for part in i.fields)),
            image_identifier_field_id=(
                None if owner.image_identifier_field_id == field.id else owner.image_identifier_field_id
            ),
        )

    def put_index(self, index: Index) -> None:
        """Adds an index to its object."""
        owner = self._objects[index.object_id]
        self._objects[owner.id] = replace(owner, indexes=(*owner.indexes, index))

    def remove_index(self, index: Index) -> None:
        """Takes an index away."""
        owner = self._objects[index.object_id]
        self._objects[owner.id] = replace(owner, indexes=tuple(i for i in owner.indexes if i.id != index.id))

    def model(self) -> Model:
        """The model as it stands now, one version on; index names follow their tables and columns."""
        objects = tuple(self._with_index_names(o) for o in self._objects.values())
        return replace(self.before, version=self.before.version + 1, objects=objects)

    def _with_index_names(self, object_type: ObjectType) -> ObjectType:
        old = self.before.by_id.get(object_type.id)
        if old is object_type:
            return object_type
        indexes = tuple(
            index if index.name == (name := current_index_name(object_type, index)) else replace(index, name=name)
            for index in object_type.indexes
        )
        return replace(object_type, indexes=indexes)
