"""The index of deliveries that are due serves nothing else, in the schemas that are there already."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Makes `_delivery_due` anew, with a condition that only those who ask for what is due fulfil.

    Where few deliveries were pending when statistics were taken, the planner read it as a whole to find those of a
    record.
    """
    op.execute(
        """
        DO $$
        DECLARE workspace text;
        BEGIN
            FOR workspace IN SELECT schema FROM threescore.workspace LOOP
                EXECUTE format('DROP INDEX %I._delivery_due', workspace);
                EXECUTE format(
                    'CREATE INDEX _delivery_due ON %I._delivery (webhook_id, next_attempt_at, event_id)'
                    ' WHERE status = ''pending'' AND next_attempt_at IS NOT NULL', workspace);
            END LOOP;
        END $$
        """
    )
