"""Documents, parsed and held against the schema once, then remembered by their text."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    parse_type,
    type_from_ast,
    validate,
    visit,
)

from threescore.graphql.documents import DocumentCache
from threescore.graphql.errors import InvalidSelection
from threescore.graphql.limits import Limits

MAX_DEPTH = 20
"""How deeply selections may lie in one another. What generators of clients ask of a schema goes 16 deep."""

MAX_ERRORS = 20


class Documents:
    """The documents of operations on the model and settings."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._cache: DocumentCache[DocumentNode] = DocumentCache()

    def get(self, source: str) -> DocumentNode | list[GraphQLError]:
        """The document of a text, ready to be executed, or what is wrong with it."""
        known = self._cache.get(source)
        if known is not None:
            return known
        try:
            document = self._prepared(source)
        except GraphQLError as error:
            return [error]
        errors = validate(self._schema, document, max_errors=MAX_ERRORS)
        if errors:
            return [InvalidSelection(error.message, error.nodes) for error in errors]
        self._cache.put(source, document)
        return document

    def _prepared(self, source: str) -> DocumentNode:
        document = parse(source, max_tokens=self._limits.tokens, allow_empty_selection_sets=False)
        for definition in document.definitions:
            if not isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
                raise InvalidSelection("A document to execute holds operations and fragments only.", definition)
        try:
            _Size(document).check(self._limits)
        except RecursionError as error:
            raise InvalidSelection("Fragments are nested too deeply.") from error
        return with_known_types(self._schema, document)


class _Size:
    """How large the operations of a document are, their fragments spread out."""

    def __init__(self, document: DocumentNode) -> None:
        self._operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._of_fragments: dict[str, tuple[int, int]] = {}

    def check(self, limits: Limits) -> None:
        """Raises InvalidSelection for an operation that is too deep or asks for too many fields."""
        for operation in self._operations:
            depth, fields = self._measure(operation.selection_set, ())
            roots = self._roots(operation.selection_set, set())
            for what, found, allowed in (
                ("root resolvers", roots, limits.root_fields),
                ("fields", fields, limits.fields),
                ("levels", depth, MAX_DEPTH),
            ):
                if found > allowed:
                    raise InvalidSelection(
                        f"Query too complex - Too many {what} requested: {found} - Maximum allowed {what}: {allowed}",
                        operation,
                        extensions={"subCode": "TOO_COMPLEX_QUERY", "code": "BAD_USER_INPUT"},
                    )

    def _measure(self, selections: SelectionSetNode, inside: tuple[str, ...]) -> tuple[int, int]:
        """Levels and fields. What spreads itself counts once here; validation refuses it."""
        deepest, fields = 0, 0
        for node in selections.selections:
            depth = 0
            if isinstance(node, FieldNode):
                fields += 1
                below = (0, 0) if node.selection_set is None else self._measure(node.selection_set, inside)
                depth = below[0] + 1
            elif isinstance(node, InlineFragmentNode):
                below = self._measure(node.selection_set, inside)
                depth = below[0]
            else:
                below = self._of_spread(node, inside)
                depth = below[0]
            fields += below[1]
            deepest = max(deepest, depth)
        return deepest, fields

    def _of_spread(self, node: Any, inside: tuple[str, ...]) -> tuple[int, int]:
        name = node.name.value
        fragment = self._fragments.get(name)
        if fragment is None or name in inside:
            return 0, 0
        if name not in self._of_fragments:
            self._of_fragments[name] = self._measure(fragment.selection_set, (*inside, name))
        return self._of_fragments[name]

    def _roots(self, selections: SelectionSetNode, seen: set[str]) -> int:
        count = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                count += 1
            elif isinstance(node, InlineFragmentNode):
                count += self._roots(node.selection_set, seen)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.get(node.name.value)
                if fragment is not None and node.name.value not in seen:
                    seen.add(node.name.value)
                    count += self._roots(fragment.selection_set, seen)
        return count


def with_known_types(schema: GraphQLSchema, document: DocumentNode) -> DocumentNode:
    """The document with the types of its variables as this schema has them.

    Clients of other versions declare variables with names of types that are gone, or with `ID` or `String` for a
    UUID. Such a variable gets the type of the place where it is used; whether it may be null stays as declared.
    """
    wanted = _used_types(schema, document)
    renamer = _Renamer(schema, wanted)
    changed: DocumentNode = visit(document, renamer)
    return changed


def _used_types(schema: GraphQLSchema, document: DocumentNode) -> Mapping[str, GraphQLInputType]:
    """The type of the first place where each variable is used."""
    info = TypeInfo(schema)
    found: dict[str, GraphQLInputType] = {}

    class Uses(Visitor):
        def enter_variable_definition(self, *_arguments: Any) -> Any:
            return self.SKIP

        def enter_variable(self, node: VariableNode, *_arguments: Any) -> None:
            used_as = info.get_input_type()
            if used_as is not None:
                found.setdefault(node.name.value, used_as)

    visit(document, TypeInfoVisitor(info, Uses()))
    return found


class _Renamer(Visitor):
    """Gives variables the types of the places where they are used, where they have no fitting ones."""

    def __init__(self, schema: GraphQLSchema, wanted: Mapping[str, GraphQLInputType]) -> None:
        super().__init__()
        self._schema = schema
        self._wanted = wanted

    def enter_variable_definition(self, node: VariableDefinitionNode, *_arguments: Any) -> Any:
        used_as = self._wanted.get(node.variable.name.value)
        if used_as is None:
            return self.SKIP
        declared = type_from_ast(self._schema, node.type)
        if declared is not None and not self._is_other(declared, used_as):
            return self.SKIP
        nullable = get_nullable_type(used_as)
        required = "!" if node.type.kind == "non_null_type" else ""
        return VariableDefinitionNode(
            variable=node.variable,
            type=parse_type(f"{nullable}{required}", no_location=True),
            default_value=node.default_value,
            directives=node.directives,
            loc=node.loc,
        )

    @staticmethod
    def _is_other(declared: Any, used_as: GraphQLInputType) -> bool:
        """Whether the declared type means values like those of the place, by another name or without their list."""
        one, other = get_named_type(declared), get_named_type(used_as)
        if one is other:
            return is_list_type(get_nullable_type(used_as)) and not is_list_type(get_nullable_type(declared))
        return is_leaf_type(one) and is_leaf_type(other)
