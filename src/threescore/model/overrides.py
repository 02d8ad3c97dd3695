"""What a workspace says instead of the labels that a standard object or field came with.

`overrides` of an object or field maps wire names (`labelSingular`) to values. What is not custom is never renamed in
place, so that the original wording can come back.
"""

from collections.abc import Mapping
from typing import Any

from threescore.model.objects import Field, ObjectType

OBJECT_OVERRIDES: Mapping[str, str] = {
    "label_singular": "labelSingular",
    "label_plural": "labelPlural",
    "description": "description",
    "icon": "icon",
    "color": "color",
}
"""The attributes of a standard object that can be overridden, with their wire names."""

FIELD_OVERRIDES: Mapping[str, str] = {"label": "label", "description": "description", "icon": "icon"}
"""The attributes of a standard field that can be overridden, with their wire names."""


def resolved(item: ObjectType | Field, attribute: str) -> Any:
    """An attribute as people shall see it: its override, or its own value."""
    wire_names = OBJECT_OVERRIDES if isinstance(item, ObjectType) else FIELD_OVERRIDES
    name = wire_names.get(attribute)
    if name is not None and item.overrides and name in item.overrides:
        return item.overrides[name]
    return getattr(item, attribute)


def with_overrides(item: ObjectType | Field, changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The overrides of an object or field with changes (by attribute) taken up.

    Saying again what the item itself says overrides nothing. None when nothing is overridden any more.
    """
    wire_names = OBJECT_OVERRIDES if isinstance(item, ObjectType) else FIELD_OVERRIDES
    result = dict(item.overrides or {})
    for attribute, value in changes.items():
        if value == getattr(item, attribute):
            result.pop(wire_names[attribute], None)
        else:
            result[wire_names[attribute]] = value
    return result or None
