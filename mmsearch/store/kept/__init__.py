"""What an index keeps beside its vectors and its catalogue: copies, profiles, vectors of documents, small pictures."""
