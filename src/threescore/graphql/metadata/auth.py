"""Signing up, in and out. The rules are those of the one service; here is only what it is told and how it is shown."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from threescore.access.members import Member
from threescore.access.people import SignedIn
from threescore.access.person_tokens import Token, TokenPair
from threescore.access.tokens import ACCESS
from threescore.access.users import User
from threescore.catalog.workspaces import Workspace, find_by_invite_hash, get_workspace, list_workspaces
from threescore.errors import AccessRefused, Forbidden, NotFound
from threescore.graphql.metadata.context import Context, Info

Values = dict[str, Any]


def token_values(token: Token) -> Values:
    """A token as clients read it."""
    return {"token": token.token, "expiresAt": token.expires_at}


def pair_values(pair: TokenPair) -> Values:
    """The tokens of a session as clients read them."""
    access = token_values(pair.access)
    return {
        "tokens": {
            "accessOrWorkspaceAgnosticToken": access,
            "accessToken": access,
            "refreshToken": token_values(pair.refresh),
        }
    }


def urls(context: Context, workspace: Workspace) -> Values:
    """The addresses of a workspace."""
    address = context.services.people.addresses.of_workspace(workspace, context.base_url)
    return {"subdomainUrl": address, "customUrl": None}


def available_workspaces(context: Context, user: User, members: list[Member]) -> Values:
    """The workspaces that a person is a member of, with a token to enter each."""
    people = context.services.people
    listed = []
    for member in members:
        workspace = context.wait(get_workspace(people.database, member.workspace_id))
        listed.append(
            {
                "id": str(workspace.id),
                "displayName": workspace.name,
                "loginToken": people.tokens.login(user, workspace.id).token,
                "workspaceUrls": urls(context, workspace),
                "logo": workspace.logo,
            }
        )
    context.count(len(listed))
    return {"availableWorkspacesForSignIn": listed, "availableWorkspacesForSignUp": []}


def _signed_in(context: Context, found: SignedIn) -> Values:
    return {
        **pair_values(found.tokens),
        "availableWorkspaces": available_workspaces(context, found.user, found.members),
    }


def _login(context: Context, token: Token, workspace: Workspace) -> Values:
    addresses = urls(context, workspace)
    return {
        "loginToken": token_values(token),
        "workspace": {"id": str(workspace.id), "workspaceUrls": addresses},
        "workspaceUrls": addresses,
    }


def _sign_up(
    _root: None,
    info: Info,
    *,
    email: str,
    password: str,
    locale: str | None = None,
    workspacePersonalInviteToken: str | None = None,
    **_unused: Any,
) -> Values:
    context = info.context
    found = context.wait(
        context.services.people.sign_up(
            email, password, address=context.address, locale=locale, token=workspacePersonalInviteToken
        )
    )
    return _signed_in(context, found)


def _sign_in(_root: None, info: Info, *, email: str, password: str, **_unused: Any) -> Values:
    context = info.context
    return _signed_in(context, context.wait(context.services.people.sign_in(email, password, address=context.address)))


def _sign_up_in_workspace(
    _root: None,
    info: Info,
    *,
    email: str,
    password: str,
    workspaceId: str | None = None,
    workspaceInviteHash: str | None = None,
    workspacePersonalInviteToken: str | None = None,
    locale: str | None = None,
    **_unused: Any,
) -> Values:
    context = info.context
    token, workspace = context.wait(
        context.services.people.sign_up_in_workspace(
            email,
            password,
            address=context.address,
            locale=locale,
            workspace_id=UUID(workspaceId) if workspaceId else None,
            invite_hash=workspaceInviteHash,
            token=workspacePersonalInviteToken,
        )
    )
    return _login(context, token, workspace)


def _sign_up_in_new_workspace(_root: None, info: Info, *, input: Mapping[str, Any] | None = None) -> Values:
    context = info.context
    name = (input or {}).get("displayName")
    token, workspace = context.wait(context.services.people.sign_up_in_new_workspace(user_of(context), name))
    return _login(context, token, workspace)


def user_of(context: Context) -> User:
    """The person who calls, in a workspace or not. Raises Forbidden for an API key."""
    if context.person is not None:
        return context.person.user
    member = member_of(context)
    return context.wait(context.services.people.user(member.user_id))


def member_of(context: Context) -> Member:
    """The member who calls. Raises Forbidden for an API key."""
    principal = context.caller.principal
    if not isinstance(principal, Member):
        raise Forbidden("This endpoint is not available to this caller", code="FORBIDDEN_EXCEPTION")
    return principal


def _login_token(
    _root: None, info: Info, *, email: str, password: str, origin: str | None = None, **_unused: Any
) -> Values:
    context = info.context
    token = context.wait(context.services.people.login_token(email, password, origin, address=context.address))
    return {"loginToken": token_values(token)}


def _tokens_of_login(_root: None, info: Info, *, loginToken: str, origin: str | None = None) -> Values:
    context = info.context
    people = context.services.people
    return pair_values(context.wait(people.tokens_of_login(loginToken, origin, address=context.address)))


def _tokens_of_code(_root: None, info: Info, *, loginToken: str, origin: str, **_unused: Any) -> Values:
    return pair_values(info.context.wait(info.context.services.people.tokens_of_code(loginToken, origin)))


def _verify_email_for_login(
    _root: None, info: Info, *, emailVerificationToken: str, email: str, origin: str | None = None, **_unused: Any
) -> Values:
    people = info.context.services.people
    user = info.context.wait(people.verify_email(email, emailVerificationToken))
    return _login(info.context, *info.context.wait(people.login_of(user, origin)))


def _verify_email(_root: None, info: Info, *, emailVerificationToken: str, email: str, **_unused: Any) -> Values:
    people = info.context.services.people
    user = info.context.wait(people.verify_email(email, emailVerificationToken))
    return _signed_in(info.context, info.context.wait(people.signed_in(user)))


def _resend_verification(_root: None, info: Info, *, email: str, **_unused: Any) -> Values:
    info.context.wait(info.context.services.people.ask_verification(email, address=info.context.address))
    return {"success": True}


def _renew(_root: None, info: Info, *, appToken: str) -> Values:
    people = info.context.services.people
    return pair_values(info.context.wait(people.renew(appToken, address=info.context.address)))


def _sign_out(_root: None, info: Info, *, refreshToken: str | None = None) -> bool:
    context = info.context
    session = None
    caller = context.caller_or_none
    if context.person is not None:
        session = context.person.session_id, context.person.user.id
    elif caller is not None and caller.claims is not None and caller.claims.session_id is not None:
        session = caller.claims.session_id, member_of(context).user_id
    if session is None and not refreshToken:
        raise AccessRefused(403, "FORBIDDEN_EXCEPTION", "Missing authentication token")
    context.wait(context.services.people.sign_out(refreshToken, session))
    return True


def _ask_reset(_root: None, info: Info, *, email: str, **_unused: Any) -> Values:
    info.context.wait(info.context.services.people.ask_reset(email, address=info.context.address))
    return {"success": True}


def _check_reset(_root: None, info: Info, *, passwordResetToken: str) -> Values:
    user = info.context.wait(info.context.services.people.check_reset(passwordResetToken))
    return {"id": str(user.id), "email": user.email, "hasPassword": user.password_hash is not None}


def _reset_password(_root: None, info: Info, *, passwordResetToken: str, newPassword: str) -> Values:
    people = info.context.services.people
    info.context.wait(people.reset_password(passwordResetToken, newPassword, address=info.context.address))
    return {"success": True}


def _change_password(_root: None, info: Info, *, currentPassword: str, newPassword: str) -> Values:
    context = info.context
    member = member_of(context)
    return pair_values(
        context.wait(
            context.services.people.change_password(member, currentPassword, newPassword, address=context.address)
        )
    )


def _playground(_root: None, info: Info) -> Values:
    context = info.context
    claims = context.caller.claims
    if claims is None or claims.type != ACCESS:
        raise Forbidden("This endpoint requires a session access token", code="FORBIDDEN_EXCEPTION")
    return token_values(context.wait(context.services.people.playground(claims, member_of(context))))


def _user_exists(_root: None, _info: Info, **_unused: Any) -> Values:
    return {"exists": True, "availableWorkspacesCount": 1, "isEmailVerified": True}


def _invited_workspace(_root: None, info: Info, *, inviteHash: str) -> Values:
    workspace = info.context.wait(find_by_invite_hash(info.context.services.database, inviteHash))
    if workspace is None:
        raise NotFound("Workspace does not exist", code="WORKSPACE_NOT_FOUND")
    return {"id": str(workspace.id), "displayName": workspace.name, "logo": workspace.logo, "allowImpersonation": False}


def _is_hash_valid(_root: None, info: Info, *, inviteHash: str) -> Values:
    found = info.context.wait(find_by_invite_hash(info.context.services.database, inviteHash))
    return {"isValid": found is not None}


def _public_workspace(_root: None, info: Info, *, origin: str | None = None) -> Values:
    """The workspace at an origin; of a server with one workspace, that one."""
    context = info.context
    people = context.services.people
    workspace_id = context.wait(people.addresses.workspace_at(people.database, origin or context.base_url))
    if workspace_id is not None:
        workspace = context.wait(get_workspace(people.database, workspace_id))
    else:
        found = context.wait(list_workspaces(people.database)) if not people.rules.multi_workspace else []
        if not found:
            raise NotFound("Workspace does not exist", code="WORKSPACE_NOT_FOUND")
        workspace = found[0]
    return {
        "id": str(workspace.id),
        "displayName": workspace.name,
        "logo": workspace.logo,
        "workspaceUrls": urls(context, workspace),
        "authProviders": {"google": False, "magicLink": False, "password": True, "microsoft": False},
    }


RESOLVERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "checkUserExists": _user_exists,
        "validatePasswordResetToken": _check_reset,
        "findWorkspaceFromInviteHash": _invited_workspace,
        "checkWorkspaceInviteHashIsValid": _is_hash_valid,
        "getPublicWorkspaceDataByDomain": _public_workspace,
    },
    "Mutation": {
        "signUp": _sign_up,
        "signIn": _sign_in,
        "signUpInWorkspace": _sign_up_in_workspace,
        "signUpInNewWorkspace": _sign_up_in_new_workspace,
        "getLoginTokenFromCredentials": _login_token,
        "getAuthTokensFromLoginToken": _tokens_of_login,
        "getAuthTokensFromOTP": _tokens_of_code,
        "challenge": _login_token,
        "verify": _tokens_of_login,
        "verifyEmailAndGetLoginToken": _verify_email_for_login,
        "verifyEmailAndGetWorkspaceAgnosticToken": _verify_email,
        "resendEmailVerificationToken": _resend_verification,
        "renewToken": _renew,
        "signOut": _sign_out,
        "emailPasswordResetLink": _ask_reset,
        "updatePasswordViaResetToken": _reset_password,
        "updatePassword": _change_password,
        "generatePlaygroundToken": _playground,
    },
}
