"""Settings that several field types share."""

from collections.abc import Mapping
from typing import Any


def check_list_settings(settings: Mapping[str, Any] | None) -> str | None:
    """What is wrong with the settings of a field that can hold several values; None when they are fine."""
    settings = settings or {}
    most = settings.get("maxNumberOfValues")
    if most is not None and (type(most) is not int or most < 1):
        return "maxNumberOfValues must be a whole number greater than 0"
    if settings.get("clickAction") not in (None, "COPY", "OPEN_LINK", "OPEN_IN_APP"):
        return "clickAction must be one of COPY, OPEN_LINK, OPEN_IN_APP"
    return None
