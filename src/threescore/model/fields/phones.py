"""PHONES: a primary phone number and more of them, each with its country and its country's calling code."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, Row, Writer
from threescore.model.fields.composite import Collection
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use, list_of, object_of
from threescore.model.fields.raw_json import JsonList
from threescore.model.fields.settings import check_list_settings
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json, plain, show

if TYPE_CHECKING:
    from threescore.model.objects import Field

_TEXT = Text()

PRIMARY = ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode")

_is_number = re.compile(
    r"\s*\+?[\d\s().\-/\u00a0]+(?:(?:ext\.?|x|#)\s*\d{1,7}\s*)?", re.ASCII | re.IGNORECASE
).fullmatch
_is_calling_code = re.compile(r"\+?[1-9]\d{0,3}", re.ASCII).fullmatch

MAX_CACHED = 100

_NO_REGION = "ZZ"
_NON_GEOGRAPHIC = "001"


class Phone(NamedTuple):
    """A number in national digits, its country (`FR`) and calling code (`+33`); what is not known is None."""

    number: str | None
    country: str | None
    calling: str | None


class Refusal(NamedTuple):
    """Why there is no such number."""

    message: str
    code: str


@lru_cache(maxsize=8192)
def parse_phone(number: str, country: str, calling: str) -> Phone | Refusal:
    """Reads a number with the country and calling code that were sent with it; the empty text for what was not."""
    import phonenumbers  # a large library: loaded when the first phone number comes

    if country and not phonenumbers.country_code_for_region(country):
        return Refusal(f"Invalid country code {plain(country)}", "INVALID_PHONE_COUNTRY_CODE")
    given_code = 0
    if calling:
        given_code = int(calling) if _is_calling_code(calling) else 0
        if not given_code or phonenumbers.region_code_for_country_code(given_code) == _NO_REGION:
            return Refusal(f"Invalid calling code {plain(calling)}", "INVALID_PHONE_CALLING_CODE")
        if country and phonenumbers.country_code_for_region(country) != given_code:
            return Refusal(
                "Provided country code and calling code are conflicting",
                "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE",
            )
    if not number:
        return Phone(None, country or None, calling or None)

    invalid = Refusal(f"Provided phone number is invalid {plain(number)}", "INVALID_PHONE_NUMBER")
    if not _is_number(number):
        return invalid
    region: str | None = country or None
    if region is None and given_code:
        region = phonenumbers.region_code_for_country_code(given_code)
        if region == _NON_GEOGRAPHIC and not number.lstrip().startswith("+"):
            number = f"+{given_code}{number}"
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return invalid

    code = parsed.country_code or 0
    found = phonenumbers.region_code_for_number(parsed)
    if found == _NON_GEOGRAPHIC:
        found = None
    if country and (found != country if found else phonenumbers.country_code_for_region(country) != code):
        return Refusal("Provided and inferred country code are conflicting", "CONFLICTING_PHONE_COUNTRY_CODE")
    if given_code and given_code != code:
        return Refusal("Provided and inferred calling code are conflicting", "CONFLICTING_PHONE_CALLING_CODE")
    return Phone(phonenumbers.national_significant_number(parsed), country or found, calling or f"+{code}")


def _text(leaf: Leaf, value: Json) -> str:
    """A part of a phone number; the empty text for null. Raises BadRequest."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise BadRequest(f'Invalid string value {show(value)} for text field "{leaf.path}"')


def _read(number: str, country: str, calling: str) -> Phone:
    """Checks the three parts together. Raises BadRequest."""
    # What is far too long for a phone number is not worth a place in the cache.
    is_short = len(number) + len(country) + len(calling) <= MAX_CACHED
    found = (parse_phone if is_short else parse_phone.__wrapped__)(number, country, calling)
    if isinstance(found, Refusal):
        raise BadRequest(found.message, code=found.code)
    return found


class AdditionalPhones(JsonList):
    """A list of `{number, countryCode, callingCode}`; entries without a number are left out."""

    json_keys: ClassVar[tuple[str, ...]] = ("number", "callingCode", "countryCode")
    graphql: ClassVar[GraphqlTypes] = value_types(
        "[AdditionalPhone!]", "RawJsonFilter", input="[AdditionalPhoneInput!]"
    )

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        keys = ("number", "countryCode", "callingCode")
        return list_of(object_of({key: {"type": "string"} for key in keys}, required=use == "read"))

    def accept(self, leaf: Leaf, value: Json) -> Json:
        phones: list[Any] = []
        for item in self.items(leaf, value):
            if not isinstance(item, dict):
                raise BadRequest(f'Invalid object value {show(item)} for field "{leaf.path}"')
            for key in item:
                if key not in ("number", "countryCode", "callingCode"):
                    raise BadRequest(f'Invalid subfield {plain(key)} for phones field "{leaf.path}"')
            phone = _read(*(_text(leaf, item.get(key)) for key in ("number", "countryCode", "callingCode")))
            if phone.number is not None:
                phones.append(
                    {
                        "number": phone.number,
                        "callingCode": phone.calling or "",
                        "countryCode": phone.country or "",
                    }
                )
        return phones or None


class Phones(Collection):
    """A number says its country and calling code too. Additional numbers that are not sent again are gone."""

    name: ClassVar[str] = "PHONES"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType(
        {**dict.fromkeys(PRIMARY, _TEXT), "additionalPhones": AdditionalPhones()}
    )
    unique_sub_fields: ClassVar[tuple[str, ...]] = PRIMARY
    counted_sub_fields: ClassVar[tuple[str, ...]] = PRIMARY
    primary: ClassVar[tuple[str, ...]] = (
        "primaryPhoneNumber",
        "primaryPhoneCallingCode",
        "primaryPhoneCountryCode",
    )
    keys: ClassVar[tuple[str, ...]] = ("number", "callingCode", "countryCode")
    more: ClassVar[str] = "additionalPhones"
    searchable: ClassVar[bool] = True
    usage: ClassVar[str] = (
        "An object. A number is checked and kept in national digits; one that begins with `+` says its country itself. "
        "A value that is sent without `additionalPhones` clears them."
    )

    def example(self, field: "Field", number: int) -> Json:
        return {
            "primaryPhoneNumber": f"6{12_345_600 + number}",
            "primaryPhoneCountryCode": "FR",
            "primaryPhoneCallingCode": "+33",
            "additionalPhones": [{"number": "698765432", "countryCode": "FR", "callingCode": "+33"}],
        }

    def search_texts(self, field: "Field", columns: Mapping[str | None, str]) -> tuple[str, ...]:
        """The number in the ways that people write it: alone, after the calling code, after a zero."""
        number, code = columns["primaryPhoneNumber"], columns["primaryPhoneCallingCode"]
        bare_code = f"replace({code}, '+', '')"
        more = f"jsonb_path_query_array({columns['additionalPhones']}, '$[*].*')::text"
        return number, code, f"{code} || {number}", f"{bare_code} || {number}", f"'0' || {number}", more

    def writer(self, field: "Field") -> Writer:
        leaves = field.leaf_by_sub_field
        number, country, calling = (leaves[key] for key in PRIMARY)
        more = leaves["additionalPhones"]
        columns, accept_more = (number.column, country.column, calling.column), more.type.accept

        def write(value: Json, row: Row) -> None:
            given = self.given(field, value)
            if given is None:
                return
            phone = _read(
                _text(number, given.get("primaryPhoneNumber")),
                _text(country, given.get("primaryPhoneCountryCode")),
                _text(calling, given.get("primaryPhoneCallingCode")),
            )
            for key, column, part in zip(PRIMARY, columns, phone, strict=True):
                # A number determines the other two; without one, only what was sent changes.
                if phone.number is not None or key in given:
                    row[column] = part
            row[more.column] = accept_more(more, given.get("additionalPhones"))

        return write

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        return check_list_settings(settings)
