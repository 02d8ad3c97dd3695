"""How much API keys are used."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Creates the table of requests by key and hour. By hour alone, old ones are found to be removed."""
    op.execute(
        """
        CREATE TABLE threescore.api_key_usage (
            key_id uuid NOT NULL REFERENCES threescore.api_key ON DELETE CASCADE,
            hour timestamptz(3) NOT NULL,
            requests bigint NOT NULL,
            refused bigint NOT NULL,
            PRIMARY KEY (key_id, hour)
        )
        """
    )
    op.execute("CREATE INDEX api_key_usage_hour ON threescore.api_key_usage (hour)")
