"""The curves of a run for TensorBoard, beside the history that every run writes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmsearch.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mmsearch.train.loop.loop import Progress


@contextmanager
def tensorboard(folder: Path) -> Iterator[Callable[[Progress], None]]:
    """A progress callback that writes loss, rate and dev figures under ``folder``, by phase.

    Raises MissingExtraError without the package tensorboard.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError("--tensorboard", "tensorboard") from error
    writer: SummaryWriter | None = None

    def write(now: Progress) -> None:
        nonlocal writer
        if writer is None:  # of several processes only the one that reports makes a file
            writer = SummaryWriter(str(folder))
        writer.add_scalar(f"{now.phase}/loss", now.loss, now.step)
        writer.add_scalar(f"{now.phase}/pictures a second", now.rate, now.step)
        for name, measures in (now.dev or {}).items():
            for measure, value in measures.items():
                writer.add_scalar(f"{now.phase}/{name}/{measure}", value, now.step)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()
