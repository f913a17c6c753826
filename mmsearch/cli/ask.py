"""``mmsearch ask``: answer a question out of the texts of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, Paths, Where

if TYPE_CHECKING:
    from rich.console import Console

    from mmsearch.search.ask.answers import Answer, Answers


def ask(
    words: Annotated[
        list[str], typer.Argument(metavar="QUESTION...", help="The question, as you would ask a person.")
    ],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 3,
    context: Annotated[int, typer.Option(help="Passages before and after each answer to show with it.")] = 1,
    where: Where = None,
    path: Paths = None,
    cutoff: Annotated[float | None, typer.Option(help="Largest expected count of an answer.")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Show best guesses beyond the cutoff too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question with passages of the indexed texts, the best sentence of each marked."""
    from mmsearch.cluster.opening import open as open_library
    from mmsearch.search.ask.request import AskRequest
    from mmsearch.search.query.defaults import DEFAULT_CUTOFF

    request = AskRequest(
        " ".join(words),
        k=k,
        context=context,
        where=where,
        path=path,
        cutoff=None if anyway else DEFAULT_CUTOFF if cutoff is None else cutoff,
    )
    with open_library(index_dir) as library:
        answers = library.ask(request)
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.answers import answers_as_json

        print_json(answers_as_json(answers))
    else:
        _print_answers(answers)


def _print_answers(answers: Answers) -> None:
    from mmsearch.cli.output.terminal import console, escape

    out = console()
    for note in answers.notes:
        out.print(f"[dim]{escape(note)}[/]")
    if answers.no_answer:
        out.print("No answer here: nothing in this index answers the question.")
        if answers.best_guesses:
            out.print("[dim]--anyway shows what comes nearest.[/]")
        return
    for answer in answers:
        _print_answer(out, answer)


def _print_answer(out: Console, answer: Answer) -> None:
    """The passages around in dim, the sentence in bold, its place behind it."""
    from mmsearch.cli.output.terminal import escape

    title = f"  {escape(answer.title)}" if answer.title else ""
    place = f"[green]{answer.strength:>3}[/]  {escape(answer.citation)}{title}"
    out.print(f"[bold]{answer.rank:>3}[/]  {place}")
    pieces = [
        *(f"[dim]{escape(_flat(one.text))}[/]" for one in answer.before),
        escape(_flat(answer.text[: answer.start])),
        f"[bold]→ {escape(_flat(answer.sentence))}[/]",
        escape(_flat(answer.text[answer.end :])),
        *(f"[dim]{escape(_flat(one.text))}[/]" for one in answer.after),
    ]
    for piece in pieces:
        if piece:
            out.print(f"     {piece}")
    if answer.pictures:
        out.print(f"     [cyan]picture[/] {escape(answer.file)}")


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
