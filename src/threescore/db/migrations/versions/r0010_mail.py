"""Mail that is to be sent."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Creates the table of mails. It holds what each is about, never its text: secrets are made when it is sent."""
    op.execute(
        """
        CREATE TABLE threescore.mail (
            id uuid PRIMARY KEY,
            kind text NOT NULL,
            recipient text NOT NULL,
            invitation_id uuid REFERENCES threescore.invitation (id) ON DELETE CASCADE,
            author text,
            to_log boolean NOT NULL,
            tries integer NOT NULL DEFAULT 0,
            created_at timestamptz(3) NOT NULL DEFAULT now(),
            due_at timestamptz(3) NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ON threescore.mail (due_at)")
    op.execute("CREATE INDEX ON threescore.mail (invitation_id)")
