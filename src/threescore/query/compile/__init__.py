"""From a plan to SQL text. Pure: the same model and plan give the same text, so the text is cached by the plan."""

from collections.abc import Callable
from typing import Any

from threescore.model.objects import Model
from threescore.query import plan as plans
from threescore.query.compile.cascade import absorb, destroy
from threescore.query.compile.group import group
from threescore.query.compile.read import (
    connect,
    duplicates,
    find_by_ids,
    find_connection,
    find_first,
    find_many,
    find_one,
    holder,
    lock,
)
from threescore.query.compile.search import search
from threescore.query.compile.write import create, restore, soft_delete, update, upsert
from threescore.query.rules import RowRules, Seen, Weaving

_COMPILERS: dict[type, Callable[[Model, Any], str]] = {
    plans.FindOne: find_one,
    plans.FindFirst: find_first,
    plans.FindByIds: find_by_ids,
    plans.FindMany: find_many,
    plans.FindConnection: find_connection,
    plans.Group: group,
    plans.Duplicates: duplicates,
    plans.Search: search,
    plans.Connect: connect,
    plans.Holder: holder,
    plans.Lock: lock,
    plans.Create: create,
    plans.Upsert: upsert,
    plans.Update: update,
    plans.SoftDelete: soft_delete,
    plans.Restore: restore,
    plans.Destroy: destroy,
    plans.Absorb: absorb,
}

CACHE_LIMIT = 500
"""How many statements one version of a model may keep."""

CACHED_LENGTH = 40_000
"""Statements longer than this are not kept: their requests are written by programs that never repeat them."""


def compile_plan(model: Model, plan: plans.Plan) -> str:
    """The SQL of a plan, compiled once for each version of a model."""
    cache: dict[plans.Plan, str] = model.__dict__.setdefault("statements", {})
    sql = cache.get(plan)
    if sql is None:
        sql = _COMPILERS[type(plan)](model, plan)
        if len(sql) <= CACHED_LENGTH:
            if len(cache) >= CACHE_LIMIT:
                cache.clear()
            cache[plan] = sql
    return sql


def compile_seen(model: Model, plan: plans.Plan, rules: RowRules, own: int) -> tuple[str, tuple[int, ...]]:
    """The SQL of a plan in which only rows exist that pass the rules, for requests with `own` arguments.

    With it, which of the rules' arguments come after the request's. Nothing is kept.
    """
    weaving = Weaving(rules, own)
    return _COMPILERS[type(plan)](Seen.of(model, weaving), plan), tuple(weaving.used)
