"""Answer a question out of the texts of an index."""

from __future__ import annotations

from mmsearch.search.ask.answers import Answer, Answers
from mmsearch.search.ask.ask import ask

__all__ = ["Answer", "Answers", "ask"]
