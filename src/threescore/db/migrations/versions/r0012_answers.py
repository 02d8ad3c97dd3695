"""Answers to requests with an Idempotency-Key of those who are in no workspace."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Creates the table of answers, in the shape of those in the workspaces. `body` is sealed with the server's secret.

    `caller` is a user, or stands for a network address.
    """
    op.execute(
        """
        CREATE TABLE threescore.idempotency (
            caller uuid NOT NULL,
            key text NOT NULL,
            request bytea NOT NULL,
            status smallint NOT NULL,
            body bytea NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (caller, key)
        )
        """
    )
    op.execute("CREATE INDEX ON threescore.idempotency (at)")
