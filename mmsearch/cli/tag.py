"""``mmsearch tag``: tag what an index holds by a list of labels, without training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, Paths, Where
from mmsearch.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.library import Library
    from mmsearch.search.tags.labels import Label
    from mmsearch.search.tags.tags import Tagging

DOCUMENTS_SHOWN = 20
FAILED_SHOWN = 20


def tag(
    labels: Annotated[
        str,
        typer.Option(help="A file of labels, one a line, other words for it behind a comma; - for stdin."),
    ],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    field: Annotated[str, typer.Option(help="The field that the tags go to.")] = "tags",
    where: Where = None,
    path: Paths = None,
    modality: Annotated[
        str | None, typer.Option(help="Look only at items of this kind: image or text.")
    ] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(help="Tags that a picture of none of the labels may get by chance, on average."),
    ] = None,
    single: Annotated[
        bool, typer.Option("--single", help="The best label for each document, and always one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the tags, write nothing.")] = False,
    write_sidecars: Annotated[
        bool,
        typer.Option("--write-sidecars", help="Write the tags of pictures to PICTURE.xmp beside them too."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tag documents by a list of labels: those that they show or tell of, which may be none."""
    from mmsearch.library import open as open_library
    from mmsearch.search.tags.tags import tag as find_tags
    from mmsearch.types import MODALITIES

    if modality is not None and modality not in MODALITIES:
        raise UsageError(f"no modality {modality!r}; there are {', '.join(MODALITIES)}")
    options: dict[str, Any] = {"cutoff": None} if single else {}
    if cutoff is not None:
        options["cutoff"] = cutoff
    chosen = _labels(labels)
    with open_library(index_dir) as library:
        tagging = find_tags(
            library, chosen, where=where, path=path, modality=modality, single=single, **options
        )
        changed = 0 if dry_run else _store(library, field, tagging)
        written, failed = _sidecars(library, tagging) if write_sidecars and not dry_run else (0, [])
        paths = _paths(library, tagging)
    report = {
        "field": field,
        "dry_run": dry_run,
        "documents": len(tagging.documents),
        "tagged": sum(bool(one.tags) for one in tagging.documents),
        "changed": changed,
        "labels": tagging.counts,
        "sidecars_written": written,
        "sidecars_failed": [{"path": path, "reason": reason} for path, reason in failed],
    }
    if as_json:
        from mmsearch.cli.output.terminal import print_json

        print_json({**report, "tags": _tags_as_json(tagging, paths)})
    else:
        _print_report(report, tagging, paths)
    if failed:
        raise typer.Exit(3)


def _labels(source: str) -> tuple[Label, ...]:
    from mmsearch.search.tags.labels import read_labels

    try:
        data = typer.get_binary_stream("stdin").read() if source == "-" else Path(source).read_bytes()
        return read_labels(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"the labels can't be read from {source}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{source} is not UTF-8: save the list of labels as UTF-8 text") from error


def _store(library: Library, field: str, tagging: Tagging) -> int:
    from mmsearch.store.corpora import write_field

    changed = write_field(library.directory, field, tagging.values)
    library.refresh()
    return changed


def _sidecars(library: Library, tagging: Tagging) -> tuple[int, list[tuple[str, str]]]:
    """How many sidecars changed, and (path, reason) of those that could not be written."""
    from mmsearch.media.xmp import sidecar_of, write_keywords

    written, failed = 0, []
    for one in tagging.documents:
        items = library.catalogue.document_items(one.document_id)
        if not any(item.modality == "image" for item in items):
            continue
        picture = Path(items[0].corpus_root) / items[0].path
        try:
            if not picture.is_file():
                raise MediaError("the picture is no longer there, so that it gets no sidecar")
            written += write_keywords(sidecar_of(picture), [tag.label for tag in one.tags])
        except MediaError as error:
            failed.append((items[0].path, str(error)))
    return written, failed


def _paths(library: Library, tagging: Tagging) -> dict[int, str]:
    """The paths of the documents that got a tag."""
    items = [one.tags[0].item_id for one in tagging.documents if one.tags]
    return {item.document_id: item.path for item in library.catalogue.items(items)}


def _tags_as_json(tagging: Tagging, paths: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "path": paths.get(one.document_id),
            "document_id": one.document_id,
            "tags": [
                {
                    "label": tag.label,
                    "expected_count": tag.expected_count,
                    "score": round(tag.score, 4),
                    "cosine": round(tag.cosine, 6),
                    "item_id": tag.item_id,
                }
                for tag in one.tags
            ],
        }
        for one in tagging.documents
        if one.tags
    ]


def _print_report(report: dict[str, Any], tagging: Tagging, paths: dict[int, str]) -> None:
    from rich.markup import escape

    from mmsearch.cli.output.terminal import console

    out = console()
    tagged = [one for one in tagging.documents if one.tags]
    for one in tagged[:DOCUMENTS_SHOWN]:
        labels = ", ".join(f"{escape(tag.label)} [dim]{tag.expected_count:.1g}[/]" for tag in one.tags)
        out.print(f"{escape(paths.get(one.document_id, ''))}  {labels}")
    if len(tagged) > DOCUMENTS_SHOWN:
        out.print(f"[dim]… and {len(tagged) - DOCUMENTS_SHOWN} more: --json shows all[/]")
    counts = [f"{escape(label)} {count}" for label, count in _most_frequent(tagging.counts) if count]
    done = "would get" if report["dry_run"] else "got"
    out.print(
        f"[bold]{report['tagged']} of {report['documents']} documents[/] {done} tags: {', '.join(counts) or 'none'}"
    )
    if not report["dry_run"]:
        out.print(f"field {escape(report['field'])}: {report['changed']} documents changed")
    if report["sidecars_written"]:
        out.print(f"{report['sidecars_written']} sidecars written")
    failed: Sequence[dict[str, str]] = report["sidecars_failed"]
    for entry in failed[:FAILED_SHOWN]:
        out.print(f"  [yellow]no sidecar[/] {escape(entry['path'])}: {escape(entry['reason'])}")
    if len(failed) > FAILED_SHOWN:
        out.print(f"  … and {len(failed) - FAILED_SHOWN} more: --json shows all")


def _most_frequent(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: -entry[1])
