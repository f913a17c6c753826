"""The documents of all shards, and what is known of a generation of a cluster before anything is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.cluster.messages import Among, FieldNames
from mmsearch.cluster.numbers import of_shard
from mmsearch.search.index.documents import MOST_FILTERS, Documents
from mmsearch.store.catalogue.conditions import ModalityIs
from mmsearch.store.catalogue.values import Corpus, EncoderRecord
from mmsearch.store.catalogue.words.postings import Entries
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from mmsearch.cluster.messages import Table
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Ids, VectorKind


class ClusterDocuments(Documents):
    """As `Documents`; a filter goes to the shards as a whole, and is remembered as what it was."""

    def passing(self, catalogue: Catalogue, condition: Condition) -> Ids:
        key = repr(condition)
        passing = self._passing.get(key)
        if passing is None:
            passing = catalogue.select_items(condition)
            if len(self._passing) >= MOST_FILTERS:
                self._passing.clear()
                self._conditions.clear()
            self._conditions[key] = condition
            self._passing[key] = passing
        return passing

    @classmethod
    def joined(cls, tables: Mapping[int, Table]) -> Self:
        """Those of all ``tables``, by shard number."""
        listed = [tables[number] for number in sorted(tables)]
        ids = _joined([table.items for table in listed])
        documents = _joined([table.documents for table in listed])
        kinds = _joined([table.kinds for table in listed])
        owners = _joined([table.owners for table in listed])
        paths = [path for table in listed for path in table.paths]
        ordered = owners[np.array(sorted(range(len(paths)), key=paths.__getitem__), dtype=np.int64)]
        rows = np.argsort(ordered)
        of_document = rows[np.searchsorted(ordered[rows], documents)]
        places = np.empty(ids.size, dtype=np.int64)
        # within a document the places are those of its shard
        within = _joined([table.places for table in listed])
        places[np.lexsort((within, of_document))] = np.arange(ids.size)
        modalities = {modality: ids[kinds == number] for number, modality in enumerate(MODALITIES)}
        made = cls(ids, documents, modalities, places)
        made._conditions = {}
        return made

    def among(self, items: Ids, shards: Sequence[int], names: FieldNames) -> dict[int, Among]:
        """How to tell each of ``shards`` that only ``items``, ascending, are to be found."""
        condition = self._condition_of(items)
        if condition is not None:
            return dict.fromkeys(shards, Among(condition, names))
        found = {}
        for number in shards:
            own = np.isin(of_shard(self.ids, number), of_shard(items, number), assume_unique=True)
            found[number] = Among(bits=np.packbits(own).tobytes())
        return found

    def _condition_of(self, items: Ids) -> Condition | None:
        for modality, ids in self.modalities.items():
            if ids is items:
                return ModalityIs(modality)
        key = next((key for key, ids in list(self._passing.items()) if ids is items), "")
        return self._conditions.get(key)

    _conditions: dict[str, Condition]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """All that was read of the shards of one generation: ``tables`` by shard number, joined.
    ``keys``: of the contents of the documents' items; ``parts`` as of `Catalogue.part_items`.

    ``vectors``: the items that have one, by (fingerprint, kind); ``names``: of all metadata fields.
    """

    tables: Mapping[int, Table]
    documents: ClusterDocuments
    keys: NDArray[np.uint8]
    parts: tuple[Ids, Ids]
    entries: Entries
    vectors: Mapping[tuple[str, VectorKind], Ids]
    names: FieldNames
    corpora: tuple[Corpus, ...]
    exact: bool

    @classmethod
    def of(cls, tables: Mapping[int, Table]) -> Self:
        """What ``tables`` say together."""
        listed = [tables[number] for number in sorted(tables)]
        keys = dict.fromkeys(key for table in listed for key in table.vectors)
        entries = Entries(
            _joined([table.entries.ids for table in listed]),
            _joined([table.entries.items for table in listed]),
            _joined([table.entries.tokens for table in listed]),
        )
        none = np.empty(0, dtype=np.int64)
        roots = sorted({root for table in listed for root in table.roots})
        return cls(
            tables,
            ClusterDocuments.joined(tables),
            np.concatenate([table.keys for table in listed]),
            (_joined([table.parts[0] for table in listed]), _joined([table.parts[1] for table in listed])),
            entries,
            {key: _joined([table.vectors.get(key, none) for table in listed]) for key in keys},
            FieldNames(tuple(sorted({name for table in listed for name in table.fields}))),
            tuple(Corpus(number, root) for number, root in enumerate(roots, start=1)),
            all(table.exact for table in listed),
        )

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """The encoders of all shards, each once."""
        found: dict[str, EncoderRecord] = {}
        for _, table in sorted(self.tables.items()):
            for record in table.encoders:
                found.setdefault(record.fingerprint, record)
        return tuple(found.values())

    @property
    def generations(self) -> dict[int, str]:
        """Those of the shards."""
        return {number: table.generation for number, table in self.tables.items()}


def _joined(several: Sequence[Ids]) -> Ids:
    return np.concatenate([np.empty(0, dtype=np.int64), *several])
