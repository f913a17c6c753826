"""Words for the catalogue's word index: names split into words, and Chinese, Japanese, Korean in bigrams.

Pure functions; ``ann/words.py`` builds queries with the same ones.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

WordColumn: TypeAlias = Literal["text", "title", "caption", "name", "fields", "grams"]
WORD_COLUMNS: tuple[WordColumn, ...] = get_args(WordColumn)
SUBSTRING_COLUMNS = ("title", "name", "fields")  # of documents: trigrams of long texts would fill the disk

# Scripts written without spaces between words, or (Hangul) with several words joined: unicode61 would make
# one token of a whole run. Hiragana, Katakana with extensions and half-width forms, Han, Bopomofo, Hangul.
_CJK = (
    "\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\uffa1-\uffdc\U00020000-\U0003134f"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
_NAME_PART = re.compile(r"[^\W\d_]+|\d+")
_LOWER, _UPPER = "a-z\u00df-\u00f6\u00f8-\u00ff", "A-Z\u00c0-\u00d6\u00d8-\u00de"
_CAMEL = re.compile(f"(?<=[{_LOWER}])(?=[{_UPPER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}])")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def cjk_runs(text: str) -> list[str]:
    """The maximal runs of Chinese, Japanese and Korean characters in ``text``, in order."""
    if text.isascii():
        return []
    runs: list[str] = _CJK_RUN.findall(unicodedata.normalize("NFKC", text))
    return runs


def grams(text: str) -> str | None:
    """What the column ``grams`` holds for ``text``: each run's bigrams and its last character.

    ``"北京大学"`` becomes ``"北京 京大 大学 学"``, so that a phrase of bigrams is a substring search, and
    a single character is a prefix search. None when ``text`` has no such run.
    """
    parts = [run[place : place + 2] for run in cjk_runs(text) for place in range(len(run))]
    return " ".join(parts) or None


def joined_grams(texts: Iterable[str | None]) -> str | None:
    """The grams of several texts, one after the other; None when there are none."""
    return " ".join(filter(None, (grams(text) for text in texts if text))) or None


def grams_query(run: str) -> str:
    """The FTS5 phrase that finds ``run`` (1 or more of those characters) in the column ``grams``."""
    run = unicodedata.normalize("NFKC", run)
    if len(run) == 1:
        return f'"{run}" *'
    return '"' + " ".join(run[place : place + 2] for place in range(len(run) - 1)) + '"'


def name_words(path: str) -> str:
    """The words of a path, for the column ``name``.

    ``"scans/IMG_2034-RedBicycle.jpg"`` becomes ``"scans IMG 2034 Red Bicycle RedBicycle"``: split at
    separators, digits and camelCase; a word that only camelCase or digits split is kept whole as well, after
    the others. The file's suffix is left out.
    """
    stem = _SUFFIX.sub("", path)
    wholes = re.findall(r"[^\W_]+", stem)
    parts = [piece for whole in wholes for part in _NAME_PART.findall(whole) for piece in _CAMEL.split(part)]
    unsplit = [whole for whole in wholes if whole not in parts]
    return " ".join([*parts, *unsplit])
