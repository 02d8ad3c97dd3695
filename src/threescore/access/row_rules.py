"""Row rules: filters that the records of an object must pass to exist for a role.

A rule is a filter as the APIs take it, in which the text `"me"` stands for the member who calls, wherever the id of a
member may stand: `{"accountOwnerId": {"eq": "me"}}`. API keys are no members: to them, `"me"` is nobody. Clients of the
wire write rules as predicates, which are made into such a filter here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from threescore.access.roles import Role, RowRule
from threescore.errors import BadRequest
from threescore.model.objects import Field, Model, ObjectType
from threescore.query.filters import DEPTH_LIMIT, bind_filter
from threescore.query.plan import EVERYTHING

ME = "me"
OPERATORS_OF_ME = ("eq", "in")
"""How an id can be compared with `"me"`. Negated, it would find everything for API keys."""

GROUP_LIMIT = 200

_NOBODY = str(UUID(int=0))
_MEMBER = "workspaceMember"
_INVALID = "INVALID_ARG"

Tree = dict[str, Any]


def _is_me(operator: str, value: object) -> bool:
    return operator in OPERATORS_OF_ME and (value == ME or (isinstance(value, list) and ME in value))


class _Somebody:
    """Puts the id of a member in the places of `"me"`, which are those where a field holds ids."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def replaced(self, item: ObjectType, tree: Any) -> Any:
        if isinstance(tree, list):
            return [self.replaced(item, part) for part in tree]
        if not isinstance(tree, Mapping):
            return tree
        return {name: self._entry(item, name, value) for name, value in tree.items()}

    def _entry(self, item: ObjectType, name: str, value: Any) -> Any:
        if name in ("and", "or", "not"):
            return self.replaced(item, value)
        field = item.field_called.get(name)
        if field is None or field.is_many_to_one:
            joined = item.join_called.get(name)
            if joined is not None:
                return self._of_id(value)
        if field is None:
            return value
        if field.is_relation:
            return self.replaced(self._model.target(field), value)
        return self._of_id(value) if field.type == "UUID" else value

    def _of_id(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {operator: self._operand(operator, operand) for operator, operand in value.items()}

    def _operand(self, operator: str, operand: Any) -> Any:
        if not _is_me(operator, operand):
            return operand
        return [_NOBODY if item == ME else item for item in operand] if isinstance(operand, list) else _NOBODY


def fields_used(model: Model, rule: RowRule) -> list[Field]:
    """The fields that a rule looks at, of its own object and of those that relations lead to."""
    item = model.by_id.get(rule.object_id)
    return [] if item is None else list(_fields(model, item, rule.filter))


def _fields(model: Model, item: ObjectType, tree: object) -> Iterator[Field]:
    if isinstance(tree, list):
        for part in tree:
            yield from _fields(model, item, part)
    elif isinstance(tree, Mapping):
        for name, value in tree.items():
            if name in ("and", "or", "not"):
                yield from _fields(model, item, value)
                continue
            field = item.field_called.get(name) or item.join_called.get(name)
            if field is not None:
                yield field
                if field.is_relation and name in item.field_called:
                    yield from _fields(model, model.target(field), value)


def check_rule(model: Model, rule: RowRule) -> None:
    """Raises BadRequest, saying what is wrong, unless the rule is a filter of the object as it is now."""
    item = model.by_id.get(rule.object_id)
    if item is None:
        raise BadRequest("The object of the rule does not exist", code="OBJECT_METADATA_NOT_FOUND")
    tree = _Somebody(model).replaced(item, rule.filter)
    if bind_filter(model, item, tree, []) == EVERYTHING:
        raise BadRequest("A row rule must hold a condition; this one would hide nothing", code=_INVALID)


def broken(model: Model, rule: RowRule) -> str | None:
    """What keeps a rule from being a filter, in words: such a rule hides all records of its object. None: nothing."""
    try:
        check_rule(model, rule)
    except BadRequest as error:
        return error.message
    return None


def broken_rules(model: Model, role: Role) -> list[tuple[RowRule, str]]:
    """The rules of a role that no longer fit the model, each with what is wrong."""
    return [(rule, problem) for rule in role.row_rules if (problem := broken(model, rule)) is not None]


class Predicate(Struct, frozen=True, kw_only=True):
    """One condition of a rule, in the words of the wire."""

    id: UUID
    field_id: UUID
    operand: str
    value: Any = None
    sub_field: str | None = None
    member_field_id: UUID | None = None
    member_sub_field: str | None = None
    group_id: UUID | None = None
    position: float | None = None


class PredicateGroup(Struct, frozen=True, kw_only=True):
    """Conditions and groups of which all (`AND`) or one (`OR`) must hold."""

    id: UUID
    operator: str
    parent_id: UUID | None = None
    position: float | None = None


def predicates_filter(
    model: Model, item: ObjectType, predicates: Sequence[Predicate], groups: Sequence[PredicateGroup]
) -> Tree:
    """The filter that predicates mean; those outside of all groups must all hold.

    Raises BadRequest, naming the predicate or group at fault.
    """
    if len(groups) > GROUP_LIMIT:
        raise _invalid(f"A row rule may have at most {GROUP_LIMIT} groups")
    by_id = {group.id: group for group in groups}
    for group in groups:
        _check_no_circle(group, by_id)
    conditions: dict[UUID | None, list[tuple[float, Tree]]] = {}
    for place, predicate in enumerate(predicates):
        if predicate.group_id is not None and predicate.group_id not in by_id:
            raise _invalid(f"predicates.{place} is in the group {predicate.group_id}, which is not given")
        at = conditions.setdefault(predicate.group_id, [])
        at.append((predicate.position or 0, _condition(model, item, predicate, place)))

    def within(group_id: UUID | None, operator: str) -> Tree:
        found = list(conditions.get(group_id, ()))
        for group in groups:
            if group.parent_id == group_id:
                inner = within(group.id, group.operator)
                if inner:
                    found.append((group.position or 0, inner))
        parts = [tree for _, tree in sorted(found, key=lambda pair: pair[0])]
        if len(parts) == 1:
            return parts[0]
        return {operator.lower(): parts} if parts else {}

    return within(None, "AND")


def _check_no_circle(group: PredicateGroup, by_id: Mapping[UUID, PredicateGroup]) -> None:
    seen = {group.id}
    parent = group.parent_id
    while parent is not None:
        if parent in seen:
            raise _invalid(f"The group {group.id} is inside of itself")
        if parent not in by_id:
            raise _invalid(f"The group {group.id} is in the group {parent}, which is not given")
        seen.add(parent)
        if len(seen) > DEPTH_LIMIT:
            raise _invalid(f"Groups may be nested at most {DEPTH_LIMIT} levels deep")
        parent = by_id[parent].parent_id


def _condition(model: Model, item: ObjectType, predicate: Predicate, place: int) -> Tree:
    field = item.field_by_id.get(predicate.field_id)
    if field is None:
        raise BadRequest(
            f"predicates.{place}: {item.name_plural} have no field {predicate.field_id}",
            code="FIELD_METADATA_NOT_FOUND",
        )
    about = f'predicates.{place} (field "{field.name}")'
    value = ME if predicate.member_field_id else predicate.value
    if predicate.member_field_id:
        _check_member(model, predicate, about)
    comparison = _comparison(field, predicate.operand, value, about)
    if field.is_relation:
        if not field.join_column:
            raise _invalid(f"{about}: only the side of a relation that holds the id can be compared")
        return _wrapped(comparison, lambda operator: {field.join_column: operator})
    if field.is_composite:
        if predicate.sub_field not in field.leaf_by_sub_field:
            known = ", ".join(sorted(str(name) for name in field.leaf_by_sub_field))
            raise _invalid(f"{about}: subFieldName must be one of {known}")
        return _wrapped(comparison, lambda operator: {field.name: {predicate.sub_field: operator}})
    return _wrapped(comparison, lambda operator: {field.name: operator})


def _check_member(model: Model, predicate: Predicate, about: str) -> None:
    members = model.by_singular.get(_MEMBER)
    of_member = members.field_by_id.get(predicate.member_field_id or UUID(int=0)) if members else None
    if of_member is None or of_member.name != "id" or predicate.member_sub_field:
        raise _invalid(f"{about}: of the member who calls, only the id can be compared with")


def _wrapped(comparison: tuple[bool, Tree], wrap: Any) -> Tree:
    negated, operator = comparison
    tree: Tree = wrap(operator)
    return {"not": tree} if negated else tree


def _comparison(field: Field, operand: str, value: Any, about: str) -> tuple[bool, Tree]:
    """Whether it is negated, and the operator with its value."""
    if operand in ("IS_EMPTY", "IS_NOT_EMPTY", "IS_NOT_NULL"):
        return False, {"is": "NULL" if operand == "IS_EMPTY" else "NOT_NULL"}
    if operand in _ORDERED:
        return False, {_ORDERED[operand]: value}
    if operand in ("IS", "IS_NOT"):
        return operand == "IS_NOT", _same(field, value, about)
    if operand in ("CONTAINS", "DOES_NOT_CONTAIN"):
        return operand == "DOES_NOT_CONTAIN", _contains(field, value, about)
    if operand in _PASSING:
        raise _invalid(f"{about}: {operand} depends on the time of the request, which row rules cannot")
    known = ", ".join(OPERANDS)
    raise _invalid(f"{about}: operand must be one of {known}")


_ORDERED = {"LESS_THAN_OR_EQUAL": "lte", "GREATER_THAN_OR_EQUAL": "gte", "IS_BEFORE": "lt", "IS_AFTER": "gt"}
_PASSING = ("IS_RELATIVE", "IS_IN_PAST", "IS_IN_FUTURE", "IS_TODAY", "VECTOR_SEARCH")
OPERANDS = ("IS", "IS_NOT", "CONTAINS", "DOES_NOT_CONTAIN", "IS_EMPTY", "IS_NOT_EMPTY", "IS_NOT_NULL", *_ORDERED)
"""The operands that a predicate may have here."""


def _same(field: Field, value: Any, about: str) -> Tree:
    if field.is_relation and isinstance(value, Mapping):
        # As the filters of views say it.
        chosen = list(value.get("selectedRecordIds") or ())
        if value.get("isCurrentWorkspaceMemberSelected"):
            chosen.append(ME)
        value = chosen
    if isinstance(value, list):
        if not value:
            raise _invalid(f"{about}: a value is needed")
        if field.type in ("MULTI_SELECT", "ARRAY"):
            return {"containsAny": value}
        return {"in": value}
    if value is None:
        return {"is": "NULL"}
    return {"eq": value}


def _contains(field: Field, value: Any, about: str) -> Tree:
    if field.type in ("MULTI_SELECT", "ARRAY"):
        return {"containsAny": value if isinstance(value, list) else [value]}
    if not isinstance(value, str) or not value:
        raise _invalid(f"{about}: a text to look for is needed")
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"ilike": f"%{escaped}%"}


def _invalid(message: str) -> BadRequest:
    return BadRequest(message, code=_INVALID)
