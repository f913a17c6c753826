"""Recommend documents by what is liked and disliked.

``request`` is what is asked, ``examples`` what it stands for in an index, ``feedback`` keeps it in a profile. ``space``
compares things of any modality, ``taste`` says what several examples say together, ``surroundings`` what an item's
neighbors say, ``diversity`` takes off likeness to better hits; ``recommend`` does all of it, ``hits`` makes hits of it.
"""
