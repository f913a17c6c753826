"""The float weights of a compiled encoder's text tower, to train it further.

An encoder directory holds no float weights. Those of its text tower are nearly all there: biases and norms as they
were, matrices in int8 with a scale per column, the vocabulary in 8 or 4 bits. A compiled encoder can thus be
trained on without the run that it came from.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mmsearch.encoders.description import read_description, read_recipe
from mmsearch.errors import EncoderError
from mmsearch.train.recipe import TextRecipe
from mmsearch.train.toml import build
from mmsearch.train.towers.tables import GROUP

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "tower."  # of the exported module's names
INNER = ".matrix."  # where a layer was smoothed (`mmsearch.train.compile.smoothquant`), within its own name
FACTORS = ".factors"
TABLE = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
KINDS = "embeddings.token_type_embeddings.weight"
STEPS = 4  # from an integer product to the addition of its bias: cast, scale, add


def read_text_weights(directory: Path) -> dict[str, Tensor]:
    """The text tower of the int8 encoder in ``directory`` as the state of a `TextTower`, its head included, in float32.

    EncoderError when the tower is of another kind or precision.
    """
    import onnx
    from onnx import numpy_helper

    recipe = read_text_recipe(directory)
    path = directory / read_description(directory).files["text"]
    graph = onnx.load(path).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    users = defaultdict(list)
    writers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    products = [node for node in graph.node if node.op_type == "MatMulInteger" and node.input[1] in constants]
    if recipe.kind != "bert" or len(products) < recipe.layers:
        raise EncoderError(f"{path} is no BERT in int8: train on from the run that it came from")
    weights = {
        _plain(name): torch.tensor(value)
        for name, value in constants.items()
        if name.startswith(PREFIX) and not name.endswith(("_scale", "_zero_point", "_quantized", FACTORS))
    }
    for node in products:
        matrix = torch.tensor(_matrix(node, constants).T.copy())
        weights[_weight_name(node, users)] = matrix * _factors(node, writers, constants)
    return weights | _tables(graph, constants, recipe)


def read_text_recipe(directory: Path) -> TextRecipe:
    """How the text tower of the encoder in ``directory`` is built, as its description says."""
    description = read_description(directory)
    kept = read_recipe(directory)
    if "text" not in kept or "text" not in description.files:
        raise EncoderError(f"{directory} does not say how its text tower is built: train on from its run")
    stated = {key: value for key, value in kept["text"].items() if value is not None}
    recipe: TextRecipe = build(TextRecipe, stated)
    return dataclasses.replace(recipe, positions=description.max_tokens)


def _weight_name(node: Any, users: dict[str, list[Any]]) -> str:
    """Which weight an integer product holds: by its own name, or by the bias that is added to it."""
    own = str(node.input[1])
    if own.startswith(PREFIX):
        return _plain(own).removesuffix("_quantized").removesuffix("_Transposed")
    output = node.output[0]
    for _ in range(STEPS):
        (following, *_) = users[output]
        for name in following.input:
            if name.startswith(PREFIX) and name.endswith(".bias"):
                return _plain(name).removesuffix("bias") + "weight"
        output = following.output[0]
    raise EncoderError(f"the product {node.name} has no bias by which to know it: compile the encoder again")


def _plain(name: str) -> str:
    """What a `TextTower` calls an exported constant."""
    return name.removeprefix(PREFIX).replace(INNER, ".")


def _factors(node: Any, writers: dict[str, Any], constants: dict[str, Any]) -> Tensor:
    """What the channels of an integer product's input are multiplied by before it is rounded; 1 if by nothing."""
    rounding = writers.get(node.input[0])
    scaling = rounding and writers.get(rounding.input[0])
    named = [name for name in scaling.input if name.endswith(FACTORS)] if scaling else []
    return torch.tensor(constants[named[0]]) if named else torch.ones(())


def _matrix(node: Any, constants: dict[str, Any]) -> Any:
    """(inputs, outputs) float32 of an integer product's constant."""
    base = node.input[1].removesuffix("_quantized")
    levels = constants[node.input[1]].astype(np.float32) - constants[node.input[3]].astype(np.float32)
    return levels * constants[f"{base}_scale"]


def _tables(graph: Any, constants: dict[str, Any], recipe: TextRecipe) -> dict[str, Tensor]:
    """The vocabulary, by the rows that token ids look up, and what the exporter folded or renamed."""
    by_shape: dict[tuple[int, ...], list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            if name in constants and not name.startswith(PREFIX):
                by_shape[constants[name].shape].append(constants[name])
    found = {}
    packed, whole = (recipe.vocabulary, recipe.width // 2), (recipe.vocabulary, recipe.width)
    if by_shape[packed]:
        rows = torch.tensor(by_shape[packed][0]).float()
        scale = torch.tensor(by_shape[recipe.vocabulary, recipe.width // GROUP][0]).float()
        high = torch.floor(rows / 16)
        levels = torch.cat([rows - 16 * high, high], 1) - 8
        found[TABLE] = (levels.unflatten(1, (-1, GROUP)) * scale.unsqueeze(-1)).flatten(1)
    elif by_shape[whole]:
        scale = torch.tensor(by_shape[recipe.vocabulary, 1][0]).float()
        found[TABLE] = torch.tensor(by_shape[whole][0]).float() * scale
    if by_shape[recipe.positions, recipe.width]:
        found[POSITIONS] = torch.tensor(by_shape[recipe.positions, recipe.width][0]).float()
    for node in graph.node:  # the kind of token is one constant row
        rows = [name for name in node.input if name in constants and not name.startswith(PREFIX)]
        if node.op_type == "Add" and rows and constants[rows[0]].shape == (recipe.width,):
            found.setdefault(KINDS, torch.tensor(constants[rows[0]]).expand(2, -1).clone())
    return found
