"""The index directory: its layout, its manifest, its lock."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError, IndexFormatError
from mmsearch.store.durable.files import PARTIAL, plain_errors, replace_text
from mmsearch.store.durable.lock import exclusive
from mmsearch.store.durable.sealed import read_given, read_sealed, unsealed_given, write_sealed
from mmsearch.store.durable.witness import CHECKSUMS, GENERATION
from mmsearch.store.header import FORMAT, Manifest, ManifestEncoder, format_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Self

    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.vectors import VectorShards
    from mmsearch.types import Modality

__all__ = ["CATALOGUE", "MANIFEST", "IndexDirectory", "Manifest", "ManifestEncoder"]

MANIFEST, CATALOGUE, LOCK, BACKGROUNDS = "manifest.json", "catalogue.sqlite", "lock", "backgrounds.json"
PROFILES, WEIGHTS, COPIES = "profiles", "weights.json", "copies.json"
POOLING, POSTGRES = "pooling.json", "postgres.json"
DECODING = "decoding"
SEALED = (
    BACKGROUNDS,
    WEIGHTS,
    COPIES,
    POOLING,
    POSTGRES,
)  # with the manifest and the profiles: JSON with a checksum
VECTORS, ANN, THUMBNAILS = "vectors", "ann", "thumbnails"
_SAVED = "catalogue.*.sqlite"  # what a repair that was killed has put aside, or made


@dataclass(frozen=True, slots=True)
class IndexDirectory:
    """An index at ``path``. Readers need no lock; a writer holds ``write_lock()`` all the time."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> Self:
        """The index at ``path``, made if there is none.

        Raises IndexFormatError when something else is there, IndexLockedError when another process is just
        making it, and what ``open`` raises.
        """
        if (path / MANIFEST).exists() or any(path.glob(_SAVED)):
            return cls.open(path)
        _refuse_foreign(path)
        with plain_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        directory = cls(path)
        with directory.write_lock():
            from mmsearch.store.catalogue.catalogue import Catalogue

            with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
                directory.write_manifest(Manifest.of(catalogue))
        return directory

    @classmethod
    def open(cls, path: Path) -> Self:
        """The index at ``path``.

        Raises IndexDirectoryError when there is none or its manifest is damaged, IndexFormatError when it is
        newer than this mmsearch, or something else.
        """
        with plain_errors(path):
            return cls._open(path)

    @classmethod
    def _open(cls, path: Path) -> Self:
        if not path.exists():
            raise IndexDirectoryError(
                f"there is no index at {path}; make one with `mmsearch index CORPUS --index {path}`"
            )
        if not (path / MANIFEST).exists() and not (path / CATALOGUE).exists() and not any(path.glob(_SAVED)):
            raise IndexFormatError(
                f"{path} holds no index; `mmsearch index CORPUS --index DIR` makes one in DIR"
            )
        directory = cls(path)
        directory.refuse_unfinished()
        directory.manifest()
        if not directory.catalogue_path.exists():
            raise IndexDirectoryError(
                f"{directory.catalogue_path} is missing; `mmsearch check --repair --index {path}` starts anew"
            )
        return directory

    def refuse_unfinished(self) -> None:
        """IndexDirectoryError for an index whose making was cut short before anything was stored in it."""
        from mmsearch.store.catalogue.database import is_empty

        if (self.path / MANIFEST).exists() or any(self.path.glob(_SAVED)):
            return
        if self.catalogue_path.exists() and is_empty(self.catalogue_path):
            raise IndexDirectoryError(
                f"the index at {self.path} was begun and nothing is stored in it yet (the run was ended, or the disk "
                f"was full); run `mmsearch index CORPUS --index {self.path}` again"
            )

    def manifest(self) -> Manifest:
        """The manifest.

        Raises IndexDirectoryError when it is missing or damaged, IndexFormatError when it is newer.
        """
        file = self.path / MANIFEST
        if not file.exists():
            raise IndexDirectoryError(
                f"{file} is missing; `mmsearch check --repair --index {self.path}` writes it anew"
            )
        with plain_errors(file):
            text = file.read_bytes().decode("utf-8", "replace")
        if (claimed := format_of(text)) is not None and claimed > FORMAT:
            raise IndexFormatError(
                f"{self.path} was written by a newer mmsearch (format {claimed}, this one reads up to "
                f"{FORMAT}); update mmsearch"
            )
        try:
            return Manifest.from_json(text)
        except ValueError as error:
            raise IndexDirectoryError(
                f"{file} is damaged; `mmsearch check --repair --index {self.path}` writes it anew"
            ) from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest, durably."""
        replace_text(self.path / MANIFEST, manifest.to_json())

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """Hold the one right to write; the system takes it back when the process ends, however it ends.

        Raises IndexLockedError at once when another holds it.
        """
        with exclusive(self.path / LOCK):
            yield

    @property
    def catalogue_path(self) -> Path:
        """The SQLite file."""
        return self.path / CATALOGUE

    @property
    def decoding(self) -> Path:
        """The folder of notes on which files are being decoded."""
        return self.path / DECODING

    @property
    def thumbnails(self) -> Path:
        """The folder of small pictures, which may be deleted at any time."""
        return self.path / THUMBNAILS

    def vectors_path(self, folder: str) -> Path:
        """The folder of an encoder's shards."""
        return self.path / VECTORS / folder

    def ann_path(self, encoder: EncoderRecord, modality: Modality) -> Path:
        """The codes of (encoder, modality) for large indexes; when compaction changes rows, their folder changes."""
        return self.path / ANN / encoder.folder / f"{modality}.codes"

    def shards(self, encoder: EncoderRecord, modality: Modality, *, rows: int) -> VectorShards:
        """The shards of (encoder, modality), of which the catalogue knows ``rows`` rows.

        Raises IndexDirectoryError for a shard that is missing or too short, or has lost its center.
        """
        from mmsearch.store.vectors import VectorShards

        return VectorShards(
            self.vectors_path(encoder.folder),
            modality,
            encoder.dimension,
            rows=rows,
            precision=encoder.precision,
            center_crc=encoder.centers.get(modality) if rows else None,
        )

    def given(self, name: str, data: bytes | None) -> dict[str, object]:
        """The object in the ``data`` of the JSON file ``name``, {} for none; IndexDirectoryError for a damaged one."""
        return {} if data is None else unsealed_given(self.path / name, data)

    def read_bytes(self, name: str) -> bytes | None:
        """A JSON file of the index as it is; None when there is none, IndexDirectoryError when it can't be read."""
        with plain_errors(self.path / name):
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    def read_backgrounds(self) -> dict[str, object]:
        """What ``write_backgrounds`` wrote; {} when it is missing or damaged, for it can be made again."""
        try:
            return read_sealed(self.path / BACKGROUNDS) or {}
        except ValueError:
            return {}

    def write_backgrounds(self, backgrounds: Mapping[str, object]) -> None:
        """Replace backgrounds.json; the values must be JSON's."""
        write_sealed(self.path / BACKGROUNDS, backgrounds)

    def read_weights(self) -> dict[str, object]:
        """What ``write_weights`` wrote, {} when there is none; IndexDirectoryError when it is damaged."""
        return read_given(self.path / WEIGHTS) or {}

    def write_weights(self, record: Mapping[str, object] | None) -> None:
        """Replace weights.json, or delete it (None); the values must be JSON's. Only under the lock."""
        _write_or_delete(self.path / WEIGHTS, record)

    def pooled_path(self, encoder: EncoderRecord) -> Path:
        """The folder of an encoder's saved vectors of whole documents."""
        return self.path / ANN / encoder.folder

    def read_pooling(self) -> str | None:
        """How vectors of whole documents are made, None when there are none; IndexDirectoryError when it is damaged."""
        name = (read_given(self.path / POOLING) or {}).get("documents")
        return name if isinstance(name, str) else None

    def write_pooling(self, name: str | None) -> None:
        """Remember how vectors of whole documents are made, None for not at all. Only under the lock."""
        _write_or_delete(self.path / POOLING, None if name is None else {"documents": name})

    def read_postgres(self) -> dict[str, object]:
        """Which servers hold the vectors, {} for none; IndexDirectoryError when it is damaged."""
        return read_given(self.path / POSTGRES) or {}

    def write_postgres(self, record: Mapping[str, object] | None) -> None:
        """Remember which servers hold the vectors, None for none. Only under the lock."""
        _write_or_delete(self.path / POSTGRES, record)

    def size(self) -> int:
        """Bytes of all files; one that vanishes meanwhile counts nothing."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue
        return total

    def sweep(self, folders: Iterable[str]) -> None:
        """Delete what an interrupted run left: encoder folders other than ``folders``, half-written files.

        Only under the lock.
        """
        kept = set(folders)
        with plain_errors(self.path):
            for parent in (self.path / VECTORS, self.path / ANN):
                for entry in parent.iterdir() if parent.is_dir() else ():
                    if entry.is_dir() and entry.name not in kept:
                        shutil.rmtree(entry)
            for partial in self.path.glob(f"*{PARTIAL}"):
                partial.unlink(missing_ok=True)


def _write_or_delete(file: Path, record: Mapping[str, object] | None) -> None:
    if record is not None:
        write_sealed(file, record)
        return
    with plain_errors(file):
        file.unlink(missing_ok=True)


def _refuse_foreign(path: Path) -> None:
    """Only an empty folder, or an index whose making was cut short, becomes an index."""
    if path.exists() and not path.is_dir():
        raise IndexFormatError(f"{path} is a file; --index wants a folder")
    ours = {
        MANIFEST,
        CATALOGUE,
        LOCK,
        BACKGROUNDS,
        VECTORS,
        ANN,
        THUMBNAILS,
        PROFILES,
        WEIGHTS,
        COPIES,
        POOLING,
        POSTGRES,
        DECODING,
        GENERATION,
        CHECKSUMS,
    }
    for entry in path.iterdir() if path.is_dir() else ():
        own = any(entry.name == name or entry.name.startswith((name + "-", name + ".")) for name in ours)
        if not own and not entry.name.startswith("."):
            raise IndexFormatError(
                f"{path} holds other things ({entry.name}) and no index; name a new or an empty folder"
            )
