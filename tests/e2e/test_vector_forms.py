"""Indexes whose vectors are kept as bytes, as bits, or in part: everything works as with halves."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import mmsearch
from mmsearch.errors import UsageError
from mmsearch.ingest.pipeline import IndexOptions
from mmsearch.store.check import check, repair

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from mmsearch.store.precision import Precision

    Command = Callable[..., subprocess.CompletedProcess[str]]

FORMS: dict[str, tuple[Precision, int | None]] = {
    "int8": ("int8", None),
    "binary": ("binary", None),
    "short": ("float16", 128),
    "short bits": ("binary", 256),
}


@pytest.fixture(scope="module", params=FORMS)
def formed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, demo_corpus: Path
) -> tuple[str, Path]:
    """The demo's index in one of the forms. Read only."""
    directory = tmp_path_factory.mktemp("formed") / "index"
    vectors, dimensions = FORMS[request.param]
    options = IndexOptions(vectors=vectors, dimensions=dimensions)
    mmsearch.index(demo_corpus, directory, options=options).close()
    return request.param, directory


@pytest.fixture
def copied(formed: tuple[str, Path], tmp_path: Path) -> tuple[str, Path]:
    """The same, to change."""
    name, directory = formed
    return name, shutil.copytree(directory, tmp_path / "index")


def test_the_best_hits_are_those_of_halves(formed: tuple[str, Path], library: mmsearch.Library) -> None:
    with mmsearch.open(formed[1]) as other:
        for query in ("a tabby cat looking at the camera", "a rocket on the launch pad", "a cup of coffee"):
            best = library.search(query, modality="image", k=1, cutoff=None)[0].path
            found = other.search(query, modality="image", k=3, cutoff=None)
            assert best in [hit.path for hit in found]


def test_a_score_is_the_sum_of_its_parts_and_raw_scores_are_cosines(formed: tuple[str, Path]) -> None:
    with mmsearch.open(formed[1]) as library:
        for hit in library.search("a cup of coffee", k=5, cutoff=None):
            assert sum(reason.contribution for reason in hit.explanation) == pytest.approx(hit.score)
            dense = [reason.raw for reason in hit.explanation if "→" in reason.channel]
            assert all(-1 <= raw <= 1 for raw in dense)


def test_an_item_is_most_like_itself(formed: tuple[str, Path]) -> None:
    with mmsearch.open(formed[1]) as library:
        index = library.vector_index(library.encoders[0], "image")
        assert index is not None
        for item, vector in zip(index.ids.tolist(), index.vectors(index.ids), strict=True):
            found = index.search(vector, 1)
            assert found.ids.tolist() == [item]
            assert found.scores[0] == pytest.approx(1, abs=0.002)


def test_recommendations_leave_out_what_is_given(formed: tuple[str, Path]) -> None:
    with mmsearch.open(formed[1]) as library:
        path = library.search("a tabby cat", modality="image", k=1, cutoff=None)[0].path
        found = [hit.path for hit in library.recommend(like=[path], k=3)]
        assert len(found) == 3
        assert path not in found


@pytest.mark.parametrize("vectors", ["int8", "binary"])
def test_changed_copies_of_a_picture_are_found_as_its_duplicates(
    tmp_path: Path, demo_corpus: Path, vectors: Precision
) -> None:
    """Signs of two vectors are less alike than the vectors, so that bits want a lower threshold."""
    pytest.importorskip("pdqhash", reason="near-duplicates need the duplicates extra")
    corpus = tmp_path / "corpus"
    for name in ("photo-04.png", "photo-05.png"):
        picture = Image.open(demo_corpus / "photos" / name).convert("RGB")
        (corpus / "copies").mkdir(parents=True, exist_ok=True)
        picture.save(corpus / name)
        inner = picture.resize((300, 300), box=(10, 10, picture.width - 10, picture.height - 10))
        inner.save(corpus / "copies" / name.replace("png", "jpg"), quality=60)
    with mmsearch.index(corpus, tmp_path / "index", options=IndexOptions(vectors=vectors)) as library:
        groups = [sorted(m.path for m in group.members) for group in library.duplicates().groups]
    assert sorted(groups) == [[f"copies/{name}.jpg", f"{name}.png"] for name in ("photo-04", "photo-05")]


def test_compaction_keeps_every_row_as_it_is(copied: tuple[str, Path]) -> None:
    with mmsearch.open(copied[1]) as library:
        library.remove([library.search("a rocket", modality="image", k=1, cutoff=None)[0].path])
        before = {
            (hit.item_id, hit.score) for hit in library.search("a cat", k=60, group="item", cutoff=None)
        }
        library.compact()
        after = {(hit.item_id, hit.score) for hit in library.search("a cat", k=60, group="item", cutoff=None)}
        assert before == after
    assert check(copied[1]) == []


def test_a_lost_shard_is_repaired_and_encoded_anew_in_the_same_form(
    copied: tuple[str, Path], demo_corpus: Path
) -> None:
    _, directory = copied
    (lost,) = directory.glob("vectors/*/image-0.*")
    lost.unlink()
    for center in directory.glob("vectors/*/text-center.f32"):
        center.write_bytes(b"damaged")
    assert {problem.repairable for problem in repair(directory)} == {True}
    assert check(directory) == []
    with mmsearch.index(demo_corpus, directory) as library:
        assert library.report is not None
        assert library.report.encoded["image"] == 18
        assert lost.exists()
        assert len(library.search("a cat", modality="image", k=3, cutoff=None)) == 3
    assert check(directory) == []


def test_a_second_run_keeps_the_form_and_refuses_another(copied: tuple[str, Path], demo_corpus: Path) -> None:
    name, directory = copied
    vectors, dimensions = FORMS[name]
    with mmsearch.index(demo_corpus, directory, encoder="pocket") as library:
        assert library.report is not None
        assert (library.report.unchanged, dict(library.report.encoded)) == (54, {})
        (record,) = library.catalogue.encoders()
        assert (record.precision, record.dimension) == (vectors, dimensions or 384)
    other: Precision = "int8" if vectors == "binary" else "binary"
    with pytest.raises(UsageError, match=f"holds {vectors} vectors of pocket"):
        mmsearch.index(demo_corpus, directory, options=IndexOptions(vectors=other))
    with pytest.raises(UsageError, match=f"with {dimensions or 384} dimensions"):
        mmsearch.index(demo_corpus, directory, options=IndexOptions(dimensions=100))


def test_the_command_keeps_shows_and_checks_the_form(command: Command, small_corpus: Path) -> None:
    indexed = command("index", small_corpus, "--index", "i", "--vectors", "int8", "--dimensions", "96")
    assert indexed.returncode == 0, indexed.stderr
    assert "vectors keep 96 dimensions" in indexed.stdout
    shown = command("stats", "--index", "i").stdout
    assert "3 image vectors (96 dimensions, int8)" in shown
    report = json.loads(command("stats", "--index", "i", "--json").stdout)
    assert {(v["precision"], v["dimensions"]) for v in report["vectors"]} == {("int8", 96)}
    refused = command("index", small_corpus, "--index", "j", "--vectors", "int4")
    assert refused.returncode == 2
    assert "float16, int8, binary" in refused.stderr
    refused = command("index", small_corpus, "--index", "j", "--dimensions", "1000")
    assert refused.returncode == 2
    assert "keep 1 to 384" in refused.stderr


def test_halves_bytes_and_bits_take_the_room_that_they_should(tmp_path: Path, small_corpus: Path) -> None:
    sizes = {}
    for vectors in ("float16", "int8", "binary"):
        options = IndexOptions(vectors=vectors)
        mmsearch.index(small_corpus, tmp_path / vectors, options=options).close()
        shards = (tmp_path / vectors / "vectors").glob("*/image-0.*")
        sizes[vectors] = sum(file.stat().st_size for file in shards) / 3
    assert sizes == {"float16": 2 * 384, "int8": 384 + 4, "binary": 384 / 8 + 2}
    assert np.isclose(sizes["float16"] / sizes["binary"], 15.36)
