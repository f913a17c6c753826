"""Files that records name through symbolic links."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.sources import Skipped, Source

OUT = "leads out of the corpus by a symbolic link"
NOT_FOLLOWED = "is reached by a symbolic link, and links are not followed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus with links within it and out of it, and a manifest in a folder below that names them all."""
    outside = tmp_path / "outside"
    corpus = tmp_path / "corpus"
    for path in (outside / "secret.jpg", corpus / "other" / "a.jpg", corpus / "below" / "plain.jpg"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    below = corpus / "below"
    (below / "secret.jpg").symlink_to(outside / "secret.jpg")
    (below / "elsewhere").symlink_to(outside)
    (below / "twice.jpg").symlink_to(below / "elsewhere" / "secret.jpg")
    (below / "a.jpg").symlink_to(corpus / "other" / "a.jpg")
    (below / "other").symlink_to("../other")
    names = ("plain.jpg", "secret.jpg", "elsewhere/secret.jpg", "twice.jpg", "a.jpg", "other/a.jpg")
    (below / "records.jsonl").write_text("".join(json.dumps({"path": name}) + "\n" for name in names))
    return corpus


def told(corpus: Path, *, follow_links: bool) -> dict[str, str]:
    """What each record came to: "" or its reason."""
    results = list(crawl(corpus, CrawlOptions(follow_links=follow_links)))
    here = [one for one in results if one.path.startswith("below/")]
    return {one.path.removeprefix("below/"): one.reason if isinstance(one, Skipped) else "" for one in here}


def test_a_link_may_lead_anywhere_in_the_corpus_and_nowhere_else(folder: Path) -> None:
    assert told(folder, follow_links=True) == {
        "plain.jpg": "",
        "records.jsonl:2": f"secret.jpg {OUT}",
        "records.jsonl:3": f"elsewhere/secret.jpg {OUT}",
        "records.jsonl:4": f"twice.jpg {OUT}",
        "a.jpg": "",
        "other/a.jpg": "",
    }


def test_no_link_is_followed_when_none_shall_be(folder: Path) -> None:
    assert told(folder, follow_links=False) == {
        "plain.jpg": "",
        "records.jsonl:2": f"secret.jpg {NOT_FOLLOWED}",
        "records.jsonl:3": f"elsewhere/secret.jpg {NOT_FOLLOWED}",
        "records.jsonl:4": f"twice.jpg {NOT_FOLLOWED}",
        "records.jsonl:5": f"a.jpg {NOT_FOLLOWED}",
        "records.jsonl:6": f"other/a.jpg {NOT_FOLLOWED}",
    }


def test_a_manifest_that_is_the_corpus_has_its_own_folder_for_one(folder: Path) -> None:
    results = list(crawl(folder / "below" / "records.jsonl"))
    assert [one.path for one in results if isinstance(one, Source)] == ["plain.jpg"]


def test_a_manifest_that_is_a_link_is_none_when_links_are_not_followed(folder: Path) -> None:
    (folder / "other" / "records.jsonl").symlink_to("../below/records.jsonl")
    assert "other/a.jpg" in [one.path for one in crawl(folder, CrawlOptions(follow_links=False))]


def test_a_corpus_may_be_reached_by_a_link_itself(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert told(tmp_path / "link", follow_links=False)["plain.jpg"] == ""
