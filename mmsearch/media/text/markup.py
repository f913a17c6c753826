"""HTML -> the text that a reader sees, and its title."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_UNSEEN = frozenset({
    "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select",
    "datalist", "textarea", "audio", "video", "canvas", "noframes", "noembed", "rp",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hgroup", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
    "table", "tr", "ul",
})  # fmt: skip
_CELLS = frozenset({"td", "th"})
_UNSHOWN = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden"
    r"|(?:opacity|font-size)\s*:\s*(?:0+(?:\.0*)?|\.0+)(?:px|em|rem|%|pt)?\s*(?:!|;|$))",
    re.IGNORECASE,
)
# Blocks that no other one closes: the parser looks through all open ones at each, and browsers stop at 512.
_NESTED = _BLOCKS - {"p", "li", "dd", "dt", "tr", "hr", "body", "caption"} | {
    "center",
    "menu",
    "dir",
    "button",
    "search",
}
_NESTING = re.compile(rf"<(/?)(?:{'|'.join(sorted(_NESTED))})(?=[\s/>])", re.IGNORECASE)
_DEEPEST = 500
_TAGS = re.compile(
    r"<!--(?:.*?-->|.*)|<(script|style|template|title)\b(?:.*?</\1\s*>|.*)|<[/a-z!?][^>]*>?",
    re.IGNORECASE | re.DOTALL,
)
_PARAGRAPH = "\n\n"
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)


def declared_encoding(data: bytes) -> str | None:
    """The encoding that an HTML file names in a ``<meta>`` tag of its first 2,048 bytes."""
    found = _DECLARED.search(data, 0, 2048)
    return found[1].decode("ascii", "replace") if found else None


def visible_text(html: str) -> tuple[str, str | None]:
    """(text, title) of an HTML document.

    Blocks become paragraphs, with an empty line between them; other white space is single, as a browser shows
    it, except within ``<pre>``. Pictures are there by their alternative texts. Scripts, styles, drawings, form
    choices and what an element's own attributes hide are left out; of a page nested deeper than browsers go, its
    tags. The title is that of the head, or the first ``<h1>``.
    """
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(_without_tags(html) if _is_too_deep(html) else html).root
    if root is None:
        return "", None
    titles = (" ".join(node.text(deep=True).split()) for node in root.css("head > title"))
    pieces, headings = _pieces(root)
    headings_seen = (
        " ".join("".join(pieces[start:end]).replace("\0", "").split()) for start, end in headings
    )
    title = next(filter(None, chain(titles, headings_seen)), None)
    paragraphs = "".join(pieces).split(_PARAGRAPH)
    shown = (paragraph if "\0" in paragraph else _as_shown(paragraph) for paragraph in paragraphs)
    return _PARAGRAPH.join(
        text for text in (t.replace("\0", "").strip("\n") for t in shown) if text.strip()
    ), title


def _is_too_deep(html: str) -> bool:
    """Whether blocks are nested deeper than any page is: to parse that takes the square of its length."""
    if html.count("<") <= _DEEPEST:
        return False
    depth = 0
    for found in _NESTING.finditer(html):
        depth += -1 if found[1] else 1
        if depth > _DEEPEST:
            return True
        depth = max(depth, 0)
    return False


def _without_tags(html: str) -> str:
    """What is left of a page without its tags, each block's end a paragraph's."""
    return _TAGS.sub(lambda found: "<p>" if _NESTING.match(found[0]) else " ", html)


def _as_shown(paragraph: str) -> str:
    lines = (" ".join(line.split()) for line in paragraph.split("\v"))
    return "\n".join(line for line in lines if line)


def _pieces(root: LexborNode) -> tuple[list[str], list[tuple[int, int]]]:
    """Texts in document order, and which of them are first headings (start, end).

    Line breaks are \\v, borders of blocks empty lines; \\0 marks ``<pre>``. A loop over a stack, since a hostile page
    nests deeper than Python may recurse.
    """
    pieces: list[str] = []
    headings: list[tuple[int, int]] = []
    hidden = {node.mem_id for node in root.css("[hidden], [style], dialog") if _is_hidden(node)}
    stack: list[tuple[LexborNode | _End | None, bool]] = [(root, False)]
    while stack:
        node, preformatted = stack.pop()
        while node is not None and not isinstance(node, _End):
            following = node.next if node is not root else None
            tag = node.tag or ""
            if tag == "-text":
                pieces.append(_text_piece(node.text_content or "", preformatted))
            elif tag == "br":
                pieces.append("\n" if preformatted else "\v")
            elif tag in _UNSEEN or (hidden and node.mem_id in hidden):
                pieces.append(_PARAGRAPH if tag in _BLOCKS else "")
            elif tag in ("img", "area"):
                pieces.append(f" {_text_piece(node.attributes.get('alt') or '', False)} ")
            elif node.child is not None:
                border = _PARAGRAPH if tag in _BLOCKS else " " if tag in _CELLS else ""
                pieces.append(border)
                stack += [
                    (following, preformatted),
                    (_End(border, len(pieces) if tag == "h1" else None), False),
                ]
                node, preformatted = node.child, preformatted or tag == "pre"
                continue
            elif tag in _BLOCKS:
                pieces.append(_PARAGRAPH)
            node = following
        if isinstance(node, _End):
            if node.heading is not None:
                headings.append((node.heading, len(pieces)))
            pieces.append(node.border)
    return pieces, headings


class _End(NamedTuple):
    """Where an element ends: the border there, and where it began if it is a heading of the first level."""

    border: str
    heading: int | None


def _is_hidden(node: LexborNode) -> bool:
    """Whether an element's own attributes keep it from being shown."""
    attributes = node.attributes
    if node.tag == "dialog" and "open" not in attributes:
        return True
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    return _UNSHOWN.search(attributes.get("style") or "") is not None


def _text_piece(text: str, preformatted: bool) -> str:
    text = text.replace("\0", " ").replace("\v", " ")
    if preformatted:
        return "\0" + re.sub(r"\n[^\S\n]*\n", "\n", text)  # an empty line would end the paragraph
    return re.sub(r"\s+", " ", text)
