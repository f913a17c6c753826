"""Encoders by name: ``pocket``, ``small`` once fetched, ``openclip:ARCHITECTURE/PRETRAINED``, or a directory."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import DESCRIPTION, read_description
from mmsearch.encoders.ladder import LADDER, encoders_home
from mmsearch.errors import EncoderError

if TYPE_CHECKING:
    from mmsearch.encoders.description import Description
    from mmsearch.encoders.protocol import Encoder

DEFAULT_ENCODER = "pocket"
OPENCLIP_PREFIX = "openclip:"
SHIPPED = Path(__file__).parent


def canonical_name(name: str) -> str:
    """The name under which an index remembers an encoder: directories become absolute paths."""
    if name in shipped_encoders() or name in LADDER or name.startswith(OPENCLIP_PREFIX):
        return name
    return str(Path(name).expanduser().resolve())


def shipped_encoders() -> dict[str, Path]:
    """Name -> directory of the encoders that come with the package."""
    return {path.parent.name: path.parent for path in sorted(SHIPPED.glob(f"*/{DESCRIPTION}"))}


def fetched_encoder(name: str) -> Path | None:
    """Where the encoder ``name`` of the ladder lies; None when it wasn't fetched yet, or there is none of that name."""
    directory = encoders_home() / name
    return directory if name in LADDER and (directory / DESCRIPTION).is_file() else None


def load_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """The encoder called ``name``; loading is lazy and repeated calls share one encoder.

    Raises EncoderError for an unknown name, MissingExtraError for ``openclip:`` without torch.
    """
    return _load(canonical_name(name))


@lru_cache(maxsize=8)
def _load(name: str) -> Encoder:
    if name.startswith(OPENCLIP_PREFIX):
        from mmsearch.encoders.openclip import OpenClipEncoder

        return OpenClipEncoder.load(name)
    shipped = shipped_encoders()
    if name in shipped:
        return CompiledEncoder(shipped[name], name)
    if name in LADDER:
        if directory := fetched_encoder(name):
            return CompiledEncoder(directory, name)
        raise EncoderError(
            f"encoder {name!r} is not on this machine yet: `mmsearch encoder get {name}` fetches it"
        )
    if (Path(name) / DESCRIPTION).is_file():
        return CompiledEncoder(Path(name), name)
    raise EncoderError(
        f"no encoder {name!r}: use one of {', '.join([*sorted(shipped), *LADDER])}, "
        "openclip:ARCHITECTURE/PRETRAINED, or a directory made by `mmsearch encoder compile`"
    )


def compiled_directory(name: str) -> Path | None:
    """Where the compiled encoder called ``name`` lies; None when ``name`` is something else."""
    directory = shipped_encoders().get(name) or fetched_encoder(name) or Path(name).expanduser()
    return directory if (directory / DESCRIPTION).is_file() else None


def describe(name: str) -> Description:
    """What the directory of a compiled encoder says of itself, without loading its towers."""
    return read_description(shipped_encoders().get(name) or fetched_encoder(name) or Path(name).expanduser())
