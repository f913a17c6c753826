"""Adapt a compiled encoder to a few hundred pairs."""
