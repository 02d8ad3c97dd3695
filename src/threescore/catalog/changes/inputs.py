"""What callers send: the shape of the bodies, before any rule of the data model is looked at.

Absent properties are UNSET; an explicit null of an optional property is None. Unknown properties are ignored.
"""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from threescore.errors import BadRequest, InvalidInput
from threescore.model.fields import TYPES
from threescore.model.fields.identifier import is_uuid
from threescore.model.fields.values import Json, check_json
from threescore.model.overrides import FIELD_OVERRIDES, OBJECT_OVERRIDES, Translation

MAX_TEXT = 255
"""Characters of an icon, a colour, a shortcut or a field's label."""

MAX_DESCRIPTION = 10_000

MAX_TRANSLATIONS = 200
"""Wordings in other languages that one change may bring."""

_FORBIDDEN_IN_NAMES = re.compile("['\"\\\\;.=*/]")
_FORBIDDEN_NAMES = ("", "not", "or", "and")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Optional = str | UnsetType | None
Flag = bool | UnsetType


class ObjectInput(Struct, frozen=True, kw_only=True):
    """The properties of an object, to create or to change it."""

    name_singular: str | UnsetType
    name_plural: str | UnsetType
    label_singular: str | UnsetType
    label_plural: str | UnsetType
    description: Optional
    icon: Optional
    shortcut: Optional
    color: Optional
    is_active: Flag = UNSET
    is_searchable: Flag = UNSET
    is_label_synced_with_name: Flag
    is_remote: Flag = UNSET
    skip_name_field: Flag = UNSET
    open_record_in: str | UnsetType = UNSET
    label_identifier_field_id: UUID | UnsetType | None = UNSET
    image_identifier_field_id: UUID | UnsetType | None = UNSET
    translations: tuple[Translation, ...] = ()


class FieldInput(Struct, frozen=True, kw_only=True):
    """The properties of a field, to create or to change it."""

    object_id: UUID | UnsetType = UNSET
    type: str | UnsetType = UNSET
    name: str | UnsetType
    label: str | UnsetType
    description: Optional
    icon: Optional
    is_active: Flag = UNSET
    is_nullable: Flag
    is_unique: Flag
    is_searchable: Flag
    is_audit_logged: Flag
    is_label_synced_with_name: Flag
    is_ui_editable: Flag
    default_value: Json | UnsetType
    options: Json | UnsetType
    settings: Json | UnsetType
    relation: Json | UnsetType = UNSET
    morph_relations: Json | UnsetType = UNSET
    translations: tuple[Translation, ...] = ()


class IndexInput(Struct, frozen=True, kw_only=True):
    """An index to create: its columns in order, each a field and, for a composite one, the sub-field."""

    object_id: UUID
    type: str
    fields: tuple[tuple[UUID, str | None], ...]


def read_uuid(value: object) -> UUID | None:
    """The UUID that a text is, of any version and in any case, or None."""
    return UUID(value) if isinstance(value, str) and is_uuid(value) else None


def collapse(text: str) -> str:
    """The text without white space at its ends, and with single blanks inside."""
    return " ".join(text.split())


class Body:
    """Reads one JSON object property by property and remembers all that is wrong with it."""

    def __init__(self, body: object) -> None:
        if body is None:
            body = {}
        if not isinstance(body, dict):
            raise InvalidInput(["body must be an object"])
        self._body: dict[str, Any] = body
        self.problems: list[str] = []

    def check(self) -> None:
        """Raises InvalidInput when anything was wrong."""
        if self.problems:
            raise InvalidInput(self.problems)

    def _given(self, name: str, required: bool) -> object:
        value = self._body.get(name, UNSET)
        return UNSET if value is None and not required else value

    def name(self, name: str, *, required: bool) -> str | UnsetType:
        """A name of an object or field. Whether it is a good one is decided later."""
        value = self._given(name, required)
        if isinstance(value, str) and (value in _FORBIDDEN_NAMES or _FORBIDDEN_IN_NAMES.search(value)):
            self.problems.append(f"{name} has failed the name validation check")
        return self._text(name, value, required)

    def label(self, name: str, *, required: bool) -> str | UnsetType:
        """A text that may not be empty."""
        return self._text(name, self._given(name, required), required)

    def _text(self, name: str, value: object, required: bool) -> str | UnsetType:
        if value is UNSET and not required:
            return UNSET
        if value is UNSET or value is None or value == "":
            self.problems.append(f"{name} should not be empty")
        if not isinstance(value, str):
            self.problems.append(f"{name} must be a string")
            return UNSET
        self._check_storable(name, value)
        return collapse(value)

    def text(self, name: str, limit: int = MAX_TEXT) -> Optional:
        """A text that may be null or absent."""
        value = self._body.get(name, UNSET)
        if value is None:
            return None
        if not isinstance(value, str):
            if value is not UNSET:
                self.problems.append(f"{name} must be a string")
            return UNSET
        self._check_storable(name, value)
        if len(value) > limit:
            self.problems.append(f"{name} must be shorter than or equal to {limit} characters")
        return value.strip()

    def flag(self, name: str) -> Flag:
        """A boolean that may be absent; null counts as absent."""
        value = self._given(name, False)
        if isinstance(value, bool):
            return value
        if value is not UNSET:
            self.problems.append(f"{name} must be a boolean value")
        return UNSET

    def uuid(self, name: str) -> UUID | UnsetType | None:
        """An id that may be null or absent."""
        value = self._body.get(name, UNSET)
        if value is UNSET or value is None:
            return None if value is None else UNSET
        found = read_uuid(value)
        if found is None:
            self.problems.append(f"{name} must be a UUID")
            return UNSET
        return found

    def required_uuid(self, name: str) -> UUID | UnsetType:
        """An id that must be there."""
        found = read_uuid(self._body.get(name))
        if found is None:
            self.problems.append(f"{name} must be a UUID")
            return UNSET
        return found

    def choice(self, name: str, choices: tuple[str, ...], *, required: bool) -> str | UnsetType:
        """One of a few words."""
        value = self._given(name, required)
        if isinstance(value, str) and value in choices:
            return value
        if value is UNSET and not required:
            return UNSET
        if value is UNSET or value is None or value == "":
            self.problems.append(f"{name} should not be empty")
        self.problems.append(f"{name} must be one of the following values: {', '.join(choices)}")
        return UNSET

    def json(self, name: str) -> Json | UnsetType:
        """Any JSON value."""
        value: Json | UnsetType = self._body.get(name, UNSET)
        if value is UNSET or value is None:
            return value
        try:
            check_json([value], name)
        except BadRequest as error:
            self.problems.append(error.message)
        return value

    def list(self, name: str) -> list[Any]:
        """A list with at least one element."""
        value = self._body.get(name)
        if not isinstance(value, list):
            self.problems.append(f"{name} must be an array")
            return []
        if not value:
            self.problems.append(f"{name} must contain at least 1 elements")
            self.problems.append(f"{name} should not be empty")
        return value

    def translations(self, name: str, properties: Collection[str]) -> tuple[Translation, ...]:
        """Wordings of some properties in other languages."""
        value = self._given(name, False)
        if value is UNSET:
            return ()
        if not isinstance(value, list) or len(value) > MAX_TRANSLATIONS:
            self.problems.append(f"{name} must be a list of {MAX_TRANSLATIONS} wordings at most")
            return ()
        found: list[Translation] = []
        for place, item in enumerate(value):
            where = f"{name}.{place}"
            given = item if isinstance(item, dict) else {}
            locale, about, wording = given.get("locale"), given.get("property"), given.get("value")
            if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
                self.problems.append(f"{where}.locale must be the name of a locale, such as fr-FR")
            elif about not in properties:
                self.problems.append(f"{where}.property must be one of the following values: {', '.join(properties)}")
            elif wording is not None and (not isinstance(wording, str) or len(wording) > MAX_DESCRIPTION):
                self.problems.append(f"{where}.value must be a text of {MAX_DESCRIPTION} characters at most")
            else:
                self._check_storable(f"{where}.value", wording or "")
                found.append(Translation(locale, str(about), wording))
        return tuple(found)

    def _check_storable(self, name: str, text: str) -> None:
        if _UNSTORABLE.search(text):
            self.problems.append(f"{name} must not hold NUL characters or unpaired surrogates")


def read_object_input(body: object, *, creating: bool) -> ObjectInput:
    """The properties of an object. Raises InvalidInput with all that is wrong with the body's shape."""
    reader = Body(body)
    result = ObjectInput(
        name_singular=reader.name("nameSingular", required=creating),
        name_plural=reader.name("namePlural", required=creating),
        label_singular=reader.label("labelSingular", required=creating),
        label_plural=reader.label("labelPlural", required=creating),
        description=reader.text("description", MAX_DESCRIPTION),
        icon=reader.text("icon"),
        shortcut=reader.text("shortcut"),
        color=reader.text("color"),
        is_label_synced_with_name=reader.flag("isLabelSyncedWithName"),
        is_remote=reader.flag("isRemote") if creating else UNSET,
        skip_name_field=reader.flag("skipNameField") if creating else UNSET,
        is_active=UNSET if creating else reader.flag("isActive"),
        is_searchable=UNSET if creating else reader.flag("isSearchable"),
        open_record_in=(
            UNSET
            if creating
            else reader.choice("openRecordIn", ("SIDE_PANEL", "RECORD_PAGE", "USER_CHOICE"), required=False)
        ),
        label_identifier_field_id=UNSET if creating else reader.uuid("labelIdentifierFieldMetadataId"),
        image_identifier_field_id=UNSET if creating else reader.uuid("imageIdentifierFieldMetadataId"),
        translations=() if creating else reader.translations("translations", OBJECT_OVERRIDES.values()),
    )
    if not creating:
        reader.choice("readability", ("OPEN",), required=False)
    reader.check()
    return result


def read_field_input(body: object, *, creating: bool) -> FieldInput:
    """The properties of a field. Raises InvalidInput with all that is wrong with the body's shape."""
    reader = Body(body)
    object_id = reader.required_uuid("objectMetadataId") if creating else reader.uuid("objectMetadataId")
    result = FieldInput(
        object_id=UNSET if object_id is None else object_id,
        type=reader.choice("type", tuple(sorted(TYPES)), required=creating),
        name=reader.name("name", required=creating),
        label=reader.label("label", required=creating),
        description=reader.text("description", MAX_DESCRIPTION),
        icon=reader.text("icon"),
        is_active=UNSET if creating else reader.flag("isActive"),
        is_nullable=reader.flag("isNullable"),
        is_unique=reader.flag("isUnique"),
        is_searchable=reader.flag("isSearchable"),
        is_audit_logged=reader.flag("isAuditLogged"),
        is_label_synced_with_name=reader.flag("isLabelSyncedWithName"),
        is_ui_editable=_ui_editable(reader),
        default_value=reader.json("defaultValue"),
        options=reader.json("options"),
        settings=reader.json("settings"),
        relation=reader.json("relationCreationPayload"),
        morph_relations=reader.json("morphRelationsCreationPayload" if creating else "morphRelationsUpdatePayload"),
        translations=() if creating else reader.translations("translations", FIELD_OVERRIDES.values()),
    )
    reader.check()
    return result


def read_index_input(body: object) -> IndexInput:
    """An index to create. Raises InvalidInput with all that is wrong with the body's shape."""
    reader = Body(body)
    object_id = reader.required_uuid("objectMetadataId")
    kind = reader.choice("indexType", ("BTREE", "GIN"), required=True)
    parts: list[tuple[UUID, str | None]] = []
    for place, item in enumerate(reader.list("fields")):
        if not isinstance(item, dict):
            reader.problems.append(f"fields.{place} must be an object")
            continue
        field_id = read_uuid(item.get("fieldMetadataId"))
        sub_field = item.get("subFieldName")
        if field_id is None:
            reader.problems.append(f"fields.{place}.fieldMetadataId must be a UUID")
        elif sub_field is not None and not isinstance(sub_field, str):
            reader.problems.append(f"fields.{place}.subFieldName must be a string")
        else:
            parts.append((field_id, sub_field))
    reader.check()
    assert object_id is not UNSET
    assert kind is not UNSET
    return IndexInput(object_id=object_id, type=kind, fields=tuple(parts))


def _ui_editable(reader: Body) -> Flag:
    editable = reader.flag("isUIEditable")
    read_only = reader.flag("isUIReadOnly")
    if editable is UNSET and read_only is not UNSET:
        return not read_only
    return editable
