"""Random documents of a schema, each in several spellings that mean the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import graphql
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)

MAX_DEPTH = 3
"""How many relations a document goes down."""

_LEFT_OUT = {"before", "after", "viewId", "last"}
"""Arguments that need a value from elsewhere, or contradict others."""

_NOT_TAKEN = {"regex", "iregex", "containsAny", "isEmptyArray"}
"""Operators that not every field takes whose filter has them."""


@dataclass(frozen=True)
class Word:
    """A value that is written without quotes: one of an enumeration."""

    text: str


@dataclass
class Chosen:
    """One field of a document."""

    key: str
    name: str
    parent: str
    arguments: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """The arguments, each with the notation of its type and its value."""
    below: list[Chosen] | None = None


@dataclass(frozen=True)
class Request:
    """A document with its variables."""

    text: str
    variables: dict[str, Any]


class Documents:
    """Makes documents for a schema. `values` gives a value for a scalar type by its name and the field it is for."""

    def __init__(self, schema: GraphQLSchema, random: Random, values: Callable[[str, str], Any]) -> None:
        self._schema = schema
        self._random = random
        self._values = values

    def query(self, names: list[str], fixed: Mapping[str, dict[str, Any]]) -> list[Chosen]:
        """Some of the named root fields of the query type; `fixed` are arguments by the name of the root field."""
        root = self._schema.query_type
        assert root is not None
        chosen = self._random.sample(names, self._random.randint(1, min(3, len(names))))
        fields = [self._root(root, name, f"r{place}", fixed.get(name)) for place, name in enumerate(chosen)]
        if self._random.random() < 0.2:
            fields.append(Chosen("__typename", "__typename", "Query"))
        return fields

    def mutation(self, name: str, arguments: dict[str, Any]) -> list[Chosen]:
        """A root field of the mutation type, with arguments as given."""
        root = self._schema.mutation_type
        assert root is not None
        return [self._root(root, name, "r0", arguments)]

    def _root(self, root: GraphQLObjectType, name: str, key: str, arguments: dict[str, Any] | None) -> Chosen:
        chosen = self._field(root, name, key, 0)
        if arguments is not None:
            definitions = root.fields[name].args
            chosen.arguments = {name: (str(definitions[name].type), value) for name, value in arguments.items()}
        return chosen

    # Selections

    def _field(self, parent: GraphQLObjectType, name: str, key: str, depth: int) -> Chosen:
        if name == "__typename":
            return Chosen(key, name, parent.name)
        definition = parent.fields[name]
        chosen = Chosen(key, name, parent.name, self._arguments(definition, depth))
        type_ = graphql.get_named_type(definition.type)
        if isinstance(type_, GraphQLObjectType):
            chosen.below = self._selection(type_, depth)
        return chosen

    def _selection(self, type_: GraphQLObjectType, depth: int) -> list[Chosen]:
        leaves = [
            n for n, f in type_.fields.items() if not isinstance(graphql.get_named_type(f.type), GraphQLObjectType)
        ]
        objects = [
            n for n in type_.fields if n not in leaves and (depth < MAX_DEPTH or not _is_relation(type_.fields[n]))
        ]
        names = self._random.sample(leaves, min(len(leaves), self._random.randint(1, 5)))
        names += self._random.sample(objects, min(len(objects), self._random.randint(0 if names else 1, 2)))
        if type_.name.endswith("Connection") and "edges" not in names:
            names.append("edges")
        if self._random.random() < 0.3:
            names.append("__typename")
        self._random.shuffle(names)
        found: list[Chosen] = []
        for name in names:
            key = f"k{len(found)}" if self._random.random() < 0.3 else name
            below = depth + 1 if name != "__typename" and _is_relation(type_.fields[name]) else depth
            found.append(self._field(type_, name, key, below))
        if self._random.random() < 0.2 and "__typename" not in names:
            found.append(self._field(type_, names[0], "again", depth + 1))
        return found

    # Arguments

    def _arguments(self, definition: GraphQLField, depth: int) -> dict[str, tuple[str, Any]]:
        found: dict[str, tuple[str, Any]] = {}
        for name, argument in definition.args.items():
            needed = isinstance(argument.type, GraphQLNonNull)
            if name in _LEFT_OUT or not (needed or self._random.random() < 0.5):
                continue
            value = self.value(argument.type, name, [])
            if value is not None:
                found[name] = (str(argument.type), value)
        if {"ids", "data"} <= definition.args.keys():
            found.pop("data", None)
            argument = definition.args["ids"]
            found["ids"] = (str(argument.type), self.value(argument.type, "ids", []))
        return found

    def value(self, type_: Any, name: str, above: list[str]) -> Any:
        """A value for an argument or an input field; None where there is none that would be valid."""
        if isinstance(type_, GraphQLNonNull):
            return self.value(type_.of_type, name, above)
        if isinstance(type_, GraphQLList):
            items = [self.value(type_.of_type, name, above) for _ in range(self._random.randint(1, 2))]
            return [item for item in items if item is not None] or None
        if isinstance(type_, GraphQLEnumType):
            return Word(self._random.choice(list(type_.values)))
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, [*above, type_.name])
        return self._values(type_.name, name)

    def _object(self, type_: GraphQLInputObjectType, above: list[str]) -> dict[str, Any] | None:
        if "is" in type_.fields:
            return self._condition(type_)
        if type_.name == "GroupByDateGranularityInput":
            word = Word(self._random.choice(["DAY", "WEEK", "MONTH", "YEAR", "DAY_OF_THE_WEEK", "NONE"]))
            return {"granularity": word, "timeZone": "Europe/Paris"}
        if type_.name.endswith("OrderByWithGroupByInput"):
            return self._some(type_, ["aggregate"], 1, above)
        names = [name for name, member in type_.fields.items() if self._fits(member, above)]
        single = type_.name.endswith(("GroupByInput", "OrderByWithGroupByAggregateInput"))
        return self._some(type_, names, 1 if single else self._random.randint(1, 2), above)

    def _some(
        self, type_: GraphQLInputObjectType, names: list[str], number: int, above: list[str]
    ) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for name in self._random.sample(names, min(number, len(names))):
            value = self.value(type_.fields[name].type, name, above)
            if value is not None:
                found[name] = value
        return found or None

    def _fits(self, member: GraphQLInputField, above: list[str]) -> bool:
        """Whether a member leads no deeper than one relation, and `and`, `or` and `not` no deeper than two levels."""
        type_ = graphql.get_named_type(member.type)
        if type_.name == "TSVectorFilter":
            return False
        if type_.name == above[-1]:
            return len(above) < 3
        if not isinstance(type_, GraphQLInputObjectType) or "is" in type_.fields:
            return True
        return "createdAt" not in type_.fields or len(set(above)) == 1

    def _condition(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        choices = [name for name in type_.fields if name not in _NOT_TAKEN]
        operator = self._random.choice([*choices, "is"])
        return {operator: self.value(type_.fields[operator].type, operator, [])}

    # Spellings

    def plain(self, kind: str, fields: list[Chosen]) -> Request:
        """With literals, nothing spread out."""
        return Request(f"{kind} {_selection(fields, _literal_arguments)}", {})

    def with_variables(self, kind: str, fields: list[Chosen]) -> Request:
        """With a variable for every argument."""
        variables: dict[str, Any] = {}
        declared: list[str] = []

        def arguments(chosen: Chosen) -> str:
            given = []
            for name, (type_, value) in chosen.arguments.items():
                variable = f"v{len(variables)}"
                variables[variable] = _json(value)
                declared.append(f"${variable}: {type_}")
                given.append(f"{name}: ${variable}")
            return f"({', '.join(given)})" if given else ""

        text = _selection(fields, arguments)
        return Request(f"{kind} Spelled{_in_brackets(declared)} {text}", variables)

    def in_fragments(self, kind: str, fields: list[Chosen]) -> Request:
        """With fragments, named and inline, repetitions, and directives that change nothing."""
        fragments: list[str] = []
        left_out = 0

        def selection(chosen: list[Chosen]) -> str:
            nonlocal left_out
            texts = []
            for one in chosen:
                below = f" {selection(one.below)}" if one.below is not None else ""
                given = _literal_arguments(one)
                text = f"{one.key}: {one.name}{given}"
                match self._random.randint(0, 6):
                    case 0:
                        texts.append(f"... on {one.parent} {{ {text}{below} }}")
                    case 1:
                        fragments.append(f"fragment F{len(fragments)} on {one.parent} {{ {text}{below} }}")
                        texts.append(f"...F{len(fragments) - 1}")
                    case 2:
                        texts.append(f"{text} @include(if: $yes){below}")
                    case 3:
                        left_out += 1
                        texts.append(f"{text} @skip(if: $no){below}")
                        texts.append(f"left{left_out}: {one.name}{given} @include(if: $no){below}")
                    case 4 if len(below) < 400:
                        texts.append(f"{text}{below} ... @include(if: true) {{ {text}{below} }}")
                    case _:
                        texts.append(text + below)
            return f"{{ {' '.join(texts)} }}"

        text = selection(fields)
        whole = "\n".join([text, *fragments])
        declared = [d for d in ("$yes: Boolean!", "$no: Boolean = false") if d[: d.index(":")] in whole]
        return Request(f"{kind} Spelled{_in_brackets(declared)} {whole}", {"yes": True})


def _is_object(definition: GraphQLField) -> bool:
    return isinstance(graphql.get_named_type(definition.type), GraphQLObjectType)


def _is_relation(definition: GraphQLField) -> bool:
    type_ = graphql.get_named_type(definition.type)
    return isinstance(type_, GraphQLObjectType) and ("edges" in type_.fields or "createdAt" in type_.fields)


def _in_brackets(items: list[str]) -> str:
    return f"({', '.join(items)})" if items else ""


def _selection(fields: list[Chosen], arguments: Callable[[Chosen], str]) -> str:
    texts = []
    for chosen in fields:
        alias = "" if chosen.key == chosen.name else f"{chosen.key}: "
        below = f" {_selection(chosen.below, arguments)}" if chosen.below is not None else ""
        texts.append(f"{alias}{chosen.name}{arguments(chosen)}{below}")
    return f"{{ {' '.join(texts)} }}"


def _literal_arguments(chosen: Chosen) -> str:
    return _in_brackets([f"{name}: {literal(value)}" for name, (_, value) in chosen.arguments.items()])


def literal(value: Any) -> str:
    """A value as it is written in a document."""
    if isinstance(value, Word):
        return value.text
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key}: {literal(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value)


def _json(value: Any) -> Any:
    if isinstance(value, Word):
        return value.text
    if isinstance(value, Mapping):
        return {key: _json(inner) for key, inner in value.items()}
    return [_json(item) for item in value] if isinstance(value, list) else value
