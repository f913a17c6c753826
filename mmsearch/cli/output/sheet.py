"""The contact sheet of an answer: one HTML page with thumbnails, written to a file and opened in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.cli.output.terminal import say
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.search.results.results import Results


def show_sheet(results: Results, heading: str, file: Path | None, *, opened: bool) -> None:
    """Write ``results`` to ``file``, or to one in the folder for temporary ones, and open it if it shall be ``opened``.

    Says on standard error where it lies. Raises UsageError when the file can't be written.
    """
    from mmsearch.search.results.gallery import page

    written = _write(page(heading, [(heading, results)], results.thumbnails), file)
    say(f"contact sheet: {written}", stderr=True)
    if opened:
        import webbrowser

        if not webbrowser.open(written.absolute().as_uri()):
            say("no browser could be opened here: open the file with one yourself", stderr=True)


def _write(html: str, file: Path | None) -> Path:
    import os
    import tempfile

    data = html.encode("utf-8", "backslashreplace")
    try:
        if file is None:
            number, name = tempfile.mkstemp(prefix="mmsearch-", suffix=".html")
            os.close(number)
            file = Path(name)
        file.write_bytes(data)
    except OSError as error:
        raise UsageError(
            f"the contact sheet can't be written to {file}: {error.strerror or error}"
        ) from error
    return file
