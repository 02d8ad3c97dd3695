"""JSON Schema of field values, in the dialect of OpenAPI 3.1: what the field types say about themselves."""

from typing import Any, Literal

Schema = dict[str, Any]

Use = Literal["create", "update", "read"]
"""What a value is for: to be written in a new record, to be written in one that is there, or to be read."""

WHOLE: Schema = {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"}
"""A whole number as it is read: a decimal string where a reader of JSON numbers would lose digits."""

UUID: Schema = {"type": "string", "format": "uuid"}


def nullable(schema: Schema) -> Schema:
    """The schema of the same value, or null."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = schema["type"]
    if kinds == "object":
        return {"anyOf": [schema, {"type": "null"}]}
    changed = {**schema, "type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]}
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


def object_of(properties: dict[str, Schema], *, required: bool) -> Schema:
    """An object with these properties, all of them there or each optional."""
    schema: Schema = {"type": "object", "properties": properties}
    if required and properties:
        schema["required"] = list(properties)
    return schema


def list_of(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}
