"""Get an encoder: its files from the hub or a folder, an encoder directory of them, its backgrounds."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.encoders.description import file_digest
from mmsearch.encoders.ladder import LADDER, Rung, encoders_home
from mmsearch.errors import EncoderError, UsageError
from mmsearch.hub.adapt import need_packages
from mmsearch.hub.fetch import Fetched, Wanted, fetch
from mmsearch.hub.layouts import immich, transformersjs
from mmsearch.hub.layouts.reading import read_source
from mmsearch.hub.make import Made, Named, make_encoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mmsearch.hub.fetch import Progress
    from mmsearch.hub.source import Source
    from mmsearch.types import Images

UNKNOWN_LICENSE = "unknown: see where it was published"
WAITING = ".fetched"  # where files lie until an encoder was made of them
CALIBRATION = 256  # pictures


@dataclass(frozen=True, slots=True)
class Getting:
    """How an encoder shall be made.

    ``folder`` holds its files already; ``variant`` is the precision that is read (of transformers.js), ``precision``
    the one that is written, ``limit`` the pieces that its vocabulary keeps, ``calibration`` captioned pictures that it
    is rounded by and its backgrounds are measured on.
    """

    folder: Path | None = None
    output: Path | None = None
    variant: str | None = None
    precision: str = "int8"
    limit: int | None = None
    calibration: Path | None = None


@dataclass(frozen=True, slots=True)
class Got:
    """The encoder that was made, its licence, and which digests its files were held against."""

    made: Made
    license: str
    digests: str


def get_encoder(
    name: str,
    how: Getting,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> Got:
    """Make the encoder called ``name``: one of the ladder, or one of any name whose files lie in ``how.folder``.

    Raises UsageError for a name that is not known, MissingExtraError without the extra, EncoderError when its files
    can't be fetched, are not what they should be, or can't be understood.
    """
    rung = LADDER.get(name)
    if rung is None and how.folder is None:
        raise UsageError(f"no encoder {name!r}: one of {', '.join(LADDER)}, or any name with --from DIR")
    if rung is None and how.output is None:
        raise UsageError("say where the encoder shall lie: --output DIR")
    need_packages()
    home = encoders_home()
    output = how.output or home / name
    waiting = home / WAITING / name
    if how.folder is not None:
        folder, recipe, digests = how.folder, *_known_files(rung, how.folder)
    else:
        assert rung is not None
        folder = waiting
        fetched = fetch(wanted_files(rung, how.variant), folder, progress)
        recipe, digests = _recipe_of(rung, fetched), _told(fetched)
    source = read_source(folder, how.variant or (rung.variant if rung and how.folder is None else None))
    named = Named(name, rung.license if rung else UNKNOWN_LICENSE, recipe)
    made = make_encoder(
        source,
        output,
        named,
        precision=how.precision,
        pieces=how.limit,
        pictures=_pictures(how.calibration, source),
        notice=notice,
    )
    if how.calibration is not None:
        from mmsearch.evaluate.backgrounds import store_backgrounds

        store_backgrounds(output, [how.calibration])
    if how.folder is None:
        shutil.rmtree(waiting, ignore_errors=True)
    return Got(made, named.license, digests)


def wanted_files(rung: Rung, variant: str | None = None) -> Wanted:
    """The files of ``rung`` that are needed, in the precision ``variant``; UsageError for one that it has not."""
    chosen = variant or rung.variant
    if chosen is None:
        patterns = [
            "config.json",
            immich.VISUAL,
            "visual/preprocess_cfg.json",
            immich.TEXTUAL,
            "textual/tokenizer.json",
            "textual/tokenizer_config.json",
        ]
    elif rung.variant is None or chosen not in transformersjs.SUFFIXES:
        raise UsageError(f"{rung.name} is not published in the precision {chosen!r}: leave out --variant")
    else:
        suffix = transformersjs.SUFFIXES[chosen]
        towers = [transformersjs.vision_file(suffix), transformersjs.text_file(suffix)]
        patterns = ["config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"]
        patterns += [f"{tower}{end}" for tower in towers for end in ("", "_data*")]
    digests = {name: digest for name, digest in rung.digests.items() if name in patterns}
    return Wanted(rung.repository, rung.revision, patterns, digests)


def _recipe_of(rung: Rung, fetched: Fetched) -> dict[str, Any]:
    return {
        "repository": rung.repository,
        "revision": fetched.commit,
        "files": fetched.digests,
        "known_beforehand": list(fetched.known),
    }


def _told(fetched: Fetched) -> str:
    others = len(fetched.digests) - len(fetched.known)
    return f"{len(fetched.known)} files have the digests known beforehand, {others} those that the hub gives"


def _known_files(rung: Rung | None, folder: Path) -> tuple[dict[str, Any], str]:
    """What is known of the files in ``folder``, said to be those of ``rung``; EncoderError when they are not."""
    if not folder.is_dir():
        raise EncoderError(f"there is no folder {folder}")
    known = dict(rung.digests) if rung else {}
    digests = {name: file_digest(folder / name) for name in known if (folder / name).is_file()}
    for name, digest in digests.items():
        if digest != known[name]:
            raise EncoderError(
                f"{folder / name} is not the file of {rung.name if rung else folder}: its digest is another; copy it "
                "again, or give the encoder another name"
            )
    told = f"{len(digests)} files have the digests known beforehand" if rung else "no digests are known"
    return {"files": digests, "known_beforehand": list(digests)}, told


def _pictures(calibration: Path | None, source: Source) -> Images | None:
    if calibration is None:
        return None
    from mmsearch.train.compile.export import read_calibration

    return read_calibration(calibration, source.picture, CALIBRATION)
