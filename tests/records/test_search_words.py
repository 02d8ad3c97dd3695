"""Records are found by the words that they have now, over REST and GraphQL, whatever wrote them."""

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from tests.graphql.calls import one
from tests.records.wire import (
    Record,
    create,
    create_many,
    get,
    listed,
    make_field,
    make_object,
    send,
    soft_delete,
    update,
)
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.sql import quote_identifier


@pytest.fixture
def rockets(api: httpx.Client) -> str:
    """An object of rockets; its id."""
    return str(make_object(api, "rocket")["id"])


def found(api: httpx.Client, words: str, plural: str = "rockets", singular: str = "rocket") -> list[str]:
    """The names of the records that have the words, by the filter and by the search alike."""
    by_filter = sorted(r["name"] for r in listed(api, plural, filter=f'searchVector[search]:"{words}"'))
    query = (
        "query($words: String!, $object: [String!]) { search(searchInput: $words, limit: 20,"
        " includedObjectNameSingulars: $object) { edges { node { label } } } }"
    )
    edges = one(api, query, {"words": words, "object": [singular]})["edges"]
    assert sorted(edge["node"]["label"] for edge in edges) == by_filter
    return by_filter


def test_words_follow_the_fields(api: httpx.Client, rockets: str) -> None:
    ariane = create(api, "rockets", {"name": "Ariane"})
    motto = make_field(api, rockets, name="motto", type="TEXT", isSearchable=True)
    serial = make_field(api, rockets, name="serial", type="TEXT", isSearchable=True, defaultValue="'unnumbered'")
    assert found(api, "unnumbered") == ["Ariane"]
    create(api, "rockets", {"name": "Vega", "motto": "upwards", "serial": "V1"})
    update(api, "rockets", ariane["id"], {"motto": "Per aspera"})
    assert [found(api, w) for w in ("upwards", "aspera", "unnumbered")] == [["Vega"], ["Ariane"], ["Ariane"]]
    send(api, "PATCH", f"metadata/fields/{motto['id']}", {"name": "slogan", "label": "Slogan"})
    assert found(api, "aspera") == ["Ariane"]
    send(api, "PATCH", f"rockets/{ariane['id']}", {"slogan": "Ad astra"})
    assert [found(api, w) for w in ("aspera", "astra")] == [[], ["Ariane"]]
    send(api, "PATCH", f"metadata/fields/{motto['id']}", {"isSearchable": False})
    assert [found(api, w) for w in ("upwards", "astra", "vega")] == [[], [], ["Vega"]]
    send(api, "PATCH", f"metadata/fields/{motto['id']}", {"isSearchable": True})
    assert [found(api, w) for w in ("upwards", "astra")] == [["Vega"], ["Ariane"]]
    send(api, "DELETE", f"metadata/fields/{serial['id']}")
    assert [found(api, w) for w in ("unnumbered", "v1", "upwards")] == [[], [], ["Vega"]]


def test_words_follow_the_name_of_the_object(api: httpx.Client, rockets: str) -> None:
    create(api, "rockets", {"name": "Ariane"})
    send(api, "PATCH", f"metadata/objects/{rockets}", {"nameSingular": "launcher", "namePlural": "launchers"})
    create(api, "launchers", {"name": "Vega"})
    assert [found(api, w, "launchers", "launcher") for w in ("ariane", "vega")] == [["Ariane"], ["Vega"]]


def test_upserts_change_words(api: httpx.Client) -> None:
    create(api, "companies", {"name": "Acme", "domainName": {"primaryLinkUrl": "https://a.example"}})
    records = [
        {"name": "Zenith", "domainName": {"primaryLinkUrl": "https://a.example"}},
        {"name": "Nadir", "domainName": {"primaryLinkUrl": "https://b.example"}},
    ]
    create_many(api, "companies", records, "?upsert=true")
    words = ("acme", "zenith", "nadir")
    assert [found(api, w, "companies", "company") for w in words] == [[], ["Zenith"], ["Nadir"]]


def test_a_merged_record_has_the_words_of_what_it_took_over(api: httpx.Client) -> None:
    records: list[Record] = [
        {"name": "Acme"},
        {"name": "Zenith", "domainName": {"primaryLinkUrl": "https://orbit.example"}},
    ]
    ids = [record["id"] for record in create_many(api, "companies", records)]
    send(api, "PATCH", "companies/merge", {"ids": ids, "conflictPriorityIndex": 0})
    words = ("acme", "orbit", "zenith")
    assert [found(api, w, "companies", "company") for w in words] == [["Acme"], ["Acme"], []]


def test_words_of_deleted_records_come_back_with_them(api: httpx.Client, rockets: str) -> None:
    ariane = create(api, "rockets", {"name": "Ariane"})
    soft_delete(api, "rockets", ariane["id"])
    assert found(api, "ariane") == []
    send(api, "PATCH", f"restore/rockets/{ariane['id']}")
    assert found(api, "ariane") == ["Ariane"]


def test_what_is_written_with_sql_is_found(
    api: httpx.Client, rockets: str, portal: BlockingPortal, shared_db: Database, workspace: Workspace
) -> None:
    ariane = create(api, "rockets", {"name": "Ariane"})
    table = f"{quote_identifier(workspace.schema)}.rocket"
    portal.call(shared_db.execute, f"INSERT INTO {table} (name) VALUES ('Vega')")
    portal.call(shared_db.execute, f"""UPDATE {table} SET name = 'Delta', "searchVector" = 'x' WHERE name = 'Ariane'""")
    assert [found(api, w) for w in ("vega", "delta", "ariane", "x")] == [["Vega"], ["Delta"], [], []]
    assert get(api, "rockets", ariane["id"])["searchVector"] == "'delta':1"
