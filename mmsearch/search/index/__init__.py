"""What the search layer asks of an open index, and what it reads from one.

``protocol`` is the index as the search sees it, ``kept`` what is found out of it, for as long as its
generation; ``documents`` which document each item belongs to, ``pooling`` one vector for a whole document.
"""
