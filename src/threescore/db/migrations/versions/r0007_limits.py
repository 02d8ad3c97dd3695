"""How much has been asked lately, and API keys with limits of their own."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Creates the table of token buckets: unlogged, because after a crash full buckets will do."""
    op.execute(
        """
        CREATE UNLOGGED TABLE threescore.rate_bucket (
            spender uuid NOT NULL,
            period integer NOT NULL,
            tokens double precision NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (spender, period)
        )
        """
    )
    op.execute("ALTER TABLE threescore.api_key ADD COLUMN rate_limit text")
