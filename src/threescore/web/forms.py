"""What a form sent, and what is wrong with it, field by field."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from threescore.errors import (
    BadRequest,
    InvalidInput,
    ThreescoreError,
    TooLarge,
    UnsupportedMediaType,
    ValidationReport,
)
from threescore.model.naming import RESERVED_SUFFIX, name_from_label, plural_name_from_label
from threescore.web.refusals import translated

MAX_LENGTH = 1024**2
"""How long a form may be, in bytes."""

MAX_FIELDS = 5000


class Form:
    """The values of a form, in order; a name may stand there several times."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        """The first value of that name without white space at its ends; empty when there is none."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """The first value of that name just as it was sent: blanks belong to a password."""
        return self._values.get(name, [""])[0]

    def has(self, name: str) -> bool:
        """Whether the name is there: a box that was ticked."""
        return name in self._values

    def all(self, name: str) -> list[str]:
        """Every value of that name, in order."""
        return [value.strip() for value in self._values.get(name, [])]


async def read_form(request: Request) -> Form:
    """The form of a request. Raises TooLarge, and BadRequest or UnsupportedMediaType for what is no plain form."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("application/x-www-form-urlencoded", ""):
        raise UnsupportedMediaType("A form is expected here")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_LENGTH:
            raise TooLarge("The form is too long")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError as error:
        raise BadRequest("The form is not in UTF-8") from error
    except ValueError as error:
        raise TooLarge("The form has too many fields") from error
    return Form(pairs)


def name_of(label: str) -> str:
    """The name that a label stands for; the label itself where it stands for none, for the rules to refuse."""
    try:
        return name_from_label(label)
    except BadRequest:
        return label


def plural_name_of(label_plural: str, name_singular: str) -> str:
    """The plural name that a plural label stands for, another one than the singular name; else as `name_of`."""
    try:
        return plural_name_from_label(label_plural, name_singular)
    except BadRequest:
        return label_plural


def chosen_name(name: str, label: str) -> str:
    """The name of a form's input, or the one that the label stands for where the input holds no other.

    A page fills the input in as the label is typed, and does not know which names are reserved.
    """
    derived = name_of(label)
    return derived if not name or derived == f"{name}{RESERVED_SUFFIX}" else name


Errors = Mapping[str, list[str]]
"""What is wrong, by the name of the input at fault; under the empty name what belongs to none."""


def errors_of(error: ThreescoreError, inputs: Mapping[str, str], values: Mapping[str, str | list[str]]) -> Errors:
    """The messages of an error in the visitor's language, each beside the input that it is about.

    `inputs` gives, for the names that messages begin with (`labelSingular must …`), the input; `values` what was
    sent for those inputs, or all that was for an input of several parts: a report repeats the value at fault.
    """
    found: dict[str, list[str]] = {}
    for message, value in _messages(error):
        name = next((inputs[word] for word in inputs if message.startswith(f"{word} ")), None)
        if name is None and isinstance(value, str):
            name = next(
                (key for key, sent in values.items() if sent == value or (isinstance(sent, list) and value in sent)),
                None,
            )
        if name is None:
            name = next((inputs[word] for word in inputs if word.lower() in message.lower().split()), "")
        found.setdefault(name, []).append(translated(message))
    return found


def _messages(error: ThreescoreError) -> list[tuple[str, object]]:
    match error:
        case InvalidInput(detail=list() as details):
            return [(message, None) for message in details]
        case ValidationReport():
            return [
                (str(issue["userFriendlyMessage"]), issue.get("value"))
                for entities in error.errors.values()
                for entity in entities
                for issue in _issues(entity)
            ]
    return [(error.message, None)]


def _issues(entity: Mapping[str, object]) -> list[dict[str, object]]:
    issues = entity.get("errors")
    return issues if isinstance(issues, list) else []
