"""An open index sees what another process adds, and keeps what it read until then."""

from __future__ import annotations

from pathlib import Path

import mmsearch


def test_what_is_added_elsewhere_is_seen_by_the_next_search(small_corpus: Path, tmp_path: Path) -> None:
    mmsearch.index(small_corpus, tmp_path / "i").close()
    with mmsearch.open(tmp_path / "i") as library:
        documents = library.documents
        assert library.documents is documents
        (small_corpus / "texts" / "zebra.txt").write_text("Zebras have stripes.\n", encoding="utf-8")
        mmsearch.index(small_corpus, tmp_path / "i").close()
        assert [hit.path for hit in library.search("zebras with stripes", k=1)] == ["texts/zebra.txt"]
        assert library.documents is not documents


def test_pictures_in_private_networks_are_for_those_who_ask(demo_index: Path) -> None:
    with mmsearch.open(demo_index) as library:
        assert not library.allow_private
    with mmsearch.open(demo_index, allow_private=True) as library:
        assert library.allow_private
