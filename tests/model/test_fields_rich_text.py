"""RICH_TEXT: blocks from Markdown and Markdown from blocks."""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.model.field_factory import ROCKET, written
from threescore.errors import BadRequest
from threescore.model.fields.blocks import MAX_PARSED, blocks_from_markdown, is_dangerous, markdown_from_blocks

LOOKS = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}


def without_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for block in blocks:
        UUID(block.pop("id"))
        without_ids(block["children"])
    return blocks


def text(content: str, **styles: bool) -> dict[str, Any]:
    return {"type": "text", "text": content, "styles": styles}


def paragraph(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "props": LOOKS, "content": list(content), "children": []}


def item(kind: str, content: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "props": LOOKS, "content": [text(content)], "children": list(children)}


@pytest.mark.parametrize(
    ("markdown", "blocks"),
    [
        (
            "# Hi",
            [
                {
                    "type": "heading",
                    "props": {**LOOKS, "level": 1, "isToggleable": False},
                    "content": [text("Hi")],
                    "children": [],
                }
            ],
        ),
        ("hello", [paragraph(text("hello"))]),
        ("a\n\nb", [paragraph(text("a")), paragraph(text("b"))]),
        ("a\nb", [paragraph(text("a\nb"))]),
        ("**b**", [paragraph(text("b", bold=True))]),
        (
            "a *i* `c` ~~s~~ ***bi***",
            [
                paragraph(
                    text("a "),
                    text("i", italic=True),
                    text(" "),
                    text("c", code=True),
                    text(" "),
                    text("s", strike=True),
                    text(" "),
                    text("bi", italic=True, bold=True),
                )
            ],
        ),
        (
            "[x](https://x.example)",
            [paragraph({"type": "link", "href": "https://x.example", "content": [text("x")]})],
        ),
        ("[x](javascript:alert(1))", [paragraph(text("x"))]),
        ("[x](JavaScript:alert(1)) [y](data:text/html,y) [z](vbscript:z)", [paragraph(text("x y z"))]),
        ("[x](&#106;avascript:alert(1))", [paragraph(text("x"))]),
        (
            "- a\n- b\n  - c",
            [item("bulletListItem", "a"), item("bulletListItem", "b", item("bulletListItem", "c"))],
        ),
        ("1. a\n2. b", [item("numberedListItem", "a"), item("numberedListItem", "b")]),
        (
            "```python\nx = 1\ny\n```",
            [{"type": "codeBlock", "props": {"language": "python"}, "content": [text("x = 1\ny")], "children": []}],
        ),
        (
            "> q",
            [
                {
                    "type": "quote",
                    "props": {"backgroundColor": "default", "textColor": "default"},
                    "content": [text("q")],
                    "children": [],
                }
            ],
        ),
        ("<b>x</b>", [paragraph(text("<b>x</b>"))]),
        ("", []),
        (" \n", []),
    ],
)
def test_blocks_from_markdown(markdown: str, blocks: list[dict[str, Any]]) -> None:
    assert without_ids(blocks_from_markdown(markdown)) == blocks


@pytest.mark.parametrize(
    ("blocks", "markdown"),
    [
        ([{"type": "paragraph", "content": "hi"}], "hi\n"),
        ([], ""),
        ([{"type": "paragraph", "content": []}], ""),
        (
            [{"type": "heading", "props": {"level": 2}, "content": "H"}, {"type": "paragraph", "content": "p"}],
            "## H\n\np\n",
        ),
        (
            [{"type": "bulletListItem", "content": "a"}, {"type": "bulletListItem", "content": "b"}],
            "* a\n* b\n",
        ),
        (
            [{"type": "numberedListItem", "content": "a"}, {"type": "numberedListItem", "content": "b"}],
            "1. a\n2. b\n",
        ),
        (
            [{"type": "bulletListItem", "content": "a", "children": [{"type": "bulletListItem", "content": "b"}]}],
            "* a\n\n    * b\n",
        ),
        ([{"type": "checkListItem", "props": {"checked": True}, "content": "done"}], "* [x] done\n"),
        ([{"type": "quote", "content": "a\nb"}], "> a\n> b\n"),
        ([{"type": "codeBlock", "props": {"language": "js"}, "content": [text("x")]}], "```js\nx\n```\n"),
        (
            [{"type": "image", "props": {"url": "https://x.example/i.png", "caption": "I"}}],
            "![I](https://x.example/i.png)\n",
        ),
        (
            [{"type": "paragraph", "content": [text("a "), text("b ", bold=True), text("c", italic=True, code=True)]}],
            "a **b** *`c`*\n",
        ),
        (
            [{"type": "paragraph", "content": [{"type": "link", "href": "https://x.example", "content": [text("x")]}]}],
            "[x](https://x.example)\n",
        ),
        (
            [
                {
                    "type": "table",
                    "content": {"type": "tableContent", "rows": [{"cells": ["a", "b"]}, {"cells": ["1", "2"]}]},
                }
            ],
            "| a | b |\n| --- | --- |\n| 1 | 2 |\n",
        ),
        ([{"type": "paragraph", "content": [None, 5, {"type": "text"}]}, None, 7], ""),
    ],
)
def test_markdown_from_blocks(blocks: list[Any], markdown: str) -> None:
    assert markdown_from_blocks(blocks) == markdown


@pytest.mark.parametrize("markdown", ["# H", "a **b** c", "* a\n* b", "1. a\n2. b", "> q", "```js\nx\n```", "[x](/y)"])
def test_there_and_back(markdown: str) -> None:
    assert markdown_from_blocks(blocks_from_markdown(markdown)) == markdown + "\n"


def test_a_very_long_text_becomes_plain_paragraphs() -> None:
    part = "*" * MAX_PARSED
    assert without_ids(blocks_from_markdown(f"{part}\n\nb")) == [paragraph(text(part)), paragraph(text("b"))]


@pytest.mark.parametrize("url", ["javascript:x", " JAVASCRIPT:x", "java\nscript:x", "\x01data:x", "vbscript:x"])
def test_dangerous_links(url: str) -> None:
    assert is_dangerous(url)


@pytest.mark.parametrize("url", ["https://x.example/javascript:", "/javascript:x", "mailto:a@b.example", "", "#a"])
def test_harmless_links(url: str) -> None:
    assert not is_dangerous(url)


class TestWriting:
    def write(self, value: Any) -> tuple[Any, Any]:
        row = written(ROCKET["story"], value)
        return row["storyBlocknote"], row["storyMarkdown"]

    def test_markdown_makes_blocks(self) -> None:
        blocknote, markdown = self.write({"markdown": "**b**"})
        assert without_ids(json.loads(blocknote)) == [paragraph(text("b", bold=True))]
        assert markdown == "**b**"

    def test_blocks_make_markdown(self) -> None:
        source = '[{"type":"paragraph","content":"hi"}]'
        assert self.write({"blocknote": source}) == (source, "hi\n")
        assert self.write({"blocknote": source, "markdown": None}) == (source, "hi\n")

    def test_both_are_kept_as_they_are(self) -> None:
        assert self.write({"blocknote": "[]", "markdown": "m"}) == ("[]", "m")

    def test_null_and_empty_text_clear(self) -> None:
        for value in ({"markdown": None}, {"markdown": ""}, {"blocknote": None}, {"blocknote": "", "markdown": ""}):
            assert self.write(value) == (None, None)

    def test_nothing_sent_changes_nothing(self) -> None:
        assert written(ROCKET["story"], {}) == {}
        assert written(ROCKET["story"], None) == {}

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (
                {"blocknote": "not json"},
                'Invalid blocknote value for field "story.blocknote" - must contain valid JSON',
            ),
            (
                {"blocknote": '{"type": "paragraph"}'},
                'Invalid blocknote value for field "story.blocknote" - must contain a JSON array of blocks',
            ),
            (
                {"blocknote": '["x"]', "markdown": "x"},
                'Invalid blocknote value for field "story.blocknote" - must contain a JSON array of blocks',
            ),
            (
                {"blocknote": '[{"content": [{"type": "link", "href": "javascript:x"}]}]'},
                'Invalid blocknote value for field "story.blocknote" - the link javascript:x is not allowed',
            ),
            ({"blocknote": []}, 'Invalid string value [] for text field "story.blocknote"'),
            ({"markdown": 1}, 'Invalid string value 1 for text field "story.markdown"'),
            ({"html": "x"}, 'Invalid subfield html for rich text field "story"'),
        ],
    )
    def test_refuses(self, value: Any, message: str) -> None:
        with pytest.raises(BadRequest) as refusal:
            self.write(value)
        assert refusal.value.message == message

    def test_deeply_nested_blocks_are_refused(self) -> None:
        block = '{"children":[' * 2000 + "]}" * 2000
        with pytest.raises(BadRequest):
            self.write({"blocknote": f"[{block}]"})
