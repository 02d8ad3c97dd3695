"""What a question is: something to ask the API, with the answer that plain Python computes for itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from examples.airports.api import Api
from examples.airports.world import World


@dataclass(frozen=True)
class Answer:
    """What the API answered and what we computed, with a few words for people."""

    served: object
    computed: object
    words: str

    @property
    def right(self) -> bool:
        return self.served == self.computed


Ask = Callable[[Api, World], Awaitable[Answer]]


@dataclass(frozen=True)
class Question:
    """A question and how to ask it."""

    text: str
    ask: Ask


def asking(questions: list[Question], text: str) -> Callable[[Ask], Ask]:
    """Puts a function on a list of questions."""

    def register(ask: Ask) -> Ask:
        questions.append(Question(text, ask))
        return ask

    return register


def first_difference(sent: Any, served: Any, path: str = "") -> str | None:
    """Where a record that was served is not as it was sent, or None. It may hold more keys than were sent."""
    if isinstance(sent, dict) and isinstance(served, dict):
        found = (first_difference(value, served.get(name), f"{path}.{name}") for name, value in sent.items())
        return next((difference for difference in found if difference), None)
    return None if sent == served else f"{path} was sent as {sent!r} and served as {served!r}"


def number(value: str | float | None) -> float | None:
    """An aggregate, which the API writes as text where it may be large; rounded, so that sums may differ in order."""
    return None if value is None else round(float(value), 6)
