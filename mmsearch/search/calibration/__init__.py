"""What a score means: from a cosine to evidence, which orders a list, and to surprise, which says if anything matches.

The life of a score, with a worked example in docs/scoring.md; ``--explain`` prints its numbers (`Reason`):

- cosine → scales: (cosine - location) / scale of the channel's `Background` (``background``);
- scales → deviations: (scales - level) / unit of the query's own `Standing` in the channel (``standing``);
- deviations → evidence, in decades: -log10 P(a usual query's are as many), by a fitted `Curve` (``curve``);
- evidence → corroborated by words: x (1 - lost) for texts (``ranking/corroboration``);
- corroborated → contribution: (weight x evidence)² / ‖weight x evidence‖, the p-norm's parts (``ranking/fusion``);
- contributions, less penalties → score (``ranking/scoring``) → strength, 0 to 100 (``results/strength``);

and beside it, for chance:

- cosine → less the query's `Familiarity` (``familiarity``) → surprise, in decades: -log10 P(a stranger's is as high);
- surprise → expected count: items searched x 10^-surprise of the document's most surprising item (``ranking/scoring``).

``estimation`` finds a background out of an index's items and an encoder's bank; ``centering`` is what all vectors of a
modality share.
"""
