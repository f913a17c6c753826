"""``--log-json``: what happens, a JSON object a line on stderr, for programs that collect logs."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class JsonLines(logging.Formatter):
    """``{"time": …, "level": …, "event": …}`` and the record's ``fields``; the time in UTC, ISO 8601."""

    def format(self, record: logging.LogRecord) -> str:
        from datetime import UTC, datetime

        moment = datetime.fromtimestamp(record.created, UTC)
        entry = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        text = json.dumps(entry, ensure_ascii=False, default=str)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def log(wanted: bool) -> Iterator[None]:
    """Inside, the events of mmsearch go to stderr, if they are ``wanted``; an error that ends it is the last one."""
    if not wanted:
        yield
        return
    logger = logging.getLogger("mmsearch")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    except BaseException as error:
        failed = {"error": str(error), "kind": type(error).__name__}
        logger.error("failed", extra={"fields": failed})  # the traceback is the caller's
        raise
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
