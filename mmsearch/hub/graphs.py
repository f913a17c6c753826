"""ONNX files with their weights beside them, so that opening one reads only what is needed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Weights: TypeAlias = str | None  # the name of the file of weights beside a graph

INTEGER = {
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "ConvInteger",
    "QLinearMatMul",
    "QLinearConv",
    "DequantizeLinear",
}
INTEGER |= {"DynamicQuantizeMatMul", "MatMulNBits", "QAttention", "QGemm", "MatMulIntegerToFloat"}
APART = 50_000_000  # bytes of weights; a graph with more keeps them in a file of their own
WORTH_IT = 1_000_000  # bytes of a constant


def is_integer(model: Any) -> bool:
    """Whether ``model`` was quantized already."""
    return any(node.op_type in INTEGER for node in model.graph.node)


def open_graph(path: Path) -> Any:
    """The graph that `save_graph` wrote to ``path``, with its weights."""
    import onnx

    return onnx.load(path)


def save_graph(model: Any, path: Path, *, apart: bool = True) -> Weights:
    """Write ``model`` to ``path``, its large constants to a file beside it where they are many: the name of that.

    ONNX Runtime maps that file into memory: of a table of 256,000 words it reads the rows of the words that are asked
    for. ``apart`` False keeps all in one file, of at most 2 GB.
    """
    import onnx
    from onnx import external_data_helper, numpy_helper

    sizes = [
        (constant, len(constant.raw_data) if constant.raw_data else 0) for constant in model.graph.initializer
    ]
    if not apart or sum(size for _, size in sizes) < APART:
        path.write_bytes(model.SerializeToString())
        return None
    for constant in model.graph.initializer:  # those without raw data can't be written apart
        if not constant.raw_data and constant.dims:
            constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant), constant.name))
    name = f"{path.stem}.weights"
    (path.parent / name).unlink(missing_ok=True)  # onnx would add to it
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    for constant in whole.graph.initializer:
        if len(constant.raw_data) >= WORTH_IT:
            external_data_helper.set_external_data(constant, name)
    onnx.save(whole, path)
    return name
