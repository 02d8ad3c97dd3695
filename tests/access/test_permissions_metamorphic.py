"""No route shows what the plain find hides: random models, records and roles, every route, every field.

Three relations are held for each role of each world:

1. The plain find shows what the role says, worked out anew from all records.
2. Whatever a role asks, it is answered as an administrator would be from whom all that the role does not see had been
   taken away, or it is refused for naming what is hidden.
3. When all that it does not see gets other values, no answer to the role changes, refusals included.

`PERMISSION_WORLDS` is how many worlds are looked at; a run in CI takes a few, always the same ones.
"""

import os
import re
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import hypothesis
import pytest
from anyio.from_thread import BlockingPortal
from hypothesis import strategies as st

from tests.access.probes import Probe, reads, writes
from tests.access.roles import NewOffice, Office, Rules
from tests.access.worlds import PLURALS, Sight, World, random_rules
from tests.records.wire import send
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.model.objects import ObjectType

WORLDS = int(os.environ.get("PERMISSION_WORLDS", "2"))
ROLES = 2
"""How many roles look at each world."""
ASKED, WRITTEN = 220, 60
"""How many of all reads and writes that there are each role tries."""
PACKED = 20
"""Root fields of one GraphQL request."""

DENIED = "PERMISSION_DENIED"
TAKEN = "A duplicate entry was detected"
OUTSIDE = "outside of the records that the role may see"
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

Answer = tuple[int, Any]


@pytest.mark.parametrize("place", range(1) if WORLDS > 20 else range(WORLDS))
def test_no_route_shows_more_than_the_plain_find(
    place: int,
    server: str,
    portal: BlockingPortal,
    shared_db: Database,
    new_workspace: Any,
    new_office: NewOffice,
) -> None:
    def look(seed: int) -> None:
        workspace: Workspace = new_workspace()
        office = new_office(workspace)
        with office.client() as admin:
            world = World(Random(seed), admin, office, portal, shared_db)
            for number in range(ROLES):
                random = Random(f"{seed} {number}")
                _look_as(world, office, admin, random_rules(random, world), random)

    if WORLDS <= 20:
        look(place)
        return
    # As many worlds as are asked for, found by chance: to be run for as long as one likes.
    given = hypothesis.given(st.integers(0, 2**32))
    hypothesis.settings(max_examples=WORLDS, deadline=None, phases=[hypothesis.Phase.generate])(given(look))()


def _look_as(world: World, office: Office, admin: httpx.Client, rules: Rules, random: Random) -> None:
    sight = Sight(world, rules)
    asked, written = _some(random, reads(world, random), ASKED), _some(random, writes(world, random), WRITTEN)
    named = str([probe.body for probe in written if "upsert" in probe.text])
    with office.client(rules) as client:
        _check_plain_find(world, sight, client)
        _check_schema(world, sight, client)
        shown = _read(client, asked)
        for probe in asked:
            _check_refusal(sight, probe, shown[probe])
        with world.restored():
            wrote = _write(client, written)
        for probe, answer in zip(written, wrote, strict=True):
            _check_write(sight, probe, answer)
        with world.restored():
            world.scramble(sight, named)
            again = _read(client, asked)
            for probe in asked:
                assert again[probe] == shown[probe], (probe, rules)
            if not sight.asked:
                # What a role writes may let it see more where its rules look at other records.
                rewrote = _write(client, written)
                for probe, before, after in zip(written, wrote, rewrote, strict=True):
                    assert after == before, (probe, rules)
    with world.restored():
        world.reduce(sight)
        whole = _read(admin, asked)
        for probe in asked:
            if not _is_denied(shown[probe]):
                whole_answer = _stripped(world, sight, probe, whole[probe])
                if probe.text.startswith("search("):
                    # By whose label is hidden, records are called by their ids.
                    assert [_unlabelled(shown[probe])] == [_unlabelled(whole_answer)], (probe, rules)
                else:
                    assert shown[probe] == whole_answer, (probe, rules)
        if not sight.asked:
            # What a role writes may let it see more where its rules look at other records: then there is more to see.
            allowed = [
                (probe, answer)
                for probe, answer in zip(written, wrote, strict=True)
                if not _is_denied(answer) and not any(text in str(answer) for text in (OUTSIDE, TAKEN))
            ]
            for (probe, answer), full in zip(allowed, _write(admin, [p for p, _ in allowed]), strict=True):
                assert answer == _stripped(world, sight, probe, full), (probe, rules)


def _some(random: Random, probes: list[Probe], count: int) -> list[Probe]:
    """Some of the probes, in their order."""
    places = random.sample(range(len(probes)), min(count, len(probes)))
    return [probes[place] for place in sorted(places)]


def _check_plain_find(world: World, sight: Sight, client: httpx.Client) -> None:
    for name in PLURALS:
        if name not in sight.objects:
            assert _is_denied(_rest(client, Probe(object=name, method="GET", text=PLURALS[name])))
            continue
        shown = world.everything(client, name)
        whole = {row["id"]: row for row in world.records[name]}
        assert {row["id"] for row in shown} == set(sight.rows[name]), (name, sight.rules)
        for row in shown:
            assert row == _strip(world.model.by_singular[name], sight, whole[row["id"]])


def _check_schema(world: World, sight: Sight, client: httpx.Client) -> None:
    """Introspection shows what can be read and nothing else."""
    query = "{ __schema { types { name fields { name } inputFields { name } } } }"
    answer = client.post("/graphql", json={"query": query}).json()["data"]["__schema"]
    types = {item["name"]: item for item in answer["types"]}
    for object_type in world.model.objects:
        found = types.get(object_type.type_name)
        if object_type.name_singular not in sight.objects:
            assert found is None
            continue
        assert found is not None
        names = {field["name"] for field in found["fields"]}
        hidden = sight.hidden[object_type.name_singular]
        wanted = {field.name for field in object_type.fields if field.name not in hidden}
        joins = {f.join_column for f in object_type.fields if f.join_column and f.name not in hidden}
        assert names == wanted | joins
        inputs = {field["name"] for field in types[f"{object_type.type_name}FilterInput"]["inputFields"]}
        assert not inputs & (hidden - wanted)


def _check_refusal(sight: Sight, probe: Probe, answer: Answer) -> None:
    """A read is refused exactly where it names what is hidden."""
    hidden = not probe.objects <= sight.objects or any(field in sight.hidden[name] for name, field in probe.fields)
    assert _is_denied(answer) == hidden, (probe, answer, sight.rules)


def _check_write(sight: Sight, probe: Probe, answer: Answer) -> None:
    """A write is refused where a right is missing; it may be refused for something else first."""
    allowed = sight.may(probe.object, *probe.needs) and not any(
        field in sight.locked(name) for name, field in probe.writes
    )
    if probe.merges:
        allowed = allowed and not any(
            field in sight.locked(probe.object) for field in (f.name for f in _stored(sight, probe.object))
        )
    if allowed:
        assert not _is_denied(answer), (probe, answer, sight.rules)
    else:
        assert answer[0] >= 400, (probe, answer, sight.rules)


def _stored(sight: Sight, name: str) -> Sequence[Any]:
    object_type = sight.world.model.by_singular[name]
    return [field for field in object_type.fields if field.leaves and field.kind.writable]


def _is_denied(answer: Answer) -> bool:
    return answer[0] >= 400 and DENIED in str(answer[1])


# Asking


def _read(client: httpx.Client, probes: Sequence[Probe]) -> dict[Probe, Answer]:
    found: dict[Probe, Answer] = {}
    packed = [probe for probe in probes if not probe.method]
    for start in range(0, len(packed), PACKED):
        found |= _graphql(client, "query", packed[start : start + PACKED])
    return found | {probe: _rest(client, probe) for probe in probes if probe.method}


def _write(client: httpx.Client, probes: Sequence[Probe]) -> list[Answer]:
    answers = []
    for probe in probes:
        status, body = _rest(client, probe) if probe.method else _graphql(client, "mutation", [probe])[probe]
        if probe.merges and status < 400 and probe.body["dryRun"]:
            [record] = body["data"].values()
            record["id"] = record["deletedAt"] = "of the preview"
        answers.append((status, _without_times(body)))
    return answers


def _rest(client: httpx.Client, probe: Probe) -> Answer:
    response = client.request(probe.method, f"/rest/{probe.text}", json=probe.body)
    assert response.status_code < 500, (probe, response.text[:300])
    return response.status_code, response.json()


def _graphql(client: httpx.Client, kind: str, probes: Sequence[Probe]) -> dict[Probe, Answer]:
    """Each root field's own answer: its data, or its error under the status 400."""
    fields = " ".join(f"q{place}: {probe.text}" for place, probe in enumerate(probes))
    response = client.post("/graphql", json={"query": f"{kind} {{ {fields} }}"})
    body = response.json()
    assert "data" in body, (body, fields)
    refused = {error["path"][0]: error for error in body.get("errors", ())}
    found: dict[Probe, Answer] = {}
    for place, probe in enumerate(probes):
        error = refused.get(f"q{place}")
        if error is not None:
            assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", (probe, error)
            found[probe] = 400, {"message": error["message"], "extensions": error["extensions"]}
        else:
            found[probe] = 200, body["data"][f"q{place}"]
    return found


def _without_times(body: Any) -> Any:
    if isinstance(body, dict):
        return {
            key: "now" if key in ("createdAt", "updatedAt", "deletedAt") and value else _without_times(value)
            for key, value in body.items()
        }
    return [_without_times(item) for item in body] if isinstance(body, list) else body


# What an administrator sees beyond a role


def _unlabelled(answer: Answer) -> Any:
    edges = answer[1].get("edges", ())
    return answer[0], [{**edge["node"], "label": None, "at": edge["cursor"]} for edge in edges]


def _stripped(world: World, sight: Sight, probe: Probe, answer: Answer) -> Answer:
    """An administrator's answer over REST without the fields that are hidden from the role."""
    status, body = answer
    if not probe.method or status >= 400 or not isinstance(body, dict):
        return answer
    object_type = world.model.by_singular[probe.object]

    def strip(value: Any) -> Any:
        if isinstance(value, list):
            return [strip(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "pageInfo" in value:
            return {key: strip(item) if key.endswith("Duplicates") else item for key, item in value.items()}
        return _strip(object_type, sight, value)

    data = body["data"]
    shown = strip(data) if isinstance(data, list) else {key: strip(value) for key, value in data.items()}
    return status, body | {"data": shown}


def _strip(object_type: ObjectType, sight: Sight, record: dict[str, Any]) -> dict[str, Any]:
    hidden = sight.hidden[object_type.name_singular]
    shown: dict[str, Any] = {}
    for key, value in record.items():
        field = object_type.field_by_name.get(key) or object_type.field_by_join_column.get(key)
        if field is None or field.name in hidden:
            continue
        if field.is_relation and isinstance(value, dict):
            value = _strip(sight.world.model.target(field), sight, value)
        elif field.is_relation and isinstance(value, list):
            value = [_strip(sight.world.model.target(field), sight, item) for item in value]
        shown[key] = value
    return shown


# Two workspaces


def test_another_workspace_is_like_nothing(
    api: httpx.Client,
    office: Office,
    portal: BlockingPortal,
    shared_db: Database,
    new_workspace: Any,
    new_office: NewOffice,
) -> None:
    other = new_office(new_workspace())
    world = World(Random(5), api, office, portal, shared_db)
    with other.client() as stranger:
        # The same model with records of its own, whose ids nobody else has.
        there = World(Random(5), stranger, other, portal, shared_db)
        for name in PLURALS:
            there.run(f'DELETE FROM "{other.workspace.schema}"."{name}"')
        before = {name: world.everything(api, name) for name in PLURALS}
        foreign = {row["id"]: str(uuid4()) for name in PLURALS for row in world.records[name]}
        random = Random(6)
        probes = reads(world, random) + writes(world, random)
        for probe in probes:
            if not any(row_id in probe.text + str(probe.body) for row_id in foreign):
                continue
            if probe.method == "POST" and "duplicates" not in probe.text:
                continue
            named = _one(stranger, probe)
            unknown = _one(stranger, _renamed(probe, foreign))
            assert _renamed_answer(named, foreign) == unknown, probe
            assert not any(row_id in str(named) for row_id in foreign) or named[0] >= 400, probe
        assert all(world.everything(stranger, name) == [] for name in PLURALS)
    assert {name: world.everything(api, name) for name in PLURALS} == before
    send(api, "GET", "people")


def _one(client: httpx.Client, probe: Probe) -> Answer:
    if probe.method:
        return _rest(client, probe)
    return _graphql(client, "mutation" if probe.is_write else "query", [probe])[probe]


def _renamed(probe: Probe, ids: dict[str, str]) -> Probe:
    text, body = probe.text, probe.body
    for old, new in ids.items():
        text = text.replace(old, new)
    return Probe(object=probe.object, text=text, method=probe.method, body=_renamed_value(body, ids), needs=probe.needs)


def _renamed_value(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed_value(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed_value(item, ids) for item in value]
    if isinstance(value, str):
        for old, new in ids.items():
            value = value.replace(old, new)
    return value


def _renamed_answer(answer: Answer, ids: dict[str, str]) -> Answer:
    return answer[0], _renamed_value(answer[1], ids)
