"""What a role means for a model, as values; nothing is asked of a database."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.graphql.models import plain_model, rocket_model
from threescore.access.permissions import permit
from threescore.access.rights import derive_rights, rights_of
from threescore.access.roles import FieldRights, ObjectRights, Role, RowRule, admin_role, member_role
from threescore.errors import BadRequest, PermissionDenied
from threescore.graphql.core.schema import build_schema
from threescore.model.objects import Index, IndexField, Model
from threescore.query import plan as plans
from threescore.query.compile import compile_plan, compile_seen
from threescore.query.compile.scope import standard_selection
from threescore.query.rules import ME, bind_rule

ID_ONLY = plans.Selection((plans.Scalar("id", "id"),))


def role(**says: Any) -> Role:
    """A role that may do everything but for what it says."""
    return msgspec.structs.replace(member_role(uuid4()), id=uuid4(), **says)


def hiding(model: Model, *fields: tuple[str, str]) -> Role:
    """A role that cannot read these fields."""
    return role(
        field_rights=tuple(
            FieldRights(object_id=o.id, field_id=o.field_by_name[name].id, can_read=False)
            for o, name in ((model.by_singular[singular], name) for singular, name in fields)
        )
    )


def names(model: Model, singular: str) -> set[str]:
    """The names of an object's fields."""
    return set(model.by_singular[singular].field_by_name)


def test_whoever_may_do_everything_has_the_model_itself() -> None:
    model = plain_model()
    for unrestricted in (admin_role(model.workspace_id), member_role(model.workspace_id)):
        rights = derive_rights(model, unrestricted)
        assert rights.is_unrestricted
        assert rights.readable is model


def test_rights_are_derived_once() -> None:
    model = plain_model()
    restricted = role(can_destroy_all_object_records=False)
    first = rights_of(model, restricted)
    assert not first.is_unrestricted
    assert rights_of(model, msgspec.structs.replace(restricted)) is first
    assert rights_of(model, msgspec.structs.replace(restricted, label="x")) is not first


def test_what_hangs_on_a_hidden_field_is_hidden_too() -> None:
    model = rocket_model()
    rights = derive_rights(
        model, hiding(model, ("person", "jobTitle"), ("person", "company"), ("rocket", "sponsorPerson"))
    )
    assert names(model, "person") - names(rights.readable, "person") == {
        "jobTitle",
        "company",
        "searchVector",
        "sponsoredRockets",
    }
    assert names(model, "company") - names(rights.readable, "company") == {"people"}
    assert names(model, "rocket") - names(rights.readable, "rocket") == {"sponsorPerson"}
    person = rights.readable.by_singular["person"]
    columns = {leaf.column for field in person.fields for leaf in field.leaves}
    assert "companyId" not in columns
    for name in ("jobTitle", "companyId", "company"):
        with pytest.raises(PermissionDenied):
            person.refuse_hidden(name)
    person.refuse_hidden("name")


def test_a_hidden_object_takes_the_relations_to_it_along() -> None:
    model = rocket_model()
    company = model.by_singular["company"]
    rights = derive_rights(model, role(object_rights=(ObjectRights(object_id=company.id, can_read=False),)))
    assert "company" not in rights.readable.by_singular
    assert not {"company", "companyId"} & names(rights.readable, "person")
    assert not {"operator", "homeDepot", "sponsorCompany"} & names(rights.readable, "rocket")
    assert "sponsorPerson" in names(rights.readable, "rocket")
    assert company.id not in rights.updatable | rights.soft_deletable | rights.destroyable
    build_schema(rights.readable)


def test_a_role_that_reads_nothing_has_a_schema_all_the_same() -> None:
    model = plain_model()
    rights = derive_rights(model, Role(id=uuid4(), universal_identifier=uuid4(), label="Nothing"))
    assert rights.readable.objects == ()
    assert set(build_schema(rights.readable).query_type.fields) == {"search", "recordHistory"}  # type: ignore[union-attr]


def test_labels_indexes_and_criteria_go_with_their_fields() -> None:
    model = plain_model()
    rights = derive_rights(model, hiding(model, ("person", "name"), ("person", "emails")))
    whole, shown = model.by_singular["person"], rights.readable.by_singular["person"]
    assert shown.label_identifier_field_id is None
    assert all("emails" not in column for criterion in shown.duplicate_criteria or () for column in criterion)
    assert len(shown.duplicate_criteria or ()) < len(whole.duplicate_criteria or ())
    assert [leaf.column for key in shown.unique_keys for leaf in key] == ["id"]


def test_a_field_beside_a_hidden_one_in_a_unique_index_cannot_be_written() -> None:
    model = plain_model()
    person = model.by_singular["person"]
    city, job = person.field_by_name["city"], person.field_by_name["jobTitle"]
    index = Index(
        id=uuid4(),
        object_id=person.id,
        universal_identifier=uuid4(),
        name="both",
        fields=(IndexField(field_id=city.id), IndexField(field_id=job.id)),
        is_unique=True,
        created_at=person.created_at,
        updated_at=person.updated_at,
    )
    changed = msgspec.structs.replace(person, indexes=(*person.indexes, index))
    model = msgspec.structs.replace(model, objects=tuple(changed if o is person else o for o in model.objects))
    rights = derive_rights(model, hiding(model, ("person", "city")))
    assert job.id in rights.locked
    with pytest.raises(PermissionDenied, match='write field "jobTitle" on "person"'):
        permit(rights, plans.Create("person", ("id", "jobTitle"), ID_ONLY))
    permit(rights, plans.Create("person", ("id", "position"), ID_ONLY))


PERSON_HIDDEN = [
    plans.FindOne("person", plans.Selection((plans.Scalar("x", "jobTitle"),))),
    plans.FindFirst("person", ID_ONLY, plans.Not(plans.Or((plans.IsNull("jobTitle", null=True),)))),
    plans.FindMany("person", ID_ONLY, plans.PageOf(plans.And(()), (plans.OrderTerm("jobTitle"),), 1, 0)),
    plans.FindConnection(
        "company",
        plans.PageOf(
            plans.Through("people", plans.Compare("jobTitle", "eq", 0, "text")), (plans.OrderTerm("id"),), 1, 0
        ),
        (),
    ),
    plans.FindByIds(
        "company", plans.Selection((plans.ToMany("p", "people", plans.Selection((plans.Scalar("j", "jobTitle"),)), 1),))
    ),
    plans.Group("person", plans.And(()), (plans.Dimension("jobTitle"),), (), 0, ()),
    plans.Group(
        "person", plans.And(()), (), (), 0, (plans.Total("n", plans.Aggregate("n", "countEmpty", ("jobTitle",))),)
    ),
    plans.Group("person", plans.And(()), (), (), 0, (), sample_order=(plans.OrderTerm("jobTitle"),)),
    plans.Duplicates("person", (), (("jobTitle",),), 1, stored=True),
    plans.Search((plans.SearchIn("person", plans.And(()), "name"),), everything=True, continued=False),
    plans.Search(
        (plans.SearchIn("person", plans.And(()), "jobTitle", words=("name",)),), everything=True, continued=False
    ),
    plans.Connect("person", ("jobTitle",)),
    plans.Holder("person", ("jobTitle",)),
    plans.Lock("person"),
    plans.Absorb("person"),
    plans.Create("person", ("jobTitle",), ID_ONLY),
    plans.Upsert("person", ("jobTitle",), ID_ONLY),
    plans.Update("person", ("city",), plans.Selection((plans.Scalar("x", "jobTitle"),)), plans.And(()), 1),
    plans.SoftDelete("person", ID_ONLY, plans.IsNull("jobTitle", null=True), 1),
    plans.Destroy("person", plans.Selection((plans.Scalar("x", "jobTitle"),)), plans.And(()), 1),
]
"""Plans that would show, or be decided by, the job titles of people."""


@pytest.mark.parametrize("plan", PERSON_HIDDEN, ids=lambda plan: type(plan).__name__)
def test_no_plan_can_name_what_is_hidden(plan: plans.Plan) -> None:
    """Whatever door a plan comes from, and whether that door looked or not."""
    model = plain_model()
    permit(derive_rights(model, admin_role(model.workspace_id)), plan)
    with pytest.raises(PermissionDenied):
        permit(derive_rights(model, hiding(model, ("person", "jobTitle"))), plan)


def test_a_plan_of_an_unknown_kind_is_refused() -> None:
    model = plain_model()

    class Peek(msgspec.Struct, frozen=True):
        object: str

    with pytest.raises(TypeError):
        permit(derive_rights(model, admin_role(model.workspace_id)), Peek("person"))  # type: ignore[arg-type]


def test_every_kind_of_plan_has_a_rule() -> None:
    model = plain_model()
    rights = derive_rights(model, Role(id=uuid4(), universal_identifier=uuid4(), label="Nothing"))
    for kind in (*plans.Read.__args__, *plans.Write.__args__):
        if kind is plans.Search:
            continue
        values = {"object": "person", "criteria": (), "parts": (), "columns": (), "selection": ID_ONLY}
        plan = kind(**{name: values.get(name) for name in kind.__struct_fields__})
        with pytest.raises(PermissionDenied):
            permit(rights, plan)


def test_rules_become_parameters_after_the_request_s_own() -> None:
    model = plain_model()
    person, company = model.by_singular["person"], model.by_singular["company"]
    rights = derive_rights(
        model,
        role(
            row_rules=(
                RowRule(object_id=person.id, filter={"city": {"in": ["Rome"]}, "company": {"name": {"eq": "Acme"}}}),
                RowRule(object_id=company.id, filter={"accountOwnerId": {"eq": "me"}}),
            )
        ),
    )
    assert rights.readable is model
    assert rights.rules is not None
    assert rights.rules.arguments_for("m") == (["Rome"], "Acme", "m")
    assert rights.rules.arguments_for(None) == (["Rome"], "Acme", None)
    plan = plans.FindOne("company", standard_selection(company))
    sql, extra = compile_seen(model, plan, rights.rules, 1)
    assert extra == (2,)
    assert '"accountOwnerId" = $2::uuid' in sql
    assert "Acme" not in sql
    to_one = plans.Selection((plans.ToOne("company", "company", ID_ONLY),))
    sql, extra = compile_seen(model, plans.FindOne("person", to_one), rights.rules, 1)
    assert sorted(extra) == [0, 1, 2]
    unruled = plans.FindOne("note", ID_ONLY)
    assert compile_seen(model, unruled, rights.rules, 1) == (compile_plan(model, unruled), ())


@pytest.mark.parametrize("filter", [{"id": {"neq": "me"}}, {"id": {"in": "me"}}, {"name": {"firstName": {"gt": "me"}}}])
def test_me_is_an_id_that_is_equal(filter: dict[str, Any]) -> None:
    model = plain_model()
    arguments: list[Any] = []
    if "id" in filter:
        with pytest.raises(BadRequest):
            bind_rule(model, model.by_singular["person"], filter, arguments)
    else:
        bind_rule(model, model.by_singular["person"], filter, arguments)
        assert arguments == ["me"]
    found: list[Any] = []
    bound = bind_rule(model, model.by_singular["person"], {"companyId": {"eq": "me"}}, found)
    assert bound == plans.Compare("companyId", "eq", 0, "uuid")
    assert found == [ME]
