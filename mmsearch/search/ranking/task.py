"""A query made ready for ranking: its columns, what it leaves out, and the items that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from mmsearch.ann.placement import each_once
from mmsearch.encoders.reading import fluency
from mmsearch.errors import UsageError
from mmsearch.search.channels.dense import dense_channels
from mmsearch.search.channels.exclusions import exclusions
from mmsearch.search.channels.lexical import items_with, match, name_matches
from mmsearch.search.channels.probes import given_items, probes
from mmsearch.search.index.documents import common
from mmsearch.search.query.value import Text
from mmsearch.search.ranking.authority import COUNTING_MORE, authority
from mmsearch.search.ranking.weights import NAME, WORDS
from mmsearch.store.catalogue.conditions import ModalityIs, conjunction, conjuncts, names_modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.search.channels.exclusions import Exclusion
    from mmsearch.search.channels.lexical import Matches
    from mmsearch.search.channels.probes import Probe
    from mmsearch.search.channels.signals import Said
    from mmsearch.search.index.documents import Documents
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.query.value import Query
    from mmsearch.search.ranking.fusion import Fusion
    from mmsearch.types import Ids


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One channel in the fusion, with its ``weight``: dense, or ``listed`` (all that it has to say, by id).

    ``expected``: what the words would tell, in decades, of a text that says the same as the query; 0 where that is
    not known, and for all other channels. ``authority``: how far the words by themselves say what is meant, 0 to 1.
    """

    name: str
    weight: float
    dense: DenseChannel | None = None
    listed: Said | None = None
    expected: float = 0.0
    authority: float = 0.0

    def said(self, items: Ids) -> Said:
        """Those of ``items``, ascending, that this says something of, and what that is."""
        if self.dense is not None:
            own = common(items, self.dense.index.ids)
            return own, self.dense.score(own)
        assert self.listed is not None
        ids, signals = self.listed
        if not ids.size:
            return ids, signals
        places = np.searchsorted(ids, items)  # a usual word is in many, and few are asked for
        places[places == ids.size] = 0
        chosen = places[ids[places] == items]
        return ids[chosen], signals[chosen]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be ranked: by ``columns`` and ``exclusions``, in ``groups``, among ``searched`` items.

    ``among`` are their ids, None for all; ``left_out`` are documents that must not be found.
    """

    columns: tuple[Column, ...]
    exclusions: tuple[Exclusion, ...]
    groups: Documents
    among: Ids | None
    searched: int
    fusion: Fusion
    left_out: frozenset[int] = frozenset()

    @property
    def weights(self) -> tuple[float, ...]:
        """Those of the columns."""
        return tuple(column.weight for column in self.columns)


Grouping: TypeAlias = Literal["document", "item"]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A query brought to an index: what to rank, and what explains it. ``text`` is what was looked for in words.

    ``notes`` say what could not be done.
    """

    task: Task
    matches: Matches | None
    text: str
    notes: tuple[str, ...] = ()


def prepare(
    query: Query, index: SearchIndex, *, group: Grouping, fusion: Fusion, weights: Mapping[str, float]
) -> Prepared:
    """Resolve filters, encode the parts and open the channels of ``query``."""
    if not query.parts and query.condition is None:
        raise UsageError("the query is empty: say what to look for")
    if query.parts and not query.of_kind("plus"):
        raise UsageError("the query only says what to leave out: add what to look for")
    among = _allowed(query, index)
    searched = int(index.documents.ids.size if among is None else among.size)
    encoders = index.encoders if query.parts and searched else ()
    found = [probes(query, index, encoder) for encoder in encoders]
    # A filter by modality asks for some items of a document; what the others say must not count.
    whole = group == "document" and not names_modality(query.condition)
    dense = [
        channel
        for encoder, parts in zip(encoders, found, strict=True)
        for channel in dense_channels(
            index, encoder, [probe for probe in parts if probe.part.kind == "plus"], whole=whole
        )
    ]
    groups = index.documents if group == "document" else index.documents.each_part(index.catalogue)
    matches = match(index.catalogue, groups, query.text, among, searched) if query.text and searched else None
    columns = _dense_columns(dense, weights, len(encoders))
    if matches is not None:
        decided = authority(
            matches.said,
            max((fluency(encoder, query.text) for encoder in encoders), default=1.0),
            beside_pictures=_has_pictures(dense, query),
        )
        columns += _word_columns(matches, query, index, groups, weights, decided)
    given = given_items([part.content for part in query.parts])
    task = Task(
        tuple(columns),
        exclusions(index, encoders, found),
        groups,
        among,
        searched,
        fusion,
        _documents_of(given, groups),
    )
    pictures = index.documents.modalities["image"]
    shows = bool((pictures if among is None else common(pictures, among)).size) if found else False
    notes = [
        note
        for encoder, parts in zip(encoders, found, strict=True)
        for probe in parts
        for note in _notes(encoder.name, probe, pictures=shows)
    ]
    return Prepared(task, matches, query.text, tuple(dict.fromkeys(notes)))


def _notes(encoder: str, probe: Probe, *, pictures: bool) -> Iterator[str]:
    """What ``encoder`` can't do with a part of a query, or hardly, where ``pictures`` are searched."""
    if not probe.is_read:
        yield f"{encoder} can't read {probe.label!r}: only words are compared"
    elif pictures and probe.words.brevity >= 1.0 and probe.words.hardly:
        words = " or ".join(map(repr, probe.words.hardly))
        yield f"{encoder} hardly ever saw {words} named: of pictures it can only guess"


def _allowed(query: Query, index: SearchIndex) -> Ids | None:
    """The items that pass the filter and the exact phrases, ascending; None when all do."""
    # What is asked most often, one modality, is known without asking the catalogue.
    conditions = conjuncts(query.condition)
    kinds = [index.documents.modalities[part.modality] for part in conditions if isinstance(part, ModalityIs)]
    rest = conjunction([part for part in conditions if not isinstance(part, ModalityIs)])
    among = None if rest is None else index.documents.passing(index.catalogue, rest)
    for items in kinds:
        among = items if among is None else common(among, items)
    for part in query.of_kind("plus"):
        if isinstance(part.content, Text):
            for words in part.content.phrases:
                # The phrase may stand in the caption and the picture be what is looked for: documents count.
                found = items_with(index.catalogue, words, exact=True)
                items = index.documents.items_of(each_once(index.documents.of(found)))
                among = items if among is None else common(among, items)
    return among


def _dense_columns(
    channels: Sequence[DenseChannel], weights: Mapping[str, float], encoders: int
) -> list[Column]:
    """Several encoders share the weight of one: they look at the same things."""
    columns = []
    for channel in channels:
        weight = weights.get(channel.name, weights.get(channel.name.removeprefix(f"{channel.encoder} "), 1.0))
        columns.append(Column(channel.name, weight / encoders, dense=channel))
    return columns


def _has_pictures(channels: Sequence[DenseChannel], query: Query) -> bool:
    """Whether pictures are ranked, too."""
    wanted = [part.modality for part in conjuncts(query.condition) if isinstance(part, ModalityIs)]
    return all(modality == "image" for modality in wanted) and any(
        channel.item_modality == "image" for channel in channels
    )


def _word_columns(
    matches: Matches,
    query: Query,
    index: SearchIndex,
    groups: Documents,
    weights: Mapping[str, float],
    decided: float,
) -> list[Column]:
    named = name_matches(index.catalogue, groups, query.text, matches)
    more = 1.0 + COUNTING_MORE * decided
    return [
        Column(
            WORDS,
            weights.get(WORDS, 1.0),
            listed=(matches.ids, matches.signals.telling(more)),
            expected=more * matches.expected,
            authority=decided,
        ),
        Column(NAME, weights.get(NAME, 1.0), listed=named),
    ]


def _documents_of(items: Sequence[int], groups: Documents) -> frozenset[int]:
    known = common(np.array(sorted(set(items)), dtype=np.int64), groups.ids)
    return frozenset(groups.of(known).tolist())
