from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.errors import IndexDirectoryError, IndexFormatError, IndexLockedError
from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import NewDocument, NewItem
from mmsearch.store.check import check, repair
from mmsearch.store.durable.sealed import unsealed
from mmsearch.store.kept.pooled import write_pooled
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mmsearch.store.directory import IndexDirectory

FOLDER = "pocket-aaaaaaaaaaaa"


def break_catalogue(directory: IndexDirectory, sql: str) -> None:
    connection = sqlite3.connect(directory.catalogue_path)
    connection.executescript(sql)
    connection.close()


def overwrite(file: Path, place: int, data: bytes) -> None:
    with file.open("r+b") as handle:
        handle.seek(place)
        handle.write(data)


def flip(file: Path, bit: int) -> None:
    data = bytearray(file.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)


def without_checksums(directory: IndexDirectory) -> None:
    """As an index of an earlier mmsearch is."""
    break_catalogue(directory, "DELETE FROM checksums")
    (directory.path / "checksums.json").unlink()


def shard(directory: IndexDirectory, modality: str = "text") -> Path:
    return directory.path / "vectors" / FOLDER / f"{modality}-0.f16"


def test_a_whole_index_has_no_problems(directory: IndexDirectory) -> None:
    before = {file: file.read_bytes() for file in directory.path.rglob("*.f16")}
    assert check(directory.path) == []
    assert repair(directory.path) == []
    assert {file: file.read_bytes() for file in directory.path.rglob("*.f16")} == before


DAMAGE: dict[str, tuple[Callable[[IndexDirectory], object], str, str]] = {
    "manifest missing": (lambda d: (d.path / "manifest.json").unlink(), "manifest.json", "is missing"),
    "manifest damaged": (lambda d: (d.path / "manifest.json").write_text("{"), "manifest.json", "is damaged"),
    "shard missing": (
        lambda d: shard(d).unlink(),
        f"vectors/{FOLDER}/text-0.f16",
        "it is missing (4 vectors)",
    ),
    "shard short": (
        lambda d: os.truncate(shard(d), 2 * 8 * 3 + 5),
        f"vectors/{FOLDER}/text-0.f16",
        "it is too short (1 vectors)",
    ),
    "bit flipped": (
        lambda d: flip(shard(d), 8 * 16),
        f"vectors/{FOLDER}/text-0.f16",
        "rows 0 to 3 are damaged: their checksum is another (4 vectors)",
    ),
    "vector not a number": (
        lambda d: (without_checksums(d), overwrite(shard(d), 16, b"\xff" * 16)),
        f"vectors/{FOLDER}/text-0.f16",
        "vectors are not of unit length (1 vectors)",
    ),
    "vector zero": (
        lambda d: (without_checksums(d), overwrite(shard(d, "image"), 0, bytes(16))),
        f"vectors/{FOLDER}/image-0.f16",
        "vectors are not of unit length (1 vectors)",
    ),
    "backgrounds": (
        lambda d: (d.write_backgrounds({"mu": '{"scale": 0.5}'}), flip(d.path / "backgrounds.json", 250)),
        "backgrounds.json",
        "it is damaged (its checksum is another)",
    ),
    "backgrounds of wrong values": (
        lambda d: (d.path / "backgrounds.json").write_text('{"mu": "{\\"scale\\": \\"a\\"}"}'),
        "backgrounds.json",
        "it is damaged (it holds other things than backgrounds)",
    ),
    "weights": (
        lambda d: (d.write_weights({"words": 0.5}), flip(d.path / "weights.json", 250)),
        "weights.json",
        "it is damaged (its checksum is another)",
    ),
    "nested JSON": (
        lambda d: (d.path / "copies.json").write_text('{"a":' * 100_000),
        "copies.json",
        "it is damaged (it is no JSON)",
    ),
    "pooled vectors": (
        lambda d: (
            write_pooled(d.path / "ann" / FOLDER, 3, np.arange(9), np.ones((9, 8), np.float16)),
            flip(d.path / "ann" / FOLDER / "document-3.vectors.npy", 2000),
        ),
        f"ann/{FOLDER}/document-3.vectors.npy",
        "it is damaged",
    ),
    "words": (
        lambda d: break_catalogue(d, "DELETE FROM words_docsize WHERE id = 1"),
        "catalogue.sqlite",
        "the word index words disagrees with the documents",
    ),
    "orphans": (
        lambda d: break_catalogue(
            d, "PRAGMA foreign_keys = OFF; DELETE FROM contents WHERE modality = 'image'"
        ),
        "catalogue.sqlite",
        "rows of items belong to nothing",
    ),
    "schema": (
        lambda d: d.catalogue_path.write_bytes(
            d.catalogue_path.read_bytes().replace(b"REFERENCES encoders (id)", b"REFERENCES encoders (if)", 1)
        ),
        "catalogue.sqlite",
        "foreign key mismatch",
    ),
    "catalogue not a database": (
        lambda d: d.catalogue_path.write_bytes(b"?" * 9000),
        "catalogue.sqlite",
        "is damaged",
    ),
    "catalogue missing": (lambda d: d.catalogue_path.unlink(), "catalogue.sqlite", "is missing"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_named_and_mended(directory: IndexDirectory, name: str) -> None:
    damage, file, what = DAMAGE[name]
    damage(directory)

    found = check(directory.path)

    assert any(problem.file == file and what in problem.what and problem.repairable for problem in found), (
        found
    )
    assert check(directory.path) == found, "checking changes nothing"
    assert repair(directory.path) == found
    assert check(directory.path) == []


def test_repair_drops_the_lost_vectors_and_keeps_the_others(
    directory: IndexDirectory, vector_of_row: Callable[..., Any]
) -> None:
    os.truncate(shard(directory), 2 * 8 * 3)
    repair(directory.path)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        [record] = catalogue.encoders()
        ids, rows = catalogue.embeddings(record.encoder_id, "text")
        assert rows.tolist() == [0, 1, 2]
        assert len(catalogue.embeddings(record.encoder_id, "image")[0]) == 2
        complete = {
            path: known.complete for path, known in catalogue.known_documents(1, record.encoder_id).items()
        }
        assert complete == {"a.jpg": True, "b.jpg": True, "c.txt": False}
        with directory.shards(record, "text", rows=3) as shards:
            np.testing.assert_allclose(shards.read(rows), vector_of_row(rows, "text"), atol=1e-3)
        assert len(catalogue.items(ids)) == 3


def test_after_words_are_mended_they_are_found(directory: IndexDirectory) -> None:
    break_catalogue(directory, "DELETE FROM words_data WHERE id > 10; DELETE FROM words_idx")
    repair(directory.path)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.matching_items("bicycle").size == 1
        assert catalogue.matching_items("roofs").size == 1


def test_a_damaged_page_costs_only_what_it_held(directory: IndexDirectory, vector_of_row: Any) -> None:
    texts = [f"passage number {n} " + "of some length " * 20 for n in range(2000)]
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        with directory.shards(record, "text", rows=4) as shards:
            shards.append(vector_of_row(np.arange(4, 2004), "text"))
            shards.sync()
        from dataclasses import replace

        from mmsearch.store.catalogue.values import NewDocument, NewItem
        from mmsearch.types import Locator

        empty = NewDocument(1, "", "1", None, {}, ())
        for start in range(0, 2000, 100):
            catalogue.put(
                [
                    replace(
                        empty,
                        path=f"{n:04}.txt",
                        items=(NewItem("text", Locator(), n.to_bytes(32, "big"), texts[n], n + 4),),
                    )
                    for n in range(start, start + 100)
                ],
                record.encoder_id,
            )
    with sqlite3.connect(directory.catalogue_path) as connection:
        pages = [
            row[0]
            for row in connection.execute(
                "SELECT pageno FROM dbstat WHERE name = 'items' AND pagetype = 'leaf'"
            )
        ]
    connection.close()
    for page in pages[len(pages) // 3 : len(pages) // 3 + 2]:
        overwrite(directory.catalogue_path, (page - 1) * 4096, b"\xa5" * 4096)

    assert any(problem.file == "catalogue.sqlite" for problem in check(directory.path))
    repair(directory.path)

    assert check(directory.path) == []
    assert (directory.path / "catalogue.damaged.sqlite").exists()
    with Catalogue.open(directory.catalogue_path) as catalogue:
        known = catalogue.known_documents(1, record.encoder_id)
        assert len(known) == 2003
        assert {document.stamp for document in known.values()} == {""}, "all files are read again"
        left = catalogue.items(catalogue.select_items(None, ["text"]))
        assert 1900 < len(left) < 2004
        assert {item.text for item in left if item.path[:4].isdigit()} < set(texts)
        keys = [n.to_bytes(32, "big") for n in range(2000)]
        assert len(catalogue.rows_of_keys(record.encoder_id, "text", keys)) == 2000, "no vector is lost"
        assert catalogue.generation() > 20


@pytest.mark.parametrize("moment", ["before the old one is moved", "between", "log left behind"])
def test_a_killed_salvage_is_finished_by_the_next(directory: IndexDirectory, moment: str) -> None:
    good = directory.catalogue_path.read_bytes()
    recovered = directory.path / "catalogue.recovered.sqlite"
    recovered.write_bytes(good)
    if moment == "before the old one is moved":
        directory.catalogue_path.write_bytes(b"?" * 9000)
    else:
        directory.catalogue_path.unlink()
    if moment == "log left behind":
        (directory.path / "catalogue.sqlite-wal").write_bytes(b"log of the damaged file")
    repair(directory.path)
    assert check(directory.path) == []
    assert not recovered.exists()
    with Catalogue.open(directory.catalogue_path) as catalogue:
        there = len(catalogue.select_items())
    assert there == (0 if moment == "before the old one is moved" else 6)


def test_a_manifest_that_is_behind_is_no_problem_and_one_that_is_ahead_is(directory: IndexDirectory) -> None:
    manifest = directory.path / "manifest.json"
    data = {**unsealed(manifest.read_bytes()), "encoders": []}
    manifest.write_text(json.dumps({**data, "generation": data["generation"] - 1}))
    assert check(directory.path) == []
    manifest.write_text(json.dumps({**data, "generation": data["generation"] + 1}))
    assert [problem.file for problem in check(directory.path)] == ["manifest.json"]
    repair(directory.path)
    assert directory.manifest().encoders != ()


def test_what_is_no_index_or_newer_is_not_touched(directory: IndexDirectory, tmp_path: Path) -> None:
    for action in (check, repair):
        with pytest.raises(IndexDirectoryError, match="there is no index"):
            action(tmp_path / "nowhere")
        (tmp_path / "other").mkdir(exist_ok=True)
        with pytest.raises(IndexFormatError, match="holds no index"):
            action(tmp_path / "other")
    break_catalogue(directory, "PRAGMA user_version = 99")
    before = directory.catalogue_path.read_bytes()
    for action in (check, repair):
        with pytest.raises(IndexFormatError, match="newer mmsearch"):
            action(directory.path)
    assert directory.catalogue_path.read_bytes() == before
    assert list((tmp_path / "other").iterdir()) == []


def test_an_index_that_is_being_written_can_be_checked_but_not_repaired(directory: IndexDirectory) -> None:
    with directory.write_lock():
        assert check(directory.path) == []
        with pytest.raises(IndexLockedError):
            repair(directory.path)


def test_damage_to_compressed_rows_is_found_and_dropped(compressed: IndexDirectory) -> None:
    assert check(compressed.path) == []
    without_checksums(compressed)
    (file,) = (compressed.path / "vectors" / FOLDER).glob("text-0.*")
    row = file.stat().st_size // 4
    overwrite(file, row - 2, b"\xff\xff")  # the end of a row's scale or spread
    [problem] = repair(compressed.path)
    assert problem.what == "vectors are not of unit length (1 vectors)"
    assert check(compressed.path) == []
    with Catalogue.open(compressed.catalogue_path) as catalogue:
        assert catalogue.used_rows(1, "text").tolist() == [1, 2, 3]


@pytest.mark.parametrize("compressed", ["binary"], indirect=True)
def test_bits_that_lost_their_center_are_dropped_and_the_others_stay(compressed: IndexDirectory) -> None:
    directory = compressed
    (directory.path / "vectors" / FOLDER / "text-center.f32").unlink()
    [problem] = repair(directory.path)
    assert problem.file == f"vectors/{FOLDER}/text-center.f32"
    assert problem.what == "it is missing or damaged (4 vectors)"
    assert check(directory.path) == []
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.used_rows(1, "text").size == 0
        assert catalogue.used_rows(1, "image").size == 2


@pytest.mark.parametrize("form", ["directory", "compressed"])
def test_any_flipped_bit_of_a_vector_is_found(
    form: str, directory: IndexDirectory, compressed: IndexDirectory
) -> None:
    chosen = directory if form == "directory" else compressed
    for file in (chosen.path / "vectors" / FOLDER).iterdir():
        whole = file.read_bytes()
        for bit in range(8 * len(whole)):
            flip(file, bit)
            assert check(chosen.path), f"bit {bit} of {file.name}"
            file.write_bytes(whole)


def test_a_repair_drops_the_damaged_block_and_a_later_run_may_append(
    directory: IndexDirectory, vector_of_row: Callable[..., Any]
) -> None:
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        [record] = catalogue.encoders()
        with open_for_appending(directory, catalogue, record, "text") as shards:
            first = shards.append(vector_of_row(np.arange(5000), "text"))
            shards.sync()
            items = [
                NewItem("text", Locator(), n.to_bytes(32, "big"), f"text {n}", first + n) for n in range(5000)
            ]
            documents = [NewDocument(1, f"{n}.txt", "1", None, {}, (item,)) for n, item in enumerate(items)]
            catalogue.put(documents, record.encoder_id, {"text": shards.checksums(first)})
    assert check(directory.path) == []
    flip(shard(directory), 8 * 16 * 4100)

    [problem] = repair(directory.path)

    assert problem.what == "rows 4096 to 5003 are damaged: their checksum is another (908 vectors)"
    assert check(directory.path) == []
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        assert catalogue.used_rows(record.encoder_id, "text").tolist() == [*range(4096)]
        with open_for_appending(directory, catalogue, record, "text") as shards:
            assert shards.append(vector_of_row(np.arange(908), "text")) == 4096
            shards.sync()
            again = [replace(item, row=4096 + n) for n, item in enumerate(items[4092:])]
            documents = [NewDocument(1, f"{n}.txt", "1", None, {}, (item,)) for n, item in enumerate(again)]
            catalogue.put(documents, record.encoder_id, {"text": shards.checksums(4096)})
    assert check(directory.path) == []


def test_what_people_gave_is_put_aside_and_what_can_be_made_anew_is_deleted(
    directory: IndexDirectory,
) -> None:
    directory.write_weights({"words": 0.5})
    directory.write_backgrounds({"mu": 0.5})
    for name in ("weights.json", "backgrounds.json"):
        flip(directory.path / name, 240)
    with pytest.raises(IndexDirectoryError, match=r"weights\.json is damaged .*check --repair"):
        directory.read_weights()
    assert directory.read_backgrounds() == {}
    repair(directory.path)
    assert directory.read_weights() == {}
    assert (directory.path / "weights.json.damaged").exists()
    assert not [*directory.path.glob("backgrounds*")]
    assert check(directory.path) == []


def test_a_disk_that_cannot_read_a_block_costs_that_block(
    directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(file: Path, offset: int, size: int) -> bytes:
        raise IndexDirectoryError(
            f"{file.name} can't be read or written: Input/output error; check its permissions"
        )

    monkeypatch.setattr("mmsearch.store.damage.read_part", failing)
    found = {problem.what for problem in check(directory.path)}
    assert found == {
        f"rows 0 to 4095: {name}-0.f16 can't be read or written: Input/output error ({count} vectors)"
        for name, count in (("image", 2), ("text", 4))
    }
