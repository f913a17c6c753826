"""Graphs in half precision -> the same in float32, which is what processors compute in and weights are rounded from."""

from __future__ import annotations

from typing import Any


def as_float32(model: Any) -> bool:
    """Turn every float16 or bfloat16 of ``model`` into float32, in place; whether there was any.

    Inputs and outputs too. Conversions that are left without an effect on a constant go, so that products read their
    weights directly.
    """
    from onnx import TensorProto

    halves = {TensorProto.FLOAT16, TensorProto.BFLOAT16}
    found = False
    for constant in model.graph.initializer:
        found |= _widen(constant, halves)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                found |= _widen(attribute.t, halves)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i in halves:
                attribute.i, found = TensorProto.FLOAT, True
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type in halves:
            value.type.tensor_type.elem_type, found = TensorProto.FLOAT, True
    del model.graph.value_info[:]
    _drop_conversions(model.graph, TensorProto.FLOAT)
    return found


def _widen(tensor: Any, halves: set[int]) -> bool:
    import numpy as np
    from onnx import numpy_helper

    if tensor.data_type not in halves:
        return False
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    return True


def _drop_conversions(graph: Any, kind: int) -> None:
    """Let the readers of a conversion of a float constant to float read the constant."""
    floats = {constant.name for constant in graph.initializer if constant.data_type == kind}
    outputs = {value.name for value in graph.output}
    instead: dict[str, str] = {}
    for node in list(graph.node):
        idle = node.op_type == "Cast" and node.input[0] in floats and node.output[0] not in outputs
        if idle and any(one.name == "to" and one.i == kind for one in node.attribute):
            instead[node.output[0]] = node.input[0]
            graph.node.remove(node)
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in instead:
                node.input[place] = instead[name]
