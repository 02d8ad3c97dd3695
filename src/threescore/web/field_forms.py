"""The form of a field: its inputs become the body that the metadata service reads, and a field fills its inputs."""

from collections.abc import Mapping
from typing import Any

import msgspec

from threescore.errors import InvalidInput
from threescore.model.naming import option_value_from_label
from threescore.model.objects import Field
from threescore.model.overrides import resolved
from threescore.web.forms import Form, chosen_name

Values = dict[str, Any]

_WITH_UNIQUE = frozenset({"TEXT", "NUMBER", "EMAILS", "PHONES", "LINKS", "UUID", "NUMERIC", "DATE", "DATE_TIME"})
_PLAIN_DEFAULTS = frozenset({"TEXT", "NUMBER", "NUMERIC", "BOOLEAN", "DATE", "DATE_TIME", "SELECT", "MULTI_SELECT"})
_FILES_AT_MOST = 10
_LIMITED = frozenset({"EMAILS", "PHONES", "LINKS", "ARRAY", "FILES"})

_TEXTS = (
    *("label", "name", "description", "icon", "default", "decimals", "number_type", "data_type", "rows", "most"),
    *("date_format", "currency", "relation_type", "target", "target_label", "target_icon", "click"),
)

INPUTS: Mapping[str, str] = {
    "label": "label",
    "name": "name",
    "description": "description",
    "icon": "icon",
    "options": "options",
    "defaultValue": "default",
    "isUnique": "unique",
    "settings": "settings",
    "decimals": "decimals",
    "displayedMaxRows": "rows",
    "maxNumberOfValues": "most",
    "default": "default",
    "option": "options",
    "unique": "unique",
    "targetFieldLabel": "target_label",
    "relation": "target",
    "morph": "targets",
}
"""The words that messages about a field begin with or name, and the inputs that they are about."""

SENT_AS: Mapping[str, str] = {"options": "option_label"}
"""The names under which an input is sent that has several parts."""


def offers_unique(kind: str) -> bool:
    """Whether people may ask that no two records have the same value."""
    return kind in _WITH_UNIQUE


def offers_default(kind: str) -> bool:
    """Whether the form has an input for the value of new records."""
    return kind in _PLAIN_DEFAULTS or kind == "CURRENCY"


def values_of_new(kind: str, icon: str) -> Values:
    """What the inputs of a new field of the type show."""
    values: Values = {
        "label": "",
        "name": "",
        "description": "",
        "icon": icon,
        "unique": False,
        "searchable": False,
        "default": "",
        "options": [],
        **_setting_values(kind, {}),
        "relation_type": "MANY_TO_ONE",
        "target": "",
        "targets": [],
        "target_label": "",
        "target_icon": "IconLink",
    }
    if kind == "FILES":
        values["most"] = _FILES_AT_MOST
    if kind in ("SELECT", "MULTI_SELECT"):
        values["options"] = [
            {"id": "", "label": "", "value": "", "color": "blue"},
            {"id": "", "label": "", "value": "", "color": "green"},
        ]
    return values


def values_of_field(field: Field) -> Values:
    """What the inputs of a field that is there show."""
    return {
        "label": resolved(field, "label"),
        "name": field.name,
        "description": resolved(field, "description") or "",
        "icon": resolved(field, "icon") or "",
        "unique": field.is_unique,
        "searchable": field.is_searchable,
        "default": _shown_default(field),
        "options": [
            {"id": str(option.id), "label": option.label, "value": option.value, "color": option.color or "gray"}
            for option in sorted(field.options or (), key=lambda option: option.position)
        ],
        **_setting_values(field.type, field.settings or {}),
    }


def values_of_form(form: Form) -> Values:
    """What the inputs held when the form was sent."""
    rows = zip(
        form.all("option_id"),
        form.all("option_label"),
        form.all("option_value"),
        form.all("option_color"),
        strict=False,
    )
    return {
        **{name: form.text(name) for name in _TEXTS},
        "unique": form.has("unique"),
        "searchable": form.has("searchable"),
        "targets": form.all("targets"),
        "options": [
            {"id": option_id, "label": label, "value": value, "color": color} for option_id, label, value, color in rows
        ],
    }


def body_of(kind: str, values: Values, *, old: Field | None = None) -> Values:
    """The body that the metadata service reads. Raises InvalidInput for text that is no number or no value."""
    body: Values = {
        "label": values["label"],
        "description": values["description"] or None,
        "icon": values["icon"] or None,
    }
    if old is None or (old.is_custom and values["name"]):
        body["name"] = chosen_name(values["name"], values["label"]) if old is None else values["name"]
    if kind in ("RELATION", "MORPH_RELATION"):
        if old is None:
            body |= _relation_body(kind, values)
        return body
    if old is not None and old.is_system:
        return body
    if offers_unique(kind):
        body["isUnique"] = values["unique"]
    settings = {**((old.settings if old else None) or {}), **_settings_of(kind, values)}
    settings = {name: value for name, value in settings.items() if value is not None}
    if settings or (old is not None and old.settings):
        body["settings"] = settings
    if kind in ("SELECT", "MULTI_SELECT"):
        body["options"] = [
            {
                **({"id": option["id"]} if option["id"] else {}),
                "label": option["label"],
                "value": option["value"] or option_value_from_label(option["label"]),
                "color": option["color"] or "gray",
                "position": place,
            }
            for place, option in enumerate(values["options"])
            if option["label"] or option["value"]
        ]
    if offers_default(kind):
        default = _default_of(kind, values)
        if default is not None or (old is not None and old.default_value is not None):
            body["defaultValue"] = default
    return body


def _relation_body(kind: str, values: Values) -> Values:
    def payload(target: str) -> Values:
        return {
            "targetObjectMetadataId": target,
            "targetFieldLabel": values["target_label"],
            "targetFieldIcon": values["target_icon"] or "IconLink",
            "type": values["relation_type"],
        }

    if kind == "RELATION":
        return {"relationCreationPayload": payload(values["target"])}
    return {"morphRelationsCreationPayload": [payload(target) for target in values["targets"]]}


def _setting_values(kind: str, settings: Mapping[str, Any]) -> Values:
    return {
        "decimals": settings.get("decimals", ""),
        "number_type": settings.get("type", "number"),
        "data_type": settings.get("dataType", "float"),
        "rows": settings.get("displayedMaxRows", ""),
        "most": settings.get("maxNumberOfValues", ""),
        "date_format": settings.get("displayFormat", "USER_SETTINGS"),
        "currency": settings.get("format", "short"),
        "click": settings.get("clickAction", ""),
    }


def _settings_of(kind: str, values: Values) -> Values:
    if kind == "NUMBER":
        return {
            "dataType": values["data_type"] or None,
            "decimals": _whole("decimals", values["decimals"]),
            "type": values["number_type"] or None,
        }
    if kind == "TEXT":
        return {"displayedMaxRows": _whole("displayedMaxRows", values["rows"])}
    if kind in ("DATE", "DATE_TIME"):
        return {"displayFormat": values["date_format"] or None}
    if kind == "CURRENCY":
        return {"format": values["currency"] or None, "decimals": _whole("decimals", values["decimals"])}
    if kind in _LIMITED:
        return {"maxNumberOfValues": _whole("maxNumberOfValues", values["most"])}
    return {}


def _whole(name: str, text: object) -> int | None:
    if text in ("", None):
        return None
    try:
        return int(str(text))
    except ValueError as error:
        raise InvalidInput([f"{name} must be a whole number"]) from error


def _default_of(kind: str, values: Values) -> Any:
    text = values["default"]
    if text == "":
        return None
    if kind in ("NUMBER", "NUMERIC"):
        try:
            return msgspec.convert(text, int | float, strict=False)
        except msgspec.ValidationError as error:
            raise InvalidInput([f"defaultValue must be a number, not {text[:50]}"]) from error
    if kind == "BOOLEAN":
        return text == "true"
    if kind == "SELECT":
        return f"'{_option_value(values, text)}'"
    if kind == "MULTI_SELECT":
        return [f"'{_option_value(values, item.strip())}'" for item in text.split(",") if item.strip()]
    if kind == "CURRENCY":
        return {"amountMicros": None, "currencyCode": f"'{text}'"}
    if kind in ("DATE", "DATE_TIME") and text == "now":
        return text
    return f"'{text}'"


def _option_value(values: Values, text: str) -> str:
    """The value of the option that a text names by its value or its label; the text itself where there is none."""
    for option in values["options"]:
        value: str = option["value"] or option_value_from_label(option["label"])
        if text in (value, option["label"]):
            return value
    return text


def _shown_default(field: Field) -> str:
    value = field.default_value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_unquoted(str(item)) for item in value)
    if isinstance(value, dict):
        return _unquoted(str(value.get("currencyCode") or "")) if field.type == "CURRENCY" else ""
    return _unquoted(str(value))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
