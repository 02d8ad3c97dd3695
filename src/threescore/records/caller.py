"""Who a request acts for, and what is known of the workspace while it does."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from threescore.access.keys import ApiKey
from threescore.access.members import Member
from threescore.access.origin import ORIGIN
from threescore.access.rights import Rights, rights_of
from threescore.access.roles import Role
from threescore.access.tokens import API_KEY, Claims
from threescore.catalog.state import Stale, Workspaces, WorkspaceState
from threescore.errors import Forbidden, ThreescoreError, Unavailable
from threescore.model.objects import Model

ATTEMPTS = 10
"""How often an answer is begun again because the model or the keys changed under it."""

NO_PERMISSION = "Entity performing the request does not have permission"

Answer = TypeVar("Answer")


class Caller(Struct, frozen=True, dict=True):
    """An API key or a member at work in a workspace, with the rights of a role. `claims` are those of the token."""

    state: WorkspaceState
    principal: ApiKey | Member
    role: Role
    claims: Claims | None = None

    @classmethod
    def of(cls, state: WorkspaceState, claims: Claims) -> "Caller":
        """Who the claims are about, made once for each state as long as the token stays the same. Raises AccessRefused.

        Whether they may come at this moment, and from here, is asked each time.
        """
        origin = ORIGIN.get()
        if origin is not None and claims.type == API_KEY:
            origin.key = (claims.workspace_id, claims.principal_id)
        principal = state.principal(claims)
        if isinstance(principal, ApiKey):
            principal.check_origin(origin)
            if origin is not None:
                origin.let_in = True
        known: dict[UUID, Caller] = state.__dict__.setdefault("callers", {})
        caller = known.get(claims.principal_id)
        if caller is None or caller.claims is not claims:
            caller = known[claims.principal_id] = cls(state, principal, state.role(principal), claims)
        return caller

    @cached_property
    def rights(self) -> Rights:
        """What the role means for the workspace's model."""
        return rights_of(self.state.model, self.role)

    @cached_property
    def model(self) -> Model:
        """What exists for the caller: the workspace's model without what the role cannot read.

        Whatever a caller says is read against this one. `state.model` is the whole one.
        """
        return self.rights.readable

    @cached_property
    def rule_arguments(self) -> tuple[Any, ...]:
        """The arguments of the role's row rules, for this caller."""
        if self.rights.rules is None:
            return ()
        member = self.principal.workspace_member_id if isinstance(self.principal, Member) else None
        return self.rights.rules.arguments_for(None if member is None else str(member))

    @property
    def actor_name(self) -> str:
        """The name that `createdBy` and `updatedBy` show."""
        return self.principal.name

    def require(self, flag: str) -> None:
        """Raises Forbidden unless the caller's role holds the permission flag."""
        if not self.role.allows(flag):
            raise Forbidden(NO_PERMISSION, code="PERMISSION_DENIED", needs=flag)

    def renewed(self, state: WorkspaceState) -> "Caller":
        """The same caller in another state of the workspace. Raises AccessRefused as `of` does."""
        if state is self.state:
            return self
        principal = state.renewed(self.principal)
        return Caller(state, principal, state.role(principal), self.claims)

    @cached_property
    def actor(self) -> bytes:
        """The actor as records and events keep it, as JSON."""
        return actor_of(self.principal)


def actor_of(principal: ApiKey | Member) -> bytes:
    """A key or a member as records and events keep it, as JSON. Events tell the user that a member is, too."""
    common = {"name": principal.name, "context": {}}
    if isinstance(principal, ApiKey):
        return msgspec.json.encode({"source": "API", "workspaceMemberId": None, **common, "apiKeyId": principal.id})
    member = {"workspaceMemberId": principal.workspace_member_id, **common, "apiKeyId": None}
    return msgspec.json.encode({"source": "MANUAL", **member, "userId": principal.user_id})


async def answer_for(
    workspaces: Workspaces,
    claims: Claims,
    answer: Callable[[Caller], Awaitable[Answer]],
    refusals: tuple[type[Exception], ...] = (ThreescoreError,),
) -> Answer:
    """What `answer` makes for the caller that the claims are about, made again where it relied on what is no longer so.

    Only Stale and `refusals` begin it again, after which nothing is written; after another error, such as a lost
    connection, nobody knows.

    Raises AccessRefused, what `answer` raises, and Unavailable where the workspace changes faster than answers are
    made.
    """
    cause: BaseException | None = None
    for _ in range(ATTEMPTS):
        state = await workspaces.get(claims.workspace_id)
        try:
            return await answer(Caller.of(state, claims))
        except Stale as stale:
            cause = stale.__cause__
            changed = await workspaces.refresh(claims.workspace_id, state)
        except refusals:
            # A refusal counts only if it was made with what is true now.
            changed = await workspaces.refresh(claims.workspace_id, state)
            if not changed:
                raise
    if cause is not None and not changed:
        # The database keeps refusing what fits the present model: that is our fault, and must be seen.
        raise cause
    raise Unavailable("The data model is changing too fast to answer; try again")
