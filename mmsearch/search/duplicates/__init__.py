"""Exact and near duplicates.

``request`` is what is asked; ``duplicates`` finds the groups: ``near`` vectors are candidates, ``pictures`` reads their
files, ``perceptual`` compares these, ``components`` joins pairs. ``report`` is what comes back, ``remember`` keeps it.
"""
