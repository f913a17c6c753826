"""What a folder of a foreign encoder holds, whichever layout it has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.errors import EncoderError

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.types import PictureSpec

Triple = tuple[float, float, float]
LARGEST_JSON = 100_000_000  # bytes; the tokenizers of SigLIP 2 have 34 million


@dataclass(frozen=True, slots=True)
class Source:
    """Two ONNX files and how they are fed.

    ``mean`` and ``deviation`` are of red, green and blue from 0 to 1. ``tokenizer`` is JSON of the tokenizers library
    that cleans texts as the model was trained with. Texts have at most ``context`` tokens and are filled up to that
    with ``padding``; None: the graph takes them as long as they are.
    """

    layout: str
    visual: Path
    textual: Path
    picture: PictureSpec
    mean: Triple
    deviation: Triple
    tokenizer: str
    context: int
    padding: int | None


def read_json(path: Path) -> dict[str, Any]:
    """The object in the JSON file ``path``; EncoderError when it is missing, too large, or something else."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise EncoderError(f"{path} is too large to be a description: get the encoder again")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderError(
            f"{path} can't be read ({error.strerror}): the folder must hold all files of the encoder"
        ) from error
    except (ValueError, RecursionError) as error:
        raise EncoderError(f"{path} is not JSON ({error}): get the encoder again") from error
    if not isinstance(content, dict):
        raise EncoderError(f"{path} describes nothing: get the encoder again")
    return content


def triple(values: Any, what: str, path: Path) -> Triple:
    """``values`` as three floats; EncoderError naming ``what`` of ``path`` else."""
    try:
        first, second, third = (float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise EncoderError(f"{what} in {path} is not three numbers: get the encoder again") from error
    return first, second, third
