"""More about API keys: who made them, what for, from where they are used; row rules as clients wrote them."""

from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = """
ALTER TABLE threescore.role_row ADD COLUMN predicates json;

ALTER TABLE threescore.api_key
    ADD COLUMN generation integer NOT NULL DEFAULT 0,
    ADD COLUMN overlap_until timestamptz(3),
    ADD COLUMN scope json,
    ADD COLUMN allowed_networks text[] NOT NULL DEFAULT '{}',
    ADD COLUMN created_by json,
    ADD COLUMN last_used_at timestamptz(3),
    ADD COLUMN last_used_route text
"""


def upgrade() -> None:
    """Adds the columns."""
    for statement in _STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
