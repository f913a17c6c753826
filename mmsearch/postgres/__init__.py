"""Vectors in PostgreSQL, by pgvector: where searches find their candidates, on one server or on several."""
