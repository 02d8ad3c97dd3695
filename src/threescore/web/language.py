"""Which language a page speaks, and its words in it: gettext catalogues, compiled by `make assets`."""

import gettext as catalogues
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from starlette.requests import Request

LANGUAGES = {"en": "English", "es": "Español", "ru": "Русский"}
"""The languages that there are, each by its own name. The first is what the messages are written in."""

COOKIE = "language"
_DIRECTORY = Path(__file__).parent / "locale"
_current: ContextVar[str] = ContextVar("language", default="en")


@cache
def _catalogue(language: str, domain: str) -> catalogues.NullTranslations:
    return catalogues.translation(domain, _DIRECTORY, [language], fallback=True)


def choose_language(request: Request) -> str:
    """The language that the visitor chose, else the first of the browser's that we have, else English."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    for language in _accepted(request.headers.get("accept-language", "")):
        if language in LANGUAGES:
            return language
    return next(iter(LANGUAGES))


def _accepted(header: str) -> list[str]:
    """The primary languages of an Accept-Language header, the most wanted first."""
    wanted: list[tuple[float, str]] = []
    for item in header[:1000].split(","):
        tag, _, parameter = item.partition(";")
        try:
            weight = float(parameter.partition("=")[2]) if parameter else 1.0
        except ValueError:
            continue
        wanted.append((-weight, tag.partition("-")[0].strip().lower()))
    return [language for _, language in sorted(wanted, key=lambda pair: pair[0])]


def speak(language: str) -> None:
    """Has everything that follows in this request speak the language."""
    _current.set(language)


def current_language() -> str:
    """The language of this request."""
    return _current.get()


def gettext(message: str) -> str:
    """The message in the language of this request."""
    return _catalogue(_current.get(), "messages").gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The message in the form that the number asks for, in the language of this request."""
    return _catalogue(_current.get(), "messages").ngettext(singular, plural, number)


def script_messages() -> str:
    """The words of our scripts in the language of this request, as JSON that may stand in a page."""
    return _script_messages(_current.get())


@cache
def _script_messages(language: str) -> str:
    path = _DIRECTORY / language / "scripts.json"
    return path.read_text(encoding="utf-8").replace("<", "\\u003c") if path.exists() else "{}"
