"""Embedding tables of a graph in int8, a scale for each row: a quarter of the bytes.

Rows are looked up, never multiplied by integers, so that all 8 bits are safe (`mmsearch.encoders.saturation`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_TABLE = 1000  # rows; smaller tables are not worth it
LARGEST_LEVEL = 127
ROWS_AT_ONCE = 8192


def find_tables(graph: Any) -> Iterator[tuple[Any, list[Any]]]:
    """The float tables (rows, width) of ``graph`` that nodes only look rows up in, with those nodes."""
    from onnx import TensorProto

    readers: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    for constant in graph.initializer:
        nodes = readers[constant.name]
        looked_up = all(node.op_type == "Gather" and _axis(node) == 0 for node in nodes)
        if constant.data_type == TensorProto.FLOAT and len(constant.dims) == 2 and nodes and looked_up:
            yield constant, nodes


def round_tables(model: Any) -> None:
    """Put the large tables of ``model`` into int8, in place."""
    from onnx import TensorProto, helper, numpy_helper

    for table, nodes in list(find_tables(model.graph)):
        if table.dims[0] < LARGE_TABLE:
            continue
        name = table.name
        levels, scales = _rounded(numpy_helper.to_array(table))
        table.CopyFrom(numpy_helper.from_array(levels, name))
        model.graph.initializer.append(numpy_helper.from_array(scales, f"{name}_row_scales"))
        for node in nodes:
            output = node.output[0]
            node.output[0] = f"{output}_levels"
            at = list(model.graph.node).index(node) + 1
            for offset, made in enumerate(
                (
                    helper.make_node(
                        "Gather", [f"{name}_row_scales", node.input[1]], [f"{output}_scales"], axis=0
                    ),
                    helper.make_node(
                        "Cast", [f"{output}_levels"], [f"{output}_floats"], to=TensorProto.FLOAT
                    ),
                    helper.make_node("Mul", [f"{output}_floats", f"{output}_scales"], [output]),
                )
            ):
                model.graph.node.insert(at + offset, made)


def _axis(node: Any) -> int:
    return next((int(one.i) for one in node.attribute if one.name == "axis"), 0)


def _rounded(table: Any) -> tuple[Any, Any]:
    """Levels (rows, width) int8 and scales (rows, 1) float32."""
    levels = np.zeros(table.shape, np.int8)
    scales = np.zeros((len(table), 1), np.float32)
    for start in range(0, len(table), ROWS_AT_ONCE):
        rows = table[start : start + ROWS_AT_ONCE].astype(np.float32)
        steps = np.maximum(np.abs(rows).max(1, keepdims=True) / LARGEST_LEVEL, 1e-12)
        levels[start : start + ROWS_AT_ONCE] = np.rint(rows / steps)
        scales[start : start + ROWS_AT_ONCE] = steps
    return levels, scales
