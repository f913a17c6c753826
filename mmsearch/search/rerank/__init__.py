"""Score the first hits again: ``exact`` from vectors in full precision, ``cross_encoder`` by reading query and text."""
