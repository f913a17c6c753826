"""Open what lies somewhere: an index directory, a cluster with its shards in this process, or one on Ray."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.library.library import DEFAULT_INDEX_DIR, Library
from mmsearch.store.directory import MANIFEST

if TYPE_CHECKING:
    from mmsearch.cluster.library import ClusterLibrary

# How the place of a cluster on Ray begins; a path that was normalised has one slash.
RAY = ("ray://", "ray:/")


def open(
    index_dir: str | Path = DEFAULT_INDEX_DIR, *, allow_private: bool = False, partial: bool = False
) -> Library:
    """The index in ``index_dir``, ready to search: an index directory, or a cluster by its folder or its manifest.

    ``ray://HOST:PORT/FOLDER/manifest.json`` is a cluster whose shards are Ray's actors, ``ray://auto/FOLDER`` on the
    Ray cluster of this machine; FOLDER is an absolute path on a file system that all machines share. ``partial``:
    answers of a cluster without shards that can't be reached, which `Results.missing` names. ``allow_private``:
    pictures that are looked for by an address may lie on servers of this machine and its networks.

    Raises IndexDirectoryError when there is none or it is damaged, IndexFormatError when it is newer, ClusterError when
    shards can't be reached, MissingExtraError without the extra ``ray``.
    """
    place = str(index_dir)
    if place.startswith(RAY):
        return _on_ray(place, allow_private=allow_private, partial=partial)
    path = Path(place)
    folder = path.parent if path.name == MANIFEST and path.is_file() else path
    if is_cluster(folder):
        from mmsearch.cluster.building import opened
        from mmsearch.cluster.manifest import ClusterDirectory

        return opened(ClusterDirectory(folder), partial=partial, allow_private=allow_private)
    from mmsearch.library.library import open as open_directory

    return open_directory(folder, allow_private=allow_private)


def is_cluster(folder: Path) -> bool:
    """Whether ``folder`` holds a cluster."""
    from mmsearch.cluster.manifest import SHARDS, read_kind

    return (folder / SHARDS).is_dir() and read_kind(folder / MANIFEST) is not None


def _on_ray(place: str, *, allow_private: bool, partial: bool) -> ClusterLibrary:
    from mmsearch.cluster.library import ClusterLibrary
    from mmsearch.cluster.manifest import ClusterDirectory
    from mmsearch.cluster.rays import RayTransport, connect
    from mmsearch.errors import UsageError

    address, _, rest = place.removeprefix(RAY[0]).removeprefix(RAY[1]).partition("/")
    folder = Path("/" + rest.lstrip("/"))
    if not address or not rest:
        raise UsageError(
            f"{place!r} names no cluster: ray://HOST:PORT/FOLDER/manifest.json, or ray://auto/FOLDER"
        )
    directory = ClusterDirectory(folder.parent if folder.name == MANIFEST else folder)
    directory.read()
    connect(address)
    return ClusterLibrary(directory, RayTransport.of(directory), partial=partial, allow_private=allow_private)
