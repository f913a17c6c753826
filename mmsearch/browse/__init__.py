"""Search in a terminal that shows pictures (the extra ``browse``).

``app.py`` is the screen and its keys; ``grid.py``, ``detail.py`` and ``keys.py`` its parts; ``asked.py``, ``moves.py``
and ``told.py`` are plain values and functions without a screen.
"""
