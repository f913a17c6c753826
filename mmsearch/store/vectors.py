"""Shards: append-only files of unit vectors in one of the forms of ``precision``, read through memory maps.

Row r lies in the file ``<modality>-<r // shard_rows>.f16`` (``.i8``, ``.bits``), row after row without a header.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.checksums import BLOCK_ROWS, CENTER, Checksum, crc_of_file
from mmsearch.store.durable.files import PRIVATE, own, plain_errors, replace_bytes, sync, write_at
from mmsearch.store.precision import DEFAULT_PRECISION, FORMS, BitForm, center_of, row_form

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from mmsearch.store.precision import Precision, RowForm, Rows
    from mmsearch.types import Ids, Modality, Vectors

SHARD_ROWS = 262_144  # 384 floats: 200 MB a file, which every tool can still copy
UNIT_TOLERANCE = 0.01  # float16 alone moves a length by 0.0005


class VectorShards:
    """The vectors of one (encoder, modality): rows 0 to ``rows`` - 1.

    What lies beyond ``rows`` in the files is garbage of a crashed run; the first append overwrites it. One
    writer; readers that opened earlier keep seeing what they saw.
    """

    def __init__(
        self,
        directory: Path,
        modality: Modality,
        dimension: int,
        *,
        rows: int,
        precision: Precision = DEFAULT_PRECISION,
        center_crc: int | None = None,
        shard_rows: int = SHARD_ROWS,
    ) -> None:
        """Open the shards in ``directory``, of which the catalogue knows ``rows`` rows (highest_row + 1).

        ``center_crc``: the checksum of the center of bits, if the catalogue has one.
        Raises IndexDirectoryError for a shard that is missing or too short, or bits without their center.
        """
        self.directory, self.modality, self.dimension = directory, modality, dimension
        self.rows, self.precision, self.shard_rows = rows, precision, shard_rows
        self.block_rows = min(BLOCK_ROWS, shard_rows)  # of a checksum
        self._center_crc = center_crc
        self._row_bytes = FORMS[precision].row_bytes(dimension)
        self._form: RowForm | None = None  # read when it is needed: new bits have no center yet
        self._maps: dict[tuple[int, int], Rows] = {}  # by (shard, rows in it)
        self._unsynced: set[Path] = set()
        self._created = False  # whether a file is new to the folder since the last sync
        self._tidy = False  # whether garbage beyond the rows has been cut off
        self._checksums: dict[int, Checksum] = {}  # of the blocks that were written
        if rows:
            _ = self.form
        for shard, held in _division(rows, shard_rows):
            self._check(shard, held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the memory maps."""
        self._maps.clear()

    def file(self, shard: int) -> Path:
        """The file of one shard."""
        return self.directory / f"{self.modality}-{shard}{FORMS[self.precision].suffix}"

    @property
    def center_file(self) -> Path:
        """The file of the center that bits are taken around: ``dimension`` floats."""
        return self.directory / f"{self.modality}-center.f32"

    @property
    def form(self) -> RowForm:
        """How rows lie in the files. IndexDirectoryError when the center of bits is missing or damaged."""
        if self._form is None:
            center = self._stored_center() if self.precision == "binary" else None
            if self.precision == "binary" and center is None:
                raise IndexDirectoryError(
                    f"{self.center_file} is missing or damaged; `mmsearch check --repair` drops the vectors that "
                    "need it, and `mmsearch index` encodes them anew"
                )
            self._form = row_form(self.precision, self.dimension, center)
        return self._form

    def append(self, vectors: Vectors) -> int:
        """Write unit rows (m, dimension) float32 after the last; the first one's row.

        They are durable after ``sync``, and the catalogue may learn of them only then. Raises ValueError for
        rows that are not of unit length, IndexDirectoryError when the disk is full: then nothing is appended.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.dimension:
            raise ValueError(f"vectors {vectors.shape} must be (n, {self.dimension})")
        _check_lengths(vectors)
        if not len(vectors):
            return self.rows
        if self.precision == "binary" and not self.rows and self._stored_center() is None:
            self._write_center(center_of(vectors))
        return self._append(self.form.encode(vectors))

    def copy(self, other: VectorShards, rows: Ids) -> int:
        """Append ``rows`` of ``other``, which has the same form, as they are stored; the first one's row here.

        Raises as ``append`` does.
        """
        if not self.rows and isinstance(other.form, BitForm):
            self._write_center(other.form.center)
        stored = other.stored(rows)
        _check_lengths(other.form.decode(stored))
        return self._append(stored)

    def sync(self) -> None:
        """Make everything that was appended durable: the files, and the folder that lists them."""
        with plain_errors(self.directory):
            for path in self._unsynced:
                sync(path)
            if self._created:
                sync(self.directory)
                sync(self.directory.parent)
        self._unsynced.clear()
        self._created = False

    def checksums(self, first: int) -> tuple[Checksum, ...]:
        """Of each block that was written here, from that of row ``first`` on; before row 0, of the center of bits."""
        listed = [
            self._checksums[block] for block in sorted(self._checksums) if block >= first // self.block_rows
        ]
        center = self.center_checksum if first == 0 else None
        return (*listed,) if center is None else (center, *listed)

    @property
    def center_checksum(self) -> Checksum | None:
        """Of the center that bits are taken around; None for other forms, and before there is one."""
        if self.precision != "binary" or not self.center_file.is_file():
            return None
        crc = crc_of_file(self.center_file, 0, 4 * self.dimension)
        return None if crc is None else Checksum(CENTER, 1, crc)

    def crc(self, block: int, rows: int) -> int | None:
        """The CRC-32 of the first ``rows`` rows of a block as the file holds them now; None when it is too short."""
        shard, place = divmod(block * self.block_rows, self.shard_rows)
        return crc_of_file(self.file(shard), place * self._row_bytes, rows * self._row_bytes)

    def truncate(self, rows: int) -> None:
        """Cut everything from row ``rows`` on."""
        if rows > self.rows:
            raise ValueError(f"there are {self.rows} rows, not {rows}")
        self._maps.clear()
        held = dict(_division(rows, self.shard_rows))
        with plain_errors(self.directory):
            for path in self.directory.glob(f"{self.modality}-*{FORMS[self.precision].suffix}"):
                number = path.stem.rpartition("-")[2]
                if not number.isdigit():
                    continue
                if int(number) not in held:
                    path.unlink()
                elif path.stat().st_size > (size := held[int(number)] * self._row_bytes):
                    own(path)
                    os.truncate(path, size)
        self._checksums = {
            n: known for n, known in self._checksums.items() if (n + 1) * self.block_rows <= rows
        }
        self.rows, self._tidy = rows, True

    def blocks(self) -> Iterator[tuple[int, Rows]]:
        """Each shard's first row and the memory map of its rows, in ``form``, in order."""
        for shard, held in _division(self.rows, self.shard_rows):
            yield shard * self.shard_rows, self._map(shard, held)

    def read(self, rows: Ids) -> Vectors:
        """The vectors of ``rows`` (n,), in that order: (n, dimension) float32, unit to the precision's rounding.

        Raises ValueError for a row that is not there.
        """
        if not len(rows):
            return np.empty((0, self.dimension), dtype=np.float32)  # bits may not have a center yet
        return self.form.decode(self.stored(rows))

    def stored(self, rows: Ids) -> Rows:
        """The ``rows`` (n,) as they lie in the files, in that order. ValueError for one that is not there."""
        rows = np.asarray(rows, dtype=np.int64)
        if rows.size and not 0 <= int(rows.min()) <= int(rows.max()) < self.rows:
            raise ValueError(f"rows must lie between 0 and {self.rows - 1}")
        found: Rows = np.empty(rows.size, dtype=self.form.dtype)
        shards, places = np.divmod(rows, self.shard_rows)
        for shard, held in _division(self.rows, self.shard_rows):
            here = np.flatnonzero(shards == shard)
            if here.size:
                found[here] = self._map(shard, held)[places[here]]
        return found

    def _append(self, rows: Rows) -> int:
        """Write ``rows`` after the last; the first one's row."""
        if not self._tidy:
            self.truncate(self.rows)
        first, written = self.rows, 0
        while written < len(rows):
            shard, place = divmod(first + written, self.shard_rows)
            left = self.block_rows - (first + written) % self.block_rows
            part = rows[written : written + min(left, self.shard_rows - place)]
            data = part.tobytes()
            self._write(shard, place, memoryview(data))
            self._carry_on(first + written, len(part), data)
            written += len(part)
        self.rows += written
        return first

    def _carry_on(self, first: int, rows: int, data: bytes) -> None:
        """The checksum of the block of row ``first``, ``rows`` rows later; all of them are of that block."""
        block, place = divmod(first, self.block_rows)
        if not place:
            before: int | None = 0
        elif block in self._checksums:
            before = self._checksums[block].crc
        else:
            before = self.crc(block, place)
        assert before is not None, "the rows before are there"
        self._checksums[block] = Checksum(block, place + rows, zlib.crc32(data, before))

    def _stored_center(self) -> NDArray[np.float32] | None:
        """None when it is missing or damaged. A center that is a mean of unit vectors lies within their sphere."""
        if not self.center_file.is_file():
            return None
        with plain_errors(self.center_file):
            data = self.center_file.read_bytes()
        if len(data) != 4 * self.dimension or self._center_crc not in (None, zlib.crc32(data)):
            return None
        center = np.frombuffer(data, dtype="<f4")
        return center if float(center @ center) < 1 else None

    def _write_center(self, center: NDArray[np.float32]) -> None:
        """Before the first row, durably: rows without it mean nothing."""
        with plain_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        data = center.astype("<f4").tobytes()
        replace_bytes(self.center_file, data)
        with plain_errors(self.directory):
            sync(self.directory.parent)
        self._form, self._center_crc = None, zlib.crc32(data)

    def _write(self, shard: int, place: int, data: memoryview) -> None:
        path = self.file(shard)
        offset = place * self._row_bytes
        with plain_errors(path):
            self.directory.mkdir(parents=True, exist_ok=True)
            self._created = self._created or not path.exists()
            own(path)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | PRIVATE, 0o666)
            try:
                while data:
                    count = write_at(handle, data, offset)
                    offset, data = offset + count, data[count:]
            finally:
                os.close(handle)
        self._unsynced.add(path)

    def _check(self, shard: int, held: int) -> None:
        path = self.file(shard)
        with plain_errors(path):
            size = path.stat().st_size if path.is_file() else -1
        if size < held * self._row_bytes:
            state = "missing" if size < 0 else f"too short ({size // self._row_bytes} of {held} rows)"
            raise IndexDirectoryError(
                f"{path} is {state}; `mmsearch check --repair` drops what it held, and `mmsearch index` "
                "encodes that anew"
            )

    def _map(self, shard: int, held: int) -> Rows:
        if (shard, held) not in self._maps:
            self._maps = {key: block for key, block in self._maps.items() if key[0] != shard}
            try:
                self._maps[shard, held] = np.memmap(
                    self.file(shard), dtype=self.form.dtype, mode="r", shape=(held,)
                )
            except (OSError, ValueError):
                self._check(shard, held)
                with plain_errors(self.file(shard)):
                    raise
        return self._maps[shard, held]


def _division(rows: int, shard_rows: int) -> Iterator[tuple[int, int]]:
    """Each shard with how many of ``rows`` it holds."""
    for shard in range(-(-rows // shard_rows)):
        yield shard, min(shard_rows, rows - shard * shard_rows)


def _check_lengths(vectors: Vectors) -> None:
    if not (np.abs(np.linalg.norm(vectors, axis=1) - 1) <= UNIT_TOLERANCE).all():
        raise ValueError("vectors must be finite and of unit length")
