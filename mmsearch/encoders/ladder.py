"""The encoders that can be fetched by a name, and where those that were lie.

Names, licences, sizes and published figures only: what fetches them is `mmsearch.hub`. Figures marked as published are
the authors', measured with the whole floats; ours are in docs/models.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE = "MMSEARCH_ENCODERS"


@dataclass(frozen=True, slots=True)
class Rung:
    """An encoder on the hub.

    ``digests`` are SHA-256 of its files where they are known beforehand; all others are held against what the hub says.
    ``published`` are recalls in percent on COCO's 5,000 test pictures, first hit, text → image and image → text.
    ``bytes_fetched`` are of the files, ``bytes_kept`` of the towers in int8, ``megabytes`` and ``pictures`` (a second a
    core) are what we measured with random weights of the same shape; None where that was not.
    """

    name: str
    model: str
    repository: str
    revision: str
    variant: str | None
    license: str
    languages: str
    published: tuple[float, float]
    published_by: str
    bytes_fetched: int
    bytes_kept: int | None
    megabytes: int | None  # resident, of a query in a new process
    pictures: float | None
    digests: Mapping[str, str] = field(default_factory=dict)


_TOKENIZER = "cb9140fae3ac5122c972d37adf83e1248471a38147ad76f8215c8872c6fd8322"
_BIG_VISION = "google-research/big_vision, README_siglip2.md"
LADDER: dict[str, Rung] = {
    rung.name: rung
    for rung in (
        Rung(
            name="small",
            model="SigLIP 2 B/32, 256 pixels",
            repository="immich-app/ViT-B-32-SigLIP2-256__webli",
            revision="762c736d366fc253e9453021144f9fe71789b075",
            variant=None,
            license="Apache-2.0",
            languages="109 languages",
            published=(47.2, 63.7),
            published_by=_BIG_VISION,
            bytes_fetched=1_542_206_111,
            bytes_kept=386_000_000,
            megabytes=448,
            pictures=9.3,
            digests={
                "textual/model.onnx": "ba6e09d2dbb3d7ac0f9e2935676db92dceebddfd06c1462b67019caa90eeea20",
                "visual/model.onnx": "e96b8a3d32ab1b683aa12c45312342b4a10d4befef5f195f5cf84eadf1938696",
                "textual/tokenizer.json": "220c63d496e0c14e63eb656c91e0215e926202e4c74b1f089e09f1920d779b04",
            },
        ),
        Rung(
            name="medium",
            model="SigLIP 2 B/16, 256 pixels",
            repository="onnx-community/siglip2-base-patch16-256-ONNX",
            revision="d1114256522a37ffa257a0a58017348ab0058db2",
            variant="fp32",
            license="Apache-2.0",
            languages="109 languages",
            published=(53.2, 69.7),
            published_by=_BIG_VISION,
            bytes_fetched=1_535_873_000,
            bytes_kept=380_000_000,
            megabytes=448,
            pictures=2.4,
            digests={
                "onnx/vision_model.onnx": "f5cb16728a704703f05516ded628397e11dbca4de2eb5db04b0c0bcee988aa7a",
                "onnx/text_model.onnx": "d3de4a6bbbfcb429b6615ac496790353cf4a4fc0f19fbbe7179e523ae60daaef",
                "tokenizer.json": _TOKENIZER,
            },
        ),
        Rung(
            name="large",
            model="SigLIP 2 L/16, 256 pixels",
            repository="onnx-community/siglip2-large-patch16-256-ONNX",
            revision="c03fb63ddd5fe363212cbd08110f92a35250db6a",
            variant="fp16",
            license="Apache-2.0",
            languages="109 languages",
            published=(54.7, 71.5),
            published_by=_BIG_VISION,
            bytes_fetched=1_800_000_000,
            bytes_kept=None,
            megabytes=None,
            pictures=None,
            digests={
                "onnx/vision_model_fp16.onnx": "f7f719385d406bde52e638069d04fc82453deff9df6aad69426375a78450fd1a",
                "onnx/text_model_fp16.onnx": "bf7195836ddeb5beea9277e689ffa8142cbdbb375e2e4b699487f50234884280",
                "tokenizer.json": _TOKENIZER,
            },
        ),
    )
}


def encoders_home() -> Path:
    """The folder of fetched encoders: ``MMSEARCH_ENCODERS``, or ``mmsearch/encoders`` where data of users lie."""
    if given := os.environ.get(HOME_VARIABLE):
        return Path(given).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "mmsearch" / "encoders"
