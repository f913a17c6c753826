"""From channels to a ranking.

``task`` is a query made ready: its columns (a channel each) and what it leaves out. ``scoring`` makes scores of what
the columns say, by ``corroboration`` (likeness by words) and ``fusion``; ``threshold`` finds the best without scoring
all, ``distinct`` shows copies once, ``order`` sorts by a field, ``pages`` cuts out the page; ``weights`` of the
columns.
"""
