from __future__ import annotations

from mmsearch.search.results.hit import Hit, Neighbor
from mmsearch.store.catalogue.values import StoredItem
from mmsearch.types import Locator

ITEM = StoredItem(
    item_id=7, document_id=3, corpus_root="/corpus/", path="a/b.txt", modality="text",
    locator=Locator("characters", 0, 9), text="Green tea", title="Tea", fields={"year": 1999}, key=b"k",
)  # fmt: skip


def test_a_hit_shows_its_item_and_says_what_was_found_out_of_it() -> None:
    hit = Hit.of(ITEM, rank=2, score=3.5, snippet=None, cosine=0.5, strength=70, evalue=0.01)
    for name in (
        "item_id",
        "document_id",
        "corpus_root",
        "path",
        "modality",
        "locator",
        "text",
        "title",
        "fields",
        "key",
    ):
        assert getattr(hit, name) == getattr(ITEM, name)
    assert (hit.rank, hit.score, hit.strength, hit.copies) == (2, 3.5, 70, 0)
    assert hit.file == "/corpus/a/b.txt"


def test_what_stands_beside_a_hit_is_named_by_its_item() -> None:
    assert Neighbor.of(ITEM) == Neighbor(7, Locator("characters", 0, 9), "Green tea")
