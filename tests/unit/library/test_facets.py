from __future__ import annotations

from pathlib import Path

import mmsearch
from mmsearch.library.facets import facet_fields


def test_fields_whose_values_recur_are_worth_counting_those_of_most_documents_first(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = ["title,id,place,maker,taken,weight"]
    for number in range(12):
        maker = ("Ada", "Bo")[number % 2] if number < 8 else ""
        place, day, weight = ("Oslo", "Paris")[number % 2], number % 3 + 1, number % 2 + 1
        rows.append(f"a boat {number},n{number},{place},{maker},2019-07-0{day},0.{weight}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    with mmsearch.index(folder, tmp_path / "index") as library:
        assert facet_fields(library, library.fields()) == ["place", "maker"]
