"""Filters of webhooks, held against the record that an event tells of, as it was then."""

from threescore.model.fields.base import Leaf
from threescore.model.objects import Model, ObjectType
from threescore.query.compile.scope import Scope, condition, q
from threescore.query.filters import Tree, bind_filter
from threescore.query.plan import Filter
from threescore.sql import quote_literal


class _Shown(Scope):
    """An object's records as JSON shows them, in place of its table."""

    def __init__(self, model: Model, object_type: ObjectType, alias: str, document: str) -> None:
        super().__init__(model, object_type, alias)
        self._document = document

    @property
    def source(self) -> str:
        columns = ", ".join(
            f"{_value(leaf, self._document)} AS {q(leaf.column)}" for leaf in self.object_type.leaf_by_column.values()
        )
        return f"(SELECT {columns}) {self.alias}{self.joins}"


def matches(model: Model, object_name: str, tree: Tree, document: str, slots: list[object]) -> str:
    """SQL for whether a record shown as JSON (`document`: a jsonb expression) passes a filter.

    Values are appended to `slots`, which are the statement's parameters so far. Raises BadRequest where the filter does
    not fit the model, KeyError where there is no such object.
    """
    object_type = model.by_singular[object_name]
    return holds(model, object_type, bind_filter(model, object_type, tree, slots), document)


def holds(model: Model, object_type: ObjectType, bound: Filter, document: str) -> str:
    """SQL for whether a record shown as JSON (`document`: a jsonb expression) passes a filter that is bound already."""
    scope = _Shown(model, object_type, "r", document)
    text = condition(scope, bound)
    return f"EXISTS (SELECT FROM {scope.source} WHERE {text})"


def _value(leaf: Leaf, document: str) -> str:
    """SQL for the value that a column had, from the record as it was shown: empty is NULL again."""
    path = [leaf.field.join_column or leaf.field.name]
    if leaf.sub_field is not None:
        path.append(leaf.sub_field)
    keys = ", ".join(quote_literal(key) for key in path)
    kind = leaf.type.column_type(leaf)
    value = f"jsonb_extract_path({document}, {keys})"
    text = f"nullif(jsonb_extract_path_text({document}, {keys}), '')"
    if kind == "jsonb":
        return f"nullif({value}, 'null')"
    if kind.endswith("[]"):
        return (
            f"(SELECT nullif(array_agg(x), '{{}}')::{kind} FROM jsonb_array_elements_text("
            f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} END) x)"
        )
    return f"{text}::{kind}"
