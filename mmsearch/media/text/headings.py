"""Which paragraphs of a text as it is shown are headings: titles of what follows them, and no statements."""

from __future__ import annotations

import re

# A longer line is a paragraph, whatever it ends in.
LONGEST = 100
_STATED = re.compile(r"[.!。！．…][\"'”’»)\]】」』]*$")
_ITEM = re.compile(r"([-*•·–]|\d+[.)])\s")


def is_heading(paragraph: str) -> bool:
    """Whether ``paragraph`` is one short line that ends no statement: "Refunds", "How do I get my money back?".

    An item of a list is none.
    """
    line = paragraph.strip()
    return (
        0 < len(line) <= LONGEST
        and "\n" not in line
        and any(map(str.isalpha, line))
        and _STATED.search(line) is None
        and _ITEM.match(line) is None
    )
