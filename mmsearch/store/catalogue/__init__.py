"""The SQLite database of documents, items, fields and words; all SQL is here."""
