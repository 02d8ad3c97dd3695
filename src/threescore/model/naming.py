"""The rules for names of objects and fields."""

import re
from collections.abc import Sequence
from hashlib import sha256

from anyascii import anyascii

from threescore.errors import BadRequest

MAX_NAME_LENGTH = 63
"""The longest name that PostgreSQL keeps whole."""

_WITH_PLURAL = (
    "approvedAccessDomain appToken billingCustomer billingEntitlement billingMeter billingProduct billingSubscription "
    "billingSubscriptionItem featureFlag job keyValuePair pageLayout pageLayoutTab pageLayoutWidget twoFactorMethod "
    "user userWorkspace workspace role userWorkspaceRole plan event field link type object relation"
)
_AS_THEY_ARE = (
    "currency currencies fullNames address addresses index aggregate connect create disconnect search searches"
)

RESERVED_WORDS: frozenset[str] = frozenset(
    [*_WITH_PLURAL.split(), *(word + "s" for word in _WITH_PLURAL.split()), *_AS_THEY_ARE.split()]
)
"""Names that neither an object nor a field may have."""

RESERVED_SUFFIX = "Custom"
RESERVED_NAME = 'This name is reserved. Use a different name or the system will add "Custom" suffix.'
"""What is wrong with a name that has another meaning already."""

_WORD = re.compile(
    r"[A-Z]?[a-z]+(?=[^A-Za-z0-9]|[A-Z]|$)"
    r"|[A-Z]+(?=[^A-Za-z0-9]|[A-Z][a-z]|$)"
    r"|[A-Z]?[a-z]+"
    r"|[A-Z]+"
    r"|\d*(?:1ST|2ND|3RD|(?![123])\dTH)(?=\b|[a-z_])"
    r"|\d*(?:1st|2nd|3rd|(?![123])\dth)(?=\b|[A-Z_])"
    r"|\d+",
    re.ASCII,
)
_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")


def camel_case(text: str) -> str:
    """The text's words joined in camel case, as lodash's `camelCase` does: `holdq9e9bc` becomes `holdq9E9Bc`.

    Words are runs of ASCII letters or digits, split where the case rises; ordinals such as `1st` stay whole.
    """
    words: list[str] = _WORD.findall(text.replace("'", "").replace("\u2019", ""))
    head, *tail = (word.lower() for word in words) if words else ("",)
    return head + "".join(word[0].upper() + word[1:] for word in tail)


def is_camel_case(name: str) -> bool:
    """Whether camel-casing the name changes nothing: a letter after a digit is a capital, no two capitals in a row."""
    return camel_case(name) == name


def check_name(name: str) -> str | None:
    """What is wrong with a name for an object or a field, or None where nothing is."""
    if len(name) > MAX_NAME_LENGTH:
        return "Name is too long"
    if not name:
        return "Name is too short"
    if not _NAME.fullmatch(name):
        return "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"
    if not is_camel_case(name):
        return "Name should be in camelCase"
    if name in RESERVED_WORDS:
        return RESERVED_NAME
    return None


def name_from_label(label: str) -> str:
    """The name that a label stands for: `Été chaud` becomes `eteChaud`, `User` becomes `userCustom`.

    Letters of other scripts are written in Latin ones, each Chinese character as a word of its own. A name that
    would start with a digit gets an `n` before it. It may be too long for a name.
    Raises BadRequest when nothing of the label can stand in a name. An empty label gives an empty name.
    """
    if not label:
        return ""
    name = camel_case(_latin_words(label).lower())
    if not name:
        raise BadRequest(f'Invalid label: "{label}"')
    if name[0].isdigit():
        name = "n" + name
    return name + RESERVED_SUFFIX if name in RESERVED_WORDS else name


def option_value_from_label(label: str) -> str:
    """The value that an option's label stands for: `In work` becomes `IN_WORK`; empty where it stands for none."""
    value = _latin_words(label).strip("_").upper()
    return f"N{value}" if value[:1].isdigit() else value


def _latin_words(text: str) -> str:
    latin = "".join(f" {anyascii(char)} " if _is_ideograph(char) else anyascii(char) for char in text)
    return re.sub(r"[^a-zA-Z0-9]+", "_", latin)


def plural_name_from_label(label_plural: str, name_singular: str) -> str:
    """The plural name of an object: that of its plural label, with an `s` more where it equals the singular name."""
    name = name_from_label(label_plural)
    return name[: MAX_NAME_LENGTH - 1] + "s" if name == name_singular else name


def index_name(table: str, columns: Sequence[str], *, is_unique: bool = False, where: str | None = None) -> str:
    """The name of an index: the same for the same table, columns and condition, so that it can be recomputed.

    `columns` are field names, join columns for relations, and full column names for single sub-fields.
    """
    digest = sha256((table + "".join(columns) + (where or "")).encode()).hexdigest()[:27]
    return f"IDX_UNIQUE_{digest}" if is_unique else f"IDX_{digest}"


def _is_ideograph(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U0003134f"
