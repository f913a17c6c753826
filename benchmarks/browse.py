"""The screenshot of `mmsearch browse`: the demo's photographs with places and years, in half blocks, as SVG."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.library.library import Library

SIZE = (124, 38)
QUERY = "an animal modality:image"
PLACES = ("Lisbon", "Oslo", "Prague")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write it to ``--output``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks browse", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/browse.svg"))
    output = parser.parse_args(arguments).output
    import mmsearch

    with tempfile.TemporaryDirectory() as work:
        corpus = Path(work) / "photographs"
        _write(corpus)
        with mmsearch.index(corpus, Path(work) / "index") as library:
            output.write_text(asyncio.run(_screenshot(library)), encoding="utf-8")
    print(output)


def _write(corpus: Path) -> None:
    """The demo's corpus as a manifest that gives each document a place and a year."""
    import skimage

    from mmsearch.cli.demo import write_corpus

    write_corpus(corpus, Path(skimage.__file__).parent / "data")
    files = sorted(file.relative_to(corpus) for file in corpus.glob("*/**/*.*"))
    records = [
        {"path": str(file), "place": PLACES[number % 3], "year": 2019 + number % 4}
        for number, file in enumerate(files)
    ]
    (corpus / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


async def _screenshot(library: Library) -> str:
    from textual_image.widget import HalfcellImage

    from mmsearch.browse.app import Browse
    from mmsearch.browse.grid import HitGrid

    app = Browse(library, HalfcellImage, QUERY)
    async with app.run_test(size=SIZE) as pilot:
        while app.results is None:
            await pilot.pause(0.05)
        cells = app.query_one(HitGrid).cells
        while len(app.query(HalfcellImage)) < sum(cell.hit.modality == "image" for cell in cells):
            await pilot.pause(0.05)
        await pilot.press("down", "right", "x", "right")
        await pilot.pause()
        written = app.export_screenshot(title="mmsearch browse")
    # its fonts would come from another server; what reads it has one of its own
    return re.sub(r"@font-face \{.*?\}\s*", "", written, flags=re.DOTALL)


if __name__ == "__main__":
    main()
