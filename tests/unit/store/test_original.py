from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.errors import MediaError
from mmsearch.store.catalogue.values import StoredItem
from mmsearch.store.original import file_within
from mmsearch.types import Locator


def item(root: Path, path: str) -> StoredItem:
    return StoredItem(1, 1, str(root), path, "image", Locator(), None, None, {}, b"\0" * 32)


def test_a_file_is_given_only_from_inside_its_corpus(tmp_path: Path) -> None:
    corpus, outside = tmp_path / "corpus", tmp_path / "corpus-2"
    (corpus / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.jpg").write_text("secret")
    (corpus / "a" / "b.jpg").write_text("b")
    (corpus / "same.jpg").symlink_to("a/b.jpg")
    (corpus / "file.jpg").symlink_to(outside / "secret.jpg")
    (corpus / "folder").symlink_to(outside)
    (corpus / "loop.jpg").symlink_to("loop.jpg")
    real = (corpus / "a" / "b.jpg").resolve()
    assert file_within(item(corpus, "a/b.jpg")) == real
    assert file_within(item(corpus, "same.jpg")) == real
    for path in ("file.jpg", "folder/secret.jpg", "../corpus-2/secret.jpg", "a/../../corpus-2/secret.jpg"):
        with pytest.raises(MediaError, match="leads out of the corpus"):
            file_within(item(corpus, path))
    with pytest.raises(MediaError, match="can't be followed"):
        file_within(item(corpus, "a\0.jpg"))


def test_a_corpus_that_is_reached_by_a_link_is_one_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_text("a")
    (tmp_path / "link").symlink_to("real")
    assert file_within(item(tmp_path / "link", "a.jpg")) == (tmp_path / "real" / "a.jpg").resolve()
