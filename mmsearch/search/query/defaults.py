"""Defaults that requests and the library's verbs share, with what each was chosen by."""

from __future__ import annotations

# A hit is shown when five unrelated queries together would find at most three items as good as this in the index.
# Measured by `python -m benchmarks cutoff` (docs/performance.md): the largest share of strangers told "nothing matches"
# at which few of those are told so who ask for what is there.
DEFAULT_CUTOFF = 0.6
# The highest expected count of a tag: how many wrong tags a picture of none of the labels may get. With the seven
# classes of PACS, in four styles, 0.05 finds 39 % of the classes, 58 % of the tags are right, and foreign pictures get
# 0.07 tags on average (clothing, ten classes: 17 %, 27 %, 0.07). `python -m benchmarks zero_shot`.
TAG_CUTOFF = 0.05
# Hits that are read again: half a second to a few on a processor, by the size of the model.
RERANK_DEPTH = 100
# Passages before and after an answer that are shown with it.
ANSWER_CONTEXT = 1
# Centered cosine from which two pictures are compared: lower finds no more, higher loses cropped copies.
# Measured by `python -m benchmarks near_duplicates`.
LEAST_COSINE = 0.5
# Bits of 256 in which two hashes of the same picture may differ; strangers differ in 128 +- 8, products of one
# kind in 60 to 100. Chosen on measured precision by `python -m benchmarks near_duplicates`.
MOST_DIFFERENT_BITS = 80
