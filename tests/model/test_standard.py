"""The standard data model, and what a new object starts with."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from threescore.model.fields import TYPES
from threescore.model.naming import index_name
from threescore.model.objects import Model, ObjectType, index_leaves
from threescore.model.standard import NewObject, current_index_name, new_object, standard_model

NOW = datetime(2026, 5, 4, 3, 2, 1, 123000, UTC)
MODEL = standard_model(UUID(int=1), "workspace_1", NOW)

OBJECTS = """
person company opportunity note noteTarget task taskTarget attachment timelineActivity workspaceMember message
messageThread messageThreadTarget messageParticipant messageChannelMessageAssociation
messageChannelMessageAssociationMessageFolder calendarEvent calendarEventParticipant calendarEventTarget
calendarChannelEventAssociation callRecording workflow workflowVersion workflowRun workflowAutomatedTrigger dashboard
blocklist messageCampaign messageList messageListMember
"""
SYSTEM_FIELDS = {"id", "createdAt", "updatedAt", "deletedAt", "createdBy", "updatedBy", "position", "searchVector"}


def covered(object_type: ObjectType) -> set[tuple[str, ...]]:
    """The columns of each index."""
    return {tuple(leaf.column for leaf in index_leaves(object_type, index)) for index in object_type.indexes}


def test_the_standard_objects() -> None:
    assert [o.name_singular for o in MODEL.objects] == OBJECTS.split()
    assert MODEL.by_plural["people"] is MODEL.by_singular["person"]
    assert not any(o.is_custom for o in MODEL.objects)
    assert sum(o.is_system for o in MODEL.objects) == 23


def test_every_object_has_the_system_fields() -> None:
    for object_type in MODEL.objects:
        system = {name: object_type.field_by_name[name] for name in SYSTEM_FIELDS}
        assert all(field.is_system for field in system.values())
        assert not system["position"].is_audit_logged


@pytest.mark.parametrize(
    ("name", "type", "label"),
    [
        ("person.city", "TEXT", "City"),
        ("person.xLink", "LINKS", "X"),
        ("company.employees", "NUMBER", "Employees"),
        ("company.xLink", "LINKS", "X"),
        ("company.annualRecurringRevenue", "CURRENCY", "ARR"),
        ("company.idealCustomerProfile", "BOOLEAN", "ICP"),
        ("timelineActivity.name", "TEXT", "Event name"),
        ("message.direction", "SELECT", "Direction"),
        ("message.deliveryStatus", "SELECT", "Delivery status"),
        ("workflowRun.context", "RAW_JSON", "Context"),
        ("workflowRun.output", "RAW_JSON", "Output"),
    ],
)
def test_fields_of_older_versions_are_there(name: str, type: str, label: str) -> None:
    object_name, field_name = name.split(".")
    field = MODEL.by_singular[object_name].field_by_name[field_name]
    assert (field.type, field.label, field.is_active, field.is_custom) == (type, label, True, False)


def test_relations_have_two_sides() -> None:
    for object_type in MODEL.objects:
        for field in object_type.fields:
            assert field.is_relation == (field.type in ("RELATION", "MORPH_RELATION"))
            if field.is_relation:
                inverse = MODEL.inverse(field)
                assert MODEL.inverse(inverse) is field
                assert MODEL.target(field) is MODEL.owner(inverse)
                assert field.is_many_to_one != inverse.is_many_to_one
                assert field.join_column == (f"{field.name}Id" if field.is_many_to_one else None)


def test_the_branches_of_a_morph_relation_share_an_id() -> None:
    for name, branches in (("noteTarget", 3), ("taskTarget", 3), ("attachment", 7), ("timelineActivity", 11)):
        fields = [f for f in MODEL.by_singular[name].fields if f.type == "MORPH_RELATION"]
        assert len(fields) == branches
        assert len({f.morph_id for f in fields}) == 1


def test_a_one_to_many_through_another_object_names_the_far_side() -> None:
    settings = MODEL.by_singular["note"].field_by_name["noteTargets"].settings
    assert settings == {
        "relationType": "ONE_TO_MANY",
        "junctionTargetFieldId": str(MODEL.by_singular["noteTarget"].field_by_name["targetPerson"].id),
    }


def test_searched_fields_are_in_the_order_of_the_search_vector() -> None:
    searched = {o.name_singular: [f.name for f in o.fields if f.is_searchable] for o in MODEL.objects}
    assert searched["person"] == ["name", "emails", "phones", "jobTitle"]
    assert searched["company"] == ["name", "domainName"]
    assert searched["task"] == ["title", "bodyV2"]
    assert searched["noteTarget"] == ["id"]
    assert searched["messageChannelMessageAssociationMessageFolder"] == []


def test_options_and_settings() -> None:
    opportunity = MODEL.by_singular["opportunity"]
    assert opportunity.field_by_name["stage"].option_values == ("NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER")
    assert opportunity.field_by_name["stage"].default_value == "'NEW'"
    domain = MODEL.by_singular["company"].field_by_name["domainName"]
    assert domain.settings == {"maxNumberOfValues": 1, "type": "domain"}
    assert domain.is_unique


def test_duplicate_criteria_name_columns() -> None:
    with_criteria = [o for o in MODEL.objects if o.duplicate_criteria]
    assert {o.name_singular for o in with_criteria} == {"person", "company"}
    for object_type in with_criteria:
        for columns in object_type.duplicate_criteria or ():
            assert set(columns) <= set(object_type.leaf_by_column)


def test_indexes_serve_lists_relations_and_unique_fields() -> None:
    for object_type in MODEL.objects:
        columns = covered(object_type)
        assert {("position", "id", "deletedAt"), ("createdAt",)} <= columns
        assert {(name,) for name in object_type.field_by_join_column} <= columns
    person = MODEL.by_singular["person"]
    assert ("emailsPrimaryEmail",) in {tuple(leaf.column for leaf in key) for key in person.unique_keys}
    assert ("stage",) in covered(MODEL.by_singular["opportunity"])


def test_only_searched_objects_have_an_index_of_the_search_vector() -> None:
    with_index = {o.name_singular for o in MODEL.objects if ("searchVector",) in covered(o)}
    assert with_index == {o.name_singular for o in MODEL.objects if o.is_searchable} | {
        "workflowVersion",
        "workflowRun",
    }


def test_names_are_unique() -> None:
    assert len({index.name for o in MODEL.objects for index in o.indexes}) == sum(len(o.indexes) for o in MODEL.objects)
    for object_type in MODEL.objects:
        columns = [leaf.column for field in object_type.fields for leaf in field.leaves]
        assert len(set(columns)) == len(columns)
        assert all(len(column) <= 63 for column in columns)


def test_ids_depend_on_the_workspace_alone() -> None:
    later = standard_model(UUID(int=1), "workspace_1", datetime(2027, 1, 1, tzinfo=UTC))
    other = standard_model(UUID(int=2), "workspace_2", NOW)
    ids = set(MODEL.field_by_id) | set(MODEL.by_id) | {i.id for o in MODEL.objects for i in o.indexes}
    assert set(later.field_by_id) == set(MODEL.field_by_id)
    assert not ids & set(other.field_by_id)
    assert len(ids) == sum(1 + len(o.fields) + len(o.indexes) for o in MODEL.objects)


def rocket(model: Model = MODEL, *, skip_name_field: bool = False) -> NewObject:
    return new_object(
        model,
        name_singular="rocket",
        name_plural="rockets",
        label_singular="Rocket",
        label_plural="Rockets",
        now=NOW,
        skip_name_field=skip_name_field,
    )


def test_a_new_object_starts_with_system_fields_a_name_and_system_relations() -> None:
    object_type = rocket().object_type
    assert [(f.name, f.type, f.is_system) for f in object_type.fields] == [
        ("id", "UUID", True),
        ("name", "TEXT", False),
        ("createdAt", "DATE_TIME", True),
        ("createdBy", "ACTOR", True),
        ("deletedAt", "DATE_TIME", True),
        ("position", "POSITION", True),
        ("searchVector", "TS_VECTOR", True),
        ("updatedAt", "DATE_TIME", True),
        ("updatedBy", "ACTOR", True),
        ("timelineActivities", "RELATION", False),
        ("attachments", "RELATION", False),
        ("noteTargets", "RELATION", False),
        ("taskTargets", "RELATION", False),
    ]
    assert object_type.label_identifier_field_id == object_type.field_by_name["name"].id
    assert [f.name for f in object_type.fields if f.is_searchable] == ["name"]
    assert object_type.field_by_name["createdBy"].default_value == {"name": "''", "source": "'MANUAL'"}
    assert covered(object_type) == {("position", "id", "deletedAt"), ("createdAt",), ("searchVector",)}
    assert all(f.kind is TYPES[f.type] and f.is_custom for f in object_type.fields)


def test_a_new_object_adds_a_branch_to_each_system_relation() -> None:
    object_type, reverse = rocket()
    owners = {MODEL.by_id[field.object_id].name_singular for field, _ in reverse}
    assert owners == {"timelineActivity", "attachment", "noteTarget", "taskTarget"}
    for field, index in reverse:
        owner = MODEL.by_id[field.object_id]
        near = object_type.field_by_id[field.target_field_id] if field.target_field_id else None
        assert near is not None
        assert near.target_field_id == field.id
        assert field.name == "targetRocket"
        assert field.join_column == "targetRocketId"
        assert field.morph_id == owner.field_by_name["targetPerson"].morph_id
        assert index.name == index_name(owner.table, ["targetRocketId"])


def test_a_new_object_without_a_name_is_known_by_its_id() -> None:
    object_type = rocket(skip_name_field=True).object_type
    assert "name" not in object_type.field_by_name
    assert object_type.label_identifier_field_id == object_type.field_by_name["id"].id
    assert object_type.field_by_name["id"].is_searchable


def test_an_index_gets_another_name_when_its_object_does() -> None:
    object_type = rocket().object_type
    renamed = msgspec.structs.replace(object_type, name_singular="ship")
    before, after = (current_index_name(o, object_type.indexes[0]) for o in (object_type, renamed))
    assert before == object_type.indexes[0].name != after


def test_no_two_new_objects_share_an_id() -> None:
    ids = [field.id for _ in range(2) for field in rocket().object_type.fields]
    assert len(set(ids)) == len(ids)
    given = uuid4()
    other = new_object(
        MODEL, id=given, name_singular="a", name_plural="b", label_singular="A", label_plural="B", now=NOW
    )
    assert other.object_type.id == given
