"""Results as the page shows them: the shape of all faces, with where each hit's pictures are and how large they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mmsearch.media.formats import PICTURE_SUFFIXES
from mmsearch.media.sound.containers import FILM_SUFFIXES, SOUND_SUFFIXES
from mmsearch.wire.results import results_as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.types import FieldValue, Locator, Modality

API = "/api/v1"
THUMBNAIL = 320
MOST_VALUES = 1_000

Found: TypeAlias = Literal["named", "looks", "says", "sounds"]
DocumentKind: TypeAlias = Literal["picture", "text", "sound", "film"]


def results_as_shown(
    results: Results, catalogue: Catalogue, *, text: str | None, explain: bool, most_values: int = MOST_VALUES
) -> dict[str, Any]:
    """``results`` in JSON, each hit with its links, sizes, and what it was found by.

    ``results`` must have their reasons, by which it is told what found a hit, also where they are not shown. Of a
    facet's values the first ``most_values`` are.
    """
    written = results_as_json(results, text=text, explain=explain)
    pictures = catalogue.pictures_of([hit.document_id for hit in results if hit.modality != "image"])
    for hit, shown in zip(results, written["hits"], strict=True):
        own = (hit.item_id, hit.key) if hit.modality == "image" else None
        shown |= as_shown(hit, own or pictures.get(hit.document_id))
    for field, counted in written["facets"].items():
        if len(counted) > most_values:
            written["notes"].append(f"{field}: the first {most_values:,} of {len(counted):,} values")
            del counted[most_values:]
    return written


def as_shown(hit: Hit, picture: tuple[int, bytes] | None) -> dict[str, Any]:
    """What a hit has beside the shape of all faces; ``picture``: its own or its document's, (item, content key)."""
    width, height = size_of(hit.fields) if picture is not None else (None, None)
    item = hit.item_id if picture is None else picture[0]
    return {
        "document_path": hit.path,
        "kind": kind_of(hit.path, hit.modality, hit.locator),
        "found": found_by(hit),
        "thumbnail": None if picture is None else thumbnail_address(picture[1]),
        "width": width,
        "height": height,
        "original": f"{API}/items/{item}/original" if is_file(hit.path) else None,
    }


def thumbnail_address(key: bytes) -> str:
    """Where the small picture of the content ``key`` is."""
    return f"{API}/thumbnails/{key.hex()}?size={THUMBNAIL}"


def size_of(fields: Mapping[str, FieldValue]) -> tuple[int | None, int | None]:
    """Width and height of an upright picture in pixels, which indexing put into its fields; None where it did not."""
    width, height = fields.get("width"), fields.get("height")
    if type(width) is int and type(height) is int and width > 0 and height > 0:
        return width, height
    return None, None


def is_file(path: str) -> bool:
    """Whether a document lies in a file of its own; a record of a manifest without any is called FILE#RECORD."""
    name = path.rpartition("/")[2]
    return "#" not in name or f".{name.partition('#')[0].rpartition('.')[2].lower()}" in PICTURE_SUFFIXES


def kind_of(path: str, modality: Modality, locator: Locator) -> DocumentKind:
    """What an item of the document at ``path`` is to who looks at it; captions and fields of a picture are that.

    What lies at a second of a film, or of a recording, is played.
    """
    suffix = f".{path.rpartition('.')[2].partition('#')[0].lower()}"
    if locator.seconds is not None and suffix in FILM_SUFFIXES:
        return "film"
    if modality == "audio" or (locator.seconds is not None and suffix in SOUND_SUFFIXES):
        return "sound"
    if modality == "image":
        return "picture"
    return "picture" if suffix in PICTURE_SUFFIXES else "text"


def found_by(hit: Hit) -> Found | None:
    """What speaks most for a hit: its name, how it looks, what it says or how it sounds; None without reasons."""
    if not hit.explanation:
        return None
    channel = max(hit.explanation, key=lambda reason: reason.contribution).channel
    if channel == "name":
        return "named"
    if channel.endswith("→image"):
        return "looks"
    return "sounds" if channel.endswith("→audio") else "says"
