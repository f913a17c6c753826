"""Adapt a compiled encoder to a few hundred pairs."""

from __future__ import annotations

from mmsearch.train.adapt.adapt import Adaptation, Adapted, adapt

__all__ = ["Adaptation", "Adapted", "adapt"]
