"""What an encoder can read: a text in letters that it was not made for looks like any other such text to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.encoders.protocol import KnowsItsWords

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder

# A text of which an encoder knows less is not read by it.
LEAST_KNOWN = 0.5
# No text counts as read in smaller pieces than words of so many.
LEAST_FLUENCY = 0.2


def reads(encoder: Encoder, text: str) -> bool:
    """Whether ``encoder`` knows most of what ``text`` is made of; one that can't say so reads everything."""
    return not isinstance(encoder, KnowsItsWords) or encoder.known_share(text) >= LEAST_KNOWN


def fluency(encoder: Encoder, text: str) -> float:
    """How near to whole words ``encoder`` reads ``text``, ``LEAST_FLUENCY`` to 1; 1 for one that can't say so."""
    return max(encoder.fluency(text), LEAST_FLUENCY) if isinstance(encoder, KnowsItsWords) else 1.0
