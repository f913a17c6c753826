"""``mmsearch train``: train an encoder by a recipe, adapt one to pairs of one's own, or teach it a language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.output.adaptation import adapt_and_show, teach_and_show
from mmsearch.cli.output.terminal import say

if TYPE_CHECKING:
    from mmsearch.train.loop.loop import Progress

ADAPTING, TEACHING = "Adapting", "Teaching a language"  # the panels of help that these options stand in


def train(
    output: Annotated[
        Path,
        typer.Option(
            help="Where the weights go, or the adapted encoder; a run that was cut off goes on there."
        ),
    ],
    recipe: Annotated[
        Path | None, typer.Argument(help="A TOML file; recipes/ has some.", exists=True, dir_okay=False)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder that the recipe's sources lie in.", exists=True)
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into OUTPUT/tensorboard.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Adapt or teach this encoder: pocket, a directory; to adapt, also a training run or "
            "openclip:ARCHITECTURE/PRETRAINED.",
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Your captioned pictures: a folder, manifest, zip or tar.",
            exists=True,
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Only records of this split, of pairs and of translations; else those of 'train' where there is one.",
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Captioned pictures of what must not be lost; to adapt, half hold back and half measure.",
            exists=True,
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    most_lost: Annotated[
        float,
        typer.Option(help="Points that may be lost on --keep, on average.", min=0, rich_help_panel=ADAPTING),
    ] = 2.0,
    held_out: Annotated[
        float | None,
        typer.Option(
            help="Share of the pictures that judges the result (0.2), or of the translations (0.1).",
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="fp32, fp16 or int8, for a source not yet compiled.", rich_help_panel=ADAPTING),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Save what is no better, too.", rich_help_panel=ADAPTING)
    ] = False,
    translations: Annotated[
        list[Path] | None,
        typer.Option(
            help="Texts in a language that the encoder knows, each with its translation: a .tsv of two columns, .csv "
            "or .jsonl. Several times for several languages.",
            exists=True,
            dir_okay=False,
            rich_help_panel=TEACHING,
        ),
    ] = None,
    fields: Annotated[
        str,
        typer.Option(
            help="The original's and the translation's field or column: en,de. Else the first two with text.",
            rich_help_panel=TEACHING,
        ),
    ] = "",
    words: Annotated[
        int,
        typer.Option(
            help="Word pieces to add for each language, at most; 4,000 are 0.8 MB of pocket.",
            min=0,
            rich_help_panel=TEACHING,
        ),
    ] = 4000,
    steps: Annotated[
        int,
        typer.Option(help="Steps of training for each language.", min=1, rich_help_panel=TEACHING),
    ] = 300,
) -> None:
    """Train an encoder by RECIPE, adapt one to your pairs (--from pocket --pairs FOLDER), or teach one a language
    (--from pocket --translations FILE). Needs the torch extra.

    Compile what RECIPE gives with `mmsearch encoder compile`; what comes of --from is ready for `index --encoder`.
    """
    from mmsearch.errors import UsageError

    if (recipe is None) == (source is None):
        raise UsageError(
            "give a RECIPE with --data to train by, or --from ENCODER with --pairs or --translations to adapt"
        )
    if recipe is not None:
        if data is None:
            raise UsageError("--data is missing: the folder that the recipe's sources lie in")
        _train(recipe, data, output, tensorboard)
    elif pairs is not None and translations:
        raise UsageError(
            "give --translations first, and then --pairs to what comes of it: one after the other"
        )
    elif pairs is not None:
        settings = (split, most_lost, held_out, precision)
        adapt_and_show(str(source), pairs, output, keep, settings, force=force)
    elif translations:
        names = tuple(name.strip() for name in fields.split(",") if name.strip())
        teaching = (words, steps, held_out, most_lost, names, split)
        teach_and_show(str(source), translations, output, keep, teaching, force=force)
    else:
        raise UsageError(
            "--pairs or --translations is missing: your captioned pictures (a folder, manifest, zip or tar), or a file "
            "of texts with their translations"
        )


def _train(recipe: Path, data: Path, output: Path, tensorboard: bool) -> None:
    from contextlib import ExitStack

    from mmsearch.cli.output.terminal import human_bytes
    from mmsearch.cli.output.training_progress import figures, shown
    from mmsearch.errors import MissingExtraError
    from mmsearch.train.recipe import Recipe

    chosen = Recipe.load(recipe)
    try:
        from mmsearch.train.loop.boards import tensorboard as board
        from mmsearch.train.loop.loop import train as run
        from mmsearch.train.loop.state import WEIGHTS_FILE
    except ModuleNotFoundError as error:
        raise MissingExtraError("training", "torch") from error
    with ExitStack() as stack:
        listeners = [stack.enter_context(shown())]
        if tensorboard:
            listeners.append(stack.enter_context(board(output / "tensorboard")))

        def progress(now: Progress) -> None:
            for listener in listeners:
                listener(now)

        result = run(chosen, data, output, progress=progress)
    if not result.leads:
        return
    weights = result.output / WEIGHTS_FILE
    say(f"{weights}: {human_bytes(weights.stat().st_size)}, dev score {result.best:.2f}")
    for name, measures in result.dev.items():
        say(f"  {name}: " + figures(measures))
    say(f"next: mmsearch encoder compile {output} ENCODER_DIRECTORY --precision int8")
