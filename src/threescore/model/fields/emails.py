"""EMAILS: a primary address and more of them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, Row, Writer
from threescore.model.fields.composite import Collection
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use, list_of
from threescore.model.fields.raw_json import JsonList
from threescore.model.fields.settings import check_list_settings
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json, parse_json, show

if TYPE_CHECKING:
    from threescore.model.objects import Field

_is_plain_address = re.compile(
    # Lower-case ASCII addresses that are valid beyond doubt; anything else is left to the library. The possessive
    # repetitions give nothing back, which would never help.
    r"[a-z0-9_+%'-]++(?:\.[a-z0-9_+%'-]++)*+@(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)++[a-z]{2,}+"
).fullmatch
_PLAIN_LENGTH = 63
"""What a part of an address may have, so that no part of one that is no longer has too much."""


def normal_email(leaf: Leaf, value: Json) -> str:
    """An address in lower case. Raises BadRequest for what is no address. No mail server is asked."""
    if type(value) is str:
        address = value.lower()
        if (len(address) <= _PLAIN_LENGTH and _is_plain_address(address)) or _is_valid(address):
            return address
    raise BadRequest(f'Invalid string value {show(value)} for email field "{leaf.path}"')


def _is_valid(address: str) -> bool:
    from email_validator import EmailNotValidError, validate_email  # imported only where the pattern does not do

    if len(address) > 320:
        return False
    try:
        # Reserved domains such as .local and .test are addresses too: a CRM knows more than the public internet.
        found = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return False
    return "." in found.domain


class AdditionalEmails(JsonList):
    """A list of addresses, in lower case, empty ones left out. One plain address is a list of one."""

    graphql: ClassVar[GraphqlTypes] = value_types("[String!]", "RawJsonFilter")

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        return list_of({"type": "string", "format": "email"})

    def accept(self, leaf: Leaf, value: Json) -> Json:
        if isinstance(value, str) and value and not _holds_json(value):
            value = [value]
        return [normal_email(leaf, item) for item in self.items(leaf, value) if item != ""] or None


def _holds_json(text: str) -> bool:
    try:
        parse_json(text)
    except ValueError:
        return False
    return True


class PrimaryEmail(Text):
    """One address, in lower case; NULL for the empty text."""

    def accept(self, leaf: Leaf, value: Json) -> Json:
        return None if value is None or value == "" else normal_email(leaf, value)


class Emails(Collection):
    """A value that is sent always says the primary address: without one, there is none."""

    name: ClassVar[str] = "EMAILS"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType(
        {"primaryEmail": PrimaryEmail(), "additionalEmails": AdditionalEmails()}
    )
    unique_sub_fields: ClassVar[tuple[str, ...]] = ("primaryEmail",)
    counted_sub_fields: ClassVar[tuple[str, ...]] = ("primaryEmail",)
    primary: ClassVar[tuple[str, ...]] = ("primaryEmail",)
    more: ClassVar[str] = "additionalEmails"
    searchable: ClassVar[bool] = True

    usage: ClassVar[str] = (
        "An object. Addresses are kept in lower case. A value that is sent without `primaryEmail` clears it."
    )

    def example(self, field: "Field", number: int) -> Json:
        domain = f"linden{number}.example"
        return {"primaryEmail": f"contact@{domain}", "additionalEmails": [f"sales@{domain}"]}

    def search_texts(self, field: "Field", columns: Mapping[str | None, str]) -> tuple[str, ...]:
        """Each address whole, and its domain by itself, so that people are found by where they work."""
        primary, more = columns["primaryEmail"], f"{columns['additionalEmails']}::text"
        return primary, f"split_part({primary}, '@', 2)", more, f"replace({more}, '@', ' ')"

    def writer(self, field: "Field") -> Writer:
        primary, more = field.leaves
        accept_primary, accept_more = primary.type.accept, more.type.accept

        def write(value: Json, row: Row) -> None:
            given = self.given(field, value)
            if given is None:
                return
            row[primary.column] = accept_primary(primary, given.get("primaryEmail"))
            if "additionalEmails" in given:
                row[more.column] = accept_more(more, given["additionalEmails"])

        return write

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        return check_list_settings(settings)
