"""Keywords in XMP sidecars."""

from __future__ import annotations

from pathlib import Path
from xml.dom import minidom

import pytest

from mmsearch.errors import MediaError
from mmsearch.media.xmp import keywords_of, merged, sidecar_of, write_keywords

DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- written by hand -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/"
   xmlns:darktable="http://darktable.sf.net/" xmp:Rating="4">
   <d:subject><r:Bag><r:li>Sölden</r:li><r:li>dog</r:li></r:Bag></d:subject>
   <darktable:history><r:Seq><r:li darktable:params="a&amp;b"/></r:Seq></darktable:history>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""


def test_a_sidecar_is_made_with_the_keywords(tmp_path: Path) -> None:
    sidecar = sidecar_of(tmp_path / "photo.jpg")
    assert sidecar.name == "photo.jpg.xmp"
    assert write_keywords(sidecar, ["dog", "snow & ice"])
    assert keywords_of(sidecar.read_bytes()) == ["dog", "snow & ice"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["photo.jpg.xmp"]


def test_no_keywords_make_no_sidecar(tmp_path: Path) -> None:
    assert not write_keywords(tmp_path / "a.jpg.xmp", [])
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_takes_back_its_own_keywords_only(tmp_path: Path) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_text(DARKTABLE, encoding="utf-8")
    write_keywords(sidecar, ["dog", "snow"])
    assert keywords_of(sidecar.read_bytes()) == ["Sölden", "dog", "snow"]
    write_keywords(sidecar, ["boat"])
    assert keywords_of(sidecar.read_bytes()) == ["Sölden", "dog", "boat"]
    write_keywords(sidecar, [])
    assert keywords_of(sidecar.read_bytes()) == ["Sölden", "dog"]


def test_everything_else_in_a_sidecar_stays() -> None:
    """After the keywords are taken back, the document is what it was, but for prefixes that were declared."""
    back = merged(merged(DARKTABLE.encode(), ["snow"]), [])
    for kept in (
        "written by hand",
        'xmp:Rating="4"',
        'darktable:params="a&amp;b"',
        "XMP Core 4.4.0-Exiv2",
        "Sölden",
    ):
        assert kept in back.decode()

    def shape(data: bytes) -> list[tuple[str, str]]:
        elements = minidom.parseString(data).getElementsByTagName("*")
        return [
            (one.tagName, "".join(n.data.strip() for n in one.childNodes if n.nodeType == 3))
            for one in elements
        ]

    assert shape(back) == shape(DARKTABLE.encode())


def test_what_need_not_change_stays_byte_for_byte(tmp_path: Path) -> None:
    assert merged(DARKTABLE.encode(), ["dog"]) == DARKTABLE.encode()
    sidecar = tmp_path / "a.jpg.xmp"
    assert write_keywords(sidecar, ["dog"])
    assert not write_keywords(sidecar, ["dog"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not xml", "no well-formed XML"),
        (b"<a/>", "no XMP description"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "declares entities"),
        (DARKTABLE.encode("utf-16"), "not UTF-8"),
        (DARKTABLE.replace("r:Bag", "r:Description").encode(), "no list"),
    ],
)
def test_what_is_no_plain_sidecar_is_left_alone_with_a_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(content)
    with pytest.raises(MediaError, match=reason):
        write_keywords(sidecar, ["dog"])
    assert sidecar.read_bytes() == content


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "real.xmp"
    real.write_text(DARKTABLE, encoding="utf-8")
    real.chmod(0o640)
    link = tmp_path / "a.jpg.xmp"
    link.symlink_to(real)
    write_keywords(link, ["snow"])
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "snow" in keywords_of(real.read_bytes())


def test_a_sidecar_without_keywords_of_ours_is_not_even_read_when_there_are_none_to_write(
    tmp_path: Path,
) -> None:
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_text("not xml")
    assert not write_keywords(sidecar, [])


def test_a_folder_that_can_not_be_written_to_is_told() -> None:
    with pytest.raises(MediaError, match="can't be written"):
        write_keywords(Path("/proc/a.jpg.xmp"), ["dog"])
