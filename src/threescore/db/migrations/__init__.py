"""The history of the system schema, as Alembic revisions."""

SYSTEM_SCHEMA = "threescore"
