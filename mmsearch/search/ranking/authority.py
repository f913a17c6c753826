"""How far the words of a query decide by themselves, beside what an encoder makes of it.

Words that single out one text are better than any likeness that was learned, the more so in a language that the encoder
hardly knows. Where many texts have some of the words, as captions of similar pictures do, or none has them, as texts in
another language, likeness tells them apart.
"""

from __future__ import annotations

# Words decide nothing up to the first of these values of `Matches.said`, and all from the second on, for an encoder
# that reads the query in whole words; for one that spells it sooner. Questions in the language of their texts have 0.4
# to 0.8, captions of one picture 0.1 to 0.2, questions in another language 0 to 0.1. Of 0.1 to 0.2 and 0.3 to 0.6.
FROM, ALL = 0.15, 0.4
# So much more the words tell where they decide: of 0.5, 1 and 2, on dev questions and captions in one language and in
# two (docs/log.md).
COUNTING_MORE = 1.0
# Beside pictures, which have no words, they have to say so much more to decide as much: captions of pictures that are
# in the list too would come before these otherwise. Of 1, 1.5, 2, 3 and 99, on pictures with 1, 2 and 4 captions.
BESIDE_PICTURES = 3.0


def authority(said: float, fluency: float, *, beside_pictures: bool) -> float:
    """How far words decide, 0 to 1: by what they ``said`` (`Matches.said`), by the encoder's ``fluency`` in the query,
    above 0 to 1 (`KnowsItsWords.fluency`), and by whether pictures stand beside the texts in the list."""
    heard = said / fluency / (BESIDE_PICTURES if beside_pictures else 1.0)
    return min(max((heard - FROM) / (ALL - FROM), 0.0), 1.0)
