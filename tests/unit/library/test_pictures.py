from __future__ import annotations

import hashlib
import shutil
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import mmsearch
from mmsearch.errors import MediaError, UsageError
from mmsearch.store.kept.thumbnails import held, keys_held


def key_of(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def test_a_thumbnail_is_asked_for_by_what_a_hit_says(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        hit = library.search("a cup of coffee", modality="image")[0]
        assert hit.key == key_of(small_corpus / "coffee.png")
        assert hit.to_dict()["key"] == hit.key.hex()
        made = library.thumbnail(hit.key, 160)
        with Image.open(BytesIO(made.data)) as small:
            assert max(small.size) == 160
        assert library.view(hit.item_id).media_type == "image/jpeg"
        assert library.original(hit.item_id) == (small_corpus / "coffee.png").resolve()
        assert held(library.directory.thumbnails).files == 2


def test_what_the_index_does_not_hold_is_refused(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        text = library.search("green tea", modality="text")[0]
        with pytest.raises(UsageError, match="no picture of this index has this content"):
            library.thumbnail(b"\1" * 32, 160)
        with pytest.raises(UsageError, match="no picture of this index has this content"):
            library.thumbnail(text.key, 160)
        with pytest.raises(UsageError, match="is no picture"):
            library.view(text.item_id)
        for item in (-1, 10**6, 1 << 70):
            with pytest.raises(UsageError, match="has no item"):
                library.original(item)


def test_a_link_that_leads_out_is_never_shown_not_even_from_what_is_kept(
    small_corpus: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    shutil.copyfile(small_corpus / "coffee.png", secret)
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        [items] = library.find("coffee.png")
        library.thumbnail(items[0].key, 160)
        (small_corpus / "coffee.png").unlink()
        (small_corpus / "coffee.png").symlink_to(secret)
        for ask in (
            lambda: library.thumbnail(items[0].key, 160),
            lambda: library.view(items[0].item_id),
            lambda: library.original(items[0].item_id),
        ):
            with pytest.raises(MediaError, match="leads out of the corpus"):
                ask()


def test_of_equal_pictures_one_that_is_there_is_shown(small_corpus: Path, tmp_path: Path) -> None:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "copy.png")
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        key = key_of(small_corpus / "coffee.png")
        (small_corpus / "coffee.png").unlink()
        assert library.thumbnail(key, 160).is_current
        (small_corpus / "copy.png").unlink()
        assert library.thumbnail(key, 160).is_current
        with pytest.raises(MediaError, match="no such file"):
            library.thumbnail(key, 240)


def test_compaction_forgets_the_thumbnails_of_what_is_gone_and_stats_count_them(
    small_corpus: Path, tmp_path: Path
) -> None:
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        kept, gone = (key_of(small_corpus / name) for name in ("coffee.png", "rocket.jpg"))
        for key in (kept, gone):
            library.thumbnail(key, 160)
            library.thumbnail(key, 240)
        counted = library.overview().thumbnails
        assert (counted.files, counted.bytes > 0) == (4, True)
        library.remove(["rocket.jpg"])
        library.compact()
        assert keys_held(library.directory.thumbnails) == {kept}
        assert library.overview().thumbnails.files == 2


def test_notebooks_and_contact_sheets_keep_what_they_show(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        shown = library.search("a cup of coffee", modality="image", k=1)._repr_html_()
        assert "data:image/webp;base64," in shown
        assert keys_held(library.directory.thumbnails) == {key_of(small_corpus / "coffee.png")}
        (small_corpus / "coffee.png").unlink()
        assert library.search("a cup of coffee", modality="image", k=1)._repr_html_() == shown
