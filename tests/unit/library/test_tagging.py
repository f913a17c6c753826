"""Tags written down: as a field, and in sidecars beside pictures."""

from __future__ import annotations

from pathlib import Path

import mmsearch
from mmsearch.media.xmp import keywords_of, sidecar_of


def test_a_report_says_what_was_written(small_corpus: Path, tmp_path: Path) -> None:
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        dry = library.tag(
            ["cat", "a cup of coffee", "rocket"], single=True, cutoff=None, dry_run=True, sidecars=True
        )
        assert (dry.changed, dry.sidecars, dry.tagged) == (0, 0, 5)
        assert not sidecar_of(small_corpus / "coffee.png").exists()
        report = library.tag(["cat", "a cup of coffee", "rocket"], single=True, cutoff=None, sidecars=True)
        assert (report.changed, report.sidecars, report.failed) == (5, 3, ())
        assert set(report.paths.values()) == {
            "coffee.png", "chelsea.png", "rocket.jpg", "texts/moon.txt", "texts/tea.txt",
        }  # fmt: skip
        assert keywords_of(sidecar_of(small_corpus / "chelsea.png").read_bytes()) == ["cat"]
        (small_corpus / "rocket.jpg").unlink()
        gone = library.tag(["dog"], single=True, cutoff=None, sidecars=True)
        assert [path for path, _ in gone.failed] == ["rocket.jpg"]
