"""What callers give for a webhook: read, checked, and refused with all that is wrong with it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from threescore.catalog.changes.inputs import read_uuid
from threescore.catalog.changes.report import MANY_ERRORS, Issue
from threescore.errors import BadRequest, ValidationReport
from threescore.events import patterns
from threescore.events.outbound import Outbound, TargetRefused, parse_target
from threescore.events.payload import STANDARD_PREFIX, standard_key
from threescore.events.webhook import CustomHeader, Webhook
from threescore.model.objects import Model
from threescore.query.filters import bind_filter

MAX_OPERATIONS = 200
MAX_PATTERN = 200
MAX_TEXT = 10_000
MAX_SECRET = 500
INVALID = "INVALID_WEBHOOK_INPUT"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,1998}[\x21-\x7e])?")
_OUR_HEADERS = re.compile(
    r"(?i)host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding"
    r"|proxy-.*|webhook-.*|x-twenty-.*"
)

Input = Mapping[str, Any]


class WebhookReading:
    """Reads what a caller gave for a webhook, collecting what is wrong with it."""

    def __init__(self, model: Model, given: Input) -> None:
        self._model = model
        self._given = given
        self._issues: list[Issue] = []
        self.secret: str | None = None
        self.header: CustomHeader | None = None
        self.has_header = False

    def new_id(self) -> UUID:
        """The id that was chosen, or a new one."""
        given = self._given.get("id")
        if given is None:
            return uuid4()
        found = read_uuid(given)
        if found is None:
            self._wrong("id must be a UUID")
        return found or uuid4()

    async def columns(self, outbound: Outbound, before: Webhook | None) -> dict[str, Any]:
        """The columns to write."""
        columns: dict[str, Any] = {}
        given = self._given
        if "targetUrl" in given:
            columns["target_url"] = await self._target(outbound, given["targetUrl"])
        if given.get("operations") is not None:
            columns["operations"] = self._operations(given["operations"])
        if "description" in given:
            columns["description"] = self._text("description", given["description"], MAX_TEXT)
        if given.get("secret") is not None:
            self.secret = self._text("secret", given["secret"], MAX_SECRET) or ""
            fault = secret_fault(self.secret)
            if fault:
                self._wrong(fault)
        if "customHeader" in given:
            self.has_header = True
            self.header = self._header(given["customHeader"])
        if given.get("isPaused") is not None:
            columns["is_paused"] = self._truth("isPaused")
            if before is not None and before.is_paused and not columns["is_paused"]:
                # While it was paused it could not succeed.
                columns["failing_since"] = None
        if given.get("isActive") is not None:
            off = self._truth("isActive") is False
            was_off = before is not None and before.switched_off_at is not None
            if not off:
                columns |= {"switched_off_at": None, "switched_off_reason": None, "failing_since": None}
                columns["hold_until"] = None
            elif not was_off:
                columns |= {"switched_off_at": datetime.now(UTC), "switched_off_reason": "by hand"}
        operations: list[str] = columns.get("operations") or (before.operations if before else [patterns.EVERYTHING])
        name = patterns.only_object(operations)
        if "updatedFields" in given:
            columns["updated_fields"] = self._updated_fields(given["updatedFields"], name)
        if "filter" in given or (before and before.filter and "operations" in columns):
            tree = given.get("filter", before.filter if before else None)
            columns["filter"] = self._filter(tree, name)
        return columns

    def require(self, name: str, value: object) -> None:
        """Notes that something is missing, unless it is there or known to be wrong already."""
        if value is None and not self._issues:
            self._wrong("Target URL is required" if name == "targetUrl" else f"{name} is required")

    def refuse(self, action: str, before: Webhook | None = None) -> None:
        """Raises ValidationReport if anything is wrong."""
        if self._issues:
            raise refusal(action, self._given, *self._issues, webhook=before)

    def _wrong(self, message: str, code: str = INVALID, user_message: str | None = None) -> None:
        self._issues.append(Issue(code, message, user_message))

    async def _target(self, outbound: Outbound, value: object) -> str | None:
        if not isinstance(value, str) or not value.strip():
            self._wrong("Target URL is required")
            value = ""
        try:
            url = parse_target(value)
        except ValueError:
            self._wrong("Invalid target URL provided", "INVALID_TARGET_URL", "Please provide a valid HTTP or HTTPS URL")
            return None
        try:
            await outbound.check(url)
        except TargetRefused as error:
            self._wrong(f"The target URL cannot be called: {error}", "INVALID_TARGET_URL")
        return str(url)

    def _operations(self, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong('operations must be a list of texts such as "person.created"')
            return []
        if len(value) > MAX_OPERATIONS:
            self._wrong(f"operations may hold at most {MAX_OPERATIONS} patterns")
            return []
        if any(len(item) > MAX_PATTERN or _UNSTORABLE.search(item) for item in value):
            self._wrong(f"operations may hold texts of at most {MAX_PATTERN} characters")
            return []
        return value

    def _text(self, name: str, value: object, longest: int) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > longest or _UNSTORABLE.search(value):
            self._wrong(f"{name} must be a text of at most {longest} characters")
            return None
        return value

    def _truth(self, name: str) -> bool:
        value = self._given[name]
        if not isinstance(value, bool):
            self._wrong(f"{name} must be true or false")
        return value is True

    def _header(self, value: object) -> CustomHeader | None:
        if value is None:
            return None
        name, content = (value.get("name"), value.get("value")) if isinstance(value, Mapping) else (None, None)
        if not isinstance(name, str) or not isinstance(content, str) or not _HEADER_NAME.fullmatch(name):
            self._wrong('customHeader must be {"name": …, "value": …} with the name and the value of one header')
            return None
        if _OUR_HEADERS.fullmatch(name):
            self._wrong(f'customHeader cannot be "{name}": that header is set with each call')
            return None
        if not _HEADER_VALUE.fullmatch(content):
            self._wrong("customHeader has a value of visible ASCII characters, at most 2000")
            return None
        return CustomHeader(name, content)

    def _updated_fields(self, value: object, name: str | None) -> list[str] | None:
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or not value:
            self._wrong("updatedFields must be a list of names of fields, or null")
            return None
        objects = [self._model.by_singular[name]] if name in self._model.by_singular else self._model.objects
        known = {field.join_column or field.name for item in objects for field in item.fields}
        for item in value:
            if item not in known:
                self._wrong(f'updatedFields: there is no field "{item[:100]}"')
        return value

    def _filter(self, value: object, name: str | None) -> bytes | None:
        if value is None:
            return None
        object_type = self._model.by_singular.get(name or "")
        if object_type is None:
            self._wrong("A filter needs operations that all name the same object, such as person.created")
            return None
        if not isinstance(value, Mapping):
            self._wrong("filter must be an object of fields and conditions")
            return None
        try:
            bind_filter(self._model, object_type, value, [])
        except BadRequest as error:
            self._wrong(f"filter: {error.message}")
            return None
        return msgspec.json.encode(value) if value else None


def secret_fault(secret: str) -> str | None:
    """What is wrong with a secret, or None."""
    if len(secret) > MAX_SECRET or _UNSTORABLE.search(secret):
        return f"A secret has at most {MAX_SECRET} characters"
    if secret.startswith(STANDARD_PREFIX) and standard_key(secret) == secret.encode():
        return f"A secret that begins with {STANDARD_PREFIX} must go on in base64"
    return None


def refusal(action: str, given: Input, *issues: Issue, webhook: Webhook | None = None) -> ValidationReport:
    """The error to raise for what cannot be a webhook. `action` is "create" or "update"."""
    doing = {"create": "creating", "update": "updating"}[action]
    entity = {
        "id": str(webhook.id if webhook else given.get("id") or ""),
        "universalIdentifier": str(webhook.id if webhook else given.get("id") or ""),
        "targetUrl": given.get("targetUrl") or (webhook.target_url if webhook else ""),
    }
    item: dict[str, object] = {
        "metadataName": "webhook",
        "type": action,
        "status": "fail",
        "errors": [issue.as_json() for issue in issues],
        "flatEntityMinimalInformation": entity,
    }
    user_message = (issues[0].user_message or issues[0].message) if issues else MANY_ERRORS
    return ValidationReport(
        f"Multiple validation errors occurred while {doing} webhook", {"webhook": [item]}, user_message
    )
