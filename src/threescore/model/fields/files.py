"""FILES: a list of uploaded files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import Leaf
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.identifier import Uuid
from threescore.model.fields.json_schema import Schema, Use, list_of, object_of
from threescore.model.fields.raw_json import RawJson
from threescore.model.fields.values import Json, show

if TYPE_CHECKING:
    from threescore.model.objects import Field

MAX_FILES = 60
DEFAULT_MAX_FILES = 10

_UUID = Uuid()


class Files(RawJson):
    """References to files, `{fileId, label}`. Nothing can be uploaded yet, so every reference is to an unknown file."""

    name: ClassVar[str] = "FILES"
    takes_unique: ClassVar[bool] = False
    json_keys: ClassVar[tuple[str, ...]] = ("fileId", "label", "extension", "url")
    takes_default: ClassVar[bool] = False
    graphql: ClassVar[GraphqlTypes] = value_types("[FileObject]", "RawJsonFilter", input="[FileItemInput]")

    usage: ClassVar[str] = "A list of `{fileId, label}` of uploaded files."

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        texts = ("label", "extension", "url") if use == "read" else ("label",)
        item = {"fileId": _UUID.value_schema(leaf, use), **{name: {"type": "string"} for name in texts}}
        return list_of({**object_of(item, required=False), "required": ["fileId", "label"]})

    def example(self, field: "Field", number: int) -> Json:
        """None: a file has to be there first."""
        return None

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if value is None or value == []:
            return None
        if not isinstance(value, list) or not all(
            isinstance(item, dict) and item.keys() == {"fileId", "label"} and isinstance(item["label"], str)
            for item in value
        ):
            raise BadRequest(
                f'Invalid value "{show(value)}" for FILES field "{leaf.path}"'
                ' - It should be an array of objects with "fileId" and "label" properties.'
            )
        most = (leaf.field.settings or {}).get("maxNumberOfValues", DEFAULT_MAX_FILES)
        if len(value) > most:
            raise BadRequest(f'Max number of files is {most} for field "{leaf.path}"')
        ids = [_UUID.comparand(leaf, item["fileId"]) for item in value]
        raise BadRequest(f"File not found: {ids[0]}")

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        most = (settings or {}).get("maxNumberOfValues")
        if type(most) is int and 1 <= most <= MAX_FILES:
            return None
        return (
            "maxNumberOfValues must be defined in settings and be a number greater than 0"
            f" and less than or equal to {MAX_FILES}"
        )
