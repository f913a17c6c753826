"""A decoder in a child process: what it reads is what any other reads, and what ends it ends nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import MediaError, MmsearchError
from mmsearch.ingest.decoding.decoding import Decoding, decode
from mmsearch.ingest.decoding.isolation import IsolatedDecoder
from mmsearch.ingest.sources import Source
from mmsearch.media.isolation.child import DecoderDiedError
from mmsearch.media.limits import Limits
from mmsearch.types import PictureSpec

# Loaded by every Python that starts with it on its path: a decoder of PNG that does what a file's last bytes say.
POISON = """
import importlib.util, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "PIL.PngImagePlugin":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            plain = module.PngImageFile.__init__

            def poisoned(self, fp=None, *rest, **named):
                data = fp.getvalue()
                if data.endswith(b"HANG"):
                    import time
                    time.sleep(1e6)
                if data.endswith(b"CRASH"):
                    import os
                    os.abort()
                if data.endswith(b"PRINT"):
                    import os
                    os.write(1, b"not an answer")
                if data.endswith(b"EAT"):
                    bytearray(1 << 42)
                plain(self, fp, *rest, **named)

            module.PngImageFile.__init__ = poisoned

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""

SPEC = PictureSpec(64)


def poisoned(picture: Path, how: str) -> Path:
    """A copy of ``picture`` that does what ``how`` says when its decoder is poisoned."""
    copy = picture.with_name(f"{how}.png")
    copy.write_bytes(picture.read_bytes() + how.encode())
    return copy


@pytest.fixture
def poison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poison the decoders of processes that are started from now on."""
    folder = tmp_path / "poison"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")


@pytest.fixture
def decoder() -> Iterator[IsolatedDecoder]:
    isolated = IsolatedDecoder(Decoding(SPEC, Limits(max_seconds=20)))
    yield isolated
    isolated.close()


def test_a_child_reads_what_any_other_reads(decoder: IsolatedDecoder, small_corpus: Path) -> None:
    source = Source(
        "a", "1", small_corpus / "rocket.jpg", small_corpus / "texts" / "moon.txt", ("Up",), "Rocket", "It flies.",
        {"year": 1999},
    )  # fmt: skip
    [here], [there] = decode(source, decoder.how, lambda _: None), decoder.decode(source)
    assert (here.title, here.fields) == (there.title, there.fields)
    assert len(here.drafts) == len(there.drafts) == 5
    for one, other in zip(here.drafts, there.drafts, strict=True):
        assert (one.modality, one.locator, one.key, one.text) == (
            other.modality, other.locator, other.key, other.text,
        )  # fmt: skip
    assert np.array_equal(here.drafts[0].pixels, there.drafts[0].pixels)  # type: ignore[arg-type]
    bare = IsolatedDecoder(Decoding(None))
    assert next(bare.decode(source)).drafts[0].pixels is None
    bare.close()


def test_a_bad_file_has_its_reason_and_the_child_goes_on(
    decoder: IsolatedDecoder, small_corpus: Path
) -> None:
    (small_corpus / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    with pytest.raises(MediaError, match="PNG"):
        next(decoder.decode(Source("bad", "1", small_corpus / "bad.png")))
    child = decoder._child
    assert next(decoder.decode(Source("good", "1", small_corpus / "coffee.png"))).drafts
    assert decoder._child is child


@pytest.mark.parametrize(
    ("how", "reason"),
    [("HANG", "did not come to an end in 2 s"), ("CRASH", r"crashed its decoder \(SIGABRT\)")],
)
def test_what_hangs_or_crashes_ends_the_child_and_the_next_file_has_another(
    poison: None, small_corpus: Path, how: str, reason: str
) -> None:
    decoder = IsolatedDecoder(Decoding(SPEC, Limits(max_seconds=2)))
    with pytest.raises(DecoderDiedError, match=reason):
        next(decoder.decode(Source("x", "1", poisoned(small_corpus / "chelsea.png", how))))
    decoder.how = Decoding(SPEC, Limits(max_seconds=20))
    assert next(decoder.decode(Source("good", "1", small_corpus / "coffee.png"))).drafts
    decoder.close()


def test_a_child_that_was_ended_while_idle_costs_no_file(
    decoder: IsolatedDecoder, small_corpus: Path
) -> None:
    source = Source("good", "1", small_corpus / "coffee.png")
    next(decoder.decode(source))
    assert decoder._child is not None
    decoder._child.process.kill()
    decoder._child.process.wait()
    assert next(decoder.decode(source)).drafts


def test_a_child_that_can_not_start_is_no_files_fault(
    small_corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmsearch.media.isolation.child._BOOT", "raise SystemExit(1)")
    decoder = IsolatedDecoder(Decoding(SPEC))
    with pytest.raises(MmsearchError, match="no process to decode in can be started"):
        next(decoder.decode(Source("good", "1", small_corpus / "coffee.png")))


def test_what_wants_too_much_memory_is_refused(
    poison: None, decoder: IsolatedDecoder, small_corpus: Path
) -> None:
    with pytest.raises(MediaError, match="not enough memory"):
        next(decoder.decode(Source("x", "1", poisoned(small_corpus / "chelsea.png", "EAT"))))


def test_what_a_decoder_prints_is_no_answer(
    poison: None, decoder: IsolatedDecoder, small_corpus: Path
) -> None:
    assert next(decoder.decode(Source("x", "1", poisoned(small_corpus / "chelsea.png", "PRINT")))).drafts


def test_a_large_picture_fits_into_the_memory_that_a_child_has(
    decoder: IsolatedDecoder, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("L", (9000, 9000)).save(tmp_path / "large.png")
    assert next(decoder.decode(Source("x", "1", tmp_path / "large.png"))).fields["width"] == 9000
