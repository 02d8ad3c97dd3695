"""From the filter tree that REST and GraphQL share to a `Filter`: names are resolved, values become arguments.

The tree is what a GraphQL client sends as JSON: `{"name": {"firstName": {"eq": "Ann"}}, "or": [...]}`. Several keys of
one object are all to hold. What says nothing, such as `{}`, an empty `or` or its negation, finds everything.
"""

from collections.abc import Mapping
from typing import Any

from threescore.errors import BadRequest
from threescore.model.fields.base import REGEX_OPERATORS, Leaf
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.plan import EVERYTHING, And, Compare, Filter, IsNull, Not, Or, Through

Tree = Mapping[str, Any]

LIVE = IsNull("deletedAt", null=True)
DEPTH_LIMIT = 50
CONDITION_LIMIT = 2000
"""How many conditions a filter may hold. `in` takes lists of any length as one."""
LIST_LIMIT = 100
"""How many conditions a filter may hold that lead through a one-to-many relation: each is a query of its own."""
REGEX_LIMIT = 10
"""How many regular expressions a filter may hold: the largest take the database half a second to read."""


def bind_filter(model: Model, object_type: ObjectType, tree: Tree | None, arguments: list[Any]) -> Filter:
    """The filter for a tree; the values are appended to `arguments`.

    Raises BadRequest, naming the field, operator or value at fault.
    """
    if not tree:
        return EVERYTHING
    try:
        return Binder(model, arguments).tree(object_type, tree, 0, hops=0)
    except BadRequest as error:
        error.about = "filter"
        raise


def live_unless_asked(tree: Tree | None, bound: Filter) -> Filter:
    """Leaves soft-deleted records out, unless the filter itself speaks of `deletedAt`."""
    if tree and _mentions(tree, "deletedAt"):
        return bound
    return And((LIVE, bound)) if bound != EVERYTHING else LIVE


def _mentions(tree: object, name: str) -> bool:
    if isinstance(tree, list):
        return any(_mentions(item, name) for item in tree)
    if not isinstance(tree, Mapping):
        return False
    return name in tree or any(_mentions(tree[key], name) for key in ("and", "or", "not") if key in tree)


class Binder:
    """Reads one filter."""

    def __init__(self, model: Model, arguments: list[Any]) -> None:
        self._model = model
        self._arguments = arguments
        self._conditions = 0
        self._regexes = 0
        self._lists = 0

    def tree(self, object_type: ObjectType, tree: object, depth: int, *, hops: int) -> Filter:
        """The filter for a tree about an object, `hops` relations away from where the filter began."""
        if not isinstance(tree, Mapping):
            raise BadRequest("A filter must be an object of fields and conditions")
        self._conditions += len(tree)
        if self._conditions > CONDITION_LIMIT:
            raise BadRequest(f'A filter may hold at most {CONDITION_LIMIT} conditions; use "in" for lists of values')
        if depth > DEPTH_LIMIT:
            raise BadRequest(f"A filter may be nested at most {DEPTH_LIMIT} levels deep")
        return _all([self._entry(object_type, key, value, depth + 1, hops) for key, value in tree.items()])

    def _entry(self, object_type: ObjectType, key: str, value: Any, depth: int, hops: int) -> Filter:
        if key in ("and", "or"):
            items = value if isinstance(value, list) else [value]
            before = len(self._arguments)
            bound = [self.tree(object_type, item, depth, hops=hops) for item in items]
            if key == "and":
                return _all(bound)
            if bound and EVERYTHING not in bound:
                return Or(tuple(bound))
            # PostgreSQL refuses parameters that it never sees.
            del self._arguments[before:]
            return EVERYTHING
        if key == "not":
            negated = self.tree(object_type, value, depth, hops=hops)
            return negated if negated == EVERYTHING else Not(negated)
        field = object_type.field_called.get(key)
        if field is None or field.is_many_to_one:
            joined = object_type.join_called.get(key)
            if joined is not None:
                return self._comparisons(joined.leaf, value)
        if field is None:
            object_type.refuse_hidden(key)
            raise BadRequest(f'Object {object_type.name_singular} doesn\'t have any "{key}" field.')
        if field.is_relation:
            return self._through(field, value, depth, hops)
        if field.is_composite:
            return self._composite(field, value)
        return self._comparisons(field.leaf, value)

    def _through(self, field: Field, value: object, depth: int, hops: int) -> Filter:
        if hops:
            raise BadRequest("Relation filter nesting deeper than 1 hop is not supported")
        if field.is_one_to_many:
            self._lists += 1
            if self._lists > LIST_LIMIT:
                raise BadRequest(f"A filter may hold at most {LIST_LIMIT} conditions on lists of related records")
        item = self.tree(self._model.target(field), value, depth, hops=1)
        return item if item == EVERYTHING and field.is_many_to_one else Through(field.name, item)

    def _composite(self, field: Field, value: object) -> Filter:
        if not isinstance(value, Mapping):
            raise BadRequest(f'A filter on the composite field "{field.name}" must name one of its sub-fields')
        items = []
        for name, comparisons in value.items():
            leaf = field.leaf_by_sub_field.get(name)
            if leaf is None:
                raise BadRequest(f'Sub field "{name}" not found for composite type: {field.type}')
            items.append(self._comparisons(leaf, comparisons))
        return _all(items)

    def _comparisons(self, leaf: Leaf, value: object) -> Filter:
        if not isinstance(value, Mapping):
            raise BadRequest(f'A filter on field "{leaf.path}" must be an operator with a value, as in {{"eq": …}}')
        if len(value) != 1:
            raise BadRequest(f'Filter for field "{leaf.path}" must have exactly one operator')
        [(operator, operand)] = value.items()
        return self._comparison(leaf, operator, operand)

    def _comparison(self, leaf: Leaf, operator: str, value: Any) -> Filter:
        leaf.type.check_operator(leaf, operator)
        if operator == "is":
            if value not in ("NULL", "NOT_NULL"):
                raise BadRequest('Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"')
            return IsNull(leaf.column, null=value == "NULL")
        operand = leaf.type.operand(leaf, operator, value)
        asks_for_null = leaf.type.asks_for_null(operator, operand)
        if asks_for_null is not None:
            return IsNull(leaf.column, null=asks_for_null)
        if operator in REGEX_OPERATORS:
            self._regexes += 1
            if self._regexes > REGEX_LIMIT:
                raise BadRequest(f"A filter may hold at most {REGEX_LIMIT} regular expressions")
        self._arguments.append(operand)
        cast = leaf.type.slot_type(leaf, operator, operand)
        return Compare(leaf.column, operator, len(self._arguments) - 1, cast)


def _all(items: list[Filter]) -> Filter:
    said = [item for item in items if item != EVERYTHING]
    return said[0] if len(said) == 1 else And(tuple(said))
