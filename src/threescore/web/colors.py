"""The colours of options as people call them."""

from threescore.web.language import gettext as _


def color_names() -> list[tuple[str, str]]:
    """Each colour that an option may have, and its name in the language of the request; along the rainbow."""
    return [
        ("red", _("Red")),
        ("ruby", _("Ruby")),
        ("crimson", _("Crimson")),
        ("tomato", _("Tomato")),
        ("orange", _("Orange")),
        ("amber", _("Amber")),
        ("yellow", _("Yellow")),
        ("lime", _("Lime")),
        ("grass", _("Grass")),
        ("green", _("Green")),
        ("jade", _("Jade")),
        ("mint", _("Mint")),
        ("turquoise", _("Turquoise")),
        ("cyan", _("Cyan")),
        ("sky", _("Sky")),
        ("blue", _("Blue")),
        ("iris", _("Iris")),
        ("violet", _("Violet")),
        ("purple", _("Purple")),
        ("plum", _("Plum")),
        ("pink", _("Pink")),
        ("bronze", _("Bronze")),
        ("gold", _("Gold")),
        ("brown", _("Brown")),
        ("gray", _("Gray")),
    ]
