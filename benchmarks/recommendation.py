"""Three things of one class are liked: are others of it recommended, and is a fourth one found again?

What recommendation does was chosen on products and clothing; ``pacs`` is for the last word.
"""

from __future__ import annotations

import random
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, seen

if TYPE_CHECKING:
    from mmsearch.library import Library
    from mmsearch.types import Ids

COLLECTIONS = {"products": "articleType", "clothing": "label", "pacs": "label"}
PEOPLE = 150
LIKED = 3
TOP = 10
# Smaller classes can't fill a list of ten.
LEAST_MEMBERS = 14


def measure(scale: float = 1.0) -> list[Figure]:
    """People who like four pictures of one class: three are told, one is held out."""
    import mmsearch

    data = shared_data()
    if data is None:
        return [seen("recommendation", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    figures = []
    for name, field in COLLECTIONS.items():
        with tempfile.TemporaryDirectory() as work:
            with zipfile.ZipFile(data / f"{name}.zip") as archive:
                archive.extractall(Path(work) / "corpus")
            with mmsearch.index(Path(work) / "corpus", Path(work) / "index") as library:
                figures += _figures(name, library, field, max(10, int(PEOPLE * scale)))
    return figures


def _figures(name: str, library: Library, field: str, people: int) -> list[Figure]:
    pictures = _Pictures(library, field)
    tastes = pictures.tastes(people)
    popular = Counter(item for taste in pictures.tastes(20 * people, seed=1) for item in taste)
    draw = random.Random(2)
    ways: dict[str, Callable[[list[int], list[int]], list[int]]] = {
        "average": lambda liked, _: pictures.recommended(liked, method="average"),
        "best": lambda liked, _: pictures.recommended(liked, method="best"),
        "per-document": lambda liked, _: pictures.recommended(liked, method="per-document"),
        "average, diverse 0.3": lambda liked, _: pictures.recommended(liked, diverse=0.3),
        "raw centroid": lambda liked, _: pictures.by_centroid(liked),
        "random": lambda liked, rest: draw.sample(rest, TOP),
        "popular": lambda liked, rest: sorted(rest, key=lambda item: (-popular[item], item))[:TOP],
    }
    precision = dict.fromkeys(ways, 0.0)
    again = dict.fromkeys(ways, 0.0)
    for taste in tastes:
        liked, held_out = list(taste[:LIKED]), taste[LIKED]
        rest = [item for item in pictures.classes if item not in liked]
        for way, recommend in ways.items():
            found = recommend(liked, rest)
            wanted = pictures.classes[held_out]
            precision[way] += sum(pictures.classes[item] == wanted for item in found) / TOP / len(tastes)
            again[way] += (held_out in found) / len(tastes)
    default = precision["average"]
    return [
        at_least(f"{name}: precision@10 over random", 5, default / precision["random"], "x"),
        at_least(f"{name}: precision@10", precision["raw centroid"], default, "", 3),
        *(
            seen(
                f"{name}, {way}: precision@10; held-out one found", f"{precision[way]:.3f}; {again[way]:.3f}"
            )
            for way in ways
        ),
        *_disliked(name, pictures, tastes),
    ]


def _disliked(name: str, pictures: _Pictures, tastes: Sequence[tuple[int, ...]]) -> list[Figure]:
    """Three of the most frequent wrong class are disliked."""
    before = after = kept_before = kept_after = 0.0
    asked = 0
    for taste in tastes:
        liked, wanted = list(taste[:LIKED]), pictures.classes[taste[0]]
        found = pictures.recommended(liked)
        wrong = Counter(pictures.classes[item] for item in found if pictures.classes[item] != wanted)
        if not wrong:
            continue
        unwanted = wrong.most_common(1)[0][0]
        disliked = [
            item for item in pictures.classes if pictures.classes[item] == unwanted and item not in found
        ]
        if len(disliked) < LIKED:
            continue
        asked += 1
        others = pictures.recommended(liked, disliked[:LIKED])
        before += sum(pictures.classes[item] == unwanted for item in found) / TOP
        after += sum(pictures.classes[item] == unwanted for item in others) / TOP
        kept_before += sum(pictures.classes[item] == wanted for item in found) / TOP
        kept_after += sum(pictures.classes[item] == wanted for item in others) / TOP
    shown = f"{before / max(asked, 1):.3f} → {after / max(asked, 1):.3f}"
    wanted_shown = f"{kept_before / max(asked, 1):.3f} → {kept_after / max(asked, 1):.3f}"
    return [
        seen(f"{name}: share of a disliked class in the ten, before → after", shown),
        seen(f"{name}: share of the liked class meanwhile", wanted_shown),
    ]


class _Pictures:
    """The pictures of a library, each with its class."""

    def __init__(self, library: Library, field: str) -> None:
        self._library = library
        index = library.vector_index(library.encoders[0], "image")
        assert index is not None
        self._index = index
        self.classes = {item.item_id: item.fields.get(field) for item in library.catalogue.items(index.ids)}

    def tastes(self, people: int, seed: int = 0) -> list[tuple[int, ...]]:
        """For each of ``people`` four pictures of one class; classes are drawn evenly."""
        draw = random.Random(seed)
        members: dict[object, list[int]] = {}
        for item, value in self.classes.items():
            members.setdefault(value, []).append(item)
        large = [items for items in members.values() if len(items) >= LEAST_MEMBERS]
        return [tuple(draw.sample(draw.choice(large), LIKED + 1)) for _ in range(people)]

    def recommended(self, liked: Sequence[int], disliked: Sequence[int] = (), **options: object) -> list[int]:
        """Through the product, pictures only."""
        examples = list(liked), list(disliked)
        hits = self._library.recommend(*examples, TOP, modality="image", explain=False, **options)  # type: ignore[arg-type]
        return [hit.item_id for hit in hits]

    def by_centroid(self, liked: Sequence[int]) -> list[int]:
        """By the cosine with the mean of the liked vectors as they are."""
        import numpy as np

        ids: Ids = np.array(sorted(liked), dtype=np.int64)
        mean = self._index.vectors(ids).mean(axis=0)
        ranking = self._index.search((mean / np.linalg.norm(mean)).astype(np.float32), TOP + len(liked))
        return [item for item in ranking.ids.tolist() if item not in liked][:TOP]
