"""The read path: from what a user asks to ranked, explained hits.

``request`` is what is asked, ``query`` what is looked for; ``channels`` scores items, ``calibration`` says what a score
means, ``ranking`` brings channels together, ``search`` does all of it and gives ``results``.
"""
