"""Exclusions in Chinese, which stand within a run of characters: 没有人的海滩 is 海滩 and -人."""

from __future__ import annotations

import re

_NEGATION = "没有|沒有|不要|不带|不帶|不含"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
# A longer exclusion is more likely a sentence that this rule does not understand.
_LONGEST = 6
# Patterns are compiled for the first word that is not English: that takes 5 ms, a hundredth of a first query.
# "a beach without people" with the exclusion before what is looked for, and after it. Where 的 stands twice, what
# belongs to what can't be told.
_BEFORE = f"(?:{_NEGATION})(?P<excluded>[{_HAN}]{{1,{_LONGEST}}}?)的(?P<wanted>[{_HAN}]+)[。！!.]?"
_LINK = "[，,、]?(?:但是?|而且?|且)?"
_AFTER = f"(?P<wanted>[{_HAN}]*?){_LINK}(?:{_NEGATION})(?P<excluded>[{_HAN}]{{1,{_LONGEST}}})[。！!.]?"
# 有没有, 要不要 ask whether; 吗, 呢 end a question, 了 a change.
_ASKING = r"有(?:没有|沒有)|要不要|[吗嗎呢了]"


def chinese_exclusion(word: str) -> tuple[str, str] | None:
    """What ``word`` looks for ("" for nothing) and what it excludes; None when it is no exclusion."""
    if (
        word.isascii()
        or len(re.findall(_NEGATION, word)) != 1
        or word.count("的") > 1
        or re.search(_ASKING, word)
    ):
        return None
    found = re.fullmatch(_BEFORE, word) or ("的" not in word and re.fullmatch(_AFTER, word))
    return (found["wanted"], found["excluded"]) if found else None
