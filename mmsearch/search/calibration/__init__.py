"""The life of a score: from a cosine to evidence and to an expected count."""
