"""The grammar of paths below `/rest`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.errors import BadRequest
from threescore.rest.grammar.path import Route, parse_path

ID = "11111111-1111-4111-8111-000000000001"
VALID = "Valid examples: /rest/companies/id or /rest/companies or /rest/batch/companies"


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/people", Route("many", "people", None, "findMany")),
        ("POST", "/people", Route("many", "people", None, "createOne")),
        ("PATCH", "/people", Route("many", "people", None, "updateMany")),
        ("PUT", "/people", Route("many", "people", None, "updateMany")),
        ("DELETE", "/people", Route("many", "people", None, "deleteMany")),
        ("GET", f"/people/{ID}", Route("one", "people", ID, "findOne")),
        ("HEAD", f"/people/{ID}", Route("one", "people", ID, "findOne")),
        ("PATCH", f"/people/{ID}", Route("one", "people", ID, "updateOne")),
        ("PUT", f"/people/{ID}", Route("one", "people", ID, "updateOne")),
        ("DELETE", f"/people/{ID}", Route("one", "people", ID, "deleteOne")),
        ("POST", "/batch/people", Route("batch", "people", None, "createMany")),
        ("GET", "/batch/people", Route("batch", "people", None, "findMany")),
        ("POST", "/people/duplicates", Route("duplicates", "people", None, "findDuplicates")),
        ("GET", "/people/duplicates", Route("duplicates", "people", None, "findMany")),
        ("PATCH", "/people/merge", Route("merge", "people", None, "mergeMany")),
        ("GET", "/people/groupBy", Route("groupBy", "people", None, "groupBy")),
        ("PATCH", f"/people/{ID}/restore", Route("restoreOne", "people", ID, "restoreOne")),
        ("PATCH", f"/restore/people/{ID}", Route("restoreOne", "people", ID, "restoreOne")),
        ("PATCH", "/people/restore", Route("restoreMany", "people", None, "restoreMany")),
        ("PATCH", "/restore/people", Route("restoreMany", "people", None, "restoreMany")),
        ("POST", f"/dashboards/{ID}/duplicate", Route("copy", "dashboards", ID, "duplicateDashboard")),
        ("GET", "/people/", Route("many", "people", None, "findMany")),
        ("GET", "//people", Route("many", "people", None, "findMany")),
        ("GET", "people", Route("many", "people", None, "findMany")),
    ],
)
def test_route(method: str, path: str, route: Route) -> None:
    assert parse_path(method, path) == route


@pytest.mark.parametrize(
    "record_id",
    [
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "11111111-1111-4111-8111-0000000000AA",
    ],
)
def test_any_version_of_uuid_is_an_id(record_id: str) -> None:
    assert parse_path("GET", f"/people/{record_id}").record_id == record_id.lower()


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/people/abc", "'abc' is not a valid UUID"),
        ("GET", "/core/people", "'people' is not a valid UUID"),
        ("GET", f"/people/{ID}0", f"'{ID}0' is not a valid UUID"),
        ("GET", "/people/" + ID.replace("-", ""), f"'{ID.replace('-', '')}' is not a valid UUID"),
        ("GET", "/people/restore", "'restore' is not a valid UUID"),
        ("PATCH", "/people/abc/restore", "'abc' is not a valid UUID"),
        ("GET", f"/people/{ID}/notes", f"Query path '/rest/people/{ID}/notes' invalid. {VALID}"),
        ("GET", f"/people/{ID}/restore", f"Query path '/rest/people/{ID}/restore' invalid. {VALID}"),
        ("GET", f"/dashboards/{ID}/duplicate", f"Query path '/rest/dashboards/{ID}/duplicate' invalid. {VALID}"),
        ("POST", f"/people/{ID}/duplicate", f"Query path '/rest/people/{ID}/duplicate' invalid. {VALID}"),
        ("PATCH", "/a/b/c/restore", f"Query path '/rest/a/b/c/restore' invalid. {VALID}"),
        ("GET", "/", f"Query path '/rest/' invalid. {VALID}"),
        ("GET", "", f"Query path '/rest/' invalid. {VALID}"),
    ],
)
def test_refused_path(method: str, path: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_path(method, path)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/batch/people", "POST, GET"),
        ("DELETE", "/batch/people", "POST, GET"),
        ("PATCH", "/people/duplicates", "POST, GET"),
        ("DELETE", "/people/merge", "PATCH"),
        ("POST", "/people/merge", "PATCH"),
        ("POST", "/people/groupBy", "GET"),
        ("TRACE", "/people", "GET, POST, PATCH, PUT, DELETE"),
    ],
)
def test_refused_method(method: str, path: str, allowed: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_path(method, path)
    assert caught.value.message == f"{method} is not possible on '/rest{path}'. Allowed methods are {allowed}."


def test_posting_to_a_record_is_refused() -> None:
    with pytest.raises(BadRequest, match="To create a record, POST to '/rest/people'"):
        parse_path("POST", f"/people/{ID}")


@given(
    st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "X"]),
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(["people", "batch", "restore", "merge", ID, "dashboards", "duplicate", ""])).map(
            "/".join
        ),
    ),
)
def test_any_path_is_a_route_or_a_bad_request(method: str, path: str) -> None:
    try:
        route = parse_path(method, path)
    except BadRequest:
        return
    assert route.object_name
