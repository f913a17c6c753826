"""Hits with their reasons: what every part of the query adds to a document's score, by which channel and item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.search.documents import common
from mmsearch.search.exclusions import MINUS_FROM
from mmsearch.search.fusion import GRID
from mmsearch.search.results import Hit, Reason
from mmsearch.search.snippets import snippet

if TYPE_CHECKING:
    import numpy as np

    from mmsearch.search.answer import Prepared
    from mmsearch.search.channels import DenseChannel, SearchIndex
    from mmsearch.search.ranking import Column, Scoring
    from mmsearch.types import Scores

# A hit's strength is 50 when one stranger in 100 is as like, and comes half as near to 100 with every further 100.
HALF_STRENGTH = 2.0


def hits_of(
    scoring: Scoring, prepared: Prepared, index: SearchIndex, offset: int, *, explain: bool
) -> tuple[Hit, ...]:
    """The documents of ``scoring`` as hits, ranked from ``offset`` + 1 on."""
    import numpy as np

    task = prepared.task
    chosen = _telling_items(scoring, prepared)
    stored = {item.item_id: item for item in index.catalogue.items(chosen.tolist())}
    cosines = _cosines(chosen, [column.dense for column in task.columns if column.dense is not None])
    surprise = np.nan_to_num(scoring.surprise, nan=0.0).max(axis=1, initial=0.0)
    # Without anything to rank by, the filter alone decides, and it is exact.
    evalues = scoring.evalues(task.searched) if task.columns else np.zeros(chosen.size)
    strengths = (
        100.0 * (1.0 - 2.0 ** (-surprise / HALF_STRENGTH)) if task.columns else np.full(chosen.size, 100)
    )
    hits: list[Hit] = []
    for row, item_id in enumerate(chosen.tolist()):
        item = stored.get(item_id)
        if item is None:
            continue  # removed since the index was opened
        hits.append(
            Hit(
                rank=offset + len(hits) + 1,
                score=float(scoring.scores[row]),
                item_id=item_id,
                document_id=item.document_id,
                corpus_root=item.corpus_root,
                path=item.path,
                modality=item.modality,
                locator=item.locator,
                title=item.title,
                text=item.text,
                snippet=snippet(item.text, prepared.text) if item.text else None,
                fields=item.fields,
                cosine=None if np.isnan(cosines[row]) else float(cosines[row]),
                strength=round(float(strengths[row])),
                evalue=float(evalues[row]),
                explanation=_reasons(scoring, row, prepared) if explain else (),
            )
        )
    return tuple(hits)


def _telling_items(scoring: Scoring, prepared: Prepared) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The item of each document that contributes most to its score; its first item when none does."""
    import numpy as np

    task = prepared.task
    if task.columns:
        parts = np.where(scoring.items >= 0, scoring.parts, -np.inf)
        rows = np.arange(scoring.documents.size)
        return np.asarray(scoring.items[rows, parts.argmax(axis=1)])
    items = task.groups.items_of(scoring.documents)
    items = items if task.among is None else common(items, task.among)
    documents, first = np.unique(task.groups.of(items), return_index=True)
    return np.asarray(items[first[np.searchsorted(documents, scoring.documents)]])


def _cosines(items: np.ndarray[tuple[int], np.dtype[np.int64]], channels: list[DenseChannel]) -> Scores:
    """The highest cosine (n,) of each item with a part of the query; NaN without any."""
    import numpy as np

    found = np.full(items.size, np.nan)
    for channel in channels:
        rows = np.flatnonzero(np.isin(items, common(np.unique(items), channel.index.ids)))
        found[rows] = np.fmax(found[rows], channel.raw(items[rows]).max(axis=0, initial=-1.0))
    return found


def _reasons(scoring: Scoring, row: int, prepared: Prepared) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    for place, column in enumerate(prepared.task.columns):
        item = int(scoring.items[row, place])
        contribution = float(scoring.parts[row, place])
        if item < 0 or (contribution == 0.0 and column.listed is not None):
            continue
        if column.dense is not None:
            reasons += _dense_reasons(column, item, contribution)
        else:
            reasons.append(
                _word_reason(column, item, float(scoring.calibrated[row, place]), contribution, prepared)
            )
    minus = [exclusion for exclusion in prepared.task.exclusions if not exclusion.removes]
    for place, exclusion in enumerate(minus):
        penalty = float(scoring.excluded.penalties[row, place])
        if penalty:
            above = float(scoring.excluded.calibrated[row, place])
            item = int(scoring.excluded.items[row, place])
            reasons.append(
                Reason("exclusion", exclusion.label, item, above, MINUS_FROM, 1.0, above - MINUS_FROM,
                       -exclusion.weight, -penalty)
            )  # fmt: skip
    return tuple(reasons)


def _dense_reasons(column: Column, item: int, contribution: float) -> list[Reason]:
    """One reason for each part, in proportion to what it brings to the channel's score."""
    import numpy as np

    channel = column.dense
    assert channel is not None
    ids = np.array([item], dtype=np.int64)
    raw, parts = channel.raw(ids)[:, 0], channel.parts(ids)[:, 0]
    whole = float(parts.sum())
    shares = parts / whole if abs(whole) > GRID else np.full(parts.size, 1.0 / parts.size)
    split = np.round(contribution * shares / GRID) * GRID
    split[-1] = contribution - split[:-1].sum()  # exact: all are multiples of the grid
    reasons = []
    for place, probe in enumerate(channel.probes):
        background = channel.backgrounds[place]
        reasons.append(
            Reason(
                f"{channel.encoder} {probe.modality}→{channel.item_modality}",
                probe.label,
                item,
                float(raw[place]),
                background.location,
                background.scale,
                float((raw[place] - background.location) / background.scale),
                column.weight * channel.weights[place],
                float(split[place]),
            )
        )
    return reasons


def _word_reason(
    column: Column, item: int, calibrated: float, contribution: float, prepared: Prepared
) -> Reason:
    import numpy as np

    matches = prepared.matches
    raw, scale = 1.0, 1.0
    if matches is not None and column.listed is matches.scored:
        raw = float(matches.raw[np.searchsorted(matches.scored.ids, item)])
        scale = matches.ceiling
    return Reason(column.name, prepared.text, item, raw, 0.0, scale, calibrated, column.weight, contribution)
