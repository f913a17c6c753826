"""``mmsearch check``: is the index whole?"""

from __future__ import annotations

from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, LogJson
from mmsearch.cli.output.terminal import say


def check(
    index_dir: IndexDirectory = DEFAULT_INDEX,
    repair: Annotated[
        bool, typer.Option(help="Drop what can't be trusted; the next `index` run makes it anew.")
    ] = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Check every file of an index against the others, and its encoders against their check vectors.

    Exit status 4 if anything is wrong.
    """
    from mmsearch.cli.output.logs import log
    from mmsearch.cli.output.terminal import print_json
    from mmsearch.library.check import ENCODER
    from mmsearch.library.check import check as find_problems
    from mmsearch.library.check import repair as mend

    with log(log_json):
        problems = mend(index_dir) if repair else find_problems(index_dir)
    if as_json:
        rows = [{"file": p.file, "problem": p.what, "repairable": p.repairable} for p in problems]
        print_json({"index": str(index_dir), "repaired": repair, "problems": rows})
    elif not problems:
        say(f"{index_dir}: all is well")
    else:
        for problem in problems:
            state = (
                "mended" if repair and problem.repairable else "repairable" if problem.repairable else "lost"
            )
            say(f"{problem.file}: {problem.what}" + f" ({state})" * (problem.file != ENCODER))
        if repair:
            say("now run `mmsearch index CORPUS` again: what was dropped is made anew")
        elif any(problem.repairable for problem in problems):
            say(f"`mmsearch check --repair --index {index_dir}` mends what is repairable")
    if problems and not repair:
        raise typer.Exit(4)
