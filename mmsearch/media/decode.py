"""Bytes of an allowed format -> an opened Pillow image, its size checked before anything is decoded.

The decoder is chosen by the file's own signature and called directly. ``PIL.Image.open`` would load forty
plug-ins, and brings a process-wide pixel limit with warnings of its own.
"""

from __future__ import annotations

import re
import threading
import warnings
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, cast

from mmsearch.errors import MediaError
from mmsearch.media.formats import HEAD_BYTES, foreign_reason, picture_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import ImageFile

    from mmsearch.media.formats import Format
    from mmsearch.media.limits import Limits

GIANT_PIXELS = 50_000_000
_one_giant_at_a_time = threading.Lock()  # or the memory of a run would be threads x 0.8 GB
_DECODERS: dict[Format, tuple[str, str]] = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
}
_NOT_READ = re.compile("unknown|unsupported|not supported|unrecogni[sz]ed", re.IGNORECASE)
_PILLOW = re.compile(r"PIL\.")
_DNG_VERSION, _NEW_SUBFILE_TYPE, _SUB_IFDS = 0xC612, 0x00FE, 0x014A


def open_picture(data: bytes, limits: Limits) -> ImageFile.ImageFile:
    """The picture in ``data``, header read and within ``limits.max_pixels``, pixels not decoded yet.

    Camera RAW gives the embedded preview. Raises MediaError: not a picture, damaged, too large.
    """
    if not data:
        raise MediaError("empty file")
    head = data[:HEAD_BYTES]
    name = picture_format(head)
    if name is None:
        raise MediaError(foreign_reason(head))
    if name == "RAW":
        return _open_raw(data, limits)
    return _open_tiff(data, limits) if name == "TIFF" else _open(name, data, limits)


@contextmanager
def decoded(image: ImageFile.ImageFile, least_size: tuple[int, int] | None = None) -> Iterator[None]:
    """Decode the pixels, then run the body, which makes something small of them.

    ``least_size``: the decoder may skip detail (JPEG) or take an embedded thumbnail (HEIC) down to this
    (width, height). MediaError when the file is truncated or damaged. Other threads run meanwhile, but no two
    giants are decoded at once.
    """
    name = image.format or "picture"
    with ExitStack() as stack:
        with _damage_as_media_error(name):
            image.draft(None, least_size)
        if image.width * image.height > GIANT_PIXELS:
            stack.enter_context(_one_giant_at_a_time)
        with _damage_as_media_error(name):
            image.load()
        yield


def _open(name: Format, data: bytes, limits: Limits) -> ImageFile.ImageFile:
    with _damage_as_media_error(name):
        image = _plugin(name)(BytesIO(data))
    width, height = image.size
    if width < 1 or height < 1:
        raise MediaError(f"damaged {name} ({width} x {height} pixels)")
    if width * height > limits.max_pixels:
        raise MediaError(f"{width} x {height} pixels, more than the limit of {limits.max_pixels}")
    return image


def _expect_broken_metadata() -> None:
    """Keep Pillow from warning of every broken tag: in an old archive that is every tenth file.

    A filter for the whole process, since filters for a block of code are not safe with threads; only for
    Pillow's own ``UserWarning``, and looked for each time, since whoever runs tests resets filters.
    """
    if ("ignore", None, UserWarning, _PILLOW, 0) not in warnings.filters:
        warnings.filterwarnings("ignore", category=UserWarning, module=_PILLOW.pattern)


def _plugin(name: Format) -> Callable[[BytesIO], ImageFile.ImageFile]:
    """The decoder of one format, loaded when the first such file is met (HEIF's is a library of 10 MB)."""
    _expect_broken_metadata()
    module, decoder = _DECODERS[name]
    return cast("Callable[[BytesIO], ImageFile.ImageFile]", getattr(import_module(module), decoder))


@contextmanager
def _damage_as_media_error(name: str) -> Iterator[None]:
    try:
        yield
    except MediaError:
        raise
    except MemoryError as error:
        raise MediaError(f"not enough memory to decode this {name}") from error
    except Exception as error:  # untrusted bytes: a decoder raises whatever the damage leads to
        message = " ".join(_message(error).split())
        if "truncated" in message.lower() or isinstance(error, EOFError):
            raise MediaError(f"truncated {name}: the file ends before the picture does") from error
        what = f"{name} of a kind that is not read" if _NOT_READ.search(message) else f"damaged {name}"
        raise MediaError(f"{what} ({message[:120]})" if message else what) from error


def _message(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)  # LibRaw says bytes


def _open_tiff(data: bytes, limits: Limits) -> ImageFile.ImageFile:
    """A TIFF, or the preview of a camera RAW that is built like one, whether Pillow can make sense of it or not."""
    try:
        image = _open("TIFF", data, limits)
    except MediaError:
        with suppress(MediaError):
            return _open_raw(data, limits)
        raise
    return _open_raw(data, limits) if _is_raw(image) else image


def _is_raw(image: ImageFile.ImageFile) -> bool:
    """Whether a TIFF is a camera's: a DNG, or one whose first picture is a thumbnail of those below it."""
    tags = getattr(image, "tag_v2", {})
    return _DNG_VERSION in tags or (_SUB_IFDS in tags and tags.get(_NEW_SUBFILE_TYPE) == 1)


def _open_raw(data: bytes, limits: Limits) -> ImageFile.ImageFile:
    from mmsearch.media.raw import embedded_preview

    with _damage_as_media_error("camera RAW"):
        preview, exif = embedded_preview(data)
    name = picture_format(preview[:HEAD_BYTES])
    if name not in ("JPEG", "BMP"):
        raise MediaError("damaged camera RAW (its preview is not a picture)")
    image = _open(name, preview, limits)
    image.format = "RAW"
    image.info.setdefault("exif", exif)  # many a camera writes EXIF into the file but not into its preview
    return image
