"""The words of a text that records are searched for: one rule for whatever searches."""

import re

MAX_WORDS = 30
"""How many words of a text count; the rest is not looked for."""

SCHEME = "https?://"
"""What links begin with, as a regular expression of Python and of PostgreSQL. It is not part of their words."""

_scheme = re.compile(rf"\b{SCHEME}", re.IGNORECASE)
_word = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words that a text asks for: letters and digits, whatever stands between them; not the schemes of links."""
    return _word.findall(_scheme.sub(" ", text))[:MAX_WORDS]


def all_of(words: list[str]) -> str:
    """What `text_query` takes to find what holds every word, or one that begins with it."""
    return " & ".join(f"'{word}':*" for word in words)


def any_of(words: list[str]) -> str:
    """What `text_query` takes to find what holds some word, or one that begins with it."""
    return " | ".join(f"'{word}':*" for word in words)


def text_query(slot: str) -> str:
    """SQL for the query of a search vector. `slot` is a placeholder with its cast, for what `all_of` or `any_of` gives.

    Marks above letters do not count, as in the vectors themselves.
    """
    return f"to_tsquery('simple', threescore.unaccent({slot}))"
