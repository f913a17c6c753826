from __future__ import annotations

import re
from importlib import metadata

import mmsearch
from mmsearch.version import __version__


def test_the_package_and_its_metadata_have_one_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert mmsearch.__version__ == __version__ == metadata.version("mmsearch")
