"""Whatever comes in: a clear refusal in the envelope of errors, nothing written, never a 5xx."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.records.conftest import Events
from tests.records.wire import (
    ANYWHERE,
    MISSING,
    create,
    create_many,
    get,
    listed,
    make_probe,
    message,
    object_id,
    options,
    page,
    refusal,
    send,
    total,
    update,
)
from tests.support import serving
from threescore.catalog.workspaces import Workspace

JSON_TYPE = {"Content-Type": "application/json"}

EVIL = [
    "' OR '1'='1",
    "'; DROP TABLE person; --",
    '"; DROP TABLE person; --',
    "1); DELETE FROM person; --",
    "$1",
    "$$; SELECT 1; $$",
    "\\'; SELECT pg_sleep(9); --",
    "%27%20OR%201=1",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "person\x01",
    "a\u2028b",
    "E'\\x27",
    "/* */",
    "--",
    ";",
    "`",
    "\u0391\u030a",
    "𝔸\U0010ffff",
]


@pytest.fixture
def untouched(api: httpx.Client, events: Events) -> Iterator[str]:
    """The id of a person that must be the only record, and unchanged, at the end of the test."""
    made = create(api, "people", {"jobTitle": "x", "name": {"firstName": "Only"}})
    events()
    yield made["id"]
    assert [event for event in events() if event.object == "person"] == []
    assert listed(api, "people", filter=ANYWHERE) == [made]


WRITES = [
    ("POST", "people"),
    ("POST", "batch/people"),
    ("POST", "people?upsert=true"),
    ("PATCH", "people/{id}"),
    ("PATCH", "people?filter=id[is]:NOT_NULL"),
    ("POST", "people/duplicates"),
    ("PATCH", "people/merge"),
    ("POST", "metadata/objects"),
    ("POST", "metadata/fields"),
]

MALFORMED = [
    b"{",
    b"[",
    b"",
    b"nonsense",
    b'{"jobTitle": }',
    b'{"jobTitle": "a",}',
    b"{'jobTitle': 'a'}",
    b'{"jobTitle": NaN}',
    b'{"jobTitle": 1e999}',
    b'{"jobTitle": ' + b"9" * 5000 + b"}",
    b'{"jobTitle": "\\ud800"}',
    b'{"jobTitle": "\\udc00\\ud800"}',
    b'{"jobTitle": "\xff"}',
    b'{"jobTitle": "\xed\xa0\x80"}',
    b'{"jobTitle": "a\nb"}',
    b'\xef\xbb\xbf{"jobTitle": "a"}',
    b'{"jobTitle": "a"} x',
    b'"text"',
    b"5",
    b"null",
    b"true",
    b"\x00",
    b'{"jobTitle": "a"}'.decode().encode("utf-16"),
    b"[" * 100_000 + b"]" * 100_000,
    b'{"jobTitle":' * 50_000 + b"1" + b"}" * 50_000,
]


def test_malformed_json(api: httpx.Client, untouched: str) -> None:
    for method, path in WRITES:
        for body in MALFORMED:
            if body == b"" and path not in ("batch/people", "people/duplicates", "people/merge"):
                continue
            response = api.request(method, f"/rest/{path.format(id=untouched)}", content=body, headers=JSON_TYPE)
            refusal(response)


def test_other_content_types(api: httpx.Client, untouched: str) -> None:
    body = b'{"jobTitle": "a"}'
    for kind in (
        "text/plain",
        "text/html",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "nonsense",
        "application/json2",
    ):
        for method, path in WRITES:
            response = api.request(
                method, f"/rest/{path.format(id=untouched)}", content=body, headers={"Content-Type": kind}
            )
            refusal(response, response.status_code if response.status_code == 415 else 400)
    refusal(api.post("/rest/people"))


def test_json_under_other_names_is_read(api: httpx.Client) -> None:
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"):
        made = api.post("/rest/people", content=b'{"jobTitle": "a"}', headers={"Content-Type": kind})
        assert made.status_code == 201, kind


def test_a_long_text_is_kept(api: httpx.Client) -> None:
    long = "é" * (9 * 1024 * 1024 // 2)
    made = create(api, "people", {"jobTitle": long})
    assert made["jobTitle"] == long
    assert get(api, "people", made["id"])["jobTitle"] == long
    assert len(update(api, "people", made["id"], {"city": long})["city"]) == len(long)
    many = " ".join(str(n) for n in range(400_000))
    response = api.post("/rest/people", json={"jobTitle": many})
    assert response.status_code in (201, 400), response.text
    assert total(api, "people") == (2 if response.status_code == 201 else 1)


def test_a_long_unique_text(api: httpx.Client) -> None:
    host = ".".join(["a" * 60] * 4) + ".example"
    path = "".join(uuid4().hex for _ in range(320))
    assert "too long" in message(
        api.post("/rest/companies", json={"domainName": {"primaryLinkUrl": f"https://{host}/{path}"}})
    )
    assert total(api, "companies") == 0


def test_the_body_limit_with_and_without_a_length(api: httpx.Client, untouched: str) -> None:
    limit = 10 * 1024 * 1024
    over = b'{"jobTitle": "' + b"x" * limit + b'"}'

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(over), 65536):
            yield over[start : start + 65536]

    for method, path in WRITES:
        target = f"/rest/{path.format(id=untouched)}"
        refusal(api.request(method, target, content=over, headers=JSON_TYPE), 413)
        with contextlib.suppress(httpx.WriteError, httpx.RemoteProtocolError):
            # The server may close before all is sent.
            refusal(api.request(method, target, content=chunks(), headers=JSON_TYPE), 413)
    assert api.get("/rest/people").status_code == 200


def test_an_endless_body_is_cut_off(
    database_url: str, new_workspace: Callable[[], Workspace], new_token: Callable[[Workspace], str]
) -> None:
    """The server neither reads on nor keeps what it has read."""
    token = new_token(new_workspace())
    with serving(THREESCORE_DATABASE_URL=database_url, THREESCORE_WORKERS="1") as server:
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{server.url}/rest/people", headers=headers).status_code == 200

        def memory() -> int:
            found: list[psutil.Process] = server.family()
            return sum(process.memory_info().rss for process in found)

        before = memory()
        host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
        for start in (b'{"jobTitle":"', b"[" * 65536, b""):
            with socket.create_connection((host, port), timeout=10) as connection:
                connection.sendall(
                    b"POST /rest/people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                    b"Content-Type: application/json\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n"
                )
                chunk = b"10000\r\n" + (start + b"x" * 65536)[:65536] + b"\r\n"
                sent, answer = 0, b""
                with contextlib.suppress(OSError):
                    while sent < 200 * 1024 * 1024:
                        connection.sendall(chunk)
                        sent += 65536
                        connection.setblocking(False)
                        with contextlib.suppress(BlockingIOError):
                            answer += connection.recv(65536)
                        connection.settimeout(10)
                        if answer:
                            break
                with contextlib.suppress(OSError):
                    answer += connection.recv(65536)
            assert sent < 40 * 1024 * 1024
            assert b" 413 " in answer.split(b"\r\n")[0], answer[:200]
        assert memory() - before < 60 * 1024 * 1024
        assert httpx.get(f"{server.url}/rest/people", headers=headers).json()["totalCount"] == 0


def test_a_connection_outlives_a_body_that_nobody_wants(server: str) -> None:
    """A refusal without a look at the body, which comes late: the next request goes through the same connection."""
    address = urlsplit(server)
    for method, path in (("POST", "/rest/people"), ("DELETE", f"/rest/people/{MISSING}"), ("GET", "/rest/people")):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            for _ in range(3):
                head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n"
                connection.sendall(head.encode())
                time.sleep(0.02)
                connection.sendall(b'{"a": 1}')
                answer = connection.recv(65536)
                assert b" 403 " in answer.split(b"\r\n")[0]
                assert b"connection: close" not in answer.lower()


@pytest.mark.parametrize("path", ["/rest/people", "/rest/metadata/objects", "/graphql", "/metadata"])
def test_a_connection_with_a_body_over_the_limit_ends_and_says_so(server: str, token: str, path: str) -> None:
    """Otherwise a client would send its next request into a connection that is about to be closed."""
    address = urlsplit(server)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
    for _ in range(20):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(f"{head}Content-Length: {11 * 1024 * 1024}\r\n\r\n{{".encode())
            answer = connection.recv(65536).lower()
            assert b" 413 " in answer.split(b"\r\n")[0]
            assert b"\r\nconnection: close\r\n" in answer


def test_nesting(api: httpx.Client, untouched: str) -> None:
    make_probe(api)
    for depth in (100, 190):
        value: Any = 1
        for _ in range(depth):
            value = [value]
        assert create(api, "probes", {"data": value})["data"] == value
    for depth in (300, 900, 5000):
        body = b'{"data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        refusal(api.post("/rest/probes", content=body, headers=JSON_TYPE))
        body = b'{"name":' + b'{"firstName":' * depth + b"1" + b"}" * depth + b"}"
        refusal(api.patch(f"/rest/people/{untouched}", content=body, headers=JSON_TYPE))
    assert total(api, "probes") == 2


def test_nul_and_surrogates_in_bodies(api: httpx.Client, events: Events) -> None:
    make_probe(api)
    for text in ("a\x00", "\x00"):
        for record in (
            {"name": text},
            {text: 1},
            {"id": text},
            {"companyId": text},
            {"words": ["a", text]},
            {"data": {"a": [text]}},
            {"data": {text: 1}},
            {"data": json.dumps({"a": text})},
            {"tags": [text]},
            {"stage": text},
            {"day": text},
            {"moment": text},
            {"outer": text},
            {"big": text},
            {"amount": {"amountMicros": text}},
            {"amount": {"currencyCode": text}},
            {"amount": {text: 1}},
            {"pilot": {"firstName": text}},
            {"mails": {"primaryEmail": text}},
            {"mails": {"additionalEmails": [text]}},
            {"calls": {"primaryPhoneNumber": text}},
            {"sites": {"primaryLinkUrl": text}},
            {"sites": {"primaryLinkUrl": "x.example", "primaryLinkLabel": text}},
            {"sites": {"secondaryLinks": [{"url": "x.example", "label": text}]}},
            {"place": {"addressCity": text}},
            {"story": {"markdown": text}},
            {"story": {"blocknote": json.dumps([{"type": "paragraph", "content": text}])}},
            {"createdBy": {"name": text}},
            {"createdBy": {"source": text}},
            {"createdBy": {"context": {"a": text}}},
            {"company": {"connect": {"where": {"id": text}}}},
            {"company": {"connect": {"where": {"domainName": {"primaryLinkUrl": text}}}}},
            {"company": {"connect": {"where": {text: 1}}}},
            {"company": {text: 1}},
        ):
            for query in ("", "?upsert=true"):
                refusal(api.post(f"/rest/probes{query}", json=record))
                assert refusal(api.post(f"/rest/batch/probes{query}", json=[{}, record]))["index"] == 1
        refusal(api.post("/rest/people/duplicates", json={"data": [{"name": {"firstName": text}}]}))
        refusal(api.post("/rest/people/duplicates", json={"ids": [text]}))
        refusal(api.patch("/rest/people/merge", json={"ids": [text, text], "conflictPriorityIndex": 0}))
    assert events() == []


def test_nul_and_broken_text_in_paths_and_queries(api: httpx.Client, untouched: str) -> None:
    for raw in ("%00", "a%00", "%ff", "%ed%a0%80", "%c0%80", "%f4%90%80%80"):
        for path in (f"{raw}", f"people{raw}", f"people/{raw}", f"{raw}/{MISSING}", f"batch/{raw}", f"restore/{raw}"):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                response = api.request(method, f"/rest/{path}", json={} if method != "GET" else None)
                refusal(response, 400)
        refusal(api.get(f"/rest/metadata/{raw}"), 400)
        refusal(api.get(f"/rest/metadata/objects/{raw}"), 400)
        for query in (
            f"filter=jobTitle[eq]:{raw}",
            f"filter={raw}[eq]:x",
            f"filter=jobTitle[{raw}]:x",
            f"filter=jobTitle[in]:[{raw}]",
            f"filter=id[eq]:{raw}",
            f"order_by={raw}",
            f"order_by=jobTitle[{raw}]",
            f"starting_after={raw}",
            f"limit={raw}",
            f"depth={raw}",
            f"{raw}=1",
        ):
            refusal(api.get(f"/rest/people?{query}"))
        for query in (
            f'group_by=[{{"{raw}":true}}]',
            f'group_by=[{{"createdAt":{{"granularity":"DAY","timeZone":"{raw}"}}}}]',
            f'group_by=[{{"city":true}}]&aggregate=["{raw}"]',
            f'group_by=[{{"city":true}}]&order_by=[{{"{raw}":"AscNullsFirst"}}]',
            f'group_by=[{{"city":true}}]&viewId={raw}',
        ):
            refusal(api.get(f"/rest/people/groupBy?{query}"))
    for escaped in ("\\u0000", "\\ud800"):
        refusal(api.get(f'/rest/people/groupBy?group_by=[{{"city":true}}]&aggregate=["{escaped}"]'))


OUT_OF_RANGE: list[dict[str, Any]] = [
    {"size": 10**400},
    {"whole": 2**63},
    {"whole": -(2**63) - 1},
    {"whole": 1e19},
    {"big": "9223372036854775808"},
    {"big": 10**40},
    {"big": "9" * 1000},
    {"amount": {"amountMicros": 10**38}},
    {"amount": {"amountMicros": "1e39"}},
    {"amount": {"amountMicros": "1e999999"}},
    {"amount": {"amountMicros": "1e-5"}},
    {"place": {"addressLat": "1e999999"}},
    {"place": {"addressLat": "1e400"}},
    {"place": {"addressLat": "9" * 500}},
    {"position": 10**400},
    {"position": "middle"},
    {"day": "2024-02-30"},
    {"day": "10000-01-01"},
    {"day": "0000-01-01"},
    {"day": "-0001-01-01"},
    {"day": "infinity"},
    {"day": "now"},
    {"day": "epoch"},
    {"day": 1},
    {"moment": "2024-02-30T00:00:00Z"},
    {"moment": "2024-01-01T25:00:00Z"},
    {"moment": "9999-12-31T23:59:59-12:00"},
    {"moment": "0001-01-01T00:00:00+12:00"},
    {"moment": "infinity"},
    {"moment": "today"},
    {"moment": 1700000000},
    {"createdAt": "10000-01-01T00:00:00Z"},
    {"stars": "RATING_6"},
    {"stars": 3},
    {"flag": "true"},
    {"flag": 1},
]


def test_values_out_of_range(api: httpx.Client, events: Events) -> None:
    make_probe(api)
    made = create(api, "probes", {})
    events()
    for record in OUT_OF_RANGE:
        body = json.dumps(record).encode()
        for query in ("", "?upsert=true"):
            refusal(api.post(f"/rest/probes{query}", content=body, headers=JSON_TYPE))
            refusal(api.post(f"/rest/batch/probes{query}", content=b"[" + body + b"]", headers=JSON_TYPE))
        refusal(api.patch(f"/rest/probes/{made['id']}", content=body, headers=JSON_TYPE))
        refusal(api.patch("/rest/probes?filter=id[is]:NOT_NULL", content=body, headers=JSON_TYPE))
    assert events() == []
    for edge in ({"day": "0001-01-01"}, {"day": "9999-12-31"}, {"moment": "9999-12-31T23:59:59.999Z"}):
        now = update(api, "probes", made["id"], edge)
        [(name, value)] = edge.items()
        assert now[name] == value
        assert total(api, "probes", filter=f"{name}[eq]:{value}") == 1
        assert total(api, "probes", filter=f"{name}[in]:[{value}]") == 1
        assert total(api, "probes", filter=f"{name}[neq]:{value}") == 0


def test_filters_out_of_range(api: httpx.Client) -> None:
    make_probe(api)
    create(api, "probes", {"size": 1, "whole": 1, "big": 1, "day": "2024-01-01", "amount": {"amountMicros": 1}})
    for field in ("size", "whole", "big", "position", "amount.amountMicros", "place.addressLat"):
        for number in ("1e400", "-1e400", "9" * 500, "1e999999999", "x", "", "NaN", "Infinity", "--1", "0x10"):
            for operator in ("eq", "gt", "in"):
                value = f"[{number},1]" if operator == "in" else number
                response = api.get(f"/rest/probes?filter={field}[{operator}]:{value}")
                assert response.status_code in (200, 400), response.text
        for number in ("9223372036854775808", "-9223372036854775809", "1e300", "0.5", "1e-300"):
            assert page(api, "probes", filter=f"{field}[lt]:{number}")["totalCount"] in (0, 1)
    for field in ("day", "moment", "createdAt"):
        for text in ("infinity", "-infinity", "now", "10000-01-01", "0000-01-01", "2024-13-01", "5", "x"):
            refusal(api.get(f"/rest/probes?filter={field}[gt]:{quote(text)}"))


UNBALANCED = [
    "(",
    ")",
    "or(",
    "or()",
    "or)",
    "and(jobTitle[eq]:a",
    "and(jobTitle[eq]:a))",
    "and(or(not(jobTitle[eq]:a)",
    "not(jobTitle[eq]:a,city[eq]:b)",
    "not()",
    "jobTitle",
    "jobTitle[",
    "jobTitle[eq",
    "jobTitle[eq]",
    "jobTitle[eq]:",
    "jobTitle[]:a",
    "[eq]:a",
    ":",
    "jobTitle[in]:",
    "jobTitle[in]:a",
    "jobTitle[in]:[",
    "jobTitle[in]:[a",
    "jobTitle[is]:null",
    "jobTitle[eq]:a,",
    ",jobTitle[eq]:a",
    "jobTitle[eq]:a,,city[eq]:b",
    "jobTitle[eq]:a, city[eq]:b",
    "jobTitle[EQ]:a",
    "jobTitle[contains]:a",
    "name[eq]:a",
    "name.firstName.x[eq]:a",
    "name.nope[eq]:a",
    "company[eq]:a",
    "company.company.name[eq]:a",
    "company.people.city[eq]:a",
    "company.nope[eq]:a",
    "nope[eq]:a",
    "id[like]:a",
    "companyId[eq]:a",
    "searchVector[gt]:a",
    "createdAt[eq]:a",
    "position[eq]:a",
    "emails.additionalEmails[eq]:a",
    ".[eq]:a",
    "..[eq]:a",
    "name.[eq]:a",
    ".".join(["a"] * 1000) + "[eq]:a",
    "and(" * 51 + "jobTitle[eq]:a" + ")" * 51,
    "not(" * 500 + "jobTitle[eq]:a" + ")" * 500,
    "(" * 10_000,
    "jobTitle[eq]:(" + "x" * 50_000,
]


def test_unbalanced_filters(api: httpx.Client, untouched: str) -> None:
    for text in UNBALANCED:
        encoded = quote(text, safe="")
        refusal(api.get(f"/rest/people?filter={encoded}"))
        refusal(api.patch(f"/rest/people?filter={encoded}", json={"jobTitle": "changed"}))
        refusal(api.delete(f"/rest/people?filter={encoded}"))
        refusal(api.delete(f"/rest/people?filter={encoded}&soft_delete=true"))
        refusal(api.patch(f"/rest/people/restore?filter={encoded}"))
        refusal(api.get(f'/rest/people/groupBy?group_by=[{{"city":true}}]&filter={encoded}'))


def test_large_filters(api: httpx.Client) -> None:
    made = create_many(api, "people", [{"city": str(n)} for n in range(20)])
    ids = ",".join([*(str(uuid4()) for _ in range(1500)), *(record["id"] for record in made[:7])])
    assert total(api, "people", filter=f"id[in]:[{ids}]") == 7
    cities = ",".join(str(n) for n in range(10, 9000))
    assert total(api, "people", filter=f"city[in]:[{cities}]") == 10
    for word in ("and", "or"):
        deep = f"{word}(" * 50 + "city[eq]:3" + ")" * 50
        assert total(api, "people", filter=deep) == 1
    assert total(api, "people", filter="not(" * 50 + "city[eq]:3" + ")" * 50) == 1
    many = ",".join(f"city[eq]:{n}" for n in range(500))
    assert total(api, "people", filter=f"or({many})") == 20
    relations = ",".join(f"company.name[eq]:{n}" for n in range(300))
    assert total(api, "people", filter=f"or({relations},city[eq]:3)") == 1
    backwards = ",".join(f"people.city[eq]:{n}" for n in range(100))
    assert total(api, "companies", filter=f"or({backwards})") == 0


def test_sql_in_every_place(api: httpx.Client, untouched: str) -> None:
    """Names are looked up, values are parameters: whatever stands there is text."""
    started = time.monotonic()
    for evil in EVIL:
        text = quote(evil, safe="")
        for path in (text, f"people/{text}", f"batch/{text}", f"{text}/groupBy", f"restore/{text}/{MISSING}"):
            for method in ("GET", "POST", "PATCH", "DELETE"):
                refusal(api.request(method, f"/rest/{path}", json={} if method != "GET" else None))
        for query in (
            f"filter={text}[eq]:a",
            f"filter=name.{text}[eq]:a",
            f"filter=company.{text}[eq]:a",
            f"filter=jobTitle[{text}]:a",
            f"filter=id[eq]:{text}",
            f"filter=createdAt[gt]:{text}",
            f"order_by={text}",
            f"order_by=name.{text}",
            f"order_by=jobTitle[{text}]",
            f"starting_after={text}",
            f"limit={text}",
            f"depth={text}",
        ):
            response = api.get(f"/rest/people?{query}")
            refusal(response)
        for operator in ("eq", "like", "ilike", "startsWith", "endsWith", "gt"):
            found = page(api, "people", filter=f'jobTitle[{operator}]:"{evil}"' if '"' not in evil else "id[is]:NULL")
            assert found["totalCount"] in (0, 1)
        assert page(api, "people", filter=f"jobTitle[in]:['{evil}']" if "'" not in evil else "id[is]:NULL")
        named = quote(json.dumps(evil), safe="")
        for query in (
            f"group_by=[{{{named}:true}}]",
            f'group_by=[{{"name":{{{named}:true}}}}]',
            f'group_by=[{{"createdAt":{{"granularity":{named},"timeZone":"UTC"}}}}]',
            f'group_by=[{{"createdAt":{{"granularity":"DAY","timeZone":{named}}}}}]',
            f'group_by=[{{"createdAt":{{"granularity":"WEEK","timeZone":"UTC","weekStartDay":{named}}}}}]',
            f'group_by=[{{"city":true}}]&aggregate=[{named}]',
            f'group_by=[{{"city":true}}]&order_by=[{{{named}:"AscNullsFirst"}}]',
            f'group_by=[{{"city":true}}]&order_by=[{{"city":{named}}}]',
            f'group_by=[{{"city":true}}]&order_by=[{{"aggregate":{{{named}:"AscNullsFirst"}}}}]',
            f'group_by=[{{"city":true}}]&include_records_sample=true&order_by_for_records={text}',
            f'group_by=[{{"city":true}}]&viewId={text}',
        ):
            refusal(api.get(f"/rest/people/groupBy?{quote(query, safe='=&%')}"))
        for record in ({evil: 1}, {"name": {evil: 1}}, {"id": evil}, {"companyId": evil}, {"createdAt": evil}):
            refusal(api.post("/rest/people", json=record))
            refusal(api.patch(f"/rest/people/{untouched}", json=record))
        refusal(api.post("/rest/people", json={"company": {"connect": {"where": {evil: 1}}}}))
        refusal(api.post("/rest/people", json={"createdBy": {"source": evil}}))
        refusal(api.patch("/rest/people/merge", json={"ids": [evil, evil], "conflictPriorityIndex": 0}))
        refusal(api.post("/rest/people/duplicates", json={"ids": [evil]}))
        body = api.post("/rest/people/duplicates", json={"data": [{"name": {"firstName": evil, "lastName": evil}}]})
        assert body.json()["data"][0]["totalCount"] == 0
    assert time.monotonic() - started < 60


def test_sql_in_values_is_text(api: httpx.Client) -> None:
    for evil in EVIL:
        made = create(api, "companies", {"name": evil, "address": {"addressCity": evil}, "createdBy": {"name": evil}})
        assert (made["name"], made["address"]["addressCity"], made["createdBy"]["name"]) == (evil, evil, evil)
        assert update(api, "companies", made["id"], {"name": evil * 2})["name"] == evil * 2
        for quoted in (f'"{evil}{evil}"', f"'{evil}{evil}'"):
            if quoted[0] not in evil:
                assert total(api, "companies", filter=f"name[eq]:{quoted}") == 1
    assert total(api, "companies") == len(EVIL)


def test_sql_in_the_model(api: httpx.Client, untouched: str) -> None:
    person = object_id(api, "person")
    before = send(api, "GET", "metadata/objects?limit=1000")
    for evil in EVIL:
        body = {"nameSingular": evil, "namePlural": evil + "s", "labelSingular": "A", "labelPlural": "Bs"}
        assert api.post("/rest/metadata/objects", json=body).status_code == 400
        for extra in (
            {"name": evil, "type": "TEXT"},
            {"name": "fine", "type": evil},
            {"name": "fine", "type": "SELECT", "options": options(evil)},
            {"name": "fine", "type": "NUMBER", "settings": {"dataType": evil}},
            {"name": "fine", "type": "NUMBER", "defaultValue": evil},
            {"name": "fine", "type": "TEXT", "defaultValue": evil},
        ):
            response = api.post("/rest/metadata/fields", json={"objectMetadataId": person, "label": "Fine", **extra})
            assert response.status_code == 400, (extra, response.text)
        for path in ("objects/", "fields/", ""):
            response = api.get(f"/rest/metadata/{path}{quote(evil, safe='')}")
            assert response.status_code in (400, 404), response.text
    assert send(api, "GET", "metadata/objects?limit=1000") == before


def test_texts_of_the_model_are_only_texts(api: httpx.Client) -> None:
    """Labels, descriptions and default texts may hold anything, and stay what they are."""
    person = object_id(api, "person")
    for n, evil in enumerate(e for e in EVIL if "\x01" not in e):
        made = send(
            api,
            "POST",
            "metadata/fields",
            {
                "objectMetadataId": person,
                "type": "TEXT",
                "name": f"evil{n}",
                "label": f"L{evil}",
                "description": evil,
                "defaultValue": f"'{evil}'",
            },
        )
        assert made["description"] == evil
        assert create(api, "people", {})[f"evil{n}"] == evil
