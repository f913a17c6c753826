"""Leave out of a WordPiece vocabulary what a tower was never meant to read: other scripts, unused entries."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection


def prune_vocabulary(tokenizer: str, scripts: Collection[str]) -> tuple[str, list[int]]:
    """``tokenizer`` (JSON of the tokenizers library) with letters of ``scripts`` only, and the kept ids in order.

    A script is the first word of its letters' Unicode names: ``LATIN``, ``GREEK``. Digits, marks, and special
    tokens stay. Row i of the new embedding table is row ``kept[i]`` of the old one.
    """
    content: dict[str, Any] = json.loads(tokenizer)
    if content["model"].get("type") != "WordPiece":
        raise UsageError("text.scripts prunes WordPiece vocabularies only; leave it out of the recipe")
    special = {token["content"] for token in content["added_tokens"]}
    vocabulary: dict[str, int] = content["model"]["vocab"]
    kept = sorted(
        (i, token) for token, i in vocabulary.items() if token in special or _belongs(token, scripts)
    )
    content["model"]["vocab"] = {token: new for new, (_, token) in enumerate(kept)}
    renumbered = {old: new for new, (old, _) in enumerate(kept)}
    for token in content["added_tokens"]:
        token["id"] = renumbered[token["id"]]
    named = (content.get("post_processor") or {}).get("special_tokens") or {}
    for entry in named.values():
        entry["ids"] = [renumbered[i] for i in entry["ids"]]
    if (content.get("padding") or {}).get("pad_id") is not None:
        content["padding"]["pad_id"] = renumbered[content["padding"]["pad_id"]]
    return json.dumps(content, ensure_ascii=False), [old for old, _ in kept]


def _belongs(token: str, scripts: Collection[str]) -> bool:
    if token.startswith("[unused"):
        return False
    letters = (character for character in token if character.isalpha())
    return all(unicodedata.name(letter, "?").split()[0] in scripts for letter in letters)
