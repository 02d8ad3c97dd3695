"""LINKS: a primary link and more of them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, Row, Writer
from threescore.model.fields.composite import Collection
from threescore.model.fields.graphql_types import GraphqlTypes, value_types
from threescore.model.fields.json_schema import Schema, Use, list_of, object_of
from threescore.model.fields.raw_json import JsonList
from threescore.model.fields.settings import check_list_settings
from threescore.model.fields.text import Text
from threescore.model.fields.values import Json, plain, show
from threescore.model.fields.words import SCHEME

if TYPE_CHECKING:
    from threescore.model.objects import Field

_HOST = r"(?:[\w](?:[\w-]{0,61}[\w])?\.)+[\w](?:[\w-]{0,61}[\w])?\.?"
_REST = r"(?P<rest>[/?#][^\s\x00-\x1f]*)?"

_bare = re.compile(rf"{_HOST}(?::\d{{1,5}})?{_REST}").fullmatch
"""A host with a dot in it, without a scheme."""

_full = re.compile(
    rf"(?P<scheme>https?)://(?P<user>[^\s/?#@\\]*@)?(?P<host>{_HOST}|[\w](?:[\w-]{{0,61}}[\w])?|\[[0-9a-f:.]+\])"
    rf"(?::(?P<port>\d{{1,5}}))?{_REST}",
    re.IGNORECASE,
).fullmatch

_plain = re.compile(r"https?://([a-z0-9]++(?:[.-][a-z0-9]++)++)(?:[/?#][!-~]*+)?").fullmatch
"""A full URL that is in its normal form beyond doubt, but for a slash at its end, if its host is not too long."""
_PLAIN_LENGTH = 63

_TEXT = Text()

_DEFAULT_PORTS = {"http": "80", "https": "443"}


def normal_url(leaf: Leaf, value: Json) -> str | None:
    """A link as it is kept; None for an empty one. Raises BadRequest.

    A full URL (http or https only) has its scheme and host in lower case, no default port and no slash at its very
    end. What looks like a host is kept as it was given.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadRequest(f'Invalid string value {show(value)} for text field "{leaf.path}"')
    plain_match = _plain(value)
    if plain_match is not None and len(plain_match[1]) <= _PLAIN_LENGTH:
        return value.removesuffix("/")
    match = _full(value)
    if match is None:
        if _bare(value) is None:
            raise _invalid()
        _TEXT.accept(leaf, value)
        return value
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if port and int(port) > 65535:
        raise _invalid()
    origin = f"{scheme}://{match['user'] or ''}{host}"
    if port and port != _DEFAULT_PORTS[scheme]:
        origin += f":{port}"
    url = (origin + (match["rest"] or "")).removesuffix("/")
    _TEXT.accept(leaf, url)
    return url


def _invalid() -> BadRequest:
    return BadRequest("The URL of the link is not valid", code="INVALID_URL")


class SecondaryLinks(JsonList):
    """A list of `{label, url}`; entries without a URL are left out."""

    def value_schema(self, leaf: Leaf, use: Use) -> Schema:
        # No format: links are kept as they were given, also without a scheme.
        return list_of(object_of({key: {"type": "string"} for key in ("label", "url")}, required=use == "read"))

    json_keys: ClassVar[tuple[str, ...]] = ("label", "url")
    graphql: ClassVar[GraphqlTypes] = value_types("[SecondaryLink!]", "RawJsonFilter", input="[SecondaryLinkInput!]")

    def accept(self, leaf: Leaf, value: Json) -> Json:
        links: list[Any] = []
        for item in self.items(leaf, value):
            if not isinstance(item, dict):
                raise BadRequest(f'Invalid object value {show(item)} for field "{leaf.path}"')
            for key in item:
                if key not in ("label", "url"):
                    raise BadRequest(f'Invalid subfield {plain(key)} for links field "{leaf.path}"')
            url = normal_url(leaf, item.get("url"))
            label = _TEXT.accept(leaf, item.get("label"))
            if url is not None:
                links.append({"label": label or "", "url": url})
        return links or None


class LinkUrl(Text):
    """One link, normalised."""

    def accept(self, leaf: Leaf, value: Json) -> Json:
        return normal_url(leaf, value)


class Links(Collection):
    """A value that is sent says the whole field; without a primary link, the first secondary one takes its place."""

    name: ClassVar[str] = "LINKS"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType(
        {"primaryLinkLabel": Text(), "primaryLinkUrl": LinkUrl(), "secondaryLinks": SecondaryLinks()}
    )
    unique_sub_fields: ClassVar[tuple[str, ...]] = ("primaryLinkUrl",)
    counted_sub_fields: ClassVar[tuple[str, ...]] = ("primaryLinkUrl",)
    primary: ClassVar[tuple[str, ...]] = ("primaryLinkUrl", "primaryLinkLabel")
    keys: ClassVar[tuple[str, ...]] = ("url", "label")
    more: ClassVar[str] = "secondaryLinks"
    searchable: ClassVar[bool] = True
    usage: ClassVar[str] = (
        "An object. A value that is sent replaces the whole field. A bare host is a link too: `linden.example`."
    )

    def example(self, field: "Field", number: int) -> Json:
        return {
            "primaryLinkLabel": "Linden",
            "primaryLinkUrl": f"https://linden{number}.example",
            "secondaryLinks": [{"label": "Blog", "url": f"https://blog.linden{number}.example"}],
        }

    def image(self, field: "Field", columns: Mapping[str | None, str]) -> str:
        return f"coalesce({columns['primaryLinkUrl']}, '')"

    def search_texts(self, field: "Field", columns: Mapping[str | None, str]) -> tuple[str, ...]:
        """Labels, and links without their scheme, which is no word of theirs."""
        more = f"jsonb_path_query_array({columns['secondaryLinks']}, '$[*].*')::text"
        return (
            columns["primaryLinkLabel"],
            f"regexp_replace({columns['primaryLinkUrl']}, '^{SCHEME}', '')",
            f"""regexp_replace({more}, '"{SCHEME}', '"', 'g')""",
        )

    def writer(self, field: "Field") -> Writer:
        labels, urls, others = field.leaves
        accept_label, accept_url, accept_others = labels.type.accept, urls.type.accept, others.type.accept

        def write(value: Json, row: Row) -> None:
            given = self.given(field, value)
            if given is None:
                return
            label = accept_label(labels, given.get("primaryLinkLabel"))
            url = accept_url(urls, given.get("primaryLinkUrl"))
            secondary = accept_others(others, given.get("secondaryLinks"))
            if url is None:
                label = None
                if isinstance(secondary, list):
                    first, *rest = secondary
                    label, url, secondary = first["label"] or None, first["url"], rest or None
            row[labels.column], row[urls.column], row[others.column] = label, url, secondary

        return write

    def check_settings(self, settings: Mapping[str, Any] | None) -> str | None:
        if (settings or {}).get("type") not in (None, "url", "domain"):
            return "type must be one of url, domain"
        return check_list_settings(settings)
