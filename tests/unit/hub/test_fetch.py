"""Files of the hub: fetched once, gone on with after a cut, held against their digests."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmsearch.errors import EncoderError
from mmsearch.hub.fetch import Wanted, fetch
from tests.unit.hub.server import COMMIT, Hub, playing_hub

LARGE = bytes(range(256)) * 40_000  # 10 MB
DIGEST = hashlib.sha256(LARGE).hexdigest()
WANTED = Wanted("owner/model", "main", ["visual/*.onnx", "config.json"], {})


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = tmp_path / "published"
    (folder / "visual").mkdir(parents=True)
    (folder / "visual" / "model.onnx").write_bytes(LARGE)
    (folder / "visual" / "model.rknn").write_bytes(b"not wanted")
    (folder / "config.json").write_text("{}")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    with playing_hub({"owner/model": folder}) as playing:
        monkeypatch.setenv("HF_ENDPOINT", playing.url)
        yield playing


def test_what_is_wanted_is_fetched_and_counted(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    fetched = fetch(WANTED, tmp_path / "here", lambda done, total: seen.append((done, total)))
    assert (tmp_path / "here" / "visual" / "model.onnx").read_bytes() == LARGE
    assert fetched.digests["visual/model.onnx"] == DIGEST
    assert set(fetched.digests) == {"visual/model.onnx", "config.json"}
    assert fetched.commit == COMMIT
    assert seen[-1] == (len(LARGE) + 2, len(LARGE) + 2)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len({done for done, _ in seen}) > 2


def test_what_is_there_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    fetch(WANTED, tmp_path / "here")
    hub.asked.clear()
    fetch(WANTED, tmp_path / "here")
    assert hub.asked == []


def test_a_cut_connection_is_gone_on_with_where_it_was_cut(hub: Hub, tmp_path: Path) -> None:
    hub.cut["visual/model.onnx"] = [3_000_000, 7_000_000]
    fetch(WANTED, tmp_path / "here")
    assert (tmp_path / "here" / "visual" / "model.onnx").read_bytes() == LARGE
    ranges = [ranged for name, ranged in hub.asked if name == "visual/model.onnx"]
    starts = [int(ranged.removeprefix("bytes=").split("-")[0]) for ranged in ranges if ranged]
    assert len(ranges) == 3
    assert starts == sorted(starts)
    assert 0 < starts[0] <= 3_000_000 < starts[1] <= 7_000_000


def test_a_run_that_was_given_up_is_gone_on_with(hub: Hub, tmp_path: Path) -> None:
    hub.cut["visual/model.onnx"] = [3_500_000, *[0] * 30]
    with pytest.raises(EncoderError, match="can't be reached"):
        fetch(WANTED, tmp_path / "here")
    hub.cut.clear()
    hub.asked.clear()
    fetch(WANTED, tmp_path / "here")
    assert (tmp_path / "here" / "visual" / "model.onnx").read_bytes() == LARGE
    [(_, ranged)] = [(name, ranged) for name, ranged in hub.asked if name == "visual/model.onnx"]
    assert ranged is not None
    assert int(ranged.removeprefix("bytes=").split("-")[0]) > 3_000_000


def test_a_full_disk_is_told_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = shutil.disk_usage(tmp_path)._replace(free=len(LARGE))
    monkeypatch.setattr("mmsearch.hub.fetch.shutil.disk_usage", lambda _: left)
    with pytest.raises(EncoderError, match=r"make room, or name another folder \(MMSEARCH_ENCODERS\)"):
        fetch(WANTED, tmp_path / "here")
    assert not [name for name, _ in hub.asked if name == "visual/model.onnx"]
    # What lies there already needs no more room.
    (tmp_path / "here" / "visual").mkdir(parents=True)
    (tmp_path / "here" / "visual" / "model.onnx").write_bytes(LARGE)
    fetch(WANTED, tmp_path / "here")


def test_a_file_of_another_digest_is_thrown_away(hub: Hub, tmp_path: Path) -> None:
    hub.changed["visual/model.onnx"] = LARGE[:-1] + b"!"
    with pytest.raises(EncoderError, match="another digest"):
        fetch(WANTED, tmp_path / "here")
    assert not (tmp_path / "here" / "visual" / "model.onnx").exists()


def test_a_mirror_that_lies_of_its_digests_is_found_out_where_they_are_known(
    hub: Hub, tmp_path: Path
) -> None:
    hub.changed["visual/model.onnx"] = LARGE[:-1] + b"!"
    hub.lies = True
    known = Wanted(WANTED.repository, WANTED.revision, WANTED.patterns, {"visual/model.onnx": DIGEST})
    with pytest.raises(EncoderError, match="another digest"):
        fetch(known, tmp_path / "here")
    assert fetch(WANTED, tmp_path / "there").known == ()


def test_digests_known_beforehand_are_told(hub: Hub, tmp_path: Path) -> None:
    known = Wanted(WANTED.repository, WANTED.revision, WANTED.patterns, {"visual/model.onnx": DIGEST})
    assert fetch(known, tmp_path / "here").known == ("visual/model.onnx",)


def test_without_a_network_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EncoderError, match="can't be reached") as raised:
        fetch(WANTED, tmp_path / "here")
    assert "--from DIR" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_repository_that_is_gone_is_named(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="has no owner/other"):
        fetch(Wanted("owner/other", "main", ["*"], {}), tmp_path / "here")


def test_a_repository_without_a_file_that_is_wanted_is_refused(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"lacks text\.onnx"):
        fetch(Wanted("owner/model", "main", ["*"], {"text.onnx": DIGEST}), tmp_path / "here")
