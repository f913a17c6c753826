"""Score the first hits again, by exact vectors or a cross-encoder."""
