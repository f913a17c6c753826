from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mmsearch.store.kept.thumbnails import ThumbnailFolder, forget, held, is_whole, keys_held, name_of

KEYS = [bytes([number]) * 32 for number in range(200)]


def webp(size: int) -> bytes:
    """What has the form of a WebP file of ``size`` bytes."""
    return b"RIFF" + (size - 8).to_bytes(4, "little") + b"WEBP" + b"x" * (size - 12)


def test_what_was_put_is_got_and_another_size_is_another_picture(tmp_path: Path) -> None:
    folder = ThumbnailFolder(tmp_path)
    file = folder.put(name_of(KEYS[3], 240, "webp"), webp(100))
    assert file == tmp_path / "03" / f"{'03' * 31}-240.webp"
    again = pickle.loads(pickle.dumps(folder))
    assert again.get(name_of(KEYS[3], 240, "webp")) == webp(100)
    assert again.get(name_of(KEYS[3], 320, "webp")) is None
    assert held(tmp_path) == (1, 100)
    assert keys_held(tmp_path) == {KEYS[3]}


def test_above_the_cap_the_least_recently_used_go(tmp_path: Path) -> None:
    folder = ThumbnailFolder(tmp_path, most_bytes=10_000)
    names = [name_of(key, 240, "webp") for key in KEYS]
    for number, name in enumerate(names[:10]):
        folder.put(name, webp(1_000))
        os.utime(tmp_path / name, (1_000 + number, 1_000 + number))
    assert folder.get(names[0]) is not None  # used now: it is the youngest
    folder.put(names[10], webp(1_000))
    assert held(tmp_path).bytes <= 10_000
    assert folder.get(names[1]) is None
    assert all(folder.get(name) is not None for name in (names[0], names[9], names[10]))
    for name in names:
        folder.put(name, webp(1_000))
        assert held(tmp_path).bytes <= 10_000


def test_what_another_process_puts_there_counts_too(tmp_path: Path) -> None:
    one, other = (ThumbnailFolder(tmp_path, most_bytes=16_000) for _ in range(2))
    for mine, theirs in zip(KEYS[:100], KEYS[100:], strict=True):
        one.put(name_of(mine, 240, "webp"), webp(500))
        other.put(name_of(theirs, 240, "webp"), webp(500))
        assert held(tmp_path).bytes <= 16_000 * (1 + 2 / 16) + 500


@pytest.mark.parametrize("left", [b"", webp(100)[:-1], b"\0" * 100, b"\xff\xd8\xff no end"])
def test_what_a_crash_left_is_no_picture(tmp_path: Path, left: bytes) -> None:
    folder = ThumbnailFolder(tmp_path)
    file = folder.put(name_of(KEYS[0], 240, "webp"), webp(100))
    assert file is not None
    file.write_bytes(left)
    assert not is_whole(left)
    assert folder.get(name_of(KEYS[0], 240, "webp")) is None
    assert not file.exists()


def test_where_nothing_can_be_written_pictures_are_kept_in_memory_within_a_cap(tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.write_text("so no folder can be here")
    folder = ThumbnailFolder(place, most_in_memory=1_000)
    names = [name_of(key, 240, "webp") for key in KEYS[:3]]
    assert [folder.put(name, webp(400)) for name in names[:2]] == [None, None]
    assert folder.get(names[0]) == webp(400)
    folder.put(names[2], webp(400))
    assert folder.get(names[1]) is None
    assert folder.get(names[0]) == folder.get(names[2]) == webp(400)


def test_what_is_forgotten_goes_in_every_size_and_old_partial_files_with_it(tmp_path: Path) -> None:
    folder = ThumbnailFolder(tmp_path)
    for key in KEYS[:2]:
        for size in (160, 240):
            folder.put(name_of(key, size, "webp"), webp(100))
    old, new = (tmp_path / "00" / f"{name}.partial" for name in ("old", "new"))
    for partial in (old, new):
        partial.write_bytes(b"")
    os.utime(old, (0, 0))
    foreign = tmp_path / "00" / "notes.txt"
    foreign.write_text("mine")
    forget(tmp_path, {KEYS[0]})
    assert keys_held(tmp_path) == {KEYS[1]}
    assert (old.exists(), new.exists(), foreign.exists()) == (False, True, True)


WRITER = """
import sys
from pathlib import Path
from mmsearch.store.kept.thumbnails import ThumbnailFolder, name_of
folder = ThumbnailFolder(Path(sys.argv[1]), most_bytes=40_000)
for turn in range(300):
    name = name_of(bytes([turn % 97]) * 32, 240, "webp")
    size = 400 + turn % 97
    data = folder.get(name)
    assert data is None or len(data) == size, len(data)
    folder.put(name, b"RIFF" + (size - 8).to_bytes(4, "little") + b"WEBP" + b"x" * (size - 12))
"""


def test_threads_and_processes_never_see_half_a_picture(tmp_path: Path) -> None:
    others = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    folder = ThumbnailFolder(tmp_path, most_bytes=40_000)
    wrong: list[int] = []

    def use() -> None:
        for turn in range(300):
            size = 400 + turn % 97
            name = name_of(KEYS[turn % 97], 240, "webp")
            data = folder.get(name)
            if data is not None and len(data) != size:
                wrong.append(turn)
            folder.put(name, webp(size))

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        _, said = other.communicate(timeout=60)
        assert other.returncode == 0, said.decode()
    assert not wrong
    assert held(tmp_path).bytes <= 40_000 * (1 + 3 / 16) + 1_500
    assert not list(tmp_path.glob("*/*.partial"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_read_and_not_written(tmp_path: Path) -> None:
    folder = ThumbnailFolder(tmp_path / "thumbnails")
    folder.put(name_of(KEYS[0], 240, "webp"), webp(100))
    for path in (tmp_path / "thumbnails" / "00", tmp_path / "thumbnails"):
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert folder.get(name_of(KEYS[0], 240, "webp")) == webp(100)
    assert folder.put(name_of(KEYS[1], 240, "webp"), webp(100)) is None
    assert folder.get(name_of(KEYS[1], 240, "webp")) == webp(100)
    for path in (tmp_path / "thumbnails", tmp_path / "thumbnails" / "00"):
        path.chmod(stat.S_IRWXU)
