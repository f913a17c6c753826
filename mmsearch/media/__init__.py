"""Untrusted bytes -> typed values within limits; the only place that opens the user's media files."""
