"""The query as a value, and the languages that it is written in."""
