"""Camera RAW: the JPEG or bitmap preview that the camera embedded, by LibRaw (the extra ``raw``)."""

from __future__ import annotations

from io import BytesIO

from mmsearch.errors import MediaError, MissingExtraError

_ORIENTATION = 0x0112
_ORIENTATION_OF_FLIP = {3: 3, 5: 8, 6: 6}  # LibRaw's sizes.flip -> EXIF's value


def embedded_preview(data: bytes) -> tuple[bytes, bytes]:
    """(preview as JPEG or BMP, EXIF block) of a RAW file.

    The EXIF is the file's own where it is built like a TIFF; otherwise it holds the orientation only.
    Raises MediaError without rawpy, or when there is no preview; LibRaw's own errors for damage.
    """
    try:
        import rawpy
    except ImportError as error:
        raise MediaError(str(MissingExtraError("camera RAW", "raw"))) from error
    with rawpy.imread(BytesIO(data)) as raw:
        try:
            thumbnail = raw.extract_thumb()
        except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
            raise MediaError("camera RAW without a readable preview") from error
        flip = int(raw.sizes.flip)
    preview = thumbnail.data if thumbnail.format == rawpy.ThumbFormat.JPEG else _bitmap(thumbnail.data)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return preview, b"Exif\0\0" + data
    return preview, _orientation_only(flip)


def _bitmap(pixels: object) -> bytes:
    from PIL import Image

    file = BytesIO()
    Image.fromarray(pixels).save(file, "BMP")  # type: ignore[arg-type]
    return file.getvalue()


def _orientation_only(flip: int) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[_ORIENTATION] = _ORIENTATION_OF_FLIP.get(flip, 1)
    return exif.tobytes()
