"""What is to be ranked, and documents with all that makes their scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mmsearch.search.exclusions import Excluded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.search.channels import DenseChannel, Scored
    from mmsearch.search.documents import Documents
    from mmsearch.search.exclusions import Exclusion
    from mmsearch.search.fusion import Fusion, Matrix
    from mmsearch.types import Ids, Scores


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One channel in the fusion, with its ``weight``: dense, or ``listed`` (all that it has to say, by id).

    ``expected``: what the words would tell, in decades, of a text that says the same as the query; 0 where that is
    not known, and for all other channels.
    """

    name: str
    weight: float
    dense: DenseChannel | None = None
    listed: Scored | None = None
    expected: float = 0.0


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


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """n documents with all that makes their scores.

    ``parts`` (n, c) are the columns' contributions, ``items`` (n, c) the item that each is about, -1 for none;
    ``excluded`` holds the penalties, which are contributions too, with the other sign.
    """

    documents: Ids
    parts: Matrix
    items: NDArray[np.int64]
    calibrated: Matrix
    surprise: Matrix
    excluded: Excluded

    @property
    def scores(self) -> Scores:
        """Sums (n,) of contributions and penalties."""
        import numpy as np

        return np.asarray(self.parts.sum(axis=1) - self.excluded.penalties.sum(axis=1))

    def evalues(self, searched: int) -> Scores:
        """Expected counts (n,): of items as surprising as the document's most surprising one."""
        import numpy as np

        return np.asarray(searched * 10.0 ** -most_of(self.surprise))

    def __getitem__(self, chosen: Ids | slice) -> Scoring:
        excluded = self.excluded
        return Scoring(
            self.documents[chosen],
            self.parts[chosen],
            self.items[chosen],
            self.calibrated[chosen],
            self.surprise[chosen],
            replace(
                excluded,
                penalties=excluded.penalties[chosen],
                items=excluded.items[chosen],
                evidence=excluded.evidence[chosen],
                removed=excluded.removed[chosen],
            ),
        )


def most_of(surprise: Matrix) -> Scores:
    """The highest surprise (n,) of each row (n, c); 0 where no channel says anything."""
    import numpy as np

    return np.asarray(np.fmax.reduce(surprise, axis=1, initial=0.0))


def joined(several: Sequence[Scoring]) -> Scoring:
    """The documents of several scorings (one or more) by the same columns, one after the other."""
    import numpy as np

    if len(several) == 1:
        return several[0]
    excluded = [scoring.excluded for scoring in several]
    return Scoring(
        np.concatenate([scoring.documents for scoring in several]),
        np.concatenate([scoring.parts for scoring in several]),
        np.concatenate([scoring.items for scoring in several]),
        np.concatenate([scoring.calibrated for scoring in several]),
        np.concatenate([scoring.surprise for scoring in several]),
        Excluded(
            np.concatenate([one.penalties for one in excluded]),
            np.concatenate([one.items for one in excluded]),
            np.concatenate([one.evidence for one in excluded]),
            np.concatenate([one.removed for one in excluded]),
        ),
    )
