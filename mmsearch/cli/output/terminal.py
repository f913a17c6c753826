"""How the verbs speak: text for people on a terminal, JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A rich console that wraps lines for a person and leaves them whole in a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty()
    return Console(file=stream, width=120 if piped else None, highlight=False, soft_wrap=piped)


def print_json(value: Any) -> None:
    """``value`` as one JSON document with characters of all scripts as they are."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def human_bytes(size: float) -> str:
    """``size`` bytes in the largest unit that leaves a number of at least one."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")
