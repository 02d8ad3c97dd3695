"""The comparison itself: it must find what is wrong, and nothing else."""

import base64
import json
from typing import Any

import pytest

from .compare import Ids, differences, group_differences, row_differences

ONE, TWO, THREE = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [
        ({"a": 1, "b": [None, True, "x"]}, {"b": [None, True, "x"], "a": 1}),
        ({"a": "<text>", "b": "<number>", "c": "<any>"}, {"a": "", "b": -1.5, "c": [None]}),
        ("<time>", "2026-01-02T03:04:05.678Z"),
        ({"name": "x"}, {"name": "x", "city": ""}),
        ({"<keys>": ["a"]}, {"a": 1, "b": 2}),
        ({"<some>": {"a": 1}}, {"a": 1, "b": 2}),
        ({"<length>": 2}, [1, 2]),
        ("0.50000000", "0.5"),
        (0.1, 0.1 + 1e-17),
        ({"statusCode": 400, "messages": ["x"]}, {"statusCode": 400, "messages": ["x"], "index": 3}),
    ],
)
def test_alike(recorded: Any, ours: Any) -> None:
    assert list(differences(recorded, ours, Ids())) == []


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [
        (1, 2),
        (1, "1"),
        ("1", 1),
        (1, True),
        (None, ""),
        ([1], [1, 1]),
        ({"a": 1}, {}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": 1}, [1]),
        ("<text>", 1),
        ("<number>", "1"),
        ("<time>", "2026-01-02T03:04:05Z"),
        ({"<keys>": ["a"]}, {"b": 2}),
        ({"<some>": {"a": 1}}, {"a": 2}),
        ({"<length>": 2}, [1]),
        (ONE, "x"),
        ({"statusCode": 400, "messages": ["x"]}, {"messages": ["x"], "statusCode": 400}),
    ],
)
def test_not_alike(recorded: Any, ours: Any) -> None:
    assert len(list(differences(recorded, ours, Ids()))) == 1


def test_ids_are_bound_once() -> None:
    ids = Ids()
    assert list(differences([ONE, ONE], [TWO, TWO], ids)) == []
    assert len(list(differences([ONE], [THREE], ids))) == 1
    assert len(list(differences([THREE], [TWO], ids))) == 1
    assert ids.replace(f"/rest/people/{ONE}") == f"/rest/people/{TWO}"


def test_cursors_are_compared_as_what_they_hold() -> None:
    def cursor(value: object) -> str:
        return base64.b64encode(json.dumps(value).encode()).decode()

    recorded = {"endCursor": cursor({"name": "x", "id": ONE})}
    assert list(differences(recorded, {"endCursor": cursor({"name": "x", "id": TWO})}, Ids())) == []
    assert len(list(differences(recorded, {"endCursor": cursor({"name": "y", "id": ONE})}, Ids()))) == 1
    assert len(list(differences(recorded, {"endCursor": None}, Ids()))) == 1
    edge = {"cursor": recorded["endCursor"]}
    assert list(differences(edge, {"cursor": cursor({"id": TWO, "name": "x"})}, Ids())) == []


def test_rows() -> None:
    body = {"data": {"people": [{"name": {"lastName": "A"}}, {"name": {"lastName": "B"}}]}, "totalCount": 2}
    assert list(row_differences({"names": ["A", "B"], "totalCount": 2, "length": 2}, body, Ids())) == []
    assert len(list(row_differences({"names": ["B", "A"], "totalCount": 3, "length": 1}, body, Ids()))) == 3


def test_groups_come_in_any_order() -> None:
    groups: list[dict[str, Any]] = [
        {"totalCount": "1", "groupByDimensionValues": ["A"]},
        {"totalCount": "2", "groupByDimensionValues": [None]},
    ]
    assert list(group_differences(groups, groups[::-1], Ids(), False)) == []
    other = [groups[0], {**groups[1], "totalCount": "3"}]
    assert len(list(group_differences(groups, other, Ids(), False))) == 1
    assert list(group_differences(groups, other, Ids(), True)) == []
