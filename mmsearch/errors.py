"""Every error that a user of mmsearch can meet and mend.

The message always says what to do next. A caller's bug is a plain ``ValueError`` or ``TypeError``.

::

    MmsearchError                 exit status 1, HTTP 500
    ├── RemovalError              1, HTTP 409   a run would take most of a corpus out of the index
    ├── UsageError                2, HTTP 400   the request makes no sense as it is written
    │   ├── QueryError                      a query or a filter that can't be parsed: position and reason
    │   ├── UnknownArgumentError            an argument that the verb doesn't take; a TypeError as well
    │   └── ClosedLibraryError    HTTP 503  a library that was closed; a ValueError as well, as of a closed file
    ├── MediaError                3, HTTP 422   one file that can't be decoded; an index run lists it and goes on
    ├── IndexDirectoryError       4, HTTP 500   the index directory is missing, damaged, or of another format
    │   ├── IndexLockedError      HTTP 503  another process is writing to it
    │   └── IndexFormatError                written by a newer mmsearch, or not an index at all
    ├── EncoderError              5, HTTP 500   an encoder that is unknown, damaged, or not the index's own
    ├── MissingExtraError         6, HTTP 501   a feature whose packages are not installed: names the extra
    ├── ClusterError              7, HTTP 503   a shard of a cluster, or the machines it runs on, can't be reached
    └── DatabaseError             8, HTTP 503   a server that holds the vectors can't be asked, or lacks what it needs
"""

from __future__ import annotations

_SHOWN = 200  # characters of a query in a message


class MmsearchError(Exception):
    """Base of all errors that a user can mend; the message says how.

    ``exit_status`` is what the command ends with, ``http_status`` what the service answers.
    """

    exit_status = 1
    http_status = 500


class UsageError(MmsearchError):
    """The request makes no sense as it is written: k = 0, an empty query, an unknown field."""

    exit_status = 2
    http_status = 400


class RemovalError(MmsearchError):
    """A run would take ``lost`` of the ``known`` documents of a corpus out of the index, and was not told to."""

    http_status = 409

    def __init__(self, message: str, lost: int, known: int) -> None:
        self.lost, self.known = lost, known
        super().__init__(message)


class QueryError(UsageError):
    """A query or filter that can't be parsed.

    ``position`` is the offset in ``text`` (in characters, from 0) where reading stopped.
    """

    def __init__(self, reason: str, text: str, position: int) -> None:
        self.reason, self.text, self.position = reason, text, position
        first = max(0, min(position - _SHOWN // 2, len(text) - _SHOWN))
        shown = text[first : first + _SHOWN]
        more = "…" if len(text) > len(shown) else ""
        super().__init__(f"{reason} (at character {position + 1} of {shown!r}{more})")


class UnknownArgumentError(UsageError, TypeError):
    """An argument that the verb doesn't take; the message names the nearest that it does.

    In a program it is the bug that a TypeError is; in a request from elsewhere it is what a user can mend.
    """


class StoreWarning(UserWarning):
    """The place where an index lies can't be relied on as others can; shown as one line."""


class EncoderWarning(UserWarning):
    """An encoder that works, but gives other vectors here than where it was made."""


class ClosedLibraryError(UsageError, ValueError):
    """A library that was closed is asked for something."""

    http_status = 503


class MediaError(MmsearchError):
    """A file that can't be decoded within the limits. The message is the reason, without the path."""

    exit_status = 3
    http_status = 422


class IndexDirectoryError(MmsearchError):
    """The index directory is missing or damaged; names the file and the command that mends it."""

    exit_status = 4


class IndexLockedError(IndexDirectoryError):
    """Another process is writing to the index."""

    http_status = 503


class IndexFormatError(IndexDirectoryError):
    """The directory was written by a newer mmsearch, or is no index."""


class EncoderError(MmsearchError):
    """An encoder that is unknown, damaged, or not the one that the index was made with."""

    exit_status = 5


class MissingExtraError(MmsearchError):
    """A feature needs packages that are not installed."""

    exit_status = 6
    http_status = 501

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs more packages: pip install "mmsearch[{extra}]"')


class DatabaseError(MmsearchError):
    """A database server that holds vectors can't be asked, or lacks what it needs."""

    exit_status = 8
    http_status = 503


class ClusterError(MmsearchError):
    """Shards of a cluster, or the machines that they run on, can't be reached."""

    exit_status = 7
    http_status = 503
