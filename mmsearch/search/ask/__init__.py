"""Answer a question out of the texts of an index."""
