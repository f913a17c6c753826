"""Cut a vocabulary of 256,000 pieces short: the table of their vectors and the tokenizer's own memory shrink with it.

What is left out is written with shorter pieces that stay: a text none of whose words used it keeps its vector.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.hub.adapt import IDS, OUTER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mmsearch.hub.source import Source


def cut_vocabulary(model: Any, source: Source, most: int) -> str:
    """The tokenizer of ``source`` with at most ``most`` pieces, or as few as can be; ``model`` has their rows alone.

    Special pieces, bytes and single characters stay, then the first of the vocabulary, which are the most frequent.
    UsageError for a tokenizer that is neither BPE nor Unigram.
    """
    import numpy as np
    from onnx import numpy_helper

    from mmsearch.train.compile.lookups import find_tables

    padding = set[int]() if source.padding is None else {source.padding}
    words, kept = cut_tokenizer(source.tokenizer, most, padding)
    rows = max(kept) + 1
    tables = [table for table, _ in find_tables(model.graph) if table.dims[0] >= rows]
    if not tables:
        raise UsageError("its text tower looks no words up in a table: leave out --limit")
    table = max(tables, key=lambda one: int(one.dims[0]))
    table.CopyFrom(
        numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(table)[kept]), table.name)
    )
    numbers = {old: new for new, old in enumerate(kept)}
    tail = f"{OUTER}_{IDS}_tail"
    for constant in model.graph.initializer:  # what texts are filled up with has a new number too
        if constant.name == tail and source.padding is not None:
            filled = np.full((1, source.context), numbers[source.padding], np.int64)
            constant.CopyFrom(numpy_helper.from_array(filled, tail))
    return words


def cut_tokenizer(tokenizer: str, most: int, wanted: Collection[int] = ()) -> tuple[str, list[int]]:
    """``tokenizer`` (JSON) with fewer pieces, and the ids that are left, in order: row i of a new table is ``left[i]``.

    The ids ``wanted`` stay.
    """
    content: dict[str, Any] = json.loads(tokenizer)
    model, special = content["model"], {token["id"] for token in content.get("added_tokens", ())}
    special |= {number for entry in _around(content) for number in entry["ids"]} | set(wanted)
    kinds: dict[str, Callable[[dict[str, Any], set[int], int], list[int]]] = {
        "BPE": _cut_merges,
        "Unigram": _cut_scores,
    }
    if model.get("type") not in kinds:
        raise UsageError(f"--limit cuts BPE and Unigram vocabularies, not {model.get('type')}")
    kept = kinds[model["type"]](model, special, most)
    numbers = {old: new for new, old in enumerate(kept)}
    for token in content.get("added_tokens", ()):
        token["id"] = numbers[token["id"]]
    for entry in _around(content):
        entry["ids"] = [numbers[number] for number in entry["ids"]]
    return json.dumps(content, ensure_ascii=False), kept


def _around(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is put around texts, with its ids; UsageError where it is said in another way than by a template."""
    processor = content.get("post_processor") or {}
    for one in (processor, *processor.get("processors", ())):
        if "sep" in one or "cls" in one:
            raise UsageError("--limit can't cut this tokenizer: leave it out")
        yield from (one.get("special_tokens") or {}).values()


def _stays(piece: str) -> bool:
    """Single characters, and bytes as ``<0x0A>``: without them there were texts that can't be written."""
    return len(piece.removeprefix("▁").removesuffix("</w>")) <= 1 or (
        len(piece) == 6 and piece.startswith("<0x")
    )


def _cut_merges(model: dict[str, Any], special: set[int], most: int) -> list[int]:
    """Keep the first merges: what was merged later is made of what they give."""
    vocabulary: dict[str, int] = model["vocab"]
    kept = special | {number for piece, number in vocabulary.items() if _stays(piece)}
    pairs = [tuple(one.split(" ")) if isinstance(one, str) else tuple(one) for one in model["merges"]]
    merges: list[list[str]] = []
    for first, second in pairs:
        made = vocabulary.get(first + second)
        parts = vocabulary.get(first), vocabulary.get(second)
        if made is None or any(part not in kept for part in parts):
            continue
        if made not in kept and len(kept) >= most:
            continue
        kept.add(made)
        merges.append([first, second])
    ordered = sorted(kept)
    numbers = {old: new for new, old in enumerate(ordered)}
    model["vocab"] = {piece: numbers[number] for piece, number in vocabulary.items() if number in kept}
    model["merges"] = merges
    return ordered


def _cut_scores(model: dict[str, Any], special: set[int], most: int) -> list[int]:
    """Keep the likeliest pieces."""
    scored: list[list[Any]] = model["vocab"]
    kept = special | {number for number, (piece, _) in enumerate(scored) if _stays(piece)}
    kept |= {model["unk_id"]} if model.get("unk_id") is not None else set()
    likeliest = sorted(range(len(scored)), key=lambda number: (-scored[number][1], number))
    kept |= set([number for number in likeliest if number not in kept][: max(0, most - len(kept))])
    ordered = sorted(kept)
    numbers = {old: new for new, old in enumerate(ordered)}
    model["vocab"] = [scored[number] for number in ordered if number < len(scored)]
    if model.get("unk_id") is not None:
        model["unk_id"] = numbers[model["unk_id"]]
    return ordered
