"""Leave pieces out of a WordPiece vocabulary: rare ones, other scripts, unused entries.

A piece that is left out is written with shorter ones, as long as single characters stay.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def prune_vocabulary(tokenizer: str, scripts: Collection[str]) -> tuple[str, list[int]]:
    """``tokenizer`` (JSON of the tokenizers library) with letters of ``scripts`` only, and the kept ids in order.

    A script is the first word of its letters' Unicode names: ``LATIN``, ``GREEK``. Digits, marks, and special
    tokens stay. Row i of the new embedding table is row ``kept[i]`` of the old one. UsageError if it is no
    WordPiece vocabulary.
    """
    return _with_pieces(tokenizer, "text.scripts", lambda piece, _: _belongs(piece, scripts))


def keep_pieces(
    tokenizer: str, wanted: Collection[int], most: int = 0, *, left_out: Collection[str] = ()
) -> tuple[str, list[int]]:
    """``tokenizer`` (JSON of the tokenizers library) with fewer word pieces, and the kept ids in order.

    Kept are ``wanted``, special tokens, single characters but those ``left_out``, and then those of the lowest ids up
    to ``most`` in all. UsageError if it is no WordPiece vocabulary.
    """
    return _with_pieces(
        tokenizer,
        "--prune vocabulary",
        lambda piece, number: (
            number in wanted or (len(piece.removeprefix("##")) == 1 and piece not in left_out)
        ),
        most,
    )


def _with_pieces(
    tokenizer: str, asked_by: str, stays: Callable[[str, int], bool], most: int = 0
) -> tuple[str, list[int]]:
    """``tokenizer`` with the special tokens, the pieces that stay, and further ones of low ids up to ``most`` in all.

    Ids are given anew, in the old order, wherever the JSON has them: a tokenizer that still puts old ids around a
    text would read other rows of the table.
    """
    content: dict[str, Any] = json.loads(tokenizer)
    if content["model"].get("type") != "WordPiece":
        raise UsageError(f"{asked_by} prunes WordPiece vocabularies only, as BERT has; leave it out")
    special = {token["content"] for token in content["added_tokens"]} | {content["model"].get("unk_token")}
    vocabulary: dict[str, int] = content["model"]["vocab"]
    kept = {number for piece, number in vocabulary.items() if piece in special or stays(piece, number)}
    further = sorted(set(vocabulary.values()) - kept)
    ordered = sorted(kept.union(further[: max(0, most - len(kept))]))
    renumbered = {old: new for new, old in enumerate(ordered)}
    content["model"]["vocab"] = {p: renumbered[n] for p, n in vocabulary.items() if n in renumbered}
    for token in content["added_tokens"]:
        token["id"] = renumbered[token["id"]]
    processor = content.get("post_processor") or {}
    for entry in (processor.get("special_tokens") or {}).values():
        entry["ids"] = [renumbered[number] for number in entry["ids"]]
    for name in ("sep", "cls"):
        if isinstance(processor.get(name), list):
            processor[name][1] = renumbered[processor[name][1]]
    if (content.get("padding") or {}).get("pad_id") is not None:
        content["padding"]["pad_id"] = renumbered[content["padding"]["pad_id"]]
    return json.dumps(content, ensure_ascii=False), ordered


def _belongs(piece: str, scripts: Collection[str]) -> bool:
    if piece.startswith("[unused"):
        return False
    letters = (character for character in piece if character.isalpha())
    return all(unicodedata.name(letter, "?").split()[0] in scripts for letter in letters)
