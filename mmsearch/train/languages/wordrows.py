"""The word vectors of a compiled int8 text tower, changed in place: all else stays as it was, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmsearch.errors import EncoderError
from mmsearch.train.towers.tables import GROUP, PackedTable, RoundedTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Change:
    """A new table: row i is row ``kept[i]`` of the old one, or where ``kept[i]`` is -1 the next of ``fresh``.

    ``kept`` (n,), ``fresh`` (number of -1, width) float32.
    """

    kept: Numbers
    fresh: Rows

    def __post_init__(self) -> None:
        if int((self.kept < 0).sum()) != len(self.fresh):
            raise ValueError(f"{int((self.kept < 0).sum())} rows are new, {len(self.fresh)} vectors given")


def change_rows(model: Any, vocabulary: int, width: int, change: Change) -> None:
    """Change the table of ``vocabulary`` rows of ``width`` numbers in the ONNX ``model``; its form stays (8 or 4 bits).

    EncoderError when the model has none in one of these forms.
    """
    from onnx import numpy_helper

    packed = {(vocabulary, width // 2): "rows", (vocabulary, width // GROUP): "scale"}
    rounded = {(vocabulary, width): "rows", (vocabulary, 1): "scale"}
    table = torch.from_numpy(np.ascontiguousarray(change.fresh))
    for shapes, form in ((packed, PackedTable), (rounded, RoundedTable)):
        found = {shapes[tuple(one.dims)]: one for one in model.graph.initializer if tuple(one.dims) in shapes}
        if len(found) < len(shapes):
            continue
        fresh = form(table).state_dict() if len(table) else {}
        for part, tensor in found.items():
            old = numpy_helper.to_array(tensor)
            values = old[np.maximum(change.kept, 0)]
            if fresh:
                values[change.kept < 0] = fresh[part].numpy()
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))
        return
    raise EncoderError(
        "this text tower has no table of words in 8 or 4 bits: compile it with --precision int8"
    )


def keep_and_add(old: int, changed: Mapping[int, Any] | Numbers, added: int) -> Numbers:
    """The ``kept`` of a `Change` that replaces the rows ``changed`` of ``old`` ones and adds ``added``."""
    kept = np.concatenate([np.arange(old), np.full(added, -1)])
    kept[np.fromiter(changed, dtype=np.int64)] = -1
    return kept
