"""The manifest: what an index directory holds, readable without the catalogue. A copy, never the truth."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.store.durable.sealed import sealed, unsealed
from mmsearch.store.precision import DEFAULT_PRECISION, PRECISIONS
from mmsearch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from mmsearch.store.catalogue.reader import CatalogueReader
    from mmsearch.store.precision import Precision
    from mmsearch.types import Modality

FORMAT = 3  # places nest
OLDEST = 1  # format that can still be read: all vectors are halves there


@dataclass(frozen=True, slots=True)
class ManifestEncoder:
    """An encoder; ``folder`` lies under ``vectors/``, ``rows`` is the length of its shards by modality.

    ``precision``: the form of their rows.
    """

    name: str
    dimension: int
    fingerprint: str
    folder: str
    rows: Mapping[Modality, int]
    precision: Precision = DEFAULT_PRECISION


@dataclass(frozen=True, slots=True)
class Manifest:
    """Format of the directory, version that wrote it, the catalogue's generation, encoders."""

    format: int
    mmsearch: str
    generation: int
    encoders: tuple[ManifestEncoder, ...]

    @classmethod
    def of(cls, catalogue: CatalogueReader) -> Self:
        """The manifest of what the catalogue holds now."""
        with catalogue.snapshot():
            encoders = tuple(
                ManifestEncoder(
                    record.name,
                    record.dimension,
                    record.fingerprint,
                    record.folder,
                    {m: catalogue.highest_row(record.encoder_id, m) + 1 for m in record.modalities},
                    record.precision,
                )
                for record in catalogue.encoders()
            )
            return cls(FORMAT, __version__, catalogue.generation(), encoders)

    def to_json(self) -> str:
        """The file's text."""
        return sealed(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The manifest that ``to_json`` wrote, in this version or an earlier one; ValueError for anything else."""
        data: dict[str, Any] = unsealed(text.encode())
        if data.get("format") not in range(OLDEST, FORMAT + 1):
            raise ValueError("not a manifest of a format that can be read")
        try:
            encoders = tuple(
                ManifestEncoder(
                    str(one["name"]),
                    int(one["dimension"]),
                    str(one["fingerprint"]),
                    str(one["folder"]),
                    {modality: int(rows) for modality, rows in one["rows"].items()},
                    PRECISIONS[PRECISIONS.index(one.get("precision", DEFAULT_PRECISION))],
                )
                for one in data["encoders"]
            )
            return cls(FORMAT, str(data["mmsearch"]), int(data["generation"]), encoders)
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"a manifest without {error}") from error


def format_of(text: str) -> int | None:
    """The format that a manifest's text claims; None when it claims none."""
    try:
        claimed = json.loads(text)["format"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return claimed if isinstance(claimed, int) else None
