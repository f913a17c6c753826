"""What every reader is: an object that knows which files are its own and what is in them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from mmsearch.errors import MediaError, MissingExtraError
from mmsearch.media.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents

_HEAD = 16


class Reader(Protocol):
    """Reads the files of one kind. Making one imports nothing: packages are loaded by ``read``."""

    @property
    def name(self) -> str:
        """What a person calls such a file: "picture", "PDF"."""

    @property
    def suffixes(self) -> frozenset[str]:
        """The suffixes of its files, in lower case, with their dots."""

    @property
    def signatures(self) -> Sequence[bytes]:
        """How such a file may begin; none where ``read`` looks for itself."""

    @property
    def extra(self) -> str | None:
        """The extra of this package that brings what reads such files; None: the core does."""

    @property
    def package(self) -> str | None:
        """The module that must be there; None: the core's own are enough."""

    @property
    def isolated(self) -> bool:
        """Whether it is read in a child process always: native code that meets strangers' files."""

    def max_bytes(self, limits: Limits) -> int:
        """The size of the largest file that is read."""

    def read(self, file: Path, limits: Limits) -> Contents:
        """What is in ``file``, part by part: memory must not grow with their number.

        Raises MediaError, at once or from the parts, whose message is the reason for a report.
        """


def is_installed(reader: Reader) -> bool:
    """Whether what ``reader`` needs is there; imports nothing."""
    return reader.package is None or find_spec(reader.package) is not None


def read(reader: Reader, file: Path, limits: Limits) -> Contents:
    """As ``reader.read``, of a file that begins as its files do.

    Raises MediaError, and MissingExtraError where what it needs is not there.
    """
    if reader.extra is not None and not is_installed(reader):
        raise MissingExtraError(f"reading a {reader.name}", reader.extra)
    if reader.signatures:
        with open_regular(file) as opened:
            head = opened.read(_HEAD)
        if not head:
            raise MediaError("empty file")
        if not head.startswith(tuple(reader.signatures)):
            raise MediaError(f"no {reader.name}: it does not begin like one")
    return reader.read(file, limits)
