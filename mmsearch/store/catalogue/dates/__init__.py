"""Dates in fields and filters: what they cover, and how they compare, in Python and in SQL."""
