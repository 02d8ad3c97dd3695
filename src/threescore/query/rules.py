"""Row rules: which rows of which objects exist for a caller. Values, and how they are woven into one statement.

A rule is a filter over the whole model, bound once for a role. Its values are parameters that come after those of the
request, so one text of SQL serves all callers with that role.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from threescore.errors import BadRequest
from threescore.model.fields.base import Leaf
from threescore.model.objects import Model, ObjectType
from threescore.query.filters import Binder
from threescore.query.plan import And, Compare, Filter, Not, Or, Through

ME_WORD = "me"


class _Me:
    """Stands for the id of the caller's workspace member, which differs from caller to caller of one role."""


ME: Final = _Me()

NOTHING: Final = Or(())
"""The rule that no row passes."""


class RowRules(Struct, frozen=True):
    """The rules of a role by the `nameSingular` of the object, with slots that are places in `arguments`."""

    filters: Mapping[str, Filter]
    arguments: tuple[Any, ...]

    def arguments_for(self, member_id: str | None) -> tuple[Any, ...]:
        """The arguments for a caller: `ME` is the id of the workspace member, or nobody's for an API key."""

        def filled(value: Any) -> Any:
            if isinstance(value, list):
                return [item for item in map(filled, value) if item is not None]
            return member_id if value is ME else value

        return tuple(map(filled, self.arguments))


class _RuleBinder(Binder):
    """Reads the filter of a rule: as any filter, but an id may also be compared with the word "me"."""

    def _comparison(self, leaf: Leaf, operator: str, value: Any) -> Filter:
        given = value if isinstance(value, list) else [value]
        if leaf.type.column_type(leaf) != "uuid" or ME_WORD not in given:
            return super()._comparison(leaf, operator, value)
        if operator not in ("eq", "in") or (operator == "in") != isinstance(value, list):
            # Negated, it would find everything for an API key, which is no member.
            raise BadRequest(f'"{ME_WORD}" can be compared by "eq" and "in", not by "{operator}" (field "{leaf.path}")')
        others = [item for item in given if item != ME_WORD]
        known: list[Any] = leaf.type.operand(leaf, "in", others) if others else []
        self._arguments.append(ME if operator == "eq" else [*known, ME])
        return Compare(leaf.column, operator, len(self._arguments) - 1, "uuid" if operator == "eq" else "uuid[]")


def bind_rule(model: Model, object_type: ObjectType, tree: Mapping[str, Any], arguments: list[Any]) -> Filter:
    """The filter of a row rule; its values are appended to `arguments`. Raises BadRequest as `bind_filter` does."""
    return _RuleBinder(model, arguments).tree(object_type, tree, 0, hops=0)


class Weaving:
    """Weaves rules into one statement whose own parameters are the first `own`."""

    def __init__(self, rules: RowRules, own: int) -> None:
        self._rules = rules
        self._own = own
        self.used: list[int] = []
        """Which arguments of the rules the statement needs, in the order of their parameters."""

    def filter(self, object_type: ObjectType) -> Filter | None:
        """The rule of an object, with slots of the statement; None where all rows exist."""
        found = self._rules.filters.get(object_type.name_singular)
        return None if found is None else _with_slots(found, self._slot)

    def _slot(self, place: int) -> int:
        if place not in self.used:
            self.used.append(place)
        return self._own + self.used.index(place)


def _with_slots(filter: Filter, slot: Callable[[int], int]) -> Filter:
    match filter:
        case Compare(column, operator, place, cast):
            return Compare(column, operator, slot(place), cast)
        case And(items):
            return And(tuple(_with_slots(item, slot) for item in items))
        case Or(items):
            return Or(tuple(_with_slots(item, slot) for item in items))
        case Not(item):
            return Not(_with_slots(item, slot))
        case Through(field, item):
            return Through(field, _with_slots(item, slot))
        case _:
            return filter


class Seen(Model, frozen=True, kw_only=True):
    """A model of whose objects only some rows exist, while one statement is compiled."""

    whole: Model
    weaving: Weaving

    @classmethod
    def of(cls, model: Model, weaving: Weaving) -> "Seen":
        """The same model, with rules to be woven in."""
        seen = cls(
            workspace_id=model.workspace_id,
            schema=model.schema,
            version=model.version,
            objects=model.objects,
            whole=model,
            weaving=weaving,
        )
        for name in ("by_singular", "by_plural", "by_id", "field_by_id"):
            seen.__dict__[name] = getattr(model, name)
        return seen
