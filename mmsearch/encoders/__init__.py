"""Encoders: media into unit vectors of one space."""
