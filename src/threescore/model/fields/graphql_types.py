"""The names of the GraphQL types that a field type is read and written with. Names only: no schema is made here."""

from typing import NamedTuple


class GraphqlTypes(NamedTuple):
    """The GraphQL types of a field type, in GraphQL's notation (`[String]`) and as if every value could be null.

    `Options` stands for the enumeration of the field's own options, `OptionsFilter` for the filter on it.
    """

    output: str
    filter: str
    create: str
    update: str
    order: str = "OrderByDirection"
    group: str = "Boolean"
    """What `groupBy` says about the field, where it can be grouped by."""
    group_order: str = "OrderByDirection"
    """How groups are ordered by the field."""
    aggregate: str = "Float"
    """What min, max, avg and sum give, where the type has them."""


def value_types(output: str, filter: str, *, input: str | None = None) -> GraphqlTypes:
    """The types of values that are whole; `input` is how they are written where that differs from how they are read."""
    written = input or output
    return GraphqlTypes(output, filter, written, written)


def date_types(output: str, filter: str) -> GraphqlTypes:
    """The types of values that can be grouped by parts of the calendar."""
    return GraphqlTypes(
        output,
        filter,
        output,
        output,
        group="GroupByDateGranularityInput",
        group_order="OrderByDateGranularityInput",
        aggregate="DateTime",
    )


def composite_types(name: str) -> GraphqlTypes:
    """The types of a composite type: one of each kind, by its name."""
    return GraphqlTypes(
        output=name,
        filter=f"{name}FilterInput",
        create=f"{name}CreateInput",
        update=f"{name}UpdateInput",
        order=f"{name}OrderByInput",
        group=f"{name}GroupByInput",
        group_order=f"{name}OrderByInput",
    )
