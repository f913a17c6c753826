"""Compiled towers (ONNX) opened below their last layers: their features come out, a further head goes in.

A tower that declares an output ``features`` (n, width) says itself what they are. In others they are found: the first
tensor of one row per input that everything on its way to ``vectors`` passes through, which is what a network
has pooled before its head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import EncoderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = NDArray[np.float32]

VECTORS = "vectors"
FEATURES = "features"
WIDEST = 4096  # features of more numbers than this would make a head larger than the tower
OLDEST_OPSET = 13  # the operators below mean since then what is meant here


@dataclass(frozen=True, slots=True, eq=False)
class HeadWeights:
    """A head on unit features f (n, width): ``f @ linear + bias + gelu(f @ hidden + hidden_bias) @ output``, float32.

    What it gives (n, dimension) is added to the tower's unit vectors.
    """

    linear: Weights  # (width, dimension)
    bias: Weights  # (dimension,)
    hidden: Weights  # (width, inner)
    hidden_bias: Weights  # (inner,)
    output: Weights  # (inner, dimension)


def expose_features(model: Any) -> None:
    """Give the ONNX ``model`` an output ``features``, where it has none; ``vectors`` themselves if nothing is found."""
    from onnx import TensorProto, helper

    graph = model.graph
    outputs = {output.name for output in graph.output}
    if VECTORS not in outputs:
        raise EncoderError(f"a tower without an output called {VECTORS} can't be adapted: compile it again")
    if FEATURES in outputs:
        return
    found = _pooled(model) or VECTORS
    graph.node.append(helper.make_node("Identity", [found], [FEATURES], "features"))
    graph.output.append(helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["n", None]))


def add_head(model: Any, head: HeadWeights) -> None:
    """Let ``model``, which has an output ``features``, give the unit vectors of its old ones plus ``head``.

    Weights are stored in half precision, which changes no vector by more than its rounding.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    if max((one.version for one in model.opset_import if not one.domain), default=0) < OLDEST_OPSET:
        raise EncoderError("this tower was compiled for an older ONNX: compile it again, then adapt it")
    prefix = f"adapted{sum(node.name.startswith('adapted') for node in graph.node)}_"
    for node in graph.node:
        node.output[:] = [f"{prefix}before" if name == VECTORS else name for name in node.output]
        node.input[:] = [f"{prefix}before" if name == VECTORS else name for name in node.input]

    def store(name: str, value: Weights) -> str:
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float16), f"{prefix}{name}_half"))
        return add("Cast", [f"{prefix}{name}_half"], name, to=1)

    def add(operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        name = output if output == VECTORS else f"{prefix}{output}"
        graph.node.append(helper.make_node(operator, inputs, [name], f"{prefix}{output}", **attributes))
        return name

    constants = {"half": 0.5, "one": 1.0, "root": float(np.sqrt(2))}
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.float32(value), f"{prefix}{name}"))
    unit = add("LpNormalization", [FEATURES], "unit", axis=-1, p=2)
    linear = add("Gemm", [unit, store("linear", head.linear), store("bias", head.bias)], "straight")
    inner = [unit, store("hidden", head.hidden), store("hidden_bias", head.hidden_bias)]
    hidden = add("Gemm", inner, "bent")
    error = add("Erf", [add("Div", [hidden, f"{prefix}root"], "scaled")], "error")
    gate = add("Mul", [add("Add", [error, f"{prefix}one"], "raised"), f"{prefix}half"], "gate")
    gelu = add("Mul", [hidden, gate], "gelu")
    change = add("Gemm", [gelu, store("output", head.output), linear], "change")
    add("LpNormalization", [add("Add", [f"{prefix}before", change], "sum")], VECTORS, axis=-1, p=2)


def _pooled(model: Any) -> str | None:
    """The name of the first tensor (n, width) that ``vectors`` depends on through nothing else."""
    from onnx import TensorProto, shape_inference

    graph = shape_inference.infer_shapes(model).graph
    writer = {name: node for node in graph.node for name in node.output}
    inputs = {one.name for one in graph.input} - {one.name for one in graph.initializer}

    def flat(value: Any) -> bool:
        kind = value.type.tensor_type
        sizes = kind.shape.dim
        return (
            kind.elem_type == TensorProto.FLOAT
            and len(sizes) == 2
            and 1 < sizes[1].dim_value <= WIDEST
            and not sizes[0].dim_value
        )

    def decides(name: str) -> bool:
        """Whether no way leads from ``vectors`` back to an input's content without ``name``."""
        seen, waiting = {name}, [VECTORS]
        while waiting:
            current = waiting.pop()
            if current in inputs:
                return False
            if current not in seen and current in writer and writer[current].op_type != "Shape":
                waiting.extend(writer[current].input)
            seen.add(current)
        return True

    candidates = {value.name for value in graph.value_info if flat(value)}
    ordered = (name for node in graph.node for name in node.output if name in candidates)
    return next((name for name in ordered if decides(name)), None)
