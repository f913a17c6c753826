"""What is passed over is counted by kind, and named when asked for; tables that name pictures are offered."""

from __future__ import annotations

from pathlib import Path

from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.unread import Unread


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def passed_over(corpus: Path, **options: object) -> Unread:
    unread = Unread(listed=True)
    list(crawl(corpus, CrawlOptions(**options), unread=unread))  # type: ignore[arg-type]
    return unread


def test_files_of_kinds_that_are_not_read_are_counted_by_kind(corpus: Path) -> None:
    fill(
        corpus,
        "a.jpg",
        "a.json",
        "b.psd",
        "c/d.PSD",
        "c/e.iso",
        "README",
        "f.",
        "g.json",
        ".hidden.psd",
        "h.x y",
    )
    unread = passed_over(corpus)
    assert unread.kinds == {".psd": 2, ".iso": 1, "no suffix": 3, ".json": 1}
    assert sorted(unread.paths) == ["README", "b.psd", "c/d.PSD", "c/e.iso", "f.", "g.json", "h.x y"]


def test_what_is_left_out_on_purpose_is_not_counted(corpus: Path) -> None:
    fill(corpus, "a.psd", "raw/b.psd", "c.psd")
    (corpus / ".mmsearchignore").write_text("raw/\n")
    assert passed_over(corpus, exclude=("a.*",)).paths == ["c.psd"]


def test_links_that_are_not_followed_are_counted(corpus: Path) -> None:
    fill(corpus, "a.jpg", "folder/b.jpg")
    (corpus / "link.jpg").symlink_to("a.jpg")
    (corpus / "other").symlink_to("folder")
    assert passed_over(corpus, follow_links=False).kinds == {"symbolic link": 2}
    assert not passed_over(corpus).kinds


def test_files_beside_a_manifest_that_no_record_names_are_counted(corpus: Path) -> None:
    fill(corpus, "a.jpg", "b.jpg", "more/c.jpg", "more/d.txt", "more/e.psd", "more/f.jpg")
    (corpus / "metadata.csv").write_text("path\na.jpg\nmore/c.jpg\n")
    assert passed_over(corpus).kinds == {
        ".jpg not named by metadata.csv": 2,
        ".txt not named by metadata.csv": 1,
        ".psd": 1,
    }


def test_a_table_that_names_pictures_is_offered_as_a_manifest(corpus: Path) -> None:
    fill(corpus, "images/a.jpg")
    (corpus / "my catalogue.csv").write_text("path,title\nimages/a.jpg,A\n")
    (corpus / "liste.csv").write_text("Datei;Titel\nimages/a.jpg;A\n")
    (corpus / "x.jsonl").write_text('{"file_name": "images/a.jpg"}\n')
    (corpus / "genes.csv").write_text("gene,length\nBRCA1,81189\n")
    (corpus / "bytes.csv").write_bytes(bytes(range(256)) * 9)
    unread = passed_over(corpus)
    assert unread.kinds == {".csv": 4, ".jsonl": 1}
    assert unread.offers == [
        f"liste.csv looks like a manifest: mmsearch index {corpus}/liste.csv --map path=Datei",
        f"my catalogue.csv looks like a manifest: mmsearch index '{corpus}/my catalogue.csv'",
        f"x.jsonl looks like a manifest: mmsearch index {corpus}/x.jsonl",
    ]
