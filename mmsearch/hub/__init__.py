"""Encoders of others: fetched from the hub or read from a folder, and made into encoder directories."""
