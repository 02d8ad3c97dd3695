"""Who may do what: roles, users and their memberships, the role of each API key."""

from alembic import op

revision = "0002"
down_revision = "0001"

# The columns of role, role_object, role_field and role_row are the attributes of the values in threescore.access.roles.
_STATEMENTS = """
CREATE TABLE threescore.role (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    universal_identifier uuid NOT NULL,
    label text NOT NULL,
    description text,
    icon text,
    is_editable boolean NOT NULL,
    can_be_assigned_to_users boolean NOT NULL,
    can_be_assigned_to_agents boolean NOT NULL,
    can_be_assigned_to_api_keys boolean NOT NULL,
    can_update_all_settings boolean NOT NULL,
    can_access_all_tools boolean NOT NULL,
    can_read_all_object_records boolean NOT NULL,
    can_update_all_object_records boolean NOT NULL,
    can_soft_delete_all_object_records boolean NOT NULL,
    can_destroy_all_object_records boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (workspace_id, label)
);

CREATE TABLE threescore.role_flag (
    role_id uuid NOT NULL REFERENCES threescore.role (id) ON DELETE CASCADE,
    flag text NOT NULL,
    PRIMARY KEY (role_id, flag)
);

CREATE TABLE threescore.role_object (
    role_id uuid NOT NULL REFERENCES threescore.role (id) ON DELETE CASCADE,
    object_id uuid NOT NULL REFERENCES threescore.object (id) ON DELETE CASCADE,
    can_read boolean,
    can_update boolean,
    can_soft_delete boolean,
    can_destroy boolean,
    PRIMARY KEY (role_id, object_id)
);

CREATE TABLE threescore.role_field (
    role_id uuid NOT NULL REFERENCES threescore.role (id) ON DELETE CASCADE,
    object_id uuid NOT NULL REFERENCES threescore.object (id) ON DELETE CASCADE,
    field_id uuid NOT NULL REFERENCES threescore.field (id) ON DELETE CASCADE,
    can_read boolean,
    can_update boolean,
    PRIMARY KEY (role_id, field_id)
);

CREATE TABLE threescore.role_row (
    role_id uuid NOT NULL REFERENCES threescore.role (id) ON DELETE CASCADE,
    object_id uuid NOT NULL REFERENCES threescore.object (id) ON DELETE CASCADE,
    filter json NOT NULL,
    PRIMARY KEY (role_id, object_id)
);

CREATE TABLE threescore."user" (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    first_name text NOT NULL DEFAULT '',
    last_name text NOT NULL DEFAULT '',
    locale text NOT NULL DEFAULT 'en',
    password_hash text,
    is_email_verified boolean NOT NULL DEFAULT false,
    is_server_admin boolean NOT NULL DEFAULT false,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE threescore.membership (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES threescore."user" (id) ON DELETE CASCADE,
    workspace_member_id uuid NOT NULL,
    role_id uuid NOT NULL REFERENCES threescore.role (id),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, user_id)
);
CREATE INDEX ON threescore.membership (user_id);
CREATE INDEX ON threescore.membership (role_id);

ALTER TABLE threescore.api_key ADD COLUMN role_id uuid REFERENCES threescore.role (id);
CREATE INDEX ON threescore.api_key (role_id);

ALTER TABLE threescore.workspace ADD COLUMN default_role_id uuid REFERENCES threescore.role (id);
"""


def upgrade() -> None:
    """Creates the tables."""
    for statement in _STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
