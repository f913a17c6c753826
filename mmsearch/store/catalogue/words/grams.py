"""What the word index keeps of texts and names: folded words, codes also without their separators, symbols by name,
and scripts that are written without spaces in pairs of characters.

Pure functions; ``ann/terms.py`` builds queries with the same ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from mmsearch.store.folding import composed, folded

if TYPE_CHECKING:
    from collections.abc import Iterable

WordColumn: TypeAlias = Literal["text", "title", "caption", "name", "fields", "grams"]
WORD_COLUMNS: tuple[WordColumn, ...] = get_args(WordColumn)
SUBSTRING_COLUMNS = ("title", "name", "fields")  # of documents: trigrams of long texts would fill the disk

# Hiragana, Katakana with extensions, Han, Bopomofo, Hangul (which joins several words): a token would be a whole run.
_CJK = (
    "\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\U00020000-\U0003134f"
)
# Thai, Lao, Khmer, Myanmar with their vowel signs, without signs of punctuation.
_SOUTHEAST = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1780-\u17d3\u17d7\u17dc\u17dd"
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a-\uaa7f"
)
_RUN = re.compile(f"[{_CJK}]+|[{_SOUTHEAST}]+")
_SOUTHEAST_LETTER = re.compile(f"[{_SOUTHEAST}]")
# Letters of words, with the vowel signs that Python's \w leaves out.
VOWEL_SIGNS = (
    r"\u0300-\u036f\u0900-\u0963\u0966-\u096f\u0971-\u09f1\u0a01-\u0aef\u0af9-\u0b6f\u0b71-\u0bf2"
    r"\u0c00-\u0c76\u0c80-\u0c83\u0c85-\u0d4e\u0d50-\u0d78\u0d7a-\u0df3"
    r"\u0e31-\u0e3a\u0e40-\u0e4e\u0eb1-\u0ece\u102b-\u103e\u17b4-\u17d3"
)
LETTER = rf"(?:[^\W_]|[{VOWEL_SIGNS}])"
WORD = re.compile(rf"{LETTER}+")
# Emoji and other pictures of things; two regional letters are one flag.
SYMBOL = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}|(?!\w)[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
)
# C++ and C#, at the end of a word; .NET, at the beginning of one.
SIGNED = re.compile(
    rf"(?<![^\W_])(?<![{VOWEL_SIGNS}])(?:([^\W\d_]+)\+\+|([^\W\d_]{{1,2}})#)(?![\w+#])"
    rf"|(?<![^\s(\[\"'/,])\.((?=[^\W\d_]){LETTER}+)"
)
# Parts of letters and digits with one separator between each.
SEPARATED = re.compile(rf"{LETTER}+(?:[-./_:]{LETTER}+)+")
# Digits in thousands, or (an ISBN, an account) in three groups or more.
SPACED_NUMBER = re.compile(
    r"(?<![\w.,-])(?:\d{1,3}(?P<sign>[.,' ])\d{3}(?:(?P=sign)\d{3})*|\d+(?: \d+){2,5})(?!\w)"
)
_FEWEST_DIGITS, _MOST_DIGITS = 4, 17  # of such a number: more are a table
_YEARS = re.compile(r"\d{4}(?: \d{4})+")
_DECIMAL = re.compile(r"\d+(?:\.\d+)+")
_NAME_PART = re.compile(r"[^\W\d_]+|\d+")
_LOWER, _UPPER = "a-z\u00df-\u00f6\u00f8-\u00ff", "A-Z\u00c0-\u00d6\u00d8-\u00de"
_CAMEL = re.compile(f"(?<=[{_LOWER}])(?=[{_UPPER}])|(?<=[{_UPPER}])(?=[{_UPPER}][{_LOWER}])")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def searchable(text: str) -> str:
    """What a column of words holds for ``text``: its folded words, then what they are called otherwise."""
    plain = without_runs(folded(text))
    others = " ".join([*joined_codes(plain), *signed_words(plain)])
    words = WORD.findall(spelled(plain))
    return " ".join([*words, others]) if others else " ".join(words)


def spelled(plain: str) -> str:
    """Folded text with emoji as words, which no tokenizer takes for such."""
    return plain if plain.isascii() else SYMBOL.sub(_symbol_word, plain)


def joined_codes(plain: str) -> list[str]:
    """The codes and numbers of a folded text that are written with separators, each without them.

    ``"isbn 978-3-16-148410-0, 1,234,567"`` has ``["9783161484100", "1234567"]``. Numbers with a point that are
    not in thousands stay what they are.
    """
    if not any(map(str.isdigit, plain)):
        return []
    found = [code.group() for code in SEPARATED.finditer(plain)]
    found += [number.group() for number in SPACED_NUMBER.finditer(plain)]
    return list(dict.fromkeys(joined for code in found if (joined := joined_code(code)) is not None))


def joined_code(code: str) -> str | None:
    """A code or number without its separators; None for words, decimal numbers, and numbers that stand in a row."""
    digits = sum(map(str.isdigit, code))
    if not digits or (_DECIMAL.fullmatch(code) and not SPACED_NUMBER.fullmatch(code)):
        return None
    if " " in code and (not _FEWEST_DIGITS <= digits <= _MOST_DIGITS or _YEARS.fullmatch(code)):
        return None
    return "".join(code_parts(code))


def code_parts(code: str) -> list[str]:
    """The letters and the digits of a code, apart."""
    return _NAME_PART.findall(code)


def signed_words(plain: str) -> list[str]:
    """Words of a folded text that a sign makes others: ``cplusplus``, ``csharp``, ``dotnet``."""
    if not ("+" in plain or "#" in plain or "." in plain):
        return []
    words = []
    for plus, sharp, dotted in SIGNED.findall(plain):
        words.append(f"{plus}plusplus" if plus else f"{sharp}sharp" if sharp else f"dot{dotted}")
    return list(dict.fromkeys(words))


def unspaced_runs(plain: str) -> list[str]:
    """The maximal runs of scripts without spaces in folded text, in order."""
    if plain.isascii():
        return []
    runs: list[str] = _RUN.findall(plain)
    return runs


def without_runs(plain: str) -> str:
    """Folded text with a blank in the place of each such run."""
    return plain if plain.isascii() else _RUN.sub(" ", plain)


def is_southeast(run: str) -> bool:
    """Whether a run is Thai, Lao, Khmer or Myanmar, whose words take more characters than Chinese ones."""
    return _SOUTHEAST_LETTER.match(run) is not None


def grams(text: str) -> str | None:
    """What the column ``grams`` holds for ``text``: each run's bigrams and its last character.

    ``"北京大学"`` becomes ``"北京 京大 大学 学"``, so that a phrase of bigrams is a substring search, and
    a single character is a prefix search. None when ``text`` has no such run.
    """
    runs = unspaced_runs(folded(text))
    parts = [run[place : place + 2] for run in runs for place in range(len(run))]
    return " ".join(parts) or None


def joined_grams(texts: Iterable[str | None]) -> str | None:
    """The grams of several texts, one after the other; None when there are none."""
    return " ".join(filter(None, (grams(text) for text in texts if text))) or None


def grams_query(run: str) -> str:
    """The FTS5 phrase that finds ``run`` (1 or more of those characters, folded) in the column ``grams``."""
    if len(run) == 1:
        return f'"{run}" *'
    return '"' + " ".join(run[place : place + 2] for place in range(len(run) - 1)) + '"'


def name_words(path: str) -> str:
    """The words of a path, for the column ``name``.

    ``"scans/IMG_2034-RedBicycle.jpg"`` becomes ``"scans IMG 2034 Red Bicycle RedBicycle img2034redbicycle"``: split
    at separators, digits and camelCase; a word that only camelCase or digits split is kept whole as well, after
    the others, and so are codes without their separators and words that a sign makes. The file's suffix is left out.
    """
    stem = _SUFFIX.sub("", composed(path))
    wholes = WORD.findall(stem)
    parts = [piece for whole in wholes for part in _name_parts(whole) for piece in _CAMEL.split(part)]
    unsplit = [whole for whole in wholes if whole not in parts]
    plain = without_runs(folded(stem))
    codes = [code for name in plain.split("/") for code in joined_codes(name)]
    return " ".join([*parts, *unsplit, *codes, *signed_words(plain), *SYMBOL.findall(stem)])


def _name_parts(whole: str) -> list[str]:
    return _NAME_PART.findall(whole) if any(map(str.isdigit, whole)) else [whole]


def _symbol_word(symbol: re.Match[str]) -> str:
    """In digits, which no stemmer shortens."""
    return " symbol" + "".join(str(ord(letter)) for letter in symbol.group()) + " "
