"""Filters of the lists of the data model."""

from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, operand: value is operand,
    "isNot": lambda value, operand: value is not operand,
    "eq": lambda value, operand: bool(value == operand),
    "neq": lambda value, operand: bool(value != operand),
    "gt": lambda value, operand: bool(value > operand),
    "gte": lambda value, operand: bool(value >= operand),
    "lt": lambda value, operand: bool(value < operand),
    "lte": lambda value, operand: bool(value <= operand),
    "like": lambda value, operand: bool(value == operand),
    "notLike": lambda value, operand: bool(value != operand),
    "iLike": lambda value, operand: bool(value == operand),
    "notILike": lambda value, operand: bool(value != operand),
    "in": lambda value, operand: value in operand,
    "notIn": lambda value, operand: value not in operand,
}
"""Whether a value compares so with an operand. Ids are lower-case texts, which have the order of the ids."""


def matches(filter: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether all that a filter says is true of the values. What is null in it counts as absent."""
    return all(_holds(key, condition, values) for key, condition in filter.items() if condition is not None)


def _holds(key: str, condition: Any, values: Mapping[str, Any]) -> bool:
    if key == "and":
        return all(matches(item, values) for item in condition)
    if key == "or":
        return not condition or any(matches(item, values) for item in condition)
    return all(
        _COMPARISONS[operator](values[key], operand) for operator, operand in condition.items() if operand is not None
    )
