"""Captioned pictures in every layout that is read, and what is refused."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mmsearch.datasets import members
from mmsearch.datasets.beir import TextCollection
from mmsearch.datasets.collections import Captioned, Choice, open_collection
from mmsearch.errors import UsageError

Files = Mapping[str, bytes]

RECORDS = [
    {"path": "images/a.png", "captions": ["A red door.", "A door"], "split": "test"},
    {"path": "images/b.png", "captions": ["A green hill."], "split": "train"},
    {"path": "images/c.png", "captions": ["A blue sea."], "split": "test"},
]
PICTURES = {f"images/{name}.png": name.encode() for name in "abc"}  # nothing decodes them here
KARPATHY = {
    "images": [
        {
            "filename": Path(str(record["path"])).name,
            "filepath": "images",
            "sentences": [{"raw": caption} for caption in record["captions"]],
            "split": record["split"],
        }
        for record in RECORDS
    ]
}


def jsonl(records: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def as_folder(root: Path, files: Files) -> Path:
    folder = root / "collection"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def as_zip(root: Path, files: Files) -> Path:
    with zipfile.ZipFile(root / "collection.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return root / "collection.zip"


def as_tar(root: Path, files: Files) -> Path:
    with tarfile.open(root / "collection.tar", "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return root / "collection.tar"


def under(folder: str, files: Files) -> Files:
    return {f"{folder}/{name}": content for name, content in files.items()}


def read(path: Path, choice: Choice | None = None) -> list[tuple[bytes, tuple[str, ...]]]:
    """Content and captions of every picture."""
    with open_collection(path, choice or Choice()) as collection:
        assert isinstance(collection, Captioned)
        return [(picture.file.read_bytes(), picture.captions) for picture in collection.pictures]


TEST_SPLIT = [(b"a", ("A red door.", "A door")), (b"c", ("A blue sea.",))]
EVERYTHING = [TEST_SPLIT[0], (b"b", ("A green hill.",)), TEST_SPLIT[1]]
MANIFEST = {**PICTURES, "records.jsonl": jsonl(RECORDS)}


@pytest.mark.parametrize("pack", [as_folder, as_zip, as_tar])
@pytest.mark.parametrize(
    "files", [MANIFEST, {"records.jsonl": MANIFEST["records.jsonl"], **PICTURES}], ids=["last", "first"]
)
def test_a_manifest_beside_its_pictures_is_read(
    tmp_path: Path, pack: Callable[[Path, Files], Path], files: Files
) -> None:
    assert read(pack(tmp_path, files)) == TEST_SPLIT


@pytest.mark.parametrize("pack", [as_zip, as_tar])
def test_an_archive_may_hold_one_folder_with_everything(
    tmp_path: Path, pack: Callable[[Path, Files], Path]
) -> None:
    assert read(pack(tmp_path, under("flickr", MANIFEST))) == TEST_SPLIT


def test_a_manifest_may_be_named_itself(tmp_path: Path) -> None:
    assert read(as_folder(tmp_path, MANIFEST) / "records.jsonl") == TEST_SPLIT


def test_a_csv_with_a_caption_a_row_is_read(tmp_path: Path) -> None:
    table = b"path,caption\nimages/a.png,A red door.\nimages/b.png,A green hill.\nimages/c.png,\n"
    folder = as_folder(tmp_path, {**PICTURES, "captions.csv": table})
    assert read(folder / "captions.csv") == [(b"a", ("A red door.",)), (b"b", ("A green hill.",))]


@pytest.mark.parametrize("place", ["images", "Images", "."])
def test_karpathys_splits_are_read_wherever_the_pictures_lie(tmp_path: Path, place: str) -> None:
    files = {f"{place}/{Path(name).name}": content for name, content in PICTURES.items()}
    folder = as_folder(tmp_path, {**files, "dataset.json": json.dumps(KARPATHY).encode()})
    assert read(folder / "dataset.json") == TEST_SPLIT


def test_the_pictures_may_lie_elsewhere(tmp_path: Path) -> None:
    folder = as_folder(tmp_path, {f"photos/{Path(n).name}": content for n, content in PICTURES.items()})
    listed = tmp_path / "dataset.json"
    listed.write_text(json.dumps(KARPATHY))
    assert read(listed, Choice(images=folder / "photos")) == TEST_SPLIT


@pytest.mark.parametrize("pack", [as_tar, as_folder, as_zip])
def test_webdataset_pairs_are_read(tmp_path: Path, pack: Callable[[Path, Files], Path]) -> None:
    files = {
        "0001.jpg": b"a",
        "0001.txt": b"A red door.\n\n A door \n",
        "0002.json": b'{\n"caption": "A green hill."\n}',
        "0002.jpg": b"b",
        "0003.jpg": b"no caption",
        "0004.txt": b"no picture",
    }
    assert read(pack(tmp_path, files)) == [(b"a", ("A red door.", "A door")), (b"b", ("A green hill.",))]


def test_shards_whose_keys_start_anew_do_not_mix(tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shards.mkdir()
    for number, (content, caption) in enumerate([(b"a", b"A red door."), (b"b", b"A green hill.")]):
        as_tar(tmp_path, {"0001.jpg": content, "0001.txt": caption}).rename(shards / f"{number}.tar")
    assert read(shards) == [(b"a", ("A red door.",)), (b"b", ("A green hill.",))]


def test_the_test_split_is_measured_unless_another_is_asked_for(tmp_path: Path) -> None:
    folder = as_folder(tmp_path, MANIFEST)
    assert read(folder, Choice(split="train")) == [EVERYTHING[1]]
    assert read(folder, Choice(split="all")) == EVERYTHING
    with pytest.raises(UsageError, match=r"'val'.*test, train"):
        read(folder, Choice(split="val"))


def test_a_collection_without_splits_is_measured_as_a_whole(tmp_path: Path) -> None:
    records = [{"path": r["path"], "captions": r["captions"]} for r in RECORDS]
    assert read(as_folder(tmp_path, {**PICTURES, "records.jsonl": jsonl(records)})) == EVERYTHING


def test_a_sample_is_the_same_for_the_same_seed_and_in_the_collections_order(tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(30)]
    files = {f"{name}.png": name.encode() for name in names} | {
        f"{name}.txt": b"x " + name.encode() for name in names
    }
    folder = as_folder(tmp_path, files)
    drawn = [read(folder, Choice(sample=10, seed=seed)) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 10
    assert drawn[0] == sorted(drawn[0])
    assert len(read(folder, Choice(sample=99))) == 30


def test_pictures_of_equal_content_count_as_one_with_the_captions_of_all(tmp_path: Path) -> None:
    files = {**MANIFEST, "images/c.png": b"a"}
    with open_collection(as_folder(tmp_path, files)) as collection:
        assert isinstance(collection, Captioned)
        assert [picture.captions for picture in collection.pictures] == [
            ("A red door.", "A door", "A blue sea.")
        ]
        assert "copies that count as one with another picture: 1" in collection.notes


def test_annotators_captions_count_and_not_the_line_printed_under_a_figure(tmp_path: Path) -> None:
    record: dict[str, object] = {
        "path": "images/a.png",
        "captions": ["A man at a desk."],
        "caption": "Max Weber.",
    }
    folder = as_folder(tmp_path, {**PICTURES, "records.jsonl": jsonl([record])})
    assert read(folder) == [(b"a", ("A man at a desk.",))]


@pytest.mark.parametrize("pack", [as_folder, as_zip, as_tar])
def test_a_listed_picture_that_is_missing_is_left_out_and_counted(
    tmp_path: Path, pack: Callable[[Path, Files], Path]
) -> None:
    files = {name: content for name, content in MANIFEST.items() if name != "images/c.png"}
    with open_collection(pack(tmp_path, files)) as collection:
        assert isinstance(collection, Captioned)
        assert len(collection.pictures) == 1
        assert "pictures that are listed but can't be read, left out: 1" in collection.notes


def test_unpacked_files_are_gone_afterwards(tmp_path: Path) -> None:
    with open_collection(as_zip(tmp_path, MANIFEST)) as collection:
        assert isinstance(collection, Captioned)
        files = [picture.file for picture in collection.pictures]
        assert all(file.is_file() for file in files)
    assert not any(file.exists() for file in files)


@pytest.mark.parametrize("name", ["../outside.png", "/outside.png", "images/../../outside.png"])
@pytest.mark.parametrize("pack", [as_zip, as_tar])
def test_no_member_leaves_the_folder_that_it_is_unpacked_to(
    tmp_path: Path, pack: Callable[[Path, Files], Path], name: str
) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    records = jsonl([{"path": name, "captions": ["x"]}, RECORDS[0]])
    before = set(tmp_path.rglob("*"))
    archive = pack(inside, {"records.jsonl": records, name: b"evil", **PICTURES})
    with open_collection(archive, Choice(split="all")) as collection:
        assert isinstance(collection, Captioned)
        assert all(
            picture.file.parent.name.startswith("mmsearch-collection-") for picture in collection.pictures
        )
    assert set(tmp_path.rglob("*")) - before == {archive}


def test_a_link_in_a_tar_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    path = as_tar(tmp_path, {"0001.txt": b"a caption", "0002.jpg": b"b", "0002.txt": b"another"})
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("0001.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.txt")
        archive.addfile(link)
    assert read(path) == [(b"b", ("another",))]


def test_a_member_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MAX_UNPACKED_BYTES", 100_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("records.jsonl", jsonl(RECORDS))
        archive.writestr("images/a.png", b"a" * 60_000)
        archive.writestr("images/c.png", b"c" * 60_000)
    with (
        pytest.raises(UsageError, match=r"images/c\.png unpacks to more than 40000 bytes"),
        open_collection(path),
    ):
        pass


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_damaged_archive_is_refused_in_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(b"PK\x03\x04 nothing of the kind" * 100)
    with pytest.raises(UsageError, match="damaged"), open_collection(path):
        pass


def test_a_truncated_member_is_refused_by_name(tmp_path: Path) -> None:
    path = as_zip(tmp_path, MANIFEST)
    damaged = path.read_bytes().replace(b'"A red door."', b'"A RED door."')
    path.write_bytes(damaged)  # its checksum is wrong now
    with pytest.raises(UsageError, match=r"records\.jsonl can't be read"), open_collection(path):
        pass


def test_what_is_no_collection_is_refused_with_what_would_be(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(UsageError, match=r"records\.jsonl.*corpus\.jsonl"), open_collection(tmp_path):
        pass
    with pytest.raises(UsageError, match="there is no collection"), open_collection(tmp_path / "nowhere"):
        pass


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("records.jsonl", b'{"path": "a.png", "captions": ["x"]}\n{"path": \n'),
        ("records.jsonl", b"[1, 2]\n"),
        ("dataset.json", b'{"pictures": []}'),
        ("dataset.json", b'{"images": [{"sentences": [{"raw": "x"}]}]}'),
        ("dataset.json", b"\xff\xfe"),
    ],
)
def test_a_malformed_list_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    folder = as_folder(tmp_path, {**PICTURES, name: content})
    with pytest.raises(UsageError, match=name.replace(".", r"\.")), open_collection(folder / name):
        pass


BEIR = {
    "corpus.jsonl": jsonl(
        [{"_id": "d1", "title": "Tea", "text": "Leaves."}, {"_id": "d2", "title": "", "text": "Moon."}]
    ),
    "queries.jsonl": jsonl(
        [{"_id": f"q{n}", "text": text} for n, text in enumerate(["drink", "sky", "?"], 1)]
    ),
    "qrels/test.tsv": b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\n",
    "qrels/dev.tsv": b"query-id\tcorpus-id\tscore\nq3\td2\t1\n",
}


@pytest.mark.parametrize("pack", [as_folder, as_zip, as_tar])
@pytest.mark.parametrize("folder", ["", "scifact"])
def test_texts_in_beirs_layout_are_read(
    tmp_path: Path, pack: Callable[[Path, Files], Path], folder: str
) -> None:
    path = pack(tmp_path, under(folder, BEIR) if folder else BEIR)
    with open_collection(path / folder if path.is_dir() else path) as collection:
        assert isinstance(collection, TextCollection)
        assert collection.documents["d1"] == ("Tea", "Leaves.")
        assert collection.queries == {"q1": "drink", "q2": "sky"}
        assert collection.qrels == {"q1": {"d1": 1}, "q2": {"d2": 2}}


def test_another_split_of_the_judgements_can_be_chosen(tmp_path: Path) -> None:
    with open_collection(as_folder(tmp_path, BEIR), Choice(split="dev")) as collection:
        assert collection.queries == {"q3": "?"}  # type: ignore[union-attr]
    with pytest.raises(UsageError, match=r"qrels/train\.tsv"):  # noqa: SIM117
        with open_collection(as_folder(tmp_path, BEIR), Choice(split="train")):
            pass


def test_a_sample_of_texts_is_of_queries_and_keeps_all_documents(tmp_path: Path) -> None:
    with open_collection(as_folder(tmp_path, BEIR), Choice(sample=1)) as collection:
        assert isinstance(collection, TextCollection)
        assert len(collection.queries) == 1
        assert collection.qrels.keys() == collection.queries.keys()
        assert len(collection.documents) == 2


def test_annotators_captions_are_measured_and_the_line_under_the_figure_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    row = {"path": "a.png", "captions": ["two men talk"], "caption": "Phil Libin, former CEO"}
    (tmp_path / "records.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with open_collection(tmp_path) as collection:
        assert isinstance(collection, Captioned)
        assert collection.pictures[0].captions == ("two men talk",)
