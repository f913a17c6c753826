"""Words as an encoder is asked for them: put into sentences, and their background."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.calibration.estimation import estimate
from mmsearch.search.index.sampling import sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Modality, Vectors


# Items that the background of the sentences is estimated from, as for a channel's.
SAMPLE = 2000


def word_vectors(
    encoder: Encoder, words: Sequence[str], modality: Modality, forms: Sequence[str] | None = None
) -> Vectors:
    """The unit mean vector (n, dimension) of the sentences about each of ``words`` for items of ``modality``."""
    written = [sentences(word, modality, forms) for word in words]
    vectors = encoder.encode_texts([sentence for some in written for sentence in some])
    ends = np.cumsum([len(some) for some in written])
    means = np.stack([part.mean(axis=0) for part in np.split(vectors, ends[:-1])])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def word_background(
    index: SearchIndex, encoder: Encoder, modality: Modality, forms: Sequence[str] | None = None
) -> Background:
    """How sentences about a thing score items of ``modality`` that do not show it.

    They share words that whole queries have not ("a painting of"), and means of vectors lie nearer to all
    items: against the channel's own background a foreign picture would get two to three times the expected
    count of tags.
    """
    channel = index.background(encoder, "text", modality)
    if index.vector_index(encoder, modality) is None:
        return channel
    others = word_vectors(encoder, EVERYDAY_THINGS, modality, forms)
    return estimate(others, sample(index, encoder, modality, SAMPLE, seed=2)[1], prior=channel)


# {} is the word as it is, {a} the word with its article; the last three are for what is no photograph. With them
# 54.4 % of PACS (photos, paintings, cartoons, sketches) get their class, 54.0 % with "a photo of" alone, 50.9 % with
# the bare word; clothing 31.0, 31.7 and 31.0 %. Measured by `python -m benchmarks zero_shot`.
PICTURE_SENTENCES = (
    "{}",
    "{a}",
    "a photo of {a}",
    "a drawing of {a}",
    "a painting of {a}",
    "a cartoon of {a}",
)


# What sounds are asked by: bare, and as captions of sounds have it.
SOUND_SENTENCES = ("{}", "the sound of {a}", "{a} can be heard")


TEXT_SENTENCES = ("{}", "{a}", "about {}", "a text about {}")


BARE = ("{}",)
_SENTENCES: dict[Modality, tuple[str, ...]] = {
    "image": PICTURE_SENTENCES,
    "audio": SOUND_SENTENCES,
    "text": TEXT_SENTENCES,
}


# Things that most pictures do not show: sentences about them are the background of a label's.
EVERYDAY_THINGS: tuple[str, ...] = tuple(
    re.findall(
        r"\w+",
        "apple airport beard bed bell bird boat book bottle bread bridge bus cake camera candle car carpet castle "
        "chair cheese church clock cloud computer corn cow crowd cup desert door drum egg factory fence field fire "
        "fish flower forest garden glove harbor hill island key kitchen ladder lamp leaf map market mirror moon "
        "mountain newspaper office piano plate potato rain ring river robot school sheep snow soldier soup stairs "
        "statue sun table tent tower train tree umbrella village watch wheel window",
    )
)


# Words that stand for an article, or that have none.
_DETERMINED = re.compile(
    r"(?:an?|the|some|no|my|his|her|its|our|their|two|three|several|many)\s", re.IGNORECASE
)


_PLURAL = re.compile(r"[^su]s\Z")


def sentences(word: str, modality: Modality, forms: Sequence[str] | None = None) -> list[str]:
    """``word`` in each of the ``forms``, by default those for items of ``modality``; "_" reads as a blank."""
    word = " ".join(word.replace("_", " ").split())
    forms = forms or _SENTENCES[modality]
    written = (form.replace("{a}", with_article(word)).replace("{}", word) for form in forms)
    return list(dict.fromkeys(written))


def with_article(word: str) -> str:
    """ "a dog", "an owl"; plurals, proper names and what has an article already stay as they are."""
    if word[:1].isupper() or not word[:1].isascii() or _PLURAL.search(word) or _DETERMINED.match(word):
        return word
    return f"an {word}" if word[:1] in "aeiou" else f"a {word}"
