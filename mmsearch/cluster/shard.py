"""What one shard answers, with ids as they are on the cluster. Values in, values out: they may cross machines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.ann.placement import contains
from mmsearch.cluster.messages import Among, FieldNames, StaleError, Table
from mmsearch.cluster.numbers import in_shard, on_cluster, one_on_cluster
from mmsearch.library.open_index import OpenIndex
from mmsearch.search.index.documents import common
from mmsearch.search.index.protocol import WHOLE
from mmsearch.store.catalogue.words.postings import Entries, Posting
from mmsearch.store.directory import IndexDirectory
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.library.reading import Reading
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.catalogue.enrichment import Enriched, Enrichment
    from mmsearch.store.catalogue.overview import FacetCount
    from mmsearch.store.catalogue.values import FieldInfo, Statistics, StoredItem
    from mmsearch.types import Ids, Modality, Scores, Vector, VectorKind, Vectors

    Known = dict[VectorKind, tuple[Ids, Scores]]

# Generations that are held open: the present one, and the one before for those that still ask for it.
HELD = 2
# Filters whose items are remembered.
MOST_FILTERS = 8
# Items beside those that were found whose scores are sent along; of longer documents they are asked for when needed.
MOST_BESIDE = 20_000


class Shard:
    """The index directory at ``path`` as shard ``number``; safe for several threads, one at a time.

    All is done by one thread of its own: the snapshot of a generation that is held belongs to the thread that took it.
    """

    def __init__(self, number: int, path: Path) -> None:
        self._number = number
        self._index = OpenIndex(IndexDirectory.open(path))
        self._held: dict[str, tuple[ExitStack, ShardReading]] = {}
        self._thread = ThreadPoolExecutor(1, f"shard {number}")

    def close(self) -> None:
        """Close it."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def newest(self) -> str:
        """Open the newest generation; its name."""
        return self._thread.submit(self._newest).result()

    def _close(self) -> None:
        for stack, _ in self._held.values():
            stack.close()
        self._held.clear()
        self._index.close()

    def _newest(self) -> str:
        with ExitStack() as stack:
            reading = stack.enter_context(self._index.reading())
            name = reading.generation
            if name not in self._held:
                self._held[name] = (stack.pop_all(), ShardReading(self._number, reading))
            while len(self._held) > HELD:
                oldest = next(name for name in self._held)
                self._held.pop(oldest)[0].close()
            return name

    def answer(self, generation: str, question: str, arguments: Sequence[Any]) -> Any:
        """What `ShardReading` of that generation answers. StaleError when there is none any more."""
        if question not in QUESTIONS:
            raise ValueError(f"a shard is asked {question!r}")
        return self._thread.submit(self._answer, generation, question, arguments).result()

    def _answer(self, generation: str, question: str, arguments: Sequence[Any]) -> Any:
        if generation not in self._held and self._newest() != generation:
            raise StaleError(generation)
        return getattr(self._held[generation][1], question)(*arguments)


class ShardReading:
    """One generation of a shard. Its public methods are the questions that it is asked."""

    def __init__(self, number: int, reading: Reading) -> None:
        self._number, self._reading = number, reading
        self._catalogue = reading.catalogue
        self._passing: dict[str, Ids] = {}

    def table(self) -> Table:
        """All that is known beforehand."""
        documents, number = self._reading.documents, self._number
        paths, parts = self._catalogue.document_paths(), self._catalogue.part_items()
        kinds = np.zeros(documents.ids.size, dtype=np.int64)
        for place, modality in enumerate(MODALITIES):
            kinds[contains(documents.modalities[modality], documents.ids)] = place
        entries = self._catalogue.word_entries()
        vectors, exact = {}, True
        for encoder in self._reading.encoders:
            for kind, index in self._indexes(encoder).items():
                vectors[encoder.fingerprint, kind] = on_cluster(number, index.ids)
                exact &= index.exact
        return Table(
            self._reading.generation,
            on_cluster(number, documents.ids),
            on_cluster(number, documents.documents),
            kinds,
            documents.places,
            self._catalogue.all_content_keys(),
            (on_cluster(number, parts[0]), on_cluster(number, parts[1])),
            on_cluster(number, np.array([row[0] for row in paths], dtype=np.int64)),
            tuple(f"{root}\0{path}".encode("utf-8", "surrogateescape") for _, root, path in paths),
            Entries(on_cluster(number, entries.ids), on_cluster(number, entries.items), entries.tokens),
            vectors,
            exact,
            tuple(self._catalogue.encoders()),
            tuple(self._catalogue.field_names()),
            tuple(corpus.root for corpus in self._catalogue.corpora()),
        )

    def search(
        self, fingerprint: str, query: Vector, depth: int, among: Among | None, beside: Ids
    ) -> tuple[Known, Known]:
        """The ``depth`` best items of each kind by ``query``, and the scores of all items of the documents of these.

        ``beside``: items to whose documents the latter goes too.
        """
        encoder = self._encoder(fingerprint)
        allowed = self._allowed(among)
        best: Known = {}
        for kind, index in self._indexes(encoder).items():
            ranking = index.search(query, depth, allowed)
            best[kind] = ranking.ids, ranking.scores
        named = np.unique(np.concatenate([in_shard(beside), *(ids for ids, _ in best.values())]))
        known = self._scores(encoder, query, named, MOST_BESIDE)
        return self._told(best), self._told(known)

    def scores(self, fingerprint: str, query: Vector, items: Ids) -> Known:
        """The scores by ``query`` of all items of the documents of ``items``, by kind."""
        return self._told(self._scores(self._encoder(fingerprint), query, in_shard(items), None))

    def vectors(self, fingerprint: str, kind: VectorKind, items: Ids) -> Vectors:
        """The vectors (n, dimension) of ``items`` (n,)."""
        index = self._reading.vector_index(self._encoder(fingerprint), kind)
        if index is None:
            raise ValueError("an item is not in this index")
        return index.vectors(in_shard(items))

    def select(
        self, condition: Condition | None, modalities: Sequence[Modality] | None, names: FieldNames
    ) -> Ids:
        """The items that pass, ascending."""
        if modalities is not None or condition is None:
            return on_cluster(self._number, self._catalogue.select_items(condition, modalities, names))
        return on_cluster(self._number, self._pass(condition, names))

    def postings(self, wanted: Sequence[tuple[Sequence[str], str]]) -> list[list[Posting]]:
        """Where words stand."""
        return [
            [replace(one, entries=on_cluster(self._number, one.entries.astype(np.int64))) for one in found]
            for found in self._catalogue.postings(wanted)
        ]

    def words_matching(self, expression: str) -> Ids:
        """The items whose words match an FTS5 expression, ascending."""
        return on_cluster(self._number, self._catalogue.matching_items(expression))

    def pieces_matching(self, wanted: Sequence[tuple[str, str]]) -> list[tuple[Ids, Ids]]:
        """The items that match expressions for beginnings of words and for parts of names, ascending."""
        found = self._catalogue.matching_pieces(wanted)
        return [(on_cluster(self._number, one), on_cluster(self._number, other)) for one, other in found]

    def items(self, items: Ids) -> list[StoredItem]:
        """The items, those that are there."""
        return self._stored(self._catalogue.items(in_shard(items)))

    def document_items(self, document: int) -> list[StoredItem]:
        """The items of a document, in document order."""
        return self._stored(self._catalogue.document_items(int(in_shard(np.int64(document)))))  # type: ignore[arg-type]

    def pictures_with_key(self, key: bytes) -> list[StoredItem]:
        """The pictures of this content."""
        return self._stored(self._catalogue.pictures_with_key(key))

    def pictures_of(self, documents: Ids) -> dict[int, tuple[int, bytes]]:
        """The picture of each document that has one: its item, and the key of its content."""
        found = self._catalogue.pictures_of(in_shard(documents).tolist())
        return {
            one_on_cluster(self._number, document): (one_on_cluster(self._number, item), key)
            for document, (item, key) in found.items()
        }

    def findings_of(self, items: Ids) -> dict[int, tuple[Enrichment, Any]]:
        """What found items, and its details, by item."""
        found = self._catalogue.findings_of(in_shard(items).tolist())
        return {one_on_cluster(self._number, item): one for item, one in found.items()}

    def find(self, path: str) -> tuple[list[int], list[int]]:
        """The documents at ``path``, and those whose paths end in it."""
        found = self._catalogue.find_at(path), self._catalogue.find_ending(path)
        at, ending = ([one_on_cluster(self._number, document) for document in some] for some in found)
        return at, ending

    def documents_with_key(self, root: str, key: bytes) -> list[tuple[int, str]]:
        """(document, path) of the documents of the corpus at ``root`` with an item of this content."""
        return [
            (one_on_cluster(self._number, document), path)
            for corpus in self._catalogue.corpora()
            if corpus.root == root
            for document, path in self._catalogue.documents_with_key(corpus.corpus_id, key)
        ]

    def drawn(self, modality: Modality, start: bytes, contents: int) -> list[tuple[bytes, int]]:
        """(key, item) of contents behind ``start``."""
        found = self._catalogue.drawn(modality, start, contents)
        return [(key, one_on_cluster(self._number, item)) for key, item in found]

    def fields(self) -> dict[str, FieldInfo]:
        """The metadata fields."""
        return self._catalogue.fields()

    def facet_counts(self, names: Sequence[str], items: Ids | None) -> list[FacetCount]:
        """The values of a field, of which ``names`` are the spellings, over the documents of ``items``."""
        return self._catalogue.facet_counts(names, None if items is None else in_shard(items))

    def number_pairs(self, one: str, other: str, items: Ids) -> tuple[Ids, Scores, Scores]:
        """Those of ``items`` whose documents have two fields as numbers, and these."""
        found, *values = self._catalogue.number_pairs(one, other, in_shard(items))
        return on_cluster(self._number, found), values[0], values[1]

    def enrichments(self) -> list[Enriched]:
        """The enrichments, and how much they have done here."""
        return list(self._catalogue.enrichments())

    def statistics(self) -> Statistics:
        """Totals."""
        return self._catalogue.statistics()

    def _encoder(self, fingerprint: str) -> Encoder:
        return next(one for one in self._reading.encoders if one.fingerprint == fingerprint)

    def _indexes(self, encoder: Encoder) -> dict[VectorKind, VectorIndex]:
        kinds: list[VectorKind] = [*sorted(encoder.modalities), WHOLE]
        found = ((kind, self._reading.vector_index(encoder, kind)) for kind in kinds)
        return {kind: index for kind, index in found if index is not None}

    def _allowed(self, among: Among | None) -> Ids | None:
        if among is None:
            return None
        ids = self._reading.documents.ids
        if among.condition is not None:
            return self._pass(among.condition, among.names)
        bits = np.unpackbits(np.frombuffer(among.bits, dtype=np.uint8), count=ids.size)
        return np.asarray(ids[bits.astype(bool)])

    def _pass(self, condition: Condition, names: FieldNames) -> Ids:
        key = repr(condition)
        if key not in self._passing:
            while len(self._passing) >= MOST_FILTERS:
                self._passing.pop(next(iter(self._passing)))
            found = self._catalogue.select_items(condition, fields=names)
            self._passing[key] = common(found, self._reading.documents.ids)
        return self._passing[key]

    def _scores(self, encoder: Encoder, query: Vector, named: Ids, most: int | None) -> Known:
        documents = self._reading.documents
        named = named[contains(documents.ids, named)]
        items = documents.items_of(np.unique(documents.of(named)))
        if most is not None and items.size > most:
            items = np.sort(named)
        found: Known = {}
        for kind, index in self._indexes(encoder).items():
            own = common(items, index.ids)
            found[kind] = own, index.scores(query, own)
        return found

    def _told(self, known: Known) -> Known:
        return {kind: (on_cluster(self._number, ids), scores) for kind, (ids, scores) in known.items()}

    def _stored(self, items: Sequence[StoredItem]) -> list[StoredItem]:
        return [
            replace(
                item,
                item_id=one_on_cluster(self._number, item.item_id),
                document_id=one_on_cluster(self._number, item.document_id),
            )
            for item in items
        ]


QUESTIONS = frozenset(name for name in vars(ShardReading) if not name.startswith("_"))
