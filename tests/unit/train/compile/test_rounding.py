from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnxruntime import quantization  # noqa: E402

from mmsearch.encoders.saturation import LARGEST, largest_sums  # noqa: E402
from mmsearch.train.compile.products import find_products  # noqa: E402
from mmsearch.train.compile.rounding import round_products  # noqa: E402
from mmsearch.train.compile.walk import run_exactly  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

CHANCE = np.random.default_rng(0)
# Maps of six channels that go together, as those of networks do: what one loses another can make up for.
MIXED = CHANCE.normal(size=(6, 6)).astype(np.float32)


def maps(count: int) -> list[dict[str, Any]]:
    batches = CHANCE.normal(size=(count, 4, 6, 8, 8)).astype(np.float32)
    return [{"x": np.einsum("ij,njhw->nihw", MIXED, batch).astype(np.float32)} for batch in batches]


def rows(count: int) -> list[dict[str, Any]]:
    sizes = CHANCE.integers(2, 30, count)
    return [{"x": CHANCE.normal(size=(n, 6)).astype(np.float32) @ MIXED.T} for n in sizes]


SAMPLES = {"static": maps(24), "dynamic": rows(60)}


def whole(kind: str) -> Any:
    """Three layers in floats: convolutions, one of them by channel; or matrices."""
    chance = np.random.default_rng(1)
    weights = {
        "a": chance.normal(size=(12, 6, 3, 3) if kind == "static" else (6, 16)),
        "b": chance.normal(size=(12, 1, 3, 3) if kind == "static" else (16, 16)),
        "c": chance.normal(size=(5, 12, 1, 1) if kind == "static" else (16, 5)),
    }
    nodes, before = [], "x"
    for name, weight in weights.items():
        given = [before, name, f"{name}.bias"]
        if kind == "static":
            pads = {"pads": [1, 1, 1, 1]} if weight.shape[2] == 3 else {}
            group = {"group": 12} if name == "b" else {}
            shape = {"kernel_shape": list(weight.shape[2:])}
            nodes.append(helper.make_node("Conv", given, [f"{name}.out"], **pads, **group, **shape))
        else:
            nodes.append(helper.make_node("MatMul", given[:2], [f"{name}.product"]))
            nodes.append(helper.make_node("Add", [f"{name}.product", given[2]], [f"{name}.out"]))
        nodes.append(helper.make_node("Relu", [f"{name}.out"], [f"{name}.up"]))
        before = f"{name}.up"
    nodes[-1].output[0] = "vectors"
    constants = {name: (value / 3).astype(np.float32) for name, value in weights.items()}
    outputs = {name: value.shape[0 if kind == "static" else 1] for name, value in weights.items()}
    constants |= {f"{name}.bias": chance.normal(size=n).astype(np.float32) for name, n in outputs.items()}
    shape = ["n", 6, 8, 8] if kind == "static" else ["n", 6]
    graph = helper.make_graph(
        nodes,
        "whole",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture(params=["static", "dynamic"])
def quantized(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Any, list[dict[str, Any]]]:
    """A small network in floats and in 8 bits, and inputs that it was not quantized with."""
    kind = request.param
    model, samples = whole(kind), SAMPLES[kind]
    source, target = tmp_path / "whole.onnx", tmp_path / "int8.onnx"
    onnx.save(model, source)
    if kind == "static":
        given = iter(samples)

        class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
            def get_next(self) -> Any:
                return next(given, None)

        quantization.quantize_static(str(source), str(target), Reader(), per_channel=True)
    else:
        quantization.quantize_dynamic(str(source), str(target), per_channel=True)
    return model, onnx.load(target), samples


def run(model: Any, batches: list[dict[str, Any]]) -> Any:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, batch)[0].reshape(-1) for batch in batches])


def exactly(model: Any, batches: list[dict[str, Any]]) -> Any:
    return np.concatenate([part.reshape(-1) for part in run_exactly(model, batches)])


def floats(model: Any) -> dict[str, Any]:
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def far(model: Any, expected: Any, batches: list[dict[str, Any]]) -> float:
    return float(np.linalg.norm(run(model, batches) - expected) / np.linalg.norm(expected))


def test_no_product_can_saturate_and_all_were_rounded(quantized: Any, tmp_path: Path) -> None:
    model, small, samples = quantized
    round_products(small, samples[:-4], floats(model))
    onnx.save(small, tmp_path / "rounded.onnx")
    sums = largest_sums(tmp_path / "rounded.onnx")
    assert len(sums) == 3
    assert max(sums.values()) <= LARGEST


def test_rounding_by_samples_loses_less_than_to_the_nearest_step(quantized: Any) -> None:
    model, small, samples = quantized
    nearest, fitted = type(small)(), type(small)()
    nearest.CopyFrom(small)
    fitted.CopyFrom(small)
    round_products(nearest, [], floats(model))
    round_products(fitted, samples[:-4], floats(model))
    unseen = samples[-4:]
    expected = run(model, unseen)
    assert far(fitted, expected, unseen) < 0.03
    # What rounded activations lose, either way, is left out.
    lost = [np.linalg.norm(exactly(one, unseen) - expected) for one in (fitted, nearest)]
    assert lost[0] < 0.75 * lost[1]


def test_biases_keep_the_mean_of_each_output(quantized: Any) -> None:
    model, small, samples = quantized
    expected = run(model, samples).mean()
    round_products(small, samples, floats(model))
    assert abs(run(small, samples).mean() - expected) < 0.004 * abs(expected)


def test_without_the_floats_the_integers_count_as_exact(quantized: Any) -> None:
    model, small, samples = quantized
    stood_for = exactly(small, samples)
    assert far(model, stood_for, samples) < 0.02
    round_products(small, samples[:-4])
    again = exactly(small, samples)
    assert 0 < np.linalg.norm(again - stood_for) / np.linalg.norm(stood_for) < 0.03


def test_all_products_of_a_quantized_graph_are_found_with_their_biases(quantized: Any) -> None:
    _, small, _ = quantized
    found = list(find_products(small.graph))
    assert len(found) == 3
    assert all(product.bias for product in found)
