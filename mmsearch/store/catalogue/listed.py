"""Lists as one bound parameter of a statement, whatever their length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Ids


def json_ids(ids: Ids | Sequence[int]) -> str:
    """Ids for ``IN (SELECT value FROM json_each(?))``."""
    return str(ids.tolist() if hasattr(ids, "tolist") else [int(one) for one in ids])


def json_texts(texts: Sequence[str]) -> str:
    """Texts for ``json_each``; as ``json_ids``."""
    return json.dumps(texts, ensure_ascii=False)
