"""Quoting for the few things that are not parameters."""


def quote_identifier(name: str) -> str:
    """A name as a PostgreSQL identifier: `"jobTitle"`."""
    if "\x00" in name:
        raise ValueError("a name cannot hold a NUL character")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Text as an SQL literal. For DDL only, which takes no parameters."""
    if "\x00" in text:
        raise ValueError("text cannot hold a NUL character")
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else "'" + escaped + "'"
