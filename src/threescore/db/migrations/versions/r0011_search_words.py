"""The column `searchVector` of each table is kept by a trigger, and generated no more."""

import re
from hashlib import sha256

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"

_GENERATED = text(
    """
    SELECT quote_ident(w.schema) AS schema, quote_ident(c.relname) AS "table", c.relname AS name,
           pg_get_expr(d.adbin, d.adrelid) AS expression,
           array(SELECT quote_ident(used.attname) FROM pg_depend p
                 JOIN pg_attribute used ON used.attrelid = p.refobjid AND used.attnum = p.refobjsubid
                 WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
                   AND p.refobjid = c.oid AND used.attnum <> a.attnum ORDER BY used.attnum) AS columns
    FROM threescore.workspace w JOIN pg_namespace n ON n.nspname = w.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'r'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'searchVector' AND a.attgenerated = 's'
    JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    ORDER BY w.created_at, w.id, c.relname
    """
)
_UNACCENT = text(
    "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace"
    " WHERE extname = 'unaccent'"
)
_TOKEN = re.compile(
    r"""
    E'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*'  # literals
    | ::\w+ | \w+\.\w+ | \w+\(               # types, what names its schema, functions
    | "(?:[^"]|"")*" | \w+
    """,
    re.VERBOSE | re.DOTALL,
)
"""A name in an expression, or what could be mistaken for one."""


def upgrade() -> None:
    """Gives each table its trigger with the present expression. No table is written anew.

    Creates `threescore.unaccent_inline`: as `threescore.unaccent`, but the planner puts its body in place of the call.
    """
    connection = op.get_bind()
    where = connection.execute(_UNACCENT).scalar_one()
    op.execute(
        "CREATE FUNCTION threescore.unaccent_inline(value text) RETURNS text"
        " LANGUAGE sql STABLE STRICT PARALLEL SAFE"
        f" RETURN {where}.unaccent('{where}.unaccent'::regdictionary, value)"
    )
    # Without a path, the expressions name the schemas of what they use.
    path = connection.execute(text("SELECT current_setting('search_path')")).scalar_one()
    op.execute("SET LOCAL search_path = ''")
    for row in connection.execute(_GENERATED).all():
        table = f"{row.schema}.{row.table}"
        connection.exec_driver_sql(f'ALTER TABLE {table} ALTER COLUMN "searchVector" DROP EXPRESSION')
        if row.columns:
            function = f"{row.schema}.{_function(row.name)}"
            body = f'BEGIN NEW."searchVector" := {_of_new_row(row.expression, set(row.columns))}; RETURN NEW; END'
            watched = ", ".join([*row.columns, '"searchVector"'])
            connection.exec_driver_sql(
                f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {_literal(body)}"
            )
            connection.exec_driver_sql(
                f'CREATE TRIGGER "searchVector" BEFORE INSERT OR UPDATE OF {watched} ON {table}'
                f" FOR EACH ROW EXECUTE FUNCTION {function}()"
            )
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})


def _of_new_row(expression: str, columns: set[str]) -> str:
    """The expression of a generated column as one over the row of a trigger."""

    def replaced(found: re.Match[str]) -> str:
        return f"NEW.{found[0]}" if found[0] in columns else found[0]

    return _TOKEN.sub(replaced, expression).replace("threescore.unaccent(", "threescore.unaccent_inline(")


def _function(table: str) -> str:
    """The name that the program gives the function of a table."""
    name = f"{table}_searchVector"
    if len(name) > 63:
        name = f"{table[: 63 - 22]}_{sha256(table.encode()).hexdigest()[:8]}_searchVector"
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    escaped = value.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in value else "'" + escaped + "'"
