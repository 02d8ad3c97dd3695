"""Alembic's environment: runs the revisions on the connection, and in the transaction, of the caller."""

from alembic import context

from threescore.db.migrations import SYSTEM_SCHEMA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=SYSTEM_SCHEMA,
)
context.run_migrations()
