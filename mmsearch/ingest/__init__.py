"""The write path: what lies in a corpus, what of it is new, and how it gets into the index."""
