"""People: how they sign in, how they are invited, what a workspace says about itself."""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = """
ALTER TABLE threescore."user"
    ADD COLUMN generation integer NOT NULL DEFAULT 0;

ALTER TABLE threescore.membership
    ADD COLUMN first_name text,
    ADD COLUMN last_name text;
CREATE UNIQUE INDEX ON threescore.membership (workspace_id, workspace_member_id);

ALTER TABLE threescore.workspace
    ADD COLUMN subdomain text UNIQUE,
    ADD COLUMN logo text,
    ADD COLUMN time_zone text,
    ADD COLUMN is_active boolean NOT NULL DEFAULT true,
    ADD COLUMN is_public_invite_link_enabled boolean NOT NULL DEFAULT true,
    ADD COLUMN invite_hash text UNIQUE;

CREATE TABLE threescore.session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES threescore."user" (id) ON DELETE CASCADE,
    membership_id uuid REFERENCES threescore.membership (id) ON DELETE CASCADE,
    refresh_id uuid NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL,
    revoked_at timestamptz(3)
);
CREATE INDEX ON threescore.session (user_id);
CREATE INDEX ON threescore.session (membership_id);
CREATE INDEX ON threescore.session (expires_at);

CREATE TABLE threescore.invitation (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES threescore.workspace (id) ON DELETE CASCADE,
    email text NOT NULL,
    role_id uuid REFERENCES threescore.role (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL,
    UNIQUE (workspace_id, email)
);
CREATE INDEX ON threescore.invitation (role_id);

CREATE TABLE threescore.mailed_token (
    token_hash bytea PRIMARY KEY,
    purpose text NOT NULL,
    user_id uuid NOT NULL REFERENCES threescore."user" (id) ON DELETE CASCADE,
    expires_at timestamptz(3) NOT NULL
);
CREATE INDEX ON threescore.mailed_token (user_id);

CREATE TABLE threescore.attempt (
    name bytea PRIMARY KEY,
    level double precision NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON threescore.attempt (expires_at);
"""


def upgrade() -> None:
    """Creates the tables and columns."""
    for statement in _STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
