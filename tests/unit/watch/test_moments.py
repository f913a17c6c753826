from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from mmsearch.errors import MissingExtraError
from mmsearch.watch.moments import is_remote, moments

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
server:/export /mnt/nas nfs4 rw,vers=4.2 0 0
user@host:/ /mnt/my\\040photos fuse.sshfs rw,nosuid 0 0
/dev/sdb1 /mnt/nas/disk ext4 rw 0 0
/dev/sdc1 /mnt/usb fuseblk rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "remote"),
    [
        ("/home/ada/photos", False),
        ("/mnt/nas", True),
        ("/mnt/nas/2024/May", True),
        ("/mnt/nasty", False),
        ("/mnt/my photos/a", True),
        ("/mnt/nas/disk/a", False),
        ("/mnt/usb", False),
    ],
)
def test_network_file_systems_are_told_by_the_mount_that_a_folder_lies_on(folder: str, remote: bool) -> None:
    assert is_remote(Path(folder), MOUNTS) is remote
    assert not is_remote(Path(folder), "")


@pytest.mark.parametrize("polling", [False, True])
def test_a_change_is_told_once_and_a_quiet_folder_tells_nothing(tmp_path: Path, polling: bool) -> None:
    pytest.importorskip("watchfiles", reason="watching comes with the watch extra")
    folder = tmp_path / "folder"
    folder.mkdir()
    told = moments(folder, lambda change, path: path.endswith(".txt"), polling=polling, every=0.1)
    try:
        assert next(told)
        assert not next(told)
        for number in range(20):
            (folder / f"{number}.txt").write_text("x")
        assert next(moment for moment in told if moment)
        assert not any(itertools.islice(told, 2))
        (folder / "a.log").write_text("of no concern")
        assert not any(itertools.islice(told, 2))
        folder.rename(tmp_path / "away")
        assert next(moment for moment in told if moment)
        assert not next(told)
        folder.mkdir()  # another folder in its place
        assert next(moment for moment in told if moment)
        (folder / "a.txt").write_text("x")
        assert next(moment for moment in told if moment)
    finally:
        told.close()


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r'pip install "mmsearch\[watch\]"'):
        next(moments(tmp_path, lambda change, path: True, polling=False, every=1.0))
