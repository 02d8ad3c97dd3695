"""What mails to people say. The secrets in their links are made here, when a mail is sent; only hashes are kept."""

from typing import Literal

from threescore.access.invitations import new_secret, renew_token, secret_hash
from threescore.access.mail import Letter, Mail
from threescore.access.origins import Addresses
from threescore.access.users import User, find_user
from threescore.db.pool import Connection

RESET_HOURS = 1
VERIFY_HOURS = 24
"""How long the links in mails are good."""


class Letters:
    """Writes mails, with links to this server."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def write(self, connection: Connection, mail: Mail) -> Letter | None:
        """What a mail says; None when there is nobody (any more) whom it is for."""
        if mail.kind == "invitation":
            return await self._invitation(connection, mail)
        user = await find_user(connection, mail.recipient)
        if user is None:
            return None
        if mail.kind == "known":
            return Letter("You have an account already", f"Sign in, or set a new password: {self._addresses.url}\n")
        if mail.kind == "reset":
            link = self._addresses.link(f"/reset-password/{await _new_token(connection, user, 'reset', RESET_HOURS)}")
            text = f"Somebody, you we hope, wants to set a new password for {user.email}."
            return Letter("Set a new password", _with_link(text, link, "an hour"))
        if user.is_email_verified:
            return None
        token = await _new_token(connection, user, "verify", VERIFY_HOURS)
        link = self._addresses.link("/verify-email", email=user.email, emailVerificationToken=token)
        text = f"Somebody, you we hope, signed up as {user.email}."
        return Letter("Your e-mail address", _with_link(text, link, f"{VERIFY_HOURS} hours"))

    async def _invitation(self, connection: Connection, mail: Mail) -> Letter | None:
        renewed = None if mail.invitation_id is None else await renew_token(connection, mail.invitation_id)
        if renewed is None:
            return None
        invitation, token = renewed
        name = await connection.fetchval("SELECT name FROM threescore.workspace WHERE id = $1", invitation.workspace_id)
        link = self._addresses.link("/invite", workspacePersonalInviteToken=token, email=invitation.email)
        return Letter(
            f"{mail.author or 'Somebody'} invites you to {name}",
            f"You are invited to work in {name}. This link lets you in, for two weeks:\n\n{link}\n",
        )


async def _new_token(connection: Connection, user: User, purpose: Literal["reset", "verify"], hours: int) -> str:
    token = new_secret()
    await connection.execute("DELETE FROM threescore.mailed_token WHERE expires_at < now()")
    await connection.execute(
        "INSERT INTO threescore.mailed_token (token_hash, purpose, user_id, expires_at)"
        " VALUES ($1, $2, $3, now() + $4 * interval '1 hour')",
        secret_hash(token),
        purpose,
        user.id,
        hours,
    )
    return token


def _with_link(text: str, link: str, good_for: str) -> str:
    return f"{text} This link does it; it is good once, for {good_for}:\n\n{link}\n\nIf it was not you, do nothing.\n"
