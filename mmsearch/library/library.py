"""`Library`: an open index directory, the face of everything. It wires the parts and holds no algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.library.searchable import Searchable
from mmsearch.store.directory import IndexDirectory
from mmsearch.types import SEVERAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ingest.options import IndexReport
    from mmsearch.library.overview import Overview
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.store.catalogue.values import FieldInfo, Statistics, StoredItem
    from mmsearch.store.compact import Compaction
    from mmsearch.store.kept.profiles import Profile
    from mmsearch.store.snapshot import Snapshot
    from mmsearch.thumbnails import SmallPicture
    from mmsearch.types import FieldValue

DEFAULT_INDEX_DIR = Path("indexes/default")


def open(index_dir: str | Path = DEFAULT_INDEX_DIR, *, allow_private: bool = False) -> Library:
    """The index in ``index_dir``, ready to search.

    ``allow_private``: pictures that are looked for by an address may lie on servers of this machine and its networks.
    Raises IndexDirectoryError when there is none or it is damaged, IndexFormatError when it is newer.
    """
    return Library(IndexDirectory.open(Path(index_dir)), allow_private=allow_private)


class Library(Searchable):
    """An open index: search it, look into it, tend it. Use as a context manager, or ``close()`` it.

    A library sees what another process adds: each search looks at the catalogue's generation first.
    ``report`` is what the indexing run did that opened it, if one did.
    """

    def __init__(
        self, directory: IndexDirectory, report: IndexReport | None = None, *, allow_private: bool = False
    ) -> None:
        super().__init__(directory, allow_private=allow_private)
        self.report = report

    def __repr__(self) -> str:
        if self.closed:
            return f"<Library {self.directory.path}: closed>"
        now = self.statistics()
        items = ", ".join(f"{count:,} {SEVERAL[modality]}" for modality, count in sorted(now.items.items()))
        return f"<Library {self.directory.path}: {now.documents:,} documents, {items or 'no items'}>"

    def keep_weights(self, weights: LearnedWeights | None) -> None:
        """Use ``weights`` in every search from now on, here and in other processes; None forgets them."""
        with self.directory.write_lock():
            self.directory.write_weights(None if weights is None else weights.to_record())

    def statistics(self) -> Statistics:
        """Counts of documents, items and vectors."""
        return self.catalogue.statistics()

    def overview(self) -> Overview:
        """All that `mmsearch stats` tells of the index."""
        from mmsearch.library.overview import Overview
        from mmsearch.library.published import published_to
        from mmsearch.store.kept.thumbnails import held

        return Overview(
            index=self.directory.path,
            statistics=self.statistics(),
            fields=self.fields(),
            encoders={record.name: record for record in self.catalogue.encoders()},
            size=self.directory.size(),
            thumbnails=held(self.directory.thumbnails),
            learned=self.learned_weights,
            enrichments=self.catalogue.enrichments(),
            servers=published.servers if (published := published_to(self.directory)) else (),
        )

    def fields(self) -> dict[str, FieldInfo]:
        """The metadata fields that filters can name."""
        return self.catalogue.fields()

    def facets(self, field: str) -> list[tuple[FieldValue, int]]:
        """The values of ``field`` with the number of documents that have each, most frequent first."""
        return self.catalogue.facets(field)

    def find(self, document: str) -> list[list[StoredItem]]:
        """The items of each document that ``document`` names: a path, the end of one, or ``#ITEM-ID``."""
        from mmsearch.store.corpora import find_documents

        return find_documents(self.catalogue, document)

    def thumbnail(self, key: bytes, size: int) -> SmallPicture:
        """A picture of the index by the content ``key`` of its item (32 bytes), its longer side about ``size`` pixels.

        For those who may see the corpus and nothing else, such as a page: a file that a link leads to out of the
        corpus is refused. Raises UsageError when nothing has this content or for a size that there is not, MediaError
        for what can't be read.
        """
        from mmsearch.library.pictures import thumbnail

        return thumbnail(self, key, size)

    def view(self, item: int) -> SmallPicture:
        """The picture ``item`` as a browser shows it, whatever its format: a JPEG of at most 2,560 pixels a side.

        Raises as `thumbnail` does.
        """
        from mmsearch.library.pictures import view

        return view(self, item)

    def original(self, item: int) -> Path:
        """The file of ``item``, every link followed, which lies within its corpus: MediaError when it does not.

        Raises UsageError when there is no such item.
        """
        from mmsearch.library.pictures import original

        return original(self, item)

    def remove(self, paths: Sequence[str]) -> int:
        """Take documents out of the index by path or glob; how many were there. Raises UsageError for none.

        They come back with the next ``index`` run if their files are still in the corpus.
        """
        from mmsearch.store.corpora import remove_documents

        removed = remove_documents(self.directory, paths)
        self.refresh()
        return removed

    def profile(self, name: str) -> Profile:
        """What is liked and disliked under ``name``; an empty profile when nothing was."""
        from mmsearch.store.kept.profiles import read_profile

        return read_profile(self.directory.path, name)

    def forget_profile(self, name: str) -> None:
        """Delete what is liked and disliked under ``name``; UsageError when there is no such profile."""
        from mmsearch.library.profiles import forget

        forget(self, name)

    def snapshot(self, to: str | Path) -> Snapshot:
        """Copy the index to the new folder ``to`` as it is now, though another process may be writing to it.

        Raises UsageError when something is there.
        """
        from mmsearch.store.snapshot import snapshot

        return snapshot(self.directory, Path(to))

    def compact(self) -> Compaction:
        """Rewrite the index without what was removed."""
        from contextlib import suppress

        from mmsearch.ann.choose import CODED_ROWS
        from mmsearch.errors import EncoderError
        from mmsearch.store.compact import compact

        with self.directory.write_lock():
            result = compact(self.directory)
            self.renew()
            if any(rows >= CODED_ROWS for rows in self.statistics().vectors.values()):
                with suppress(EncoderError):  # an encoder that is not installed is searched by nobody
                    for encoder in self.encoders:
                        self.write_codes(encoder)
            self.publish()
        return result
