"""What a workspace says instead of the labels that a standard object or field came with.

`overrides` of an object or field maps wire names (`labelSingular`) to values. What is not custom is never renamed in
place, so that the original wording can come back. Under `translations` it holds, by locale, how other languages say it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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


class Translation(NamedTuple):
    """How a locale (`fr-FR`) calls a property (by its wire name); None takes the wording back."""

    locale: str
    property: str
    value: str | None


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


def with_translations(item: ObjectType | Field, translations: Iterable[Translation]) -> dict[str, Any] | None:
    """The overrides of an object or field with translations taken up. None when nothing is overridden."""
    result = dict(item.overrides or {})
    known: dict[str, dict[str, str]] = {locale: dict(w) for locale, w in result.pop("translations", {}).items()}
    for locale, name, value in translations:
        if value is None:
            known.get(locale, {}).pop(name, None)
        else:
            known.setdefault(locale, {})[name] = value
    spoken = {locale: wordings for locale, wordings in known.items() if wordings}
    if spoken:
        result["translations"] = spoken
    return result or None
