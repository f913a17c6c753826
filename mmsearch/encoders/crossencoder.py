"""Cross-encoders of sentence-transformers: a network that reads a query and a text together, and judges the pair.

More exact than comparing vectors, and far slower, since each pair goes through the network anew: for the few best.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import EncoderError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Scores

PAIRS_AT_ONCE = 32


class CrossEncoder:
    """A model that gives each pair of texts one number: the log odds that the second answers the first."""

    def __init__(self, name: str, model: Any) -> None:
        self.name, self._model = name, model

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        """Log odds (n,) float64 that each of ``texts`` answers ``query``; what is too long for the model is cut."""
        if not texts:
            return np.zeros(0)
        found = self._model.predict(
            [(query, text) for text in texts],
            batch_size=PAIRS_AT_ONCE,
            activation_fn=_log_odds,
            show_progress_bar=False,
        )
        return np.asarray(found, dtype=np.float64).reshape(len(texts))


@lru_cache(maxsize=1)
def load_cross_encoder(name: str) -> CrossEncoder:
    """The cross-encoder in the directory ``name``, or of that name on the Hugging Face hub.

    Raises MissingExtraError without sentence-transformers, EncoderError for a model that is unknown, or that
    gives several numbers for a pair (a classifier).
    """
    try:
        import sentence_transformers
    except ImportError as error:
        raise MissingExtraError("reranking with a cross-encoder", "rerank") from error
    try:
        model = sentence_transformers.CrossEncoder(name)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise EncoderError(
            f"no cross-encoder {name!r}: name a directory, or a model of the Hugging Face hub ({reason})"
        ) from error
    if model.num_labels != 1:
        raise EncoderError(f"{name} gives {model.num_labels} numbers for a pair; reranking wants one")
    return CrossEncoder(name, model)


def _log_odds(logits: Any) -> Any:
    """The model's last layer as it is: some models' settings would turn it into probabilities."""
    return logits
