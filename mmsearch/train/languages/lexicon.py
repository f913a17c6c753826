"""Words of a further language in a vocabulary, each with a first vector: that of the words which translate it.

A word piece of the new language stands in sentences whose originals have the same few pieces: those that are there
when it is, and not when it isn't (Dice's coefficient, as in the alignment of parallel texts: Melamed, Computational
Linguistics 2000). Their vectors, weighted so, are its first one. That alone makes most sentences of the language
understood, before anything is trained; the tower above stays what it was. Transfer of a vocabulary by such likeness,
without parallel texts: Dobler and de Melo, "FOCUS", EMNLP 2023, arXiv:2305.14481.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from mmsearch.datasets.translations import Translations

    Numbers = NDArray[np.int64]
    Rows = NDArray[np.float32]

RAREST = 3  # sentences that a piece of the new language is in, at least
# So many times as often it must be in translations as in originals and known texts, which it would have read anew.
OWN = 300
ALIGNED = 3  # pieces of the originals that make a first vector
SHARPNESS = 4  # the power of Dice's coefficient that weighs them
BLOCK = 10_000  # texts that are tokenized at a time: what the tokenizer says of one is far larger than it
TRIED = 4  # times as many pieces are learned as wanted, since some are there already or belong to no language alone


def add_pieces(tokenizer: str, pairs: Translations, most: int, known: Sequence[str] = ()) -> str:
    """``tokenizer`` (JSON, WordPiece) with at most ``most`` pieces more, the most frequent of the translations.

    They come after the old ones, whose ids stay. Pieces that originals or ``known`` texts would be written with too are
    left out, so that hardly any of these is read anew. EncoderError for a tokenizer of another kind.
    """
    from tokenizers import Tokenizer, models, trainers

    content = json.loads(tokenizer)
    if content["model"].get("type") != "WordPiece":
        raise EncoderError("words can be added to a WordPiece vocabulary only, as BERT has")
    vocabulary: dict[str, int] = content["model"]["vocab"]
    old = Tokenizer.from_str(tokenizer)
    fresh = Tokenizer(models.WordPiece(unk_token=content["model"]["unk_token"]))
    fresh.normalizer, fresh.pre_tokenizer = old.normalizer, old.pre_tokenizer
    translations = [translation for _, translation in pairs]
    # each character is a piece of its own, at the beginning of words and within
    characters = len(set().union(*translations))
    fresh.train_from_iterator(
        translations,
        trainers.WordPieceTrainer(
            vocab_size=TRIED * most + 2 * characters,
            special_tokens=[content["model"]["unk_token"]],
            show_progress=False,
            min_frequency=RAREST,
        ),
    )
    learned = sorted(fresh.get_vocab().items(), key=lambda entry: entry[1])  # the most frequent first
    wanted = [piece for piece, _ in learned if piece not in vocabulary]
    candidates = _with(content, wanted)
    own = set(own_pieces(Tokenizer.from_str(candidates), pairs, known).tolist())
    kept = [piece for number, piece in enumerate(wanted, len(vocabulary)) if number in own]
    return _with(content, kept[:most])


def own_pieces(tokenizer: Tokenizer, pairs: Translations, known: Sequence[str] = ()) -> Numbers:
    """Ids, ascending, of the pieces that translations are written with, and originals and ``known`` texts hardly."""
    size = tokenizer.get_vocab_size()
    before, after = (
        _frequency(_sets(tokenizer, texts), size)
        for texts in ([*(one for one, _ in pairs), *known], [other for _, other in pairs])
    )
    own = (after >= RAREST) & (after >= OWN * before)
    own[list(tokenizer.get_added_tokens_decoder())] = False
    return np.flatnonzero(own)


def with_foreign_letters(tokenizer: Tokenizer, pieces: Numbers, texts: Iterable[str]) -> Numbers:
    """Those of ``pieces`` that no text made of the letters of ``texts`` is written with, whatever it says."""
    normalizer = tokenizer.normalizer
    letters: set[str] = set().union(*texts)
    if normalizer is not None:
        letters = set().union(*map(normalizer.normalize_str, letters))
    foreign = [
        any(c.isalpha() and c not in letters for c in str(tokenizer.id_to_token(n))) for n in pieces.tolist()
    ]
    return np.asarray(pieces[np.array(foreign, dtype=bool)])


def first_rows(tokenizer: Tokenizer, pairs: Translations, old: Rows, pieces: Numbers) -> Rows:
    """First vectors (p, width) of ``pieces`` (p,), from the ``old`` vectors (m, width) of the originals' pieces.

    A piece that nothing translates has the mean of ``old``.
    """
    size = len(old)
    originals = list(_sets(tokenizer, [original for original, _ in pairs]))
    frequency = _frequency(originals, size)[:size]
    sentences: dict[int, list[int]] = {int(piece): [] for piece in pieces}
    for number, found in enumerate(_sets(tokenizer, [translation for _, translation in pairs])):
        for piece in found.tolist():
            if piece in sentences:
                sentences[piece].append(number)
    rows = np.tile(old.mean(axis=0), (len(pieces), 1))
    for place, piece in enumerate(pieces.tolist()):
        if not sentences[piece]:
            continue
        beside = np.concatenate([originals[number] for number in sentences[piece]])
        together = np.bincount(beside[beside < size], minlength=size)
        dice = 2.0 * together / (frequency + len(sentences[piece]))
        nearest = np.argsort(-dice, kind="stable")[:ALIGNED]
        weights = dice[nearest] ** SHARPNESS
        if weights.sum() > 0:
            rows[place] = weights @ old[nearest] / weights.sum()
    return rows.astype(np.float32)


def _sets(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterator[Numbers]:
    """The different ids of each text."""
    for start in range(0, len(texts), BLOCK):
        encoded = tokenizer.encode_batch(list(texts[start : start + BLOCK]), add_special_tokens=False)
        yield from (np.unique(np.array(one.ids, dtype=np.int64)) for one in encoded)


def _frequency(sets: Iterable[Numbers], size: int) -> Numbers:
    """In how many of ``sets`` each id below ``size`` is, or below a larger one that is in them."""
    every = np.concatenate([np.empty(0, np.int64), *sets])
    return np.bincount(every, minlength=size)


def _with(content: dict[str, object], pieces: Sequence[str]) -> str:
    model = dict(content["model"])  # type: ignore[call-overload]
    vocabulary = model["vocab"]
    model["vocab"] = vocabulary | {piece: number for number, piece in enumerate(pieces, len(vocabulary))}
    return json.dumps({**content, "model": model}, ensure_ascii=False)
