"""The read path: from what a user asks to ranked, explained hits.

``query`` is the value, ``parse`` and ``filters`` read its written form; ``channels`` scores items, ``background``
says what a score means, ``fusion`` brings channels together, ``answer`` does all of it and gives ``results``.
"""
