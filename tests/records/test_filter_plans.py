"""Filters are written so that PostgreSQL's indexes serve them."""

import json
from typing import Any

import pytest

from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.model.objects import Model
from threescore.query import plan as plans
from threescore.query.compile import compile_plan
from threescore.query.filters import bind_filter
from threescore.query.plan import Compare, IsNull
from threescore.sql import quote_identifier as q

pytestmark = pytest.mark.anyio


async def prepared(db: Database, workspace: Workspace) -> Model:
    """The model of a workspace with many companies and members, the former indexed by name, the latter by a number."""
    schema = q(workspace.schema)
    for sql in (
        "INSERT INTO {}.company (name) SELECT CASE WHEN n % 50 > 0 THEN 'c' || n END FROM generate_series(1, 20000) n",
        'INSERT INTO {}."workspaceMember" ("userId", "calendarStartDay")'
        " SELECT gen_random_uuid(), n FROM generate_series(1, 20000) n",
        "CREATE INDEX ON {}.company (name)",
        'CREATE INDEX ON {}."workspaceMember" ("calendarStartDay")',
        "ANALYZE {}.company",
        'ANALYZE {}."workspaceMember"',
    ):
        await db.execute(sql.format(schema))
    return (await Workspaces(db).get(workspace.id)).model


async def explained(db: Database, model: Model, name: str, tree: dict[str, Any]) -> tuple[str, int]:
    """The plan that serves a filter whatever its values are, and how many records it finds."""
    arguments: list[Any] = []
    filter = bind_filter(model, model.by_singular[name], tree, arguments)
    page = plans.PageOf(filter, (plans.OrderTerm("id"),), 60, len(arguments))
    parts = (plans.Total("n", plans.Aggregate("totalCount", "count")),)
    sql = compile_plan(model, plans.FindConnection(name, page, parts))
    async with db.transaction() as connection:
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        rows = await connection.fetch(f"EXPLAIN {sql}", *arguments, 60)
        row = await connection.fetchrow(sql, *arguments, 60)
    assert row is not None
    return "\n".join(r[0] for r in rows), json.loads(row["connection"])["n"]


@pytest.mark.parametrize(
    ("name", "tree", "count"),
    [
        ("company", {"name": {"eq": "c7"}}, 1),
        ("company", {"name": {"in": ["c7", "c8", "none"]}}, 2),
        ("company", {"name": {"eq": ""}}, 400),
        ("workspaceMember", {"calendarStartDay": {"eq": 7}}, 1),
        ("workspaceMember", {"calendarStartDay": {"in": [7, "8"]}}, 2),
        ("workspaceMember", {"calendarStartDay": {"lt": 3}}, 2),
    ],
)
async def test_an_index_serves_comparisons(
    db: Database, workspace: Workspace, name: str, tree: dict[str, Any], count: int
) -> None:
    plan, found = await explained(db, await prepared(db, workspace), name, tree)
    assert found == count
    assert "Seq Scan on company" not in plan
    assert "Index Cond" in plan


async def test_numbers_that_no_field_can_hold_are_compared_all_the_same(db: Database, workspace: Workspace) -> None:
    model = await prepared(db, workspace)
    for condition, count in (({"lt": 2.5}, 2), ({"gt": -(2**70)}, 20000), ({"in": [1.5, 2]}, 1), ({"eq": 1.5}, 0)):
        assert (await explained(db, model, "workspaceMember", {"calendarStartDay": condition}))[1] == count


async def test_the_value_decides_what_is_compared(db: Database, workspace: Workspace) -> None:
    model = (await Workspaces(db).get(workspace.id)).model

    def bound(name: str, tree: dict[str, Any]) -> plans.Filter:
        return bind_filter(model, model.by_singular[name], tree, [])

    assert bound("company", {"name": {"eq": "x"}}) == Compare("name", "eq", 0, "text")
    for condition in ({"eq": None}, {"like": ""}):
        assert bound("company", {"name": condition}) == IsNull("name", null=True)
    assert bound("company", {"searchVector": {"search": "-"}}) == IsNull("searchVector", null=False)
    start = "calendarStartDay"
    assert bound("workspaceMember", {start: {"eq": 2**63}}) == Compare(start, "eq", 0, "numeric")
    assert bound("workspaceMember", {start: {"eq": 6.0}}) == Compare(start, "eq", 0, "bigint")


async def test_what_says_nothing_leaves_no_values_behind(db: Database, workspace: Workspace) -> None:
    model = (await Workspaces(db).get(workspace.id)).model
    arguments: list[Any] = []
    tree = {"or": [{"name": {"eq": "x"}}, {}]}
    assert bind_filter(model, model.by_singular["company"], tree, arguments) == plans.EVERYTHING
    assert arguments == []
