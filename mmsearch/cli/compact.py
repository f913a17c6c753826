"""``mmsearch compact``: free the space of removed items."""

from __future__ import annotations

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, LogJson
from mmsearch.cli.output.terminal import say


def compact(
    index_dir: IndexDirectory = DEFAULT_INDEX, log_json: LogJson = False, as_json: AsJson = False
) -> None:
    """Rewrite an index without what was removed."""
    from mmsearch.cli.output.logs import log
    from mmsearch.cli.output.terminal import human_bytes, print_json
    from mmsearch.cluster.opening import open as open_library

    with log(log_json), open_library(index_dir) as library:
        before = library.directory.size()
        library.compact()
        after = library.directory.size()
    if as_json:
        print_json({"bytes_before": before, "bytes_after": after})
    else:
        say(f"{index_dir}: {human_bytes(before)} before, {human_bytes(after)} now")
