"""One index over several shards, each an ordinary index directory: searched as one, with the answers of one.

``manifest`` says which shards there are and ``placing`` in which a document lies. ``shard`` answers for one of them,
``transport`` reaches them: in this process, or as Ray's actors (``actors``, the only place that imports ray).
``catalogue``, ``vectors`` and ``documents`` fan out and merge, ``reading`` puts them together to what the search layer
asks of an index, so that ranking is the same code; ``library`` is its face. ``building`` indexes a corpus into shards,
``moving`` brings documents to other shards.
"""
