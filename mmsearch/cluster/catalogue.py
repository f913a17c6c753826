"""A catalogue read over several shards: each question goes to all of them at once, and their answers are joined."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mmsearch.ann.placement import contains
from mmsearch.cluster.numbers import shards_of
from mmsearch.errors import UsageError
from mmsearch.store.catalogue import overview
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.enrichment import Enriched
from mmsearch.store.catalogue.select import spellings, unknown_field
from mmsearch.store.catalogue.values import FieldInfo, Statistics
from mmsearch.store.catalogue.words.postings import Posting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from mmsearch.cluster.documents import World
    from mmsearch.cluster.routing import Route
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.catalogue.database import Database
    from mmsearch.store.catalogue.enrichment import Enrichment
    from mmsearch.store.catalogue.select import Fields
    from mmsearch.store.catalogue.values import Corpus, EncoderRecord, FieldKind, StoredItem
    from mmsearch.store.catalogue.words.postings import Entries
    from mmsearch.types import FieldValue, Ids, Modality, Scores

_EXAMPLES = 3


class ClusterCatalogue(Catalogue):
    """The catalogues of all shards as one, to be read. What it can't do is a UsageError."""

    def __init__(self, world: World, route: Route) -> None:
        self._world, self._route = world, route

    @property
    def _database(self) -> Database:  # type: ignore[override]
        raise UsageError("this can't be done on a cluster: open the index directory of a shard for it")

    def close(self) -> None:
        """Nothing is open."""

    def snapshot(self) -> AbstractContextManager[None]:
        """All that is read is of one generation anyhow."""
        return nullcontext()

    def corpora(self) -> list[Corpus]:
        return list(self._world.corpora)

    def encoders(self) -> list[EncoderRecord]:
        return list(self._world.encoders)

    def field_names(self) -> list[str]:
        return self._world.names.field_names()

    def items(self, item_ids: Sequence[int] | Ids) -> list[StoredItem]:
        wanted = np.array(item_ids, dtype=np.int64)
        answers = self._route.each(np.unique(wanted[wanted >= 0]), "items", lambda ids: (ids,))
        found = {item.item_id: item for _, some in answers for item in some}
        return [found[number] for number in wanted.tolist() if number in found]

    def document_items(self, document_id: int) -> list[StoredItem]:
        number = int(shards_of(np.array(document_id)))
        if document_id < 0 or number not in self._route.generations:
            return []
        return cast("list[StoredItem]", self._route.ask({number: ("document_items", (document_id,))})[number])

    def documents_of_items(self, item_ids: Ids) -> Ids:
        return self._world.documents.of(np.asarray(item_ids))

    def content_keys(self, item_ids: Ids) -> dict[int, bytes]:
        known = item_ids[contains(self._world.documents.ids, item_ids)]
        keys = self._world.keys[np.searchsorted(self._world.documents.ids, known)]
        return {item: key.tobytes() for item, key in zip(known.tolist(), keys, strict=True)}

    def part_items(self) -> tuple[Ids, Ids]:
        return self._world.parts

    def pictures_with_key(self, key: bytes) -> list[StoredItem]:
        found = [item for some in self._route.all("pictures_with_key", key) for item in some]
        return sorted(found, key=lambda item: (item.corpus_root, item.path, item.item_id))

    def pictures_of(self, document_ids: Sequence[int]) -> dict[int, tuple[int, bytes]]:
        wanted = np.array(document_ids, dtype=np.int64)
        answers = self._route.each(wanted, "pictures_of", lambda ids: (ids,))
        return {document: picture for _, some in answers for document, picture in some.items()}

    def findings_of(self, item_ids: Sequence[int]) -> dict[int, tuple[Enrichment, Any]]:
        wanted = np.array(item_ids, dtype=np.int64)
        answers = self._route.each(wanted, "findings_of", lambda ids: (ids,))
        return {item: found for _, some in answers for item, found in some.items()}

    def find(self, path: str) -> list[int]:
        answers = self._route.all("find", path)
        at = [document for some, _ in answers for document in some]
        return self._in_order(at or [document for _, some in answers for document in some])

    def find_at(self, path: str) -> list[int]:
        return self._in_order([document for some, _ in self._route.all("find", path) for document in some])

    def documents_with_key(self, corpus_id: int, key: bytes) -> list[tuple[int, str]]:
        root = next(corpus.root for corpus in self._world.corpora if corpus.corpus_id == corpus_id)
        found = [one for some in self._route.all("documents_with_key", root, key) for one in some]
        return sorted(found, key=lambda one: one[1])

    def select_items(
        self,
        condition: Condition | None = None,
        modalities: Sequence[Modality] | None = None,
        fields: Fields | None = None,
    ) -> Ids:
        if condition is None and modalities is None:
            return self._world.documents.ids
        return np.concatenate(self._route.all("select", condition, modalities, self._world.names))

    def drawn(self, modality: Modality, start: bytes, contents: int) -> list[tuple[bytes, int]]:
        found = [one for some in self._route.all("drawn", modality, start, contents) for one in some]
        found.sort(key=lambda one: (one[0] < start, one))
        kept = set(list(dict.fromkeys(key for key, _ in found))[:contents])
        return [one for one in found if one[0] in kept]

    def word_entries(self) -> Entries:
        return self._world.entries

    def postings(self, wanted: Sequence[tuple[Sequence[str], str]]) -> list[list[Posting]]:
        if not wanted:
            return []
        answers = self._route.all("postings", list(wanted))
        joined = []
        for found in zip(*answers, strict=True):
            columns: dict[str, list[Posting]] = defaultdict(list)
            for posting in (one for some in found for one in some):
                columns[posting.column].append(posting)
            joined.append([_joined(column, some) for column, some in columns.items()])
        return joined

    def matching_items(self, expression: str) -> Ids:
        return np.concatenate(self._route.all("words_matching", expression))

    def matching_pieces(self, wanted: Sequence[tuple[str, str]]) -> list[tuple[Ids, Ids]]:
        if not wanted:
            return []
        answers = self._route.all("pieces_matching", list(wanted))
        return [
            (np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found]))
            for found in zip(*answers, strict=True)
        ]

    def fields(self) -> dict[str, FieldInfo]:
        found: dict[str, list[FieldInfo]] = defaultdict(list)
        for some in self._route.all("fields"):
            for name, info in some.items():
                found[name].append(info)
        return {name: _info(found[name]) for name in sorted(found)}

    def facets(self, field: str, among: Ids | None = None) -> list[tuple[FieldValue, int]]:
        names = spellings(field, self.field_names())
        if not names:
            raise UsageError(unknown_field(field, self.field_names()))
        if among is None:
            answers = self._route.all("facet_counts", names, None)
        else:
            answers = [
                one for _, one in self._route.each(np.sort(among), "facet_counts", lambda ids: (names, ids))
            ]
        return overview.facets(count for some in answers for count in some)

    def number_pairs(self, one: str, other: str, items: Ids) -> tuple[Ids, Scores, Scores]:
        found: dict[int, tuple[float, float]] = {}
        for _, (ids, *values) in self._route.each(items, "number_pairs", lambda own: (one, other, own)):
            found |= dict(zip(ids.tolist(), zip(*values, strict=True), strict=True))
        kept = [item for item in items.tolist() if item in found]
        pairs = np.array([found[item] for item in kept], dtype=np.float64).reshape(-1, 2)
        return np.array(kept, dtype=np.int64), pairs[:, 0], pairs[:, 1]

    def enrichments(self) -> list[Enriched]:
        found: dict[Enrichment, list[Enriched]] = defaultdict(list)
        for one in (one for some in self._route.all("enrichments") for one in some):
            found[one.enrichment].append(one)
        return [
            Enriched(enrichment, *(sum(counts) for counts in zip(*(one[1:] for one in some), strict=True)))
            for enrichment, some in found.items()
        ]

    def statistics(self) -> Statistics:
        found: list[Statistics] = self._route.all("statistics")
        items: Counter[Modality] = Counter()
        vectors: Counter[tuple[str, Modality]] = Counter()
        unreadable: Counter[str] = Counter()
        for one in found:
            items.update(one.items)
            vectors.update(one.vectors)
            unreadable.update(one.unreadable)
        return Statistics(
            documents=sum(one.documents for one in found),
            items=dict(items),
            vectors=dict(vectors),
            tombstones=sum(one.tombstones for one in found),
            unreadable=dict(unreadable),
            fields=sum(one.fields for one in found),
            catalogue_bytes=sum(one.catalogue_bytes for one in found),
            generation=sum(one.generation for one in found),
            corpora=self._world.corpora,
        )

    def _in_order(self, documents: list[int]) -> list[int]:
        ids = np.array(documents, dtype=np.int64)
        order = np.argsort(self._world.documents.place_of_documents(ids), kind="stable")
        return [int(document) for document in ids[order]]


def _joined(column: str, found: Sequence[Posting]) -> Posting:
    """Of several shards in their order, so that entries ascend."""
    return Posting(
        column, np.concatenate([one.entries for one in found]), np.concatenate([one.counts for one in found])
    )


def _info(several: Sequence[FieldInfo]) -> FieldInfo:
    kinds = {one.kind for one in several}
    kind: FieldKind = kinds.pop() if len(kinds) == 1 else "mixed"
    examples = dict.fromkeys(example for one in several for example in one.examples)
    return FieldInfo(kind, sum(one.documents for one in several), tuple(examples)[:_EXAMPLES])
