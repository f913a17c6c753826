"""The figures of docs/performance.md, each by one command: ``python -m benchmarks NAME``.

Everything that is measured is made at run time; only ``quality`` and ``calibration`` read collections, from
``../shared/data`` or the folder in ``MMSEARCH_DATA``, and say so when there are none. A benchmark is a module with
a docstring and ``measure(scale) -> list[Figure]``; ``scale`` below 1 makes it smaller and quicker, and its figures
no answer to what is asked.
"""
