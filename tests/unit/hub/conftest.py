"""Foreign encoders in a small: graphs that are written node by node, in each layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.unit.hub.tokens import gemma_tokenizer

SIDE, WIDTH, PATCH, WORDS, CONTEXT = 32, 32, 8, 1500, 64


def constants(seed: int, **shapes: tuple[int, ...]) -> list[Any]:
    chance = np.random.default_rng(seed)
    made = {name: chance.normal(0, shape[0] ** -0.5, shape) for name, shape in shapes.items()}
    return [numpy_helper.from_array(value.astype(np.float32), name) for name, value in made.items()]


def visual_graph(path: Path, name: str, output: str, batch: int | str, kind: int = TensorProto.FLOAT) -> None:
    """Patches, a layer with a bias and a bend in it, the mean of all patches."""
    patches = (SIDE // PATCH) ** 2
    weights = constants(1, patch=(WIDTH, 3, PATCH, PATCH), first=(WIDTH, 64), bias=(64,), second=(64, WIDTH))
    weights.append(numpy_helper.from_array(np.array([-1 if batch == "n" else 1, WIDTH, patches]), "shape"))
    nodes = [
        helper.make_node("Conv", ["shown", "patch"], ["maps"], strides=[PATCH, PATCH], name="conv"),
        helper.make_node("Reshape", ["maps", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["tokens"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["tokens", "first"], ["wide"], name="first"),
        helper.make_node("Add", ["wide", "bias"], ["moved"]),
        helper.make_node("Tanh", ["moved"], ["bent"]),
        helper.make_node("MatMul", ["bent", "second"], ["narrow"], name="second"),
        helper.make_node("Add", ["narrow", "tokens"], ["last_hidden_state"]),
        helper.make_node("ReduceMean", ["last_hidden_state"], [output], axes=[1], keepdims=0),
    ]
    given = helper.make_tensor_value_info(name, kind, [batch, 3, SIDE, SIDE])
    if kind == TensorProto.UINT8:
        given = helper.make_tensor_value_info(name, kind, [batch, SIDE, SIDE, 3])
        nodes = [
            helper.make_node("Cast", [name], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Mul", ["planes", "inverse"], ["shown"]),
            *nodes,
        ]
        weights.append(numpy_helper.from_array(np.float32(1 / 255), "inverse"))
    else:
        nodes.insert(0, helper.make_node("Identity", [name], ["shown"]))
    outputs = [
        helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [batch, patches, WIDTH]),
        helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, WIDTH]),
    ]
    save(path, nodes, [given], outputs, weights)


def textual_graph(
    path: Path,
    name: str,
    output: str,
    rows: int,
    *,
    length: int | str = CONTEXT,
    kind: int = TensorProto.INT32,
    mask: bool = False,
) -> None:
    """A table, a layer with a bend in it, the mean over all tokens, or over those that the mask has."""
    weights = constants(2, table=(rows, WIDTH), first=(WIDTH, 64), bias=(64,), second=(64, WIDTH))
    nodes = [
        helper.make_node("Gather", ["table", name], ["embedded"], axis=0),
        helper.make_node("MatMul", ["embedded", "first"], ["wide"], name="first"),
        helper.make_node("Add", ["wide", "bias"], ["moved"]),
        helper.make_node("Tanh", ["moved"], ["bent"]),
        helper.make_node("MatMul", ["bent", "second"], ["narrow"], name="second"),
        helper.make_node("Add", ["narrow", "embedded"], ["summed"]),
    ]
    given = [helper.make_tensor_value_info(name, kind, [1 if length == CONTEXT else "n", length])]
    if mask:
        weights.append(numpy_helper.from_array(np.array([2]), "last"))
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["shares"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["shares", "last"], ["columns"]),
            helper.make_node("Mul", ["summed", "columns"], ["counted"]),
            helper.make_node("ReduceMean", ["counted"], [output], axes=[1], keepdims=0),
        ]
        given.append(helper.make_tensor_value_info("attention_mask", kind, given_shape(given[0])))
    else:
        nodes.append(helper.make_node("ReduceMean", ["summed"], [output], axes=[1], keepdims=0))
    save(
        path, nodes, given, [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", WIDTH])], weights
    )


def given_shape(value: Any) -> list[int | str]:
    return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]


def save(path: Path, nodes: list[Any], given: list[Any], outputs: list[Any], weights: list[Any]) -> None:
    import onnx

    graph = helper.make_graph(nodes, "small", given, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def describe_immich(folder: Path, **changed: Any) -> None:
    shown = {"size": [SIDE, SIDE], "mode": "RGB", "mean": [0.5] * 3, "std": [0.5] * 3}
    shown |= {"interpolation": "bicubic", "resize_mode": "squash", "fill_color": 0, **changed}
    (folder / "visual").mkdir(parents=True, exist_ok=True)
    (folder / "visual" / "preprocess_cfg.json").write_text(json.dumps(shown))
    words = {"context_length": CONTEXT, "tokenizer_kwargs": {"clean": "canonicalize"}}
    (folder / "config.json").write_text(json.dumps({"embed_dim": WIDTH, "text_cfg": words}))


@pytest.fixture(scope="session")
def immich_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """immich's layout with a fixed batch of one, as SigLIP 2 has it. Read only."""
    folder = tmp_path_factory.mktemp("immich")
    rows = gemma_tokenizer(folder / "textual", WORDS).get_vocab_size()
    visual_graph(folder / "visual" / "model.onnx", "image", "embedding", 1)
    textual_graph(folder / "textual" / "model.onnx", "text", "embedding", rows)
    describe_immich(folder)
    return folder


@pytest.fixture
def write_transformersjs(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes transformers.js's layout of SigLIP, in the precisions that are asked for."""

    def write(*suffixes: str, **changed: Any) -> Path:
        folder = tmp_path / "transformersjs"
        rows = gemma_tokenizer(folder, WORDS).get_vocab_size()
        for suffix in suffixes or ("",):
            visual_graph(folder / "onnx" / f"vision_model{suffix}.onnx", "pixel_values", "pooler_output", "n")
            textual_graph(
                folder / "onnx" / f"text_model{suffix}.onnx",
                "input_ids",
                "pooler_output",
                rows,
                length="length",
                kind=TensorProto.INT64,
            )
        shown = {
            "do_resize": True,
            "size": {"height": SIDE, "width": SIDE},
            "resample": 2,
            "rescale_factor": 1 / 255,
        }
        shown |= {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, **changed}
        (folder / "preprocessor_config.json").write_text(json.dumps(shown))
        (folder / "config.json").write_text(json.dumps({"model_type": "siglip"}))
        return folder

    return write
