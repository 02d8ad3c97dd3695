"""Where an answer of the original system is a defect, ours is right: one test for each such point that REST has."""

import base64
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.records.conftest import Events
from tests.records.wire import (
    Record,
    create,
    create_many,
    get,
    listed,
    make_object,
    message,
    object_id,
    options,
    page,
    refusal,
    send,
    total,
    update,
)


def cursor_of(text: str) -> Any:
    return json.loads(base64.b64decode(text, validate=True))


def test_cursors_do_not_dead_end_at_nulls(api: httpx.Client) -> None:
    create_many(api, "people", [{"city": city} if city else {} for city in ("b", None, "a", None, "b")])
    for order in ("city", "city[AscNullsLast]", "city[DescNullsFirst]", "city[DescNullsLast]"):
        everyone = [record["id"] for record in listed(api, "people", order_by=order)]
        seen: list[str] = []
        after: dict[str, str | int] = {}
        while len(seen) < 5:
            one = page(api, "people", order_by=order, limit=1, **after)
            seen += [record["id"] for record in one["data"]["people"]]
            assert one["pageInfo"]["hasNextPage"] == (len(seen) < 5)
            after = {"starting_after": one["pageInfo"]["endCursor"]}
        assert seen == everyone


def test_cursors_do_not_skip_rows_under_the_order_of_a_relation(api: httpx.Client) -> None:
    companies = create_many(api, "companies", [{"name": "B"}, {"name": "A"}, {}])
    create_many(api, "people", [{"companyId": c["id"]} for c in companies for _ in range(2)] + [{}])
    everyone = [record["id"] for record in listed(api, "people", order_by="company.name[DescNullsLast]")]
    first = page(api, "people", order_by="company.name[DescNullsLast]", limit=3)
    rest = listed(api, "people", order_by="company.name[DescNullsLast]", starting_after=first["pageInfo"]["endCursor"])
    assert [record["id"] for record in first["data"]["people"] + rest] == everyone


def test_the_start_cursor_of_a_backward_page_is_its_first_row(api: httpx.Client) -> None:
    create_many(api, "people", [{"city": str(n)} for n in range(6)])
    last = page(api, "people", order_by="city", limit=6)["pageInfo"]["endCursor"]
    back = page(api, "people", order_by="city", limit=2, ending_before=last)
    assert [record["city"] for record in back["data"]["people"]] == ["3", "4"]
    assert cursor_of(back["pageInfo"]["startCursor"])["city"] == "3"
    assert cursor_of(back["pageInfo"]["endCursor"])["city"] == "4"
    assert back["pageInfo"]["hasPreviousPage"] is True


def test_the_direction_of_the_id_counts(api: httpx.Client) -> None:
    made = sorted(record["id"] for record in create_many(api, "people", [{}] * 5))
    down = page(api, "people", order_by="id[DescNullsLast]", limit=3)
    assert [record["id"] for record in down["data"]["people"]] == made[:1:-1]
    rest = listed(api, "people", order_by="id[DescNullsLast]", starting_after=down["pageInfo"]["endCursor"])
    assert [record["id"] for record in rest] == made[1::-1]


def test_an_upsert_batch_is_atomic(api: httpx.Client) -> None:
    old = create(api, "people", {"jobTitle": "old"})
    body = refusal(
        api.post(
            "/rest/batch/people?upsert=true", json=[{"id": old["id"], "jobTitle": "new"}, {"companyId": old["id"]}]
        )
    )
    assert body["index"] == 1
    assert listed(api, "people") == [old]


@pytest.mark.parametrize("query", ["", "?upsert=true"])
def test_batches_are_answered_in_the_order_of_the_input(api: httpx.Client, query: str) -> None:
    places: list[Any] = [3, "first", "last", None, 1, "first", None]
    given = [{"jobTitle": str(n), **({} if p is None else {"position": p})} for n, p in enumerate(places)]
    made = create_many(api, "people", given, query)
    assert [record["jobTitle"] for record in made] == [str(n) for n in range(len(places))]


def test_an_update_of_many_needs_a_filter(api: httpx.Client) -> None:
    create_many(api, "people", [{}] * 3)
    for query in ("", "?filter=", "?filter=city[eq]:a&filter=city[eq]:b"):
        refusal(api.patch(f"/rest/people{query}", json={"city": "x"}))
    assert total(api, "people", filter="city[is]:NOT_NULL") == 0
    send(api, "PATCH", "people?filter=id[is]:NOT_NULL", {"city": "x"})
    assert total(api, "people", filter="city[eq]:x") == 3


def test_contains_any_on_select_is_400(api: httpx.Client) -> None:
    text = message(api.get("/rest/opportunities?filter=stage[containsAny]:[NEW,MEETING]"))
    assert "containsAny" in text
    assert "stage" in text


def test_a_body_over_the_limit_is_413(api: httpx.Client) -> None:
    body = refusal(api.post("/rest/people", json={"jobTitle": "x" * 11 * 1024 * 1024}), 413)
    assert str(10 * 1024 * 1024) in body["messages"][0]


@pytest.mark.parametrize(
    "cursor", ["x", "e30=", "bnVsbA==", "W10=", "eyJpZCI6MX0=", "eyJpZCI6IngifQ==", "%F0%9F%92%A5"]
)
def test_a_bad_cursor_is_400(api: httpx.Client, cursor: str) -> None:
    for name in ("starting_after", "ending_before"):
        assert message(api.get(f"/rest/people?{name}={cursor}")).startswith("Invalid cursor")


def test_a_post_to_a_record_creates_no_other(api: httpx.Client) -> None:
    made = create(api, "people", {})
    assert made["id"] in message(api.post(f"/rest/people/{made['id']}", json={"jobTitle": "x"}))
    refusal(api.post(f"/rest/people/{uuid4()}", json={"jobTitle": "x"}))
    assert total(api, "people") == 1


def test_refusals_are_in_our_own_words(api: httpx.Client) -> None:
    """What is wrong and what would be right; `refusal` looks for words of the insides in each."""
    made = create(api, "people", {"emails": {"primaryEmail": "a@x.example"}})
    assert "companyId" in message(api.post("/rest/people", json={"companyId": made["id"]}))
    assert message(api.post("/rest/people", json={"emails": made["emails"]})) == "A duplicate entry was detected"
    assert "calendarChannelId" in message(api.post("/rest/calendarChannelEventAssociations", json={}))
    assert "people" in message(api.get("/rest/person"))
    assert "viewId" in message(api.get('/rest/people/groupBy?group_by=[{"city":true}]&viewId=nonsense'))
    assert "'x'" in message(api.patch("/rest/people/merge", json={"ids": ["x", "y"], "conflictPriorityIndex": 0}))


@pytest.fixture
def numbers(api: httpx.Client) -> None:
    make_object(
        api,
        "meter",
        {"name": "whole", "type": "NUMBER", "settings": {"dataType": "int"}},
        {"name": "big", "type": "NUMBER", "settings": {"dataType": "bigint"}},
        {"name": "price", "type": "CURRENCY"},
    )


@pytest.mark.usefixtures("numbers")
def test_fractions_in_whole_fields_are_refused(api: httpx.Client) -> None:
    for record in ({"whole": 1.5}, {"big": 0.1}, {"price": {"amountMicros": 1.5}}, {"price": {"amountMicros": "1.5"}}):
        refusal(api.post("/rest/meters", json=record))
    made = create(api, "meters", {"whole": 1.0, "big": 2.0, "price": {"amountMicros": 3.0, "currencyCode": "EUR"}})
    assert (made["whole"], made["big"], made["price"]["amountMicros"]) == (1, 2, 3)
    assert total(api, "meters") == 1


@pytest.mark.usefixtures("numbers")
def test_integers_beyond_2_to_the_53_keep_their_digits(api: httpx.Client) -> None:
    most = 2**53 - 1
    made = create(api, "meters", {"whole": most, "big": most, "price": {"amountMicros": most, "currencyCode": "EUR"}})
    assert (made["whole"], made["big"], made["price"]["amountMicros"]) == (most, most, most)
    for number in (2**53 + 1, -(2**63), 2**63 - 1):
        one = update(api, "meters", made["id"], {"big": number, "whole": number, "price": {"amountMicros": number}})
        assert (one["big"], one["whole"], one["price"]["amountMicros"]) == (str(number),) * 3
        assert update(api, "meters", made["id"], {"big": one["big"], "price": one["price"]}) == one | {
            "updatedAt": get(api, "meters", made["id"])["updatedAt"]
        }
        assert total(api, "meters", filter=f"big[eq]:{number},price.amountMicros[eq]:{number}") == 1
        assert total(api, "meters", filter=f"big[eq]:{number - 1}") == 0
    huge = 10**38 - 1
    for given in (huge, str(huge)):
        assert update(api, "meters", made["id"], {"price": {"amountMicros": given}})["price"]["amountMicros"] == str(
            huge
        )


def test_a_merge_takes_morph_relations_along(api: httpx.Client) -> None:
    survivor, loser = create_many(api, "people", [{}, {}])
    note = create(api, "notes", {"title": "N"})
    both = create(api, "notes", {"title": "M"})
    create(api, "noteTargets", {"noteId": note["id"], "targetPersonId": loser["id"]})
    for person in (survivor, loser):
        create(api, "noteTargets", {"noteId": both["id"], "targetPersonId": person["id"]})
    send(api, "PATCH", "people/merge", {"ids": [survivor["id"], loser["id"]], "conflictPriorityIndex": 0})
    links = sorted((item["noteId"], item["targetPersonId"]) for item in listed(api, "noteTargets"))
    assert links == sorted([(note["id"], survivor["id"]), (both["id"], survivor["id"])])


def test_events_one_for_each_changed_record_and_none_without_a_change(api: httpx.Client, events: Events) -> None:
    one, two = create_many(api, "people", [{"city": "a"}, {"city": "b"}])
    events()
    send(api, "PATCH", "people?filter=id[is]:NOT_NULL", {"city": "a"})
    [event] = events()
    assert (event.record_id, event.changed) == (two["id"], ("city",))
    assert UUID(event.actor["apiKeyId"])
    send(api, "PATCH", "people/merge", {"ids": [one["id"], two["id"]], "conflictPriorityIndex": 1})
    send(api, "DELETE", "people?filter=id[is]:NOT_NULL")
    assert [(event.record_id, event.operation) for event in events()] == [
        (one["id"], "destroyed"),
        (two["id"], "destroyed"),
    ]


def test_a_refused_change_of_the_model_says_its_one_cause(api: httpx.Client) -> None:
    company = object_id(api, "company")
    before = send(api, "GET", "metadata/fields?limit=1000")["totalCount"]
    response = api.post(
        "/rest/metadata/fields",
        json={
            "objectMetadataId": company,
            "type": "RELATION",
            "name": "employer",
            "label": "Employer",
            "relationCreationPayload": {
                "type": "MANY_TO_ONE",
                "targetObjectMetadataId": object_id(api, "person"),
                "targetFieldLabel": "Company",
                "targetFieldIcon": "IconX",
            },
        },
    )
    assert response.status_code == 400, response.text
    body = response.json()
    assert body["summary"]["totalErrors"] == 1
    assert "company" in response.text
    assert send(api, "GET", "metadata/fields?limit=1000")["totalCount"] == before
    create(api, "companies", {"name": "still works"})


def test_select_is_ordered_by_its_options(api: httpx.Client) -> None:
    made = make_object(api, "ticket", {"name": "level", "type": "SELECT", "options": options("HIGH", "LOW", "MEDIUM")})
    create_many(api, "tickets", [{"level": level} for level in ("LOW", None, "MEDIUM", "HIGH")])

    def levels(order: str) -> list[Any]:
        return [record["level"] for record in listed(api, "tickets", order_by=order)]

    assert levels("level") == [None, "HIGH", "LOW", "MEDIUM"]
    assert levels("level[AscNullsLast]") == ["HIGH", "LOW", "MEDIUM", None]
    assert levels("level[DescNullsFirst]") == [None, "MEDIUM", "LOW", "HIGH"]
    assert levels("level[DescNullsLast]") == ["MEDIUM", "LOW", "HIGH", None]
    assert total(api, "tickets", filter="level[gt]:HIGH") == 2
    [field] = [
        item
        for item in send(api, "GET", "metadata/fields?limit=1000")["data"]
        if item["name"] == "level" and item["objectMetadataId"] == made["id"]
    ]
    turned = [{**option, "position": 2 - option["position"]} for option in field["options"]]
    send(api, "PATCH", f"metadata/fields/{field['id']}", {"options": turned})
    assert levels("level") == [None, "MEDIUM", "LOW", "HIGH"]


def test_text_is_ordered_by_code_points(api: httpx.Client) -> None:
    words = ["Zoë", "ab", "Ab", "a b", "äb", "Ä", "zz", "_", "1", "𝔸", "é"]
    create_many(api, "people", [{"city": word} for word in words])
    assert [record["city"] for record in listed(api, "people", order_by="city")] == sorted(words)


def test_an_unknown_parameter_is_ignored_and_named(api: httpx.Client) -> None:
    create_many(api, "people", [{}, {}])
    response = api.get("/rest/people?orderBy=city&limit=1&offset=5")
    assert response.status_code == 200
    assert len(response.json()["data"]["people"]) == 1
    assert "'orderBy'" in response.headers["warning"]
    assert "'order_by'" in response.headers["warning"]
    assert "'offset'" in response.headers["warning"]
    assert "warning" not in api.get("/rest/people?limit=1").headers
    refused = api.get("/rest/people?fliter=x&depth=7")
    assert refused.status_code == 400
    assert "'filter'" in refused.headers["warning"]


def test_an_id_may_be_of_any_version(api: httpx.Client) -> None:
    for text in ("01890a5d-ac96-774b-bcce-b302099a8057", "00000000-0000-0000-0000-000000000001"):
        made: Record = create(api, "people", {"id": text.upper()})
        assert made["id"] == text
        assert get(api, "people", text.upper()) == made


def test_both_paths_of_restore_work(api: httpx.Client) -> None:
    made = create(api, "people", {})
    for path in (f"people/{made['id']}/restore", f"restore/people/{made['id']}"):
        send(api, "DELETE", f"people/{made['id']}?soft_delete=true")
        assert send(api, "PATCH", path)["data"]["restorePerson"]["deletedAt"] is None
    for path in ("people/restore", "restore/people"):
        send(api, "DELETE", f"people/{made['id']}?soft_delete=true")
        [record] = send(api, "PATCH", f"{path}?filter=deletedAt[is]:NOT_NULL")["data"]["restorePeople"]
        assert record["id"] == made["id"]
