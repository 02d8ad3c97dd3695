"""What the services say when they refuse, in the language of the visitor.

The services speak English, as the APIs do. What people often see of it is listed here; the rest stays as it is.
"""

import re

from threescore.web.language import current_language, gettext


def _(message: str) -> str:
    """Marks a message for the catalogues, without translating it yet."""
    return message


TEMPLATES = (
    _("%(name)s should not be empty"),
    _("%(name)s must be shorter than or equal to %(limit)s characters"),
    _("A role with this label already exists."),
    _("Cannot give writing permission without reading permission"),
    _("Cannot give writing permission on %(objects)s, which are not readable"),
    _("The default role is for new members: choose another default role first"),
    _("The default role cannot be deleted; choose another default role first"),
    _("This role cannot be modified because it is a system role. Only custom roles can be edited."),
    _("Entity performing the request does not have permission"),
    _("Entity performing the request does not have permission: your own role would lose the right to change roles"),
    _(
        'Entity performing the request does not have permission: the role "%(role)s" allows %(right)s, which your own'
        " does not"
    ),
    _("'filter' invalid for '%(part)s'. eg: price[gte]:10"),
    _("'filter' invalid. %(count)s close bracket is missing in the query"),
    _("'filter' invalid. %(count)s open bracket is missing in the query"),
    _("'filter' invalid for '%(part)s', comparator %(word)s not in %(known)s"),
    _('Object %(object)s doesn\'t have any "%(field)s" field.'),
    _('Invalid number value %(value)s for field "%(field)s"'),
    _('Sub field "%(field)s" not found for composite type: %(type)s'),
    _("A row rule must hold a condition; this one would hide nothing"),
)
"""The messages, with names for what differs in them."""

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
