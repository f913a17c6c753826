"""Round the weights of a quantized graph to 7 bits, a product at a time, so that what it gives changes least.

With weights from -64 to 64 no kernel can saturate (`mmsearch.encoders.saturation`), but their steps are twice as wide
as with 8 bits; so it matters how they are rounded. Each product is fitted to what it gives in floats, over samples of
what it reads: weights and biases first make up for what rounding did to the layers before (as Li et al., "GPTAQ", ICML
2025, do), then each column is rounded in turn and the later ones make up for it (Frantar et al., "GPTQ", ICLR 2023),
then single weights move a step where that helps, and each bias keeps its channel's mean (Nagel et al., "Data-Free
Quantization", ICCV 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mmsearch.encoders.saturation import SEVEN_BITS
from mmsearch.train.compile.products import DYNAMIC, find_products, unshare_biases
from mmsearch.train.compile.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mmsearch.train.compile.products import Product

Array: TypeAlias = Any  # of floats

SHARES = (1.0, 0.85, 0.7, 0.55)  # of the largest weight of a channel, that the steps reach to
POSITIONS = 64  # of a map, that are looked at in each picture
INDEPENDENT = 0.5  # how much one more row of samples says: neighbors are alike
BLOCK = 64  # columns that are rounded between two products with all of the matrix
PASSES = 2
ROWS_AT_ONCE = 4096  # whose moments are reckoned together
LARGEST_BIAS = 2**30  # steps


@dataclass(frozen=True, slots=True)
class Reading:
    """What a product reads, over all samples: in floats, and after rounding what lies before it.

    ``groups`` of a convolution come first: means (g, k), second moments (g, k, k) about them, ``count`` rows.
    """

    count: int
    mean_exact: Array
    mean: Array
    moment: Array  # of what it reads now
    crossed: Array  # of what it reads in floats with what it reads now


def round_products(
    model: Any, batches: Sequence[Mapping[str, Any]], floats: Mapping[str, Array] | None = None
) -> None:
    """Put weights of 7 bits, with a scale for each output channel, into the products of ``model``, and new biases.

    ``batches`` are inputs of the graph, hundreds of pictures or texts if possible; without any, weights are rounded
    each to the nearest step. ``floats`` holds the weights by the names that they had before they were quantized;
    without it what their integers stand for counts as exact.
    """
    from onnx import numpy_helper

    unshare_biases(model.graph)
    products = {product.node.output[0]: product for product in find_products(model.graph)}
    exact, own = Walk(model, batches, exact=True), Walk(model, batches, exact=False)
    for product in products.values():
        _put_floats(exact, product, floats or {})
    for number, node in enumerate(_in_order(model.graph, products)):
        if node.output[0] in products:
            product = products[node.output[0]]
            weights = _as_rows(exact.constants[product.levels] * _scale(exact, product), product)
            reading = _read(product, exact, own, number) if batches else _nothing_read(weights)
            _round(product, weights, reading, exact, own)
        exact.run(node)
        own.run(node)
    for constant in model.graph.initializer:
        constant.CopyFrom(numpy_helper.from_array(own.constants[constant.name], constant.name))


def _in_order(graph: Any, products: Mapping[str, Product]) -> Iterator[Any]:
    """The nodes in an order in which a product comes before what reads the scale of its weights."""
    owners = {
        product.scale: output for output, product in products.items() if product.node.op_type == DYNAMIC
    }
    waiting: dict[str, list[Any]] = {}
    for node in graph.node:
        owner = next((owners[name] for name in node.input if name in owners), None)
        if owner is None:
            yield node
            yield from waiting.pop(node.output[0], [])
        else:
            waiting.setdefault(owner, []).append(node)


def _put_floats(exact: Walk, product: Product, floats: Mapping[str, Array]) -> None:
    """Let ``exact`` multiply by floats: by those that there were, or by what the integers stand for."""
    levels, zero = exact.constants[product.levels], exact.constants[product.zero_point]
    scale = _scale(exact, product)
    before = floats.get(product.levels.removesuffix("_quantized"))
    shaped = zero.astype(np.float32).reshape(np.shape(scale) if zero.ndim else ())
    plain = levels.astype(np.float32) - shaped if before is None else before / scale
    exact.constants[product.levels] = plain.astype(np.float32)
    exact.constants[product.zero_point] = np.zeros_like(zero)
    if product.bias and product.bias_scale:
        before = floats.get(product.bias.removesuffix("_quantized"))
        if before is not None:
            steps = before / exact.constants[product.bias_scale]
            exact.constants[product.bias] = steps.astype(np.float32)


def _scale(walk: Walk, product: Product) -> Array:
    """The scale of the weights, in a shape that fits them."""
    scale, levels = walk.constants[product.scale], walk.constants[product.levels]
    shape = [-1 if axis == product.axis else 1 for axis in range(levels.ndim)]
    return scale.reshape(shape) if scale.ndim else scale


def _as_rows(weights: Array, product: Product) -> Array:
    """(groups, outputs, inputs) of the weights of a product."""
    outputs_first = weights if product.axis == 0 else weights.T
    return outputs_first.reshape(product.groups, len(outputs_first) // product.groups, -1).astype(np.float64)


def _read(product: Product, exact: Walk, own: Walk, seed: int) -> Reading:
    count, sums = 0, None
    waiting: list[tuple[Array, Array]] = []  # what few rows say is not worth a matrix of moments
    for batch in range(own.batches):
        chance = [seed, batch]
        waiting.append(
            (
                _rows(product, exact.value(product.node.input[0], batch), chance),
                _rows(product, _dequantized(product, own, batch), chance),
            )
        )
        if batch < own.batches - 1 and sum(one.shape[1] for one, _ in waiting) < ROWS_AT_ONCE:
            continue
        floats, rounded = (np.concatenate(parts, axis=1) for parts in zip(*waiting, strict=True))
        waiting.clear()
        across = rounded.transpose(0, 2, 1)
        now = (floats.sum(1), rounded.sum(1), across @ rounded, floats.transpose(0, 2, 1) @ rounded)
        parts = [part.astype(np.float64) for part in now]
        sums = parts if sums is None else [one + other for one, other in zip(sums, parts, strict=True)]
        count += rounded.shape[1]
    assert sums is not None
    mean_exact, mean, moment, crossed = (one / count for one in sums)
    if product.bias is not None:  # which takes care of the means
        moment = moment - mean[:, :, None] * mean[:, None, :]
        crossed = crossed - mean_exact[:, :, None] * mean[:, None, :]
    return Reading(count, mean_exact, mean, moment, crossed)


def _nothing_read(weights: Array) -> Reading:
    groups, _, width = weights.shape
    means = np.zeros((groups, width))
    alike = np.broadcast_to(np.eye(width), (groups, width, width))
    return Reading(0, means, means, alike, alike)


def _dequantized(product: Product, walk: Walk, batch: int) -> Array:
    values = walk.value(product.node.input[0], batch)
    if product.node.op_type != DYNAMIC:
        return values
    zero = np.float32(walk.value(product.node.input[2], batch))
    return (values.astype(np.float32) - zero) * walk.scale_of(product.node.input[0], batch)


def _rows(product: Product, values: Array, chance: Sequence[int]) -> Array:
    """(groups, rows, inputs) of what a product multiplies its weights with; of maps, some places by ``chance``."""
    if product.node.op_type != "Conv":
        return values.reshape(1, -1, values.shape[-1])
    from onnx import helper

    given = {one.name: helper.get_attribute_value(one) for one in product.node.attribute}
    (high, wide), (down, right) = given["kernel_shape"], given.get("strides", [1, 1])
    top, left, bottom, end = given.get("pads", [0, 0, 0, 0])
    padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, end)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (high, wide), axis=(2, 3))
    windows = windows[:, :, ::down, ::right]
    pictures, channels, rows, columns = windows.shape[:4]
    places = np.random.default_rng(chance).permutation(rows * columns)[:POSITIONS]
    chosen = windows[:, :, places // columns, places % columns]
    apart = chosen.reshape(pictures, product.groups, channels // product.groups, len(places), high * wide)
    return apart.transpose(1, 0, 3, 2, 4).reshape(product.groups, pictures * len(places), -1)


def _round(product: Product, weights: Array, reading: Reading, exact: Walk, own: Walk) -> None:
    """Round ``weights`` (groups, outputs, inputs), and put them into the graph that ``own`` runs."""
    levels, steps = fit(weights, reading)
    shape = exact.constants[product.levels].shape
    flat = levels.reshape(-1, levels.shape[2])
    integers = flat.reshape(shape) if product.axis == 0 else flat.T
    own.constants[product.levels] = np.ascontiguousarray(integers).astype(np.int8)
    scale = steps.reshape(-1)
    if product.bias is not None:
        bias = exact.constants[product.bias].astype(np.float64)
        if product.bias_scale:
            bias = bias * exact.constants[product.bias_scale]
        changed = (weights @ reading.mean_exact[:, :, None])[:, :, 0]
        changed = changed - ((levels * steps) @ reading.mean[:, :, None])[:, :, 0]
        bias = bias + changed.reshape(-1)
        if product.bias_scale:
            before = own.scale_of(product.node.input[0], 0)
            scale = np.maximum(scale, np.abs(bias) / before / LARGEST_BIAS)
            own.constants[product.bias_scale] = (before * scale).astype(np.float32)
            own.constants[product.bias] = np.round(bias / (before * scale)).astype(np.int32)
        else:
            own.constants[product.bias] = bias.astype(np.float32)
    own.constants[product.scale] = scale.astype(np.float32)
    own.constants[product.zero_point] = np.zeros(len(scale), np.int8)


def fit(weights: Array, reading: Reading) -> tuple[Array, Array]:
    """Levels (g, o, k) from -SEVEN_BITS to SEVEN_BITS and steps (g, o, 1) that stand for ``weights`` (g, o, k)."""
    groups, _, width = weights.shape
    # What few samples say of many inputs is drawn to what they say of each alone.
    drawn = width / (width + reading.count * INDEPENDENT)
    alone = np.diagonal(reading.moment, axis1=1, axis2=2)
    smallest = np.maximum(1e-3 * alone.mean(1, keepdims=True), 1e-9)
    moment = (1 - drawn) * reading.moment
    moment[:, range(width), range(width)] += drawn * alone + smallest
    lost = (1 - drawn) * (weights @ (reading.crossed - reading.moment))
    weights = weights + np.linalg.solve(moment, lost.transpose(0, 2, 1)).transpose(0, 2, 1)
    largest = np.maximum(np.abs(weights).max(2, keepdims=True), 1e-12)

    order = np.argsort(-np.diagonal(moment, axis1=1, axis2=2), axis=1, kind="stable")
    group = np.arange(groups)[:, None]
    weights = np.take_along_axis(weights, order[:, None, :], 2).astype(np.float32)
    moment = moment[group[:, :, None], order[:, :, None], order[:, None, :]]
    inverse = np.linalg.cholesky(np.linalg.inv(moment)).transpose(0, 2, 1).astype(np.float32)
    moment = moment.astype(np.float32)
    best: tuple[Array, Array, Array] | None = None
    for share in SHARES:
        steps = (largest * share / SEVEN_BITS).astype(np.float32)
        levels = _in_turn(weights, steps, inverse)
        error = _error(weights, levels * steps, moment)
        if best is None:
            best = error, levels, steps
        else:
            less = error < best[0]
            best = tuple(np.where(less, a, b) for a, b in zip((error, levels, steps), best, strict=True))
    assert best is not None
    _, levels, steps = best
    levels = _descend(weights, levels, steps, moment)
    steps = _best_steps(weights, levels, steps, moment)
    levels = _descend(weights, levels, steps, moment)
    return np.take_along_axis(levels, np.argsort(order, axis=1)[:, None, :], 2), steps


def _in_turn(weights: Array, steps: Array, inverse: Array) -> Array:
    """GPTQ: the levels of each column in turn, what is lost made up by the columns that come later."""
    left, levels, width = weights.copy(), np.zeros_like(weights), weights.shape[2]
    step = steps[:, :, 0]
    for start in range(0, width, BLOCK):
        end = min(start + BLOCK, width)
        block, errors = left[:, :, start:end].copy(), np.zeros_like(left[:, :, start:end])
        within = inverse[:, start:end, start:end]
        for k in range(end - start):
            chosen = np.clip(np.round(block[:, :, k] / step), -SEVEN_BITS, SEVEN_BITS)
            levels[:, :, start + k] = chosen
            errors[:, :, k] = (block[:, :, k] - chosen * step) / within[:, k, k, None]
            block[:, :, k + 1 :] -= errors[:, :, k, None] * within[:, k, None, k + 1 :]
        left[:, :, end:] -= errors @ inverse[:, start:end, end:]
    return levels


def _descend(weights: Array, levels: Array, steps: Array, moment: Array) -> Array:
    """Each level in turn moved to where the error is least while the others stay."""
    levels, step, width = levels.copy(), steps[:, :, 0], weights.shape[2]
    slope = (levels * steps - weights) @ moment
    alone = np.diagonal(moment, axis1=1, axis2=2)
    for _ in range(PASSES):
        for start in range(0, width, BLOCK):
            end = min(start + BLOCK, width)
            here, within = slope[:, :, start:end].copy(), moment[:, start:end, start:end]
            moved = np.zeros_like(here)
            for k in range(end - start):
                before = levels[:, :, start + k]
                best = np.round(before - here[:, :, k] / alone[:, start + k, None] / step)
                best = np.clip(best, -SEVEN_BITS, SEVEN_BITS)
                moved[:, :, k] = (best - before) * step
                levels[:, :, start + k] = best
                here[:, :, k + 1 :] += moved[:, :, k, None] * within[:, k, None, k + 1 :]
            slope += moved @ moment[:, start:end]
    return levels


def _best_steps(weights: Array, levels: Array, steps: Array, moment: Array) -> Array:
    """The steps that suit ``levels`` best, by least squares; those given where there is no telling."""
    seen = levels @ moment
    size = (seen * levels).sum(2, keepdims=True)
    best = (seen * weights).sum(2, keepdims=True) / np.where(size > 0, size, 1)
    return np.where((size > 0) & (best > 0), best, steps)


def _error(weights: Array, rounded: Array, moment: Array) -> Array:
    lost = rounded - weights
    return ((lost @ moment) * lost).sum(2, keepdims=True)
