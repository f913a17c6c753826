"""The products of a graph that onnxruntime quantized: which node multiplies which integers, and what goes with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DYNAMIC = "MatMulInteger"  # of activations that DynamicQuantizeLinear has rounded
STATIC = ("Conv", "Gemm", "MatMul")  # between DequantizeLinear and QuantizeLinear
STEPS = 4  # from an integer product to the addition of its bias: cast, scale, add


@dataclass(frozen=True, slots=True)
class Product:
    """A node that multiplies by constant integers, and the names of the constants that belong to it."""

    node: Any
    levels: str  # the integers
    scale: str
    zero_point: str
    axis: int  # of the integers: the one of the output channels
    bias: str | None  # float32, or int32 where there is a ``bias_scale``
    bias_scale: str | None = None

    @property
    def groups(self) -> int:
        """How many parts a convolution has that see channels of their own."""
        return next((int(one.i) for one in self.node.attribute if one.name == "group"), 1)


def find_products(graph: Any) -> Iterator[Product]:
    """The products of ``graph``, in the order of its nodes."""
    constants = {constant.name for constant in graph.initializer}
    writers = {output: node for node in graph.node for output in node.output}
    readers: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    for node in graph.node:
        if node.op_type == DYNAMIC and node.input[1] in constants:
            scale = f"{node.input[1].removesuffix('_quantized')}_scale"
            yield Product(
                node, node.input[1], scale, node.input[3], 1, _added_later(node, readers, constants)
            )
        elif node.op_type in STATIC and (weights := _dequantized(node, 1, writers, constants)):
            levels, scale, zero_point = weights.input
            added = _dequantized(node, 2, writers, constants)
            bias, bias_scale = added.input[:2] if added else (None, None)
            yield Product(node, levels, scale, zero_point, _output_axis(node), bias, bias_scale)


def unshare_biases(graph: Any) -> None:
    """Give each addition a constant of its own: exporters store equal ones once, and rounding changes each.

    To be done before the products of ``graph`` are looked for.
    """
    constants = {one.name: one for one in graph.initializer if len(one.dims) == 1}
    read: set[str] = set()
    for number, node in enumerate(graph.node):
        for place, name in enumerate(node.input if node.op_type in {"Add", "Gemm"} else ()):
            if name in constants and name in read:
                copy = graph.initializer.add()
                copy.CopyFrom(constants[name])
                copy.name = node.input[place] = f"{name}_of_{number}"
            read.add(name)


def _dequantized(node: Any, place: int, writers: Mapping[str, Any], constants: set[str]) -> Any:
    """The node that makes floats of the integer constant that ``node`` reads at ``place``; None when there is none."""
    writer = writers.get(node.input[place]) if len(node.input) > place else None
    constant = writer is not None and writer.op_type == "DequantizeLinear" and writer.input[0] in constants
    return writer if constant else None


def _output_axis(node: Any) -> int:
    transposed = any(one.name == "transB" and one.i for one in node.attribute)
    return 0 if node.op_type == "Conv" or transposed else 1


def _added_later(node: Any, readers: Mapping[str, list[Any]], constants: set[str]) -> str | None:
    """The constant that is added to what an integer product gives, once it is scaled."""
    output = node.output[0]
    for _ in range(STEPS):
        if len(readers[output]) != 1:
            return None
        following = readers[output][0]
        if following.op_type == "Add":
            return next((name for name in following.input if name in constants), None)
        output = following.output[0]
    return None
