from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def as_other_user() -> Iterator[None]:
    """Without root's right to read everything: as nobody, when the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
