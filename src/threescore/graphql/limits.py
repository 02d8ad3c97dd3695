"""How much one GraphQL request may ask for."""

from msgspec import Struct


class Limits(Struct, frozen=True):
    """Bounds on a request; beyond them it is refused."""

    tokens: int = 10_000
    """Tokens of a document."""
    depth: int = 5
    """Relations below one another in a selection."""
    fields: int = 2000
    """Fields of a selection, fragments spread out."""
    relations: int = 200
    """Relations of a selection, at all depths: its complexity. A few hundred take the database a second to plan."""
    root_fields: int = 20
    """Root fields of an operation."""
    first: int = 10_000
    """Records of a page. A longer one is cut to this."""
    rows: int = 1_000_000
    """Records that all pages of one root field could hold together, one nested in another."""
