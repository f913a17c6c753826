"""``mmsearch encoder``: list, get, look at, verify and compile encoders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import AsJson
from mmsearch.cli.output.terminal import say

if TYPE_CHECKING:
    from mmsearch.encoders.ladder import Rung

app = typer.Typer(no_args_is_help=True, help="List, get, show and compile encoders.")


@app.command("list")
def list_encoders(as_json: AsJson = False) -> None:
    """List the encoders that ship with mmsearch, those that can be fetched, and how to name others."""
    from mmsearch.cli.output.terminal import human_bytes, print_json
    from mmsearch.encoders.description import read_description
    from mmsearch.encoders.ladder import LADDER
    from mmsearch.encoders.registry import fetched_encoder, shipped_encoders

    rows = []
    here = {name: directory for name in LADDER if (directory := fetched_encoder(name))}
    for name, directory in (shipped_encoders() | here).items():
        description = read_description(directory)
        size = sum((directory / file).stat().st_size for file in description.files.values())
        rows.append(
            {
                "name": name,
                "version": description.version,
                "dimension": description.dimension,
                "modalities": sorted(description.modalities),
                "bytes": size,
            }
        )
    if as_json:
        ladder = [rung_as_json(rung, fetched=rung.name in here) for rung in LADDER.values()]
        print_json({"encoders": rows, "ladder": ladder})
        return
    for row in rows:
        say(
            f"{row['name']} {row['version']}: {', '.join(row['modalities'])}, "  # type: ignore[arg-type]
            f"{row['dimension']} dimensions, {human_bytes(float(row['bytes']))}"  # type: ignore[arg-type]
        )
    for rung in LADDER.values():
        if rung.name not in here:
            say(f"{rung.name}: {_rung(rung)}; `mmsearch encoder get {rung.name}`")
    say(
        "openclip:ARCHITECTURE/PRETRAINED: any open_clip model, with the torch extra, as openclip:PE-Core-L-14-336/meta"
    )
    say("DIRECTORY: an encoder made by `mmsearch train` or `mmsearch encoder compile`")


def rung_as_json(rung: Rung, *, fetched: bool) -> dict[str, object]:
    """What is known of an encoder that can be fetched."""
    from dataclasses import asdict

    facts = {key: value for key, value in asdict(rung).items() if key != "digests"}
    return {**facts, "fetched": fetched}


def _rung(rung: Rung) -> str:
    from mmsearch.cli.output.terminal import human_bytes

    there, back = rung.published
    told = (
        f"{rung.model}, {rung.languages}, {rung.license}, COCO R@1 {there}/{back} as published (floats), fetches "
        f"{human_bytes(float(rung.bytes_fetched))}"
    )
    if rung.bytes_kept is None:
        return told
    return (
        f"{told}, keeps {human_bytes(float(rung.bytes_kept))}, a query takes {rung.megabytes} MB, "
        f"{rung.pictures:g} pictures/s a core"
    )


@app.command()
def get(
    name: Annotated[
        str, typer.Argument(help="small, medium or large; any other name with --from and --output.")
    ],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Take its files from this folder, not from the hub."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="The directory to write; else where encoders of that name are looked for."),
    ] = None,
    variant: Annotated[
        str,
        typer.Option(
            help="The precision to read, where it is published in several: fp32, fp16, quantized, int8."
        ),
    ] = "",
    precision: Annotated[str, typer.Option(help="The precision to write: int8, or fp32.")] = "int8",
    limit: Annotated[
        int, typer.Option(min=0, help="Keep so many pieces of its vocabulary, the most frequent; 0 = all.")
    ] = 0,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Captioned pictures to round and measure it with: a folder, manifest or zip."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Get an encoder of others, once, and make it one like any other; from then on it works offline."""
    from mmsearch.cli.fetching import get as fetch
    from mmsearch.cli.output.terminal import human_bytes, print_json
    from mmsearch.hub.get import Getting

    how = Getting(source, output, variant or None, precision, limit or None, calibration)
    got = fetch(name, how, quiet=as_json)
    made = got.made
    if as_json:
        print_json(
            {
                "name": name,
                "directory": str(made.directory),
                "license": got.license,
                "bytes": made.bytes,
                "cosines": made.cosines,
                "saturating": list(made.saturating),
                "digests": got.digests,
            }
        )
        return
    for tower, size in made.bytes.items():
        say(
            f"{tower}: {human_bytes(size)}, mean cosine {made.cosines[tower]:.4f} to the whole as it was fetched"
        )
    for file in made.saturating:
        say(
            f"{file} can saturate on processors without VNNI: there it runs exactly, at two thirds of the speed"
        )
    say(f"{got.digests}")
    say(f"licence: {got.license}")
    used = name if output is None else output
    say(f"{made.directory}: ready; use it with `mmsearch index CORPUS --encoder {used}`")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="pocket, or a directory.")], as_json: AsJson = False
) -> None:
    """Show what an encoder is, and verify its files."""
    from mmsearch.cli.output.terminal import print_json
    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.encoders.description import verify
    from mmsearch.encoders.registry import load_encoder

    encoder = load_encoder(name)
    facts: dict[str, object] = {
        "name": encoder.name,
        "dimension": encoder.dimension,
        "modalities": sorted(encoder.modalities),
        "picture": f"{encoder.picture.size} pixels, {encoder.picture.fit}",
        "fingerprint": encoder.fingerprint,
    }
    if isinstance(encoder, CompiledEncoder):
        description = encoder.description
        facts |= {
            "version": description.version,
            "max_tokens": description.max_tokens,
            "license": description.license,
            "directory": str(encoder.directory),
            "figures": dict(description.figures),
            "damaged_files": verify(encoder.directory),
        }
    if as_json:
        print_json(facts)
        return
    print_facts(facts)


def print_facts(facts: Mapping[str, Any]) -> None:
    """What is known of an encoder, for a person."""
    version = f" {facts['version']}" if "version" in facts else ""
    say(f"{facts['name']}{version}: {' and '.join(facts['modalities'])}, {facts['dimension']} dimensions")
    for label, key in (
        ("pictures", "picture"), ("licence", "license"), ("directory", "directory"), ("fingerprint", "fingerprint"),
    ):  # fmt: skip
        if facts.get(key):
            say(f"  {label:12} {facts[key]}")
    if "max_tokens" in facts:
        say(f"  {'texts':12} the first {facts['max_tokens']} word pieces are read")
    if facts.get("figures"):
        say("  measured")
        for line in _figures(facts["figures"]):
            say(f"    {line}")
    damaged = facts.get("damaged_files")
    if damaged:
        say(f"  damaged: {', '.join(damaged)}; install mmsearch again, or compile the encoder anew")
    elif damaged is not None:
        say("  all files are whole")


def _figures(figures: Mapping[str, Any]) -> Iterator[str]:
    """Lines for ``figures``, which may hold others; those on the innermost level stand in one line."""
    width = max(map(len, figures))
    for name, value in figures.items():
        if not isinstance(value, Mapping):
            yield f"{name:{width}}  {_figure(value)}"
        elif not any(isinstance(one, Mapping) for one in value.values()):
            yield f"{name:{width}}  " + " · ".join(f"{key} {_figure(one)}" for key, one in value.items())
        else:
            yield name
            yield from (f"  {line}" for line in _figures(value))


def _figure(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@app.command("compile")
def compile_(
    source: Annotated[
        str,
        typer.Argument(
            help="A trained run, openclip:ARCHITECTURE/PRETRAINED, or an encoder in int8, which is rounded anew."
        ),
    ],
    output: Annotated[Path, typer.Argument(help="The directory to write.")],
    precision: Annotated[str, typer.Option(help="fp32, fp16 or int8.")] = "int8",
    calibration: Annotated[
        Path | None,
        typer.Option(help="Captioned pictures to calibrate int8 with: a folder, manifest or zip."),
    ] = None,
    prune: Annotated[
        list[str] | None,
        typer.Option(
            help="Leave out: vocabulary:NUMBER (of word pieces) or vocabulary:TEXT_FILE (what its texts need), "
            "heads:RANK. May be repeated."
        ),
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(help="Refuse a tower whose mean cosine to the whole one is less; else by precision."),
    ] = None,
) -> None:
    """Compile an encoder to ONNX, so that it runs without torch; refuse one that drifted."""
    from mmsearch.cli.output.terminal import human_bytes
    from mmsearch.encoders.registry import compiled_directory
    from mmsearch.errors import MissingExtraError, UsageError

    try:
        from mmsearch.train.compile.export import compile_encoder
        from mmsearch.train.compile.recompile import recompile_encoder

        if (compiled := compiled_directory(source)) is None:
            made = compile_encoder(
                source, output, precision=precision, calibration=calibration, limit=limit, prune=prune or ()
            )
        elif precision == "int8" and not prune:
            made = recompile_encoder(compiled, output, calibration, limit=limit)
        else:
            raise UsageError(f"{source} has no float weights left: only --precision int8, without --prune")
    except ModuleNotFoundError as error:
        raise MissingExtraError("compiling an encoder", "torch") from error
    for tower, size in made.bytes.items():
        say(f"{tower}: {human_bytes(size)}, mean cosine {made.cosines[tower]:.4f} to the whole in float32")
    say(f"{output}: ready; use it with `mmsearch index CORPUS --encoder {output}`")


@app.command()
def calibrate(
    directory: Annotated[Path, typer.Argument(help="A compiled encoder.")],
    collections: Annotated[
        list[Path], typer.Argument(help="Captioned pictures, of many kinds: folders, manifests or zips.")
    ],
) -> None:
    """Measure how an encoder scores strangers, and store it with the encoder, for indexes with few items."""
    from mmsearch.evaluate.backgrounds import store_backgrounds

    for name, background in store_backgrounds(directory, collections).items():
        say(f"{name}: location {background.location:.3f}, scale {background.scale:.3f}")
