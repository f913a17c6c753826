"""Picture files: one picture each, which is the whole file, and more where it moves."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part


@dataclass(frozen=True, slots=True)
class PictureReader:
    """The pictures of ``suffixes``: which format a file is in, its own signature says."""

    name: str
    suffixes: frozenset[str]
    extra: str | None = None
    package: str | None = None
    signatures: tuple[bytes, ...] = ()
    isolated: bool = False

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.files import read_file
        from mmsearch.media.readers.parts import Contents

        return Contents(_parts(read_file(file, limits.max_bytes), limits))


def _parts(data: bytes, limits: Limits) -> Iterator[Part]:
    """The picture; the scenes of an animated one that look otherwise; the film in a motion photo, which is met in a
    child process only (`mmsearch.ingest.sources.Source.is_isolated`)."""
    from mmsearch.media.film.animated import animated_looks, is_animated
    from mmsearch.media.film.motion import film_in
    from mmsearch.media.readers.parts import PicturePart

    yield PicturePart(data)
    if is_animated(data[:512]):
        from mmsearch.media.film.scenes import different, scenes
        from mmsearch.media.readers.films import scene_parts

        looks = list(islice(animated_looks(data, limits), 1))
        first = [look.grey for look in looks if look is not None]
        if first:
            yield from scene_parts(different(scenes(animated_looks(data, limits)), first))
    elif find_spec("av") is not None and (film := film_in(data)) is not None:
        yield from _moving(data, film, limits)


def _moving(data: bytes, film: bytes, limits: Limits) -> Iterator[Part]:
    from mmsearch.media.film.looks import GREY
    from mmsearch.media.picture import grey_pixels
    from mmsearch.media.readers.films import film_parts
    from mmsearch.media.readers.parts import Fault
    from mmsearch.types import Locator

    try:
        yield from film_parts(film, limits, [grey_pixels(data, GREY, limits)])
    except MediaError as error:
        yield Fault(Locator(), f"the film in it: {error}")
