"""Which workspaces have webhooks. The webhooks themselves are in the workspaces' schemas."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the list by which delivering processes know where to look."""
    op.execute(
        "CREATE TABLE threescore.webhook_workspace ("
        " workspace_id uuid PRIMARY KEY REFERENCES threescore.workspace (id) ON DELETE CASCADE)"
    )
