"""Names of what belongs to a table or column, in the database."""

from hashlib import sha256

from threescore.model.naming import MAX_NAME_LENGTH
from threescore.sql import quote_identifier


def belonging(name: str, kind: str) -> str:
    """The quoted name of what belongs to something that has a name: `"stage_check"`, `"companyId_fkey"`.

    It is unique where the names are, however long they are.
    """
    whole = f"{name}_{kind}"
    if len(whole) > MAX_NAME_LENGTH:
        digest = sha256(name.encode()).hexdigest()[:8]
        whole = f"{name[: MAX_NAME_LENGTH - len(kind) - 10]}_{digest}_{kind}"
    return quote_identifier(whole)
