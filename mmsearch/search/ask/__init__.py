"""Answer a question out of the texts of an index.

``request`` is what is asked, ``ask`` finds the passages, ``sentences`` splits them, ``answers`` is what comes back.
"""

from __future__ import annotations

from mmsearch.search.ask.answers import Answer, Answers
from mmsearch.search.ask.ask import ask

__all__ = ["Answer", "Answers", "ask"]
