"""The kinds of files that are read, and by which extra: a reader to come adds its row here.

A crawl takes the files of these suffixes for documents; what has another suffix is counted as not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mmsearch.media.formats import PICTURE_SUFFIXES, RAW_SUFFIXES
from mmsearch.media.text.text import TEXT_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Kind:
    """Files of one kind by their ``suffixes`` (lower case). ``extra`` and the ``package`` that it brings read them;
    None: the core does."""

    name: str
    suffixes: frozenset[str]
    extra: str | None = None
    package: str | None = None

    @property
    def is_installed(self) -> bool:
        """Whether what reads this kind is there; imports nothing."""
        return self.package is None or find_spec(self.package) is not None


KINDS = (
    Kind("picture", frozenset(PICTURE_SUFFIXES - RAW_SUFFIXES)),
    Kind("camera RAW", RAW_SUFFIXES, extra="raw", package="rawpy"),
    Kind("text", TEXT_SUFFIXES),
)


def suffixes_read() -> frozenset[str]:
    """The suffixes of all kinds that can be read here and now."""
    return frozenset(suffix for kind in KINDS if kind.is_installed for suffix in kind.suffixes)


def suffixes_of_missing_extras() -> frozenset[str]:
    """The suffixes of files that are read as soon as an extra is installed, which it is not."""
    return frozenset(suffix for kind in KINDS if not kind.is_installed for suffix in kind.suffixes)


def missing_extras(suffixes: Iterable[str]) -> list[str]:
    """The extras, sorted, that would read files of these ``suffixes`` and are not installed."""
    wanted = set(suffixes)
    return sorted(
        {k.extra for k in KINDS if k.extra and not k.is_installed and not wanted.isdisjoint(k.suffixes)}
    )
