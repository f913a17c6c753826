"""Whatever a reader raises costs one file; what is no file's fault is raised again."""

from __future__ import annotations

import pytest

from mmsearch.errors import EncoderError, IndexDirectoryError, MediaError, MissingExtraError
from mmsearch.media.faults import fault_of


class PanicException(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MediaError("truncated PNG"), "truncated PNG"),
        (PermissionError(13, "Permission denied"), "permission denied"),
        (MemoryError(), "not enough memory to read it"),
        (RecursionError("maximum recursion depth"), "nested too deeply"),
        (UnicodeDecodeError("utf-16", b"\0", 0, 1, "truncated data"), "can't be read (UnicodeDecodeError"),
        (AssertionError(), "can't be read (AssertionError)"),
        (PanicException("byte index 3"), "can't be read (PanicException: byte index 3)"),
        (MissingExtraError("camera RAW", "raw"), 'pip install "mmsearch[raw]"'),
    ],
)
def test_a_fault_has_one_line(error: BaseException, reason: str) -> None:
    assert reason in fault_of(error)
    assert "\n" not in fault_of(error)


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), SystemExit(1), IndexDirectoryError("the disk is full"), EncoderError("damaged")],
)
def test_what_is_no_files_fault_is_raised_again(error: BaseException) -> None:
    with pytest.raises(type(error)):
        fault_of(error)
