"""Even out what goes into a graph's matrices before they are quantized: SmoothQuant without torch.

What `mmsearch.train.compile.smoothquant` does to modules, done to a graph that somebody else exported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# As in `mmsearch.train.compile.smoothquant`, which imports torch.
SHARE = 0.8
SMALLEST = 1e-5


def even_out(model: Any, batches: Iterable[Mapping[str, Any]], share: float = SHARE) -> None:
    """Multiply what matrices of ``model`` read by a factor for each channel, and divide the matrices by it, in place.

    ``batches`` are inputs that the largest activations are found with. Matrices that read the same activations share
    their factors. In floats nothing changes.
    """
    from onnx import helper, numpy_helper

    constants = {constant.name: constant for constant in model.graph.initializer}
    groups = _groups(model.graph, constants)
    largest = _largest(model, list(groups), batches)
    for number, (name, nodes) in enumerate(groups.items()):
        activations = np.maximum(largest[name], SMALLEST)
        weights = [numpy_helper.to_array(constants[node.input[1]]) for node in nodes]
        by_channel = [_by_channel(node, one) for node, one in zip(nodes, weights, strict=True)]
        rows = np.maximum(np.max([np.abs(one).max(1) for one in by_channel], axis=0), SMALLEST)
        factors = rows ** (1 - share) / activations**share
        factors = (factors / factors.mean()).astype(np.float32)
        evened = f"evened_{number}"
        model.graph.initializer.append(numpy_helper.from_array(factors, f"{evened}_factors"))
        first = min(list(model.graph.node).index(node) for node in nodes)
        model.graph.node.insert(first, helper.make_node("Mul", [name, f"{evened}_factors"], [evened], evened))
        for node, one in zip(nodes, weights, strict=True):
            divided = one / (factors if _is_transposed(node) else factors[:, None])
            constants[node.input[1]].CopyFrom(numpy_helper.from_array(divided, node.input[1]))
            node.input[0] = evened


def _groups(graph: Any, constants: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The products by constant matrices, by what they read."""
    uses = Counter(name for node in graph.node for name in node.input)
    groups: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        if node.op_type not in {"MatMul", "Gemm"} or node.input[1] not in constants:
            continue
        plain = not any(one.name == "transA" and one.i for one in node.attribute)
        matrix = constants[node.input[1]]
        if plain and len(matrix.dims) == 2 and matrix.data_type == 1 and uses[matrix.name] == 1:
            groups[node.input[0]].append(node)
    return {name: nodes for name, nodes in groups.items() if name not in constants}


def _largest(model: Any, names: list[str], batches: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Of each of ``names``, the largest absolute value in each channel."""
    import onnx
    from onnxruntime import InferenceSession, SessionOptions

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    given = {value.name for value in watched.graph.input}
    shown = {value.name for value in watched.graph.output}
    asked = [name for name in names if name not in given]
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked if name not in shown)
    options = SessionOptions()
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    session = InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    largest: dict[str, Any] = {}
    for batch in batches:
        for name, value in zip(asked, session.run(asked, dict(batch)), strict=True):
            now = np.abs(value).reshape(-1, value.shape[-1]).max(0)
            largest[name] = np.maximum(largest[name], now) if name in largest else now
    return largest


def _is_transposed(node: Any) -> bool:
    return any(one.name == "transB" and one.i for one in node.attribute)


def _by_channel(node: Any, matrix: Any) -> Any:
    """The matrix as (inputs, outputs)."""
    return matrix.T if _is_transposed(node) else matrix
