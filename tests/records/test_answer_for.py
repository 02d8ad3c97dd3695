"""Which errors begin an answer again where the workspace changed meanwhile, and which must not."""

import pytest

from threescore.access.keys import signing_secret
from threescore.access.tokens import Tokens
from threescore.catalog.state import Workspaces
from threescore.catalog.workspaces import Workspace
from threescore.db.pool import Database
from threescore.errors import BadRequest
from threescore.records.caller import Caller, answer_for

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("error", "times"), [(ConnectionResetError("lost"), 1), (BadRequest("no"), 2)])
async def test_only_what_wrote_nothing_is_begun_again(
    db: Database, workspace: Workspace, token: str, error: Exception, times: int
) -> None:
    claims = Tokens(await signing_secret(db, None)).verify(token)
    begun = 0

    async def answer(_caller: Caller) -> str:
        nonlocal begun
        begun += 1
        if begun == 1:
            await db.execute(f'UPDATE "{workspace.schema}"._state SET access = access + 1')
        raise error

    with pytest.raises(type(error)):
        await answer_for(Workspaces(db), claims, answer)
    assert begun == times
