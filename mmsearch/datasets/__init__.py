"""Captioned pictures and judged collections, read from files within limits."""
