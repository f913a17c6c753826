"""Hits with their reasons: what every part of the query adds to a document's score, by which channel and item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.ann.placement import contains
from mmsearch.search.index.documents import common
from mmsearch.search.index.protocol import WHOLE
from mmsearch.search.ranking.fusion import GRID, on_grid
from mmsearch.search.ranking.weights import WORDS
from mmsearch.search.results.hit import Hit, MatchedPart, Reason
from mmsearch.search.results.snippets import snippet
from mmsearch.search.results.strength import strengths
from mmsearch.search.results.words import said_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.scoring import Scoring
    from mmsearch.search.ranking.task import Column, Prepared
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Ids, Matrix, Scores

# What tells less of a score than this is no part that matched.
LEAST_SHARE = 0.02


def hits_of(
    scoring: Scoring,
    prepared: Prepared,
    index: SearchIndex,
    offset: int,
    *,
    above: int,
    copies: Ids,
    explain: bool,
) -> tuple[Hit, ...]:
    """The documents of ``scoring`` as hits, ranked from ``offset`` + 1 on, each with its number of ``copies``.

    The first ``above`` of them stand above the line.
    """
    task = prepared.task
    chosen = telling_items(scoring, prepared)
    told = [_told_by(scoring, row, task.columns) for row in range(chosen.size)]
    wanted = dict.fromkeys([*chosen.tolist(), *(item for one in told for item in one)])
    stored = {item.item_id: item for item in index.catalogue.items(list(wanted))}
    cosines = _cosines(chosen, [channel for channel in map(_of_items, task.columns) if channel is not None])
    scores = scoring.scores
    # Without anything to rank by, the filter alone decides, and it is exact.
    evalues = scoring.evalues(task.searched) if task.columns else np.zeros(chosen.size)
    strong = strengths(scores, task)
    reasons = _reasons(scoring, prepared) if explain else [[]] * chosen.size
    pieces = prepared.matches.pieces if prepared.matches is not None else ()
    said = [
        i
        for number in chosen.tolist()
        if (i := stored.get(number)) and i.locator.text_label(i.modality) == "said"
    ]
    words = _words_of(said, index) if prepared.text else {}
    hits: list[Hit] = []
    for row, item_id in enumerate(chosen.tolist()):
        item = stored.get(item_id)
        if item is None:
            continue  # removed since the index was opened
        hits.append(
            Hit.of(
                item,
                rank=offset + len(hits) + 1,
                score=float(scores[row]),
                snippet=snippet(item.text, prepared.text, pieces=pieces) if item.text else None,
                cosine=None if np.isnan(cosines[row]) else float(cosines[row]),
                strength=round(float(strong[row])),
                evalue=float(evalues[row]),
                explanation=tuple(reasons[row]),
                beyond_chance=row >= above,
                copies=int(copies[row]),
                parts=_parts(told[row], stored),
                word_at=said_at(item.text or "", prepared.text, words.get(item_id, ()), pieces),
            )
        )
    return tuple(hits)


def _words_of(said: Sequence[StoredItem], index: SearchIndex) -> dict[int, Sequence[Any]]:
    """The words of what is ``said`` with their times, by item, as far as they are known."""
    if not said:
        return {}
    details = index.catalogue.findings_of([item.item_id for item in said])
    return {item: detail["words"] for item, (_, detail) in details.items() if detail and "words" in detail}


def _told_by(scoring: Scoring, row: int, columns: Sequence[Column]) -> dict[int, list[tuple[str, float]]]:
    """The items that speak for a document, each with its channels and what these contribute."""
    found: dict[int, list[tuple[str, float]]] = {}
    for place, column in enumerate(columns):
        contribution, item = float(scoring.parts[row, place]), int(scoring.items[row, place])
        of_items = column.dense is None or _of_items(column) is not None
        if of_items and item >= 0 and contribution > 0.0:
            found.setdefault(item, []).append((column.name, contribution))
    return found


def _parts(
    told: Mapping[int, Sequence[tuple[str, float]]], stored: Mapping[int, StoredItem]
) -> tuple[MatchedPart, ...]:
    """Those that tell ``LEAST_SHARE`` of it at least, the one that tells most first."""
    sums = {item: sum(contribution for _, contribution in by) for item, by in told.items()}
    whole = sum(sums.values())
    return tuple(
        MatchedPart(
            item_id=number,
            modality=item.modality,
            locator=item.locator,
            text=item.text,
            contribution=sums[number],
            share=round(sums[number] / whole, 4),
            channels=tuple(name for name, _ in told[number]),
        )
        for number in sorted(sums, key=lambda one: (-sums[one], one))
        if sums[number] >= LEAST_SHARE * whole and (item := stored.get(number)) is not None
    )


def telling_items(scoring: Scoring, prepared: Prepared) -> Ids:
    """The item of each document that contributes most to its score; its first item when none does."""
    task = prepared.task
    if task.columns:
        # a whole document is shown by the item that tells most of it
        of_items = [column.dense is None or _of_items(column) is not None for column in task.columns]
        parts = np.where((scoring.items >= 0) & of_items, scoring.parts, -np.inf)
        rows = np.arange(scoring.documents.size)
        return np.asarray(scoring.items[rows, parts.argmax(axis=1)])
    items = task.groups.items_of(scoring.documents)
    items = items if task.among is None else common(items, task.among)
    firsts = task.groups.first_of(items)
    return np.asarray(firsts[np.searchsorted(task.groups.of(firsts), scoring.documents)])


def _of_items(column: Column) -> DenseChannel | None:
    """The dense channel of ``column`` if it scores items rather than whole documents."""
    return None if column.dense is None or column.dense.item_modality == WHOLE else column.dense


def _cosines(items: Ids, channels: list[DenseChannel]) -> Scores:
    """The highest cosine (n,) of each item with a part of the query; NaN without any."""
    found = np.full(items.size, np.nan)
    for channel in channels:
        rows = np.flatnonzero(contains(channel.index.ids, items))
        if rows.size:
            found[rows] = np.fmax(found[rows], channel.raw(items[rows]).max(axis=0))
    return found


def _reasons(scoring: Scoring, prepared: Prepared) -> list[list[Reason]]:
    """The reasons of each document, by column, then by part."""
    reasons: list[list[Reason]] = [[] for _ in range(scoring.documents.size)]
    for place, column in enumerate(prepared.task.columns):
        if column.dense is not None:
            _add_dense_reasons(reasons, scoring, place, column)
        else:
            _add_word_reasons(reasons, scoring, place, column, prepared)
    for place, exclusion in enumerate(prepared.task.exclusions):
        penalties, levels = scoring.excluded.penalties[:, place], scoring.excluded.levels[:, place]
        for row in penalties.nonzero()[0].tolist():
            level = float(levels[row])
            reason = Reason(
                channel="exclusion",
                part=exclusion.label,
                item_id=int(scoring.excluded.items[row, place]),
                raw=level,
                location=exclusion.origin,
                scale=1.0,
                scales=level - exclusion.origin,
                weight=-exclusion.weight,
                contribution=-float(penalties[row]),
            )
            reasons[row].append(reason)
    return reasons


def _add_dense_reasons(reasons: list[list[Reason]], scoring: Scoring, place: int, column: Column) -> None:
    """One reason for each part, in proportion to what it brings to the channel's score."""
    channel = column.dense
    assert channel is not None
    rows = np.flatnonzero(scoring.items[:, place] >= 0)
    items = scoring.items[rows, place]
    raw = channel.raw(items)
    scales, standing = channel.scales(raw), channel.standing
    deviations = standing.corrected(channel.mixed(raw))
    split = _split(scoring.parts[rows, place], scales * np.array(channel.weights)[:, None])
    for part, probe in enumerate(channel.probes):
        name = f"{channel.encoder} {probe.modality}→{channel.item_modality}"
        background, weight = channel.backgrounds[part], column.weight * channel.weights[part]
        for found, row in enumerate(rows.tolist()):
            reason = Reason(
                channel=name,
                part=probe.label,
                item_id=int(items[found]),
                raw=float(raw[part, found]),
                location=background.location,
                scale=background.scale,
                scales=float(scales[part, found]),
                weight=weight,
                contribution=float(split[part, found]),
                level=standing.level,
                deviation=standing.unit,
                deviations=float(deviations[found]),
                **_told(scoring, row, place),
            )
            reasons[row].append(reason)


def _told(scoring: Scoring, row: int, place: int) -> dict[str, float]:
    """What a column tells of a document, as the fields of a reason."""
    return {
        "evidence": float(scoring.evidence[row, place]),
        "lost": float(scoring.lost[row, place]),
        "surprise": float(scoring.signals.surprise[row, place]),
    }


def _split(contributions: Scores, parts: Matrix) -> Matrix:
    """``contributions`` (n,) shared out (parts, n) in proportion to ``parts``; the shares add up exactly."""
    whole = parts.sum(axis=0)
    even = np.abs(whole) < GRID
    shares = np.where(even, 1.0 / len(parts), parts / np.where(even, 1.0, whole))
    split = on_grid(contributions * shares)
    split[-1] = contributions - split[:-1].sum(axis=0)  # exact, since all are multiples of the grid
    return split


def _add_word_reasons(
    reasons: list[list[Reason]], scoring: Scoring, place: int, column: Column, prepared: Prepared
) -> None:
    matches = prepared.matches
    for row in np.flatnonzero(scoring.parts[:, place]).tolist():
        item = int(scoring.items[row, place])
        raw, scale = 1.0, 1.0
        if matches is not None and column.name == WORDS:
            raw = float(matches.raw[np.searchsorted(matches.ids, item)])
            scale = matches.ceiling
        reason = Reason(
            channel=column.name,
            part=prepared.text,
            item_id=item,
            raw=raw,
            location=0.0,
            scale=scale,
            scales=raw / scale,
            weight=column.weight,
            contribution=float(scoring.parts[row, place]),
            **_told(scoring, row, place),
        )
        reasons[row].append(reason)
