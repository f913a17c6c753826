"""Teach an encoder a language by its words alone."""

from __future__ import annotations

from mmsearch.train.languages.languages import Taught, Teaching, teach

__all__ = ["Taught", "Teaching", "teach"]
