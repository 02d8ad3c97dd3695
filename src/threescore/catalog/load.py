"""Reads a workspace's data model from the catalog."""

from uuid import UUID

import msgspec

from threescore.db.pool import Connection
from threescore.errors import NotFound
from threescore.model.objects import Model

_LOAD = """
SELECT json_build_object(
    'workspace_id', w.id,
    'schema', w.schema,
    'version', w.version,
    'objects', coalesce((
        SELECT json_agg(row_to_json(o) ORDER BY o.ordinal)
        FROM (
            SELECT
                t.*,
                (
                    SELECT coalesce(json_agg(row_to_json(f) ORDER BY f.ordinal), '[]')
                    FROM threescore.field AS f WHERE f.object_id = t.id
                ) AS fields,
                (
                    SELECT coalesce(json_agg(row_to_json(i) ORDER BY i.ordinal), '[]')
                    FROM threescore."index" AS i WHERE i.object_id = t.id
                ) AS indexes
            FROM threescore.object AS t
            WHERE t.workspace_id = $1
        ) AS o
    ), '[]')
)
FROM threescore.workspace AS w
WHERE w.id = $1
"""

_decoder = msgspec.json.Decoder(Model)


async def load_model(connection: Connection, workspace_id: UUID) -> Model:
    """The workspace's whole model at its present version: objects, fields and indexes in the order of their creation.

    One statement, so it is one snapshot. Raises NotFound when there is no such workspace.
    """
    row = await connection.fetchval(_LOAD, workspace_id)
    if row is None:
        raise NotFound(f"Workspace {workspace_id} not found")
    return _decoder.decode(row)
