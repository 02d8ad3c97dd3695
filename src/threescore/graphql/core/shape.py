"""Values that Python makes, shown as a selection asks for them. Records are not among them: PostgreSQL shows those."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from graphql import FieldNode

from threescore.graphql.core.checks import check_leaf, check_no_arguments, selection_sets, unknown_field
from threescore.graphql.core.collect import Collector
from threescore.graphql.core.selections import TYPENAME

Known: TypeAlias = Mapping[str, Callable[[Sequence[FieldNode]], Any]]
"""The fields of a type, by what each shows for its nodes."""


def leaf(read: Callable[[], Any], type_name: str, nodes: Sequence[FieldNode]) -> Any:
    """A value without fields. Raises InvalidSelection where fields of it are selected."""
    check_leaf(nodes, type_name)
    return read()


def shape(nodes: Sequence[FieldNode], type_name: str, collector: Collector, known: Known) -> dict[str, Any]:
    """An object with the fields that are selected of it. Raises InvalidSelection."""
    found: dict[str, Any] = {}
    for key, inner in collector.fields(selection_sets(nodes, type_name), type_name).items():
        name = inner[0].name.value
        if name == TYPENAME:
            found[key] = type_name
        elif name in known:
            check_no_arguments(inner)
            found[key] = known[name](inner)
        else:
            raise unknown_field(inner[0], type_name, known)
    return found
