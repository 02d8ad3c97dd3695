"""A committed write has exactly its events, in the workspace's event table, whatever the way it was made."""

import base64
import json
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.records.conftest import Event, Events
from tests.records.wire import (
    ANYWHERE,
    MISSING,
    create,
    create_many,
    get,
    listed,
    make_object,
    make_probe,
    person,
    refusal,
    relation,
    send,
    update,
)


def only(found: list[Event]) -> Event:
    assert len(found) == 1, found
    return found[0]


def shape(found: list[Event]) -> Counter[tuple[str, str, str]]:
    return Counter((event.object, event.record_id, event.operation) for event in found)


def test_create_one(api: httpx.Client, events: Events, token: str) -> None:
    made = create(api, "people", person("Ann", "ann@x.example", jobTitle="Dev"))
    event = only(events())
    assert (event.object, event.record_id, event.operation) == ("person", made["id"], "created")
    assert event.before is None
    assert event.after == made == get(api, "people", made["id"])
    assert event.changed == ()
    claims = token.split(".")[1]
    key_id = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]
    assert event.actor == {
        "source": "API",
        "workspaceMemberId": None,
        "name": "Tests",
        "context": {},
        "apiKeyId": str(UUID(key_id)),
    }
    assert made["createdBy"] == made["updatedBy"] == {k: v for k, v in event.actor.items() if k != "apiKeyId"}


def test_the_answer_at_depth_1_does_not_change_the_event(api: httpx.Client, events: Events) -> None:
    company = create(api, "companies", {"name": "Acme"})
    events()
    made = create(api, "people", person("Ann", companyId=company["id"]), "?depth=1")
    assert made["company"]["name"] == "Acme"
    assert only(events()).after == get(api, "people", made["id"])


def test_batch_create_in_the_order_of_the_input(api: httpx.Client, events: Events) -> None:
    made = create_many(api, "companies", [{"name": f"C{n}"} for n in range(60)])
    found = events()
    assert [event.record_id for event in found] == [record["id"] for record in made]
    assert [event.after for event in found] == made
    assert {event.operation for event in found} == {"created"}


def test_a_failed_batch_has_none(api: httpx.Client, events: Events) -> None:
    create(api, "people", person("Ann", "ann@x.example"))
    events()
    before = listed(api, "people")
    for bad in ({"jobTitle": 5}, {"companyId": MISSING}, {"nope": 1}):
        for query in ("", "?upsert=true"):
            refusal(api.post(f"/rest/batch/people{query}", json=[person("Cid"), bad]))
    refusal(api.post("/rest/batch/people", json=[person("Cid"), person("Bob", "ann@x.example")]))
    assert events() == []
    assert listed(api, "people") == before


def test_upsert(api: httpx.Client, events: Events) -> None:
    old, same, gone = create_many(
        api,
        "people",
        [person("Old", "old@x.example"), person("Same", "same@x.example"), person("Gone", "gone@x.example")],
    )
    send(api, "DELETE", f"people/{gone['id']}?soft_delete=true")
    events()
    answer = create_many(
        api,
        "people",
        [
            person("Same", "same@x.example"),
            person("New", "new@x.example"),
            person("Changed", "old@x.example"),
            person("Gone", "gone@x.example"),
        ],
        "?upsert=true",
    )
    found = {event.record_id: event for event in events()}
    assert same["id"] not in found
    assert len(found) == 3
    new = answer[1]
    assert found[new["id"]].operation == "created"
    assert found[new["id"]].after == get(api, "people", new["id"]) == new
    changed = found[old["id"]]
    assert (changed.operation, changed.changed) == ("updated", ("name",))
    assert (changed.before, changed.after) == (old, get(api, "people", old["id"]))
    revived = found[gone["id"]]
    assert (revived.operation, revived.changed) == ("updated", ("deletedAt",))
    assert revived.before is not None
    assert revived.before["deletedAt"] is not None
    assert revived.after == get(api, "people", gone["id"])


def test_upsert_of_one_record_twice_is_one_change(api: httpx.Client, events: Events) -> None:
    old = create(api, "people", person("Old", "old@x.example"))
    events()
    create_many(
        api,
        "people",
        [{"id": old["id"], "jobTitle": "A"}, {"id": old["id"], "jobTitle": "B", "city": "Rome"}],
        "?upsert=true",
    )
    event = only(events())
    assert sorted(event.changed) == ["city", "jobTitle"]
    assert event.after == get(api, "people", old["id"])
    assert event.after["jobTitle"] == "B"


def test_update_one(api: httpx.Client, events: Events) -> None:
    company = create(api, "companies", {"name": "Acme"})
    old = create(api, "people", person("Ann", "ann@x.example", jobTitle="Dev"))
    events()
    change = {
        "jobTitle": "Boss",
        "name": {"firstName": "Ann"},
        "emails": {"primaryEmail": "ANN@x.example"},
        "companyId": company["id"],
        "phones": {"primaryPhoneNumber": "+33612345678"},
    }
    now = update(api, "people", old["id"], change)
    event = only(events())
    assert event.operation == "updated"
    assert sorted(event.changed) == ["companyId", "jobTitle", "phones"]
    assert event.before == old
    assert event.after == now == get(api, "people", old["id"])
    assert {key for key in now if now[key] != old[key]} == {*event.changed, "updatedAt", "searchVector"}


def test_an_update_that_changes_nothing_has_none(api: httpx.Client, events: Events) -> None:
    old = create(api, "people", person("Ann", "ann@x.example", jobTitle="Dev", companyId=None))
    events()
    update(api, "people", old["id"], {})
    update(api, "people", old["id"], {"jobTitle": "Dev", "name": {"lastName": "Test"}, "companyId": None})
    update(api, "people", old["id"], {"emails": {"primaryEmail": "Ann@X.example", "additionalEmails": []}})
    update(api, "people", old["id"], {"name": None, "city": ""})
    send(api, "PATCH", f"people?filter=id[eq]:{old['id']}", {"jobTitle": "Dev"})
    assert events() == []


def test_the_id_of_a_record_cannot_be_changed(api: httpx.Client, events: Events) -> None:
    first, second = create_many(api, "people", [person("Ann"), person("Bob")])
    events()
    refusal(api.patch(f"/rest/people/{first['id']}", json={"id": str(uuid4()), "jobTitle": "x"}))
    refusal(api.patch("/rest/people?filter=id[is]:NOT_NULL", json={"id": second["id"], "jobTitle": "x"}))
    assert events() == []
    assert listed(api, "people") == sorted([first, second], key=lambda record: record["id"])
    same = update(api, "people", first["id"], {"id": first["id"].upper(), "jobTitle": "y"})
    assert (same["id"], same["jobTitle"]) == (first["id"], "y")
    assert only(events()).changed == ("jobTitle",)


def test_times_that_are_set_by_hand_are_changes(api: httpx.Client, events: Events) -> None:
    old = create(api, "people", person("Ann"))
    events()
    moment = "2019-01-02T03:04:05.000Z"
    now = update(api, "people", old["id"], {"createdAt": moment, "deletedAt": moment})
    assert (now["createdAt"], now["deletedAt"]) == (moment, moment)
    assert sorted(only(events()).changed) == ["createdAt", "deletedAt"]


def test_update_many(api: httpx.Client, events: Events) -> None:
    made = create_many(api, "people", [person(f"P{n}", jobTitle="Dev" if n % 2 else "Boss") for n in range(10)])
    events()
    [answer] = send(api, "PATCH", 'people?filter=jobTitle[in]:[Dev,"Boss"]', {"jobTitle": "Dev"})["data"].values()
    assert sorted(record["id"] for record in answer) == sorted(record["id"] for record in made)
    bosses = {record["id"]: record for record in made if record["jobTitle"] == "Boss"}
    found = events()
    assert shape(found) == Counter(("person", record_id, "updated") for record_id in bosses)
    for event in found:
        assert event.before == bosses[event.record_id]
        assert event.after == get(api, "people", event.record_id)
        assert event.changed == ("jobTitle",)


def test_update_many_by_the_field_that_changes(api: httpx.Client, events: Events) -> None:
    made = create_many(api, "people", [person(f"P{n}", jobTitle="Dev") for n in range(7)])
    events()
    [answer] = send(api, "PATCH", "people?filter=jobTitle[eq]:Dev", {"jobTitle": "Boss"})["data"].values()
    assert [record["jobTitle"] for record in answer] == ["Boss"] * 7
    assert shape(events()) == Counter(("person", record["id"], "updated") for record in made)


def test_soft_delete_and_restore(api: httpx.Client, events: Events) -> None:
    one, *more = create_many(api, "people", [person(f"P{n}") for n in range(4)])
    events()
    [deleted] = send(api, "DELETE", f"people/{one['id']}?soft_delete=true")["data"].values()
    event = only(events())
    assert (event.operation, event.changed) == ("deleted", ("deletedAt",))
    assert event.before == one
    assert event.after == deleted == listed(api, "people", filter="deletedAt[is]:NOT_NULL")[0]

    [restored] = send(api, "PATCH", f"people/{one['id']}/restore")["data"].values()
    event = only(events())
    assert (event.operation, event.changed) == ("restored", ("deletedAt",))
    assert event.before == deleted
    assert event.after == restored == get(api, "people", one["id"])

    send(api, "PATCH", f"people/{one['id']}/restore")
    assert events() == [], "a live record is not restored"

    ids = ",".join(record["id"] for record in more)
    send(api, "DELETE", f"people?filter=id[in]:[{ids}]&soft_delete=true")
    assert shape(events()) == Counter(("person", record["id"], "deleted") for record in more)
    send(api, "PATCH", "people/restore?filter=deletedAt[is]:NOT_NULL")
    assert shape(events()) == Counter(("person", record["id"], "restored") for record in more)


def test_refusals_have_none(api: httpx.Client, events: Events) -> None:
    for method, path, status in (
        ("PATCH", f"people/{MISSING}", 404),
        ("DELETE", f"people/{MISSING}", 404),
        ("DELETE", f"people/{MISSING}?soft_delete=true", 404),
        ("PATCH", f"people/{MISSING}/restore", 404),
        ("DELETE", "people", 400),
        ("PATCH", "people", 400),
        ("PATCH", "people/restore", 400),
    ):
        refusal(api.request(method, f"/rest/{path}", json={}), status)
    assert events() == []


def test_more_than_a_batch_changes_nothing(api: httpx.Client, events: Events) -> None:
    create_many(api, "companies", [{"name": "A"}] * 60)
    create(api, "companies", {"name": "A"})
    events()
    where = "companies?filter=name[eq]:A"
    refusal(api.patch(f"/rest/{where}", json={"name": "B"}))
    refusal(api.delete(f"/rest/{where}"))
    refusal(api.delete(f"/rest/{where}&soft_delete=true"))
    refusal(api.patch("/rest/companies/restore?filter=name[eq]:A"))
    assert events() == []
    assert send(api, "GET", where)["totalCount"] == 61


def test_destroy_one(api: httpx.Client, events: Events) -> None:
    live, trashed = create_many(api, "opportunities", [{"name": "A"}, {"name": "B"}])
    [trashed] = send(api, "DELETE", f"opportunities/{trashed['id']}?soft_delete=true")["data"].values()
    events()
    for record in (live, trashed):
        send(api, "DELETE", f"opportunities/{record['id']}")
        event = only(events())
        assert (event.object, event.record_id, event.operation) == ("opportunity", record["id"], "destroyed")
        assert event.before == record
        assert event.after is None
        assert event.changed == ()
    assert listed(api, "opportunities", filter=ANYWHERE) == []


def test_destroy_many(api: httpx.Client, events: Events) -> None:
    made = create_many(api, "companies", [{"name": "A"}] * 9)
    events()
    [ids] = send(api, "DELETE", "companies?filter=name[eq]:A")["data"].values()
    found = events()
    assert sorted(item["id"] for item in ids) == sorted(event.record_id for event in found)
    assert {event.record_id: event.before for event in found} == {record["id"]: record for record in made}


def test_destroy_settles_what_refers_to_the_record(api: httpx.Client, events: Events) -> None:
    """People lose their company, note targets go, trashed ones too, and each of them has its event."""
    company = create(api, "companies", {"name": "Acme"})
    staying = create(api, "companies", {"name": "Other"})
    people = create_many(
        api, "people", [person("Ann", companyId=company["id"]), person("Bob", companyId=company["id"])]
    )
    send(api, "DELETE", f"people/{people[1]['id']}?soft_delete=true")
    outsider = create(api, "people", person("Cid", companyId=staying["id"]))
    note = create(api, "notes", {"title": "N"})
    targets = create_many(
        api,
        "noteTargets",
        [
            {"noteId": note["id"], "targetCompanyId": company["id"]},
            {"noteId": note["id"], "targetCompanyId": staying["id"]},
            {"noteId": note["id"], "targetPersonId": people[0]["id"]},
        ],
    )
    events()

    send(api, "DELETE", f"companies/{company['id']}")
    found = events()
    assert shape(found) == Counter(
        [
            ("company", company["id"], "destroyed"),
            ("person", people[0]["id"], "updated"),
            ("person", people[1]["id"], "updated"),
            ("noteTarget", targets[0]["id"], "destroyed"),
        ]
    )
    for event in found:
        if event.object == "person":
            assert event.changed == ("companyId",)
            assert event.before is not None
            assert event.before["companyId"] == company["id"]
            [now] = listed(api, "people", filter=f"id[eq]:{event.record_id},{ANYWHERE}")
            assert event.after == now
            assert now["companyId"] is None
    assert get(api, "people", outsider["id"]) == outsider
    assert [item["id"] for item in listed(api, "noteTargets", order_by="id")] == sorted(t["id"] for t in targets[1:])

    # Two levels down: a note takes its targets along, whoever they speak of.
    send(api, "DELETE", f"notes/{note['id']}")
    assert shape(events()) == Counter(
        [("note", note["id"], "destroyed"), *(("noteTarget", target["id"], "destroyed") for target in targets[1:])]
    )
    assert listed(api, "noteTargets", filter=ANYWHERE) == []


def test_destroy_many_that_refer_to_each_other(api: httpx.Client, events: Events) -> None:
    folder = make_object(api, "folder")
    send(
        api,
        "POST",
        "metadata/fields",
        {
            "objectMetadataId": folder["id"],
            "type": "RELATION",
            "name": "parent",
            "label": "Parent",
            "relationCreationPayload": relation(folder["id"], "Children"),
        },
    )
    root = create(api, "folders", {"name": "root"})
    child = create(api, "folders", {"name": "child", "parentId": root["id"]})
    grandchild = create(api, "folders", {"name": "grandchild", "parentId": child["id"]})
    own = create(api, "folders", {"name": "own"})
    update(api, "folders", own["id"], {"parentId": own["id"]})
    events()
    send(api, "DELETE", "folders?filter=name[in]:[root,child,own]")
    assert shape(events()) == Counter(
        [
            ("folder", root["id"], "destroyed"),
            ("folder", child["id"], "destroyed"),
            ("folder", own["id"], "destroyed"),
            ("folder", grandchild["id"], "updated"),
        ]
    )
    assert get(api, "folders", grandchild["id"])["parentId"] is None


def test_a_long_chain_of_cascades(api: httpx.Client, events: Events) -> None:
    thread = create(api, "messageThreads", {})
    messages = create_many(api, "messages", [{"messageThreadId": thread["id"], "subject": f"S{n}"} for n in range(3)])
    participants = create_many(
        api, "messageParticipants", [{"messageId": item["id"], "handle": "h"} for item in messages for _ in range(2)]
    )
    events()
    send(api, "DELETE", f"messageThreads/{thread['id']}")
    assert shape(events()) == Counter(
        [
            ("messageThread", thread["id"], "destroyed"),
            *(("message", item["id"], "destroyed") for item in messages),
            *(("messageParticipant", item["id"], "destroyed") for item in participants),
        ]
    )
    for plural in ("messageThreads", "messages", "messageParticipants"):
        assert listed(api, plural, filter=ANYWHERE) == []


def test_merge(api: httpx.Client, events: Events) -> None:
    survivor, first, second = create_many(
        api,
        "people",
        [
            person("Ann", "ann@x.example"),
            person("Ann", "ann@y.example", jobTitle="Dev"),
            person("Anna", city="Rome"),
        ],
    )
    note, task = create(api, "notes", {"title": "N"}), create(api, "tasks", {"title": "T"})
    opportunity = create(api, "opportunities", {"name": "O", "pointOfContactId": first["id"]})
    moved = create(api, "noteTargets", {"noteId": note["id"], "targetPersonId": first["id"]})
    twin = create(api, "noteTargets", {"noteId": note["id"], "targetPersonId": second["id"]})
    kept = create(api, "taskTargets", {"taskId": task["id"], "targetPersonId": survivor["id"]})
    other_twin = create(api, "taskTargets", {"taskId": task["id"], "targetPersonId": second["id"]})
    activity = create(api, "timelineActivities", {"targetPersonId": second["id"]})
    events()

    ids = [survivor["id"], first["id"], second["id"]]
    dry = send(api, "PATCH", "people/merge", {"ids": ids, "conflictPriorityIndex": 0, "dryRun": True})
    assert dry["data"]["mergePerson"]["jobTitle"] == "Dev"
    assert events() == []
    assert get(api, "people", first["id"]) == first

    [merged] = send(api, "PATCH", "people/merge", {"ids": ids, "conflictPriorityIndex": 0})["data"].values()
    found = events()
    twins = {moved["id"], twin["id"]}
    assert shape([event for event in found if event.record_id not in twins]) == Counter(
        [
            ("person", survivor["id"], "updated"),
            ("person", first["id"], "destroyed"),
            ("person", second["id"], "destroyed"),
            ("opportunity", opportunity["id"], "updated"),
            ("taskTarget", other_twin["id"], "destroyed"),
            ("timelineActivity", activity["id"], "updated"),
        ]
    )
    # Of the two links to the note that would become the same, one moves and one goes.
    assert sorted(event.operation for event in found if event.record_id in twins) == ["destroyed", "updated"]
    by_record = {event.record_id: event for event in found}
    assert by_record[survivor["id"]].before == survivor
    assert by_record[survivor["id"]].after == merged == get(api, "people", survivor["id"])
    assert sorted(by_record[survivor["id"]].changed) == ["city", "emails", "jobTitle"]
    assert by_record[first["id"]].before == first
    assert by_record[second["id"]].before == second
    assert by_record[opportunity["id"]].changed == ("pointOfContactId",)
    assert by_record[opportunity["id"]].after == get(api, "opportunities", opportunity["id"])
    assert by_record[activity["id"]].after == get(api, "timelineActivities", activity["id"])
    [link] = listed(api, "noteTargets")
    assert (link["noteId"], link["targetPersonId"]) == (note["id"], survivor["id"])
    assert [item["id"] for item in listed(api, "taskTargets")] == [kept["id"]]


def test_a_merge_that_adds_nothing_has_no_event_for_the_survivor(api: httpx.Client, events: Events) -> None:
    survivor, loser = create_many(api, "companies", [{"name": "A"}, {"name": "B"}])
    events()
    send(api, "PATCH", "companies/merge", {"ids": [survivor["id"], loser["id"]], "conflictPriorityIndex": 0})
    assert shape(events()) == Counter([("company", loser["id"], "destroyed")])


def test_custom_objects_and_every_type_of_field(api: httpx.Client, events: Events) -> None:
    make_probe(api)
    made = create(api, "probes", {"name": "empty"})
    assert only(events()).after == made
    change: dict[str, Any] = {
        "amount": {"amountMicros": 1500000, "currencyCode": "EUR"},
        "big": 9007199254740993,
        "size": 1.5,
        "flag": True,
        "day": "2024-02-29",
        "moment": "2024-02-29T01:02:03.004Z",
        "outer": MISSING,
        "stage": "B",
        "tags": ["B", "A"],
        "stars": "RATING_3",
        "pilot": {"lastName": "L"},
        "mails": {"primaryEmail": "a@b.example", "additionalEmails": ["c@d.example"]},
        "calls": {"primaryPhoneNumber": "+33612345678"},
        "sites": {"primaryLinkUrl": "https://x.example"},
        "place": {"addressCity": "Rome", "addressLat": 41.9},
        "words": ["a", "b"],
        "data": {"a": [1, 2.5, None]},
        "story": {"markdown": "# Hi"},
    }
    now = update(api, "probes", made["id"], change)
    event = only(events())
    assert sorted(event.changed) == sorted(change)
    assert event.before == made
    assert event.after == now == get(api, "probes", made["id"])
    assert now["big"] == "9007199254740993"
    update(api, "probes", made["id"], {**change, "sites": now["sites"], "story": now["story"]})
    assert events() == []
    for name in change:
        update(api, "probes", made["id"], {name: made[name]})
    last = [event for event in events() if event.changed]
    # Null for a composite field changes nothing: those are emptied part by part, as a record shows them.
    assert {name for event in last for name in event.changed} == set(change)
