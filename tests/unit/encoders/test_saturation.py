from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from mmsearch.encoders.registry import shipped_encoders  # noqa: E402
from mmsearch.encoders.saturation import LARGEST, largest_sums, saturating  # noqa: E402
from mmsearch.errors import EncoderError  # noqa: E402


def write(path: Path, nodes: list[Any], constants: dict[str, Any]) -> Path:
    given = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.UINT8, None)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, given)), path)
    return path


def matrix(path: Path, weights: Any) -> Path:
    node = helper.make_node("MatMulInteger", ["x", "w"], ["y"], name="product")
    return write(path, [node], {"w": weights})


def convolution(path: Path, weights: Any) -> Path:
    scale, zero = np.ones(len(weights), np.float32), np.zeros(len(weights), np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["floats"], axis=0),
        helper.make_node("Conv", ["x", "floats"], ["y"], name="product"),
    ]
    return write(path, nodes, {"w": weights, "s": scale, "z": zero})


@pytest.mark.parametrize(
    ("weights", "most"),
    [
        ([[127], [127], [0]], 2 * 127 * 255),
        ([[64], [64], [64]], 2 * 64 * 255),
        ([[-64], [-64], [64]], 2 * 64 * 255),
        ([[-127], [127], [0]], 127 * 255),  # of opposite signs: never added up
        ([[-128], [3], [-5]], 133 * 255),
        ([[100]], 100 * 255),
    ],
)
def test_the_sum_is_of_the_two_largest_weights_of_one_sign(tmp_path: Path, weights: Any, most: int) -> None:
    columns = np.array(weights, np.int8)
    assert largest_sums(matrix(tmp_path / "m.onnx", columns)) == {"product": most}
    assert largest_sums(convolution(tmp_path / "c.onnx", columns.T[:, :, None, None])) == {"product": most}
    assert saturating(tmp_path / "m.onnx") == (["product"] if most > LARGEST else [])


def test_weights_of_different_outputs_are_never_added_up(tmp_path: Path) -> None:
    weights = np.array([[127, 0, 0], [0, 127, 0], [0, 0, 127]], np.int8)
    assert largest_sums(matrix(tmp_path / "m.onnx", weights)) == {"product": 127 * 255}


def test_unsigned_and_float_weights_cannot_saturate(tmp_path: Path) -> None:
    assert largest_sums(matrix(tmp_path / "u8.onnx", np.full((4, 2), 255, np.uint8))) == {}
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    assert largest_sums(write(tmp_path / "f.onnx", [node], {"w": np.ones((4, 2), np.float32)})) == {}


@pytest.mark.parametrize(("operator", "place"), [("QLinearConv", 3), ("QLinearMatMul", 3), ("QGemm", 3)])
def test_other_integer_operators_are_looked_into(tmp_path: Path, operator: str, place: int) -> None:
    names = ["x", "a", "b", "w"][: place + 1]
    constants = {"a": np.float32(1), "b": np.uint8(0), "w": np.full((2, 2), 127, np.int8)}
    nodes = [helper.make_node(operator, names, ["y"], name="product")]
    assert saturating(write(tmp_path / "q.onnx", nodes, constants)) == ["product"]


def test_what_is_no_onnx_is_an_encoder_error(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"\xff nonsense")
    with pytest.raises(EncoderError, match="is no ONNX file"):
        largest_sums(tmp_path / "bad.onnx")


@pytest.mark.parametrize("tower", ["image", "text"])
def test_no_product_of_the_shipped_encoder_can_saturate(tower: str) -> None:
    sums = largest_sums(shipped_encoders()["pocket"] / f"{tower}.onnx")
    assert len(sums) > 30
    assert max(sums.values()) <= LARGEST
