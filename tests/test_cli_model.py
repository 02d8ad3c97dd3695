"""The data model from the command line, beside a running server that serves each change at once."""

import json
import re
import shlex
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import threescore_here
from threescore.catalog.workspaces import Workspace
from threescore.model.fields import TYPES

Command = Callable[..., str]


@pytest.fixture
def command(database_url: str, workspace: Workspace) -> Command:
    """Runs a command in the test's workspace, which must succeed, and gives what it prints."""

    def run(*arguments: str) -> str:
        done = threescore_here(*arguments, "--workspace", workspace.name, THREESCORE_DATABASE_URL=database_url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def refused(database_url: str, workspace: Workspace) -> Callable[..., str]:
    """Runs a command that must be refused with a code, and gives its one line; without stdin, nothing is confirmed."""

    def run(code: int, *arguments: str) -> str:
        done = threescore_here(*arguments, "--workspace", workspace.name, THREESCORE_DATABASE_URL=database_url)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    return run


def shown(api: httpx.Client, kind: str, wanted: str) -> dict[str, Any]:
    response = api.get(f"/rest/metadata/{kind}/{wanted}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_an_object_is_made_changed_used_and_deleted(api: httpx.Client, command: Command) -> None:
    made = command("object", "create", "Machine", "Machines", "--icon", "IconTool").strip()
    assert str(uuid.UUID(made)) == made
    field = command("field", "create", "machine", "--label", "Power", "--type", "number").strip()
    assert all(api.post("/rest/machines", json={"name": "Saw", "power": 3}).status_code == 201 for _ in range(8))

    listed = json.loads(command("object", "list", "--json"))
    [machine] = [item for item in listed if item["nameSingular"] == "machine"]
    assert machine == shown(api, "objects", made)
    assert not any(item["isSystem"] for item in listed)
    fields = json.loads(command("field", "list", "machines", "--json"))
    assert {item["name"] for item in fields} >= {"name", "power"}
    assert next(item for item in fields if item["id"] == field) == shown(api, "fields", field)

    changed = command("object", "update", made, "--name", "engine", "--name-plural", "engines", "--json")
    assert json.loads(changed)["nameSingular"] == "engine"
    assert {api.get("/rest/engines").status_code for _ in range(8)} == {200}
    command("field", "update", "engine", "power", "--label", "Strength", "--no-nullable", "--default", "0")
    assert shown(api, "fields", field)["label"] == "Strength"
    assert shown(api, "fields", field)["defaultValue"] == 0
    command("field", "update", "engine", "power", "--nullable", "--default", "null")
    assert shown(api, "fields", field)["defaultValue"] is None

    command("field", "deactivate", "engine", "power")
    assert shown(api, "fields", field)["isActive"] is False
    command("field", "activate", "engine", "power")
    assert shown(api, "fields", field)["isActive"] is True
    command("object", "deactivate", "engine")
    assert shown(api, "objects", made)["isActive"] is False
    command("object", "activate", "engine")
    assert shown(api, "objects", made)["isActive"] is True

    assert json.loads(command("field", "delete", "engine", "power", "--yes", "--json"))["id"] == field
    assert api.get(f"/rest/metadata/fields/{field}").status_code == 404
    assert json.loads(command("object", "delete", "engine", "-y", "--json"))["id"] == made
    assert {api.get("/rest/engines").status_code for _ in range(8)} == {400}


WITH: dict[str, tuple[str, ...]] = {
    "SELECT": ("--options", "Lathe, Band saw", "--default", "'BAND_SAW'"),
    "MULTI_SELECT": ("--options", '[{"label": "A", "value": "A", "color": "blue"}]', "--default", "[\"'A'\"]"),
    "NUMBER": ("--settings", '{"decimals": 2, "dataType": "float"}', "--default", "1.5"),
    "TEXT": ("--unique",),
    "BOOLEAN": ("--default", "true"),
    "DATE_TIME": ("--default", "now"),
    "FILES": ("--settings", '{"maxNumberOfValues": 3}'),
    "RELATION": ("--to", "person", "--inverse-label", "Own things"),
    "MORPH_RELATION": ("--to", "company", "--to", "person", "--inverse-label", "Any things"),
}


def test_a_field_of_every_type_can_be_made(api: httpx.Client, command: Command) -> None:
    command("object", "create", "Thing", "Things")
    creatable = [name for name, kind in TYPES.items() if kind.creatable]
    assert len(creatable) > 20
    for kind in creatable:
        label = f"My {kind.lower().replace('_', ' ')}"
        made = command("field", "create", "thing", "--type", kind, "--label", label, *WITH.get(kind, ())).strip()
        assert shown(api, "fields", made)["type"] == kind

    fields = {item["name"]: item for item in json.loads(command("field", "list", "thing", "--json"))}
    options = [(option["label"], option["value"]) for option in fields["mySelect"]["options"]]
    assert options == [("Lathe", "LATHE"), ("Band saw", "BAND_SAW")]
    assert fields["myNumber"]["settings"]["decimals"] == 2
    assert fields["myRelation"]["relation"]["targetObjectMetadata"]["nameSingular"] == "person"
    assert fields["myRelation"]["relation"]["targetFieldMetadata"]["name"] == "ownThings"
    assert len(fields["myMorphRelationCompany"]["morphRelations"]) == 2
    record = api.post("/rest/things", json={"name": "First", "mySelect": "LATHE"}).json()["data"]["createThing"]
    assert (record["mySelect"], record["myNumber"], record["myBoolean"]) == ("LATHE", 1.5, True)

    table = command("field", "list", "thing").splitlines()
    assert table[0].split() == ["Name", "Label", "Type", "Remarks", "Id"]
    [line] = [line for line in table if line.startswith("myRelation ")]
    assert "MANY_TO_ONE person" in line
    assert fields["myRelation"]["id"] in line


def test_the_other_side_of_a_relation_is_called_as_its_object(api: httpx.Client, command: Command) -> None:
    made = command(
        *("field", "create", "company", "--label", "Guests", "--type", "RELATION", "--to", "note"),
        *("--relation-type", "one_to_many", "--json"),
    )
    relation = json.loads(made)["relation"]
    assert relation["type"] == "ONE_TO_MANY"
    assert relation["targetFieldMetadata"]["name"] == "company"


def test_the_documented_commands_work(command: Command) -> None:
    documentation = (Path(__file__).parent.parent / "docs/command-line.md").read_text()
    [first, *_] = re.findall(r"```sh\n(.*?)```", documentation, re.DOTALL)
    lines = [shlex.split(line) for line in first.splitlines()]
    assert [line[0] for line in lines] == ["threescore"] * 5
    printed = [command(*line[1:]) for line in lines][-1]
    assert all(name in printed for name in ("power", "kind", "MANY_TO_ONE company"))


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (1, ["object", "create", "Company", "Companies"], "Object already exists"),
        (1, ["object", "create", "!!", "??"], 'Invalid label: "!!"'),
        (1, ["object", "delete", "company", "--yes"], "Standard objects cannot be deleted"),
        (1, ["object", "update", "no such", "--label", "x"], 'There is no object "no such"'),
        (2, ["object", "delete", "company"], "--yes answers beforehand"),
        (2, ["object", "update", "company"], "Nothing to change is given"),
        (1, ["field", "list", "no such"], 'There is no object "no such"'),
        (1, ["field", "update", "company", "nothing", "--label", "x"], 'has no field "nothing"'),
        (1, ["field", "delete", "company", "name", "--yes"], 'Cannot delete standard field "name"'),
        (1, ["field", "create", "company", "--label", "Kind", "--type", "SELECT"], "Options are required"),
        (1, ["field", "create", "company", "--label", "Kind", "--settings", "[]"], "Settings must be an object"),
        (2, ["field", "create", "company", "--label", "Kind", "--settings", "{"], "this is not JSON"),
        (2, ["field", "create", "company", "--label", "Kind", "--type", "NUMERIC"], "NUMERIC is none of"),
        (2, ["field", "create", "company", "--label", "Kind", "--type", "RELATION"], "needs an object to lead to"),
        (2, ["field", "create", "company", "--label", "Kind", "--to", "person"], "leads to no object"),
        (2, ["field", "create", "company"], "--label"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    refused: Callable[..., str], code: int, arguments: list[str], message: str
) -> None:
    said = refused(code, *arguments)
    assert message in " ".join(said.replace("│", " ").split())
    if code == 1:
        assert len(said.splitlines()) == 1


def test_names_command_no_terminal(command: Command) -> None:
    command("object", "create", "[red]Odd[/nothing] :smile: \x1b[2J", "Odds", "--name", "odd")
    [line] = [line for line in command("object", "list").splitlines() if line.startswith("odd ")]
    assert "[red]Odd[/nothing] :smile: �[2J" in line
