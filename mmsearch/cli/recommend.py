"""``mmsearch recommend``: more like these, less like those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import (
    DEFAULT_INDEX,
    AllowPrivate,
    AsCsv,
    AsJson,
    AsTsv,
    Fields,
    IndexDirectory,
    OnlyPaths,
    OnlyPaths0,
    Paths,
    Where,
)
from mmsearch.cli.output.hits import copies_left_out
from mmsearch.cli.output.rows import chosen_columns, print_rows, row_form
from mmsearch.cli.output.terminal import say
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.search.results.results import Results


def recommend(
    like: Annotated[
        list[str] | None,
        typer.Option("--like", help="A document's path, #item-id, or a picture elsewhere (file, URL, -)."),
    ] = None,
    dislike: Annotated[list[str] | None, typer.Option("--dislike", help="Less like this.")] = None,
    allow_private: AllowPrivate = False,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    k: Annotated[int, typer.Option("-k", help="How many hits.")] = 10,
    modality: Annotated[str | None, typer.Option(help="Only items of this kind: image or text.")] = None,
    where: Where = None,
    path: Paths = None,
    diverse: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="0: the most alike; up to 1: alike but different.")
    ] = 0.0,
    method: Annotated[str, typer.Option(help="average, best or per-document.")] = "average",
    profile: Annotated[
        str | None, typer.Option(help="A name under which likes and dislikes are kept; new ones are added.")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the profile, and do no more.")] = False,
    all_copies: Annotated[bool, typer.Option("--all", help="Show copies too, not one of each.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each example contributed.")] = False,
    as_json: AsJson = False,
    as_tsv: AsTsv = False,
    as_csv: AsCsv = False,
    fields: Fields = None,
    only_paths: OnlyPaths = False,
    only_paths0: OnlyPaths0 = False,
) -> None:
    """Recommend what is like some documents and unlike others; what is given is left out."""
    from mmsearch.cluster.opening import open as open_library
    from mmsearch.search.recommend.request import RecommendRequest

    form = row_form(as_json=as_json, tsv=as_tsv, csv=as_csv, paths=only_paths, paths0=only_paths0)
    if forget:
        if profile is None:
            raise UsageError("--forget needs --profile NAME")
        with open_library(index_dir) as library:
            library.forget_profile(profile)
        say(f"forgot the profile {profile}")
        return
    request = RecommendRequest(
        like=like,
        dislike=dislike,
        k=k,
        profile=profile,
        modality=modality,  # type: ignore[arg-type]  # the request refuses any other
        where=where,
        path=path,
        diverse=diverse,
        method=method,  # type: ignore[arg-type]
        duplicates="show" if all_copies else "collapse",
    )
    with open_library(index_dir, allow_private=allow_private) as library:
        results = library.recommend(request)
        columns = chosen_columns(fields, form, library)
        kept = None if profile is None else library.profile(profile)
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.results import recommended_as_json

        print_json(recommended_as_json(results, explain=explain))
    elif form is not None:
        print_rows(results, form, columns)
    else:
        _print(results, explain=explain)
        if kept is not None:
            say(f"profile {kept.name}: {len(kept.likes)} liked, {len(kept.dislikes)} disliked")


def _print(results: Results, *, explain: bool) -> None:
    from mmsearch.cli.output.reasons import steps
    from mmsearch.cli.output.terminal import console, escape

    out = console()
    for note in results.notes:
        out.print(f"[dim]{escape(note)}[/]")
    if not results:
        out.print("Nothing else passes.")
    for hit in results:
        extras = [] if hit.locator.kind == "whole" else [f"[dim]{hit.locator.part or hit.locator}[/]"]
        extras += [escape(hit.title or ""), *copies_left_out(hit)]
        line = "  ".join([f"[green]{hit.strength:>3}[/]", escape(hit.path), *filter(None, extras)])
        out.print(f"[bold]{hit.rank:>3}[/]  {line}")
        for reason in hit.explanation if explain else ():
            out.print(
                f"          [cyan]{reason.contribution:+8.3f}[/]  {escape(reason.channel)} {escape(reason.part)}: "
                f"{steps(reason)}"
            )
        if explain:
            out.print(f"        = {hit.score:8.3f}")
