"""The query as a value, and the languages that it is written in.

``value`` is the query with its written form, ``parse`` reads that, ``filters`` the filter language, ``notation`` writes
conditions; ``negation`` and ``negation_chinese`` understand "without x" as a minus part.
"""
