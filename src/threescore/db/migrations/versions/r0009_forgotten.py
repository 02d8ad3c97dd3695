"""How far the events of a workspace were removed, in the schemas that are there already."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Creates the table `_forgotten` in each workspace's schema; new ones are made with it."""
    op.execute(
        """
        DO $$
        DECLARE workspace text;
        BEGIN
            FOR workspace IN SELECT schema FROM threescore.workspace LOOP
                EXECUTE format(
                    'CREATE TABLE %I._forgotten (one boolean PRIMARY KEY DEFAULT true CHECK (one),'
                    ' id bigint NOT NULL, transaction xid8 NOT NULL)', workspace);
            END LOOP;
        END $$
        """
    )
