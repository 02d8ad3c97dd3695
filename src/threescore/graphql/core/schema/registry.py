"""The types of one schema by name, and the fields that many types share."""

from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
)

from threescore.graphql.core.names import pascal_case
from threescore.graphql.core.schema.composites import COMPOSITES
from threescore.graphql.core.schema.fixed import FIXED, enum_filter
from threescore.graphql.core.schema.notation import read_type
from threescore.graphql.core.schema.type_names import type_names
from threescore.model.objects import Field, Model, ObjectType


class Registry:
    """The types of one schema. Fields of the same type and description are one value, as most of them recur."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.names = type_names(model)
        self.named: dict[str, GraphQLNamedType] = {**FIXED, **COMPOSITES}
        self._types: dict[str, Any] = {}
        self._outputs: dict[tuple[str, str | None], GraphQLField] = {}
        self._inputs: dict[tuple[str, str | None], GraphQLInputField] = {}
        self._enums: dict[UUID, str] = {}

    def add(self, *types: GraphQLNamedType) -> None:
        for type_ in types:
            self.named[type_.name] = type_

    def type(self, text: str) -> Any:
        """The type that a notation stands for."""
        found = self._types.get(text)
        if found is None:
            found = self._types[text] = read_type(text, self.named)
        return found

    def output(self, text: str, description: str | None = None) -> GraphQLField:
        key = text, description
        found = self._outputs.get(key)
        if found is None:
            found = self._outputs[key] = GraphQLField(self.type(text), description=description)
        return found

    def input(self, text: str, description: str | None = None) -> GraphQLInputField:
        key = text, description
        found = self._inputs.get(key)
        if found is None:
            found = self._inputs[key] = GraphQLInputField(self.type(text), description=description)
        return found

    def name(self, object_type: ObjectType) -> str:
        """The name of the type of the object's records."""
        return self.names[object_type.name_singular]

    def with_options(self, text: str, object_type: ObjectType, field: Field) -> str:
        """The notation for a field, with the enumeration of its options in its place."""
        if "Options" not in text:
            return text
        enum = self._enums.get(field.id)
        if enum is None:
            enum = self._enums[field.id] = self._add_enum(object_type, field)
        return text.replace("Options", enum)

    def _add_enum(self, object_type: ObjectType, field: Field) -> str:
        base = f"{self.name(object_type)}{pascal_case(field.name)}"
        number = 1
        while (name := f"{base}Enum{number if number > 1 else ''}") in self.named or f"{name}Filter" in self.named:
            number += 1
        labels = {option.value: option.label for option in field.options or ()}
        values = {
            ("_" + value if value[0].isdigit() else value): GraphQLEnumValue(value, description=labels[value])
            for value in field.option_values
        }
        enum = GraphQLEnumType(name, values, description=field.description)
        self.add(enum, enum_filter(f"{name}Filter", enum, field.kind.operators))
        return name

    def where_input(self, object_type: ObjectType, field: Field, parts: dict[str, GraphQLInputField]) -> str:
        """The name of the type by which a composite unique field is given, made at first."""
        name = f"{self.name(object_type)}{pascal_case(field.name)}WhereInput"
        if name not in self.named:
            self.add(GraphQLInputObjectType(name, parts, description=f"What is unique about {field.label}."))
        return name
