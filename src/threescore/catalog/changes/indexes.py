"""Unique fields, and indexes that callers ask for."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from threescore.catalog.changes.draft import Draft
from threescore.catalog.changes.inputs import IndexInput
from threescore.catalog.changes.report import Issue, index_refusal
from threescore.errors import BadRequest, Forbidden, NotFound
from threescore.model.fields.values import Json
from threescore.model.objects import Field, Index, ObjectType
from threescore.model.standard.indexes import Part, new_index

MAX_CUSTOM_INDEXES = 10
"""Indexes that callers may add to one object: each one slows every write down."""


def create_index(draft: Draft, sent: IndexInput) -> Index:
    """Adds an index that is not unique. Raises BadRequest when it cannot be."""
    if not sent.fields:
        raise BadRequest("An index needs at least one field", code="INDEX_FIELDS_REQUIRED")
    owner = draft.find_object(sent.object_id)
    if owner is None:
        raise BadRequest("Object of the index not found", code="INDEX_OBJECT_NOT_FOUND")
    if len(set(sent.fields)) < len(sent.fields):
        raise BadRequest("A field is in the index more than once", code="DUPLICATE_INDEX_FIELDS")
    parts = tuple(_part(owner, field_id, sub_field) for field_id, sub_field in sent.fields)
    if sum(index.is_custom for index in owner.indexes) >= MAX_CUSTOM_INDEXES:
        raise BadRequest(
            f"An object has at most {MAX_CUSTOM_INDEXES} custom indexes", code="CUSTOM_INDEX_LIMIT_REACHED"
        )
    index = _new_index(draft, owner, parts, is_custom=True, kind=sent.type)
    if any(other.name == index.name for other in owner.indexes):
        issue = Issue("INDEX_ALREADY_EXISTS", "Index with same name already exists")
        raise index_refusal("creating index", index, issue)
    if sent.type == "GIN" and not all(_column_type(part).endswith("[]") for part in parts):
        issue = Issue("INVALID_FIELD_INPUT", "A GIN index covers fields with lists of values only")
        raise index_refusal("creating index", index, issue)
    draft.put_index(index)
    return index


def delete_index(draft: Draft, index_id: UUID) -> Index:
    """Takes an index away that a caller made. Raises NotFound or Forbidden."""
    index = next((i for o in draft.objects for i in o.indexes if i.id == index_id), None)
    if index is None:
        raise NotFound("Index not found", code="INDEX_NOT_FOUND")
    if not index.is_custom:
        raise Forbidden("Only custom indexes can be deleted", code="CANNOT_DELETE_SYSTEM_INDEX")
    draft.remove_index(index)
    return index


def add_relation_index(draft: Draft, field: Field) -> None:
    """Gives the join column of a many-to-one relation its index."""
    owner = draft.object_type(field.object_id)
    draft.put_index(_new_index(draft, owner, [(field, None)]))


def add_search_index(draft: Draft, owner: ObjectType) -> None:
    """Gives the search vector of an object its index, where it has none."""
    vector = owner.field_by_name.get("searchVector")
    if vector is not None and all(part.field_id != vector.id for index in owner.indexes for part in index.fields):
        draft.put_index(_new_index(draft, owner, [(vector, None)], kind="GIN"))


def make_unique(draft: Draft, field: Field, doing: str) -> None:
    """Adds the unique index of a field. Raises ValidationReport when its type, or its default value, forbids that."""
    owner = draft.object_type(field.object_id)
    index = _new_index(draft, owner, [(field, None)], is_unique=True)
    check_unique(field, index, doing)
    draft.put_index(index)


def check_unique(field: Field, index: Index, doing: str) -> None:
    """Raises ValidationReport when a field with its settings as they are cannot be unique."""
    message = f"Unique index cannot be created for field {field.name} of type {field.type}"
    if not field.leaves or not field.kind.takes_unique:
        issue = Issue("INDEX_FIELD_INVALID_TYPE_FOR_UNIQUE", message, f"{field.type} fields cannot be unique.")
        raise index_refusal(doing, index, issue)
    if _has_unique_default(field):
        issue = Issue("INDEX_FIELD_INVALID_DEFAULT_VALUE", message, f"{field.type} fields cannot have a default value.")
        raise index_refusal(doing, index, issue)


def unique_indexes(owner: ObjectType, field: Field) -> tuple[Index, ...]:
    """The unique indexes over this field alone."""
    return tuple(i for i in owner.indexes if i.is_unique and all(part.field_id == field.id for part in i.fields))


def make_not_unique(draft: Draft, field: Field) -> None:
    """Takes the unique indexes over this field alone away."""
    for index in unique_indexes(draft.object_type(field.object_id), field):
        draft.remove_index(index)


def _has_unique_default(field: Field) -> bool:
    default: Json = field.default_value
    if isinstance(default, dict) and field.is_composite:
        return any(default.get(name) not in (None, "''") for name in field.kind.unique_sub_fields)
    return default is not None


def _new_index(
    draft: Draft,
    owner: ObjectType,
    parts: Sequence[Part],
    *,
    is_unique: bool = False,
    is_custom: bool = False,
    kind: str = "BTREE",
) -> Index:
    return new_index(
        owner,
        parts,
        new_id=lambda _key: uuid4(),
        now=draft.now,
        is_unique=is_unique,
        is_custom=is_custom,
        type=kind,
        universal_identifier=uuid4(),
    )


def _part(owner: ObjectType, field_id: UUID, sub_field: str | None) -> Part:
    field = owner.field_by_id.get(field_id)
    if field is None or not field.leaves:
        raise BadRequest("Field of the index not found on the object", code="INDEX_FIELD_NOT_FOUND_ON_OBJECT")
    code = "INDEX_NOT_SUPPORTED_FOR_COMPOSITE_FIELD"
    if field.is_composite and sub_field is None:
        raise BadRequest(f"Composite field {field.name} requires a sub-field selection", code=code)
    if sub_field not in field.leaf_by_sub_field:
        raise BadRequest(f"Field {field.name} has no sub-field {sub_field}", code=code)
    return field, sub_field


def _column_type(part: Part) -> str:
    field, sub_field = part
    leaf = field.leaf_by_sub_field[sub_field]
    return leaf.type.column_type(leaf)
