from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from mmsearch.encoders.registry import load_encoder
from mmsearch.errors import RemovalError
from mmsearch.ingest.options import IndexOptions, IndexReport, Progress
from mmsearch.ingest.pipeline import update
from mmsearch.media.limits import Limits
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import IndexDirectory
from mmsearch.types import Modality, PictureSpec

if TYPE_CHECKING:
    from mmsearch.types import Images, Vectors


@pytest.fixture
def directory(tmp_path: Path) -> IndexDirectory:
    return IndexDirectory.create(tmp_path / "index")


def run(corpus: Path, directory: IndexDirectory, options: IndexOptions | None = None) -> IndexReport:
    with directory.write_lock():
        return update(corpus, directory, load_encoder(), options)


def test_a_first_run_encodes_everything_and_a_second_one_nothing(
    small_corpus: Path, directory: IndexDirectory
) -> None:
    first = run(small_corpus, directory)
    second = run(small_corpus, directory)
    assert (first.added, dict(first.encoded)) == (5, {"image": 3, "text": 2})
    assert (second.added, second.unchanged, dict(second.encoded)) == (0, 5, {})


def test_a_renamed_file_keeps_its_ids_and_is_not_encoded_again(
    small_corpus: Path, directory: IndexDirectory
) -> None:
    run(small_corpus, directory)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        before = catalogue.find("coffee.png")
    (small_corpus / "coffee.png").rename(small_corpus / "breakfast.png")
    report = run(small_corpus, directory)
    assert (report.renamed, report.added, report.removed, dict(report.encoded)) == (1, 0, 0, {})
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.find("breakfast.png") == before
        assert catalogue.find("coffee.png") == []


def test_a_copy_shares_the_vector_of_its_original(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy.png")
    report = run(small_corpus, directory)
    assert (report.added, report.reused, dict(report.encoded)) == (1, 1, {})


def test_copies_that_come_in_one_batch_are_stored_once(small_corpus: Path, directory: IndexDirectory) -> None:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy.png")
    report = run(small_corpus, directory)
    assert report.encoded["image"] == 3


def test_a_deleted_file_is_removed(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    (small_corpus / "coffee.png").unlink()
    assert run(small_corpus, directory).removed == 1


def test_a_changed_text_is_encoded_again(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    (small_corpus / "texts" / "tea.txt").write_text("Black tea needs boiling water.\n", encoding="utf-8")
    report = run(small_corpus, directory)
    assert (report.updated, dict(report.encoded)) == (1, {"text": 1})


def test_verify_finds_a_change_that_kept_size_and_time(small_corpus: Path, directory: IndexDirectory) -> None:
    path = small_corpus / "texts" / "tea.txt"
    run(small_corpus, directory)
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"White")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run(small_corpus, directory).unchanged == 5
    assert run(small_corpus, directory, IndexOptions(verify=True)).encoded == {"text": 1}


def test_one_bad_file_is_listed_and_the_others_go_on(small_corpus: Path, directory: IndexDirectory) -> None:
    whole = (small_corpus / "rocket.jpg").read_bytes()
    (small_corpus / "half.jpg").write_bytes(whole[: len(whole) // 2])
    report = run(small_corpus, directory)
    assert report.added == 5
    assert [entry.path for entry in report.skipped] == ["half.jpg"]
    assert "truncated" in report.skipped[0].reason


def test_a_file_that_became_unreadable_keeps_what_was_indexed(
    small_corpus: Path, directory: IndexDirectory
) -> None:
    run(small_corpus, directory)
    (small_corpus / "rocket.jpg").write_bytes(b"")
    report = run(small_corpus, directory)
    assert (report.removed, len(report.skipped)) == (0, 1)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.find("rocket.jpg")


def test_indexing_one_file_leaves_the_others_alone(small_corpus: Path, directory: IndexDirectory) -> None:
    run(small_corpus, directory)
    report = run(small_corpus / "coffee.png", directory)
    assert (report.removed, report.unchanged) == (0, 1)


def test_progress_ends_at_the_total(small_corpus: Path, directory: IndexDirectory) -> None:
    seen: list[Progress] = []
    run(small_corpus, directory, IndexOptions(progress=seen.append))
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 5, 5)


class Counting:
    """Pocket's shape with vectors that cost nothing, and a count of how many pictures are under way."""

    name, dimension, parallel, sound_fingerprint = "counting", 8, True, ""
    fingerprint = "0" * 64
    picture = PictureSpec(16)
    modalities: frozenset[Modality] = frozenset(("image", "text"))

    def __init__(self) -> None:
        self.lock, self.largest = threading.Lock(), 0

    def encode_images(self, batch: Images) -> Vectors:
        with self.lock:
            self.largest = max(self.largest, len(batch))
        return self._units(len(batch))

    def encode_texts(self, batch: list[str]) -> Vectors:
        return self._units(len(batch))

    def bank(self, modality: Modality) -> None:
        return None

    def prior(self, query: Modality, item: Modality) -> None:
        return None

    def _units(self, n: int) -> Vectors:
        vectors = np.zeros((n, self.dimension), np.float32)
        vectors[:, 0] = 1
        return vectors


def test_a_batch_stays_small_however_large_the_corpus(tmp_path: Path, directory: IndexDirectory) -> None:
    corpus = tmp_path / "many"
    corpus.mkdir()
    for n in range(200):
        Image.new("RGB", (8, 8), (n, 255 - n, 7)).save(corpus / f"{n:03}.png")
    encoder = Counting()
    with directory.write_lock():
        report = update(corpus, directory, encoder)
    assert report.encoded == {"image": 200}
    assert encoder.largest <= 32


def picture(path: Path, shade: int) -> None:
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(path)


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    """Ten pictures."""
    folder = tmp_path / "shades"
    folder.mkdir()
    for n in range(10):
        picture(folder / f"{n}.png", 20 * n)
    return folder


def test_a_corpus_that_has_nothing_left_stops_the_run_before_anything_is_removed(
    shades: Path, directory: IndexDirectory
) -> None:
    run(shades, directory)
    away = shades.rename(shades.with_name("away"))
    shades.mkdir()
    with pytest.raises(RemovalError, match=r"none of the 10 documents.*--allow-removal") as stopped:
        run(shades, directory)
    assert (stopped.value.lost, stopped.value.known) == (10, 10)
    shades.rmdir()
    away.rename(shades)
    assert run(shades, directory).unchanged == 10


@pytest.mark.parametrize(("lost", "stops"), [(1, False), (5, False), (6, True), (10, True)])
def test_more_than_half_stops_the_run_unless_that_is_allowed(
    shades: Path, directory: IndexDirectory, lost: int, stops: bool
) -> None:
    run(shades, directory)
    for n in range(lost):
        (shades / f"{n}.png").unlink()
    if stops:
        with pytest.raises(RemovalError):
            run(shades, directory)
    assert run(shades, directory, IndexOptions(allow_removal=True)).removed == lost


def test_a_manifest_that_is_none_now_keeps_only_what_nothing_else_tells_of(
    shades: Path, directory: IndexDirectory
) -> None:
    records = (
        '{"path": "0.png"}\n{"id": "a", "text": "Tea."}\n{"id": "b", "text": "Milk."}\n{"path": "1.png"}\n'
    )
    (shades / "records.jsonl").write_text(records)
    assert run(shades, directory).added == 4
    (shades / "records.jsonl").write_bytes(bytes(range(256)))
    (shades / "1.png").unlink()
    report = run(shades, directory)
    assert (report.added, report.updated, report.removed) == (8, 1, 1)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.find("records.jsonl#a")
        assert not catalogue.find("1.png")


def test_one_of_a_few_documents_may_go_but_not_the_last(shades: Path, directory: IndexDirectory) -> None:
    for n in range(3, 10):
        (shades / f"{n}.png").unlink()
    run(shades, directory)
    for n in (0, 1):
        (shades / f"{n}.png").unlink()
    assert run(shades, directory).removed == 2
    (shades / "2.png").unlink()
    with pytest.raises(RemovalError):
        run(shades, directory)


def test_a_renamed_folder_is_no_loss(shades: Path, directory: IndexDirectory) -> None:
    run(shades, directory)
    (shades / "below").mkdir()
    for n in range(10):
        (shades / f"{n}.png").rename(shades / "below" / f"{n}.png")
    assert run(shades, directory).renamed == 10


def test_other_files_in_the_place_of_all_stop_the_removal_and_are_indexed(
    shades: Path, directory: IndexDirectory
) -> None:
    run(shades, directory)
    for n in range(10):
        (shades / f"{n}.png").unlink()
        picture(shades / f"other-{n}.png", 20 * n + 5)
    with pytest.raises(RemovalError):
        run(shades, directory)
    report = run(shades, directory, IndexOptions(allow_removal=True))
    assert (report.removed, report.unchanged) == (10, 10)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RecursionError(),
        ZeroDivisionError("x"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"),
    ],
)
def test_whatever_a_decoder_raises_costs_its_file_only(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from mmsearch.media.readers import parts

    plain = parts.load_picture

    def failing(data: bytes, *rest: Any, **named: Any) -> Any:
        if data == (shades / "3.png").read_bytes():
            raise error
        return plain(data, *rest, **named)

    monkeypatch.setattr(parts, "load_picture", failing)
    report = run(shades, directory)
    assert (report.added, [entry.path for entry in report.skipped]) == (9, ["3.png"])


def test_an_encoder_that_fails_at_one_file_gives_the_others_their_vectors(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder()
    plain = type(encoder).encode_images

    def failing(self: Any, images: Images) -> Vectors:
        if (images[:, 0, 0, 0] == 60).any():
            raise RuntimeError("a shape that no network knows")
        return plain(self, images)

    monkeypatch.setattr(type(encoder), "encode_images", failing)
    report = run(shades, directory)
    assert (report.added, [entry.path for entry in report.skipped]) == (9, ["3.png"])
    monkeypatch.setattr(type(encoder), "encode_images", lambda self, images: 1 / 0)
    (shades / "2.png").write_bytes((shades / "3.png").read_bytes())
    (shades / "new.png").write_bytes((shades / "3.png").read_bytes())
    with pytest.raises(ZeroDivisionError):  # nothing can be encoded: it is not the files
        run(shades, directory)


def test_a_document_that_the_store_refuses_costs_no_other(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmsearch.media.readers import parts

    plain = parts.load_picture

    def odd(data: bytes, *rest: Any, **named: Any) -> Any:
        found = plain(data, *rest, **named)
        if data == (shades / "3.png").read_bytes():
            found.fields["camera"] = "half a character \ud800"  # type: ignore[index]
        return found

    monkeypatch.setattr(parts, "load_picture", odd)
    report = run(shades, directory)
    assert (report.added, [entry.path for entry in report.skipped]) == (9, ["3.png"])
    assert run(shades, directory).unchanged == 9


def test_a_batch_without_headway_is_read_once_more_elsewhere(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder hangs in this process only: its child knows nothing of the change."""
    from mmsearch.media.readers import parts

    plain, release = parts.load_picture, threading.Event()

    def hanging(data: bytes, *rest: Any, **named: Any) -> Any:
        if data == (shades / "3.png").read_bytes():
            release.wait(60)
        return plain(data, *rest, **named)

    monkeypatch.setattr(parts, "load_picture", hanging)
    report = run(shades, directory, IndexOptions(limits=Limits(max_seconds=3)))
    release.set()
    assert (report.added, report.skipped) == (10, ())
    assert list(directory.decoding.iterdir()) == []


def test_isolated_decoding_makes_the_same_index(
    shades: Path, directory: IndexDirectory, tmp_path: Path
) -> None:
    other = IndexDirectory.create(tmp_path / "isolated")
    run(shades, directory)
    report = run(shades, other, IndexOptions(isolate=True))
    assert report.added == 10
    assert _vectors(other) == _vectors(directory)
    assert run(shades, other, IndexOptions(isolate=True, verify=True)).reused == 10


def _vectors(directory: IndexDirectory) -> list[bytes]:
    return sorted(file.read_bytes() for file in directory.path.glob("vectors/*/image-*"))


def test_what_was_being_decoded_when_a_run_ended_is_decoded_elsewhere_and_last(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmsearch.ingest.decoding import worker
    from mmsearch.ingest.decoding.journal import Journal

    isolated: list[str] = []
    plain = worker.Reader._decode_isolated

    def noted(self: Any, source: Any, **how: Any) -> Any:
        isolated.append(source.path)
        assert how == {"tried": True}
        return plain(self, source, **how)

    monkeypatch.setattr(worker.Reader, "_decode_isolated", noted)
    Journal(directory.decoding, str(shades)).begin(["3.png", "5.png", "gone.png"])
    assert run(shades, directory).added == 10
    assert isolated == ["3.png", "5.png"]
    assert list(directory.decoding.iterdir()) == []


def test_suspects_are_read_as_ever_where_no_child_can_start(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmsearch.ingest.decoding.journal import Journal
    from mmsearch.media.isolation.child import NoChildError

    monkeypatch.setattr("mmsearch.media.isolation.child._BOOT", "raise SystemExit(1)")
    Journal(directory.decoding, str(shades)).begin(["3.png", "5.png"])
    assert run(shades, directory).added == 10
    with pytest.raises(NoChildError):
        run(shades, directory, IndexOptions(isolate=True, verify=True))


def test_a_file_that_ended_its_decoder_is_not_tried_again_until_it_changes(
    shades: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmsearch.ingest.decoding import worker
    from mmsearch.media.isolation.child import DecoderDiedError

    tried: list[str] = []
    plain = worker.Reader._decode_isolated

    def dying(self: Any, source: Any, **how: Any) -> Any:
        tried.append(source.path)
        if source.path == "3.png":
            raise DecoderDiedError("it crashed its decoder")
        return plain(self, source, **how)

    monkeypatch.setattr(worker.Reader, "_decode_isolated", dying)
    report = run(shades, directory, IndexOptions(isolate=True))
    assert [(one.path, one.reason) for one in report.skipped] == [("3.png", "it crashed its decoder")]
    tried.clear()
    report = run(shades, directory, IndexOptions(isolate=True))
    assert [(one.path, one.reason) for one in report.skipped] == [("3.png", "it crashed its decoder")]
    assert tried == []
    picture(shades / "3.png", 77)
    monkeypatch.setattr(worker.Reader, "_decode_isolated", plain)
    assert run(shades, directory).added == 1
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.refused(catalogue.corpora()[0].corpus_id) == {}


def test_what_the_encoder_cannot_read_has_no_vector_and_is_not_tried_again(
    tmp_path: Path, directory: IndexDirectory
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    texts = {
        "en.txt": "A red bicycle.",
        "ru.txt": "Самолёт летит.",
        "th.txt": "ฉันรักกรุงเทพ",
        "n.txt": "12345 🎂",
    }
    for name, text in texts.items():
        (corpus / name).write_text(text, encoding="utf-8")
    first, second = run(corpus, directory), run(corpus, directory)
    assert (first.added, dict(first.encoded)) == (4, {"text": 1})
    assert (second.unchanged, dict(second.encoded)) == (4, {})
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.statistics().unreadable == {"pocket": 3}
        items, _ = catalogue.embeddings(1, "text")
        assert items.tolist() == catalogue.find("en.txt")  # one item each
        assert catalogue.matching_items('"самолет"').size == 1


def test_vectors_that_an_earlier_version_made_of_what_it_could_not_read_are_dropped(
    tmp_path: Path, directory: IndexDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "ru.txt").write_text("Самолёт летит.", encoding="utf-8")
    with monkeypatch.context() as before:
        for module in ("decoding.vectors", "pipeline"):
            before.setattr(f"mmsearch.ingest.{module}.reads", lambda encoder, text: True)
        assert dict(run(corpus, directory).encoded) == {"text": 1}
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        catalogue._database.connection.execute("DELETE FROM state WHERE name LIKE 'read by %'")
    again = run(corpus, directory)
    assert (again.unchanged, dict(again.encoded)) == (1, {})
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.embeddings(1, "text")[0].size == 0
        assert catalogue.statistics().unreadable == {"pocket": 1}
