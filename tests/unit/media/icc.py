"""ICC profiles made for tests, after ICC.1:2001-04: of matrices, of gray, and of tables."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import numpy as np

D50 = (0.9642, 1.0, 0.8249)
# Columns: the colorants of a space under D50.
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def matrix_profile(colorants: tuple[tuple[float, ...], ...], gamma: float) -> bytes:
    """An RGB profile of three colorants (XYZ) and a gamma."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    return _profile(b"RGB ", {**{n: _xyz(c) for n, c in zip(names, colorants, strict=True)}, **curves})


def gray_profile(gamma: float) -> bytes:
    """A gray profile of a gamma."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def table_profile(
    space: bytes, channels: int, to_xyz: Callable[[np.ndarray], np.ndarray], grid: int = 17
) -> bytes:
    """A profile whose table (``A2B0``) is ``to_xyz``: (n, channels) of 0..1 -> (n, 3) XYZ under D50."""
    axes = np.meshgrid(*[np.linspace(0, 1, grid)] * channels, indexing="ij")
    colors = to_xyz(np.stack([axis.ravel() for axis in axes], axis=-1))
    table = (colors / (1 + 32767 / 32768) * 65535).clip(0, 65535).round().astype(">u2")
    identity = struct.pack(">9i", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    line = struct.pack(">2H", 0, 65535)
    head = b"mft2\0\0\0\0" + bytes((channels, 3, grid, 0)) + identity + struct.pack(">2H", 2, 2)
    return _profile(space, {b"A2B0": head + line * channels + table.tobytes() + line * 3})


def _profile(space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": text, b"wtpt": _xyz(D50), b"cprt": b"text\0\0\0\0none\0", **tags}
    at, places, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        places += name + struct.pack(">2I", at + len(body), len(data))
        body += padded
    size = at + len(body)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    date = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI", size, b"none", 0x02400000) + kind + space + b"XYZ " + date + b"acsp"
    head = head.ljust(68, b"\0") + _numbers(D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + places + body


def _numbers(values: tuple[float, ...]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(65536 * value) for value in values))


def _xyz(color: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(color)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma)) + b"\0\0"
