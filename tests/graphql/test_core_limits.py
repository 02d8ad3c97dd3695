"""Documents that ask for too much, or that try to break things: an error that says where, and a worker that lives."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.support import serving
from threescore.catalog.workspaces import Workspace

from .calls import fail, message, nodes, one, send, total, well_formed


@pytest.fixture(scope="module")
def api(
    database_url: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> Iterator[httpx.Client]:
    """A client of a server with one worker, whose death would be seen."""
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="1") as running:
        workers = {process.pid for process in running.family()}
        headers = {"Authorization": f"Bearer {new_token(new_workspace())}"}
        with httpx.Client(base_url=running.url, headers=headers, timeout=60) as client:
            yield client
        assert {process.pid for process in running.family()} == workers


def below(levels: int) -> str:
    """A person with that many relations below one another."""
    text = "id"
    for level in range(levels, 0, -1):
        text = f"company {{ {text} }}" if level % 2 else f"people {{ edges {{ node {{ {text} }} }} }}"
    return text


def test_depth(api: httpx.Client) -> None:
    assert nodes(one(api, f"{{ people {{ edges {{ node {{ {below(5)} }} }} }} }}")) == []
    error = fail(api, f"{{ people {{ edges {{ node {{ {below(6)} }} }} }} }}")
    assert error["message"] == "Maximum depth of 5 reached"
    assert error["extensions"]["subCode"] == "MAX_DEPTH_REACHED"
    assert error["path"] == ["people"]


def test_root_fields(api: httpx.Client) -> None:
    twenty = " ".join(f"a{n}: people {{ totalCount }}" for n in range(20))
    assert len(send(api, f"{{ {twenty} }}")["data"]) == 20
    error = fail(api, f"{{ {twenty} a20: companies {{ totalCount }} }}")
    assert error["message"] == (
        "Query too complex - Too many root resolvers requested: 21 - Maximum allowed root resolvers: 20"
    )
    many = " ".join(f'a{n}: createPerson(data: {{jobTitle: "{n}"}}) {{ id }}' for n in range(21))
    assert "21" in message(api, f"mutation {{ {many} }}")
    assert total(api, "people") == 0


def test_fields(api: httpx.Client) -> None:
    fields = " ".join(f"a{n}: id" for n in range(1500))
    assert nodes(one(api, f"{{ people {{ edges {{ node {{ {fields} }} }} }} }}")) == []
    error = fail(api, f"{{ people {{ edges {{ node {{ {fields} b: id }} }} }} }}")
    assert error["message"] == "Too many fields: one object may show 1500 at most."
    more = " ".join(f"a{n}: id" for n in range(2001))
    error = fail(api, f"{{ people {{ edges {{ node {{ {more} }} }} }} }}")
    assert error["message"] == "Too many fields: a selection may ask for 2000 at most."
    assert error["locations"][0]["column"] > 10_000


def test_tokens(api: httpx.Client) -> None:
    ids = ", ".join('"x"' for _ in range(11_000))
    error = fail(api, f"{{ people(filter: {{jobTitle: {{in: [{ids}]}}}}) {{ totalCount }} }}")
    assert "token" in error["message"].lower()
    assert error["locations"]


def test_rows_that_pages_could_hold(api: httpx.Client) -> None:
    document = "{{ companies(first: {0}) {{ edges {{ node {{ people(first: {0}) {{ totalCount }} }} }} }} }}"
    assert nodes(one(api, document.format(1000))) == []
    error = fail(api, document.format(1001))
    assert error["extensions"]["subCode"] == "TOO_COMPLEX_QUERY"
    assert "Maximum: 1000000" in error["message"]
    deep = "{ companies { edges { node { people { edges { node { noteTargets { edges { node { id } } } } } } } } } }"
    assert nodes(one(api, deep)) == []
    assert nodes(one(api, "{ people(first: 99999999) { edges { node { id } } } }")) == []


def test_related_fields_that_are_many(api: httpx.Client) -> None:
    def wide(count: int, field: str) -> str:
        listed = " ".join(f"a{n}: {field}" for n in range(count))
        return f"{{ people {{ edges {{ node {{ {listed} }} }} }} }}"

    lists = "noteTargets(first: 1) { edges { node { id } } }"
    assert nodes(one(api, wide(200, "company { id }"))) == []
    assert nodes(one(api, wide(100, lists))) == []
    for document in (
        wide(201, "company { id }"),
        wide(67, "company { x: accountOwner { id } y: accountOwner { id } }"),
        f"mutation {{ createPerson(data: {{}}) {{ {' '.join(f'a{n}: {lists}' for n in range(201))} }} }}",
    ):
        error = fail(api, document)
        assert error["message"].startswith("Query complexity is too high.")
        assert error["message"].endswith("Query complexity: 201. Maximum complexity: 200.")
        assert error["extensions"]["subCode"] == "TOO_COMPLEX_QUERY"
    assert total(api, "people") == 0


@pytest.mark.parametrize(
    "document",
    [
        "{ people(first: %s) { totalCount } }",
        "{ people(filter: {position: {eq: %s}}) { totalCount } }",
        '{ search(searchInput: "x", limit: %s) { edges { cursor } } }',
        "query($n: Int = %s) { people(first: $n) { totalCount } }",
        "mutation { createPerson(data: {position: %s}) { id } }",
    ],
)
def test_whole_numbers_without_an_end(api: httpx.Client, document: str) -> None:
    error = fail(api, document % ("9" * 5000))
    assert error["message"] == "A whole number may have 400 digits at most."
    assert error["locations"]
    assert total(api, "people") == 0


def test_names_that_stand_twice(api: httpx.Client) -> None:
    """Which of the values is meant, nobody can know: a condition must not get lost."""
    twice = '{jobTitle: {eq: "a"}, jobTitle: {eq: "b"}}'
    error = fail(api, f"mutation {{ destroyPeople(filter: {twice}) {{ id }} }}")
    assert error["message"] == 'There can be only one input field named "jobTitle".'
    assert len(error["locations"]) == 2
    assert message(api, "{ people(first: 1, first: 2) { totalCount } }") == (
        'There can be only one argument named "first".'
    )


def test_conditions_on_lists_that_are_many(api: httpx.Client) -> None:
    document = "query($f: CompanyFilterInput) { companies(filter: $f) { totalCount } }"
    many = [{"people": {"jobTitle": {"eq": str(n)}}} for n in range(101)]
    assert one(api, document, {"f": {"or": many[:100]}}) == {"totalCount": 0}
    refused = "A filter may hold at most 100 conditions on lists of related records"
    assert message(api, document, {"f": {"or": many}}) == refused


@pytest.mark.parametrize("levels", [20, 40])
def test_fragments_that_explode(api: httpx.Client, levels: int) -> None:
    """Each spreads the next one twice: 2^levels fields in a few hundred tokens."""
    fragments = " ".join(f"fragment F{n} on Person {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    error = fail(
        api, f"{{ people {{ edges {{ node {{ ...F0 }} }} }} }} {fragments} fragment F{levels} on Person {{ id }}"
    )
    assert "Too many fields" in error["message"]
    nested = " ".join(
        f"fragment F{n} on Company {{ a: people {{ edges {{ node {{ company {{ ...F{n + 1} ...F{n + 1} }} }} }} }} }}"
        for n in range(levels)
    )
    document = f"{{ companies {{ edges {{ node {{ ...F0 }} }} }} }} {nested} fragment F{levels} on Company {{ id }}"
    assert fail(api, document)["path"] == ["companies"]
    root = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    assert "Too many fields" in message(api, f"{{ ...F0 }} {root} fragment F{levels} on Query {{ __typename }}")


@pytest.mark.parametrize(
    "document",
    [
        "{ people { edges { node { ...A } } } } fragment A on Person { ...A }",
        "{ people { edges { node { ...A } } } } fragment A on Person { ...B } fragment B on Person { id ...A }",
        "{ ...A } fragment A on Query { ...A }",
        "{ notes { edges { node { ...A } } } } fragment A on Note { noteTargets { edges { node { note { ...A } } } } }",
        "{ people { ...A } } fragment A on PersonConnection { edges { node { company { people { ...A } } } } }",
    ],
)
def test_fragments_in_circles(api: httpx.Client, document: str) -> None:
    error = fail(api, document)
    assert any(said in error["message"] for said in ("within itself", "Maximum depth", "complexity"))
    assert error["locations"]


@pytest.mark.parametrize("levels", [300, 2000, 4900])
def test_deep_nesting_of_the_text(api: httpx.Client, levels: int) -> None:
    for document in (
        "{ people(filter: " + "{and: [" * levels + "]}" * levels + ") { totalCount } }",
        "{ people(filter: " + "{not: " * levels + "{}" + "}" * levels + ") { totalCount } }",
        "{ people(filter: {jobTitle: {in: " + "[" * levels + "]" * levels + "}}) { totalCount } }",
        "{ people" + " { edges { node { company { people" * (levels // 4) + " { id }" + "}" * 4 * (levels // 4) + "}",
        "query($a: " + "[" * levels + "Int" + "]" * levels + ") { people(first: $a) { totalCount } }",
        "mutation { createPerson(data: {emails: " + "{a: " * levels + "1" + "}" * levels + "}) { id } }",
        "{" + " ... {" * levels + " __typename " + "}" * levels + "}",
    ):
        body = send(api, document)
        for error in body.get("errors", ()):
            well_formed(error)
        if "errors" not in body:
            assert "... {" in document or "not: " in document or "and: " in document or "$a" in document
    assert total(api, "people") == 0


@pytest.mark.parametrize("levels", [100, 5_000, 100_000])
def test_deep_nesting_of_variables(api: httpx.Client, levels: int) -> None:
    filter = '{"and":[' * levels + "]}" * levels
    document = "query($f: PersonFilterInput) { people(filter: $f) { totalCount } }"
    content = f'{{"query": {json.dumps(document)}, "variables": {{"f": {filter}}}}}'
    answer = api.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400)
    assert "Traceback" not in answer.text
    body: Any = answer.json()
    if answer.status_code == 200:
        assert "nested" in body["errors"][0]["message"]
    for selection in ('{"name": ' + filter + "}", '{"telemetry": ' + "[" * levels + "]" * levels + "}"):
        content = (
            '{"query": "mutation($d: PersonCreateInput!) { createPerson(data: $d) { id } }",'
            f' "variables": {{"d": {selection}}}}}'
        )
        answer = api.post("/graphql", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400)
        assert "INTERNAL_SERVER_ERROR" not in answer.text
    assert total(api, "people") == 0


def test_bodies_over_the_limit(api: httpx.Client) -> None:
    for content in ('{"query": "{ __typename }", "x": "' + "x" * 10_500_000 + '"}', "{" + " " * 11_000_000 + "}"):
        answer = api.post("/graphql", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert answer.json()["statusCode"] == 413
    fine = '{"query": "{ __typename }", "x": "' + "x" * 9_000_000 + '"}'
    assert api.post("/graphql", content=fine, headers={"Content-Type": "application/json"}).status_code == 200


def test_lists_and_texts_that_are_huge(api: httpx.Client) -> None:
    document = "query($f: PersonFilterInput) { people(filter: $f) { totalCount } }"
    assert one(api, document, {"f": {"jobTitle": {"in": ["x" * 10] * 200_000}}}) == {"totalCount": 0}
    assert one(api, document, {"f": {"jobTitle": {"eq": "x" * 2_000_000}}}) == {"totalCount": 0}
    many = {"or": [{"jobTitle": {"eq": str(n)}} for n in range(3000)]}
    body = send(api, document, {"f": many})
    for error in body.get("errors", ()):
        well_formed(error)
    assert total(api, "people") == 0


def test_many_conditions_do_not_meet_the_bounds_of_the_database(api: httpx.Client) -> None:
    """PostgreSQL takes 65,535 parameters at most."""
    document = "query($f: PersonFilterInput) { people(filter: $f) { totalCount } }"
    many = {"or": [{"jobTitle": {"eq": str(n)}} for n in range(1990)]}
    assert "2000 conditions" in message(api, document, {"f": {"or": [many, many]}})
    pages = " ".join(f"a{n}: people(filter: $f) {{ totalCount }}" for n in range(20))
    document = f"query($f: PersonFilterInput) {{ companies {{ edges {{ node {{ {pages} }} }} }} }}"
    assert "32767" in message(api, document, {"f": many})


@pytest.mark.parametrize(
    "value",
    ["1e400", "-1e400", "1e308", "99999999999999999999999", "-0", "0.1e-400", '"NaN"', '"Infinity"', '""', "true"],
)
def test_numbers_at_the_edges(api: httpx.Client, value: str) -> None:
    for document in (
        f"{{ people(filter: {{position: {{eq: {value}}}}}) {{ totalCount }} }}",
        f"{{ people(first: {value}) {{ totalCount }} }}",
        f"{{ people(offset: {value}) {{ totalCount }} }}",
        f"{{ opportunities(filter: {{amount: {{amountMicros: {{gt: {value}}}}}}}) {{ totalCount }} }}",
        f"{{ peopleGroupBy(groupBy: {{jobTitle: true}}, limit: {value}) {{ totalCount }} }}",
        f'{{ search(searchInput: "a", limit: {value}) {{ edges {{ cursor }} }} }}',
    ):
        for error in send(api, document).get("errors", ()):
            well_formed(error)


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud800", "\\udfff\\ud800", "\\uffff", "%_\\\\", "'; DROP"])
def test_texts_at_the_edges(api: httpx.Client, text: str) -> None:
    for document in (
        f'{{ people(filter: {{jobTitle: {{eq: "{text}"}}}}) {{ totalCount }} }}',
        f'{{ people(filter: {{jobTitle: {{like: "{text}"}}}}) {{ totalCount }} }}',
        f'{{ people(filter: {{jobTitle: {{in: ["{text}"]}}}}) {{ totalCount }} }}',
        f'{{ people(filter: {{id: {{eq: "{text}"}}}}) {{ totalCount }} }}',
        f'{{ people(after: "{text}") {{ totalCount }} }}',
        f'{{ search(searchInput: "{text}", limit: 2) {{ edges {{ cursor }} }} }}',
        f'{{ peopleGroupBy(groupBy: {{createdAt: {{granularity: DAY, timeZone: "{text}"}}}}) {{ totalCount }} }}',
        f'mutation {{ updatePeople(filter: {{jobTitle: {{eq: "{text}"}}}}, data: {{city: "{text}"}}) {{ id }} }}',
        f'mutation {{ createPerson(data: {{id: "{text}"}}) {{ id }} }}',
    ):
        for error in send(api, document).get("errors", ()):
            well_formed(error)
    assert total(api, "people") == 0
