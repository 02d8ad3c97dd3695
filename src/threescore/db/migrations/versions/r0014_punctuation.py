"""The functions that keep the words of records replace punctuation mark by mark, in the schemas that are there, too."""

import re
import string

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0013"

_FUNCTIONS = text(
    """
    SELECT p.oid::regprocedure::text AS name, p.prosrc AS body
    FROM threescore.workspace w JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_proc p ON p.pronamespace = n.oid
    WHERE p.proname LIKE '%searchVector' AND p.prorettype = 'trigger'::regtype
    ORDER BY w.created_at, w.id, p.proname
    """
)
_BODY = re.compile(
    r"(?P<before>.*unaccent_inline\()translate\((?P<text>.*), E'!\"#[^ ]*~'(?:::text)?, ' {32}'(?:::text)?\)"
    r"(?P<after>.*)",
    re.DOTALL,
)


def upgrade() -> None:
    """Puts a `replace` for each mark in the place of the one `translate`. The words stay the same, as do all rows."""
    connection = op.get_bind()
    for row in connection.execute(_FUNCTIONS).all():
        found = _BODY.fullmatch(row.body)
        if found is not None:
            body = found["before"] + _spaced(found["text"]) + found["after"]
            connection.exec_driver_sql(
                f"CREATE OR REPLACE FUNCTION {row.name} RETURNS trigger LANGUAGE plpgsql AS {_literal(body)}"
            )


def _spaced(value: str) -> str:
    for mark in string.punctuation:
        value = f"replace({value}, {_literal(mark)}, ' ')"
    return value


def _literal(value: str) -> str:
    escaped = value.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in value else "'" + escaped + "'"
