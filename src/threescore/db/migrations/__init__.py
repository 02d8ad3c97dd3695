"""The history of the system schema, as Alembic revisions."""

from importlib.resources import files

SYSTEM_SCHEMA = "threescore"

VERSION_TABLE = "migration"
"""Where the database says which revision its system schema has."""


def latest_revision() -> str:
    """The revision that this program needs, known by the names of the files: `r0007_limits.py` is 0007.

    Whoever finds it in the database has nothing to migrate, and need not load what does.
    """
    names = (item.name for item in (files(__name__) / "versions").iterdir())
    return max(name[1:5] for name in names if name.startswith("r") and name.endswith(".py"))
