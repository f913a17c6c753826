"""How much each channel counts: what the caller says, or what was learned from judgements and kept with the index."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import inf
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.search.index.protocol import WHOLE
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.ranking.fusion import FusionName

# The fusion that weights are learned for: those of another one would lie on another scale.
LEARNED_FUSION: FusionName = "calibrated"
# Channels that are lists of words.
WORDS, NAME = "words", "name"
LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """Channel weights from judgements, and what is known of them.

    ``values``: channel, as explanations call it (``pocket text→image``, ``words``), -> weight, at least 0; a
    channel that is not named counts 1. ``default`` and ``learned`` are means of ``measure`` (0 to 1) over
    ``queries``, the second held out (cross-validated), and ``p`` is that of their paired test.
    """

    values: Mapping[str, float]
    measure: str
    default: float
    learned: float
    p: float
    queries: int
    judgements: str

    def to_record(self) -> dict[str, object]:
        """A JSON object that ``from_record`` reads."""
        return {**asdict(self), "values": dict(self.values), "fusion": LEARNED_FUSION}

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> LearnedWeights | None:
        """What ``to_record`` made; None of anything else, of an older form, or of another fusion."""
        values = record.get("values")
        if record.get("fusion") != LEARNED_FUSION or not isinstance(values, dict):
            return None
        known = {name: value for name, value in record.items() if name != "fusion"}
        try:
            found = cls(**{**known, "values": checked(values)})  # type: ignore[arg-type]
        except (TypeError, UsageError):
            return None
        texts, numbers = (
            (found.measure, found.judgements),
            (found.default, found.learned, found.p, found.queries),
        )
        whole = all(isinstance(one, str) for one in texts) and all(map(_is_number, numbers))
        return found if whole else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < inf


def checked(weights: Mapping[str, float]) -> dict[str, float]:
    """``weights`` as floats; UsageError names one that is negative or no number."""
    found: dict[str, float] = {}
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise UsageError(f"the weight of {name} is a number, not {weight!r}")
        if not 0 <= weight <= LARGEST:  # nor is a NaN
            raise UsageError(f"the weight of {name} must be at least 0, not {weight!r:.40}")
        found[str(name).replace("->", "→")] = float(weight)
    return found


def refuse_unknown(weights: Mapping[str, float], encoders: Sequence[Encoder]) -> None:
    """UsageError for the first name in ``weights`` that is no channel's: ``words``, ``name``, ``text→image``, also with
    the name of one of ``encoders`` before it."""
    kinds = [f"{query}→{item}" for query in MODALITIES for item in (*MODALITIES, WHOLE)]
    named = [f"{encoder.name} {kind}" for encoder in encoders for kind in kinds]
    for name in weights:
        if name not in (WORDS, NAME, *kinds, *named):
            from difflib import get_close_matches

            own = [
                f"{query}→{item}"
                for query in MODALITIES
                for item in MODALITIES
                if any({query, item} <= encoder.modalities for encoder in encoders)
            ]
            nearest = get_close_matches(name, [WORDS, NAME, *own, *named], n=1)
            help = f"did you mean {nearest[0]!r}? " if nearest else ""
            raise UsageError(
                f"no channel is called {name!r}; {help}there are {', '.join([*own, WORDS, NAME])}"
            )


def parse_weights(text: str) -> dict[str, float]:
    """What is written as ``text→image=1.5, words=0.5`` (``->`` will do for the arrow); {} for ``default``.

    Raises UsageError for anything else.
    """
    if text.strip() == "default":
        return {}
    found: dict[str, float] = {}
    for pair in text.split(","):
        name, equals, number = pair.rpartition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise UsageError(
                f"weights are written text->image=1.5,words=0.5, or default for 1 each; not {pair.strip()!r}"
            )
    return checked(found)


def weights_in_use(
    given: Mapping[str, float] | None, fusion: Fusion | FusionName, learned: LearnedWeights | None
) -> Mapping[str, float]:
    """The weights that a search uses: those that are ``given`` ({} means 1 each), or else the ``learned`` ones,
    if ``fusion`` is the one that they were learned for. Raises UsageError for a negative one."""
    if given is not None:
        return checked(given)
    name = fusion.name if isinstance(fusion, Fusion) else fusion
    return learned.values if learned is not None and name == LEARNED_FUSION else {}
