"""Options that several verbs share, so that they are named, described and defaulted once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

INDEX_VARIABLE = "MMSEARCH_INDEX"
DEFAULT_INDEX = Path("indexes/default")


def nearest_index(context: typer.Context, given: Path) -> Path:
    """``given``, or without it ``indexes/default`` of this folder or of the nearest one above that has one.

    One that belongs to another user is passed over: in a folder that is open to all, anyone could have put it there.
    """
    source = context.get_parameter_source("index_dir")
    if source is None or source.name != "DEFAULT":
        return given
    here = Path.cwd()
    for above in (here, *here.parents):
        try:
            owner = (above / given).stat().st_uid
        except OSError:
            continue
        if above == here or owner in (0, os.getuid()):
            return Path(os.path.relpath(above / given))
    return given


IndexDirectory = Annotated[
    Path,
    typer.Option(
        "--index",
        "-i",
        envvar=INDEX_VARIABLE,
        callback=nearest_index,
        help="The index directory; else indexes/default here or in a folder above.",
    ),
]
NewIndexDirectory = Annotated[
    Path, typer.Option("--index", "-i", envvar=INDEX_VARIABLE, help="The index directory.")
]
Where = Annotated[
    str | None, typer.Option("--where", help="Only documents whose fields match: 'year >= 1990'.")
]
Paths = Annotated[
    list[str] | None, typer.Option("--path", help="Only documents whose path matches one of these globs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
LogJson = Annotated[
    bool, typer.Option("--log-json", help="Log what happens to stderr, a JSON object a line.")
]
AsTsv = Annotated[
    bool,
    typer.Option("--tsv", help="Print a header and a line for each hit; tabs and line ends are escapes."),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="The same as CSV, for spreadsheets.")]
Fields = Annotated[
    str | None,
    typer.Option("--fields", help="Columns of --tsv and --csv: rank,path,title, or fields such as year."),
]
OnlyPaths = Annotated[bool, typer.Option("--paths", help="Print the files' paths only, one a line.")]
OnlyPaths0 = Annotated[bool, typer.Option("--paths0", help="The same, each ended by a NUL: for xargs -0.")]
AllowPrivate = Annotated[
    bool,
    typer.Option(
        "--allow-private",
        help="Fetch pictures from servers of this machine and its networks too.",
    ),
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Leave out paths that match this glob.")]
Workers = Annotated[int, typer.Option(min=0, help="Threads that decode and encode; 0 = one a core.")]
VectorForm = Annotated[
    str,
    typer.Option(
        "--vectors",
        help="Keep vectors as float16, int8 (half the size) or binary (1/15); settled by the first run.",
    ),
]
Dimensions = Annotated[
    int, typer.Option(min=0, help="Keep only N floats of each vector; 0 = all; settled by the first run.")
]
Fuse = Annotated[
    str,
    typer.Option(
        help="mean: keep a vector of each document with a picture and texts as well; none: no longer."
    ),
]
FollowLinks = Annotated[bool, typer.Option(help="Follow symbolic links.")]
ColumnMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="What columns of a manifest are: title=Titel,caption=Beschreibung."),
]
Isolate = Annotated[
    bool, typer.Option("--isolate", help="Decode in child processes: for files of strangers.")
]
MaxSeconds = Annotated[float, typer.Option(min=0.1, help="Give up a file that takes longer to decode.")]
MaxPixels = Annotated[int, typer.Option(min=1, help="Skip pictures of more pixels.")]
EncoderName = Annotated[
    str,
    typer.Option(
        "--encoder",
        "-e",
        help="pocket; small, medium or large, fetched once; openclip:ARCHITECTURE/PRETRAINED; or a directory.",
    ),
]
