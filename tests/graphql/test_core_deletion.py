"""Soft deletion, restoring and destroying: who is seen when, what comes back, what goes along."""

import httpx
import pytest

from tests.records.conftest import Events

from .calls import ask, create, fail, nodes, one, total

ACME = "22222222-2222-4222-8222-000000000001"
ADA = "11111111-1111-4111-8111-000000000001"
BOB = "11111111-1111-4111-8111-000000000002"
MISSING = "55555555-5555-4555-8555-555555555555"


@pytest.fixture
def people(api: httpx.Client) -> httpx.Client:
    """Ada and Bob at Acme; Ada is soft-deleted."""
    create(api, "companies", [{"id": ACME, "name": "Acme"}])
    create(api, "people", [{"id": ADA, "companyId": ACME, "jobTitle": "a"}, {"id": BOB, "companyId": ACME}])
    ask(api, f'mutation {{ deletePerson(id: "{ADA}") {{ id }} }}')
    return api


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("{}", [BOB]),
        ('{jobTitle: {eq: "a"}}', []),
        ("{deletedAt: {is: NOT_NULL}}", [ADA]),
        ("{deletedAt: {is: NULL}}", [BOB]),
        ("{or: [{deletedAt: {is: NULL}}, {deletedAt: {is: NOT_NULL}}]}", [ADA, BOB]),
        ('{and: [{jobTitle: {eq: "a"}}, {not: {deletedAt: {is: NULL}}}]}', [ADA]),
        ('{deletedAt: {gt: "2020-01-01T00:00:00Z"}}', [ADA]),
        ("{company: {deletedAt: {is: NULL}}}", [BOB]),
    ],
)
def test_soft_deleted_records_are_seen_by_those_who_ask(people: httpx.Client, filter: str, found: list[str]) -> None:
    answer = ask(
        people,
        f"""{{
            people(filter: {filter}) {{ totalCount edges {{ node {{ id }} }} countNotEmptyJobTitle }}
            peopleGroupBy(filter: {filter}, groupBy: {{jobTitle: true}}) {{ totalCount }}
        }}""",
    )
    assert [node["id"] for node in nodes(answer["people"])] == found
    assert answer["people"]["totalCount"] == len(found)
    assert answer["people"]["countNotEmptyJobTitle"] == (int(ADA in found) if found else None)
    assert sum(group["totalCount"] for group in answer["peopleGroupBy"]) == len(found)


def test_find_one(people: httpx.Client) -> None:
    fail(people, f'{{ person(filter: {{id: {{eq: "{ADA}"}}}}) {{ id }} }}')
    found = one(people, f'{{ person(filter: {{id: {{eq: "{ADA}"}}, deletedAt: {{is: NOT_NULL}}}}) {{ id }} }}')
    assert found == {"id": ADA}


def test_nested_lists_hide_soft_deleted_records_unless_asked(people: httpx.Client) -> None:
    selection = """
        people { totalCount edges { node { id } } }
        gone: people(filter: {deletedAt: {is: NOT_NULL}}) { totalCount edges { node { id } } }
    """
    assert one(people, f'{{ company(filter: {{id: {{eq: "{ACME}"}}}}) {{ {selection} }} }}') == {
        "people": {"totalCount": 1, "edges": [{"node": {"id": BOB}}]},
        "gone": {"totalCount": 1, "edges": [{"node": {"id": ADA}}]},
    }


def test_a_soft_deleted_target_is_null_where_it_is_selected(people: httpx.Client) -> None:
    bob = f'person(filter: {{id: {{eq: "{BOB}"}}}})'
    ask(people, f'mutation {{ deleteCompany(id: "{ACME}") {{ id }} }}')
    assert one(people, f"{{ {bob} {{ companyId }} }}") == {"companyId": ACME}
    hidden = {"companyId": None, "company": None}
    assert one(people, f"{{ {bob} {{ companyId company {{ id }} }} }}") == hidden
    assert one(people, f"{{ {bob} {{ company {{ id }} companyId }} }}") == hidden
    ask(people, f'mutation {{ restoreCompany(id: "{ACME}") {{ id }} }}')
    assert one(people, f"{{ {bob} {{ companyId company {{ id }} }} }}") == {"companyId": ACME, "company": {"id": ACME}}


def test_deleting_and_restoring_one(people: httpx.Client) -> None:
    fail(people, f'mutation {{ deletePerson(id: "{MISSING}") {{ id }} }}')
    shown = one(people, f'mutation {{ restorePerson(id: "{ADA}") {{ id deletedAt jobTitle company {{ name }} }} }}')
    assert shown == {"id": ADA, "deletedAt": None, "jobTitle": "a", "company": {"name": "Acme"}}
    # A live record is what it was.
    assert one(people, f'mutation {{ restorePerson(id: "{ADA}") {{ deletedAt }} }}') == {"deletedAt": None}
    assert one(people, f'mutation {{ deletePerson(id: "{ADA}") {{ deletedAt }} }}')["deletedAt"] is not None
    for verb in ("delete", "restore", "destroy"):
        error = fail(people, f'mutation {{ {verb}Person(id: "{MISSING}") {{ id }} }}')
        assert (error["message"], error["extensions"]["subCode"]) == ("Record not found", "RECORD_NOT_FOUND")


def test_deleting_many_leaves_deleted_ones_alone(people: httpx.Client) -> None:
    everyone = f'filter: {{id: {{in: ["{ADA}", "{BOB}"]}}}}'
    before = one(people, f'{{ person(filter: {{id: {{eq: "{ADA}"}}, deletedAt: {{is: NOT_NULL}}}}) {{ deletedAt }} }}')
    assert [p["id"] for p in one(people, f"mutation {{ deletePeople({everyone}) {{ id }} }}")] == [BOB]
    after = one(people, f'{{ person(filter: {{id: {{eq: "{ADA}"}}, deletedAt: {{is: NOT_NULL}}}}) {{ deletedAt }} }}')
    assert after == before
    assert len(one(people, f"mutation {{ restorePeople({everyone}) {{ id }} }}")) == 2
    assert total(people, "people") == 2
    assert one(people, f'mutation {{ deletePeople(filter: {{id: {{eq: "{MISSING}"}}}}) {{ id }} }}') == []


def test_updates_reach_soft_deleted_records(people: httpx.Client) -> None:
    shown = one(people, f'mutation {{ updatePerson(id: "{ADA}", data: {{jobTitle: "x"}}) {{ jobTitle deletedAt }} }}')
    assert shown["jobTitle"] == "x"
    assert shown["deletedAt"] is not None


def test_destroying_shows_records_as_they_were(people: httpx.Client) -> None:
    selection = "id jobTitle deletedAt company { name people { totalCount edges { node { id } } } }"
    shown = one(people, f'mutation {{ destroyPerson(id: "{BOB}") {{ {selection} }} }}')
    assert shown == {
        "id": BOB,
        "jobTitle": "",
        "deletedAt": None,
        "company": {"name": "Acme", "people": {"totalCount": 1, "edges": [{"node": {"id": BOB}}]}},
    }
    [gone] = one(people, f'mutation {{ destroyPeople(filter: {{id: {{eq: "{ADA}"}}}}) {{ id deletedAt }} }}')
    assert gone["deletedAt"] is not None
    assert total(people, "people", "{or: [{deletedAt: {is: NULL}}, {deletedAt: {is: NOT_NULL}}]}") == 0


def test_destroying_lets_go_or_takes_along(people: httpx.Client) -> None:
    """As the foreign key of each relation says."""
    [note] = create(people, "notes", [{"title": "N"}])
    create(people, "noteTargets", [{"noteId": note["id"], "targetPersonId": BOB}, {"noteId": note["id"]}])
    ask(people, f'mutation {{ destroyCompany(id: "{ACME}") {{ id people {{ totalCount }} }} }}')
    assert one(people, f'{{ person(filter: {{id: {{eq: "{BOB}"}}}}) {{ companyId }} }}') == {"companyId": None}
    ask(people, f'mutation {{ destroyPerson(id: "{BOB}") {{ id }} }}')
    assert total(people, "noteTargets") == 1
    ask(people, f'mutation {{ destroyNote(id: "{note["id"]}") {{ id }} }}')
    assert total(people, "noteTargets") == 0


@pytest.mark.parametrize(("kind", "kinds"), [("note", "notes"), ("task", "tasks")])
def test_notes_and_tasks_take_their_targets_along(api: httpx.Client, events: Events, kind: str, kinds: str) -> None:
    """Those that went with them come back with them, those that went before stay away."""
    [one_id, other] = [item["id"] for item in create(api, kinds, [{"title": "1"}, {"title": "2"}])]
    rows = create(api, f"{kind}Targets", [{f"{kind}Id": one_id}, {f"{kind}Id": one_id}, {f"{kind}Id": other}])
    early, late, foreign = (row["id"] for row in rows)
    name = kind.capitalize()
    ask(api, f'mutation {{ delete{name}Target(id: "{early}") {{ id }} }}')
    events()

    def live() -> set[str]:
        return {node["id"] for node in nodes(one(api, f"{{ {kind}Targets {{ edges {{ node {{ id }} }} }} }}"))}

    shown = one(api, f'mutation {{ delete{name}(id: "{one_id}") {{ {kind}Targets {{ totalCount }} }} }}')
    assert shown == {f"{kind}Targets": {"totalCount": 0}}
    assert live() == {foreign}
    assert {(e.object, e.operation, e.record_id, e.changed) for e in events()} == {
        (kind, "deleted", one_id, ("deletedAt",)),
        (f"{kind}Target", "deleted", late, ("deletedAt",)),
    }
    filter = f'{{id: {{in: ["{one_id}", "{other}"]}}}}'
    assert len(one(api, f"mutation {{ restore{name}s(filter: {filter}) {{ id }} }}")) == 2
    assert live() == {late, foreign}
    assert {(e.object, e.operation, e.record_id) for e in events()} == {
        (kind, "restored", one_id),
        (f"{kind}Target", "restored", late),
    }
