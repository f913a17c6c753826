"""What an index keeps beside its vectors and its catalogue: copies, profiles, vectors of whole documents."""
