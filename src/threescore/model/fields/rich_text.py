"""RICH_TEXT: a text as editor blocks and as Markdown, each made from the other when only one is sent."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from threescore.errors import BadRequest
from threescore.model.fields.base import FieldType, Leaf, Row, Writer
from threescore.model.fields.blocks import blocks_from_markdown, is_dangerous, markdown_from_blocks
from threescore.model.fields.composite import Composite
from threescore.model.fields.text import Code, Text
from threescore.model.fields.values import Json, check_json, encode_json, parse_json, plain

if TYPE_CHECKING:
    from threescore.model.objects import Field


class Blocknote(Code):
    """A JSON array of editor blocks, as text."""

    def accept(self, leaf: Leaf, value: Json) -> Json:
        text = super().accept(leaf, value)
        if text is not None:
            self.blocks(leaf, text)
        return text

    def blocks(self, leaf: Leaf, text: Json) -> list[Any]:
        """The blocks of a text. Raises BadRequest for one that holds none, or a link that runs code."""
        wrong = f'Invalid blocknote value for field "{leaf.path}"'
        try:
            blocks = parse_json(str(text))
        except ValueError:
            raise BadRequest(f"{wrong} - must contain valid JSON") from None
        if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
            raise BadRequest(f"{wrong} - must contain a JSON array of blocks")
        check_json(blocks, leaf.path)
        for url in _urls(blocks):
            if is_dangerous(url):
                raise BadRequest(f"{wrong} - the link {plain(url)} is not allowed")
        return blocks


class RichText(Composite):
    name: ClassVar[str] = "RICH_TEXT"
    sub_fields: ClassVar[Mapping[str, FieldType]] = MappingProxyType({"blocknote": Blocknote(), "markdown": Text()})
    searchable: ClassVar[bool] = True
    takes_unique: ClassVar[bool] = False
    usage: ClassVar[str] = (
        "An object: the text as Markdown, and as a JSON string of editor blocks. Send one, and the other is made of it."
    )

    def example(self, field: "Field", number: int) -> Json:
        return {"markdown": f"Point **{number}**: call back"}

    def search_texts(self, field: "Field", columns: Mapping[str | None, str]) -> tuple[str, ...]:
        return (columns["markdown"],)

    def writer(self, field: "Field") -> Writer:
        blocknote_leaf, markdown_leaf = field.leaves

        def write(value: Json, row: Row) -> None:
            given = self.given(field, value)
            if not given:
                return
            blocknote = blocknote_leaf.type.accept(blocknote_leaf, given.get("blocknote"))
            markdown = markdown_leaf.type.accept(markdown_leaf, given.get("markdown"))
            if blocknote is None and isinstance(markdown, str):
                blocks = blocks_from_markdown(markdown)
                blocknote = encode_json(blocks) if blocks else None
            elif markdown is None and isinstance(blocknote, str):
                markdown = markdown_from_blocks(Blocknote().blocks(blocknote_leaf, blocknote)) or None
            row[blocknote_leaf.column] = blocknote
            row[markdown_leaf.column] = markdown

        return write


def _urls(value: Json) -> Iterator[str]:
    """Every `href` and `url` within blocks. The depth is limited by `check_json`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("href", "url") and isinstance(item, str):
                yield item
            else:
                yield from _urls(item)
    elif isinstance(value, list):
        for item in value:
            yield from _urls(item)
