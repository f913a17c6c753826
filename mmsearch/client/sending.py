"""What is sent to a service to search by: the file of a picture or a sound, whatever form it has here."""

from __future__ import annotations

import wave
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.types import Samples


def picture_bytes(source: Any) -> bytes:
    """The file of a picture: a path, a URL, "-", bytes, or a PIL image; UsageError for a vector, which has none."""
    from mmsearch.media.picture import is_pil_image

    if isinstance(source, bytes):
        return source
    if isinstance(source, str):
        return _read(source, "picture", "image/*")
    if is_pil_image(source):
        return _file_of(source)
    raise UsageError(
        f"a service is sent pictures, not a {type(source).__name__}: open the index with mmsearch.open"
    )


def sound_bytes(source: Any) -> bytes:
    """The file of a sound: a path, a URL, "-", bytes, or samples (n,) of 16 kHz; UsageError for anything else."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | Path):
        return _read(str(source), "sound", "audio/*")
    if getattr(source, "ndim", 0) == 1:
        return _wave_of(source)
    raise UsageError(
        f"a service is sent sounds, not a {type(source).__name__}: open the index with mmsearch.open"
    )


def _read(source: str, noun: str, accept: str) -> bytes:
    from mmsearch.media.fetch import read_source

    if "://" in source:
        return read_source(source, accept=accept)
    if source != "-" and not Path(source).expanduser().is_file():
        raise UsageError(f"there is no {noun} {source}: give the path of a file, a URL, or - for stdin")
    return read_source(str(Path(source).expanduser()))


def _wave_of(samples: Samples) -> bytes:
    """Samples (n,) from -1 to 1 as a WAV file of 32 bits, which holds floats of 24."""
    file = BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(4)
        written.setframerate(16_000)
        written.writeframes((samples.astype("f8") * 2**31).clip(-(2**31), 2**31 - 1).astype("<i4").tobytes())
    return file.getvalue()


def _file_of(image: Any) -> bytes:
    """A PIL image as a file without loss."""
    file = BytesIO()
    try:
        image.save(file, "PNG", exif=image.getexif())
    except OSError:  # colors that PNG has not, such as CMYK
        file = BytesIO()
        image.save(file, "TIFF", exif=image.getexif())
    return file.getvalue()
