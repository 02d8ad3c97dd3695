"""The translations: nothing is missing, nothing is doubtful, what stands for a value is kept."""

import re
import runpy
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from threescore.web.language import LANGUAGES

MESSAGES = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "messages"), run_name="messages")
_PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def places(text: str) -> set[str]:
    """What stands for values in a message."""
    return set(_PLACES.findall(text))


def texts(message: Message) -> list[str]:
    """All forms of the translation."""
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string or ""]


STRANGERS = {
    "es": r"\b(usted(es)?|elija|escriba|vuelva|espere|(intént|cámbi|rellén)elo|su rol|[ue][nl] url|por defecto)\b",
    "ru": r"(?<!рабоч\w\w )(?<!рабоч\w\w\w )\bпространств|\bты\b|\bтво[йяеёи]\b|уничтож",
}
"""What no translation says: forms of address, and words, that stand beside those of the glossary (CONTRIBUTING.md)."""


@pytest.mark.parametrize("domain", ["messages", "scripts"])
@pytest.mark.parametrize("language", MESSAGES["LANGUAGES"])
def test_people_are_addressed_alike_and_things_have_one_name(domain: str, language: str) -> None:
    catalogue = [message for message in MESSAGES["read"](language, domain) if message.id]
    said = [text for message in catalogue for text in texts(message)]
    assert [text for text in said if re.search(STRANGERS[language], text, re.IGNORECASE)] == []


def test_the_languages_are_those_of_the_catalogues() -> None:
    assert set(MESSAGES["LANGUAGES"]) == set(LANGUAGES) - {"en"}


@pytest.mark.parametrize("domain", ["messages", "scripts"])
@pytest.mark.parametrize("language", MESSAGES["LANGUAGES"])
def test_every_text_is_translated(domain: str, language: str) -> None:
    wanted = {message.id for message in MESSAGES["template"](domain) if message.id}
    catalogue = {message.id: message for message in MESSAGES["read"](language, domain) if message.id}
    assert len(wanted) > 50
    assert wanted - catalogue.keys() == set(), "run `make messages`, and translate what it adds"
    assert catalogue.keys() - wanted == set(), "run `make messages`: these are in use no more"
    for key, message in catalogue.items():
        assert not message.fuzzy, key
        original = key[-1] if isinstance(key, tuple) else key
        for text in texts(message):
            assert text.strip(), f"{language}: {key} has no translation"
            assert places(text) == places(original), key
