"""What single standard objects do not allow, over both doors."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.graphql.calls import fail, one, total

RUN: dict[str, Any] = {"name": "r", "state": {}}
PERSON = f'{{userId: "{uuid4()}", name: {{firstName: "Ann"}}}}'
ALL = 'filter: {id: {is: "NOT_NULL"}}'
DENIED = "Entity performing the request does not have permission"
REMOVAL = "Please use Settings to remove a workspace member."


@pytest.fixture
def member(api: httpx.Client, session: str) -> str:
    """The record of the member whose session it is."""
    (found,) = api.get("/rest/workspaceMembers").json()["data"]["workspaceMembers"]
    return str(found["id"])


@pytest.mark.parametrize(
    ("mutation", "message", "code", "sub_code"),
    [
        ('createWorkflowRun(data: {name: "r"}) { id }', "Method not allowed.", "FORBIDDEN", None),
        ('createWorkflowRuns(data: [{name: "r"}], upsert: true) { id }', "Method not allowed.", "FORBIDDEN", None),
        ("deleteWorkflowRun(id: %ID) { id }", "Method not allowed.", "FORBIDDEN", None),
        (f"deleteWorkflowRuns({ALL}) {{ id }}", "Method not allowed.", "FORBIDDEN", None),
        (f'updateWorkflowRuns({ALL}, data: {{name: "x"}}) {{ id }}', "Method not allowed.", "FORBIDDEN", None),
        (
            "updateWorkflowRun(id: %ID, data: {status: FAILED}) { id }",
            'The field "status" of a workflow run cannot be changed',
            "FORBIDDEN",
            None,
        ),
        (f"deleteWorkflowVersions({ALL}) {{ id }}", "Method not allowed.", "FORBIDDEN", None),
        (f'updateWorkflowVersions({ALL}, data: {{name: "x"}}) {{ id }}', "Method not allowed.", "FORBIDDEN", None),
        (f'updateWorkflows({ALL}, data: {{name: "x"}}) {{ id }}', "Method not allowed.", "FORBIDDEN", None),
        (
            "updateWorkflow(id: %ID, data: {statuses: [ACTIVE]}) { id }",
            'The field "statuses" of a workflow cannot be changed',
            "FORBIDDEN",
            None,
        ),
        (
            f'updateBlocklists({ALL}, data: {{handle: "x"}}) {{ id }}',
            "Method not allowed.",
            "BAD_USER_INPUT",
            "BAD_REQUEST",
        ),
        (f"createWorkspaceMember(data: {PERSON}) {{ id }}", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (f"createWorkspaceMembers(data: [{PERSON}]) {{ id }}", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (f"createWorkspaceMembers(data: [{PERSON}], upsert: true) {{ id }}", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (f"createTask(data: {{assignee: {{create: {PERSON}}}}}) {{ id }}", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        ("deleteWorkspaceMember(id: %ID) { id }", REMOVAL, "BAD_USER_INPUT", "BAD_REQUEST"),
        (f"deleteWorkspaceMembers({ALL}) {{ id }}", REMOVAL, "BAD_USER_INPUT", "BAD_REQUEST"),
        ("destroyWorkspaceMember(id: %ID) { id }", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (f"destroyWorkspaceMembers({ALL}) {{ id }}", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        ("restoreWorkspaceMember(id: %ID) { id }", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (f"restoreWorkspaceMembers({ALL}) {{ id }}", DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (f'updateWorkspaceMembers({ALL}, data: {{locale: "fr"}}) {{ id }}', DENIED, "FORBIDDEN", "PERMISSION_DENIED"),
        (
            'createTimelineActivity(data: {targetWorkflowRun: {create: {name: "r"}}}) { id }',
            "Method not allowed.",
            "FORBIDDEN",
            None,
        ),
    ],
)
def test_refusals(api: httpx.Client, member: str, mutation: str, message: str, code: str, sub_code: str | None) -> None:
    error = fail(api, f"mutation {{ {mutation.replace('%ID', chr(34) + member + chr(34))} }}")
    assert error["message"] == message
    assert (error["extensions"]["code"], error["extensions"].get("subCode")) == (code, sub_code)
    assert total(api, "workspaceMembers") == 1
    assert total(api, "timelineActivities") == total(api, "tasks") == 0


def test_refusals_over_rest(api: httpx.Client, member: str) -> None:
    for method, path, body, status in (
        ("POST", "workflowRuns", RUN, 403),
        ("POST", "batch/workflowRuns?upsert=true", [RUN], 403),
        ("PATCH", f"workflowRuns/{member}", {"state": {}}, 403),
        ("POST", "workspaceMembers", {"userId": str(uuid4()), "name": {}}, 400),
        ("POST", "batch/workspaceMembers", [{"userId": str(uuid4()), "name": {}}], 400),
        ("DELETE", f"workspaceMembers/{member}", None, 400),
        ("DELETE", f"workspaceMembers/{member}?soft_delete=true", None, 400),
        ("PATCH", f"restore/workspaceMembers/{member}", None, 400),
        ("PATCH", "blocklists?filter=handle[eq]:x", {"handle": "y"}, 400),
    ):
        assert api.request(method, f"/rest/{path}", json=body).status_code == status, path
    assert total(api, "workspaceMembers") == 1


def test_what_is_allowed(api: httpx.Client, member: str) -> None:
    data = 'createWorkflow(data: {name: "w", statuses: [ACTIVE]}) { id statuses }'
    made = one(api, f"mutation {{ {data} }}")
    assert made["statuses"] == []
    renamed = one(api, f'mutation {{ updateWorkflow(id: "{made["id"]}", data: {{name: "v"}}) {{ name }} }}')
    assert renamed == {"name": "v"}
    locale = one(api, f'mutation {{ updateWorkspaceMember(id: "{member}", data: {{locale: "fr"}}) {{ locale }} }}')
    assert locale == {"locale": "fr"}
    assert one(api, f'mutation {{ destroyWorkflow(id: "{made["id"]}") {{ name }} }}') == {"name": "v"}
