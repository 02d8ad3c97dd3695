"""Which fields a selection asks for: fragments spread out, directives obeyed, equal keys put together."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    print_ast,
)

from threescore.graphql.core.checks import check_leaf
from threescore.graphql.core.values import ABSENT, value_of
from threescore.graphql.errors import InvalidSelection

MAX_KEYS = 1500
"""How many fields one object may show. PostgreSQL selects 1664 columns at most."""


class Collector:
    """Collects the fields of selections of one operation. Counts them, against documents that explode."""

    def __init__(
        self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any], max_fields: int
    ) -> None:
        self._fragments = fragments
        self.variables = variables
        self._max_fields = max_fields
        self._count = 0

    def fields(self, sets: Iterable[SelectionSetNode], type_name: str) -> dict[str, list[FieldNode]]:
        """The fields by response key, in the order in which the keys first occur.

        Raises InvalidSelection for unknown or cyclic fragments, fragments on another type, unknown directives and for
        one key that stands for two different things.
        """
        found: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            self._collect(selection_set.selections, type_name, found, ())
        if len(found) > MAX_KEYS:
            raise InvalidSelection(
                f"Too many fields: one object may show {MAX_KEYS} at most.", list(found.values())[MAX_KEYS]
            )
        return found

    def _collect(
        self,
        selections: Iterable[SelectionNode],
        type_name: str,
        found: dict[str, list[FieldNode]],
        inside: tuple[str, ...],
    ) -> None:
        for node in selections:
            self._count += 1
            if self._count > self._max_fields:
                raise InvalidSelection(f"Too many fields: a selection may ask for {self._max_fields} at most.", node)
            if not self._included(node):
                continue
            match node:
                case FieldNode():
                    self._add(node, found)
                case InlineFragmentNode():
                    condition = node.type_condition
                    if condition is not None and condition.name.value != type_name:
                        raise self._misplaced(node, condition.name.value, type_name, "")
                    self._collect(node.selection_set.selections, type_name, found, inside)
                case FragmentSpreadNode():
                    name = node.name.value
                    fragment = self._fragments.get(name)
                    if fragment is None:
                        raise InvalidSelection(f'Unknown fragment "{name}".', node)
                    if name in inside:
                        raise InvalidSelection(f'Cannot spread fragment "{name}" within itself.', node)
                    if fragment.type_condition.name.value != type_name:
                        raise self._misplaced(node, fragment.type_condition.name.value, type_name, f' "{name}"')
                    self._collect(fragment.selection_set.selections, type_name, found, (*inside, name))

    def _add(self, node: FieldNode, found: dict[str, list[FieldNode]]) -> None:
        if node.name.value == "__typename":
            check_leaf([node], "String!")
        key = node.alias.value if node.alias else node.name.value
        others = found.setdefault(key, [])
        if others and not _same(others[0], node):
            raise InvalidSelection(
                f'Fields "{key}" conflict because they ask for different things.'
                " Use different aliases on the fields to fetch both.",
                [others[0], node],
            )
        others.append(node)

    def _included(self, node: SelectionNode) -> bool:
        included = True
        for directive in node.directives or ():
            name = directive.name.value
            if name not in ("include", "skip"):
                raise InvalidSelection(f'Unknown directive "@{name}".', directive)
            wanted = self._condition(directive)
            included = included and (wanted if name == "include" else not wanted)
        return included

    def _condition(self, directive: DirectiveNode) -> bool:
        for argument in directive.arguments or ():
            if argument.name.value == "if":
                value = value_of(argument.value, self.variables)
                if value is not ABSENT and isinstance(value, bool):
                    return value
        raise InvalidSelection(
            f'Directive "@{directive.name.value}" needs the argument "if" with a boolean.', directive
        )

    @staticmethod
    def _misplaced(node: SelectionNode, condition: str, type_name: str, name: str) -> InvalidSelection:
        return InvalidSelection(
            f'Fragment{name} cannot be spread here as objects of type "{type_name}" can never be of type'
            f' "{condition}".',
            node,
        )


def _same(one: FieldNode, other: FieldNode) -> bool:
    """Whether two fields may share a key: the same field with the same arguments."""
    if one.name.value != other.name.value:
        return False
    if not one.arguments and not other.arguments:
        return True
    return _printed(one) == _printed(other)


def _printed(node: FieldNode) -> list[str]:
    return sorted(print_ast(argument) for argument in node.arguments or ())
