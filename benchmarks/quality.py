"""How often the right picture is found, through ``mmsearch evaluate``, on collections that pocket never saw."""

from __future__ import annotations

import json

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, seen
from benchmarks.shared.processes import mmsearch

COLLECTIONS = ("flickr8k-test", "textbook-photo-test", "ebooks-test", "textbook-drawing-test", "aerial")
ASKED = {"flickr8k-test": 60.0}  # text to image, R@10


def measure(scale: float = 1.0) -> list[Figure]:
    """Every caption looks for its picture, every picture for one of its captions."""
    data = shared_data()
    if data is None:
        return [seen("quality", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    figures = []
    for name in COLLECTIONS:
        sample = ["--sample", str(max(10, int(1000 * scale)))] if scale < 1 else []
        report = json.loads(mmsearch("evaluate", data / f"{name}.zip", *sample, "--json").output)
        forth, back = report["tasks"]
        found = {key: 100 * value for key, value in (forth["measures"] | back["measures"]).items()}
        if name in ASKED and scale >= 1:
            figures.append(at_least(f"{name}, text→image R@10", ASKED[name], found["R@10"], ""))
        figures += [
            seen(f"{name}, text→image R@1/5/10", _three(found, "R")),
            seen(f"{name}, image→text Success@1/5/10", _three(found, "Success")),
            seen(
                f"{name}, ms a query p50/p95, text and picture",
                " and ".join(
                    f"{t['milliseconds_p50']:.1f}/{t['milliseconds_p95']:.1f}" for t in (forth, back)
                ),
            ),
        ]
    return figures


def _three(found: dict[str, float], measure: str) -> str:
    return " / ".join(f"{found[f'{measure}@{depth}']:.1f}" for depth in (1, 5, 10))
