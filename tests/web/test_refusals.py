"""What the services say is what is translated: no template is out of date, and nothing new is left in English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from threescore.records.caller import NO_PERMISSION
from threescore.web import refusal_texts
from threescore.web.refusal_texts import TEMPLATES

SOURCES = Path(refusal_texts.__file__).parents[1]

SHOWN = (
    *(f"catalog/changes/{name}.py" for name in ("fields", "naming_rules", "options", "plan")),
    "model/naming.py",
    *(f"model/fields/{path.name}" for path in (SOURCES / "model/fields").glob("*.py")),
    *(f"access/{name}.py" for name in ("passwords", "membership", "seats", "users", "workspace_settings")),
    *(f"access/{name}.py" for name in ("people", "keys", "key_changes", "role_inputs")),
    "events/webhooks.py",
    "events/webhook_input.py",
    "records/failures.py",
    "records/stand_ins.py",
)
"""The modules whose refusals people meet in forms and in the grid: all that they say is translated."""

NOT_ON_PAGES = {
    # The forms of pages do not send what these are about, or leave people no choice in it.
    "catalog/changes/fields.py": {
        "Provided object metadata id does not exist",
        "Created field metadata, parent object metadata not found",
        "Settings must be an object",
        "Field to delete not found",
        "The %s of a field cannot be changed",
        "Cannot edit standard field metadata properties: %s",
        "Forbidden updated properties for relation field metadata: %s",
        "System fields only allow updating: universalSettings, isActive. Forbidden properties: %s",
        "All targets of a morph relation have the same type",
        # People are told the same in other words.
        "Unique index cannot be created for field %s of type %s",
        "Label identifier field metadata cannot be deactivated",
    },
    "catalog/changes/naming_rules.py": {
        'Name "%s" is not available as it is already used by another join column name',
        'Name "%s" is reserved composite field name',
    },
    "catalog/changes/options.py": {
        "Fields of type %s have no options",
        "Options must be a list",
        "Option must be an object",
        "Option position must be a number",
        "Option color is not one of the known colors: %s",
        "Option id must be a UUID",
    },
    # Pages have no form for what this is about.
    "access/people.py": {"No second factor is set up for this account: use getAuthTokensFromLoginToken"},
    "access/keys.py": {
        "This API Key is revoked",
        "This API Key is expired",
        "This API Key may not be used from this address",
    },
    "access/key_changes.py": {
        "%s must be a UUID",
        '%s must be a date and time as in "2100-01-01T00:00:00.000Z", not "%s"',
        "%s: your own API key may be used from %s only; so must this one",
        "This workspace has no object %s",
    },
    "access/role_inputs.py": {
        '"%s" is no permission flag; there are %s',
        "The filter of a row rule must be an object of fields and conditions",
    },
    "events/webhooks.py": {
        "There is a webhook %s already",
        # What the log of deliveries says.
        "The webhook was deleted",
        "The webhook was switched off",
    },
    "events/webhook_input.py": {
        "%s is required",
        "%s must be true or false",
        # What stands above the single faults of a report.
        "Multiple validation errors occurred while %s webhook",
    },
    "model/fields/address.py": {"subFields must be a list of %s"},
    "model/fields/base.py": {
        'Default value has an unknown sub-field "%s": expected %s',
        'Operator "%s" is not valid for field "%s" of type %s - Allowed operators: %s',
        'Filter operator "%s" requires an array value for field %s',
        'Filter operator "%s" requires a string value for field "%s", got %s',
        "Invalid filter value for field %s. Expected non-empty array",
        'The regular expression of "%s" for field "%s" has %s characters; %s is the most',
        'The regular expression of "%s" for field "%s" refers back to a part of itself (%s), which is not supported',
    },
    "model/fields/number.py": {
        'Invalid number value %s for field "%s"%s',
        "Field type NUMERIC is not supported for field creation. Use NUMBER instead.",
        'Field type POSITION must be named "position", got "%s"',
        "Field type POSITION must be a system field",
    },
    "model/fields/relation.py": {
        'Relation "%s" requires connect or disconnect operation',
        "Cannot have both connect and disconnect for the same relation field %s.",
    },
    "model/fields/rich_text.py": {
        "%s - must contain valid JSON",
        "%s - must contain a JSON array of blocks",
        "%s - the link %s is not allowed",
        "Point **%s**: call back",
    },
    "model/fields/search_vector.py": {"TS Vector is not supported for field creation"},
    "model/fields/select.py": {
        'Operator "containsAny" is not valid for field "%s" of type %s - a field with one value can be compared with'
        ' "in"'
    },
    "records/failures.py": {'The regular expression of a "regex" or "iregex" filter %s'},
}
"""What the other ones say, by module."""


def skeleton(node: ast.AST) -> str | None:
    """A text with `%s` for each part that differs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "%s" for part in node.values)
    return None


def texts(path: Path, *, only_functions: bool = False) -> Iterator[str]:
    """All texts of a module, but for its documentation; or those alone that are in functions."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in (inner for top in (functions if only_functions else [tree]) for inner in ast.walk(top)):
        if id(node) not in said and id(node) not in parts and (text := skeleton(node)) is not None:
            yield text


def is_refusal(text: str) -> bool:
    """Whether a text reads like a sentence for people, and not like SQL or a part of one."""
    return bool(re.match(r'["%A-Z][^\n]* [a-z]+', text)) and not re.search(
        r"SELECT|UPDATE %s|CASE|WHERE|VALUES|::|[(=]\s*%s|[a-z]\(", text
    )


def plain(template: str) -> str:
    return re.sub(r"%\(\w+\)s", "%s", template)


def test_every_template_is_what_a_service_says() -> None:
    said = {text for path in SOURCES.rglob("*.py") if "web" not in path.parts for text in texts(path)}
    # Others are put together of parts.
    unknown = [t for t in TEMPLATES if plain(t) not in said and not t.startswith((NO_PERMISSION, "'filter' invalid"))]
    assert unknown == []


@pytest.mark.parametrize("module", SHOWN)
def test_what_people_meet_is_translated(module: str) -> None:
    known = {plain(template) for template in TEMPLATES} | NOT_ON_PAGES.get(module, set())
    found = {text for text in texts(SOURCES / module, only_functions=True) if is_refusal(text)}
    assert found - known == set(), "translate it in web/refusal_texts.py, or say here why nobody meets it"
