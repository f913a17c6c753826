"""What kind of thing a question asks for, and whether a sentence names one: a time, a number, a name, a cause.

Answer typing by the question's words (Li and Roth, "Learning question classifiers", COLING 2002), for the four kinds
that leave a trace in the letters of a sentence. English, German and Chinese; other questions ask for nothing known.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

AskedFor: TypeAlias = Literal["time", "number", "name", "cause"]

_ASKING: dict[AskedFor, re.Pattern[str]] = {
    "time": re.compile(
        r"\b(when|(what|which) (year|date|century|decade|month|day)|wann|welche[mnrs]? (jahr|tag|jahrhundert))\b"
        r"|何时|什么时候|哪一?年|几月",
        re.IGNORECASE,
    ),
    "number": re.compile(
        r"\b(how (many|much|long|old|far|tall|large|big|high|often|deep|wide|fast)|what (number|percentage|percent)"
        r"|wie ?viele?|wie (lange|alt|hoch|groß|weit|oft))\b|多少|几个|多长|多大",
        re.IGNORECASE,
    ),
    "name": re.compile(
        r"\b(who|whom|whose|where|(what|which) (city|country|state|person)|wer|wem|wen|wessen|wo)\b|谁|哪里|哪儿|何处",
        re.IGNORECASE,
    ),
    "cause": re.compile(r"\b(why|what caused|warum|weshalb|wieso)\b|为什么|为何", re.IGNORECASE),
}
_MONTHS = (
    "january|february|march|april|june|july|august|september|october|november|december|januar|februar|märz|juni|juli"
    "|oktober|dezember"
)
_NAMED: dict[AskedFor, re.Pattern[str]] = {
    "time": re.compile(
        rf"\b[12]\d{{3}}s?\b|\d年|\b\d+(st|nd|rd|th)\b|\bcentury\b|\b({_MONTHS})\b", re.IGNORECASE
    ),
    "number": re.compile(
        r"\d|\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|billion|half"
        r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|hundert|tausend|millionen)\b|[一二三四五六七八九十百千万亿]",
        re.IGNORECASE,
    ),
    "cause": re.compile(
        r"\b(because|due to|since|as a result|in order to|so that|reason|weil|wegen|damit)\b|因为|由于",
        re.IGNORECASE,
    ),
}
_CAPITALIZED = re.compile(r"(?<=[\w,;:)\"”’] )[^\W\d_a-zß-öø-ÿ][\w'’-]+")


def asked_for(question: str) -> tuple[AskedFor, ...]:
    """The kinds of things that ``question`` asks for; none when it can't be told."""
    return tuple(kind for kind, pattern in _ASKING.items() if pattern.search(question))


def names_any(sentence: str, kinds: tuple[AskedFor, ...], question: str) -> bool:
    """Whether ``sentence`` names something of one of ``kinds``; names that ``question`` has itself don't count."""
    known = question.casefold()
    return any(
        any(name.casefold() not in known for name in _CAPITALIZED.findall(sentence))
        if kind == "name"
        else bool(_NAMED[kind].search(sentence))
        for kind in kinds
    )
