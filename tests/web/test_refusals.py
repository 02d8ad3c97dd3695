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
    *(
        f"catalog/changes/{name}.py"
        for name in ("fields", "naming_rules", "objects", "options", "plan", "relations", "transaction")
    ),
    "model/naming.py",
    *(f"model/fields/{path.name}" for path in (SOURCES / "model/fields").glob("*.py")),
    *(f"access/{name}.py" for name in ("passwords", "membership", "seats", "users", "workspace_settings")),
    *(f"access/{name}.py" for name in ("people", "keys", "key_changes", "role_inputs")),
    "events/webhooks.py",
    "events/webhook_input.py",
    "query/filters.py",
    *(f"records/{name}.py" for name in ("failures", "input", "service", "stand_ins")),
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
    "catalog/changes/objects.py": {
        '"%s" is to be renamed or told apart by another field: send that one at a time',
        "Cannot edit standard object metadata properties: %s",
        "Could not find flat entity in maps",
        "Object to update not found",
        "Remote objects are not supported yet",
        "The image identifier is not a fitting field of the object",
        "The label identifier is not a field of the object",
        "The same object is there twice; put all its changes into one",
    },
    "catalog/changes/relations.py": {
        # The description of a field, not a refusal.
        "%s tied to the %s",
        "Morph relation creation payloads must all be of the same relation type",
        "Object metadata relation target not found for relation creation payload",
        "Relation creation payload is invalid: %s",
    },
    "catalog/changes/transaction.py": {
        "Workspace %s not found",
        # What is said to the database.
        "SET LOCAL lock_timeout = '%s'",
        "SET LOCAL lock_timeout = '%s'; LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE",
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
    # The scripts send whole records one by one, and batches that come apart into such where they are refused.
    "records/input.py": {
        '"%s.create" must be a record: a JSON object of field names and values',
        "%s and %s cannot be both provided.",
        "A record must be a JSON object of field names and values",
        "Cannot combine create, connect, and disconnect for the same relation field %s.",
        "Cannot provide both %s.create and %s",
        "Missing required fields: at least one unique constraint have to be fully populated for '%s'.",
    },
    "records/service.py": {
        "Cannot find duplicates of more than %s records at once",
        "Cannot provide both before and after",
        "Filters are mandatory for bulk %s operations. Please provide at least one filter to prevent accidental %s of"
        " all records.",
        "Filters are mandatory for bulk update operations. Please provide at least one filter to prevent accidental"
        " changes of all records; id[is]:NOT_NULL stands for all of them.",
        "Maximum number of records to upsert is %s.",
        "Nested relation create is not supported in this operation",
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
