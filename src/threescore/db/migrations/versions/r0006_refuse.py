"""How a statement that writes ends itself where it left what its caller may see."""

from alembic import op

revision = "0006"
down_revision = "0005"

_REFUSE = """
CREATE FUNCTION threescore.refuse(reason text, detail text) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = reason, DETAIL = detail; END $$
"""


def upgrade() -> None:
    """Creates `threescore.refuse`, which raises and returns nothing."""
    op.execute(_REFUSE)
