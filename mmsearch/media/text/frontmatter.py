"""What a Markdown file states of itself before its text: YAML between ``---``, or TOML between ``+++``."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# A rule with a line behind it that is not empty (Pandoc's rule), and the next such rule.
_BLOCK = re.compile(r"(---|\+\+\+)[^\S\n]*\n(?=[^\S\n]*\S)(.*?\n)(?:\1|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_KEY = r"""["']?(\w[\w.-]*(?: [\w.-]+){0,2})["']?"""  # of at most three words: more are a sentence
_PAIR = re.compile(rf"{_KEY}\s*[:=](?:\s+(.*))?")
_OTHER = re.compile(
    r"#.*|-(\s.*)?|\s.*|\[.*\]|[\]}],?"
)  # comments, elements, what is indented, TOML's tables
_COMMENT = re.compile(r"(?:^|\s)#.*")
_LONGEST = 1 << 14  # characters that are parsed; a page of properties
_MOST = 100  # properties
_LISTS = frozenset({"tags", "keywords", "categories", "authors", "aliases"})
_NOTHING = frozenset({"", "~", "null"})


def front_matter(source: str) -> tuple[dict[str, object], int]:
    """The properties that ``source`` states, and the offset at which its text begins.

    What stands between two rules is text unless it is a mapping, or each of its lines looks like one of a mapping.
    Names are as they are written, but ``title`` is in small letters. Values are texts, numbers, true or false, and
    lists of texts; dates are texts. What is empty or nested deeper is left out.
    """
    found = _BLOCK.match(source)
    if found is None:
        return {}, 0
    block = found[2]
    lines = [line for line in block.splitlines() if line.strip()]
    properties = _parsed(block, toml=found[1] == "+++")
    if properties is None:
        pairs = [_PAIR.fullmatch(line) for line in lines]
        others = [line for line, pair in zip(lines, pairs, strict=True) if pair is None]
        if not any(pairs) or not all(map(_OTHER.fullmatch, others)):
            return {}, 0
        properties = _by_line(lines)
    values = {
        "title" if name.lower() == "title" else name: _value(name, given)
        for name, given in properties.items()
    }
    kept = [(name, value) for name, value in values.items() if value is not None]
    return dict(kept[:_MOST]), found.end()


def _parsed(block: str, *, toml: bool) -> dict[str, Any] | None:
    """The mapping that ``block`` is, with keys of a few words; None when it is none, or too long."""
    if len(block) > _LONGEST:
        return None
    try:
        properties = _toml(block) if toml else _yaml(block)
    except (ValueError, RecursionError):
        return None
    if not isinstance(properties, dict) or not properties:
        return None
    return properties if all(isinstance(k, str) and re.fullmatch(_KEY, k) for k in properties) else None


def _toml(block: str) -> Any:
    import tomllib

    return tomllib.loads(block.replace("\r\n", "\n"))


def _yaml(block: str) -> Any:
    """With all scalars as texts: 007 and 2019-07-04 stay what they are."""
    import yaml

    try:
        return yaml.load(block, yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _by_line(lines: Sequence[str]) -> dict[str, Any]:
    """The pairs of what is no valid YAML, as ``title: The sea: a story``."""
    pairs = (_PAIR.fullmatch(line) for line in lines)
    return {pair[1]: _COMMENT.sub("", pair[2] or "").strip().strip("\"'") for pair in pairs if pair}


def _value(name: str, given: object) -> object | None:
    if isinstance(given, str):
        text = given.strip()
        if text.lower() in _NOTHING:
            return None
        if name.lower() in _LISTS and "," in text:
            return [part for each in text.split(",") if (part := each.strip())]
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(given, date | datetime | time):
        return given.isoformat()
    if isinstance(given, list):
        return [str(part).strip() for part in given if isinstance(part, str | int | float)] or None
    return given if isinstance(given, bool | int | float) else None
