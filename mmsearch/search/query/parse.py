"""Read the written form of a query: words, phrases, weights, minus and NOT, pictures, items, filters.

A hand-written reader from left to right; docs/query-language.md is its grammar. Anything that can't be meant
raises ``QueryError`` with position and reason.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from mmsearch.errors import QueryError
from mmsearch.search.query.filters import limited, read_filter, starts_filter
from mmsearch.search.query.negation import Word, understood_exclusions
from mmsearch.search.query.notation import unquoted
from mmsearch.search.query.value import SOUND_MARK, Item, Part, Query, Text, file_content
from mmsearch.store.catalogue.conditions import conjunction

if TYPE_CHECKING:
    from collections.abc import Container

    from mmsearch.search.query.value import Content, Kind
    from mmsearch.store.catalogue.conditions import Condition

LONGEST = 10_000  # characters; an encoder reads the first hundred words of a text
_URL = re.compile(r"https?://\S+")
_NAMED = re.compile(r"https?://\S+|@\S+")
_PARENTHESIS = re.compile(r"[()]")
_ITEM = re.compile(r"#(\d{1,18})(?!\S)")
_SIGN = re.compile(r'[+-](?=["(@#\\`\w]|\.\d)')
_NOT = re.compile(r"NOT(?=[\s(])\s*")
_JOINING = re.compile(r"(AND|OR)(?!\S)")
_WEIGHT = re.compile(r"(\d+(?:\.\d*)?|\.\d+):(?=[^\s\d])")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class _Marks(NamedTuple):
    """What stands before a part."""

    kind: Kind = "plus"
    weight: float | None = None
    sign: str = ""


def parse(
    text: str, *, allow_files: bool = True, allow_urls: bool = True, known: Container[str] = ()
) -> Query:
    """The query that ``text`` means. ``query.notes`` tell what was understood beyond what is written.

    Unless ``allow_files``, ``@path`` is a word like any other, and unless ``allow_urls`` an address is: the words of a
    stranger must not read files or reach into a network. ``@name`` of a picture that is ``known`` is one all the same.

    Raises QueryError, also for more than ``LONGEST`` characters; UsageError for more than ``query.MOST_PARTS`` parts.
    """
    if len(text) > LONGEST:
        reason = f"a query of {len(text):,} characters; at most {LONGEST:,} are read"
        raise QueryError(reason, text, LONGEST)
    return _Parser(text, allow_files=allow_files, allow_urls=allow_urls, known=known).query()


class _Parser:
    def __init__(self, text: str, *, allow_files: bool, allow_urls: bool, known: Container[str]) -> None:
        self.text, self.at = text, 0
        self.allow_files, self.allow_urls, self.known = allow_files, allow_urls, known
        self.taken_as_text: list[str] = []
        self.parts: list[Part | None] = []  # None: where the loose words go
        self.loose: list[Word] = []
        self.conditions: list[Condition] = []
        self.after_filter = False

    def query(self) -> Query:
        self.skip_blanks()
        while self.at < len(self.text):
            self.unit()
            self.skip_blanks()
        if not self.parts and not self.conditions:
            raise QueryError("the query is empty", self.text, 0)
        kept, excluded, notes = understood_exclusions(self.loose)
        parts: list[Part] = []
        for part in self.parts:
            parts += [part] if part is not None else [Part(_as_text(kept)), *excluded]
        condition = conjunction(self.conditions)
        notes = (*notes, *map(taken_as_text, dict.fromkeys(self.taken_as_text)))
        return Query(tuple(parts), condition and limited(condition, self.text), notes)

    def unit(self) -> None:
        """Read one filter, or one part with its marks, or one loose word."""
        after_filter, self.after_filter = self.after_filter, False
        if self._joining_word(after_filter):
            self.after_filter = True
            return
        if self._at_filter():
            condition, self.at = read_filter(self.text, self.at)
            self.conditions.append(condition)
            self.after_filter = True
            return
        marks = self._marks()
        if self._at_filter():
            self._marked_filter(marks)
            return
        content = self._content(marks)
        if content is not None:
            self.parts.append(Part(content, marks.kind, 1.0 if marks.weight is None else marks.weight))

    def error(self, reason: str, at: int | None = None) -> QueryError:
        return QueryError(reason, self.text, self.at if at is None else at)

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _at_filter(self) -> bool:
        return starts_filter(self.text, self.at)

    def _joining_word(self, after_filter: bool) -> bool:
        """Whether AND stands beside a filter, where it says nothing new; QueryError for such an OR."""
        found = _JOINING.match(self.text, self.at)
        if found is None:
            return False
        before, self.at = self.at, found.end()
        self.skip_blanks()
        beside = after_filter or (self.at < len(self.text) and self._at_filter())
        if beside and found[1] == "OR":
            raise self.error("OR can only join two filters", before)
        if not beside:
            self.at = before
        return beside

    def _marks(self) -> _Marks:
        start, sign, kind = self.at, "", "plus"
        if found := _NOT.match(self.text, self.at):
            sign, kind, self.at = "NOT", "not", found.end()
            if self.at == len(self.text):
                raise self.error("what to leave out is expected after NOT", start)
        elif found := _SIGN.match(self.text, self.at):
            sign, self.at = found[0], found.end()
            kind = "minus" if sign == "-" else "plus"
        weight = None
        if found := _WEIGHT.match(self.text, self.at):
            weight = float(found[1])
            if kind == "not":
                raise self.error("NOT removes altogether and has no weight")
            if not (math.isfinite(weight) and weight > 0):
                raise self.error("a weight is a number above 0")
            self.at = found.end()
            if _SIGN.match(self.text, self.at):
                raise self.error("the sign stands before the weight: -2:snow")
        return _Marks(kind, weight, sign)  # type: ignore[arg-type]

    def _marked_filter(self, marks: _Marks) -> None:
        if marks.weight is not None:
            raise self.error("a filter has no weight")
        from mmsearch.store.catalogue.conditions import Not

        condition, self.at = read_filter(self.text, self.at, alone=True)
        self.conditions.append(condition if marks.kind == "plus" else Not(condition))
        self.after_filter = True

    def _content(self, marks: _Marks) -> Content | None:
        """What the marks apply to; None when it was a loose word."""
        named = self._named_picture()
        if named and self._is_allowed(named):
            return file_content(self._picture_source())
        if found := _ITEM.match(self.text, self.at):
            self.at = found.end()
            return Item(int(found[1]))
        sign = self.text[self.at]
        if sign == "(":
            return self._group()
        if sign == ")":
            raise self.error("this ) closes nothing")
        if marks.sign in ("-", "NOT") and marks.weight is None:
            return _as_text([self._word()])
        if marks == _Marks():
            if not self.loose:
                self.parts.append(None)
            self.loose.append(self._word())
            return None
        return _as_text(self._run())

    def _run(self) -> list[Word]:
        """Words up to the next mark."""
        words = [self._word()]
        while True:
            before = self.at
            self.skip_blanks()
            if self.at == len(self.text) or self._at_mark():
                self.at = before
                return words
            words.append(self._word())

    def _at_mark(self) -> bool:
        marks = (_NOT, _SIGN, _WEIGHT, _ITEM, _PARENTHESIS)
        named = self._named_picture()
        return (
            any(mark.match(self.text, self.at) for mark in marks)
            or self._at_filter()
            or (named is not None and self._is_allowed(named))
        )

    def _named_picture(self) -> str | None:
        """The word here if it names a picture: an address, or ``@`` and what it stands before."""
        found = _NAMED.match(self.text, self.at)
        return found[0] if found else None

    def _is_allowed(self, named: str) -> bool:
        if named.removeprefix("@") in self.known:
            return True
        source = named.lstrip('@"').removeprefix(SOUND_MARK)
        return is_allowed(source, allow_files=self.allow_files, allow_urls=self.allow_urls)

    def _at_end(self, at: int) -> bool:
        return at >= len(self.text) or self.text[at].isspace()

    def _picture_source(self) -> str:
        start = self.at
        if found := _URL.match(self.text, self.at):
            self.at = found.end()
            return found[0]
        self.at += 1
        if self.text[self.at] == "<":
            raise self.error("a picture in memory has no written form: give its path or URL", start)
        if self.text[self.at] == '"':
            source = self._between_quotes()
        else:
            found = re.compile(r"\S+").match(self.text, self.at)
            assert found is not None
            source, self.at = found[0], found.end()
        if not source:
            raise self.error("a path or URL is expected after @", start)
        return source

    def _word(self) -> Word:
        """The word or phrase here; blanks end a word, a backslash takes the next character as it is."""
        if self.text[self.at] == '"':
            return self._phrase()
        if named := self._named_picture():
            self.taken_as_text.append(named)
        literal = self.text[self.at] == "\\"
        letters: list[str] = []
        while not self._at_end(self.at):
            if self.text[self.at] == "\\" and not self._at_end(self.at + 1):
                self.at += 1
            letters.append(self.text[self.at])
            self.at += 1
        return Word("".join(letters), literal=literal)

    def _phrase(self) -> Word:
        start = self.at
        words = " ".join(self._between_quotes().split())
        if not words:
            raise self.error("there is nothing between these quotation marks", start)
        return Word(words, phrase=True, literal=True)

    def _between_quotes(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            raise self.error("this quotation mark is never closed")
        self.at = found.end()
        return unquoted(found[1])

    def _group(self) -> Text:
        """The text between parentheses, where only quotation marks and backslashes mean more than themselves."""
        opened = self.at
        self.at += 1
        words: list[Word] = []
        letters: list[str] = []
        depth = 1
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == '"':
                words += [Word(word) for word in "".join(letters).split()]
                letters = []
                words.append(self._phrase())
                continue
            depth += (letter == "(") - (letter == ")")
            if not depth:
                break
            if letter == "\\" and self.at + 1 < len(self.text):
                self.at += 1
            letters.append(self.text[self.at])
            self.at += 1
        if depth:
            raise self.error("this ( is never closed", opened)
        self.at += 1
        words += [Word(word) for word in "".join(letters).split()]
        if not words:
            raise self.error("there is nothing between these parentheses", opened)
        return _as_text(words)


def is_allowed(source: str, *, allow_files: bool, allow_urls: bool) -> bool:
    """Whether the picture at ``source``, an address or a path, may be read."""
    return allow_urls if "://" in source else allow_files


def taken_as_text(named: str) -> str:
    """What is said of a picture that is ``named`` in a text and was not read."""
    return f"{named} is taken as text: pictures that a text names are read only where that is allowed"


def _as_text(words: list[Word]) -> Text:
    return Text(" ".join(word.text for word in words), tuple(word.text for word in words if word.phrase))
