"""What is true on disk: the catalogue (SQLite), the shards of vectors, the manifest and the lock.

``catalogue`` is the face of the database, ``vectors`` of the shards, ``directory`` of everything around them;
``check`` and ``compact`` look after both. indexes/README.md describes the files for other readers.
"""
