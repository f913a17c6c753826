"""How familiar a query is: whether it lies nearer to what is asked about anything at all than its length foretells.

The lines of an encoder's bank are about everything, so a query that lies amid them is about something else than an
index, more often than one that lies apart. In the verification of speakers the same is done with a cohort: what
strangers score for a claim is taken off what the claimed one scores (Auckenthaler, Carey and Lloyd-Thomas, Digital
Signal Processing, 2000, doi:10.1006/dspr.1999.0360). Short texts lie nearer to each other than long ones whatever
they say, which is why a query is compared with the bank's lines of its own length: without that, single words
would count as strangers for being short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.types import Scores, Vector, Vectors

# What is usual is known at these numbers of words, and between them on a line over their logarithm.
WORDS = (1, 2, 4, 8, 16)
# Few lines of a length lean on those of the other lengths as if there were so many more of these.
PRIOR_LINES = 1.0
# Scripts without spaces: two characters count as a word.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
PER_WORD = 2.0
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """What an encoder's bank of texts says of queries.

    ``mean`` (d,) is the mean of its m lines' vectors, ``usual`` (5,) how near a line of WORDS words lies to the others
    on average, ``scale`` the deviation of the cosines between lines, and ``own`` (m,) the familiarity of each line.
    """

    mean: Vector
    usual: Scores
    scale: float
    own: Scores

    @classmethod
    def of(cls, bank: Vectors, lines: Sequence[str]) -> Familiarity:
        """From the bank's unit vectors (m, d) and the ``lines`` that they are of, two or more."""
        count = len(lines)
        if len(bank) != count or count < 2:
            raise ValueError(f"a bank has two lines or more and as many vectors, not {count} and {len(bank)}")
        mean = bank.mean(axis=0, dtype=np.float64)
        # A line is no other than itself, which a query hardly ever is.
        near = (count * (bank @ mean) - 1.0) / (count - 1)
        places = _places(lines)
        pull = PRIOR_LINES**0.5 * np.eye(len(WORDS))
        usual, *_ = np.linalg.lstsq(
            np.concatenate([places, pull]), np.concatenate([near, pull.sum(axis=1) * near.mean()]), rcond=None
        )
        # Over all pairs: E[c²] - E[c]², of which both follow from the (d, d) and (d,) sums.
        squares = float(((bank.T @ bank).astype(np.float64) ** 2).sum()) - count
        pairs = count * (count - 1)
        average = float(near.mean())
        scale = max(squares / pairs - average**2, 1e-12) ** 0.5
        return cls(mean.astype(np.float32), usual, scale, (near - places @ usual) / scale)

    def among(self, vectors: Vectors, texts: Sequence[str]) -> Scores:
        """The familiarity (n,) of queries with unit ``vectors`` (n, d): 0 for a usual one of its length.

        It is counted in deviations of the cosines between lines, so that it can be taken off scales above a background.
        """
        return np.asarray((vectors @ self.mean - _places(texts) @ self.usual) / self.scale, dtype=np.float64)

    def of_one(self, vector: Vector, text: str) -> float:
        """The familiarity of one query."""
        return float(self.among(vector[None], [text])[0])


def familiarity_of(encoder: Encoder) -> Familiarity | None:
    """What the bank of ``encoder`` says of queries; None when it has none, or the lines of it are not known."""
    from mmsearch.encoders.protocol import KnowsItsLines

    if not isinstance(encoder, KnowsItsLines):
        return None
    bank, lines = encoder.bank("text"), encoder.bank_lines()
    return Familiarity.of(bank, lines) if bank is not None and len(bank) == len(lines) > 1 else None


def words_in(text: str) -> float:
    """The number of words of ``text``, at least 1; half the number of characters in scripts without spaces."""
    unspaced = len(UNSPACED.findall(text))
    return max(1.0, len(_WORD.findall(UNSPACED.sub(" ", text))) + unspaced / PER_WORD)


def _places(texts: Sequence[str]) -> NDArray[np.float64]:
    """Where the lengths of n texts lie among WORDS: (n, 5), each row of two neighbors' shares that add up to 1."""
    lengths = np.log([words_in(text) for text in texts])
    return np.stack([np.interp(lengths, np.log(WORDS), row) for row in np.eye(len(WORDS))], axis=1)
