"""Options that several verbs share, so that they are named, described and defaulted once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_INDEX = Path("indexes/default")

IndexDirectory = Annotated[
    Path, typer.Option("--index", "-i", envvar="MMSEARCH_INDEX", help="The index directory.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
EncoderName = Annotated[
    str,
    typer.Option("--encoder", "-e", help="pocket, openclip:ARCHITECTURE/PRETRAINED, or a directory."),
]
