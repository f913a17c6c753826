"""No file ends a run: whole runs over a corpus in which one file, of any kind that is read, was mutated at random."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import mmsearch
from mmsearch.errors import MediaError, MmsearchError
from mmsearch.ingest.options import IndexReport
from mmsearch.ingest.pipeline import update
from mmsearch.library.check import check
from mmsearch.media.xmp import keywords_of, merged
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.directory import IndexDirectory
from mmsearch.types import Modality, PictureSpec

if TYPE_CHECKING:
    from mmsearch.types import Images, Vectors

# A run takes longer than a call of a parser: a tenth of the inputs, which is 10,000 for `make fuzz`.
RUNS = settings(
    max_examples=max(100, settings.default.max_examples // 10) if settings.default else 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Hashing:
    """An encoder whose vectors are hashes."""

    name, dimension, fingerprint, sound_fingerprint, parallel = "hashing", 8, "0" * 64, "", True
    modalities: frozenset[Modality] = frozenset({"image", "text"})
    picture = PictureSpec(16)

    def encode_images(self, batch: Images) -> Vectors:
        return self._of([image.tobytes() for image in batch])

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        return self._of([text.encode() for text in batch])

    def prior(self, query: Modality, item: Modality) -> str | None:
        return None

    def bank(self, modality: Modality) -> Vectors | None:
        return None

    def _of(self, contents: Sequence[bytes]) -> Vectors:
        digests = [hashlib.blake2b(content, digest_size=8).digest() for content in contents]
        vectors = np.array([list(digest) for digest in digests], np.float32).reshape(-1, 8) + 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def picture(name: str) -> bytes:
    file = BytesIO()
    image = Image.effect_noise((40, 30), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x0132], exif[0x010F] = "2019:07:05 00:40:00", "Maker"
    if name == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(file, quality=50)
    else:
        image.save(file, name, **({"exif": exif} if name in ("JPEG", "PNG", "WEBP") else {}))
    return file.getvalue()


TABLE = 'path,title,captions,year\ngood.png,"A ""quoted"" title","[""one"", ""two""]",1999\n,Title alone,,\n'
LINES = (
    '{"path": "good.png", "title": "A", "captions": ["one", "two"], "n": {"a": [1.5]}}\n{"text": "Körper"}\n'
)
HTML = "<!doctype html><html><head><title>T</title></head><body><h1>Tea</h1><p hidden>x</p><img alt='a'></body></html>"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>'
    "<rdf:li>cat</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
)
TAKEOUT = {
    "title": "good.png", "photoTakenTime": {"timestamp": "1562254800"}, "people": [{"name": "Ada"}],
    "geoData": {"latitude": 46.4, "longitude": 6.5}, "description": "At the lake",
}  # fmt: skip

FILES: dict[str, bytes] = {
    "sub/manifest.csv": TABLE.encode(),
    "sub/metadata.csv": TABLE.replace(",", ";").encode("utf-16"),
    "sub/records.jsonl": LINES.encode(),
    "other.csv": TABLE.encode("cp1252"),
    "good.json": json.dumps({"caption": ["a", "b"], "year": 3, "text": "long", "deep": [[[]]]}).encode(),
    "good.png.supplemental-metadata.json": json.dumps(TAKEOUT).encode(),
    "good.txt": b"A caption.\n\nAnother one.\n",
    "note.txt": "Grüße aus Köln. Noch ein Satz; 北京大学 und mehr.\r\n".encode(),
    "note.md": b"---\ntitle: T\ntags: [a, b]\ndate: 2019-07-04\n---\n# Tea\n\n```\n# code\n```\n[link](x) *text*\n",
    "page.html": HTML.encode(),
    "wide.txt": "Text in wide characters, and more of it".encode("utf-16-le"),
    ".mmsearchignore": b"*.tmp\n!keep.tmp\n/raw/**\n[a-z]?\n",
    **{f"x.{suffix}": picture(name) for suffix, name in (
        ("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF"), ("tif", "TIFF"), ("bmp", "BMP"),
        ("avif", "AVIF"), ("heic", "HEIF"),
    )},
}  # fmt: skip

TOKENS = (
    b'"', b"'", b"\0", b"\n", b"\r", b",", b";", b"{", b"}", b"[", b"]", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"NaN",
    b"-1e999", b"\\ud800", b"\xed\xa0\x80", b"9" * 400, b"[" * 5000, b'{"a":' * 2000, b"<a>" * 2000, b"&#xD800;",
    b"\\", b"\x1a", b"%", b"\xe2\x80\xae", b"]" * 9, b"---\n", b"null", b"true", b"&lt;", b"<!--",
    b"\xd8\x00", b"good.png", b"../",
)  # fmt: skip


def mutated(data: bytes, dice: random.Random) -> bytes:
    """``data`` with a few random changes."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(changed) + 1)
        end = min(len(changed), at + dice.choice((1, 2, 7, 40, 400)))
        kind = dice.randrange(7)
        if kind == 0 and changed:
            changed[at % len(changed)] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del changed[at:end]
        elif kind == 2:
            changed[at:at] = changed[at:end] * dice.choice((1, 3, 50))
        elif kind == 3:
            changed[at:at] = dice.randbytes(dice.choice((1, 4, 30)))
        elif kind == 4:
            del changed[at:]
        else:
            changed[at : at + dice.choice((0, 0, 1, 5))] = dice.choice(TOKENS)
    return bytes(changed)


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory, where the system has that: a sync takes no time there."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


def run_over(folder: Path, name: str, data: bytes) -> IndexReport:
    corpus = folder / "corpus"
    for place in (corpus, corpus / "sub"):
        place.mkdir(parents=True)
        shutil.copyfile(folder.parent / "good.png", place / "good.png")
    (corpus / "plain.txt").write_text("Nothing is wrong with this one.")
    (corpus / name).write_bytes(data)
    directory = IndexDirectory.create(folder / "index")
    with directory.write_lock():
        report = update(corpus, directory, Hashing())
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert catalogue.find("plain.txt") or name == ".mmsearchignore"
    return report


@pytest.mark.fuzz
@RUNS
@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**32 - 1))
def test_no_mutated_file_ends_a_run(memory: Path, name: str, seed: int) -> None:
    if not (memory / "good.png").exists():
        (memory / "good.png").write_bytes(picture("PNG"))
    folder = memory / "run"
    try:
        run_over(folder, name, mutated(FILES[name], random.Random(seed)))
    finally:
        shutil.rmtree(folder)


@pytest.mark.fuzz
@RUNS
@given(st.integers(0, 2**32 - 1))
def test_no_mutated_sidecar_of_keywords_is_more_than_left_alone(seed: int) -> None:
    data = mutated(XMP.encode(), random.Random(seed))
    for read in (keywords_of, lambda data: merged(data, ["dog"])):
        with suppress(MediaError):
            read(data)


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_depth_alone_ends_nothing(memory: Path, depth: int) -> None:
    """But for HTML, whose parser takes the square of its depth: the limit of time is for such."""
    (memory / "good.png").write_bytes(picture("PNG"))
    for name, data in (
        ("good.json", b"[" * depth + b"]" * depth),
        ("sub/records.jsonl", b'{"path": "good.png", "x": ' + b"[" * depth + b"]" * depth + b"}"),
        ("sub/manifest.csv", b'path,captions\ngood.png,"' + b"[" * depth + b'"\n'),
    ):
        try:
            run_over(memory / "run", name, data)
        finally:
            shutil.rmtree(memory / "run")
    deep = XMP.replace("<rdf:li>cat", "<a>" * depth + "</a>" * depth + "<rdf:li>cat").encode()
    with pytest.raises(MediaError, match="nests too deeply"):
        merged(deep, ["dog"])


INDEX_FILES = (
    "backgrounds.json",
    "manifest.json",
    "weights.json",
    "copies.json",
    "pooling.json",
    "profiles/ada.json",
)
WRITTEN: dict[str, object] = {
    "weights.json": {"values": {"words": 0.5}, "measure": "nDCG@10", "default": 0.5, "learned": 0.6, "p": 0.01,
                     "queries": 9, "judgements": "x", "fusion": "calibrated"},
    "copies.json": {"format": 1, "groups": [["00" * 32, "11" * 32]]},
    "pooling.json": {"documents": "mean"},
    "profiles/ada.json": {"format": 1, "likes": [{"path": "tea.txt", "corpus": "/x"}], "dislikes": []},
}  # fmt: skip


@pytest.fixture(scope="module")
def whole_index(memory: Path) -> Path:
    """A small index with a file of each kind."""
    corpus = memory / "texts"
    corpus.mkdir()
    for name, text in (("tea.txt", "Green tea."), ("moon.txt", "The Moon."), ("sea.txt", "Salt water.")):
        (corpus / name).write_text(text)
    mmsearch.index(corpus, memory / "whole").close()
    (memory / "whole" / "profiles").mkdir()
    for name, record in WRITTEN.items():
        (memory / "whole" / name).write_text(json.dumps(record))
    return memory / "whole"


def use(index: Path) -> None:
    """Whatever reads these files; errors that a user understands are fine."""
    uses: tuple[Callable[[], object], ...] = (
        lambda: check(index),
        lambda: search(index),
        lambda: recommend(index),
    )
    for attempt in uses:
        with suppress(MmsearchError):
            attempt()


def search(index: Path) -> None:
    with mmsearch.open(index) as library:
        assert len(library.search("green tea", k=1, cutoff=None)) == 1


def recommend(index: Path) -> None:
    with mmsearch.open(index) as library:
        library.recommend(like=["tea.txt"], profile="ada")


@pytest.mark.fuzz
@settings(RUNS, max_examples=max(RUNS.max_examples // 5, 40))
@given(st.sampled_from(INDEX_FILES), st.integers(0, 2**32 - 1))
def test_no_mutated_file_of_an_index_is_more_than_named_or_made_anew(
    memory: Path, whole_index: Path, name: str, seed: int
) -> None:
    copy = memory / "copy"
    shutil.copytree(whole_index, copy)
    try:
        data = (copy / name).read_bytes()
        (copy / name).write_bytes(mutated(data, random.Random(seed)))
        use(copy)
    finally:
        shutil.rmtree(copy)


@pytest.mark.parametrize("name", INDEX_FILES)
@pytest.mark.parametrize(
    "text", ["[" * 100_000 + "]" * 100_000, '{"format":' * 100_000, "5", "[]", '{"format": 1e999}']
)
def test_no_depth_and_no_other_value_is_either(memory: Path, whole_index: Path, name: str, text: str) -> None:
    copy = memory / "copy"
    shutil.copytree(whole_index, copy)
    try:
        (copy / name).write_text(text)
        use(copy)
    finally:
        shutil.rmtree(copy)
