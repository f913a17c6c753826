"""The manifest of a cluster: which shards there are, and of which run they are. Replaced as a whole, by each run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mmsearch.cluster.numbers import MOST_SHARDS
from mmsearch.errors import IndexDirectoryError, IndexFormatError
from mmsearch.store.directory import MANIFEST, IndexDirectory
from mmsearch.store.durable.files import plain_errors
from mmsearch.store.durable.sealed import unsealed, write_sealed
from mmsearch.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

# Tells the manifest of a cluster from that of an index directory.
KIND, FORMAT = "mmsearch cluster", 1
SHARDS = "shards"
MOST_REPLICAS = 16


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard: its ``name``, its folder below the manifest's, and what it held at the end of the last run."""

    name: str
    folder: str
    documents: int = 0
    generation: int = 0


@dataclass(frozen=True, slots=True)
class ClusterManifest:
    """``generation`` goes up with each run; ``statistics`` are sums over all shards, by name. ``replicas``: so many
    processes answer for each shard on Ray.
    """

    shards: tuple[ShardEntry, ...]
    encoder: str = ""
    fingerprint: str = ""
    generation: int = 0
    statistics: Mapping[str, int] | None = None
    replicas: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the shards."""
        return tuple(shard.name for shard in self.shards)

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> Self:
        """What ``to_data`` wrote. ValueError for anything else, and for folders outside of the manifest's."""
        try:
            shards = tuple(
                ShardEntry(
                    str(one["name"]), str(one["folder"]), int(one["documents"]), int(one["generation"])
                )
                for one in data["shards"]
            )
            statistics = {str(name): int(count) for name, count in data["statistics"].items()}
            made = cls(
                shards,
                str(data["encoder"]),
                str(data["fingerprint"]),
                int(data["generation"]),
                statistics,
                int(data.get("replicas", 1)),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not the manifest of a cluster") from error
        if not 0 < len(shards) <= MOST_SHARDS or len(set(made.names)) < len(shards):
            raise ValueError("it names no shards, too many, or one twice")
        if not 1 <= made.replicas <= MOST_REPLICAS:
            raise ValueError(f"a shard has 1 to {MOST_REPLICAS} replicas")
        for shard in shards:
            folder = PurePosixPath(shard.folder)
            if folder.is_absolute() or ".." in folder.parts:
                raise ValueError(f"the shard {shard.name!r} lies outside of the cluster's folder")
        return made

    def to_data(self) -> dict[str, object]:
        """As JSON's own values."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "mmsearch": __version__,
            **asdict(self),
            "statistics": dict(self.statistics or {}),
        }


class ClusterDirectory(IndexDirectory):
    """The folder of a cluster: its manifest, and beside it what an index directory has beside its catalogue."""

    @property
    def manifest_path(self) -> Path:
        """The manifest's file."""
        return self.path / MANIFEST

    def shard_path(self, shard: ShardEntry) -> Path:
        """The index directory of a shard."""
        return self.path / shard.folder

    def read(self) -> ClusterManifest:
        """The manifest. IndexDirectoryError when it is missing or damaged, IndexFormatError when it is newer."""
        file = self.manifest_path
        data = read_kind(file)
        if data is None:
            raise IndexDirectoryError(f"{file} is missing, or not the manifest of a cluster")
        if data.get("format") != FORMAT:
            raise IndexFormatError(f"{file} was written by a newer mmsearch; update mmsearch")
        try:
            return ClusterManifest.of_data(data)
        except ValueError as error:
            raise IndexDirectoryError(f"{file} is damaged: {error}") from error

    def write(self, manifest: ClusterManifest) -> None:
        """Replace the manifest, durably."""
        write_sealed(self.manifest_path, manifest.to_data())


def read_kind(file: Path) -> dict[str, object] | None:
    """The object in ``file`` if it is the manifest of a cluster; None for anything else, or nothing."""
    with plain_errors(file):
        try:
            content = file.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
    try:
        data = unsealed(content)
    except ValueError as error:
        if KIND.encode() in content:
            raise IndexDirectoryError(f"{file} is damaged: {error}") from error
        return None
    return data if data.get("kind") == KIND else None
