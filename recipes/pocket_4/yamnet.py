"""YAMNet's network as ONNX: what its TFLite file holds, operator for operator, and no TensorFlow.

The integers are kept: weights become unsigned (minus -128 instead of 0), which no processor's arithmetic saturates with
(`mmsearch.encoders.saturation`), activations are unsigned already but for their zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

EMBEDDING, CLASSES = 1024, 521
_CLASSIFIER = "FULLY_CONNECTED"


def read_network(path: Path) -> tuple[list[dict[str, Any]], Any, Any]:
    """The 27 convolutions, and the classifier's weights (521, 1024) and biases (521,) in floats."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    network = Interpreter(
        str(path), experimental_preserve_all_tensors=True, experimental_op_resolver_type=plain
    )
    network.allocate_tensors()
    tensors = {tensor["index"]: tensor for tensor in network.get_tensor_details()}

    def scales(index: int) -> Any:
        return tensors[index]["quantization_parameters"]["scales"].astype(np.float32)

    layers, classifier = [], None
    for operator in network._get_ops_details():
        kind, inputs = operator["op_name"], [int(index) for index in operator["inputs"]]
        if kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", _CLASSIFIER):
            continue
        read, weights, biases = inputs
        if kind == _CLASSIFIER:
            if tensors[weights]["shape"].tolist() == [CLASSES, EMBEDDING]:  # the other is the mel filter bank
                classifier = (
                    network.get_tensor(weights) * scales(weights)[:, None].astype(np.float32),
                    network.get_tensor(biases) * scales(biases),
                )
            continue
        output = int(operator["outputs"][0])
        deep = kind == "DEPTHWISE_CONV_2D"
        zero = int(tensors[read]["quantization_parameters"]["zero_points"][0])
        layers.append({
            "weights": network.get_tensor(weights).transpose((3, 0, 1, 2) if deep else (0, 3, 1, 2)),
            "scales": scales(weights),
            "biases": network.get_tensor(biases),
            "bias_scales": scales(biases),
            "stride": 1 if tensors[read]["shape"][1] == tensors[output]["shape"][1] else 2,
            "groups": tensors[read]["shape"][3] if deep else 1,
            "read": (float(scales(read)[0]), zero + 128),
            "written": float(scales(output)[0]),
        })  # fmt: skip
    assert classifier is not None
    return layers, *classifier


class Graph:
    """An ONNX graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def rounded(self, value: str, scale: float, zero: int) -> str:
        """``value`` to 8 bits and back."""
        how = [
            self.constant(f"{value}_scale", np.float32(scale)),
            self.constant(f"{value}_zero", np.uint8(zero)),
        ]
        self.add("QuantizeLinear", [value, *how], f"{value}_8bit")
        return self.add("DequantizeLinear", [f"{value}_8bit", *how], f"{value}_read")

    def integers(self, name: str, values: Any, scales: Any, zeros: Any, axis: int = 0) -> str:
        """What stored integers stand for."""
        given = [
            self.constant(f"{name}_integers", values),
            self.constant(f"{name}_scales", scales),
            self.constant(f"{name}_zeros", zeros),
        ]
        return self.add("DequantizeLinear", given, name, axis=axis)

    def model(self, output: str, length: int) -> Any:
        """From ``levels`` (n, 1, 96, 64) to ``output`` (n, length)."""
        given = helper.make_tensor_value_info("levels", TensorProto.FLOAT, ["n", 1, 96, 64])
        made = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", length])
        graph = helper.make_graph(self.nodes, "sound", [given], [made], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        return model


def add_network(graph: Graph, layers: list[dict[str, Any]]) -> str:
    """The convolutions and their mean: the name of the embedding (n, 1024)."""
    value = graph.rounded("levels", *layers[0]["read"])
    for number, layer in enumerate(layers):
        name, weights = f"layer{number}", layer["weights"]
        unsigned = (weights.astype(np.int16) + 128).astype(np.uint8)
        zeros = np.full(len(weights), 128, np.uint8)
        inputs = [
            value,
            graph.integers(f"{name}_weights", unsigned, layer["scales"], zeros),
            graph.integers(
                f"{name}_biases", layer["biases"], layer["bias_scales"], np.zeros(len(weights), np.int32)
            ),
        ]
        shape = list(weights.shape[2:])
        strides, groups = [layer["stride"]] * 2, int(layer["groups"])
        graph.add(
            "Conv", inputs, name, auto_pad="SAME_UPPER", strides=strides, group=groups, kernel_shape=shape
        )
        value = graph.rounded(graph.add("Relu", [name], f"{name}_relu"), layer["written"], 0)
    graph.add("GlobalAveragePool", [value], "mean")
    return graph.add("Flatten", ["mean"], "embedding")
