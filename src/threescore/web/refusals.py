"""What the services say when they refuse, in the language of the visitor.

The services speak English, as the APIs do. Pages that are made here translate what they show; those that are scripts
get the templates with their translations, and do the same with what the public API answers.
"""

import json
import re
from collections.abc import Sequence
from functools import cache

from threescore.web import refusal_texts
from threescore.web.language import current_language, gettext
from threescore.web.refusal_texts import TEMPLATES

_OF_SCRIPTS = {
    "data": (*refusal_texts.OF_FILTERS, *refusal_texts.OF_RECORDS, *refusal_texts.OF_ALL),
    "webhooks": (*refusal_texts.OF_FILTERS, *refusal_texts.OF_WEBHOOKS, *refusal_texts.OF_ALL),
}
"""What the public API may say to the script of a page."""

_PLACE = re.compile(r"%\((\w+)\)s")


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)
    return re.compile(
        "".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )


_PATTERNS = [(_pattern(template), template) for template in TEMPLATES]


def translated(message: str) -> str:
    """A service's message in the language of this request, or as it is where it is none of the known."""
    if current_language() == "en":
        return message
    for pattern, template in _PATTERNS:
        if (found := pattern.fullmatch(message)) is not None:
            return gettext(template) % found.groupdict() if pattern.groups else gettext(template)
    return message


def script_refusals(page: str) -> str:
    """The templates that the script of a page needs, each with its translation, as JSON that may stand in a page."""
    return _script_refusals(current_language(), _OF_SCRIPTS[page])


@cache
def _script_refusals(language: str, templates: Sequence[str]) -> str:
    pairs = [] if language == "en" else [(template, gettext(template)) for template in templates]
    return json.dumps(pairs, ensure_ascii=False).replace("<", "\\u003c")
