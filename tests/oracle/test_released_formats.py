"""An index of each released format, as the mmsearch of its time wrote it, is opened and brought up to date.

``formats/*.tar.gz`` hold two pictures with captions, a text, and a picture that was removed again, in 8 dimensions;
from format 3 on a passage on a page, too.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.migrations import SCHEMA_VERSION
from mmsearch.store.check import check
from mmsearch.store.compact import compact
from mmsearch.store.directory import IndexDirectory
from mmsearch.store.header import FORMAT, Manifest
from mmsearch.store.precision import center_of, row_form

NESTED = ("d.pdf", "text", "page:4/characters:0-16", "Words on a page.")
FORMATS = Path(__file__).parent / "formats"
ITEMS = [
    ("a.jpg", "image", "whole", None),
    ("a.jpg", "text", "caption:0", "a red bicycle"),
    ("b.jpg", "image", "whole", None),
    ("b.jpg", "text", "caption:0", "two dogs run"),
    ("c.txt", "text", "characters:0-23", "Snow lay on the roofs. "),
    ("c.txt", "text", "characters:23-38", "Nobody was out."),
]


@pytest.fixture(params=sorted(file.name.removesuffix(".tar.gz") for file in FORMATS.glob("*.tar.gz")))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> IndexDirectory:
    with tarfile.open(FORMATS / f"{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return IndexDirectory.open(tmp_path / request.param)


def vector(row: int, modality: str) -> np.ndarray:
    """What the writer of that time gave to row n of a modality."""
    drawn = np.sin((row + 1) * (np.arange(8) + 1) * (1.0 if modality == "image" else 1.7)).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def verify(index: IndexDirectory) -> None:
    with Catalogue.open(index.catalogue_path) as catalogue:
        items = catalogue.items(catalogue.select_items())
        wanted_items = [*ITEMS, NESTED] if index.path.name.startswith("format-3") else ITEMS
        assert [(one.path, one.modality, str(one.locator), one.text) for one in items] == wanted_items
        assert items[0].fields == {"year": 1990, "date": "2019-07-04"}
        assert catalogue.matching_items("bicycle").tolist() == [items[1].item_id]
        [record] = catalogue.encoders()
        for modality in ("image", "text"):
            _, rows = catalogue.embeddings(record.encoder_id, modality)
            wanted = np.stack([vector(row, modality) for row in range(rows.size)])
            with index.shards(record, modality, rows=int(rows.max()) + 1) as shards:
                first = np.stack([vector(row, modality) for row in range(2)])  # the first batch
                form = row_form(record.precision, 8, center_of(first))
                np.testing.assert_allclose(shards.read(rows), form.decode(form.encode(wanted)), atol=1e-3)


def test_it_is_read_as_it_is(old: IndexDirectory) -> None:
    before = {file: file.read_bytes() for file in old.path.rglob("*") if file.is_file()}
    verify(old)
    assert {file: file.read_bytes() for file in before} == before


def test_the_first_run_that_writes_brings_it_up_to_date(old: IndexDirectory) -> None:
    assert check(old.path) == []
    with old.write_lock(), Catalogue.open(old.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        for modality in record.modalities:
            open_for_appending(old, catalogue, record, modality).close()
            assert catalogue.checksums(record.encoder_id, modality)
        old.write_manifest(Manifest.of(catalogue))
        assert catalogue._database.version == SCHEMA_VERSION
    assert old.manifest().format == FORMAT
    assert check(old.path) == []
    verify(old)
    with old.write_lock():
        compact(old)
    assert check(old.path) == []
    verify(old)
