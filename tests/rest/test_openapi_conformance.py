"""Random requests that the document allows: the server never fails, and answers as the document says."""

import json
import subprocess
import sys
from pathlib import Path

import httpx

from tests.records.wire import create_many
from tests.rest.openapi_support import document
from threescore.rest.openapi.examples import FIRST_ID

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")

OPERATIONS = (
    "findManyPeople",
    "findOnePerson",
    "createOneCompany",
    "UpdateOneCompany",
    "groupByOpportunities",
    "mergeManyPeople",
)
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


def test_random_requests(api: httpx.Client, token: str, tmp_path: Path) -> None:
    create_many(api, "people", [{"city": "Ghent"}, {"id": FIRST_ID, "jobTitle": "Founder"}])
    create_many(api, "companies", [{"name": "Linden Works"}])
    create_many(api, "opportunities", [{"name": "One", "stage": "NEW"}, {"name": "Two"}])
    (tmp_path / "core.json").write_text(json.dumps(document(api)))
    done = subprocess.run(
        [
            *(SCHEMATHESIS, "run", "core.json", "--url", f"{str(api.base_url).rstrip('/')}/rest", "--no-color"),
            *("--header", f"Authorization: Bearer {token}", "--phases", "fuzzing", "--max-examples", "6"),
            *("--seed", "60", "--generation-deterministic", "--checks", ",".join(CHECKS)),
            *(word for name in OPERATIONS for word in ("--include-operation-id", name)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{len(OPERATIONS)} passed" in done.stdout
