"""Editor blocks (the document shape of BlockNote) from Markdown, and Markdown from blocks."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

Block = dict[str, Any]
Styles = dict[str, bool]

MAX_PARSED = 100_000
"""Characters of Markdown that are parsed. A longer text becomes plain paragraphs: parsing it would hold up others."""

_STYLE_OF_NODE = {"strong": "bold", "em": "italic", "s": "strike"}
_MARK_OF_STYLE = {"code": "`", "bold": "**", "italic": "*", "strike": "~~"}

_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ufeff]+")


def is_dangerous(url: str) -> bool:
    """Whether following the link would run code in the reader's browser."""
    return _UNSEEN.sub("", url[:1000]).lower().startswith(("javascript:", "data:", "vbscript:"))


# Markdown → blocks


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # loaded with the first text: most processes never see one

    parser = MarkdownIt("commonmark").enable("strikethrough")
    # A refused link would stay as its Markdown source: links are judged where they become content.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


def blocks_from_markdown(text: str) -> list[Block]:
    """The blocks of a Markdown text. Links that would run code keep their text only."""
    if len(text) > MAX_PARSED:
        parts = (part.strip() for part in text.split("\n\n"))
        return [_block("paragraph", content=[_text(part, {})]) for part in parts if part]
    from markdown_it.tree import SyntaxTreeNode

    return _blocks(SyntaxTreeNode(_parser().parse(text)).children)


def _block(
    kind: str,
    *,
    content: list[Block] | None = None,
    props: Mapping[str, object] | None = None,
    children: list[Block] | None = None,
) -> Block:
    looks: dict[str, object] = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}
    if kind == "codeBlock":
        looks = {}
    elif kind == "quote":
        del looks["textAlignment"]
    return {
        "id": str(uuid4()),
        "type": kind,
        "props": {**looks, **(props or {})},
        "content": content or [],
        "children": children or [],
    }


def _blocks(nodes: Sequence["SyntaxTreeNode"]) -> list[Block]:
    blocks: list[Block] = []
    for node in nodes:
        if node.type == "paragraph":
            blocks.append(_block("paragraph", content=_inline(node)))
        elif node.type == "heading":
            props = {"level": int(node.tag[1:]), "isToggleable": False}
            blocks.append(_block("heading", content=_inline(node), props=props))
        elif node.type == "bullet_list":
            blocks.extend(_item("bulletListItem", item) for item in node.children)
        elif node.type == "ordered_list":
            blocks.extend(_item("numberedListItem", item) for item in node.children)
        elif node.type in ("fence", "code_block"):
            language = node.info.split()[0] if node.type == "fence" and node.info.strip() else "text"
            content = [_text(node.content.removesuffix("\n"), {})]
            blocks.append(_block("codeBlock", content=content, props={"language": language}))
        elif node.type == "blockquote":
            blocks.extend(
                {**block, "type": "quote", "props": _block("quote")["props"]} if block["type"] == "paragraph" else block
                for block in _blocks(node.children)
            )
        elif node.type == "html_block":
            blocks.append(_block("paragraph", content=[_text(node.content.strip(), {})]))
    return blocks


def _item(kind: str, node: "SyntaxTreeNode") -> Block:
    """A list item: its first paragraph is the block's content, what follows are its children."""
    children = list(node.children)
    content = _inline(children.pop(0)) if children and children[0].type == "paragraph" else []
    return _block(kind, content=content, children=_blocks(children))


def _inline(node: "SyntaxTreeNode") -> list[Block]:
    """The content of a paragraph or heading."""
    content: list[Block] = []
    for inline in node.children:
        _add_inline(inline.children, {}, content)
    return content


def _add_inline(nodes: Sequence["SyntaxTreeNode"], styles: Styles, content: list[Block]) -> None:
    for node in nodes:
        if node.type in _STYLE_OF_NODE:
            _add_inline(node.children, {**styles, _STYLE_OF_NODE[node.type]: True}, content)
        elif node.type == "code_inline":
            _add_text(node.content, {**styles, "code": True}, content)
        elif node.type in ("softbreak", "hardbreak"):
            _add_text("\n", styles, content)
        elif node.type in ("link", "image"):
            url = str(node.attrs.get("href") or node.attrs.get("src") or "")
            inside: list[Block] = []
            _add_inline(node.children, styles, inside)
            if url and inside and not is_dangerous(url):
                content.append({"type": "link", "href": url, "content": inside})
            else:
                _add_inline(node.children, styles, content)
        else:
            _add_text(node.content, styles, content)


def _add_text(text: str, styles: Styles, content: list[Block]) -> None:
    """Adds text, joined to the text before it where that has the same styles."""
    if not text:
        return
    last = content[-1] if content else None
    if last is not None and last["type"] == "text" and last["styles"] == styles:
        last["text"] += text
    else:
        content.append(_text(text, styles))


def _text(text: str, styles: Styles) -> Block:
    return {"type": "text", "text": text, "styles": styles}


# Blocks → Markdown


def markdown_from_blocks(blocks: Sequence[object]) -> str:
    """The Markdown of blocks, ending with a line break; the empty text when nothing in them is text.

    What Markdown has no sign for (colours, alignment, unknown blocks' properties) is left out.
    """
    parts = _parts(blocks)
    text = ""
    for index, (kind, part) in enumerate(parts):
        if index:
            # Items of one list stand together, everything else apart.
            text += "\n" if kind == parts[index - 1][0] and kind.endswith("ListItem") else "\n\n"
        text += part
    return text + "\n" if text.strip() else ""


def _parts(blocks: Sequence[object]) -> list[tuple[str, str]]:
    """Type and Markdown of each block."""
    parts: list[tuple[str, str]] = []
    number = 0
    for block in blocks:
        if not isinstance(block, dict):
            continue
        kind = block["type"] if isinstance(block.get("type"), str) else "paragraph"
        number = number + 1 if kind == "numberedListItem" else 0
        part = _block_markdown(kind, block, number)
        if part:
            parts.append((kind, part))
    return parts


def _block_markdown(kind: str, block: Block, number: int) -> str:
    props = block["props"] if isinstance(block.get("props"), dict) else {}
    text = _content_markdown(block.get("content"))
    if kind == "heading":
        level = props.get("level")
        text = "#" * (level if type(level) is int and 1 <= level <= 6 else 1) + " " + text
    elif kind in ("bulletListItem", "toggleListItem"):
        text = "* " + text
    elif kind == "numberedListItem":
        text = f"{number}. {text}"
    elif kind == "checkListItem":
        text = f"* [{'x' if props.get('checked') is True else ' '}] {text}"
    elif kind == "quote":
        text = "> " + text.replace("\n", "\n> ")
    elif kind == "codeBlock":
        language = props.get("language")
        text = f"```{language if isinstance(language, str) else ''}\n{_plain_content(block.get('content'))}\n```"
    elif kind == "divider":
        text = "---"
    elif isinstance(props.get("url"), str) and props["url"]:
        label = props.get("caption") or props.get("name") or ""
        text = f"{'!' if kind == 'image' else ''}[{label}]({props['url']})"
    children = block.get("children")
    below = markdown_from_blocks(children).rstrip("\n") if isinstance(children, list) else ""
    if below:
        below = "\n".join("    " + line if line else line for line in below.split("\n"))
        text = f"{text}\n\n{below}" if text else below
    return text


def _content_markdown(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return _table_markdown(content)
    if not isinstance(content, list):
        return ""
    text = ""
    for item in content:
        if isinstance(item, str):
            text += item
        elif isinstance(item, dict) and item.get("type") == "link":
            text += f"[{_content_markdown(item.get('content'))}]({item.get('href') or ''})"
        elif isinstance(item, dict):
            text += _marked(item.get("text"), item.get("styles"))
    return text


def _marked(text: object, styles: object) -> str:
    """Text within the marks of its styles; spaces at its ends stay outside, where Markdown wants them."""
    if not isinstance(text, str):
        return ""
    if not isinstance(styles, dict) or not text.strip():
        return text
    core = text.strip()
    start = text[: len(text) - len(text.lstrip())]
    end = text[len(text.rstrip()) :]
    for style, mark in _MARK_OF_STYLE.items():
        if styles.get(style) is True:
            core = mark + core + mark
    return start + core + end


def _plain_content(content: object) -> str:
    """The text of content without any marks, for code."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (item.get("text") if isinstance(item, dict) else item for item in content)
    return "".join(part for part in parts if isinstance(part, str))


def _table_markdown(table: Mapping[str, object]) -> str:
    """A table's rows as a pipe table, the first row as its head."""
    rows = table.get("rows")
    lines: list[str] = []
    for row in rows if isinstance(rows, list) else ():
        cells = row.get("cells") if isinstance(row, dict) else None
        if not isinstance(cells, list):
            continue
        texts = [_content_markdown(c.get("content") if isinstance(c, dict) else c) for c in cells]
        lines.append("| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts) + " |")
        if len(lines) == 1:
            lines.append("|" + " --- |" * len(texts))
    return "\n".join(lines)
