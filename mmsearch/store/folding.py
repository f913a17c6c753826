"""One form for the many ways of writing the same letters: by it words, names and fields are kept, asked for and marked.

Compatibility forms are their plain letters (NFKC: ﬁ, Ｚ, ₂), case is folded (ß is ss), marks are off, letters that
have no mark to take off are as they are typed where a keyboard lacks them (ł, ø, æ, ı), digits are those of ASCII,
and what is not seen (soft hyphens, joiners, marks of direction, variation selectors) is out. Vowel signs of Indic
scripts and of Thai are no marks in this sense: they make other words.
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "ĸ": "k",
        **dict.fromkeys("’‘ʼʻ´ˈ", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)
# Default-ignorable characters, the Arabic lengthening stroke, and skin tones of emoji.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
# Signs that NFKC would glue to the word before them.
_GLUED = re.compile("[™℠]")
# Marks above and below letters of Latin, Greek, Cyrillic, Hebrew and Arabic, and those that go with any letter.
_MARK = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\ufe20-\ufe2f]"
)
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_MEDIAL_AND_FINAL_JAMO = range(0x1160, 0x1200)


def folded(text: str) -> str:
    """``text`` in the one form; folding that again changes nothing. Blanks and signs that separate words stay."""
    if text.isascii():
        return text.lower()
    seen = _UNSEEN.sub("", _GLUED.sub(" ", text))
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", seen).casefold())
    plain = _UNSEEN.sub("", _MARK.sub("", plain)).translate(_PLAIN)
    plain = _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit.group())), plain)
    return unicodedata.normalize("NFC", plain)


def folded_with_places(text: str) -> tuple[str, list[int]]:
    """``text`` folded, n characters, and where in ``text`` each comes from (n + 1 offsets, the last is its end)."""
    if text.isascii():
        return text.lower(), list(range(len(text) + 1))
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _goes_on(text[end]):
            continue
        piece = folded(text[start:end])
        pieces.append(piece)
        places += [start] * len(piece)
        start = end
    return "".join(pieces), [*places, len(text)]


def composed(text: str) -> str:
    """``text`` with letters and their marks in one (NFC): how paths are compared, whatever form a disk has."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _goes_on(letter: str) -> bool:
    """Whether ``letter`` belongs to the one before it."""
    return unicodedata.category(letter)[0] == "M" or ord(letter) in _MEDIAL_AND_FINAL_JAMO
