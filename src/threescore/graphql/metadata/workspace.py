"""The workspace itself, who calls, and what there is at a glance."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from threescore.access.membership import invitation_link
from threescore.access.role_store import default_role_id
from threescore.access.role_wire import role_values
from threescore.access.workspace_settings import change_workspace, delete_workspace
from threescore.catalog.state import Stale
from threescore.catalog.wire import application_id, iso
from threescore.catalog.workspaces import Workspace, get_workspace, update_workspace, workspace_values
from threescore.errors import Unavailable
from threescore.graphql.metadata.auth import urls
from threescore.graphql.metadata.context import Context, Info
from threescore.graphql.metadata.nodes import ObjectNode
from threescore.model.objects import ObjectType
from threescore.query import plan as plans
from threescore.query.filters import LIVE
from threescore.records.caller import Caller
from threescore.records.runner import Runner
from threescore.sql import quote_identifier, quote_literal

Values = dict[str, Any]

COUNTED = 100_000
"""Rows up to which a table is counted; of larger ones PostgreSQL's estimate is taken."""

_FLAGS = (
    "IS_JUNCTION_RELATIONS_ENABLED",
    "IS_REST_METADATA_API_NEW_FORMAT_DIRECT",
    "IS_UNIQUE_INDEXES_ENABLED",
)
"""What clients may have to know is on. It cannot be turned off."""


def _current_workspace(_root: None, info: Info) -> Values:
    context = info.context
    return _workspace_values(
        context, context.wait(get_workspace(context.services.database, context.model.workspace_id))
    )


def _update_workspace(_root: None, info: Info, *, data: Mapping[str, Any]) -> Values:
    context = info.context
    services = context.services
    role_id: str | None = data.get("defaultRoleId")
    if role_id is not None:
        context.wait(services.roles.set_default(context.caller, UUID(role_id)))
        context.renew()
    changed = change_workspace(services.people, services.database, context.caller, data, services.author)
    return _workspace_values(context, context.wait(changed))


def _activate_workspace(
    _root: None, info: Info, *, data: Mapping[str, Any] | None = None, input: Mapping[str, Any] | None = None
) -> Values:
    context = info.context
    name: str | None = (data or input or {}).get("displayName")
    changes = {"is_active": True} if name is None else {"is_active": True, "name": name}
    workspace_id = context.model.workspace_id
    return _workspace_values(
        context,
        context.wait(update_workspace(context.services.database, workspace_id, changes, context.services.author)),
    )


def _delete_workspace(_root: None, info: Info) -> Values:
    context = info.context
    workspace = context.wait(get_workspace(context.services.database, context.model.workspace_id))
    shown = _workspace_values(context, workspace)
    context.wait(delete_workspace(context.services.database, workspace))
    return shown


def _workspace_values(context: Context, workspace: Workspace) -> Values:
    changed = (item.updated_at for item in context.model.objects)
    return {
        **workspace_values(workspace),
        "isPasswordAuthEnabled": True,
        "workspaceMembersCount": len(context.caller.state.members),
        "updatedAt": iso(max(changed, default=workspace.created_at)),
        "featureFlags": [{"key": flag, "value": True} for flag in _FLAGS],
        "workspaceUrls": urls(context, workspace),
        "workspaceCustomApplicationId": application_id(workspace.id, is_custom=True),
    }


def _invite_hash(_source: Values, info: Info) -> str | None:
    """The end of the link that invites, for those who may invite."""
    context = info.context
    return context.wait(invitation_link(context.services.database, context.caller))


def _workspace_of_user(_source: Values, info: Info) -> Values | None:
    return None if info.context.caller_or_none is None else _current_workspace(None, info)


def _minimal_metadata(_root: None, info: Info) -> Values:
    model = info.context.model
    info.context.count(len(model.objects))
    return {
        "objectMetadataItems": [ObjectNode(model, item) for item in model.objects],
        "views": [],
        "collectionHashes": [
            {"collectionName": name, "hash": _hash(items)} for name, items in _collections(info.context.caller).items()
        ],
    }


def _collections(caller: Caller) -> Mapping[str, Iterable[Any]]:
    """The collections that there are, each with all that is in it."""
    model = caller.state.model
    names = [name for name in ObjectType.__struct_fields__ if name not in ("fields", "indexes")]
    fields = [field for item in model.objects for field in item.fields]
    return {
        "objectMetadata": [[getattr(item, name) for name in names] for item in model.objects],
        "fieldMetadata": fields,
        "index": [index for item in model.objects for index in item.indexes],
        "searchFieldMetadata": [field.id for field in fields if field.is_searchable],
        "role": list(caller.state.roles.values()),
    }


def _hash(items: Iterable[Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(items)).hexdigest()


def _record_counts(_root: None, info: Info) -> list[Values]:
    context = info.context
    counts = context.wait(_count_records(context))
    return [
        {"objectNamePlural": item.name_plural, "totalCount": counts[item.table]}
        for item in context.caller.model.objects
    ]


async def _count_records(context: Context) -> dict[str, int]:
    """The number of records in each table, as far as the caller sees them."""
    caller = context.caller
    rules = caller.rights.rules
    ruled = [item for item in caller.model.objects if rules is not None and item.name_singular in rules.filters]
    seen = {item.table: await _count_seen(context, item) for item in ruled}
    schema = quote_identifier(context.model.schema)
    async with context.services.database.acquire() as connection:
        estimates = await connection.fetch(
            "SELECT relname, reltuples FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'", schema
        )
        large = {row["relname"]: int(row["reltuples"]) for row in estimates if row["reltuples"] > COUNTED}
        counted = [item.table for item in caller.model.objects if item.table not in large and item.table not in seen]
        sql = " UNION ALL ".join(
            f"SELECT {quote_literal(table)} AS relname, count(*) AS records"
            f' FROM {schema}.{quote_identifier(table)} WHERE "deletedAt" IS NULL'
            for table in counted
        )
        try:
            rows = await connection.fetch(sql) if counted else []
        except asyncpg.UndefinedTableError as error:
            raise Unavailable("The data model is changing right now; try again") from error
    return {**large, **{row["relname"]: row["records"] for row in rows}, **seen}


async def _count_seen(context: Context, object_type: ObjectType) -> int:
    """The number of live records of an object of which the caller sees only some."""
    page = plans.PageOf(LIVE, (plans.OrderTerm("id"),), plans.at_most(1), 0)
    total = plans.Total("count", plans.Aggregate("count", "count"))
    plan = plans.FindConnection(object_type.name_singular, page, (total,))
    try:
        row = await Runner(context.services.database).one(context.caller, plan, [1], object_type)
    except Stale as error:
        raise Unavailable("The data model is changing right now; try again") from error
    count: int = msgspec.json.decode(row["connection"])["count"]
    return count


def _default_role(_source: Values, info: Info) -> Values | None:
    context = info.context

    async def load() -> UUID | None:
        async with context.services.database.acquire() as connection:
            return await default_role_id(connection, context.model.workspace_id)

    role = context.state.roles.get(context.wait(load()) or UUID(int=0))
    return None if role is None else role_values(role)


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "currentWorkspace": _current_workspace,
        "minimalMetadata": _minimal_metadata,
        "objectRecordCounts": _record_counts,
    },
    "Mutation": {
        "updateWorkspace": _update_workspace,
        "activateWorkspace": _activate_workspace,
        "deleteCurrentWorkspace": _delete_workspace,
    },
    "Workspace": {"defaultRole": _default_role, "inviteHash": _invite_hash},
    "User": {"currentWorkspace": _workspace_of_user},
}
