"""What all routes share: the open library, the threads that search it, and what is remembered of answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import PydanticSerializationError, to_json

from mmsearch.serve.answers import Answers
from mmsearch.serve.metrics import Metrics
from mmsearch.serve.pool import Pool
from mmsearch.serve.problems import RefusedError
from mmsearch.serve.uploads import Uploads
from mmsearch.serve.warming import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from mmsearch.library.library import Library
    from mmsearch.serve.settings import Settings

T = TypeVar("T")


class Service:
    """One open ``library`` behind HTTP, run as ``settings`` say.

    ``searching`` are the threads that search, ``showing`` those that make thumbnails and read files, so that a page of
    pictures keeps no search waiting for long.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        self.library, self.settings = library, settings
        self.searching = Pool(settings.searching, settings.waiting, settings.seconds)
        self.showing = Pool(settings.searching, 8 * settings.waiting, settings.seconds, "show")
        self.answers = Answers(settings.answers_bytes)
        self.uploads = Uploads(settings.uploads_bytes)
        self.is_ready = False
        self.metrics = Metrics(self._held())

    def _held(self) -> dict[str, tuple[str, Callable[[], float]]]:
        counts = self.answers.counts
        return {
            "searches_under_way": ("Searches that run or wait.", lambda: self.searching.under_way),
            "answers_made": ("Answers that were searched for.", lambda: counts.made),
            "answers_remembered": ("Answers that were known already.", lambda: counts.remembered),
            "answers_shared": ("Answers to requests equal to one under way.", lambda: counts.shared),
            "answers_bytes": ("Bytes of remembered answers.", lambda: self.answers.bytes),
            "uploads_bytes": ("Bytes of pictures that were sent.", lambda: self.uploads.bytes),
            "ready": ("Whether searches are answered.", lambda: self.is_ready),
        }

    def state(self) -> str:
        """The name of the index's present state: what has equal names gives equal answers."""
        self.library.refresh()
        return self.library.generation

    async def answered(self, asked: Hashable, work: Callable[[], dict[str, Any]]) -> bytes:
        """The JSON of what ``work`` gives for what was ``asked`` of the present state of the index; made once."""
        return await self.answers.get(
            (self.state(), asked), lambda: self.searching.start(lambda: rendered(work()))
        )

    def require_write(self) -> None:
        """RefusedError (403) unless the service may write."""
        if not self.settings.allow_write:
            raise RefusedError(
                403, "this service only reads: start it with --allow-write to keep feedback and tags"
            )

    def warm_up(self) -> None:
        """Load what a first search would wait for."""
        warm_up(self.library)
        self.is_ready = True

    def close(self) -> None:
        """Finish what is under way, then close the library."""
        self.is_ready = False
        self.searching.close()
        self.showing.close()
        self.library.close()


def rendered(value: dict[str, Any]) -> bytes:
    """``value`` as JSON; half characters, which UTF-8 can't write, become question marks."""
    try:
        return to_json(value)  # a third of what the standard library takes
    except PydanticSerializationError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
