"""Recommend documents by what is liked and disliked."""
