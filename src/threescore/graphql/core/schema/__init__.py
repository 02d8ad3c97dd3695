"""The GraphQL schema of a workspace's records: what introspection, SDL and tools see of it.

Records are read and written without it: nothing here runs when a client asks for records.
"""

from threescore.graphql.core.schema.build import build_schema, schema_text
from threescore.graphql.core.schema.introspection import introspect

__all__ = ["build_schema", "introspect", "schema_text"]
