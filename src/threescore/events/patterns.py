"""Which events a webhook is for: `person.created`, `person.*`, `*.created`, `*.*`; `metadata.webhook.*`.

A pattern is compared as a whole text with the few that an event answers to; nothing is searched for. Any text is taken:
clients ask for objects that other versions have, or that are made later.
"""

from threescore.model.objects import Model

OPERATIONS = ("created", "updated", "deleted", "restored", "destroyed")
EVERYTHING = "*.*"


def silence(model: Model, pattern: str) -> str | None:
    """Why no event answers to a pattern as things are, or None where some may."""
    if pattern == "*":
        return None
    parts = pattern.split(".")
    if len(parts) == 3 and parts[0] == "metadata":
        if not parts[1].replace("*", "a").isalnum() or not _is_operation(parts[2]):
            return f'"{pattern[:100]}" is no pattern of metadata events, as in metadata.webhook.updated'
        return None
    if len(parts) != 2 or not _is_operation(parts[1]):
        return f'"{pattern[:100]}" is no pattern of events: it is an object, a dot, and * or one of {_LISTED}'
    if parts[0] != "*" and parts[0] not in model.by_singular:
        return f'"{pattern[:100]}" names no object: there is none with the singular name "{parts[0][:100]}"'
    return None


_LISTED = ", ".join(OPERATIONS)


def _is_operation(word: str) -> bool:
    return word == "*" or word in OPERATIONS


def only_object(patterns: list[str]) -> str | None:
    """The one object that all patterns name, or None."""
    names = {pattern.rpartition(".")[0] for pattern in patterns}
    return names.pop() if len(names) == 1 and not names & {"*", ""} else None


def names_of_event(event: str) -> str:
    """SQL for the array of patterns that an event (under that alias) answers to."""
    name = f"{event}.object || '.' || {event}.operation"
    return (
        f"CASE WHEN {event}.object LIKE 'metadata.%' THEN ARRAY[{name}, {event}.object || '.*',"
        f" 'metadata.*.' || {event}.operation, 'metadata.*.*', '*.*', '*']"
        # Runs of workflows change all the time: wildcards do not mean that.
        f" WHEN {event}.object = 'workflowRun' AND {event}.operation = 'updated' THEN ARRAY[{name}]"
        f" ELSE ARRAY[{name}, {event}.object || '.*', '*.' || {event}.operation, '*.*', '*'] END"
    )
