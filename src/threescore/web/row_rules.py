"""Row rules as people write them: in the language of REST filters, or as JSON where that has no words for one."""

from typing import Any

import msgspec

from threescore.access.roles import RowRule
from threescore.access.row_rules import ME
from threescore.errors import BadRequest
from threescore.model.fields.values import MAX_DEPTH, Json
from threescore.model.objects import Field, Model, ObjectType
from threescore.model.overrides import resolved
from threescore.query.plan import Filter
from threescore.query.rules import bind_rule
from threescore.rest.grammar.filter import parse_filter
from threescore.rest.grammar.filter_text import write_filter
from threescore.rest.grammar.json_text import decode_json
from threescore.web.language import gettext as _


def read_rule(text: str) -> Json:
    """The filter that a text says, None for an empty one. Raises BadRequest, saying what is wrong with it.

    What begins with a brace is JSON: no REST filter does.
    """
    if not text:
        return None
    if text.startswith("{"):
        try:
            return decode_json(text, MAX_DEPTH)
        except ValueError as error:
            raise BadRequest(_("A rule that begins with “{” must be JSON; this one is not.")) from error
    tree = parse_filter(text)
    conditions = tree.get("and")
    # A single condition needs no `and` around it: rules are compared as they are written.
    return conditions[0] if isinstance(conditions, list) and len(conditions) == 1 else tree


def rule_text(model: Model, rule: RowRule) -> str:
    """What a person changes to change the rule. Read again, it means the very same.

    A rule that no longer fits the model is shown too, to be put right.
    """
    item = model.by_id[rule.object_id]
    text = write_filter(rule.filter)
    meant = _meaning(model, item, rule.filter)
    if text is not None and (meant is None or meant == _meaning(model, item, read_rule(text))):
        return text
    return msgspec.json.format(msgspec.json.encode(rule.filter), indent=2).decode()


def _meaning(model: Model, item: ObjectType, tree: Any) -> tuple[Filter, list[object]] | None:
    """What a filter asks of records; None for one that does not fit the model."""
    arguments: list[object] = []
    try:
        return bind_rule(model, item, tree, arguments), arguments
    except BadRequest:
        return None


def rule_examples(model: Model, item: ObjectType) -> list[tuple[str, str]]:
    """Rules that the object can have, made of its fields, and what each means."""
    recent = "createdAt[gte]:2026-01-01"
    examples = [(recent, _("Made in 2026 or later")), (f"not({recent})", _("Made before 2026"))]
    active = [field for field in item.fields if field.is_active]
    choice = next((field for field in active if field.type == "SELECT" and field.option_values), None)
    if choice is not None:
        text = f"{choice.name}[in]:[{','.join(choice.option_values[:2])}]"
        examples.insert(0, (text, _("“%(field)s” is one of these") % {"field": resolved(choice, "label")}))
    owner = next((field for field in active if _leads_to_members(model, field)), None)
    if owner is not None:
        mine = f"{owner.join_column}[eq]:{ME}"
        meaning = _("“%(field)s” is the member who asks; for an API key, nobody is")
        examples.insert(0, (mine, meaning % {"field": resolved(owner, "label")}))
        examples.append((f"or({mine},{recent})", _("One of the two is enough")))
    return examples


def _leads_to_members(model: Model, field: Field) -> bool:
    return bool(field.join_column) and model.target(field).name_singular == "workspaceMember"
