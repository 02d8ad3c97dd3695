"""The one place where it is decided whether a caller may do what a plan says.

Every plan of every door is looked at before it is compiled, whatever made it: it may only name what exists in the
readable model of the role, and may only write what the role may write. What is not known here is refused.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, assert_never
from uuid import UUID

from threescore.access.rights import Rights
from threescore.errors import PermissionDenied
from threescore.model.objects import Field, ObjectType
from threescore.query import plan as plans

_PSEUDO_COLUMNS = ("#first", "#last")
_GIVEN_BY_US = frozenset({"id", "position"})
"""Columns that every new record gets."""


def permit(rights: Rights, plan: plans.Plan) -> None:
    """Returns if the plan is allowed. Raises PermissionDenied if it is not, TypeError for one of an unknown kind."""
    check = _CHECKS.get(type(plan))
    if check is None:
        raise TypeError(f"There is no rule for who may run a {type(plan).__name__}")
    check(_Permission(rights), plan)


class _Permission:
    """Looks at the parts of one plan."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    def object(self, name: str) -> ObjectType:
        """An object that may be read."""
        found = self._rights.readable.by_singular.get(name)
        if found is None:
            raise PermissionDenied
        return found

    def _field(self, object_type: ObjectType, name: str) -> Field:
        found = object_type.field_by_name.get(name)
        if found is None:
            raise _denied(object_type, name, "read")
        return found

    def _target(self, object_type: ObjectType, relation: str | None) -> ObjectType:
        if relation is None:
            return object_type
        return self._rights.readable.target(self._field(object_type, relation))

    def columns(self, object_type: ObjectType, columns: Iterable[str]) -> None:
        """Columns that may be read."""
        for column in columns:
            if column not in object_type.leaf_by_column:
                raise self._denied_column(object_type, column, "read")

    def _denied_column(self, object_type: ObjectType, column: str, verb: str) -> PermissionDenied:
        leaf = self._rights.whole.by_id[object_type.id].leaf_by_column.get(column)
        return _denied(object_type, leaf.field.name if leaf else column, verb)

    # What is read

    def filter(self, object_type: ObjectType, node: plans.Filter) -> None:
        match node:
            case plans.Compare(column=column) | plans.IsNull(column=column):
                self.columns(object_type, [column])
            case plans.And(items=items) | plans.Or(items=items):
                for item in items:
                    self.filter(object_type, item)
            case plans.Not(item=item):
                self.filter(object_type, item)
            case plans.Version():
                # It says whether the record was written since, and nothing about what it holds.
                pass
            case plans.Through(field=field, item=item):
                self.filter(self._target(object_type, field), item)
            case _:
                assert_never(node)

    def order(self, object_type: ObjectType, order: Iterable[plans.OrderTerm]) -> None:
        for term in order:
            self.columns(self._target(object_type, term.relation), [term.column])

    def page(self, object_type: ObjectType, page: plans.PageOf) -> None:
        self.filter(object_type, page.filter)
        self.order(object_type, page.order)

    def selection(self, object_type: ObjectType, selection: plans.Selection) -> None:
        for item in selection.items:
            match item:
                case plans.Constant():
                    pass
                case plans.Scalar(field=field) | plans.Composite(field=field) | plans.JoinId(field=field):
                    self._field(object_type, field)
                case plans.ToOne(field=field, selection=inner) | plans.ToMany(field=field, selection=inner):
                    self.selection(self._target(object_type, field), inner)
                case plans.Connection(field=field, page=page, parts=parts):
                    target = self._target(object_type, field)
                    self.page(target, page)
                    self.parts(target, parts)
                case _:
                    assert_never(item)

    def aggregates(self, object_type: ObjectType, aggregates: Iterable[plans.Aggregate]) -> None:
        for aggregate in aggregates:
            self.columns(object_type, aggregate.columns)

    def parts(self, object_type: ObjectType, parts: Iterable[plans.ConnectionPart | plans.GroupPart]) -> None:
        for part in parts:
            match part:
                case plans.Constant() | plans.PageInfo() | plans.Dimensions():
                    pass
                case plans.Total(aggregate=aggregate):
                    self.aggregates(object_type, [aggregate])
                case plans.Records(selection=selection):
                    self.selection(object_type, selection)
                case plans.Edges(items=items):
                    for item in items:
                        if isinstance(item, plans.Node):
                            self.selection(object_type, item.selection)
                case _:
                    assert_never(part)

    def group(self, plan: plans.Group) -> None:
        object_type = self.object(plan.object)
        self.filter(object_type, plan.filter)
        for dimension in plan.dimensions:
            self.columns(self._target(object_type, dimension.relation), [dimension.column])
        self.parts(object_type, plan.parts)
        self.aggregates(object_type, plan.order_aggregates)
        self.order(object_type, plan.sample_order)

    def duplicates(self, plan: plans.Duplicates) -> None:
        object_type = self.object(plan.object)
        for criterion in plan.criteria:
            self.columns(object_type, criterion)
        self.parts(object_type, plan.parts)

    def search(self, plan: plans.Search) -> None:
        for item in plan.objects:
            object_type = self.object(item.object)
            self.filter(object_type, item.filter)
            for name in (item.label, item.image):
                if name is not None:
                    self._field(object_type, name)
            for name in ("searchVector",) if item.words is None else item.words:
                self._field(object_type, name)

    # What is written

    def allowed(self, object_type: ObjectType, *holders: frozenset[UUID]) -> None:
        """An object that is among all the holders of rights."""
        if not all(object_type.id in ids for ids in holders):
            raise PermissionDenied

    def write(self, plan: plans.Create | plans.Upsert | plans.Update) -> None:
        object_type = self.object(plan.object)
        self.allowed(object_type, self._rights.updatable)
        for column in plan.columns:
            if column in _GIVEN_BY_US or column in _PSEUDO_COLUMNS:
                continue
            leaf = object_type.leaf_by_column.get(column)
            if leaf is None or leaf.field.id in self._rights.locked:
                raise self._denied_column(object_type, column, "write")
        self.selection(object_type, plan.selection)
        if isinstance(plan, plans.Update):
            self.filter(object_type, plan.filter)

    def remove(self, plan: plans.SoftDelete | plans.Restore | plans.Destroy) -> None:
        object_type = self.object(plan.object)
        destroys = isinstance(plan, plans.Destroy)
        self.allowed(object_type, self._rights.destroyable if destroys else self._rights.soft_deletable)
        self.filter(object_type, plan.filter)
        self.selection(object_type, plan.selection)

    def merge(self, plan: plans.Absorb | plans.Lock) -> None:
        """A merge changes one record by all that others hold, and destroys these."""
        object_type = self.object(plan.object)
        self.allowed(object_type, self._rights.updatable, self._rights.destroyable)
        for field in self._rights.whole.by_id[object_type.id].fields:
            if field.leaves and field.kind.writable and field.id in self._rights.locked:
                raise _denied(object_type, field.name, "write")


def _denied(object_type: ObjectType, field: str, verb: str) -> PermissionDenied:
    return PermissionDenied(f'no permission to {verb} field "{field}" on "{object_type.name_singular}"')


def _by_id(permission: _Permission, plan: plans.FindOne | plans.FindByIds) -> None:
    permission.selection(permission.object(plan.object), plan.selection)


def _first(permission: _Permission, plan: plans.FindFirst) -> None:
    object_type = permission.object(plan.object)
    permission.selection(object_type, plan.selection)
    permission.filter(object_type, plan.filter)


def _many(permission: _Permission, plan: plans.FindMany) -> None:
    object_type = permission.object(plan.object)
    permission.selection(object_type, plan.selection)
    permission.page(object_type, plan.page)


def _connection(permission: _Permission, plan: plans.FindConnection) -> None:
    object_type = permission.object(plan.object)
    permission.page(object_type, plan.page)
    permission.parts(object_type, plan.parts)


def _by_key(permission: _Permission, plan: plans.Connect | plans.Holder) -> None:
    permission.columns(permission.object(plan.object), plan.columns)


_CHECKS: Mapping[type, Callable[[_Permission, Any], None]] = {
    plans.FindOne: _by_id,
    plans.FindByIds: _by_id,
    plans.FindFirst: _first,
    plans.FindMany: _many,
    plans.FindConnection: _connection,
    plans.Group: _Permission.group,
    plans.Duplicates: _Permission.duplicates,
    plans.Search: _Permission.search,
    plans.Connect: _by_key,
    plans.Holder: _by_key,
    plans.Lock: _Permission.merge,
    plans.Create: _Permission.write,
    plans.Upsert: _Permission.write,
    plans.Update: _Permission.write,
    plans.SoftDelete: _Permission.remove,
    plans.Restore: _Permission.remove,
    plans.Destroy: _Permission.remove,
    plans.Absorb: _Permission.merge,
}
