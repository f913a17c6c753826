"""Manifests: tables and records that tie pictures, texts and fields into documents."""
