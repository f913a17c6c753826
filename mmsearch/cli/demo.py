"""``mmsearch demo``: index a few photographs and texts, ask ten questions, and show what comes back."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.output.terminal import say
from mmsearch.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mmsearch.library import Library
    from mmsearch.search.results.results import Results

# Photographs that come with scikit-image, under names that say nothing: only what they show can match.
PHOTOGRAPHS = {
    "astronaut.png": "photo-01.png",
    "brick.png": "photo-02.png",
    "camera.png": "photo-03.png",
    "chelsea.png": "photo-04.png",
    "coffee.png": "photo-05.png",
    "coins.png": "photo-06.png",
    "grass.png": "photo-07.png",
    "gravel.png": "photo-08.png",
    "horse.png": "photo-09.png",
    "hubble_deep_field.jpg": "photo-10.jpg",
    "ihc.png": "photo-11.png",
    "moon.png": "photo-12.png",
    "motorcycle_left.png": "photo-13.png",
    "page.png": "photo-14.png",
    "retina.jpg": "photo-15.jpg",
    "rocket.jpg": "photo-16.jpg",
    "color.png": "photo-17.png",
    "cell.png": "photo-18.png",
}
ORIGINALS = {name: original for original, name in PHOTOGRAPHS.items()}


@dataclass(frozen=True, slots=True)
class Question:
    """One query of the demo. ``right``: paths of which one must come first; empty: nothing must match.

    A picture in ``options`` is a name in scikit-image's folder.
    """

    kind: str
    text: str | None
    right: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


PICTURES, TEXTS = {"modality": "image"}, {"modality": "text"}


def _photo(original: str) -> str:
    return f"photos/{PHOTOGRAPHS[original]}"


QUESTIONS = (
    Question("text → picture", "a tabby cat looking at the camera", (_photo("chelsea.png"),), PICTURES),
    Question("text → picture", "a night sky full of stars", (_photo("hubble_deep_field.jpg"),), PICTURES),
    Question("text → picture", "a cup of coffee with a spoon", (_photo("coffee.png"),), PICTURES),
    Question("text → picture", "a man with a camera on a tripod", (_photo("camera.png"),), PICTURES),
    Question("picture → text", None, ("texts/kitchen/espresso.txt",), {"image": "coffee.png", **TEXTS}),
    Question("picture → picture", None, (_photo("motorcycle_left.png"),), {"image": "motorcycle_right.png"}),
    Question("text → text", "how do I get my money back?", ("texts/help/refund.txt",)),
    Question(
        "picture + words",
        "what should I check before a ride?",
        ("texts/workshop/motorcycle.txt",),
        {"image": "motorcycle_right.png", **TEXTS},
    ),
    Question(
        "words − words", "something round", (_photo("coins.png"),), {"minus": ["a cup of coffee"], **PICTURES}
    ),
    Question("nothing matches", "penguins in Antarctica", ()),
)


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the demo corpus goes; it stays there to play with.")
    ] = Path("demo-corpus"),
    index_dir: Annotated[Path, typer.Option("--index", "-i", help="The index directory.")] = Path(
        "indexes/demo"
    ),
    report: Annotated[Path, typer.Option(help="The contact sheet of the results.")] = Path(
        "demo-report.html"
    ),
) -> None:
    """Index 18 photographs and 36 short texts, ask ten questions, show the answers."""
    from mmsearch.library import index

    started = time.monotonic()
    originals = _scikit_image_pictures()
    write_corpus(folder, originals)
    with index(folder, index_dir) as library:
        answers = list(_ask(library, originals))
        _print_answers(library, answers)
        report.write_text(_contact_sheet(answers, library), encoding="utf-8")
    right = sum(is_right for _, _, is_right in answers)
    seconds = time.monotonic() - started
    import shlex

    own = f"{command_here()} query a dark sky --index {shlex.quote(str(index_dir))}"
    say(f"contact sheet: {report}   try your own: {own}")
    say(f"demo: {right} of {len(answers)} right first hits, {seconds:.1f} s")


def command_here() -> str:
    """How this command is called from here: by its name where the shell finds it, else by its path."""
    import shlex

    called = Path(sys.argv[0])
    if called.stem == "__main__":
        return f"{shlex.quote(sys.executable)} -m mmsearch"
    found = shutil.which("mmsearch")
    if found is not None and Path(found).samefile(called):
        return "mmsearch"
    return shlex.quote(os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called))


def _scikit_image_pictures() -> Path:
    """The folder of pictures in scikit-image, found without importing it."""
    import importlib.util

    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("the demo", "demo")
    return Path(spec.submodule_search_locations[0]) / "data"


def write_corpus(folder: Path, originals: Path) -> None:
    """Put the demo's photographs and texts under ``folder``; what is there already stays as it is."""
    from importlib import resources

    (folder / "photos").mkdir(parents=True, exist_ok=True)
    for original, name in PHOTOGRAPHS.items():
        target = folder / "photos" / name
        if not target.exists():
            shutil.copyfile(originals / original, target)
    texts = resources.files("mmsearch.cli").joinpath("data/demo-texts.jsonl").read_text(encoding="utf-8")
    for line in texts.splitlines():
        record = json.loads(line)
        target = folder / "texts" / record["path"]
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(record["text"] + "\n", encoding="utf-8")


def _ask(library: Library, originals: Path) -> Iterator[tuple[Question, Results, bool]]:
    for question in QUESTIONS:
        options = dict(question.options)
        if "image" in options:
            options["image"] = originals / options["image"]
        results = library.search(question.text, k=5, **options)
        first = results.matches[0].path if results.matches else None
        is_right = first in question.right if question.right else results.nothing_matches
        yield question, results, is_right


def _print_answers(library: Library, answers: list[tuple[Question, Results, bool]]) -> None:
    from rich.table import Table

    from mmsearch.cli.output.terminal import console, escape

    out = console()
    now = library.statistics()
    out.print(f"indexed {now.items.get('image', 0)} photographs and {now.items.get('text', 0)} passages")
    table = Table("", "kind", "query", "first hit", "strength", box=None, pad_edge=False)
    for question, results, is_right in answers:
        mark = "[green]✓[/]" if is_right else "[red]✗[/]"
        if results.nothing_matches:
            table.add_row(
                mark, question.kind, escape(_describe(question)), "nothing in this index matches", "–"
            )
            continue
        hit = results[0]
        original = ORIGINALS.get(Path(hit.path).name)
        shown = f"{hit.path} ({original})" if original else hit.path
        table.add_row(mark, question.kind, escape(_describe(question)), escape(shown), f"{hit.strength:.0f}")
    out.print(table)


def _describe(question: Question) -> str:
    parts = [question.options.get("image"), question.text and f"“{question.text}”"]
    described = " + ".join(part for part in parts if part)
    minus = question.options.get("minus")
    return f"{described} − “{minus[0]}”" if minus else described


def _contact_sheet(answers: list[tuple[Question, Results, bool]], library: Library) -> str:
    from mmsearch.search.results.gallery import page

    sections = [
        (f"{'✓' if is_right else '✗'} {question.kind}: {_describe(question)}", results)
        for question, results, is_right in answers
    ]
    return page("mmsearch demo", sections, library.thumbnails)
