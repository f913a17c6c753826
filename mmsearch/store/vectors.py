"""Shards: append-only float16 files of unit vectors, read through memory maps.

Row r lies in the file ``<modality>-<r // shard_rows>.f16``, row-major, little-endian, without a header.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.files import plain_errors, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.types import Ids, Modality, Vectors

    Block: TypeAlias = NDArray[np.float16]  # (m, dimension), memory-mapped, read-only

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
        shard_rows: int = SHARD_ROWS,
    ) -> None:
        """Open the shards in ``directory``, of which the catalogue knows ``rows`` rows (highest_row + 1).

        Raises IndexDirectoryError for a shard that is missing or too short.
        """
        self.directory, self.modality, self.dimension = directory, modality, dimension
        self.rows, self.shard_rows = rows, shard_rows
        self._maps: dict[tuple[int, int], Block] = {}  # by (shard, rows in it)
        self._unsynced: set[Path] = set()
        self._created = False  # whether a file is new to the folder since the last sync
        self._tidy = False  # whether garbage beyond the rows has been cut off
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
        return self.directory / f"{self.modality}-{shard}.f16"

    def append(self, vectors: Vectors) -> int:
        """Write unit rows (m, dimension) float32 after the last; the first one's row.

        They are durable after ``sync``, and the catalogue may learn of them only then. Raises ValueError for
        rows that are not of unit length, IndexDirectoryError when the disk is full: then nothing is appended.
        """
        import numpy as np

        if vectors.ndim != 2 or vectors.shape[1] != self.dimension:
            raise ValueError(f"vectors {vectors.shape} must be (n, {self.dimension})")
        lengths = np.linalg.norm(vectors, axis=1)
        if not (np.abs(lengths - 1) <= UNIT_TOLERANCE).all():
            raise ValueError("vectors must be finite and of unit length")
        if not self._tidy:
            self.truncate(self.rows)
        first, written = self.rows, 0
        while written < len(vectors):
            shard, place = divmod(first + written, self.shard_rows)
            part = vectors[written : written + self.shard_rows - place]
            self._write(shard, place, np.ascontiguousarray(part, dtype="<f2"))
            written += len(part)
        self.rows += written
        return first

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

    def truncate(self, rows: int) -> None:
        """Cut everything from row ``rows`` on."""
        if rows > self.rows:
            raise ValueError(f"there are {self.rows} rows, not {rows}")
        self._maps.clear()
        held = dict(_division(rows, self.shard_rows))
        with plain_errors(self.directory):
            for path in self.directory.glob(f"{self.modality}-*.f16"):
                number = path.stem.rpartition("-")[2]
                if not number.isdigit():
                    continue
                if int(number) not in held:
                    path.unlink()
                elif path.stat().st_size > (size := held[int(number)] * self.dimension * 2):
                    os.truncate(path, size)
        self.rows, self._tidy = rows, True

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """Each shard's first row and its memory map (m, dimension) float16, in order."""
        for shard, held in _division(self.rows, self.shard_rows):
            yield shard * self.shard_rows, self._map(shard, held)

    def read(self, rows: Ids) -> Vectors:
        """The vectors of ``rows`` (n,), in that order: (n, dimension) float32, unit to float16's precision.

        Raises ValueError for a row that is not there.
        """
        import numpy as np

        rows = np.asarray(rows, dtype=np.int64)
        if rows.size and not 0 <= int(rows.min()) <= int(rows.max()) < self.rows:
            raise ValueError(f"rows must lie between 0 and {self.rows - 1}")
        vectors = np.empty((rows.size, self.dimension), dtype=np.float32)
        shards, places = np.divmod(rows, self.shard_rows)
        for shard, held in _division(self.rows, self.shard_rows):
            here = np.flatnonzero(shards == shard)
            if here.size:
                vectors[here] = self._map(shard, held)[places[here]]
        return vectors

    def _write(self, shard: int, place: int, part: Block) -> None:
        path = self.file(shard)
        offset, data = place * self.dimension * 2, part.data.cast("B")
        with plain_errors(path):
            self.directory.mkdir(parents=True, exist_ok=True)
            self._created = self._created or not path.exists()
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                while data:
                    count = os.pwrite(handle, data, offset)
                    offset, data = offset + count, data[count:]
            finally:
                os.close(handle)
        self._unsynced.add(path)

    def _check(self, shard: int, held: int) -> None:
        path = self.file(shard)
        size = path.stat().st_size if path.is_file() else -1
        if size < held * self.dimension * 2:
            state = "missing" if size < 0 else f"too short ({size // (self.dimension * 2)} of {held} rows)"
            raise IndexDirectoryError(
                f"{path} is {state}; `mmsearch check --repair` drops what it held, and `mmsearch index` "
                "encodes that anew"
            )

    def _map(self, shard: int, held: int) -> Block:
        import numpy as np

        if (shard, held) not in self._maps:
            self._maps = {key: block for key, block in self._maps.items() if key[0] != shard}
            shape = (held, self.dimension)
            try:
                self._maps[shard, held] = np.memmap(self.file(shard), dtype="<f2", mode="r", shape=shape)
            except (OSError, ValueError):
                self._check(shard, held)
                raise
        return self._maps[shard, held]


def _division(rows: int, shard_rows: int) -> Iterator[tuple[int, int]]:
    """Each shard with how many of ``rows`` it holds."""
    for shard in range(-(-rows // shard_rows)):
        yield shard, min(shard_rows, rows - shard * shard_rows)
