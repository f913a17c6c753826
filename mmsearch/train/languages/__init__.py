"""Teach an encoder a language by its words alone."""
