"""Who is let in: hosts and origins, tokens, and what browsers may do with what they are given."""
