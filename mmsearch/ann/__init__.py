"""Nearest items by vector and by word; everything here can be rebuilt from the store.

``index`` is what every vector index offers, ``exact`` and ``faiss`` are two of them, ``choose`` picks one;
``words`` turns what a user typed into expressions that the catalogue's word index can't trip over.
"""
