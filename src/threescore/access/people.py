"""People sign up, sign in and out, and get back in. The one service behind the doors and the pages.

No answer, status or time tells a stranger whether an address has an account; see docs/people.md for what each answers.
"""

import copy
from uuid import UUID

from msgspec import Struct

from threescore.access.attempts import Attempts, Limit, whereabouts
from threescore.access.audit import Author, Entry, audit
from threescore.access.invitations import find_invitation, secret_hash, take_invitation
from threescore.access.letters import Letters
from threescore.access.mail import Kind, Mailer
from threescore.access.members import Member, find_member, memberships_of
from threescore.access.origins import Addresses
from threescore.access.passwords import Passwords, check_password, is_outdated
from threescore.access.person_tokens import PersonTokens, Session, Token, TokenPair
from threescore.access.refused_sign_ins import NOT_VERIFIED, TOO_MANY, WRONG_PASSWORD, RefusedSignIns
from threescore.access.roles import admin_role
from threescore.access.seats import join, leave, locked_state
from threescore.access.session_rows import end_all_sessions, end_session, is_open, open_session, rotate
from threescore.access.tokens import LOGIN, REFRESH, WORKSPACE_AGNOSTIC, Claims, Tokens, invalid_token
from threescore.access.users import User, create_user, find_user, get_user, read_email
from threescore.access.welcome import first_workspace, is_welcome, take_welcome
from threescore.catalog.workspaces import (
    Workspace,
    add_workspace,
    find_by_invite_hash,
    get_workspace,
    list_workspaces,
)
from threescore.db.pool import Connection, Database
from threescore.errors import AccessRefused, BadRequest, Conflict, Forbidden, LimitReached
from threescore.records.caller import actor_of

DAY = 86_400.0

FROM_ONE_PLACE = Limit(10, 900)
"""Failed sign-ins to one account from one address."""

FROM_ANYWHERE = Limit(100, 3600)
"""Failed sign-ins to one account from addresses where nobody has signed in to it lately."""

OF_ONE_ADDRESS = Limit(100, 900)
"""Failed sign-ins from one address."""

SIGN_UPS = Limit(100, 3600)
"""Sign-ups from one address."""

NEW_WORKSPACES = Limit(20, DAY)
"""Workspaces that one person makes."""

MAILS_ASKED_HERE = Limit(5, 3600)
MAILS_ASKED = Limit(20, 3600)
"""Mails to one account that somebody at one address, or anybody, asked for."""

KNOWN_PLACE = 90 * DAY
"""Seconds for which an address is remembered where somebody has signed in."""

_RESET, _VERIFY = "reset", "verify"


class Rules(Struct, frozen=True):
    """What the settings say about people."""

    multi_workspace: bool = False
    email_verification: bool = False


class SignedIn(Struct, frozen=True):
    """A person who signed in, not in a workspace yet, with the workspaces that they may enter."""

    user: User
    tokens: TokenPair
    members: list[Member]


class Admitted(Struct, frozen=True):
    """Somebody who may become a member of a workspace.

    `email` is the address that was invited; who comes with its mail has shown that it is theirs.
    """

    workspace_id: UUID | None
    role_id: UUID | None = None
    email: str | None = None
    invitation_id: UUID | None = None
    welcome: str | None = None


class People:
    """People of one server."""

    def __init__(
        self,
        database: Database,
        tokens: Tokens,
        *,
        rules: Rules | None = None,
        smtp_url: str | None = None,
        mail_from: str = "",
        url: str = "http://127.0.0.1:3000",
    ) -> None:
        self.database = database
        self.rules = rules or Rules()
        self.addresses = Addresses(url, self.rules.multi_workspace)
        self.mailer = Mailer(database, Letters(self.addresses).write, smtp_url, mail_from)
        self.attempts = Attempts(database)
        self.refused = RefusedSignIns(database)
        self.tokens = PersonTokens(tokens)
        self._tokens = tokens
        self._passwords = Passwords()

    def over(self, database: Database) -> "People":
        """The same service inside a transaction.

        What is tried is counted apart, at once, for all that may become of the transaction: who is refused has tried.
        """
        joined = copy.copy(self)
        joined.database = database
        return joined

    # Signing up

    async def sign_up(
        self, email: str, password: str, *, address: str, locale: str | None = None, token: str | None = None
    ) -> SignedIn:
        """A new user, who may then make a workspace; with an invitation, or the link of a new server, a member too.

        Raises Forbidden where people join by invitation only and have none, BadRequest, LimitReached.
        """
        if token is None and not self.rules.multi_workspace:
            raise _disabled()
        user, _ = await self._sign_up(email, password, address, locale, token, None)
        if self.rules.email_verification and not user.is_email_verified:
            raise _unverified()
        return await self._signed_in(user)

    async def sign_up_in_workspace(
        self,
        email: str,
        password: str,
        *,
        address: str,
        locale: str | None = None,
        workspace_id: UUID | None = None,
        invite_hash: str | None = None,
        token: str | None = None,
    ) -> tuple[Token, Workspace]:
        """A member of a workspace, who may be a new user. An existing one shows it by the password.

        Raises Forbidden without an invitation that is good, BadRequest, LimitReached.
        """
        if token is None and invite_hash is None:
            raise _disabled()
        user, member = await self._sign_up(email, password, address, locale, token, invite_hash, workspace_id)
        if member is None:
            raise _disabled()
        return self.tokens.login(user, member.workspace_id), await get_workspace(self.database, member.workspace_id)

    async def _sign_up(
        self,
        email: str,
        password: str,
        address: str,
        locale: str | None,
        token: str | None,
        invite_hash: str | None,
        workspace_id: UUID | None = None,
    ) -> tuple[User, Member | None]:
        await self.attempts.take(SIGN_UPS, "sign-up", whereabouts(address))
        email = read_email(email)
        check_password(password)
        admitted = await self._admission(email, token, invite_hash, workspace_id)
        known = await find_user(self.database, email)
        if known is not None and admitted.workspace_id is None and self.rules.email_verification:
            # The answer is that of a new address; the mail tells.
            await self._passwords.spend()
            await self._post("known", email)
            raise _unverified()
        if known is not None:
            user = await self._authenticated(email, password, address)
        else:
            hashed = await self._passwords.hash(password)
        async with self.database.transaction() as connection:
            if admitted.welcome is not None and not await take_welcome(connection, admitted.welcome):
                raise _not_invited()
            if admitted.invitation_id is not None and not await take_invitation(connection, admitted.invitation_id):
                raise _not_invited()
            verified = admitted.email is not None
            if known is None:
                user = await create_user(connection, email, hashed, locale=_locale(locale), is_email_verified=verified)
            user = await self._raised(connection, user, verified, admitted.welcome is not None)
            member = None
            if admitted.workspace_id is not None:
                member = await self._join(connection, user, admitted.workspace_id, admitted.role_id)
            if self.rules.email_verification and not user.is_email_verified:
                await self.mailer.post(connection, "verify", email)
        self.mailer.wake()
        await self.attempts.remember(KNOWN_PLACE, "known", email, whereabouts(address))
        return user, member

    async def _admission(
        self, email: str, token: str | None, invite_hash: str | None, workspace_id: UUID | None
    ) -> Admitted:
        """Where somebody may go with what they have. Raises Forbidden."""
        admitted = Admitted(None)
        if token is not None:
            invitation = await find_invitation(self.database, token)
            if invitation is not None and invitation.email == email:
                admitted = Admitted(invitation.workspace_id, invitation.role_id, invitation.email, invitation.id)
            elif await is_welcome(self.database, token):
                async with self.database.acquire() as connection:
                    first = await first_workspace(connection)
                role_id = None if first is None else admin_role(first).id
                return Admitted(first, role_id, welcome=token)
            else:
                raise _not_invited()
        elif invite_hash is not None:
            workspace = await find_by_invite_hash(self.database, invite_hash)
            if workspace is None:
                raise _not_invited()
            admitted = Admitted(workspace.id)
        if workspace_id is not None and admitted.workspace_id != workspace_id:
            raise _not_invited()
        return admitted

    async def _raised(self, connection: Connection, user: User, verified: bool, administrator: bool) -> User:
        """The user, with an address that is shown to be theirs, or as the administrator of the server."""
        if (verified and not user.is_email_verified) or administrator:
            await connection.execute(
                'UPDATE threescore."user" SET is_email_verified = is_email_verified OR $2,'
                " is_server_admin = is_server_admin OR $3 WHERE id = $1",
                user.id,
                verified,
                administrator,
            )
        return await get_user(connection, user.id) or user

    async def _join(self, connection: Connection, user: User, workspace_id: UUID, role_id: UUID | None) -> Member:
        time_zone: str | None = await connection.fetchval(
            "SELECT time_zone FROM threescore.workspace WHERE id = $1", workspace_id
        )
        return await join(connection, user, workspace_id, role_id, time_zone=time_zone)

    async def sign_up_in_new_workspace(self, user: User, name: str | None) -> tuple[Token, Workspace]:
        """A new workspace with the user as its administrator.

        Raises Forbidden where there is one and is to be one only, BadRequest, Conflict, LimitReached.
        """
        if not self.rules.multi_workspace and await list_workspaces(self.database):
            raise _disabled()
        if not self.rules.multi_workspace and not user.is_server_admin:
            raise _disabled()
        if name is None or not name.strip():
            raise BadRequest("Workspace name is required", code="INVALID_INPUT")
        await self.attempts.take(NEW_WORKSPACES, "workspaces", str(user.id))
        async with self.database.transaction() as connection:
            workspace = await add_workspace(connection, name, is_active=False)
            await self._join(connection, user, workspace.id, admin_role(workspace.id).id)
        return self.tokens.login(user, workspace.id), workspace

    # Signing in

    async def sign_in(self, email: str, password: str, *, address: str) -> SignedIn:
        """Whose address and password these are. Raises Forbidden, LimitReached."""
        return await self._signed_in(await self._let_in(email, password, address))

    async def login_token(self, email: str, password: str, origin: str | None, *, address: str) -> Token:
        """A token for the workspace at an origin. Raises Forbidden, LimitReached."""
        user = await self._let_in(email, password, address)
        return self.tokens.login(user, (await self._member_at(user, origin)).workspace_id)

    async def enter(self, email: str, password: str, *, address: str, origin: str | None = None) -> Session:
        """A session in a workspace, for our own pages. Raises Forbidden, LimitReached."""
        user = await self._let_in(email, password, address)
        member = await self._member_at(user, origin)
        async with self.database.transaction() as connection:
            return await _opened(connection, user, member, address)

    async def tokens_of_login(self, token: str, origin: str | None, *, address: str) -> TokenPair:
        """The tokens of a session in the workspace that a login token is for, which is good once.

        Raises AccessRefused, Forbidden.
        """
        user, member, login_id = await self._entering(token, origin)
        try:
            async with self.database.transaction() as connection:
                # The session has the id of its login token, so there can be one only; it stays for longer than the
                # token is good.
                session = await _opened(connection, user, member, address, login_id)
        except Conflict as error:
            raise invalid_token() from error
        return self.tokens.pair(session)

    async def tokens_of_code(self, token: str, origin: str | None) -> TokenPair:
        """The tokens of a session for a login token and the code of a second factor, which nobody has set up here.

        Raises AccessRefused, Forbidden, and BadRequest for whoever has a login token that is good: it stays so.
        """
        await self._entering(token, origin)
        raise BadRequest(
            "No second factor is set up for this account: use getAuthTokensFromLoginToken", code="INVALID_INPUT"
        )

    async def _entering(self, token: str, origin: str | None) -> tuple[User, Member, UUID]:
        """Whose login token it is, as a member of the workspace that it is for, and its id.

        Raises AccessRefused, Forbidden.
        """
        claims = self._tokens.read(token, LOGIN)
        user = await get_user(self.database, UUID(claims["userId"]))
        if user is None or user.generation != claims["generation"]:
            raise invalid_token()
        self._check_verified(user)
        member = await find_member(self.database, UUID(claims["workspaceId"]), user.id)
        if member is None:
            raise _no_member()
        await self.addresses.check(self.database, origin, member.workspace_id)
        return user, member, UUID(claims["jti"])

    async def _let_in(self, email: str, password: str, address: str) -> User:
        """Who may sign in with this address and password. Raises Forbidden, LimitReached."""
        user = await self._authenticated(read_email(email), password, address)
        try:
            self._check_verified(user)
        except Forbidden:
            self.refused.note(user.email, address, NOT_VERIFIED)
            raise
        return user

    async def _authenticated(self, email: str, password: str, address: str) -> User:
        """The user whose password it is. Raises Forbidden, alike for one that does not exist, and LimitReached."""
        try:
            return await self._of_password(email, password, address)
        except LimitReached:
            self.refused.note(email, address, TOO_MANY)
            raise
        except Forbidden:
            self.refused.note(email, address, WRONG_PASSWORD)
            raise

    async def _of_password(self, email: str, password: str, address: str) -> User:
        place = whereabouts(address)
        here, from_anywhere = ("here", email, place), ("anywhere", email)
        is_known_place = await self.attempts.is_remembered("known", email, place)
        await self.attempts.take(FROM_ONE_PLACE, *here)
        await self.attempts.take(OF_ONE_ADDRESS, "address", place)
        if not is_known_place:
            await self.attempts.take(FROM_ANYWHERE, *from_anywhere)
        user = await find_user(self.database, email)
        if not await self._passwords.fits(None if user is None else user.password_hash, password) or user is None:
            raise Forbidden("Wrong password", code="FORBIDDEN_EXCEPTION")
        await self.attempts.forget(*here)
        await self.attempts.take(OF_ONE_ADDRESS, "address", place, count=-1)
        if not is_known_place:
            await self.attempts.take(FROM_ANYWHERE, *from_anywhere, count=-1)
        await self.attempts.remember(KNOWN_PLACE, "known", email, place)
        if user.password_hash is not None and is_outdated(user.password_hash):
            await self.database.execute(
                'UPDATE threescore."user" SET password_hash = $2 WHERE id = $1 AND password_hash = $3',
                user.id,
                await self._passwords.hash(password),
                user.password_hash,
            )
        return user

    async def _signed_in(self, user: User) -> SignedIn:
        async with self.database.transaction() as connection:
            session = await open_session(connection, user, None)
        return SignedIn(user, self.tokens.pair(session), await memberships_of(self.database, user.id))

    async def _member_at(self, user: User, origin: str | None) -> Member:
        """The user in the workspace at an origin; where that says nothing, in the one joined first."""
        members = await memberships_of(self.database, user.id)
        at = await self.addresses.workspace_at(self.database, origin)
        for member in members:
            if at is None or member.workspace_id == at:
                return member
        raise _no_member()

    def _check_verified(self, user: User) -> None:
        if self.rules.email_verification and not user.is_email_verified:
            raise _unverified()

    # Sessions

    async def renew(self, token: str, *, address: str) -> TokenPair:
        """New tokens for a refresh token, which is good once; who comes with it again ends the session."""
        claims = self._tokens.read(token, REFRESH)
        session_id, user_id = UUID(claims["sessionId"]), UUID(claims["userId"])
        async with self.database.transaction() as connection:
            renewed = await rotate(connection, session_id, user_id, UUID(claims["jti"]))
            user = await get_user(connection, user_id)
            member = None
            if "workspaceId" in claims:
                member = await find_member(connection, UUID(claims["workspaceId"]), user_id)
            if renewed is not None and renewed.refresh_id is None:
                await end_session(connection, session_id, user_id)
                if member is not None:
                    entry = Entry("auth.refreshTokenReused", user_id, member.email)
                    await _note(connection, member, entry, address)
        if renewed is None or renewed.refresh_id is None or user is None:
            # That the session has ended is to stay, even in the transaction of a request that may be repeated.
            raise invalid_token(is_lasting=renewed is not None)
        if "workspaceId" in claims and member is None:
            raise _no_member()
        return self.tokens.pair(Session(session_id, user, member, renewed.refresh_id, renewed.expires_at))

    async def sign_out(self, refresh_token: str | None, session: tuple[UUID, UUID] | None) -> None:
        """Ends the session of a refresh token, and the given one (its id, its user's). What is over stays so."""
        ended = {session} if session is not None else set()
        if refresh_token:
            claims = self._tokens.read(refresh_token, REFRESH)
            ended.add((UUID(claims["sessionId"]), UUID(claims["userId"])))
        for session_id, user_id in ended:
            async with self.database.transaction() as connection:
                await end_session(connection, session_id, user_id)

    async def playground(self, claims: Claims, member: Member) -> Token:
        """A token to try the APIs with, which ends with the session. Raises AccessRefused."""
        user = await get_user(self.database, member.user_id)
        row = await self.database.fetchrow(
            "SELECT id, refresh_id, expires_at FROM threescore.session WHERE id = $1", claims.session_id
        )
        if user is None or row is None:
            raise invalid_token()
        return self.tokens.playground(Session(row["id"], user, member, row["refresh_id"], row["expires_at"]))

    async def user(self, user_id: UUID) -> User:
        """The user with that id. Raises AccessRefused when there is none any more."""
        user = await get_user(self.database, user_id)
        if user is None:
            raise invalid_token()
        return user

    async def user_of_token(self, token: str) -> tuple[User, UUID]:
        """The user of a token that is for no workspace, and its session. Raises AccessRefused."""
        claims = self._tokens.read(token, WORKSPACE_AGNOSTIC)
        user, session_id = await get_user(self.database, UUID(claims["userId"])), UUID(claims["sessionId"])
        if user is None or user.generation != claims["generation"] or not await is_open(self.database, session_id):
            raise invalid_token()
        return user, session_id

    # Passwords

    async def ask_reset(self, email: str, *, address: str) -> None:
        """Mails a link to set a new password, if the address has an account: that is found out later, by the mail.

        Raises BadRequest for what is no address, LimitReached.
        """
        email = read_email(email)
        await self._count_mail(email, address)
        await self._post("reset", email)

    async def check_reset(self, token: str) -> User:
        """Whose password a link is about. Raises AccessRefused."""
        user_id = await self.database.fetchval(
            "SELECT user_id FROM threescore.mailed_token WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()",
            secret_hash(token),
            _RESET,
        )
        user = None if user_id is None else await get_user(self.database, user_id)
        if user is None:
            raise invalid_token()
        return user

    async def reset_password(self, token: str, password: str, *, address: str) -> None:
        """Sets a new password by a mailed link, which is good once. All sessions end.

        Raises AccessRefused, BadRequest.
        """
        user = await self.check_reset(token)
        hashed = await self._passwords.hash(password)
        async with self.database.transaction() as connection:
            if await _take_mailed(connection, token, _RESET) is None:
                raise invalid_token()
            await self._set_password(connection, user.id, hashed)
            await connection.execute('UPDATE threescore."user" SET is_email_verified = true WHERE id = $1', user.id)
            await _note_everywhere(connection, Entry("auth.passwordReset", user.id, user.email), address)
        # Who has the mail is the person: strangers' guesses are in their way no longer.
        await self.attempts.forget("here", user.email, whereabouts(address))
        await self.attempts.remember(KNOWN_PLACE, "known", user.email, whereabouts(address))

    async def change_password(self, member: Member, old: str, new: str, *, address: str) -> TokenPair:
        """Sets a new password in place of the old one. All other sessions end; the tokens are of a new one.

        Raises Forbidden when the old one is wrong, BadRequest, LimitReached.
        """
        check_password(new)
        user = await self._authenticated(member.email, old, address)
        if user.id != member.user_id:
            raise invalid_token()
        hashed = await self._passwords.hash(new)
        async with self.database.transaction() as connection:
            await self._set_password(connection, user.id, hashed)
            present = await get_user(connection, user.id)
            assert present is not None
            await _note_everywhere(connection, Entry("auth.passwordChanged", user.id, user.email), address)
            return self.tokens.pair(await open_session(connection, present, member))

    async def _set_password(self, connection: Connection, user_id: UUID, hashed: str) -> None:
        await connection.execute('UPDATE threescore."user" SET password_hash = $2 WHERE id = $1', user_id, hashed)
        await connection.execute(
            "DELETE FROM threescore.mailed_token WHERE user_id = $1 AND purpose = $2", user_id, _RESET
        )
        await end_all_sessions(connection, user_id)

    # Addresses

    async def ask_verification(self, email: str, *, address: str) -> None:
        """Mails the link once more that shows that an address is somebody's. Raises BadRequest, LimitReached."""
        email = read_email(email)
        await self._count_mail(email, address)
        await self._post("verify", email)

    async def verify_email(self, email: str, token: str) -> User:
        """Whose address it is, shown by a mailed link, which is good once. Raises AccessRefused."""
        async with self.database.transaction() as connection:
            user_id = await _take_mailed(connection, token, _VERIFY)
            user = None if user_id is None else await get_user(connection, user_id)
            if user is None or user.email != read_email(email):
                raise invalid_token()
            await connection.execute('UPDATE threescore."user" SET is_email_verified = true WHERE id = $1', user.id)
            return await get_user(connection, user.id) or user

    async def login_of(self, user: User, origin: str | None) -> tuple[Token, Workspace]:
        """A login token for a user who was identified otherwise. Raises AccessRefused."""
        member = await self._member_at(user, origin)
        return self.tokens.login(user, member.workspace_id), await get_workspace(self.database, member.workspace_id)

    async def signed_in(self, user: User) -> SignedIn:
        """A session of a user who was identified otherwise."""
        return await self._signed_in(user)

    async def _post(self, kind: Kind, email: str) -> None:
        async with self.database.transaction() as connection:
            await self.mailer.post(connection, kind, email)
        self.mailer.wake()

    async def _count_mail(self, email: str, address: str) -> None:
        await self.attempts.take(MAILS_ASKED_HERE, "mail", email, whereabouts(address))
        await self.attempts.take(MAILS_ASKED, "mail", email)

    # Leaving

    async def delete_user(self, member: Member) -> User:
        """Deletes the account of a member. Raises BadRequest for the last administrator of a workspace."""
        async with self.database.transaction() as connection:
            user = await get_user(connection, member.user_id)
            if user is None:
                raise invalid_token()
            await self._check_last_of_server(connection, user)
            for membership in sorted(await memberships_of(connection, user.id), key=lambda item: item.workspace_id):
                state = await locked_state(connection, membership.workspace_id)
                await leave(connection, state, membership)
            await connection.execute('DELETE FROM threescore."user" WHERE id = $1', user.id)
        return user

    @staticmethod
    async def _check_last_of_server(connection: Connection, user: User) -> None:
        if not user.is_server_admin:
            return
        # Two who leave at once are one after the other here.
        administrators = await connection.fetch(
            'SELECT id FROM threescore."user" WHERE is_server_admin ORDER BY id FOR NO KEY UPDATE'
        )
        if not [row for row in administrators if row["id"] != user.id]:
            raise BadRequest(
                "The last administrator of the server cannot be deleted", code="CANNOT_DELETE_LAST_ADMIN_USER"
            )


async def _take_mailed(connection: Connection, token: str, purpose: str) -> UUID | None:
    """Uses a mailed token up, and gives whose it was."""
    found: UUID | None = await connection.fetchval(
        "DELETE FROM threescore.mailed_token WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()"
        " RETURNING user_id",
        secret_hash(token),
        purpose,
    )
    return found


def _locale(text: str | None) -> str:
    return text if text and len(text) <= 20 and text.isascii() and text.isprintable() else "en"


def _disabled() -> Forbidden:
    return Forbidden("New workspace setup is disabled", code="SIGNUP_DISABLED")


def _not_invited() -> Forbidden:
    return Forbidden("The invitation is not valid or no longer so", code="FORBIDDEN_EXCEPTION")


def _unverified() -> Forbidden:
    return Forbidden("Email is not verified", code="EMAIL_NOT_VERIFIED")


def _no_member() -> AccessRefused:
    return AccessRefused(403, "FORBIDDEN_EXCEPTION", "User is not a member of the workspace")


async def _opened(
    connection: Connection, user: User, member: Member, address: str, session_id: UUID | None = None
) -> Session:
    """A new session in a workspace, whose audit log is told. Raises Conflict for an id that is taken."""
    session = await open_session(connection, user, member, session_id)
    await _note(connection, member, Entry("auth.signedIn", user.id, user.email), address)
    return session


async def _note(connection: Connection, member: Member, entry: Entry, address: str) -> None:
    schema = await connection.fetchval("SELECT schema FROM threescore.workspace WHERE id = $1", member.workspace_id)
    await audit(connection, schema, Author(actor_of(member), address or None), [entry])


async def _note_everywhere(connection: Connection, entry: Entry, address: str) -> None:
    """Tells the audit logs of all workspaces of the person that an entry is about, who did it."""
    for member in await memberships_of(connection, entry.subject_id):
        await _note(connection, member, entry, address)
