"""HTML -> the text that a reader sees, and its title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_UNSEEN = frozenset(
    {
        "head",
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "select",
        "textarea",
    }
)
_BLOCKS = frozenset(
    {
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "dd",
            "details",
            "dialog",
            "div",
            "dl",
        ),
        *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *(
            "header",
            "hgroup",
            "hr",
            "li",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
            "summary",
            "table",
            "tr",
        ),
        "ul",
    }
)
_CELLS = frozenset({"td", "th"})
_PARAGRAPH = "\n\n"
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)


def declared_encoding(data: bytes) -> str | None:
    """The encoding that an HTML file names in a ``<meta>`` tag of its first 2,048 bytes."""
    found = _DECLARED.search(data, 0, 2048)
    return found[1].decode("ascii", "replace") if found else None


def visible_text(html: str) -> tuple[str, str | None]:
    """(text, title) of an HTML document.

    Blocks become paragraphs, with an empty line between them; other white space is single, as a browser shows
    it, except within ``<pre>``. Scripts, styles, drawings and form choices are left out. The title is that of
    the head, or the first ``<h1>``.
    """
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(html).root
    if root is None:
        return "", None
    title = next((_words(node) for node in root.css("head > title, h1") if _words(node)), None)
    paragraphs = "".join(_pieces(root)).split(_PARAGRAPH)
    shown = (paragraph if "\0" in paragraph else _as_shown(paragraph) for paragraph in paragraphs)
    return _PARAGRAPH.join(
        text for text in (t.replace("\0", "").strip("\n") for t in shown) if text.strip()
    ), title


def _words(node: LexborNode) -> str:
    return " ".join(node.text(deep=True).split())


def _as_shown(paragraph: str) -> str:
    lines = (" ".join(line.split()) for line in paragraph.split("\v"))
    return "\n".join(line for line in lines if line)


def _pieces(root: LexborNode) -> list[str]:
    """Texts in document order: line breaks as \\v, borders of blocks as empty lines, \\0 marks ``<pre>``.

    A loop over a stack, since a hostile page nests deeper than Python may recurse.
    """
    pieces: list[str] = []
    stack: list[tuple[LexborNode | str | None, bool]] = [(root, False)]
    while stack:
        node, preformatted = stack.pop()
        while node is not None and not isinstance(node, str):
            following = node.next if node is not root else None
            tag = node.tag or ""
            if tag == "-text":
                pieces.append(_text_piece(node.text_content or "", preformatted))
            elif tag == "br":
                pieces.append("\n" if preformatted else "\v")
            elif tag not in _UNSEEN and node.child is not None:
                border = _PARAGRAPH if tag in _BLOCKS else " " if tag in _CELLS else ""
                pieces.append(border)
                stack += [(following, preformatted), (border, False)]
                node, preformatted = node.child, preformatted or tag == "pre"
                continue
            elif tag in _BLOCKS:
                pieces.append(_PARAGRAPH)
            node = following
        if isinstance(node, str):
            pieces.append(node)
    return pieces


def _text_piece(text: str, preformatted: bool) -> str:
    text = text.replace("\0", " ").replace("\v", " ")
    if preformatted:
        return "\0" + re.sub(r"\n[^\S\n]*\n", "\n", text)  # an empty line would end the paragraph
    return re.sub(r"\s+", " ", text)
