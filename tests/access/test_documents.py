"""The documentation shows what the role of its reader may read; the whole model only where a setting says so."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.access.roles import Office, Rules
from tests.support import serving

NOTHING = {"read": False, "update": False, "soft_delete": False, "destroy": False}
CLERK = Rules(
    objects={"opportunity": NOTHING},
    fields={(name, "jobTitle"): {"read": False, "update": False} for name in ("person", "workspaceMember")},
)
PATHS = ("/rest/open-api/core", "/open-api/core", "/rest/docs.md", "/llms.txt")


@pytest.fixture(scope="module")
def open_server(database_url: str) -> Iterator[str]:
    """The URL of a server that shows everybody the whole model."""
    variables = {"DATABASE_URL": database_url, "WORKERS": "1", "DELIVERY": "false", "OPENAPI_FULL": "true"}
    with serving(**{f"THREESCORE_{name}": value for name, value in variables.items()}) as running:
        yield running.url


def test_documents_show_what_the_role_may_read(office: Office) -> None:
    with office.client(CLERK) as clerk, office.client() as admin:
        # Twice, in turns: what is kept for one is not given to the other.
        for _ in range(4):
            for path in PATHS:
                shown, whole = clerk.get(path), admin.get(path)
                assert "opportunities" in whole.text
                assert "jobTitle" in whole.text
                assert "opportunities" not in shown.text
                assert "jobTitle" not in shown.text
                assert shown.headers["ETag"] != whole.headers["ETag"]


ROLE = r'"roleId":"[0-9a-f-]{36}"'


def test_the_whole_document_by_setting(office: Office, open_server: str) -> None:
    with office.client(CLERK) as clerk, office.client() as admin:
        clerk.base_url = admin.base_url = httpx.URL(open_server)
        for path in PATHS:
            shown, whole = clerk.get(path), admin.get(path)
            assert shown.status_code == 200
            assert "jobTitle" in shown.text
            # But for the role that an example gives to a new API key: each shows its own.
            assert re.sub(ROLE, "", shown.text) == re.sub(ROLE, "", whole.text)
        assert "/opportunities" in clerk.get("/rest/open-api/core").json()["paths"]
        # Only the documents are more: not the records.
        assert clerk.get("/rest/opportunities").status_code == 400
        assert "jobTitle" not in clerk.get("/rest/people").text
    stranger = httpx.get(f"{open_server}/open-api/core")
    assert list(stranger.json()["paths"]) == ["/open-api/core"]


def test_examples_name_a_role_that_the_reader_may_give(office: Office) -> None:
    first, second = office.role(Rules(settings=True)), office.role(Rules(settings=True))
    for _ in range(2):
        for role_id in (first, second):
            with office.client(role_id=role_id) as client:
                schemas = client.get("/rest/open-api/metadata").json()["components"]["schemas"]
                assert schemas["ApiKey"]["example"]["roleId"] == str(role_id)
                answer = client.post("/rest/metadata/apiKeys", json=schemas["ApiKey"]["example"])
                assert answer.status_code == 201, answer.text
