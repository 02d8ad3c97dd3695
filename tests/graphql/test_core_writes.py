"""Creating, changing and upserting records: batches, relations, nested records, and what is refused as a whole."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.records.conftest import Events
from tests.records.conftest import events as events
from tests.records.wire import make_field, make_object, object_id, relation

from .calls import Record, ask, create, fail, message, nodes, one, total

ACME = "22222222-2222-4222-8222-000000000001"
ADA = "11111111-1111-4111-8111-000000000001"
MISSING = "55555555-5555-4555-8555-555555555555"
CREATE = "mutation($data: PersonCreateInput!, $upsert: Boolean) { createPerson(data: $data, upsert: $upsert) { %s } }"
CREATE_MANY = (
    "mutation($data: [PersonCreateInput!]!, $upsert: Boolean) { createPeople(data: $data, upsert: $upsert) { %s } }"
)
UPDATE = "mutation($id: UUID!, $data: PersonUpdateInput!) { updatePerson(id: $id, data: $data) { %s } }"


def made(api: httpx.Client, data: Record, selection: str = "id companyId company { name }") -> Record:
    record = one(api, CREATE % selection, {"data": data})
    assert isinstance(record, dict)
    return record


@pytest.fixture
def acme(api: httpx.Client) -> Record:
    """A company with a domain."""
    [company] = create(
        api, "companies", [{"id": ACME, "name": "Acme", "domainName": {"primaryLinkUrl": "https://acme.example"}}]
    )
    return company


def test_created_records_are_shown_with_their_relations(api: httpx.Client, acme: Record) -> None:
    selection = "id companyId company { name people { totalCount edges { node { id } } } } createdBy { name }"
    shown = made(api, {"id": ADA, "companyId": ACME}, selection)
    assert shown == {
        "id": ADA,
        "companyId": ACME,
        "company": {"name": "Acme", "people": {"totalCount": 1, "edges": [{"node": {"id": ADA}}]}},
        "createdBy": {"name": "Tests"},
    }
    changed = one(api, UPDATE % selection, {"id": ADA, "data": {"companyId": None}})
    assert (changed["companyId"], changed["company"]) == (None, None)


@pytest.mark.parametrize("upsert", [False, True])
def test_batches_of_60_come_in_their_order(api: httpx.Client, upsert: bool) -> None:
    """Positions do not change the order of the answer; known records do not either."""
    places: list[Any] = ["first", "last", 5, None]
    data = []
    for n in range(60):
        place = places[n % 4]
        data.append(
            {"jobTitle": str(n), "emails": {"primaryEmail": f"p{n}@x.example"}} | ({"position": place} if place else {})
        )
    if upsert:
        create(api, "people", [{"emails": {"primaryEmail": f"p{n}@x.example"}} for n in (59, 30, 31, 0)])
    shown = one(api, CREATE_MANY % "jobTitle", {"data": data, "upsert": upsert})
    assert [person["jobTitle"] for person in shown] == [str(n) for n in range(60)]
    assert total(api, "people") == 60


@pytest.mark.parametrize("upsert", [False, True])
def test_batches_of_61_are_refused(api: httpx.Client, upsert: bool) -> None:
    error = fail(api, CREATE_MANY % "id", {"data": [{}] * 61, "upsert": upsert})
    assert error["message"] == "Maximum number of records to upsert is 60."
    assert error["extensions"]["subCode"] == "TOO_MANY_RECORDS_TO_UPDATE"
    assert total(api, "people") == 0


def test_other_mutations_of_many_take_60_records(api: httpx.Client) -> None:
    create(api, "people", [{"city": "Rome"} for _ in range(61)])
    everyone = 'filter: {city: {eq: "Rome"}}'
    for mutation, said in (
        (f'updatePeople({everyone}, data: {{jobTitle: "x"}})', "Cannot update more than 60 records at once"),
        (f"deletePeople({everyone})", "Cannot delete more than 60 records at once"),
        (f"restorePeople({everyone})", "Cannot restore more than 60 records at once"),
        (f"destroyPeople({everyone})", "Cannot destroy more than 60 records at once"),
    ):
        error = fail(api, f"mutation {{ {mutation} {{ id }} }}")
        assert error["message"] == said
        assert error["extensions"]["subCode"].startswith("TOO_MANY_RECORDS_TO_")
    assert total(api, "people", "{jobTitle: {is: NULL}}") == 61
    [first] = nodes(one(api, "{ people(first: 1) { edges { node { id } } } }"))
    ask(api, f'mutation {{ destroyPerson(id: "{first["id"]}") {{ id }} }}')
    assert len(one(api, f'mutation {{ updatePeople({everyone}, data: {{jobTitle: "x"}}) {{ id }} }}')) == 60


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"emails": {"primaryEmail": "bad"}}, "Invalid string value 'bad' for email field \"emails.primaryEmail\""),
        ({"foo": 1}, 'Object person doesn\'t have any "foo" field.'),
        ({"companyId": MISSING}, '"companyId" must be the id of an existing record'),
        ({"id": "x"}, 'Value "x" is not a valid UUID'),
        ({"emails": {"primaryEmail": "taken@x.example"}}, "A duplicate entry was detected"),
        ({"company": {"connect": {"where": {"id": MISSING}}}}, "Expected 1 record to connect to company, but found 0"),
        ({"company": {"create": {"foo": 1}}}, 'Object company doesn\'t have any "foo" field.'),
    ],
)
def test_a_batch_with_one_bad_record_writes_nothing_and_says_which(api: httpx.Client, wrong: Record, said: str) -> None:
    create(api, "people", [{"emails": {"primaryEmail": "taken@x.example"}}])
    error = fail(api, CREATE_MANY % "id", {"data": [{}, {"jobTitle": "b"}, wrong, {}]})
    assert error["message"].startswith(said)
    assert error["extensions"]["index"] == 2
    assert (total(api, "people"), total(api, "companies")) == (1, 0)
    error = fail(api, CREATE % "id", {"data": wrong})
    assert error["message"].startswith(said)
    assert "index" not in error["extensions"]


def test_a_duplicate_says_which_record_has_the_value(api: httpx.Client) -> None:
    create(api, "people", [{"id": ADA, "emails": {"primaryEmail": "ada@x.example"}}])
    conflict = {"conflictingRecordId": ADA, "conflictingObjectNameSingular": "person"}
    data = {"emails": {"primaryEmail": "ADA@x.example"}}
    assert conflict.items() <= fail(api, CREATE % "id", {"data": data})["extensions"].items()
    many = fail(api, CREATE_MANY % "id", {"data": [{}, data]})["extensions"]
    assert (conflict | {"index": 1}).items() <= many.items()
    [other] = create(api, "people", [{}])
    changed = fail(api, UPDATE % "id", {"id": other["id"], "data": data})["extensions"]
    assert conflict.items() <= changed.items()
    # Neither a new record of the same batch nor an id tells more than the message.
    twice = fail(api, CREATE_MANY % "id", {"data": [{"emails": {"primaryEmail": "new@x.example"}}] * 2})["extensions"]
    assert "conflictingRecordId" not in twice
    assert "conflictingRecordId" not in fail(api, CREATE % "id", {"data": {"id": ADA}})["extensions"]


def test_connecting_by_any_unique_key(api: httpx.Client, acme: Record) -> None:
    for where in (
        {"id": ACME},
        {"domainName": {"primaryLinkUrl": "https://acme.example"}},
        {"domainName": {"primaryLinkUrl": "HTTPS://ACME.example/"}},
    ):
        assert made(api, {"company": {"connect": {"where": where}}})["companyId"] == ACME
    shown = one(
        api,
        CREATE_MANY % "companyId",
        {"data": [{"company": {"connect": {"where": {"id": ACME}}}}, {"companyId": ACME}, {"company": None}, {}]},
    )
    assert [person["companyId"] for person in shown] == [ACME, ACME, None, None]


def test_disconnecting(api: httpx.Client, acme: Record) -> None:
    person = made(api, {"companyId": ACME})
    same = one(api, UPDATE % "companyId", {"id": person["id"], "data": {"company": {"disconnect": False}}})
    gone = one(api, UPDATE % "companyId", {"id": person["id"], "data": {"company": {"disconnect": True}}})
    assert gone == {"companyId": None}
    again = {"company": {"connect": {"where": {"id": ACME}}}}
    assert one(api, UPDATE % "companyId", {"id": person["id"], "data": again}) == {"companyId": ACME}
    assert same == {"companyId": ACME}


@pytest.mark.parametrize(
    ("company", "said"),
    [
        ({"id": ACME}, 'Relation "company" requires connect or disconnect operation'),
        (
            {"connect": {"where": {"id": ACME}}, "disconnect": True},
            "Cannot have both connect and disconnect for the same relation field company.",
        ),
        (
            {"connect": {"where": {"id": ACME}}, "create": {}},
            "Cannot combine create, connect, and disconnect for the same relation field company.",
        ),
        (
            {"connect": {"where": {"name": "Acme"}}},
            "Missing required fields: at least one unique constraint have to be fully populated for 'company'.",
        ),
        (
            {"connect": {"where": {"domainName": {"primaryLinkUrl": "https://no.example"}}}},
            "Expected 1 record to connect to company, but found 0 for domainNamePrimaryLinkUrl = https://no.example",
        ),
        ({"connect": {"where": {}}}, 'Relation "company" requires connect or disconnect operation'),
    ],
)
def test_relations_that_make_no_sense(api: httpx.Client, acme: Record, company: Any, said: str) -> None:
    assert message(api, CREATE % "id", {"data": {"company": company}}).startswith(said)
    both = {"companyId": ACME, "company": {"connect": {"where": {"id": ACME}}}}
    assert message(api, CREATE % "id", {"data": both}) == "company and companyId cannot be both provided."
    nested = {"companyId": ACME, "company": {"create": {}}}
    assert message(api, CREATE % "id", {"data": nested}) == "Cannot provide both company.create and companyId"
    assert (
        message(api, CREATE % "id", {"data": {"noteTargets": []}})
        == "One-to-many relation noteTargets field does not support write operations."
    )
    assert total(api, "people") == 0


def test_soft_deleted_records_cannot_be_connected(api: httpx.Client, acme: Record) -> None:
    ask(api, f'mutation {{ deleteCompany(id: "{ACME}") {{ id }} }}')
    data = {"company": {"connect": {"where": {"domainName": {"primaryLinkUrl": "https://acme.example"}}}}}
    assert "found 0" in message(api, CREATE % "id", {"data": data})


def test_morph_relations(api: httpx.Client, acme: Record) -> None:
    answer = ask(
        api,
        f"""mutation {{
            createNote(data: {{id: "{ADA}", title: "N"}}) {{ id }}
            a: createNoteTarget(data: {{noteId: "{ADA}", targetCompanyId: "{ACME}"}}) {{
                note {{ title }} targetCompany {{ __typename name }} targetPerson {{ id }} targetPersonId
            }}
            b: createNoteTarget(data: {{
                note: {{connect: {{where: {{id: "{ADA}"}}}}}} targetPerson: {{create: {{jobTitle: "New"}}}}
            }}) {{ note {{ noteTargets {{ totalCount }} }} targetPerson {{ __typename jobTitle }} }}
        }}""",
    )
    assert answer["a"] == {
        "note": {"title": "N"},
        "targetCompany": {"__typename": "Company", "name": "Acme"},
        "targetPerson": None,
        "targetPersonId": None,
    }
    assert answer["b"] == {
        "note": {"noteTargets": {"totalCount": 2}},
        "targetPerson": {"__typename": "Person", "jobTitle": "New"},
    }


# Nested records


@pytest.fixture
def chain(api: httpx.Client) -> httpx.Client:
    """Links, each of which may have a next one."""
    make_object(api, "chainLink")
    link = object_id(api, "chainLink")
    make_field(api, link, type="RELATION", name="next", relationCreationPayload=relation(link, "Previous"))
    return api


def nested(depth: int) -> Record:
    record: Record = {"name": "0"}
    for level in range(1, depth + 1):
        record = {"name": str(level), "next": {"create": record}}
    return record


LINK = "mutation($data: ChainLinkCreateInput!) { createChainLink(data: $data) { %s } }"
LINKS = "mutation($data: [ChainLinkCreateInput!]!) { createChainLinks(data: $data) { %s } }"


def test_nested_records_five_deep(chain: httpx.Client) -> None:
    shown = one(
        chain, LINK % "name next { name next { name next { name next { name next { name } } } } }", {"data": nested(5)}
    )
    names = []
    while shown:
        names.append(shown["name"])
        shown = shown.get("next")
    assert names == ["5", "4", "3", "2", "1", "0"]
    error = fail(chain, LINK % "id", {"data": nested(6)})
    assert error["message"] == "Nested relation create depth cannot exceed 5"
    assert error["extensions"]["subCode"] == "INVALID_ARGS_DATA"
    assert total(chain, "chainLinks") == 6


def test_nested_records_are_limited_in_number(chain: httpx.Client) -> None:
    shown = one(chain, LINKS % "name next { name }", {"data": [nested(1) for _ in range(60)]})
    assert shown == [{"name": "1", "next": {"name": "0"}}] * 60
    assert message(chain, LINKS % "id", {"data": [nested(2) for _ in range(31)]}).startswith(
        "Maximum number of nested records to create is"
    )
    assert total(chain, "chainLinks") == 120


def test_nested_records_go_through_all_checks_and_are_made_together(chain: httpx.Client) -> None:
    good, bad = {"next": {"create": {"name": "ok"}}}, {"next": {"create": {"next": {"create": {"position": "here"}}}}}
    error = fail(chain, LINKS % "id", {"data": [good, good, bad]})
    assert error["extensions"]["index"] == 2
    taken = str(uuid4())
    create(chain, "chainLinks", [{"id": taken}])
    error = fail(chain, LINKS % "id", {"data": [good, {"next": {"create": {"id": taken}}}]})
    assert error["message"] == "A duplicate entry was detected"
    assert error["extensions"]["index"] == 1
    dangling = {"next": {"create": {"nextId": MISSING}}}
    assert "must be the id of an existing record" in message(chain, LINKS % "id", {"data": [good, dangling]})
    assert total(chain, "chainLinks") == 1


def test_nested_records_with_connections_and_actors(api: httpx.Client, acme: Record) -> None:
    [ada] = create(api, "people", [{"id": ADA, "companyId": ACME}])
    shown = one(
        api,
        """mutation($data: OpportunityCreateInput!) { createOpportunity(data: $data) {
            company { name createdBy { source } position } pointOfContact { id company { name } }
        } }""",
        {
            "data": {
                "company": {"create": {"name": "New", "createdBy": {"source": "IMPORT"}}},
                "pointOfContact": {"connect": {"where": ada}},
            }
        },
    )
    assert shown["company"]["createdBy"] == {"source": "IMPORT"}
    assert shown["company"]["name"] == "New"
    assert shown["pointOfContact"] == {"id": ADA, "company": {"name": "Acme"}}


def test_nested_records_only_where_records_are_created(api: httpx.Client) -> None:
    [person] = create(api, "people", [{}])
    data = {"company": {"create": {"name": "x"}}}
    refused = "Nested relation create is not supported in this operation"
    assert message(api, UPDATE % "id", {"id": person["id"], "data": data}) == refused
    many = "mutation($data: PersonUpdateInput!) { updatePeople(filter: {id: {is: NOT_NULL}}, data: $data) { id } }"
    assert message(api, many, {"data": data}) == refused
    assert total(api, "companies") == 0


def test_nested_records_of_an_upsert(api: httpx.Client, events: Events) -> None:
    """They are created beside new and known records alike, with the whole batch or not at all."""
    known: Record = {"emails": {"primaryEmail": "ada@x.example"}}
    create(api, "people", [{**known, "jobTitle": "CTO", "city": "Rome"}])
    events()
    data: list[Record] = [
        {**known, "jobTitle": "CEO", "company": {"create": {"name": "First"}}},
        {"emails": {"primaryEmail": "ben@x.example"}, "company": {"create": {"name": "Second"}}},
        {"emails": {"primaryEmail": "cyd@x.example"}},
    ]
    shown = one(api, CREATE_MANY % "jobTitle city company { name }", {"data": data, "upsert": True})
    assert shown == [
        {"jobTitle": "CEO", "city": "Rome", "company": {"name": "First"}},
        {"jobTitle": "", "city": "", "company": {"name": "Second"}},
        {"jobTitle": "", "city": "", "company": None},
    ]
    written = [(event.object, event.operation) for event in events()]
    assert sorted(written) == [
        *[("company", "created")] * 2,
        *[("person", "created")] * 2,
        ("person", "updated"),
    ]
    domain = {"domainName": {"primaryLinkUrl": "https://taken.example"}}
    create(api, "companies", [{"name": "Taken", **domain}])
    [ben] = nodes(
        one(api, '{ people(filter: {emails: {primaryEmail: {eq: "ben@x.example"}}}) { edges { node { id } } } }')
    )
    events()
    for bad, words in (
        ({"company": {"create": domain}}, "A duplicate entry was detected"),
        ({"companyId": MISSING}, "must be the id of an existing record"),
        ({"id": ben["id"], **known}, "Multiple records found with the same unique field values"),
        ({"company": {"create": {"position": "here"}}}, "Invalid position value"),
    ):
        error = fail(api, CREATE_MANY % "id", {"data": [{**data[0], "jobTitle": "no"}, bad], "upsert": True})
        assert words in error["message"]
        assert error["extensions"]["index"] == 1
    assert (total(api, "people"), total(api, "companies"), events()) == (3, 3, [])


# Changes


def test_updates_change_only_what_is_given(api: httpx.Client) -> None:
    [person] = create(api, "people", [{"jobTitle": "a", "city": "Rome", "name": {"firstName": "A", "lastName": "B"}}])
    shown = one(
        api,
        UPDATE % "jobTitle city name { firstName lastName }",
        {"id": person["id"], "data": {"name": {"lastName": "C"}}},
    )
    assert shown == {"jobTitle": "a", "city": "Rome", "name": {"firstName": "A", "lastName": "C"}}
    assert one(api, UPDATE % "jobTitle", {"id": person["id"], "data": {}}) == {"jobTitle": "a"}
    error = fail(api, UPDATE % "id", {"id": MISSING, "data": {}})
    assert (error["message"], error["extensions"]["code"]) == ("Record not found", "NOT_FOUND")


def test_updates_of_many(api: httpx.Client, acme: Record) -> None:
    create(api, "people", [{"jobTitle": "a"}, {"jobTitle": "b"}, {"jobTitle": "b", "companyId": ACME}])
    update = """mutation($filter: PersonFilterInput!, $data: PersonUpdateInput!) {
        updatePeople(filter: $filter, data: $data) { jobTitle company { name } }
    }"""
    assert one(api, update, {"filter": {"jobTitle": {"eq": "none"}}, "data": {"jobTitle": "c"}}) == []
    shown = one(api, update, {"filter": {"company": {"name": {"eq": "Acme"}}}, "data": {"jobTitle": "c"}})
    assert shown == [{"jobTitle": "c", "company": {"name": "Acme"}}]
    # The records are shown although they do not match any more.
    shown = one(api, update, {"filter": {"jobTitle": {"eq": "b"}}, "data": {"jobTitle": "d", "companyId": ACME}})
    assert shown == [{"jobTitle": "d", "company": {"name": "Acme"}}]


@pytest.mark.parametrize(
    "filter",
    [
        "{}",
        "{and: []}",
        "{or: []}",
        "{not: {}}",
        "{and: [{}]}",
        "{or: [{}, {not: {and: []}}]}",
        "{name: {}}",
        "{company: {}}",
        '{or: [{jobTitle: {eq: "a"}}, {}]}',
    ],
)
def test_mutations_of_many_need_a_filter_that_says_something(api: httpx.Client, filter: str) -> None:
    create(api, "people", [{"jobTitle": "a"}])
    for mutation in ('updatePeople(data: {jobTitle: "x"}, ', "deletePeople(", "restorePeople(", "destroyPeople("):
        error = fail(api, f"mutation {{ {mutation} filter: {filter}) {{ id }} }}")
        assert error["message"] == "A non-empty filter is required for a bulk mutation"
        assert error["extensions"]["subCode"] == "INVALID_ARGS_FILTER"
        error = fail(api, f"mutation {{ {mutation} filter: null) {{ id }} }}")
        assert (error["message"], error["extensions"]["subCode"]) == ("Filter is required", "INVALID_QUERY_INPUT")
    assert total(api, "people", '{jobTitle: {eq: "a"}}') == 1


# Upserts


def test_upserts_match_any_unique_key_and_restore(api: httpx.Client) -> None:
    make_field(api, object_id(api, "person"), type="TEXT", name="badge", isUnique=True)
    data: list[Record] = [
        {"id": ADA, "jobTitle": "by id"},
        {"emails": {"primaryEmail": "mail@x.example"}, "jobTitle": "by mail"},
        {"badge": "B1", "jobTitle": "by badge"},
    ]
    first = one(api, CREATE_MANY % "id jobTitle city", {"data": [{**row, "city": "Rome"} for row in data]})
    ids = [person["id"] for person in first]
    gone = ", ".join(f'"{record_id}"' for record_id in ids[1:])
    ask(api, f"mutation {{ deletePeople(filter: {{id: {{in: [{gone}]}}}}) {{ id }} }}")
    again = [{**row, "jobTitle": row["jobTitle"].upper()} for row in reversed(data)]
    shown = one(
        api, CREATE_MANY % "id jobTitle city deletedAt", {"data": [{"jobTitle": "new"}, *again], "upsert": True}
    )
    assert [person["id"] for person in shown[1:]] == ids[::-1]
    assert [person["jobTitle"] for person in shown] == ["new", "BY BADGE", "BY MAIL", "BY ID"]
    assert [person["city"] for person in shown] == ["", "Rome", "Rome", "Rome"]
    assert [person["deletedAt"] for person in shown] == [None] * 4
    assert total(api, "people") == 4


def test_an_upsert_is_all_or_nothing(api: httpx.Client) -> None:
    create(api, "people", [{"emails": {"primaryEmail": "a@x.example"}, "jobTitle": "old"}])
    data = [
        {"emails": {"primaryEmail": "a@x.example"}, "jobTitle": "new"},
        {"emails": {"primaryEmail": "b@x.example"}},
        {"emails": {"primaryEmail": "b@x.example"}, "companyId": MISSING},
    ]
    error = fail(api, CREATE_MANY % "id", {"data": data, "upsert": True})
    assert error["extensions"]["index"] == 2
    assert (total(api, "people"), total(api, "people", '{jobTitle: {eq: "old"}}')) == (1, 1)


def test_an_upsert_that_matches_two_records_is_refused(api: httpx.Client) -> None:
    create(api, "people", [{"id": ADA}, {"emails": {"primaryEmail": "b@x.example"}}])
    data = [{}, {"id": ADA, "emails": {"primaryEmail": "b@x.example"}, "jobTitle": "x"}]
    error = fail(api, CREATE_MANY % "id", {"data": data, "upsert": True})
    assert error["message"] == (
        f"Multiple records found with the same unique field values for id: {ADA}, emails.primaryEmail: b@x.example."
        " Cannot determine which record to update."
    )
    assert error["extensions"]["subCode"] == "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"
    assert error["extensions"]["index"] == 1
    assert (total(api, "people"), total(api, "people", '{jobTitle: {eq: "x"}}')) == (2, 0)


def test_upserting_one_twice_gives_the_same_state(api: httpx.Client) -> None:
    data = {"emails": {"primaryEmail": "a@x.example"}, "jobTitle": "a"}
    first = one(api, CREATE % "id jobTitle position", {"data": data, "upsert": True})
    assert one(api, CREATE % "id jobTitle position", {"data": data, "upsert": True}) == first
    shown = one(
        api,
        CREATE % "id jobTitle company { name people { totalCount } }",
        {"data": {**data, "jobTitle": "b"}, "upsert": True},
    )
    assert shown == {"id": first["id"], "jobTitle": "b", "company": None}


# Values and arguments


@pytest.mark.parametrize(
    ("mutation", "said", "code"),
    [
        ("createPerson { id }", 'Missing required argument: "data" (object)', "INVALID_QUERY_INPUT"),
        ("createPeople { id }", 'Missing required argument: "data" (array)', "INVALID_QUERY_INPUT"),
        ("updatePerson(data: {}) { id }", 'Missing required argument: "id" (UUID)', "INVALID_QUERY_INPUT"),
        ('updatePerson(id: "x", data: {}) { id }', 'Missing required argument: "id" (UUID)', "INVALID_QUERY_INPUT"),
        (f'updatePerson(id: "{ADA}") {{ id }}', 'Missing required argument: "data" (object)', "INVALID_QUERY_INPUT"),
        ("deletePerson { id }", 'Missing required argument: "id" (UUID)', "INVALID_QUERY_INPUT"),
        (
            "createPerson(data: {}, upsert: 1) { id }",
            'Invalid argument: "upsert" must be a boolean',
            "INVALID_QUERY_INPUT",
        ),
        (
            "createPerson(data: {}, conflictKeys: []) { id }",
            "Argument not allowed: conflictKeys",
            "INVALID_QUERY_INPUT",
        ),
        (
            "mergePeople(conflictPriorityIndex: 0) { id }",
            'Missing required argument: "ids" (array)',
            "INVALID_QUERY_INPUT",
        ),
        (
            f'mergePeople(ids: ["{ADA}"], conflictPriorityIndex: 0) {{ id }}',
            "At least 2 record IDs are required for merge",
            "INVALID_QUERY_INPUT",
        ),
        (
            'createPerson(data: {searchVector: "x"}) { id }',
            "searchVector TS_VECTOR-typed field does not support write",
            "INVALID_ARGS_DATA",
        ),
        (
            "createPerson(data: {jobTitle: 1}) { id }",
            'Invalid string value 1 for text field "jobTitle"',
            "INVALID_ARGS_DATA",
        ),
        (
            "createPerson(data: {name: {first: 1}}) { id }",
            'Invalid subfield first for full name field "name"',
            "INVALID_ARGS_DATA",
        ),
        (
            "createOpportunity(data: {stage: NOPE}) { id }",
            'Invalid value "NOPE" for field "stage". Valid values are:',
            "INVALID_ARGS_DATA",
        ),
        ("createPerson(data: 1) { id }", "", None),
        ("createPeople(data: [1]) { id }", "", None),
        ("createPeople(data: [null]) { id }", "", None),
        (
            "updatePeople(filter: 1, data: {}) { id }",
            'Invalid argument: "filter" must be an object',
            "INVALID_QUERY_INPUT",
        ),
    ],
)
def test_arguments_and_values_that_are_refused(api: httpx.Client, mutation: str, said: str, code: str | None) -> None:
    error = fail(api, f"mutation {{ {mutation} }}")
    assert error["message"].startswith(said)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    if code is not None:
        assert error["extensions"]["subCode"] == code
    assert (total(api, "people"), total(api, "opportunities")) == (0, 0)


def test_a_selection_at_fault_writes_nothing(api: httpx.Client) -> None:
    for selection in (
        "id foo",
        "company { foo }",
        "...Missing",
        "people(first: -1) { totalCount }",
        "people { edges { node { foo } } }",
    ):
        fail(api, f'mutation {{ createCompany(data: {{name: "x"}}) {{ {selection} }} }}')
        fail(api, f"mutation {{ destroyCompanies(filter: {{id: {{is: NOT_NULL}}}}) {{ {selection} }} }}")
    assert total(api, "companies") == 0


def test_merging(api: httpx.Client, acme: Record) -> None:
    ids = [
        person["id"]
        for person in create(api, "people", [{"jobTitle": "a", "city": "Rome"}, {"jobTitle": "b", "companyId": ACME}])
    ]
    document = """mutation($ids: [UUID!]!, $dry: Boolean) {
        mergePeople(ids: $ids, conflictPriorityIndex: 1, dryRun: $dry) { id jobTitle city deletedAt company { name } }
    }"""
    dry = one(api, document, {"ids": ids, "dry": True})
    assert dry["id"] not in ids
    assert dry["deletedAt"]
    assert (dry["jobTitle"], dry["city"], dry["company"]) == ("b", "Rome", {"name": "Acme"})
    assert total(api, "people") == 2
    merged = one(api, document, {"ids": ids})
    assert merged == {"id": ids[1], "jobTitle": "b", "city": "Rome", "deletedAt": None, "company": {"name": "Acme"}}
    assert total(api, "people") == 1
