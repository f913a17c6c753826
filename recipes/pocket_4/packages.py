"""Packages that hold drawings and words: fetched once, checked against a known hash, unpacked into a folder."""

from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = "https://deb.debian.org/debian/pool/main/"
NPM = "https://registry.npmjs.org/"
# Address and SHA-256 of each.
PACKAGES = {
    "openclipart-png": (
        DEBIAN + "o/openclipart/openclipart-png_0.18+dfsg-19_all.deb",
        "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
    ),
    "openclipart-svg": (
        DEBIAN + "o/openclipart/openclipart-svg_0.18+dfsg-19_all.deb",
        "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
    ),
    "wordnet": (
        DEBIAN + "w/wordnet/wordnet-base_3.0-37_all.deb",
        "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752",
    ),
    "emojibase": (
        NPM + "emojibase-data/-/emojibase-data-17.0.0.tgz",
        "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
    ),
    "noto": (
        NPM + "@iconify-json/noto/-/noto-1.2.9.tgz",
        "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
    ),
    "fluent-emoji": (
        NPM + "@iconify-json/fluent-emoji/-/fluent-emoji-1.2.7.tgz",
        "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b",
    ),
    "openmoji": (
        NPM + "@iconify-json/openmoji/-/openmoji-1.2.29.tgz",
        "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5",
    ),
    "twemoji": (
        NPM + "@iconify-json/twemoji/-/twemoji-1.2.5.tgz",
        "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
    ),
}


def unpacked(name: str, folder: Path) -> Path:
    """The folder of a package's files, under ``folder``; fetched and unpacked when it is not there."""
    place = folder / name
    if place.exists():
        return place
    address, expected = PACKAGES[name]
    with urllib.request.urlopen(address, timeout=60) as answer:
        content: bytes = answer.read()
    if hashlib.sha256(content).hexdigest() != expected:
        raise SystemExit(f"{address} is not the file that it was: its SHA-256 differs")
    if address.endswith(".deb"):
        content = _data_of(content)
    fresh = folder / f".{name}"
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(fresh, filter="data")
    fresh.rename(place)
    return place


def _data_of(package: bytes) -> bytes:
    """The ``data.tar`` member of a Debian package, which is an ``ar`` archive."""
    place = len(b"!<arch>\n")
    while place < len(package):
        name, size = package[place : place + 16].strip(), int(package[place + 48 : place + 58])
        place += 60
        if name.startswith(b"data.tar"):
            return package[place : place + size]
        place += size + size % 2
    raise SystemExit("a Debian package without data")
