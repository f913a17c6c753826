"""Text files as a reader sees them: what encoding, which markup, what title."""
