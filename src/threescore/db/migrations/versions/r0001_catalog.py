"""The catalog: workspaces and their data models, API keys, settings."""

from alembic import op
from sqlalchemy import text

revision = "0001"
down_revision = None

# The columns of object, field and "index" are the attributes of the values in threescore.model.objects.
_TABLES = """
CREATE TABLE threescore.workspace (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    schema text NOT NULL UNIQUE,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE threescore.object (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    universal_identifier uuid NOT NULL,
    name_singular text NOT NULL,
    name_plural text NOT NULL,
    label_singular text NOT NULL,
    label_plural text NOT NULL,
    description text,
    icon text,
    shortcut text,
    color text,
    is_active boolean NOT NULL,
    is_system boolean NOT NULL,
    is_custom boolean NOT NULL,
    is_searchable boolean NOT NULL,
    is_ui_editable boolean NOT NULL,
    is_ui_creatable boolean NOT NULL,
    is_audit_logged boolean NOT NULL,
    is_label_synced_with_name boolean NOT NULL,
    open_record_in text NOT NULL,
    label_identifier_field_id uuid,
    image_identifier_field_id uuid,
    duplicate_criteria json,
    overrides json,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    UNIQUE (workspace_id, name_singular),
    UNIQUE (workspace_id, name_plural)
);

CREATE TABLE threescore.field (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    object_id uuid NOT NULL REFERENCES threescore.object (id) ON DELETE CASCADE,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    universal_identifier uuid NOT NULL,
    name text NOT NULL,
    label text NOT NULL,
    type text NOT NULL,
    description text,
    icon text,
    is_active boolean NOT NULL,
    is_system boolean NOT NULL,
    is_custom boolean NOT NULL,
    is_ui_editable boolean NOT NULL,
    is_nullable boolean NOT NULL,
    is_unique boolean NOT NULL,
    is_searchable boolean NOT NULL,
    is_audit_logged boolean NOT NULL,
    is_label_synced_with_name boolean NOT NULL,
    default_value json,
    options json,
    settings json,
    target_object_id uuid,
    target_field_id uuid,
    morph_id uuid,
    overrides json,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    UNIQUE (object_id, name)
);
CREATE INDEX ON threescore.field (workspace_id);

CREATE TABLE threescore."index" (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    object_id uuid NOT NULL REFERENCES threescore.object (id) ON DELETE CASCADE,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    universal_identifier uuid NOT NULL,
    name text NOT NULL,
    fields json NOT NULL,
    is_unique boolean NOT NULL,
    is_custom boolean NOT NULL,
    type text NOT NULL,
    "where" text,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    UNIQUE (workspace_id, name)
);
CREATE INDEX ON threescore."index" (object_id);

CREATE TABLE threescore.api_key (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    name text NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    revoked_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX ON threescore.api_key (workspace_id);

CREATE TABLE threescore.setting (
    name text PRIMARY KEY,
    value text NOT NULL
);
"""


def upgrade() -> None:
    """Creates the tables, and `threescore.unaccent`, which generated columns may use because it never changes."""
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public")
    # It may have been there before, in a schema of somebody else's choice.
    schema = op.get_bind().execute(
        text(
            "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace"
            " WHERE extname = 'unaccent'"
        )
    )
    where = schema.scalar_one()
    op.execute(
        "CREATE FUNCTION threescore.unaccent(value text) RETURNS text"
        " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
        f" RETURN {where}.unaccent('{where}.unaccent'::regdictionary, value)"
    )
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
