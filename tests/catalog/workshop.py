"""A workshop to change a workspace's model in, and to see that its tables follow."""

import re
from typing import Any
from uuid import UUID

from threescore.catalog import ddl
from threescore.catalog.changes import ModelChanges
from threescore.catalog.load import load_model
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Connection, Database
from threescore.errors import ValidationReport
from threescore.model.objects import Field, Model, ObjectType
from threescore.sql import quote_identifier

_COLUMNS = """
SELECT c.relname::text AS "table", a.attname::text AS "column", format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull, a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid) AS "default"
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = $1::text::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text AS "table", CASE WHEN contype <> 'p' THEN conname::text END AS name,
       replace(pg_get_constraintdef(oid), ' NOT VALID', '')
FROM pg_constraint WHERE connamespace = $1::text::regnamespace AND contype IN ('c', 'f', 'p')
"""
# Those of columns that were added later leave empty values out.
_INDEXES = """
SELECT tablename::text AS "table", indexname::text AS name,
       regexp_replace(indexdef, ' WHERE \\("?\\w+"? IS NOT NULL\\)$', '') AS definition
FROM pg_indexes WHERE schemaname = $1 AND indexname NOT LIKE '%\\_pkey%'
"""
_TRIGGERS = """
SELECT tgrelid::regclass::text AS "table", tgname::text AS name, pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = $1::text::regnamespace AND NOT tgisinternal
"""
_FUNCTIONS = "SELECT proname::text AS name, prosrc FROM pg_proc WHERE pronamespace = $1::text::regnamespace"


class Workshop:
    """One workspace whose model is changed, and shorthand for changing it."""

    def __init__(self, database: Database, workspace: Workspace) -> None:
        self.db = database
        self.id = workspace.id
        self.schema = workspace.schema
        self.changes = ModelChanges(database)

    async def model(self) -> Model:
        async with self.db.acquire() as connection:
            return await load_model(connection, self.id)

    async def object_type(self, name: str) -> ObjectType:
        return (await self.model()).by_singular[name]

    async def field(self, object_name: str, name: str) -> Field:
        return (await self.object_type(object_name)).field_by_name[name]

    async def create_object(self, name: str = "rocket", /, **properties: Any) -> ObjectType:
        label = name[0].upper() + name[1:]
        body = {"nameSingular": name, "namePlural": f"{name}s", "labelSingular": label, "labelPlural": f"{label}s"}
        return (await self.changes.create_object(self.id, {**body, **properties}))[1]

    async def create_field(self, object_name: str, kind: str, name: str, /, **properties: Any) -> Field:
        owner = await self.object_type(object_name)
        body = {"objectMetadataId": str(owner.id), "type": kind, "name": name, "label": name.capitalize()}
        return (await self.changes.create_field(self.id, {**body, **properties}))[1]

    async def relate(
        self, source: str, name: str, target: str, label: str, kind: str = "MANY_TO_ONE", /, **properties: Any
    ) -> Field:
        payload = await self.payload(target, label, kind)
        return await self.create_field(source, "RELATION", name, relationCreationPayload=payload, **properties)

    async def payload(self, target: str, label: str, kind: str = "MANY_TO_ONE") -> dict[str, str]:
        target_id = str((await self.object_type(target)).id)
        return {
            "type": kind,
            "targetObjectMetadataId": target_id,
            "targetFieldLabel": label,
            "targetFieldIcon": "IconX",
        }

    async def update_object(self, name: str, /, **properties: Any) -> ObjectType:
        owner = await self.object_type(name)
        return (await self.changes.update_object(self.id, owner.id, properties))[1]

    async def delete_object(self, name: str) -> ObjectType:
        owner = await self.object_type(name)
        return (await self.changes.delete_object(self.id, owner.id))[1]

    async def update_field(self, object_name: str, name: str, /, **properties: Any) -> Field:
        field = await self.field(object_name, name)
        return (await self.changes.update_field(self.id, field.id, properties))[1]

    async def delete_field(self, object_name: str, name: str) -> Field:
        field = await self.field(object_name, name)
        return (await self.changes.delete_field(self.id, field.id))[1]

    async def sql(self, statement: str, *arguments: Any) -> list[Any]:
        """Runs a statement in the workspace's schema and gives the rows back as tuples."""
        async with self.db.transaction() as connection:
            await connection.execute(f"SET LOCAL search_path = {quote_identifier(self.schema)}")
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]

    async def insert(self, table: str, /, **values: Any) -> UUID:
        """Inserts a record and gives its id."""
        columns = ", ".join(quote_identifier(name) for name in values)
        slots = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        into = f"{quote_identifier(table)} ({columns})" if values else quote_identifier(table)
        row = f"VALUES ({slots})" if values else "DEFAULT VALUES"
        ((record_id,),) = await self.sql(f'INSERT INTO {into} {row} RETURNING "id"', *values.values())
        assert isinstance(record_id, UUID)
        return record_id

    async def check(self) -> Model:
        """Fails unless the tables are just as they would be had the present model been created as it is."""
        model = await self.model()
        twin = f"twin_{self.id.hex}"
        async with self.db.transaction() as connection:
            (versions,) = await connection.fetch(f"SELECT model FROM {quote_identifier(self.schema)}._state")
            assert versions[0] == model.version
            await connection.execute(
                f"CREATE SCHEMA {twin}; SET LOCAL search_path = {twin};"
                + ";".join([*ddl.create_workspace_tables(), *ddl.create_model(model)])
            )
            for query in (_COLUMNS, _CONSTRAINTS, _INDEXES, _TRIGGERS, _FUNCTIONS):
                found, expected = await _rows(connection, query, self.schema), await _rows(connection, query, twin)
                assert found == expected, {"only in the workspace": found - expected, "missing": expected - found}
            await connection.execute(f"DROP SCHEMA {twin} CASCADE")
        for object_type in model.objects:
            _check_references(model, object_type)
        return model


async def _rows(connection: Connection, query: str, schema: str) -> set[tuple[Any, ...]]:
    """What the query tells about a schema, without the schema's name."""
    return {
        tuple(re.sub(rf'"?{schema}"?\.', "", part) if isinstance(part, str) else part for part in row)
        for row in await connection.fetch(query, schema)
    }


def _check_references(model: Model, object_type: ObjectType) -> None:
    assert object_type.label_identifier_field_id in object_type.field_by_id
    for field in object_type.fields:
        assert field.object_id == object_type.id
        if field.is_relation:
            inverse = model.inverse(field)
            assert inverse.object_id == field.target_object_id
            assert inverse.target_field_id == field.id
            assert {field.relation_type, inverse.relation_type} == {"MANY_TO_ONE", "ONE_TO_MANY"}
        if field.is_many_to_one:
            assert field.join_column == f"{field.name}Id"
    for index in object_type.indexes:
        assert all(part.field_id in object_type.field_by_id for part in index.fields)


def cause(report: ValidationReport) -> tuple[str, str, str]:
    """The one cause that a report names: the kind of thing at fault, the code and the message."""
    ((name, (item,)),) = report.errors.items()
    errors = item["errors"]
    assert isinstance(errors, list)
    (error,) = errors
    assert item["status"] == "fail"
    assert item["metadataName"] == name
    assert report.summary == {"totalErrors": 1, name: 1}
    return name, error["code"], error["message"]
