"""The rules of GraphQL that every field of a selection has to keep."""

from collections.abc import Iterable
from typing import Any

from graphql import FieldNode, SelectionSetNode
from graphql.pyutils import did_you_mean, suggestion_list

from threescore.graphql.errors import InvalidSelection


def selection_sets(nodes: Iterable[FieldNode], type_name: str) -> list[SelectionSetNode]:
    """What is selected of a field whose type has fields. Raises InvalidSelection where nothing is."""
    sets = []
    for node in nodes:
        if node.selection_set is None:
            name = node.name.value
            raise InvalidSelection(
                f'Field "{name}" of type "{type_name}" must have a selection of subfields.'
                f' Did you mean "{name} {{ ... }}"?',
                node,
            )
        sets.append(node.selection_set)
    return sets


def check_leaf(nodes: Iterable[FieldNode], type_name: str) -> None:
    """A field whose type has no fields takes neither arguments nor a selection. Raises InvalidSelection."""
    for node in nodes:
        check_no_arguments([node])
        if node.selection_set is not None:
            raise InvalidSelection(
                f'Field "{node.name.value}" must not have a selection since type "{type_name}" has no subfields.',
                node,
            )


def check_no_arguments(nodes: Iterable[FieldNode]) -> None:
    """Raises InvalidSelection where an argument stands."""
    for node in nodes:
        for argument in node.arguments or ():
            raise InvalidSelection(f'Unknown argument "{argument.name.value}" on field "{node.name.value}".', argument)


def unknown_field(node: FieldNode, type_name: str, known: Iterable[str], **extensions: Any) -> InvalidSelection:
    """The error for a field that its type does not have, with the names that may have been meant."""
    name = node.name.value
    hint = did_you_mean(suggestion_list(name, list(known))[:3]).replace("'", '"')
    return InvalidSelection(
        f'Cannot query field "{name}" on type "{type_name}".{hint}', node, extensions=extensions or None
    )
