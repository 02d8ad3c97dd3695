"""From the records that a caller sends to rows: names are resolved, values checked, defaults filled in."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from threescore.errors import BadRequest
from threescore.model.fields.base import Json, Leaf, Row, Writer
from threescore.model.fields.identifier import is_uuid
from threescore.model.fields.relation import parse_connection
from threescore.model.objects import Field, Model, ObjectType
from threescore.records.caller import Caller

_CREATED_BY = frozenset({"createdBySource", "createdByName", "createdByContext"})


@dataclass(frozen=True, slots=True)
class Connect:
    """A relation that a record asks to be connected to whatever has the given values of a unique key."""

    place: int
    field: Field
    target: ObjectType
    key: tuple[Leaf, ...]
    values: Row


@dataclass(frozen=True, slots=True)
class NestedCreate:
    """A record that is to be created together with the one that relates to it; its id is settled already."""

    place: int
    target: ObjectType
    record: dict[str, Json]


@dataclass(slots=True)
class Input:
    """Checked records as rows. `columns` are those that some row has."""

    rows: list[Row]
    columns: tuple[str, ...]
    connects: list[Connect]
    creates: list[NestedCreate]


class Reader:
    """Reads records of one object of a role's readable model. `whole` is the object with what the role cannot read."""

    def __init__(self, model: Model, object_type: ObjectType, whole: ObjectType) -> None:
        self._model = model
        self._object_type = object_type
        self._writers: dict[str, Writer] = {}
        for field in object_type.fields:
            if field.join_column is not None:
                self._writers[field.join_column] = field.write
            elif not field.is_relation:
                self._writers[field.name] = field.write
        self._former = object_type.field_by_former_name
        for name, field in self._former.items():
            self._writers[f"{name}Id"] = field.write
        self._writers["id"] = _write_id
        self._defaults = {
            leaf.column: field
            for field in whole.fields
            for leaf in field.leaves
            if leaf.type.column_default(leaf) is not None
        }
        self._required = [
            leaf
            for field in whole.fields
            for leaf in field.leaves
            if leaf.type.column_required(leaf)
            and leaf.column not in self._defaults
            and field.kind.writable
            and field.name not in ("id", "createdBy", "updatedBy")
        ]

    def read(self, records: Sequence[Json]) -> Input:
        """Checks records and makes rows of them. Raises BadRequest, with the index of the record at fault."""
        given = Input([], (), [], [])
        for place, record in enumerate(records):
            try:
                given.rows.append(self._row(record, place, given))
            except BadRequest as error:
                error.index = place
                error.about = "data"
                raise
        return given

    def _row(self, record: Json, place: int, given: Input) -> Row:
        if not isinstance(record, dict):
            raise BadRequest("A record must be a JSON object of field names and values")
        for former, field in self._former.items():
            if former in record or f"{former}Id" in record:
                names = [n for n in (former, field.name, f"{former}Id", field.join_column) if n in record]
                if len(names) > 1:
                    raise BadRequest(f"{names[0]} and {names[1]} cannot be both provided.")
        row: Row = {}
        writers = self._writers
        for name, value in record.items():
            writer = writers.get(name)
            if writer is not None:
                writer(value, row)
            else:
                self._relation(name, value, record, row, place, given)
        if "updatedBySource" in row or "updatedByName" in row or "updatedByContext" in row:
            for part in ("Source", "Name", "Context", "WorkspaceMemberId"):
                row.pop(f"updatedBy{part}", None)
        return row

    def _relation(self, name: str, value: Json, record: Mapping[str, Json], row: Row, place: int, given: Input) -> None:
        """A key that is a relation's own name; anything else is unknown."""
        field = self._object_type.field_called.get(name)
        if field is None:
            self._object_type.refuse_hidden(name, "write")
            raise BadRequest(f'Object {self._object_type.name_singular} doesn\'t have any "{name}" field.')
        if field.is_one_to_many:
            raise BadRequest(f"One-to-many relation {name} field does not support write operations.")
        if not field.kind.writable or field.join_column is None:
            raise BadRequest(f"{name} {field.type}-typed field does not support write operations")
        if isinstance(value, dict) and "create" in value:
            given.creates.append(self._create(field, value, record, row, place))
            return
        if field.join_column in record:
            raise BadRequest(f"{name} and {field.join_column} cannot be both provided.")
        if value == {"disconnect": False}:
            return
        row[field.join_column] = None
        where = None if value is None else parse_connection(field, value)
        if where is not None:
            given.connects.append(self._connect(field, where, place))

    def _create(
        self, field: Field, value: Mapping[str, Json], record: Mapping[str, Json], row: Row, place: int
    ) -> NestedCreate:
        assert field.join_column is not None
        if len(value) > 1:
            raise BadRequest(
                f"Cannot combine create, connect, and disconnect for the same relation field {field.name}."
            )
        if field.join_column in record:
            raise BadRequest(f"Cannot provide both {field.name}.create and {field.join_column}")
        nested = value["create"]
        if not isinstance(nested, dict):
            raise BadRequest(f'"{field.name}.create" must be a record: a JSON object of field names and values')
        settled: Row = {}
        _write_id(nested.get("id") or str(uuid4()), settled)
        row[field.join_column] = settled["id"]
        return NestedCreate(place, self._model.target(field), {**nested, "id": settled["id"]})

    def _connect(self, field: Field, where: Mapping[str, Json], place: int) -> Connect:
        target = self._model.target(field)
        values: Row = {}
        for name, value in where.items():
            wanted = target.field_by_name.get(name)
            if wanted is None:
                target.refuse_hidden(name)
            if wanted is None or wanted.is_relation:
                raise BadRequest(f'Object {target.name_singular} doesn\'t have any "{name}" field.')
            wanted.write(value, values)
        for key in target.unique_keys:
            if all(values.get(leaf.column) is not None for leaf in key):
                return Connect(place, field, target, key, values)
        raise BadRequest(
            f"Missing required fields: at least one unique constraint have to be fully populated for '{field.name}'."
        )

    def complete(self, given: Input, caller: Caller) -> None:
        """Gives new records their ids, places and actors; fills what some rows of a batch have and others lack."""
        rows = given.rows
        for place, row in enumerate(rows):
            for leaf in self._required:
                if row.get(leaf.column) is None:
                    raise BadRequest(f"Field {leaf.name} is not nullable and has no default value.", index=place)
        lacking = [row for row in rows if "id" not in row]
        for row, new_id in zip(lacking, _new_ids(len(lacking)), strict=True):
            row["id"] = new_id
        _complete_actors(rows, caller)
        _place(rows)
        given.columns = _columns(rows)
        for column in given.columns:
            if column in self._defaults:
                for row in rows:
                    if column not in row:
                        self.fill(column, row)

    def prepare_upsert(self, given: Input, caller: Caller) -> tuple[str, ...]:
        """Readies rows of which it is not known yet whether they are new; gives the columns that some row has."""
        last = 0
        _complete_actors(given.rows, caller)
        for row in given.rows:
            place = row.get("position")
            if place in ("first", "last"):
                del row["position"]
            if place == "last":
                last += 1
                row["#last"] = last
        return _columns(given.rows)

    def fill(self, column: str, row: Row) -> None:
        """Puts a column's default into a row that lacks it."""
        field = self._defaults[column]
        defaults: Row = {}
        field.kind.default_row(field, defaults)
        if column in defaults:
            row[column] = defaults[column]
        elif field.default_value == "now":
            row[column] = datetime.now(UTC).isoformat(timespec="milliseconds")
        elif field.default_value == "uuid":
            row[column] = str(uuid4())

    def defaults(self) -> Row:
        """What a new record gets where its row is silent, but for what only the database gives."""
        row: Row = {}
        for column in self._defaults:
            if column not in ("id", "position") and not column.startswith(("createdBy", "updatedBy")):
                self.fill(column, row)
        return row


def reader(caller: Caller, object_type: ObjectType) -> Reader:
    """The reader of an object, made once for each readable model."""
    model = caller.model
    readers: dict[UUID, Reader] = model.__dict__.setdefault("readers", {})
    found = readers.get(object_type.id)
    if found is None:
        found = readers[object_type.id] = Reader(model, object_type, caller.state.model.by_id[object_type.id])
    return found


_VERSION = bytes(octet & 0x0F | 0x40 for octet in range(256))
_VARIANT = bytes(octet & 0x3F | 0x80 for octet in range(256))


def _new_ids(count: int) -> list[str]:
    """Random UUIDs (version 4), without the hyphens, which PostgreSQL does not need. `uuid4` takes 20 times as long."""
    octets = bytearray(os.urandom(16 * count))
    octets[6::16] = octets[6::16].translate(_VERSION)
    octets[8::16] = octets[8::16].translate(_VARIANT)
    digits = octets.hex()
    return [digits[start : start + 32] for start in range(0, 32 * count, 32)]


def _write_id(value: Json, row: Row) -> None:
    if type(value) is str and is_uuid(value):
        row["id"] = value.lower()
        return
    try:
        row["id"] = str(UUID(value))  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError) as error:
        raise BadRequest(f'Value "{value}" is not a valid UUID', code="INVALID_QUERY_INPUT") from error


def _columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns that some row has, in a fixed order, so that equal sets make equal plans."""
    return tuple(sorted(set[str]().union(*rows)))


def _complete_actors(rows: Sequence[Row], caller: Caller) -> None:
    """A `createdBy` with a name stands as it is; one without gets the caller's, and keeps its source.

    Where no row has one, none gets one: the statement fills them all.
    """
    given = [row for row in rows if not row.keys().isdisjoint(_CREATED_BY)]
    for row in given:
        row.setdefault("createdBySource", "MANUAL")
        row.setdefault("createdByWorkspaceMemberId", None)
        if row.get("createdByName"):
            row.setdefault("createdByContext", None)
        else:
            row["createdByName"] = caller.actor_name
            row["createdByContext"] = {}
    if given:
        for row in rows:
            row.setdefault("createdBySource", "API")
            row.setdefault("createdByName", caller.actor_name)
            row.setdefault("createdByContext", {})


def _place(rows: Sequence[Row]) -> None:
    """Turns the words `first` and `last`, and no position at all, into distances from the ends of the table."""
    first = [row for row in rows if row.get("position", "first") == "first"]
    for distance, row in enumerate(first):
        row.pop("position", None)
        row["#first"] = distance - len(first)
    last = [row for row in rows if row.get("position") == "last"]
    for distance, row in enumerate(last):
        del row["position"]
        row["#last"] = distance + 1


def place_again(row: Row) -> None:
    """Turns the words `first` and `last` in a change of a record into distances from the ends of the table."""
    word = row.get("position")
    if word == "first" or word == "last":
        del row["position"]
        row[f"#{word}"] = -1 if word == "first" else 1
