"""What a document may ask of records, at every place: aliases, fragments, directives, type names, lenient values."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.records.wire import make_object, options

from .calls import Record, ask, create, fail, message, nodes, one, send, total

ADA = "11111111-1111-4111-8111-000000000001"
BOB = "11111111-1111-4111-8111-000000000002"
ACME = "22222222-2222-4222-8222-000000000001"


@pytest.fixture
def crm(api: httpx.Client) -> httpx.Client:
    """Two people, one of them at a company."""
    create(api, "companies", [{"id": ACME, "name": "Acme", "domainName": {"primaryLinkUrl": "https://acme.example"}}])
    create(
        api,
        "people",
        [
            {
                "id": ADA,
                "name": {"firstName": "Ada", "lastName": "King"},
                "emails": {"primaryEmail": "ada@acme.example"},
                "companyId": ACME,
                "jobTitle": "CTO",
                "position": 1,
            },
            {"id": BOB, "name": {"firstName": "Bob"}, "position": 2},
        ],
    )
    return api


def test_every_root_field_of_a_standard_object(crm: httpx.Client) -> None:
    answer = ask(
        crm,
        f"""{{
            people(orderBy: {{position: AscNullsLast}}) {{ totalCount edges {{ node {{ id }} }} }}
            person(filter: {{id: {{eq: "{ADA}"}}}}) {{ name {{ firstName }} }}
            personDuplicates(ids: ["{ADA}", "{BOB}"]) {{ totalCount }}
            peopleGroupBy(groupBy: [{{jobTitle: true}}]) {{ groupByDimensionValues totalCount }}
            search(searchInput: "ada", limit: 5) {{ edges {{ node {{ recordId }} }} }}
        }}""",
    )
    assert answer == {
        "people": {"totalCount": 2, "edges": [{"node": {"id": ADA}}, {"node": {"id": BOB}}]},
        "person": {"name": {"firstName": "Ada"}},
        "personDuplicates": [{"totalCount": 0}, {"totalCount": 0}],
        "peopleGroupBy": [
            {"groupByDimensionValues": ["CTO"], "totalCount": 1},
            {"groupByDimensionValues": [None], "totalCount": 1},
        ],
        "search": {"edges": [{"node": {"recordId": ADA}}]},
    }


def test_every_mutation_of_a_standard_object(api: httpx.Client) -> None:
    answer = ask(
        api,
        f"""mutation {{
            createPerson(data: {{id: "{ADA}", jobTitle: "a"}}) {{ id jobTitle }}
            createPeople(data: [{{id: "{BOB}", jobTitle: "b"}}]) {{ id }}
            updatePerson(id: "{ADA}", data: {{jobTitle: "c"}}) {{ jobTitle }}
            updatePeople(filter: {{id: {{in: ["{ADA}", "{BOB}"]}}}}, data: {{city: "Rome"}}) {{ city jobTitle }}
            deletePerson(id: "{ADA}") {{ id deletedAt }}
            restorePerson(id: "{ADA}") {{ id deletedAt }}
            deletePeople(filter: {{id: {{eq: "{BOB}"}}}}) {{ id }}
            restorePeople(filter: {{id: {{eq: "{BOB}"}}}}) {{ deletedAt }}
            mergePeople(ids: ["{ADA}", "{BOB}"], conflictPriorityIndex: 1) {{ id jobTitle }}
            destroyPerson(id: "{BOB}") {{ id jobTitle }}
            destroyPeople(filter: {{id: {{is: NOT_NULL}}}}) {{ id }}
        }}""",
    )
    assert answer["createPerson"] == {"id": ADA, "jobTitle": "a"}
    assert answer["createPeople"] == [{"id": BOB}]
    assert answer["updatePerson"] == {"jobTitle": "c"}
    assert answer["updatePeople"] == [{"city": "Rome", "jobTitle": "c"}, {"city": "Rome", "jobTitle": "b"}]
    assert answer["deletePerson"]["deletedAt"] is not None
    assert answer["restorePerson"] == {"id": ADA, "deletedAt": None}
    assert answer["deletePeople"] == [{"id": BOB}]
    assert answer["restorePeople"] == [{"deletedAt": None}]
    assert answer["mergePeople"] == {"id": BOB, "jobTitle": "b"}
    assert answer["destroyPerson"] == {"id": BOB, "jobTitle": "b"}
    assert answer["destroyPeople"] == []
    assert total(api, "people", "{deletedAt: {is: NOT_NULL}}") == 0


def test_every_root_field_of_a_custom_object(api: httpx.Client) -> None:
    make_object(api, "http2Server", {"type": "SELECT", "name": "stage", "options": options("LOW", "HIGH")})
    answer = ask(
        api,
        f"""mutation {{
            createHttp2Server(data: {{id: "{ADA}", name: "One", stage: HIGH}}) {{ __typename id name stage }}
            createHttp2Servers(data: [{{id: "{BOB}", name: "Two", stage: LOW}}]) {{ name }}
            updateHttp2Server(id: "{ADA}", data: {{name: "1"}}) {{ name }}
            updateHttp2Servers(filter: {{name: {{eq: "Two"}}}}, data: {{name: "2"}}) {{ name }}
            deleteHttp2Server(id: "{ADA}") {{ id }}
            restoreHttp2Servers(filter: {{id: {{eq: "{ADA}"}}}}) {{ id }}
        }}""",
    )
    assert answer["createHttp2Server"] == {"__typename": "Http2Server", "id": ADA, "name": "One", "stage": "HIGH"}
    assert answer["createHttp2Servers"] == [{"name": "Two"}]
    assert answer["updateHttp2Server"] == {"name": "1"}
    assert answer["updateHttp2Servers"] == [{"name": "2"}]
    assert answer["restoreHttp2Servers"] == [{"id": ADA}]
    assert ask(
        api,
        f"""{{
            http2Servers(orderBy: {{stage: AscNullsLast}}) {{ totalCount edges {{ node {{ name stage }} }} }}
            http2Server(filter: {{stage: {{eq: HIGH}}}}) {{ name }}
            http2ServerDuplicates(ids: ["{ADA}"]) {{ totalCount }}
            http2ServersGroupBy(groupBy: {{stage: true}}) {{ groupByDimensionValues totalCount }}
        }}""",
    ) == {
        "http2Servers": {
            "totalCount": 2,
            "edges": [{"node": {"name": "2", "stage": "LOW"}}, {"node": {"name": "1", "stage": "HIGH"}}],
        },
        "http2Server": {"name": "1"},
        "http2ServerDuplicates": [{"totalCount": 0}],
        "http2ServersGroupBy": [
            {"groupByDimensionValues": ["LOW"], "totalCount": 1},
            {"groupByDimensionValues": ["HIGH"], "totalCount": 1},
        ],
    }
    assert len(one(api, "mutation { destroyHttp2Servers(filter: {id: {is: NOT_NULL}}) { id } }")) == 2
    assert "duplicate criteria" in message(
        api, f'mutation {{ mergeHttp2Servers(ids: ["{ADA}", "{BOB}"], conflictPriorityIndex: 0) {{ id }} }}'
    )


def test_aliases_at_every_place(crm: httpx.Client) -> None:
    answer = ask(
        crm,
        """{
            first: people(first: 1, orderBy: {position: AscNullsLast}) {
                count: totalCount n: totalCount
                rows: edges { at: cursor row: node {
                    pk: id called: name { given: firstName family: lastName } again: name { firstName }
                    job: jobTitle title: jobTitle employer: companyId works: company { label: name again: name }
                    other: company { id people { edges { node { boss: company { name } } } } }
                } }
                info: pageInfo { more: hasNextPage }
            }
            last: people(last: 1, orderBy: {position: AscNullsLast}) { edges { node { id } } }
        }""",
    )
    [row] = answer["first"]["rows"]
    assert (answer["first"]["count"], answer["first"]["n"], answer["first"]["info"]) == (2, 2, {"more": True})
    assert row["row"] == {
        "pk": ADA,
        "called": {"given": "Ada", "family": "King"},
        "again": {"firstName": "Ada"},
        "job": "CTO",
        "title": "CTO",
        "employer": ACME,
        "works": {"label": "Acme", "again": "Acme"},
        "other": {"id": ACME, "people": {"edges": [{"node": {"boss": {"name": "Acme"}}}]}},
    }
    assert list(row["row"]) == ["pk", "called", "again", "job", "title", "employer", "works", "other"]
    assert nodes(answer["last"]) == [{"id": BOB}]


def test_fragments_at_every_place(crm: httpx.Client) -> None:
    answer = ask(
        crm,
        f"""query {{ ...Root ... on Query {{ more: people {{ ...Count }} }} ... {{ plain: people {{ totalCount }} }} }}
        fragment Root on Query {{ person(filter: {{id: {{eq: "{ADA}"}}}}) {{ ...Person }} }}
        fragment Person on Person {{ id ...Name ... on Person {{ company {{ ...Company }} }} ... {{ jobTitle }} }}
        fragment Name on Person {{ name {{ ... on FullName {{ firstName }} ...Last }} }}
        fragment Last on FullName {{ lastName }}
        fragment Company on Company {{ name people {{ ...Count edges {{ ...Edge }} pageInfo {{ ...Info }} }} }}
        fragment Count on PersonConnection {{ totalCount }}
        fragment Edge on PersonEdge {{ node {{ ... on Person {{ id }} }} }}
        fragment Info on PageInfo {{ hasNextPage }}""",
    )
    assert answer == {
        "person": {
            "id": ADA,
            "name": {"firstName": "Ada", "lastName": "King"},
            "company": {
                "name": "Acme",
                "people": {"totalCount": 1, "edges": [{"node": {"id": ADA}}], "pageInfo": {"hasNextPage": False}},
            },
            "jobTitle": "CTO",
        },
        "more": {"totalCount": 2},
        "plain": {"totalCount": 2},
    }


def test_one_key_in_several_places_is_put_together(crm: httpx.Client) -> None:
    answer = one(
        crm,
        f"""{{ person(filter: {{id: {{eq: "{ADA}"}}}}) {{ id name {{ firstName }} ...More company {{ name }} }} }}
        fragment More on Person {{ id name {{ lastName }} company {{ people(first: 1) {{ totalCount }} }} ...Again }}
        fragment Again on Person {{ company {{ people(first: 1) {{ edges {{ node {{ id }} }} }} }} }}""",
    )
    assert answer == {
        "id": ADA,
        "name": {"firstName": "Ada", "lastName": "King"},
        "company": {"people": {"totalCount": 1, "edges": [{"node": {"id": ADA}}]}, "name": "Acme"},
    }
    assert ask(crm, "{ people(first: 1) { totalCount } people(first: 1) { pageInfo { hasNextPage } } }") == {
        "people": {"totalCount": 2, "pageInfo": {"hasNextPage": True}}
    }


@pytest.mark.parametrize(
    "document",
    [
        "{ people(first: 1) { totalCount } people(first: 2) { totalCount } }",
        "{ people { totalCount } people: companies { totalCount } }",
        "{ people { edges { node { id id: jobTitle } } } }",
        "{ companies { edges { node { people(first: 1) { totalCount } people(first: 2) { totalCount } } } } }",
    ],
)
def test_one_key_for_different_things_is_refused(crm: httpx.Client, document: str) -> None:
    error = fail(crm, document)
    assert "conflict" in error["message"]
    assert len(error["locations"]) == 2 or "path" in error


@pytest.mark.parametrize("wanted", [True, False])
def test_directives_with_variables(crm: httpx.Client, wanted: bool) -> None:
    answer = ask(
        crm,
        f"""query($yes: Boolean!, $default: Boolean = true) {{
            companies @include(if: $yes) {{ totalCount }}
            person(filter: {{id: {{eq: "{ADA}"}}}}) {{
                id
                jobTitle @include(if: $yes)
                position @skip(if: $yes)
                city @skip(if: $default)
                name {{ firstName lastName @include(if: $yes) }}
                company @include(if: $yes) {{ name @skip(if: false) }}
                ...Emails @skip(if: $yes)
                ... on Person @include(if: $yes) @skip(if: false) {{ companyId }}
            }}
        }}
        fragment Emails on Person {{ emails {{ primaryEmail }} }}""",
        {"yes": wanted},
    )
    if wanted:
        assert answer == {
            "companies": {"totalCount": 1},
            "person": {
                "id": ADA,
                "jobTitle": "CTO",
                "name": {"firstName": "Ada", "lastName": "King"},
                "company": {"name": "Acme"},
                "companyId": ACME,
            },
        }
    else:
        assert answer == {
            "person": {
                "id": ADA,
                "position": 1,
                "name": {"firstName": "Ada"},
                "emails": {"primaryEmail": "ada@acme.example"},
            }
        }


@pytest.mark.parametrize(
    ("directive", "said"),
    [
        ("@include", '"@include" needs the argument "if"'),
        ("@include(if: 1)", '"@include" needs the argument "if"'),
        ("@skip(if: $unknown)", '"@skip" needs the argument "if"'),
        ("@live", 'Unknown directive "@live"'),
    ],
)
def test_directives_that_say_nothing(api: httpx.Client, directive: str, said: str) -> None:
    assert said in message(api, f"{{ people {{ totalCount {directive} }} }}")
    assert said in message(api, f"{{ people {directive} {{ totalCount }} }}")


def test_type_names_everywhere(crm: httpx.Client) -> None:
    create(crm, "opportunities", [{"name": "Deal", "companyId": ACME, "amount": {"amountMicros": 5}}])
    t = "__typename"
    answer = ask(
        crm,
        f"""{{
            {t}
            people(first: 1, orderBy: {{position: AscNullsLast}}) {{ {t} pageInfo {{ {t} }} edges {{ {t} cursor node {{
                {t} kind: {t} name {{ {t} }} emails {{ {t} }} phones {{ {t} }} linkedinLink {{ {t} }}
                createdBy {{ {t} }}
                company {{ {t} address {{ {t} }} annualRevenue {{ {t} }}
                           opportunities {{ {t} edges {{ {t} node {{ {t} amount {{ {t} }} }} }} }} }}
            }} }} }}
            peopleGroupBy(groupBy: {{jobTitle: true}}) {{ {t} edges {{ {t} node {{ {t} }} }} }}
            personDuplicates(ids: ["{ADA}"]) {{ {t} pageInfo {{ {t} }} }}
            search(searchInput: "ada", limit: 1) {{ {t} edges {{ {t} node {{ {t} }} }} pageInfo {{ {t} }} }}
        }}""",
    )
    assert answer["__typename"] == "Query"
    people = answer["people"]
    assert (people[t], people["pageInfo"][t], people["edges"][0][t]) == ("PersonConnection", "PageInfo", "PersonEdge")
    node = people["edges"][0]["node"]
    deal = node["company"].pop("opportunities")
    assert node == {
        t: "Person",
        "kind": "Person",
        "name": {t: "FullName"},
        "emails": {t: "Emails"},
        "phones": {t: "Phones"},
        "linkedinLink": {t: "Links"},
        "createdBy": {t: "Actor"},
        "company": {t: "Company", "address": {t: "Address"}, "annualRevenue": {t: "Currency"}},
    }
    assert deal == {
        t: "OpportunityConnection",
        "edges": [{t: "OpportunityEdge", "node": {t: "Opportunity", "amount": {t: "Currency"}}}],
    }
    group = answer["peopleGroupBy"][0]
    assert group == {t: "PersonGroupByConnection", "edges": [{t: "PersonEdge", "node": {t: "Person"}}]}
    assert answer["personDuplicates"] == [{t: "PersonConnection", "pageInfo": {t: "PageInfo"}}]
    assert answer["search"] == {
        t: "SearchResultConnection",
        "edges": [{t: "SearchResultEdge", "node": {t: "SearchRecord"}}],
        "pageInfo": {t: "SearchResultPageInfo"},
    }
    assert ask(crm, f"mutation {{ {t} createNote(data: {{}}) {{ {t} bodyV2 {{ {t} }} }} }}") == {
        t: "Mutation",
        "createNote": {t: "Note", "bodyV2": {t: "RichText"}},
    }


@pytest.mark.parametrize(
    ("declared", "use", "value"),
    [
        ("$v: ID!", "id: {eq: $v}", ADA),
        ("$v: UUID!", "id: {eq: $v}", ADA),
        ("$v: Whatever", "id: {eq: $v}", ADA),
        ("$v: [ID]", "id: {in: $v}", [ADA]),
        ("$v: String", "jobTitle: {eq: $v}", "CTO"),
        ("$v: Int", "position: {eq: $v}", "1"),
        ("$v: Float", "position: {eq: $v}", 1),
        ("$v: StringFilter", "jobTitle: $v", {"eq": "CTO"}),
        ("$v: FilterIs", "companyId: {is: $v}", "NOT_NULL"),
        ("$v: Boolean", "or: $v", {"jobTitle": {"eq": "CTO"}}),
        ('$v: UUID = "11111111-1111-4111-8111-000000000001"', "id: {eq: $v}", None),
    ],
)
def test_declared_types_are_not_asked(crm: httpx.Client, declared: str, use: str, value: Any) -> None:
    document = f"query({declared}) {{ people(filter: {{{use}}}) {{ edges {{ node {{ id }} }} }} }}"
    variables = {} if value is None else {"v": value}
    assert nodes(one(crm, document, variables)) == [{"id": ADA}]


def test_null_and_missing_arguments_are_absent(crm: httpx.Client) -> None:
    document = """query($filter: PersonFilterInput, $first: Int, $after: String, $order: [PersonOrderByInput!]) {
        people(filter: $filter, first: $first, after: $after, orderBy: $order, before: null, last: null, offset: null) {
            totalCount
        }
    }"""
    assert one(crm, document) == {"totalCount": 2}
    assert one(crm, document, {"filter": None, "first": None, "after": None, "order": None}) == {"totalCount": 2}
    assert one(crm, document, {"filter": {}, "order": []}) == {"totalCount": 2}


def test_one_object_stands_for_a_list_and_text_for_a_number(crm: httpx.Client) -> None:
    assert (
        len(
            nodes(
                one(crm, '{ people(first: "1", orderBy: {name: {lastName: AscNullsLast}}) { edges { node { id } } } }')
            )
        )
        == 1
    )
    assert one(crm, '{ people(filter: {position: {eq: "1"}}) { totalCount } }') == {"totalCount": 1}
    assert one(crm, "{ people(first: 1.0) { totalCount } }") == {"totalCount": 2}
    assert one(crm, f'{{ personDuplicates(ids: "{ADA}") {{ totalCount }} }}') == [{"totalCount": 0}]
    assert one(crm, 'mutation { createPeople(data: {jobTitle: "x"}) { jobTitle } }') == [{"jobTitle": "x"}]


@pytest.mark.parametrize(
    "filter", ["{}", "{and: []}", "{or: []}", "{not: {}}", "{and: [{}, {or: []}], not: {and: []}}", "{name: {}}"]
)
def test_a_filter_that_says_nothing_finds_everything(crm: httpx.Client, filter: str) -> None:
    assert total(crm, "people", filter) == 2


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ('{not: {jobTitle: {eq: "CTO"}}}', 0),
        ("{not: {jobTitle: {is: NULL}}}", 1),
        ('{or: [{jobTitle: {eq: "CTO"}}, {name: {firstName: {eq: "Bob"}}}]}', 2),
        ('{jobTitle: {eq: "CTO"}, name: {firstName: {eq: "Bob"}}}', 0),
        ('{company: {name: {ilike: "%acme%"}}}', 1),
        ('{company: {not: {name: {eq: "Acme"}}}}', 0),
        ("{companyId: {is: NULL}}", 1),
    ],
)
def test_filters(crm: httpx.Client, filter: str, found: int) -> None:
    assert total(crm, "people", filter) == found


def test_filters_through_lists_find_records_with_at_least_one(crm: httpx.Client) -> None:
    create(crm, "companies", [{"name": "Empty"}])
    assert total(crm, "companies", '{people: {jobTitle: {eq: "CTO"}}}') == 1
    assert total(crm, "companies", '{not: {people: {jobTitle: {eq: "CTO"}}}}') == 1
    assert total(crm, "companies", "{people: {}}") == 1
    ask(crm, f'mutation {{ deletePerson(id: "{ADA}") {{ id }} }}')
    assert total(crm, "companies", "{people: {}}") == 0


def test_values_come_as_the_wire_has_them(crm: httpx.Client) -> None:
    node = one(
        crm,
        f"""{{ person(filter: {{id: {{eq: "{BOB}"}}}}) {{
            jobTitle deletedAt company {{ id }} companyId position searchVector
            name {{ firstName lastName }} emails {{ primaryEmail additionalEmails }}
            phones {{ primaryPhoneNumber additionalPhones }} linkedinLink {{ primaryLinkUrl secondaryLinks }}
            createdBy {{ source name workspaceMemberId context }}
        }} }}""",
    )
    assert node == {
        "jobTitle": "",
        "deletedAt": None,
        "company": None,
        "companyId": None,
        "position": 2,
        "searchVector": "'bob':1",
        "name": {"firstName": "Bob", "lastName": ""},
        "emails": {"primaryEmail": "", "additionalEmails": []},
        "phones": {"primaryPhoneNumber": "", "additionalPhones": []},
        "linkedinLink": {"primaryLinkUrl": "", "secondaryLinks": []},
        "createdBy": {"source": "API", "name": "Tests", "workspaceMemberId": None, "context": {}},
    }


def test_lists_of_sub_fields_are_whole_or_selected(crm: httpx.Client) -> None:
    """Older clients select them bare, newer ones by their parts."""
    phones = [{"number": "612345678", "callingCode": "+33", "countryCode": "FR"}]
    ask(
        crm,
        f'mutation($d: PersonUpdateInput!) {{ updatePerson(id: "{ADA}", data: $d) {{ id }} }}',
        {
            "d": {
                "phones": {"additionalPhones": phones},
                "linkedinLink": {
                    "primaryLinkUrl": "https://a.example",
                    "secondaryLinks": [{"url": "https://b.example", "label": "B"}],
                },
            }
        },
    )
    answer = ask(
        crm,
        f"""{{
            bare: person(filter: {{id: {{eq: "{ADA}"}}}}) {{
                phones {{ additionalPhones }} linkedinLink {{ secondaryLinks }}
            }}
            parts: person(filter: {{id: {{eq: "{ADA}"}}}}) {{
                phones {{ additionalPhones {{ number callingCode countryCode }} }}
                linkedinLink {{ secondaryLinks {{ label url }} }}
                createdBy {{ context {{ provider }} }}
            }}
        }}""",
    )
    assert answer["bare"]["phones"]["additionalPhones"] == phones
    assert answer["parts"]["phones"]["additionalPhones"] == phones
    assert answer["bare"]["linkedinLink"] == {"secondaryLinks": [{"label": "B", "url": "https://b.example"}]}
    assert answer["parts"]["linkedinLink"] == {"secondaryLinks": [{"label": "B", "url": "https://b.example"}]}


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("nam", 'Cannot query field "nam" on type "Person". Did you mean "name"'),
        ("jobTitel", 'Cannot query field "jobTitel" on type "Person". Did you mean "jobTitle"'),
        ("name { first }", 'Cannot query field "first" on type "FullName".'),
        ("company { nam }", 'Cannot query field "nam" on type "Company". Did you mean "name"'),
        ("company { people { count } }", 'Cannot query field "count" on type "PersonConnection".'),
        ("company { people { edges { nod { id } } } }", 'Cannot query field "nod" on type "PersonEdge".'),
        ("company { people { pageInfo { hasNext } } }", 'Cannot query field "hasNext" on type "PageInfo".'),
        ("name", 'Field "name" of type "FullName" must have a selection of subfields.'),
        ("company", 'Field "company" of type "Company" must have a selection of subfields.'),
        ("id { x }", 'Field "id" must not have a selection'),
        ("companyId { x }", 'Field "companyId" must not have a selection'),
        ("id(x: 1)", 'Unknown argument "x" on field "id".'),
        ("company(first: 1) { id }", 'Unknown argument "first" on field "company".'),
        ("name(x: 1) { firstName }", 'Unknown argument "x" on field "name".'),
        ("__typename { x }", 'Field "__typename" must not have a selection'),
        ("company { people { edges(x: 1) { cursor } } }", 'Unknown argument "x" on field "edges".'),
        ("company { people { edges { node(x: 1) { id } } } }", 'Unknown argument "x" on field "node".'),
        ("company { people { pageInfo(x: 1) { hasNextPage } } }", 'Unknown argument "x" on field "pageInfo".'),
        ("company { people { totalCount(x: 1) } }", 'Unknown argument "x" on field "totalCount".'),
        ("...Missing", 'Unknown fragment "Missing".'),
        ("... on Company { id }", 'can never be of type "Company"'),
    ],
)
def test_selections_that_the_type_does_not_have(crm: httpx.Client, selection: str, said: str) -> None:
    """The field at fault is null, the others have their data."""
    body = send(crm, f'{{ people {{ totalCount }} person(filter: {{id: {{eq: "{ADA}"}}}}) {{ {selection} }} }}')
    [error] = body["errors"]
    assert error["message"].startswith(said) or said in error["message"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["path"] == ["person"]
    assert error["locations"][0]["column"] > 24
    assert body["data"] == {"people": {"totalCount": 2}, "person": None}


def test_the_place_of_an_error(crm: httpx.Client) -> None:
    error = fail(crm, "{\n  people {\n    edges { node { id\n      foo } }\n  }\n}")
    assert error["locations"] == [{"line": 4, "column": 7}]
    assert error["path"] == ["people"]
    error = fail(crm, "{ a: people(limit: 1) { totalCount } }")
    assert (error["path"], error["locations"]) == (["a"], [{"line": 1, "column": 3}])


def test_unknown_root_fields_leave_the_others_their_data(crm: httpx.Client) -> None:
    body = send(crm, "{ peeple { totalCount } people { totalCount } }")
    assert body["data"] == {"peeple": None, "people": {"totalCount": 2}}
    [error] = body["errors"]
    assert error["message"] == 'Cannot query field "peeple" on type "Query". Did you mean "people"?'
    assert error["path"] == ["peeple"]
    assert error["extensions"]["subCode"] == "UNKNOWN_ROOT_FIELD"


def test_find_one(crm: httpx.Client) -> None:
    assert one(crm, '{ person(filter: {jobTitle: {eq: "CTO"}}) { id } }') == {"id": ADA}
    assert one(crm, "{ person(filter: {position: {gt: 0}}) { id } }") == {"id": ADA}
    error = fail(crm, '{ person(filter: {jobTitle: {eq: "none"}}) { id } }')
    assert (error["message"], error["extensions"]["code"]) == ("Record not found", "NOT_FOUND")
    assert error["extensions"]["subCode"] == "RECORD_NOT_FOUND"
    for arguments in ("", "(filter: {})", "(filter: null)"):
        assert message(crm, f"{{ person{arguments} {{ id }} }}") == "Missing filter argument"


def test_duplicates_are_sought_for_a_batch_at_most(api: httpx.Client) -> None:
    query = (
        "query($ids: [UUID], $data: [PersonCreateInput]) { personDuplicates(ids: $ids, data: $data) { totalCount } }"
    )
    ids = [str(UUID(int=n)) for n in range(61)]
    refused = "Cannot find duplicates of more than 60 records at once"
    assert message(api, query, {"ids": ids}) == message(api, query, {"data": [{}] * 61}) == refused
    assert one(api, query, {"ids": ids[1:]}) == []
    assert len(one(api, query, {"data": [{}] * 60})) == 60
    bodies: list[Record] = [{"ids": ids}, {"data": [{}] * 61}]
    for body in bodies:
        response = api.post("/rest/people/duplicates", json=body)
        assert (response.status_code, response.json()["messages"]) == (400, [refused])


def test_duplicates(crm: httpx.Client) -> None:
    """One connection for each input, in its order."""
    answer = one(
        crm,
        """query($data: [PersonCreateInput!]) {
            personDuplicates(data: $data) { totalCount edges { node { id company { name } } } }
        }""",
        {
            "data": [
                {"name": {"firstName": "Ada", "lastName": "King"}},
                {"name": {"firstName": "Zoe"}},
                {"emails": {"primaryEmail": "ada@acme.example"}},
            ]
        },
    )
    found = {"totalCount": 1, "edges": [{"node": {"id": ADA, "company": {"name": "Acme"}}}]}
    assert answer == [found, {"totalCount": 0, "edges": []}, found]
    create(crm, "people", [{"name": {"firstName": "Ada", "lastName": "King"}}])
    assert one(crm, f'{{ personDuplicates(ids: ["{BOB}", "{ADA}"]) {{ totalCount }} }}') == [
        {"totalCount": 0},
        {"totalCount": 1},
    ]
    for arguments, said in (
        ("", 'You have to provide either "data" or "ids" argument'),
        (f'(ids: ["{ADA}"], data: [{{}}])', 'You cannot provide both "data" and "ids" arguments'),
        ("(data: [])", 'The "data" condition can not be empty when "ids" input not provided'),
    ):
        assert message(crm, f"{{ personDuplicates{arguments} {{ totalCount }} }}") == said
