"""The `filter` parameter: `name.firstName[eq]:"Ann",or(city[is]:NULL,city[in]:[Paris,"Le Mans"])`.

A filter is a list of predicates and conjunctions, joined by `and` at the root. A value that begins with a quote is
quoted: what delimits is text until the same quote comes again, and there is no escape. Elsewhere a quote is a
plain character. Parentheses in a value without quotes must balance.
"""

import re

from threescore.errors import BadRequest
from threescore.model.fields.values import Json, plain

COMPARATORS = (
    "eq",
    "neq",
    "in",
    "containsAny",
    "is",
    "gt",
    "gte",
    "lt",
    "lte",
    "startsWith",
    "endsWith",
    "like",
    "ilike",
    "regex",
    "iregex",
    "search",
    "containsIlike",
    "isEmptyArray",
)
MAX_LENGTH = 65_536
"""Characters of a whole filter."""
MAX_NESTING = 50
"""Conjunctions within conjunctions."""
MAX_NAMES = 8
"""Names in one path; a sensible one has three at most, which is not for the grammar to say."""

Tree = dict[str, Json]

_COMPARATORS = frozenset(COMPARATORS)
_LISTS = frozenset(("in", "containsAny"))
_CONJUNCTION = re.compile(r"(and|or|not)\(")
_HEAD = re.compile(r"([^\[,)]*)\[([^\],)]*)\]:")
_DELIMITER = re.compile(r"[,()]")
_QUOTES = ('"', "'")
_DELIMITER_OR = {'"': re.compile(r'[,()"]'), "'": re.compile(r"[,()']")}
_BRACKETED = re.compile(r"\[[^\[\]]*\](?=[,)]|$)")
_ELEMENT = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^,\]]*))([,\]])""")


def parse_filter(text: str) -> Tree:
    """The filter as a tree: `{"and": [{"name": {"firstName": {"eq": "Ann"}}}, {"not": {…}}]}`.

    Leaves are texts, or lists of texts for `in` and `containsAny`. Whether the names exist is not asked here.
    Raises BadRequest for whatever is not a filter, over 65,536 characters long, or nested over 50 deep. Linear time.
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(f"'filter' invalid. It is longer than {MAX_LENGTH} characters")
    if not text:
        raise _malformed("and()")
    parser = _Parser(text)
    items = parser.items(0)
    if len(items) == 1 and _CONJUNCTION.match(text):
        return items[0]
    return {"and": items}


class _Parser:
    """One pass over a filter, from left to right; `position` is the first character not yet taken."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def items(self, depth: int) -> list[Tree]:
        """The items up to the end of the text (depth 0) or to the parenthesis that closes the conjunction."""
        text = self.text
        items: list[Tree] = []
        while True:
            conjunction = _CONJUNCTION.match(text, self.position)
            items.append(self.conjunction(conjunction, depth + 1) if conjunction else self.predicate(depth))
            if self.position == len(text):
                if depth:
                    raise _unclosed(depth)
                return items
            delimiter = text[self.position]
            if delimiter == ")" and depth:
                return items
            if delimiter != ",":
                raise self.unopened() if delimiter == ")" else _malformed(text[self.position :])
            self.position += 1

    def conjunction(self, opening: re.Match[str], depth: int) -> Tree:
        """`and(…)`, `or(…)` or `not(…)`."""
        if depth > MAX_NESTING:
            raise BadRequest(f"'filter' invalid. Conjunctions are nested more than {MAX_NESTING} deep")
        word = opening[1]
        self.position = opening.end()
        if self.text.startswith(")", self.position):
            raise _malformed(word + "()")
        items = self.items(depth)
        self.position += 1
        if word != "not":
            return {word: items}
        if len(items) != 1:
            raise BadRequest(
                "'filter' invalid. 'not' conjunction should contain only 1 condition. eg: not(field[eq]:1)"
            )
        return {"not": items[0]}

    def predicate(self, depth: int) -> Tree:
        """`path[comparator]:value`."""
        text, start = self.text, self.position
        head = _HEAD.match(text, start)
        if head is None:
            self.value(depth, 0)
            raise _malformed(text[start : self.position])
        path, comparator = head.groups()
        self.position = head.end()
        if comparator in _LISTS and text.startswith("[", self.position):
            value: Json = self.elements()
        elif bracketed := _BRACKETED.match(text, self.position):
            value = bracketed[0]
            self.position = bracketed.end()
        else:
            # A word before a parenthesis that is no conjunction belongs to the path, with all that it encloses.
            value = self.value(depth, path.count("("))
        if not value:
            raise _malformed(text[start : self.position])
        if comparator not in _COMPARATORS:
            raise BadRequest(
                f"'filter' invalid for '{plain(text[start : self.position])}', "
                f"comparator {plain(comparator)} not in {', '.join(COMPARATORS)}"
            )
        if isinstance(value, str):
            value = _checked(comparator, _unquoted(value))
        names = path.split(".")
        if len(names) > MAX_NAMES:
            raise BadRequest(f"'filter' invalid for '{plain(path)}'. A path has at most {MAX_NAMES} names")
        tree: Tree = {comparator: value}
        for name in reversed(names):
            tree = {name: tree}
        return tree

    def value(self, depth: int, parentheses: int) -> str:
        """The text up to the comma or parenthesis that ends the value, with its quotes.

        `parentheses` are already open, within `depth` conjunctions.
        """
        text, start = self.text, self.position
        position = start
        quote = text[start] if text.startswith(_QUOTES, start) else None
        delimiter = _DELIMITER_OR[quote] if quote else _DELIMITER
        while found := delimiter.search(text, position):
            position = found.end()
            character = found[0]
            if character == "(":
                parentheses += 1
            elif character == quote:
                closing = text.find(quote, position)
                if closing < 0:
                    delimiter = _DELIMITER
                else:
                    position = closing + 1
            elif parentheses == 0:
                position -= 1
                break
            elif character == ")":
                parentheses -= 1
        else:
            position = len(text)
        if parentheses:
            raise _unclosed(depth + parentheses)
        self.position = position
        return text[start:position]

    def elements(self) -> list[Json]:
        """`[a,"b, c"]`; the brackets around nothing hold one empty text."""
        text = self.text
        start = self.position
        elements: list[Json] = []
        self.position += 1
        while element := _ELEMENT.match(text, self.position):
            double, single, plain, delimiter = element.groups()
            elements.append(double if double is not None else single if single is not None else plain)
            self.position = element.end()
            if delimiter == "]":
                return elements
        raise _malformed(text[start:])

    def unopened(self) -> BadRequest:
        """The error for a closing parenthesis at `position` that nothing opened."""
        rest = re.sub(r""""[^"]*"|'[^']*'""", "", self.text[self.position :])
        return _unbalanced(max(1, rest.count(")") - rest.count("(")), "open")


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] in _QUOTES and value[-1] == value[0]
    return value[1:-1] if quoted else value


def _checked(comparator: str, value: str) -> str:
    """The value of a comparator that takes one text. Raises BadRequest when it takes something else."""
    if comparator in _LISTS:
        raise BadRequest(
            f"'filter' invalid for '{comparator}' operator. Received '{plain(value)}' but array value expected "
            f"eg: 'field[{comparator}]:[value_1,value_2]'"
        )
    if comparator == "is" and value not in ("NULL", "NOT_NULL"):
        raise BadRequest('Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"')
    return value


def _malformed(part: str) -> BadRequest:
    return BadRequest(f"'filter' invalid for '{plain(part)}'. eg: price[gte]:10")


def _unclosed(count: int) -> BadRequest:
    return _unbalanced(count, "close")


def _unbalanced(count: int, side: str) -> BadRequest:
    brackets = "bracket is" if count == 1 else "brackets are"
    return BadRequest(f"'filter' invalid. {count} {side} {brackets} missing in the query")
