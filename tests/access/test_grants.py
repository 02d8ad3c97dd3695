"""Whether one role is more than another: against a list of all that each allows, made another way."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threescore.access.flags import FLAGS, SETTINGS, TOOLS
from threescore.access.grants import RIGHTS, exceeds, narrowed
from threescore.access.roles import FieldRights, ObjectRights, Role, RowRule, admin_role, member_role
from threescore.access.scope import Access, ObjectScope, Scope
from threescore.model.objects import Model
from threescore.model.standard import standard_model

WORKSPACE = UUID(int=1)
WHOLE = standard_model(WORKSPACE, "w", datetime(2026, 1, 1, tzinfo=UTC))
NAMES = ("person", "company", "opportunity")
MODEL: Model = msgspec.structs.replace(
    WHOLE, objects=tuple(item for item in WHOLE.objects if item.name_singular in NAMES)
)
FIELDS = {
    item.id: [field for field in item.fields if field.name in ("name", "city", "employees", "stage")]
    for item in MODEL.objects
}
RULES: dict[UUID, list[dict[str, Any]]] = {
    item.id: [
        {"createdAt": {"gt": "2026-01-01"}},
        {"deletedAt": {"is": "NULL"}},
        {"and": [{"createdAt": {"gt": "2026-01-01"}}, {"deletedAt": {"is": "NULL"}}]},
    ]
    for item in MODEL.objects
}

maybe = st.sampled_from([None, True, False])


@st.composite
def roles(draw: st.DrawFn) -> Role:
    """Any role over three objects, sensible or not."""
    objects = draw(st.lists(st.sampled_from(MODEL.objects), unique_by=lambda item: item.id, max_size=3))
    fields = draw(
        st.lists(
            st.sampled_from([field for found in FIELDS.values() for field in found]),
            unique_by=lambda field: field.id,
            max_size=3,
        )
    )
    ruled = draw(st.lists(st.sampled_from(MODEL.objects), unique_by=lambda item: item.id, max_size=2))
    of_all = [f"can_{right}_all_object_records" for right in RIGHTS]
    switches: dict[str, Any] = {
        name: draw(st.booleans()) for name in ("can_update_all_settings", "can_access_all_tools", *of_all)
    }
    return Role(
        id=UUID(int=draw(st.integers(1, 9))),
        universal_identifier=UUID(int=7),
        label="Any",
        flags=tuple(draw(st.lists(st.sampled_from(["ROLES", "DATA_MODEL", "AI"]), unique=True))),
        object_rights=tuple(
            ObjectRights(object_id=item.id, **{f"can_{right}": draw(maybe) for right in RIGHTS}) for item in objects
        ),
        field_rights=tuple(
            FieldRights(
                object_id=field.object_id,
                field_id=field.id,
                can_read=draw(st.sampled_from([None, False])),
                can_update=draw(st.sampled_from([None, False])),
            )
            for field in fields
        ),
        row_rules=tuple(RowRule(object_id=item.id, filter=draw(st.sampled_from(RULES[item.id]))) for item in ruled),
        **switches,
    )


def allowed(role: Role) -> Iterator[tuple[object, ...]]:
    """All that a role allows, one by one. Records are of three kinds, by which of the two conditions they pass."""
    for flag in FLAGS:
        if flag in role.flags or (role.can_access_all_tools if flag in TOOLS else role.can_update_all_settings):
            yield "flag", flag
    if role.can_update_all_settings:
        yield "flag", "all settings to come"
    if role.can_access_all_tools:
        yield "flag", "all tools to come"
    for item in (*MODEL.objects, None):
        said = next((r for r in role.object_rights if item and r.object_id == item.id), None)

        def may(right: str, said: ObjectRights | None = said) -> bool:
            own = getattr(said, f"can_{right}") if said else None
            return bool(getattr(role, f"can_{right}_all_object_records") if own is None else own)

        if not may("read"):
            continue
        name = item.name_singular if item else "objects to come"
        rule = next((r.filter for r in role.row_rules if item and r.object_id == item.id), None)
        conditions = [] if rule is None else rule.get("and", [rule])
        for kind in itertools.product((True, False), repeat=2):
            passes = {"createdAt": kind[0], "deletedAt": kind[1]}
            if all(passes[field] for condition in conditions for field in condition):
                for right in RIGHTS:
                    if may(right):
                        yield right, name, kind
        for field in FIELDS[item.id] if item else ():
            rights = next((r for r in role.field_rights if r.field_id == field.id), None)
            reads = rights is None or rights.can_read is None
            if reads:
                yield "read", name, field.name
            if reads and may("update") and (rights is None or rights.can_update is None):
                yield "update", name, field.name


@given(roles(), roles())
def test_exceeds_is_right(candidate: Role, holder: Role) -> None:
    more = set(allowed(candidate)) - set(allowed(holder))
    assert (exceeds(candidate, holder, MODEL) is not None) == bool(more)


@given(roles(), roles(), roles())
def test_an_order(a: Role, b: Role, c: Role) -> None:
    assert exceeds(a, a, MODEL) is None
    if exceeds(a, b, MODEL) is None and exceeds(b, c, MODEL) is None:
        assert exceeds(a, c, MODEL) is None


@given(roles())
def test_the_administrator_has_all_and_nobody_is_nothing(role: Role) -> None:
    assert exceeds(role, admin_role(WORKSPACE), MODEL) is None
    nobody = Role(id=UUID(int=3), universal_identifier=UUID(int=3), label="Nobody")
    assert exceeds(nobody, role, MODEL) is None


scopes = st.builds(
    Scope,
    of_all=st.sampled_from(Access),
    objects=st.lists(
        st.builds(
            ObjectScope, object_id=st.sampled_from([o.id for o in MODEL.objects]), access=st.sampled_from(Access)
        ),
        unique_by=lambda item: item.object_id,
    ).map(tuple),
)


@given(roles(), scopes)
def test_a_scope_only_narrows(role: Role, scope: Scope) -> None:
    less = narrowed(role, scope, MODEL)
    assert exceeds(less, role, MODEL) is None
    assert not any(less.allows(flag) for flag in SETTINGS)
    assert less.id != role.id
    names = {item.name_singular: item.id for item in MODEL.objects}
    for what, name, *_rest in allowed(less):
        if what != "flag":
            access = scope.access(names.get(str(name), uuid5(WORKSPACE, "to come")))
            assert access.reads if what == "read" else access.writes
    kept = {
        item for item in allowed(role) if item[0] == "read" and scope.access(names.get(str(item[1]), WORKSPACE)).reads
    }
    assert kept <= set(allowed(less))


def test_no_scope_narrows_nothing() -> None:
    role = member_role(WORKSPACE)
    assert narrowed(role, None, MODEL) is role


@pytest.mark.parametrize(
    ("filter", "excess"),
    [
        ({"employees": {"gt": 5}}, True),
        ({"or": [{"name": {"eq": "x"}}, {"not": {"employees": {"gt": 5}}}]}, True),
        ({"people": {"city": {"eq": "Ghent"}}}, True),
        ({"opportunities": {"pointOfContactId": {"is": "NULL"}}}, True),
        ({"people": {"searchVector": {"is": "NULL"}}}, True),
        ({"opportunities": {"stage": {"eq": "NEW"}}}, False),
        ({"name": {"eq": "x"}}, False),
        ({"accountOwnerId": {"is": "NULL"}}, False),
    ],
)
def test_a_row_rule_tells_nothing_that_its_maker_may_not_know(filter: dict[str, Any], excess: bool) -> None:
    company, person = WHOLE.by_singular["company"], WHOLE.by_singular["person"]
    holder = msgspec.structs.replace(
        admin_role(WORKSPACE),
        field_rights=(
            FieldRights(object_id=company.id, field_id=company.field_by_name["employees"].id, can_read=False),
            FieldRights(object_id=person.id, field_id=person.field_by_name["city"].id, can_read=False),
            FieldRights(object_id=person.id, field_id=person.field_by_name["jobTitle"].id, can_read=False),
            FieldRights(
                object_id=person.id, field_id=person.field_by_name["pointOfContactForOpportunities"].id, can_read=False
            ),
        ),
    )
    candidate = msgspec.structs.replace(holder, row_rules=(RowRule(object_id=company.id, filter=filter),))
    assert (exceeds(candidate, holder, WHOLE) is not None) == excess
    # Who is held to the rule knows what it lets through, and may hold others to it.
    assert exceeds(candidate, candidate, WHOLE) is None
