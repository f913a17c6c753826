"""Tag documents with labels that fit them."""
