"""Teach an encoder a further language, from sentences and their translations: word vectors learn, nothing else does.

The translations' own word pieces get vectors of their own (`mmsearch.train.languages.lexicon`), which then learn to
give a translation the vector that its original has: distillation across languages (Reimers and Gurevych, "Making
monolingual sentence embeddings multilingual using knowledge distillation", EMNLP 2020) with the tower above held as it
is (Artetxe, Ruder and Yogatama, "On the cross-lingual transferability of monolingual representations", ACL 2020). So
nothing is forgotten: a text that is written with none of these pieces keeps its vector, and pictures keep theirs in
any case.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.datasets.pairs import read_pairs
from mmsearch.datasets.translations import read_translations
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import BANK_TEXTS, DESCRIPTION, amend_description
from mmsearch.encoders.registry import shipped_encoders
from mmsearch.errors import EncoderError, UsageError
from mmsearch.train.adapt.judging import Judged, judge, judge_vectors, score
from mmsearch.train.adapt.publish import publish
from mmsearch.train.adapt.tapped import encode_texts
from mmsearch.train.data.heldout import clusters, parts
from mmsearch.train.languages.wordlearning import Schedule, Words, learn_rows
from mmsearch.train.languages.wordrows import Change, change_rows, keep_and_add
from mmsearch.train.towers.decompiled import TABLE, read_text_recipe, read_text_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from mmsearch.datasets.translations import Translations
    from mmsearch.train.recipe import TextRecipe
    from mmsearch.types import Vectors

FEWEST = 200  # pairs of a language; with fewer hardly a word is known
MOST_JUDGED = 1000  # pairs of a language that are held out, at most
LIMIT = 0.05  # p value above which a gain is put down to chance
SAME = 0.9999  # cosine of a text's old and new vector from which on it counts as unchanged


@dataclass(frozen=True, slots=True)
class Teaching:
    """How a language is taught; ``held_out`` is the share of its pairs that judges the result."""

    words: int = 4000  # word pieces that are added for each file, at most
    held_out: float = 0.1
    fields: tuple[str, ...] = ()  # the original's and the translation's, in files whose columns have names
    split: str | None = None  # records of this split alone; None = "train" if there is one, else all
    most_lost: float = 2.0  # points of the score that may be lost on captioned pictures to keep
    schedule: Schedule = field(default=Schedule())
    seed: int = 1  # of what is held out; the schedule has its own

    def __post_init__(self) -> None:
        if not 0 < self.held_out <= 0.5:
            raise UsageError(f"--held-out is a share up to 0.5, not {self.held_out}")
        if self.words < 0:
            raise UsageError(f"--words is the number of word pieces to add, not {self.words}")


@dataclass(frozen=True, slots=True)
class Taught:
    """What became of it: ``pairs`` learned from, ``added`` word pieces and ``learned`` vectors, figures for each file.

    In these a translation looks for its original (t2i) and an original for its translation (i2t) among the held-out
    pairs. ``same`` is the share of the originals whose vector is what it was, ``likeness`` their mean cosine to that.
    ``kept`` are the captioned pictures to keep, if any were given.
    """

    directory: Path
    pairs: int
    added: int
    learned: int
    languages: tuple[Judged, ...]
    same: float
    likeness: float
    kept: Judged | None = None

    @property
    def better(self) -> bool:
        """Whether the held-out pairs of every file show a gain that chance does not explain."""
        return all(one.gain > 0 and one.comparison.p <= LIMIT for one in self.languages)


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """The pairs of one file: those that are learned from, and those that judge."""

    name: str
    learned: Translations
    judged: Translations


def teach(
    source: str,
    files: Sequence[Path],
    output: Path,
    settings: Teaching = Teaching(),
    *,
    keep: Path | None = None,
    known: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    judged: Callable[[Taught], None] = lambda _: None,
) -> Taught:
    """Write ``source``, taught the translations of ``files``, as the encoder directory ``output``.

    ``source`` is the name or directory of an encoder compiled in int8 whose text tower is a BERT, as pocket is; each
    file has pairs of an original in a language that it knows and a translation (`read_translations`). ``known`` texts
    are to be read as before, beside the originals and the captions of ``keep``, captioned pictures that are measured
    before and after. ``judged`` gets the figures before anything is saved. EncoderError, and nothing is saved, when a
    language of the files is understood no better than before, or too much is lost on ``keep``, unless ``force``.
    """
    if output.is_dir() and any(output.iterdir()) and not (output / DESCRIPTION).exists():
        raise UsageError(f"{output} holds something else than an encoder: give another --output")
    base = CompiledEncoder(_directory(source))
    recipe, state = read_text_recipe(base.directory), read_text_weights(base.directory)
    lessons = [_read(path, settings) for path in files]
    languages = [lesson.learned for lesson in lessons]
    tokenizer = (base.directory / base.description.files["tokenizer"]).read_text(encoding="utf-8")
    kept = read_pairs(keep) if keep else []
    texts = [*known, *(caption for pair in kept for caption in pair.captions)]
    words = Words.of(tokenizer, languages, state[TABLE], settings.words, texts)
    progress(f"{words.added} word pieces are new, {len(words.own)} learn")
    rows = learn_rows(words, languages, recipe, state, settings.schedule, progress)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".teach-") as folder:
        made = Path(folder) / output.name
        _write(base, made, words, rows, recipe)
        progress("measuring what was written")
        new = CompiledEncoder(made)
        figures = [_judge(lesson, base, new) for lesson in lessons]
        same, likeness = _unchanged(lessons, base, new)
        pairs = sum(map(len, languages))
        others = judge(keep.name, kept, base, new) if keep else None
        result = Taught(output, pairs, words.added, len(words.own), tuple(figures), same, likeness, others)
        judged(result)
        lost = 0.0 if others is None else -others.gain
        if not (result.better or force):
            raise EncoderError(_refusal(result, source))
        if lost > settings.most_lost and not force:
            raise EncoderError(
                f"not saved: it loses {lost:.1f} points on the pictures to keep; give fewer --words, a larger "
                "--most-lost, or --force"
            )
        origin = {
            "name": base.description.name,
            "version": base.description.version,
            "fingerprint": base.fingerprint,
        }
        text = dataclasses.asdict(dataclasses.replace(recipe, vocabulary=len(words.table)))
        made_from = {"taught_from": origin, "translations": [path.name for path in files]}
        publish(
            made,
            output,
            {**made_from, "settings": dataclasses.asdict(settings), "text": text},
            _figures(result),
        )
    return result


def _directory(source: str) -> Path:
    known = shipped_encoders()
    if source in known or (Path(source) / DESCRIPTION).is_file():
        return known.get(source) or Path(source)
    raise EncoderError(
        f"no encoder {source!r} to teach: give {', '.join(known)} or the directory of an encoder compiled in int8"
    )


def _read(path: Path, settings: Teaching) -> _Lesson:
    pairs = read_translations(path, settings.fields, settings.split)
    if len(pairs) < FEWEST:
        raise UsageError(f"{path}: {len(pairs)} pairs are too few to learn from; give {FEWEST} or more")
    share = min(settings.held_out, MOST_JUDGED / len(pairs))
    part = parts(clusters(pairs), (1.0 - share, share), settings.seed)
    learned, judged = ([pairs[row] for row in np.flatnonzero(part == number)] for number in (0, 1))
    if len(judged) < 2:
        raise UsageError(f"{path}: nearly all pairs share a text, so none can be held out; give others")
    return _Lesson(path.name, learned, judged)


def _write(base: CompiledEncoder, made: Path, words: Words, rows: Tensor, recipe: TextRecipe) -> None:
    """Copy ``base`` to ``made`` with the vocabulary grown and the ``rows`` that learned, and encode its bank anew."""
    import onnx

    shutil.copytree(base.directory, made)
    files = base.description.files
    model = onnx.load(made / files["text"])
    kept = keep_and_add(recipe.vocabulary, words.own, words.added)
    change_rows(model, recipe.vocabulary, recipe.width, Change(kept, rows.numpy()))
    onnx.save(model, made / files["text"])
    (made / files["tokenizer"]).write_text(words.tokenizer, encoding="utf-8")
    amend_description(made, name=made.name, towers_changed=True)
    lines = base.bank_lines()
    if lines and "bank-text" in files:
        np.save(made / BANK_TEXTS, CompiledEncoder(made).encode_texts(lines).astype(np.float16))


def _judge(lesson: _Lesson, base: CompiledEncoder, new: CompiledEncoder) -> Judged:
    """How well translations and originals find each other, by the encoder as it was and as it is."""
    originals, translations = ([pair[side] for pair in lesson.judged] for side in (0, 1))
    numbers: dict[str, int] = {}
    owner = [numbers.setdefault(original, len(numbers)) for original in originals]

    def seen(encoder: CompiledEncoder) -> tuple[Vectors, Vectors]:
        return encode_texts(encoder, list(numbers)), encode_texts(encoder, translations)

    return judge_vectors(lesson.name, seen(base), seen(new), owner)


def _unchanged(
    lessons: Sequence[_Lesson], base: CompiledEncoder, new: CompiledEncoder
) -> tuple[float, float]:
    """The share of the held-out originals whose vector has not changed, and the mean cosine of old and new ones."""
    originals = sorted({original for lesson in lessons for original, _ in lesson.judged})
    cosines = (encode_texts(base, originals) * encode_texts(new, originals)).sum(axis=1)
    return float((cosines >= SAME).mean()), float(cosines.mean())


def _refusal(result: Taught, source: str) -> str:
    worst = min(result.languages, key=lambda one: one.gain)
    return (
        f"not saved: by the held-out pairs of {worst.name} it is no better than {source} "
        f"({score(worst.before):.1f} → {score(worst.after):.1f} points, p = {worst.comparison.p:.2g}); look whether "
        "its first column is what the encoder knows and the second translates it, give more pairs, or --force"
    )


def _figures(result: Taught) -> dict[str, object]:
    kept = result.kept
    return {
        "learned_pairs": result.pairs,
        "new_pieces": result.added,
        "held_out": {one.name: {"pairs": one.captions, **one.record()} for one in result.languages},
        "originals_unchanged": round(result.same, 4),
        "cosine_of_originals": round(result.likeness, 5),
        **({} if kept is None else {"kept": {kept.name: {"pictures": kept.pictures, **kept.record()}}}),
    }
