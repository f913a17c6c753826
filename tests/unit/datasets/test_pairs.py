from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from mmsearch.datasets.pairs import read_pairs, read_pictures, read_text_groups
from mmsearch.datasets.sources import find_source, find_sources
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = [
    {"path": "images/a.png", "captions": ["one", "two ", "one"], "alt": "three", "split": "train"},
    {"path": "images/b.png", "caption": "four", "alt": "four", "split": "dev"},
    {"path": "images/c.png"},
]


def fill(folder: Path) -> Path:
    (folder / "images").mkdir(parents=True)
    for name in "abc":
        (folder / "images" / f"{name}.png").write_bytes(name.encode())
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return folder


def pack(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def test_a_zip_reads_as_the_folder_that_was_packed(tmp_path: Path) -> None:
    folder = fill(tmp_path / "set")
    unpacked, packed = read_pairs(folder, ["alt"]), read_pairs(pack(folder), ["alt"])

    assert [(pair.captions, pair.extra) for pair in unpacked] == [
        (("one", "two"), ("three",)),
        (("four",), ()),
    ]
    assert [(p.captions, p.extra) for p in packed] == [(p.captions, p.extra) for p in unpacked]
    for pairs in (unpacked, packed):
        assert list(read_pictures(pair.picture for pair in pairs)) == [b"a", b"b"]


def test_only_records_of_the_wanted_split_are_read(tmp_path: Path) -> None:
    pairs = read_pairs(fill(tmp_path / "set"), split="dev")
    assert [pair.captions for pair in pairs] == [("four",)]


def test_a_csv_manifest_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"x")
    (tmp_path / "metadata.csv").write_text('path,caption\nx.png,"a, b"\n', encoding="utf-8-sig")
    (pair,) = read_pairs(tmp_path)
    assert pair.captions == ("a, b",)
    assert list(read_pictures([pair.picture])) == [b"x"]


def test_sidecars_give_a_caption_a_line(tmp_path: Path) -> None:
    for name in ("a.JPG", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "a.txt").write_text("first\n\nsecond\n")
    (tmp_path / "b.jpg.json").write_text('{"caption": "third"}')
    pairs = read_pairs(tmp_path)
    assert [pair.captions for pair in pairs] == [("first", "second"), ("third",)]


def test_a_webdataset_tar_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "0001.jpg").write_bytes(b"picture")
    (folder / "0001.json").write_text('{"caption": "a word"}')
    with tarfile.open(tmp_path / "parts.tar", "w") as archive:
        archive.add(folder / "0001.jpg", "0001.jpg")
        archive.add(folder / "0001.json", "0001.json")
    (pair,) = read_pairs(tmp_path / "parts.tar")
    assert pair.captions == ("a word",)
    assert list(read_pictures([pair.picture])) == [b"picture"]


def test_karpathy_json_is_read(tmp_path: Path) -> None:
    image = {"filepath": "val", "filename": "x.jpg", "split": "test", "sentences": [{"raw": "A word."}]}
    (tmp_path / "dataset.json").write_text(json.dumps({"images": [image]}))
    (pair,) = read_pairs(tmp_path / "dataset.json", split="test")
    assert pair.captions == ("A word.",)
    assert pair.picture.path == str(tmp_path / "val" / "x.jpg")


def test_text_groups_join_captions_and_further_texts(tmp_path: Path) -> None:
    lines = [{"captions": ["a", "b", "a"]}, {"en": "c", "more": ["d"]}, {"en": "alone"}]
    path = tmp_path / "texts.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    assert read_text_groups(path) == [("a", "b"), ("c", "d")]


def test_a_source_is_found_with_and_without_its_suffix(tmp_path: Path) -> None:
    path = pack(fill(tmp_path / "set"))
    assert find_source(tmp_path, "set") == tmp_path / "set"
    assert find_source(tmp_path, "set.zip") == path
    with pytest.raises(UsageError, match="no other in"):
        find_source(tmp_path, "other")


def test_a_folder_without_captions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="no captioned pictures"):
        read_pairs(tmp_path)


def shard(path: Path, keys: range) -> None:
    """A tar as WebDataset writes them: KEY.jpg, KEY.txt, KEY.json and KEY.cls of each sample."""
    with tarfile.open(path, "w") as archive:
        for key in keys:
            parts = {
                "jpg": f"picture {key}",
                "txt": f"caption {key}",
                "json": '{"tags": ["a", "b"]}',
                "cls": f"{key % 2}",
            }
            for suffix, content in parts.items():
                member = tarfile.TarInfo(f"{key:04}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content.encode()))


def test_numbered_shards_are_read_in_order(tmp_path: Path) -> None:
    for number in range(12):
        shard(tmp_path / f"name-{number:03}.tar", range(3 * number, 3 * number + 3))
    sources = find_sources(tmp_path, "name-{002..010}.tar")
    assert [source.name for source, _ in sources] == [f"name-{number:03}.tar" for number in range(2, 11)]

    pairs = [pair for source, _ in sources for pair in read_pairs(source, labels=["cls", "tags", "none"])]
    assert [pair.captions for pair in pairs] == [(f"caption {key}",) for key in range(6, 33)]
    assert pairs[1].labels == (("1",), ("a", "b"), None)
    assert list(read_pictures(pair.picture for pair in pairs[:4])) == [
        f"picture {key}".encode() for key in range(6, 10)
    ]


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    shard(tmp_path / "name-0.tar", range(2))
    with pytest.raises(UsageError, match=r"no name-1\.tar in"):
        find_sources(tmp_path, "name-{0..1}.tar")
    with pytest.raises(UsageError, match="the numbers in braces fall"):
        find_sources(tmp_path, "name-{3..1}.tar")


def test_a_split_is_asked_for_behind_the_name(tmp_path: Path) -> None:
    images = [
        {"filename": f"{name}.jpg", "split": name, "sentences": [{"raw": f"A {name}."}, {"raw": "Another."}]}
        for name in ("train", "restval", "test")
    ]
    (tmp_path / "dataset.json").write_text(json.dumps({"images": images}))
    ((source, split),) = find_sources(tmp_path, "dataset.json#restval")
    (pair,) = read_pairs(source, split=split)
    assert pair.captions == ("A restval.", "Another.")


def test_a_picture_that_is_listed_but_not_there_is_empty(tmp_path: Path) -> None:
    folder = fill(tmp_path / "set")
    (folder / "images" / "a.png").unlink()
    for source in (folder, pack(folder)):
        pairs = read_pairs(source)
        assert list(read_pictures(pair.picture for pair in pairs)) == [b"", b"b"]


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        ("dog", ("dog",)),
        ("dog; cat", ("dog", "cat")),
        (["dog", 3], ("dog", "3")),
        (7, ("7",)),
        ([], ()),
        (None, None),
    ],
)
def test_labels_come_in_several_forms(tmp_path: Path, value: object, labels: object) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    record = {"path": "a.png", "caption": "one", "kind": value}
    (tmp_path / "records.jsonl").write_text(json.dumps(record))
    (pair,) = read_pairs(tmp_path, labels=["kind"])
    assert pair.labels == (labels,)


def test_pictures_of_karpathys_json_are_found_under_images(tmp_path: Path) -> None:
    """As `evaluate` finds them: the JSON names the picture, not the folder that it lies in."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "x.jpg").write_bytes(b"x")
    image = {"filename": "x.jpg", "sentences": [{"raw": "A word."}]}
    (tmp_path / "dataset.json").write_text(json.dumps({"images": [image]}))
    (pair,) = read_pairs(tmp_path / "dataset.json")
    assert list(read_pictures([pair.picture])) == [b"x"]


def test_every_column_of_captions_counts(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("path,caption_1,caption_2,title\nx.png,one,two,three\n")
    (pair,) = read_pairs(tmp_path)
    assert pair.captions == ("one", "two")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("records.jsonl", '{"path": "a.png", "caption": "one"}\n{"path": "b.png", "cap'),
        ("records.jsonl", '{"path": "a.png", "caption": "one"}\n' + "[" * 100_000),
        ("metadata.csv", 'path,caption\na.png,"' + "x" * 200_000),
        ("metadata.csv", 'path,caption\na.png,"a cat\nb.png,a dog\nc.png,a cow\n'),
    ],
)
def test_a_damaged_manifest_is_one_line_that_names_the_place(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=rf"{name}, line 2: "):
        read_pairs(tmp_path)


def test_a_damaged_sidecar_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    (tmp_path / "a.json").write_text('{"caption": ')
    with pytest.raises(UsageError, match=r"a\.json, line 1: not JSON"):
        read_pairs(tmp_path)


def test_a_packed_text_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl.gz").write_bytes(gzip.compress(b'{"captions": ["a", "b"]}')[:-9])
    with pytest.raises(UsageError, match=r"texts\.jsonl\.gz can't be unpacked"):
        read_text_groups(tmp_path / "texts.jsonl.gz")


def test_pictures_whose_names_have_dots_are_all_read(tmp_path: Path) -> None:
    for name in ("shot.2020.01.jpg", "shot.2020.02.jpg"):
        (tmp_path / name).write_bytes(b"x")
        (tmp_path / name).with_suffix(".txt").write_text(name)
    assert [pair.captions for pair in read_pairs(tmp_path)] == [("shot.2020.01.jpg",), ("shot.2020.02.jpg",)]


def test_further_pictures_of_a_sample_are_not_samples(tmp_path: Path) -> None:
    for name in ("0001.jpg", "0001.mask.png"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "0001.txt").write_text("a word")
    (pair,) = read_pairs(tmp_path)
    assert pair.picture.path == str(tmp_path / "0001.jpg")
