"""The input types of one object: what records are written, found, ordered and grouped with."""

from collections.abc import Callable
from functools import partial

from graphql import GraphQLInputField

from threescore.graphql.core.schema.lean import LeanInputType
from threescore.graphql.core.schema.notation import required
from threescore.graphql.core.schema.registry import Registry
from threescore.model.fields.graphql_types import GraphqlTypes
from threescore.model.objects import Field, ObjectType
from threescore.query.grouping import GROUPABLE_SYSTEM_FIELDS, aggregates_of

Fields = dict[str, GraphQLInputField]


def add_input_types(registry: Registry, object_type: ObjectType) -> None:
    """Puts the input types of an object into the registry. Their fields are made when they are asked for."""
    label, plural = object_type.label_singular, object_type.label_plural
    kinds: tuple[tuple[str, Callable[[Registry, ObjectType], Fields], str], ...] = (
        ("CreateInput", _create, f"A new {label} record."),
        ("UpdateInput", _update, f"What is to change about a {label} record."),
        ("FilterInput", _filter, f"Conditions on {plural}, all of which are to hold."),
        ("OrderByInput", _order, f"An order of {plural}."),
        ("GroupByInput", _group, f"What {plural} are grouped by: exactly one field."),
        ("OrderByWithGroupByInput", _group_order, f"An order of groups of {plural}: exactly one field."),
        ("OrderByWithGroupByAggregateInput", _aggregate_order, f"An order by an aggregate over {plural}."),
        ("RelationInput", _relation, f"The {label} record that a record refers to."),
        ("ConnectInput", _connect, f"The {label} record to refer to."),
        ("WhereUniqueInput", _where_unique, f"What is unique about a {label} record."),
    )
    name = registry.name(object_type)
    for suffix, fields, description in kinds:
        registry.add(LeanInputType(name + suffix, partial(fields, registry, object_type), description=description))


def _create(registry: Registry, object_type: ObjectType) -> Fields:
    return _written(registry, object_type, lambda types: types.create, complete=True)


def _update(registry: Registry, object_type: ObjectType) -> Fields:
    return _written(registry, object_type, lambda types: types.update, complete=False)


def _written(
    registry: Registry, object_type: ObjectType, which: Callable[[GraphqlTypes], str], *, complete: bool
) -> Fields:
    fields: Fields = {}
    for field in object_type.fields:
        if field.is_relation:
            if field.join_column:
                fields[field.join_column] = registry.input(field.kind.graphql.create, f"The id of {field.label}.")
                fields[field.name] = registry.input(f"{_target(registry, field)}RelationInput")
            continue
        text = registry.with_options(which(field.kind.graphql_types(field.settings)), object_type, field)
        if field.name == "id":
            text = "ID"
        elif complete and not field.is_nullable and field.default_value is None:
            text = required(text)
        fields[field.name] = registry.input(text, field.description or None)
    return fields


def _filter(registry: Registry, object_type: ObjectType) -> Fields:
    fields: Fields = {}
    for field in object_type.fields:
        if field.is_relation:
            if field.join_column:
                fields[field.join_column] = registry.input(field.kind.graphql.filter)
            fields[field.name] = registry.input(f"{_target(registry, field)}FilterInput")
            continue
        types = field.kind.graphql_types(field.settings)
        fields[field.name] = registry.input(registry.with_options(types.filter, object_type, field))
    itself = f"{registry.name(object_type)}FilterInput"
    fields["and"] = fields["or"] = registry.input(f"[{itself}]")
    fields["not"] = registry.input(itself)
    return fields


def _order(registry: Registry, object_type: ObjectType) -> Fields:
    fields: Fields = {}
    for field in object_type.fields:
        if not field.is_relation:
            fields[field.name] = registry.input(field.kind.graphql_types(field.settings).order)
        elif field.join_column:
            fields[field.join_column] = registry.input(field.kind.graphql.order)
            fields[field.name] = registry.input(f"{_target(registry, field)}OrderByInput")
    return fields


def _group(registry: Registry, object_type: ObjectType) -> Fields:
    return _grouped(registry, object_type, lambda types: types.group, "GroupByInput")


def _group_order(registry: Registry, object_type: ObjectType) -> Fields:
    aggregate = registry.input(f"{registry.name(object_type)}OrderByWithGroupByAggregateInput")
    grouped = _grouped(registry, object_type, lambda types: types.group_order, "OrderByWithGroupByInput")
    return {"aggregate": aggregate, **grouped}


def _grouped(registry: Registry, object_type: ObjectType, which: Callable[[GraphqlTypes], str], suffix: str) -> Fields:
    """The fields to group by. Relations lead one step further, to what the target is grouped by."""
    fields: Fields = {}
    for field in object_type.fields:
        if field.is_relation:
            if field.join_column:
                fields[field.name] = registry.input(_target(registry, field) + suffix)
        elif field.kind.groupable and (not field.is_system or field.name in GROUPABLE_SYSTEM_FIELDS):
            fields[field.name] = registry.input(which(field.kind.graphql_types(field.settings)))
    return fields


def _aggregate_order(registry: Registry, object_type: ObjectType) -> Fields:
    return dict.fromkeys(aggregates_of(object_type), registry.input("OrderByDirection"))


def _relation(registry: Registry, object_type: ObjectType) -> Fields:
    name = registry.name(object_type)
    return {
        "connect": registry.input(f"{name}ConnectInput", "Refers to a record that exists."),
        "disconnect": registry.input("Boolean", "Refers to no record any more."),
        "create": registry.input(f"{name}CreateInput", "Creates the record to refer to; not in updates."),
    }


def _connect(registry: Registry, object_type: ObjectType) -> Fields:
    return {"where": registry.input(f"{registry.name(object_type)}WhereUniqueInput")}


def _where_unique(registry: Registry, object_type: ObjectType) -> Fields:
    """The id, and each part of a unique key: sub-fields of composite fields below their field."""
    fields: Fields = {"id": registry.input("ID")}
    parts: dict[str, Fields] = {}
    for key in object_type.unique_keys[1:]:
        for leaf in key:
            text = registry.with_options(leaf.type.graphql_types(leaf.field.settings).create, object_type, leaf.field)
            if leaf.sub_field is None:
                fields[leaf.name] = registry.input(text)
            else:
                parts.setdefault(leaf.field.name, {})[leaf.sub_field] = registry.input(text)
    for name, inner in parts.items():
        fields[name] = registry.input(registry.where_input(object_type, object_type.field_by_name[name], inner))
    return fields


def _target(registry: Registry, field: Field) -> str:
    return registry.name(registry.model.target(field))
