from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from mmsearch.datasets import members as module
from mmsearch.datasets.members import FolderMembers, open_members
from mmsearch.errors import UsageError
from mmsearch.media.limits import Limits


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


FILES = {"a.txt": b"one", "sub/b.txt": b"two"}


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_a_collection_reads_alike_from_a_folder_a_zip_and_a_tar(form: str, tmp_path: Path) -> None:
    place = tmp_path / f"c.{form}"
    if form == "folder":
        for name, content in FILES.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    else:
        {"zip": zipped, "tar": tarred}[form](place, FILES)
    work = tmp_path / "work"
    work.mkdir()
    with open_members(place, work) as members:
        assert sorted(members.names()) == sorted(FILES)
        assert "sub/b.txt" in members
        assert "c.txt" not in members
        assert members.text("a.txt") == "one"
        assert members.content("sub/b.txt") == b"two"
        assert members.file("sub/b.txt").read_bytes() == b"two"


def test_a_name_that_leads_out_of_an_archive_is_never_a_path(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with open_members(zipped(tmp_path / "c.zip", {"../../out.png": b"x"}), work) as members:
        (name,) = members.names()
        assert members.file(name).parent == work
    assert not (tmp_path.parent / "out.png").exists()


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_member_that_unpacks_to_too_much_is_refused(
    pack: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Limits", lambda: Limits(max_bytes=1_000))
    work = tmp_path / "work"
    work.mkdir()
    place = pack(tmp_path / "c.bin", {"a.png": b"0" * 1_001})  # type: ignore[operator]
    with open_members(place, work) as members:
        for read in (members.content, members.file):
            with pytest.raises(UsageError, match="unpacks to more than 1000 bytes"):
                read("a.png")


def test_a_packed_text_is_unpacked_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("größe".encode()))
    assert FolderMembers(tmp_path).text("a.jsonl.gz") == "größe"


def test_what_is_no_archive_or_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "c.tar").write_bytes(b"no tar")
    with pytest.raises(UsageError, match="not a readable tar"), open_members(tmp_path / "c.tar", tmp_path):
        pass
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        FolderMembers(tmp_path).text("a.txt")
    with pytest.raises(UsageError, match="can't be read"):
        FolderMembers(tmp_path).text("none.txt")
