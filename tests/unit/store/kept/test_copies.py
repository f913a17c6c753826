from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.directory import COPIES
from mmsearch.store.kept.copies import read_groups, write_groups


def test_groups_are_kept_by_content_and_a_damaged_file_is_refused(tmp_path: Path) -> None:
    a, b, c, d, e = (bytes([number]) * 32 for number in range(5))
    assert write_groups(tmp_path, [(a, b), (c, c), (d, e)]) == 2
    assert read_groups(tmp_path) == {a: 0, b: 0, d: 1, e: 1}
    for text in ("{", '{"format": 1}', '{"format": 1, "groups": [["no key"]]}'):
        (tmp_path / COPIES).write_text(text)
        with pytest.raises(IndexDirectoryError, match=COPIES):
            read_groups(tmp_path)
    (tmp_path / COPIES).unlink()
    assert read_groups(tmp_path) == {}
