"""Can the integer products of an ONNX file saturate?

On x86 without VNNI (most processors before 2019) ONNX Runtime multiplies unsigned by signed bytes with an instruction,
``vpmaddubsw``, that adds two neighbouring products into 16 signed bits and clips what does not fit: 255 · 127 twice is
64,770, of which 32,767 is left. Weights from -64 to 64 can't reach that: 2 · 255 · 64 = 32,640. Unsigned weights are
multiplied in another way, which is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import EncoderError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 2**15 - 1  # of 16 signed bits
ACTIVATION = 255  # the largest of an unsigned byte
SEVEN_BITS = 64  # the largest weight of which any two can be added

# The input of an integer operator that holds its weights.
WEIGHTS = {
    "ConvInteger": 1,
    "MatMulInteger": 1,
    "DynamicQuantizeMatMul": 1,
    "MatMulIntegerToFloat": 1,
    "QAttention": 1,
    "QGemm": 3,
    "QLinearConv": 3,
    "QLinearMatMul": 3,
}
DEQUANTIZED = (
    "Conv",
    "ConvTranspose",
    "Gemm",
    "MatMul",
)  # fused with DequantizeLinear into integer operators


def largest_sums(path: Path) -> dict[str, int]:
    """Node name -> the most that two products of its signed 8-bit weights with unsigned bytes can add up to.

    Empty for a file without such weights. Whichever two weights of an output channel a kernel puts side by side, their
    products don't exceed this. EncoderError for a file that is no ONNX, MissingExtraError without the onnx package.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("looking into ONNX files", "torch") from error
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # protobuf and onnx raise many types
        raise EncoderError(f"{path} is no ONNX file ({error}): compile the encoder again") from error
    return {name: _largest_sum(rows) for name, rows in _signed_weights(graph)}


def saturating(path: Path) -> list[str]:
    """The nodes of ``path`` that can saturate, worst first; raises as `largest_sums` does."""
    sums = largest_sums(path)
    return sorted((name for name, value in sums.items() if value > LARGEST), key=lambda name: -sums[name])


def _largest_sum(rows: Any) -> int:
    """Of weights (outputs, inputs): the two largest of one sign, times the largest activation."""
    two = np.sort(np.pad(rows.astype(np.int32), ((0, 0), (0, 2))), axis=1)  # a single one has zeros beside it
    highest = two[:, -2:].clip(min=0).sum(axis=1).max(initial=0)
    lowest = -two[:, :2].clip(max=0).sum(axis=1).min(initial=0)
    return int(ACTIVATION * max(highest, lowest))


def _signed_weights(graph: Any) -> Iterator[tuple[str, Any]]:
    """Each node that multiplies by signed bytes, and these as (output channels, inputs of one)."""
    from onnx import TensorProto, numpy_helper

    signed = {one.name: one for one in graph.initializer if one.data_type == TensorProto.INT8}
    writers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type in WEIGHTS:
            names = list(node.input[WEIGHTS[node.op_type] :][:1])
        elif node.op_type in DEQUANTIZED:
            before = (writers.get(name) for name in node.input[:2])
            names = [one.input[0] for one in before if one and one.op_type == "DequantizeLinear"]
        else:
            continue
        for weights in (numpy_helper.to_array(signed[name]) for name in names if name in signed):
            transposed = any(one.name == "transB" and one.i for one in node.attribute)
            outputs_first = "Conv" in node.op_type or transposed
            ordered = weights if outputs_first else np.moveaxis(weights, -1, 0)
            yield node.name or node.output[0], ordered.reshape(len(ordered), -1)
