"""What costs one file only: the outermost net under everything that reads what strangers wrote."""

from __future__ import annotations

from mmsearch.errors import MediaError, MissingExtraError, MmsearchError, UsageError
from mmsearch.media.files import os_reason

_SHOWN = 120  # characters of a message that was not written for people


def fault_of(error: BaseException) -> str:
    """Why one file could not be read, whatever its reader raised.

    Raises ``error`` again when it is no fault of the file: the index, the encoder, the user's wish to stop.
    """
    if isinstance(error, MediaError | MissingExtraError | UsageError):
        return str(error)
    if isinstance(error, MmsearchError):
        raise error
    if isinstance(error, OSError):
        return os_reason(error)
    if isinstance(error, MemoryError):
        return "not enough memory to read it"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":  # Rust's is no Exception
        message = " ".join(str(error).split())[:_SHOWN]
        return f"can't be read ({type(error).__name__}{': ' if message else ''}{message})"
    raise error
