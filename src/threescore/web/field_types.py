"""The field types as people choose them: what each is called, looks like, and can be set to."""

from dataclasses import dataclass

from threescore.web.language import gettext as _


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """A field type that a person may choose. `example` is how a value looks."""

    type: str
    icon: str
    label: str
    help: str
    example: str


def type_groups() -> list[tuple[str, list[TypeChoice]]]:
    """The choices in groups, in the language of the request."""
    return [
        (
            _("Basic"),
            [
                TypeChoice("TEXT", "text-size", _("Text"), _("One line or several"), "Linden Works"),
                TypeChoice("NUMBER", "number", _("Number"), _("Amounts, counts, shares"), "42"),
                TypeChoice("BOOLEAN", "toggle-right", _("True or false"), _("A switch"), "✓"),
                TypeChoice("DATE", "calendar", _("Date"), _("A day"), "2026-03-01"),
                TypeChoice("DATE_TIME", "calendar-time", _("Date and time"), _("A moment"), "2026-03-01 09:30"),
                TypeChoice("SELECT", "circle-dot", _("Select"), _("One of your options"), ""),
                TypeChoice("MULTI_SELECT", "list-check", _("Multi-select"), _("Several of your options"), ""),
                TypeChoice("RATING", "star", _("Rating"), _("One to five"), "★★★★☆"),
            ],
        ),
        (
            _("Relations"),
            [
                TypeChoice(
                    "RELATION", "git-merge", _("Relation"), _("A link to records of another object"), "Ada Linden"
                ),
                TypeChoice(
                    "MORPH_RELATION",
                    "relation-many-to-many",
                    _("Relation to several objects"),
                    _("A link whose target may be of several objects"),
                    "Ada Linden",
                ),
            ],
        ),
        (
            _("Composite"),
            [
                TypeChoice("FULL_NAME", "user", _("Full name"), _("First and last name"), "Ada Linden"),
                TypeChoice("EMAILS", "mail", _("E-mails"), _("One main address, and others"), "ada@linden.example"),
                TypeChoice("PHONES", "phone", _("Phones"), _("One main number, and others"), "+32 9 225 36 41"),
                TypeChoice("LINKS", "link", _("Links"), _("Web addresses with labels"), "linden.example"),
                TypeChoice(
                    "ADDRESS", "map-pin", _("Address"), _("Street, city, country, place on the map"), "Ghent, Belgium"
                ),
                TypeChoice("CURRENCY", "currency-dollar", _("Currency"), _("An amount of money"), "€ 1,250.00"),
                TypeChoice("RICH_TEXT", "align-left", _("Rich text"), _("Text with headings, lists, links"), "Notes…"),
                TypeChoice("FILES", "paperclip", _("Files"), _("Files with labels"), "offer.pdf"),
            ],
        ),
        (
            _("Advanced"),
            [
                TypeChoice("ARRAY", "brackets", _("List of texts"), _("Any number of short texts"), "red, green"),
                TypeChoice("RAW_JSON", "braces", _("JSON"), _("Any JSON value"), '{"a": 1}'),
                TypeChoice("UUID", "id", _("Unique id"), _("An identifier of another system"), "6f1c…"),
                TypeChoice("ACTOR", "robot", _("Actor"), _("Who or what did something"), "Ada Linden"),
            ],
        ),
    ]


def type_choice(name: str) -> TypeChoice | None:
    """The choice for a type, or None for a type that nobody chooses."""
    return next((choice for _group, choices in type_groups() for choice in choices if choice.type == name), None)


def type_label(name: str) -> str:
    """What people call a type, those that they cannot choose too."""
    choice = type_choice(name)
    return (
        choice.label
        if choice
        else {"TS_VECTOR": _("Search index"), "POSITION": _("Position"), "NUMERIC": _("Exact number")}.get(name, name)
    )


def type_icon(name: str) -> str:
    """The name of a type's icon."""
    choice = type_choice(name)
    return (
        choice.icon
        if choice
        else {"TS_VECTOR": "search", "POSITION": "arrows-diagonal", "NUMERIC": "decimal"}.get(name, "box")
    )
