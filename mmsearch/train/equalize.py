"""Even out channel ranges before int8: what one channel's outliers would cost all others.

Between a convolution without activation and the convolutions that read it, a channel can be scaled down and
its readers' weights up, and nothing changes but the rounding. Residual sums tie their terms to one scale.
After Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", ICCV 2019, with
measured ranges as in Xiao et al., "SmoothQuant", ICML 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.types import Images

BATCH = 8
SMALLEST = 1e-2  # a channel that never moves is not blown up


@dataclass(slots=True)
class _Tied:
    """Tensors of one scale, the convolutions that write and read them."""

    tensors: set[str] = field(default_factory=set)
    writers: list[Any] = field(default_factory=list)
    readers: list[Any] = field(default_factory=list)


def equalize(path: Path, pictures: Images, balance: float = 0.5) -> int:
    """Rewrite the tower at ``path`` with evened channels; the number of places where that was possible.

    ``balance`` = 1 evens the activations alone, 0 the readers' weights alone.
    """
    import numpy as np
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    weights = {i.name: numpy_helper.to_array(i).copy() for i in model.graph.initializer}
    groups = _tied_tensors(model.graph, weights)
    ranges = _channel_ranges(model, [t for group in groups for t in group.tensors], pictures)
    for group in groups:
        spread = np.maximum.reduce([ranges[tensor] for tensor in group.tensors])
        used = np.maximum.reduce([np.abs(weights[r.input[1]]).max((0, 2, 3)) for r in group.readers])
        scale = _relative(spread) ** balance / _relative(used) ** (1 - balance)
        for writer in group.writers:
            weights[writer.input[1]] /= scale[:, None, None, None]
            weights[writer.input[2]] /= scale
        for reader in group.readers:
            weights[reader.input[1]] *= scale[None, :, None, None]
    for initializer in model.graph.initializer:
        initializer.CopyFrom(numpy_helper.from_array(weights[initializer.name], initializer.name))
    onnx.save(model, path)
    return len(groups)


def _relative(values: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    relative: NDArray[np.float32] = np.maximum(values / max(float(values.max()), 1e-12), SMALLEST)
    return relative


def _tied_tensors(graph: Any, weights: dict[str, Any]) -> list[_Tied]:  # noqa: ANN401
    """Groups of tensors, joined by additions, that only plain convolutions write and read."""
    writer = {output: node for node in graph.node for output in node.output}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outputs = {output.name for output in graph.output}
    uses = [name for node in graph.node for name in node.input]
    groups, seen = [], set(outputs)
    for node in graph.node:
        start = node.output[0]
        if node.op_type != "Conv" or start in seen:
            continue
        group, valid, waiting = _Tied(), True, [start]
        while waiting:
            tensor = waiting.pop()
            if tensor in group.tensors:
                continue
            group.tensors.add(tensor)
            source = writer.get(tensor)
            if source is not None and source.op_type == "Add":
                waiting.extend(source.input)
            elif source is not None and _is_plain(source, weights) and uses.count(source.input[1]) == 1:
                group.writers.append(source)
            else:
                valid = False
            for reader in readers.get(tensor, []):
                if reader.op_type == "Add":
                    waiting.extend([*reader.input, reader.output[0]])
                elif _is_plain(reader, weights) and reader.input[0] == tensor:
                    group.readers.append(reader)
                else:
                    valid = False
        seen |= group.tensors
        if valid and group.readers and not group.tensors & outputs:
            groups.append(group)
    return groups


def _is_plain(node: Any, weights: dict[str, Any]) -> bool:  # noqa: ANN401
    """Whether a node is an ungrouped convolution with a bias, all its weights at hand."""
    if node.op_type != "Conv" or len(node.input) < 3 or any(name not in weights for name in node.input[1:3]):
        return False
    return all(attribute.i == 1 for attribute in node.attribute if attribute.name == "group")


def _channel_ranges(model: Any, tensors: list[str], pictures: Images) -> dict[str, Any]:  # noqa: ANN401
    """The largest absolute value of each channel of each tensor over ``pictures``."""
    import numpy as np
    import onnx
    import onnxruntime

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in tensors)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    ranges: dict[str, Any] = {}
    for start in range(0, len(pictures), BATCH):
        for name, value in zip(tensors, session.run(tensors, {"pixels": pictures[start : start + BATCH]}), strict=True):
            found = np.abs(value).max((0, 2, 3))
            ranges[name] = np.maximum(ranges.get(name, 0.0), found)
    return ranges
