"""What of a record REST shows: its own values, and at depth 1 the records that its relations lead to."""

from threescore.model.objects import Model, ObjectType
from threescore.query.compile.scope import own_items, standard_selection
from threescore.query.plan import Selection, ToMany, ToOne

RELATED_LIMIT = 60
"""How many records of a one-to-many relation come with a record."""


def selection(model: Model, object_type: ObjectType, depth: int) -> Selection:
    """The selection for a depth of 0 or 1, made once for each model."""
    if depth == 0:
        return standard_selection(object_type)
    made: Selection | None = object_type.__dict__.get("selection_with_relations")
    if made is None:
        items = own_items(object_type, live=True)
        for field in object_type.fields:
            if field.is_many_to_one:
                items.append(ToOne(field.name, field.name, standard_selection(model.target(field))))
            elif field.is_one_to_many:
                inner = standard_selection(model.target(field))
                items.append(ToMany(field.name, field.name, inner, RELATED_LIMIT))
        made = object_type.__dict__["selection_with_relations"] = Selection(tuple(items))
    return made
