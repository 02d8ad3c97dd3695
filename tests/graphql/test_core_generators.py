"""Programs that generate clients from introspection: what they make of a live server works with that server."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.graphql.tools_support import GENERATORS, MODULES, TOOLS, run


def test_genql(server: str, token: str, tmp_path: Path) -> None:
    authorization = f"Authorization: Bearer {token}"
    genql = MODULES / ".bin" / "genql"
    run(genql, "--endpoint", f"{server}/graphql", "-H", authorization, "--output", str(tmp_path / "client"))
    for name in ("use-genql.ts", "tsconfig.json"):
        shutil.copy(TOOLS / name, tmp_path)
    run(MODULES / ".bin" / "tsc", "--project", str(tmp_path), seconds=120)
    found: dict[str, Any] = json.loads(run("node", tmp_path / "built" / "use-genql.js", server, token))

    ada, ben = found["createPeople"]
    assert ada["phones"]["additionalPhones"] == [{"number": "698765432", "callingCode": "+33"}]
    assert ben["phones"]["additionalPhones"] == []
    assert found["createOpportunity"] == {
        "stage": "PROPOSAL",
        "amount": {"amountMicros": 1500000},
        "pointOfContact": {"name": {"firstName": "Cyd"}},
    }
    assert found["people"]["totalCount"] == 1
    [edge] = found["people"]["edges"]
    assert edge["node"]["id"] == ada["id"]
    assert edge["node"]["__typename"] == "Person"
    assert edge["node"]["company"] == {"name": "Acme", "people": {"totalCount": 1}}
    assert found["people"]["pageInfo"]["hasNextPage"] is False
    assert found["opportunities"] == {"totalCount": 1, "sumAmountAmountMicros": 1500000}
    [group] = found["opportunitiesGroupBy"]
    assert group["groupByDimensionValues"] == ["PROPOSAL"]
    assert group["countNotEmptyStage"] == 1
    assert {"label": "Ada King", "objectNameSingular": "person"} in [e["node"] for e in found["search"]["edges"]]


def test_ariadne_codegen(server: str, token: str, tmp_path: Path) -> None:
    for name in ("queries.graphql", "use_ariadne.py"):
        shutil.copy(TOOLS / name, tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        f"""
        [tool.ariadne-codegen]
        remote_schema_url = "{server}/graphql"
        remote_schema_headers = {{ Authorization = "Bearer {token}" }}
        queries_path = "queries.graphql"
        target_package_name = "crm"
        async_client = false
        include_all_inputs = false
        include_all_enums = false
        """
    )
    run(GENERATORS / "ariadne-codegen", cwd=tmp_path)
    ada, ben, opportunity, counted, page, changed = json.loads(
        run(GENERATORS / "python", "use_ariadne.py", server, token, cwd=tmp_path)
    )
    assert [ada["name"]["first_name"], ben["name"]["first_name"]] == ["Ada", "Ben"]
    assert opportunity == {
        "stage": "PROPOSAL",
        "amount": {"amount_micros": 1500000, "currency_code": "EUR"},
        "company": {"name": "Acme"},
    }
    assert counted == {"total_count": 1, "sum_amount_amount_micros": 1500000.0}
    assert page["total_count"] == 2
    assert page["page_info"]["has_next_page"] is True
    [edge] = page["edges"]
    assert edge["node"]["emails"] == {"primary_email": "ben@quill.example", "additional_emails": ["quill@mail.example"]}
    assert edge["node"]["created_by"] == {"source": "API", "name": "Tests", "context": {"provider": None}}
    assert changed == {"job_title": "Engineer", "company": None}
