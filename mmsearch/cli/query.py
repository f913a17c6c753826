"""``mmsearch query``: search an index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

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
)
from mmsearch.cli.output.rows import chosen_columns, print_rows, row_form
from mmsearch.errors import UsageError

_LOOK, _AMONG, _ORDER, _SHOW = "What to look for", "Among which items", "Ranking", "What is shown"


def query(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT...",
            help='Words, "phrases", -minus, @picture.jpg, @sound.mp3, #item, filters: see docs/query-language.md. '
            "Quotation marks around all of it are needed for what the shell or an option would take.",
        ),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image", help="A picture to search by: a file, a URL, or - for stdin.", rich_help_panel=_LOOK
        ),
    ] = None,
    audio: Annotated[
        list[str] | None,
        typer.Option(
            "--audio", help="A sound to search by: a file, a URL, or - for stdin.", rich_help_panel=_LOOK
        ),
    ] = None,
    spoken: Annotated[
        str | None,
        typer.Option(
            help="A recording of what to look for, which is understood (extra speech): a file, a URL, or - for stdin.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    speech_model: Annotated[
        str | None,
        typer.Option(
            help="By which speech model: a folder or a name; else what MMSEARCH_SPEECH_MODEL names.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option(help="More like this item of the index: 12.", rich_help_panel=_LOOK)
    ] = None,
    minus: Annotated[list[str] | None, typer.Option(help="Less of this.", rich_help_panel=_LOOK)] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="None of this.", rich_help_panel=_LOOK)] = None,
    json_query: Annotated[
        str | None,
        typer.Option(
            help="A whole query as a JSON object: a file, or - for stdin. What else is given here goes before.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    allow_private: AllowPrivate = False,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    modality: Annotated[
        str | None,
        typer.Option(help="Only items of this kind: image, text or audio.", rich_help_panel=_AMONG),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="Only documents whose fields match: 'year >= 1990'.", rich_help_panel=_AMONG),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(help="Only documents whose path matches this glob.", rich_help_panel=_AMONG),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="One hit per document (as it is), or per item.", rich_help_panel=_ORDER),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="By relevance (as it is), path, title or a field: year; -year is descending.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option(
            help="How channels are fused: calibrated, logodds, rrf, combsum, combmnz.", rich_help_panel=_ORDER
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Of channels: text->image=1.5,words=0.5; default for 1 each, even after tune.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    rerank: Annotated[
        str | None,
        typer.Option(
            help="cross-encoder:MODEL (a name or a directory) reads the first hits' texts again; exact scores "
            "them in full precision.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    rerank_depth: Annotated[
        int | None,
        typer.Option(help="How many hits are read again: 100.", rich_help_panel=_ORDER),
    ] = None,
    k: Annotated[int | None, typer.Option("-k", help="How many hits: 10.", rich_help_panel=_SHOW)] = None,
    offset: Annotated[int | None, typer.Option(help="Pass over so many hits.", rich_help_panel=_SHOW)] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(
            help="Where the line stands: the largest expected count of a match.", rich_help_panel=_SHOW
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Hide the guesses below the line.", rich_help_panel=_SHOW),
    ] = False,
    all_copies: Annotated[
        bool, typer.Option("--all", help="Show copies too, not one of each.", rich_help_panel=_SHOW)
    ] = False,
    facet: Annotated[
        list[str] | None,
        typer.Option(help="Count the values of these fields: year,creator.", rich_help_panel=_SHOW),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(
            help="Passages before and after a passage that come along.",
            rich_help_panel=_SHOW,
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each channel contributed.", rich_help_panel=_SHOW)
    ] = False,
    as_json: AsJson = False,
    as_tsv: AsTsv = False,
    as_csv: AsCsv = False,
    fields: Fields = None,
    only_paths: OnlyPaths = False,
    only_paths0: OnlyPaths0 = False,
    thumbnails: Annotated[
        str,
        typer.Option(
            help="auto: pictures on a terminal, in half blocks if it has no graphics; always, blocks, never."
        ),
    ] = "auto",
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a contact sheet of the hits to this file too.")
    ] = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Open the contact sheet in a browser.")] = False,
) -> None:
    """Search an index by words, pictures, or both."""
    from mmsearch.cli.output.thumbnails import terminal_pictures
    from mmsearch.cluster.opening import open as open_library

    form = row_form(as_json=as_json, tsv=as_tsv, csv=as_csv, paths=only_paths, paths0=only_paths0)
    show = terminal_pictures(thumbnails)
    text = " ".join(words) if words else None
    if spoken is not None:
        text = _understood(spoken, speech_model, allow_private=allow_private) + (f" {text}" if text else "")
    # What has a wrong value is refused by the request, in the same words for all faces.
    given: dict[str, Any] = {
        "text": text, "image": image, "audio": audio, "item": _item_ids(item), "minus": minus, "exclude": exclude,
        "modality": modality, "where": where, "path": path, "group": group, "sort": sort, "fusion": fusion,
        "weights": _weights(weights), "rerank": rerank, "rerank_depth": rerank_depth, "k": k, "offset": offset,
        "cutoff": cutoff, "facets": _names(facet), "context": context,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if strict:
        given["strict"] = True
    if all_copies:
        given["duplicates"] = "show"
    with open_library(index_dir, allow_private=allow_private) as library:
        from mmsearch.search.request import SearchRequest

        described = {} if json_query is None else SearchRequest.read_json(_read(json_query))
        # what a stranger may have written is text; on the command line it is the user who names files
        strange = described.keys() & {"text", "minus", "exclude"} - given.keys()
        given |= {"allow_files": not strange, "allow_urls": not strange}
        request = SearchRequest.from_arguments({**described, **given})
        results = library.search(request)
        columns = chosen_columns(fields, form, library)
    explain = explain or described.get("explain", False)
    if html is not None or in_browser:
        from mmsearch.cli.output.sheet import show_sheet

        show_sheet(results, text or str(results.query), html, opened=in_browser)
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.results import results_as_json

        print_json(results_as_json(results, text=text, explain=explain))
    elif form is not None:
        # rows go into a pipe, which sees no line, unless they say where each stands
        print_rows(results if "beyond_chance" in columns else results.matches, form, columns)
    else:
        from mmsearch.cli.output.hits import GUESSES, print_results

        field = getattr(request.sort, "field", "")
        guesses = GUESSES if "k" not in {**described, **given} else None
        print_results(results, explain=explain, show=show, field=field, guesses=guesses)


def _understood(source: str, model: str | None, *, allow_private: bool) -> str:
    """What is said in a recording, told on stderr."""
    from mmsearch.cli.output.terminal import say
    from mmsearch.encoders.speech import given_model
    from mmsearch.media.sound.given import given_pieces
    from mmsearch.printable import in_a_line
    from mmsearch.search.query.notation import plain

    with given_pieces(source, allow_private=allow_private) as pieces:
        heard = [one.text for one in given_model(model).understand(pieces) if not one.doubtful]
    text = " ".join(" ".join(heard).split()).rstrip(".?! ")
    if not text:
        raise UsageError(f"nothing was understood in {source}: say it again, or use another --speech-model")
    say(f"mmsearch: understood “{in_a_line(text)}”", stderr=True)
    return plain(text)  # what was said names no files and has no operators


def _item_ids(written: list[str] | None) -> list[int]:
    """``12`` or ``#12``, as the query language writes it."""
    numbers = []
    for one in written or ():
        if not one.removeprefix("#").isdecimal():
            raise UsageError(f"--item is the number of an item, such as 12, not {one!r}; --json shows them")
        numbers.append(int(one.removeprefix("#")))
    return numbers


def _names(facet: list[str] | None) -> list[str]:
    """``year,creator`` and one after the other alike."""
    return [name.strip() for one in facet or () for name in one.split(",") if name.strip()]


def _weights(written: str | None) -> dict[str, float] | None:
    if written is None:
        return None
    from mmsearch.search.ranking.weights import parse_weights

    return dict(parse_weights(written))


def _read(source: str) -> bytes:
    """What a file or standard input holds."""
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"the query {source} can't be read: {error.strerror or error}") from error
