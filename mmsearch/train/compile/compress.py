"""Make towers small and fast: int8 for convolutions, matrices and embeddings, float16.

Convolutions are quantized statically, with ranges measured on real pictures; matrices dynamically, since a
transformer's activations vary from text to text. Weights of products have 7 of the 8 bits, so that no processor's
kernels saturate (`mmsearch.train.compile.rounding`).
"""

from __future__ import annotations

import contextlib
import copy
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import torch

    from mmsearch.types import Images

CONVOLUTIONAL = 8  # a transformer has a patch layer, hardly more convolutions than this
CALIBRATION_BATCH = 16
PERCENTILE_PICTURES = 48
ROUNDING_PICTURES = 96  # whose activations are in memory layer by layer, twice


def is_convolutional(tower: torch.nn.Module) -> bool:
    """Whether ``tower`` is made of convolutions, and is no transformer with a patch layer."""
    import torch

    return sum(isinstance(module, torch.nn.Conv2d) for module in tower.modules()) > CONVOLUTIONAL


def quantize_convolutions(path: Path, pictures: Images, percentile: float | None = None) -> None:
    """Rewrite the tower in static int8, QDQ form: a scale per channel of weights, ranges from ``pictures``.

    A range reaches from the smallest to the largest activation, or covers ``percentile`` % of them (of fewer
    pictures, since every activation is kept in memory for it).
    """
    import onnx
    import onnxruntime.quantization as quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    from mmsearch.train.compile.rounding import round_products

    seen = pictures if percentile is None else _some(pictures, PERCENTILE_PICTURES)
    prepared = path.with_suffix(".prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    with contextlib.redirect_stdout(io.StringIO()):  # percentiles are reported on line by line
        quantization.quantize_static(
            str(prepared),
            str(path),
            _reader(seen),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=(
                quantization.CalibrationMethod.MinMax
                if percentile is None
                else quantization.CalibrationMethod.Percentile
            ),
            extra_options={} if percentile is None else {"CalibPercentile": percentile},
            op_types_to_quantize=["Conv", "Gemm", "MatMul", "Add", "GlobalAveragePool", "ReduceMean", "Clip"],
        )
    model = onnx.load(path)
    read_pixels_as_int8(model.graph)
    round_products(model, list(picture_batches(_some(pictures, ROUNDING_PICTURES))), _constants(prepared))
    onnx.save(model, path)
    prepared.unlink()


def read_pixels_as_int8(graph: Any) -> None:
    """Where pixels become (pixel - 128) / 255 in float and int8 again, use them as they are: exact, and faster."""
    from onnx import helper, numpy_helper

    writer = {output: node for node in graph.node for output in node.output}
    for node in list(graph.node):
        if node.op_type != "QuantizeLinear":
            continue
        chain, name = [node], node.input[0]
        while name in writer and writer[name].op_type in {"Cast", "Sub", "Add", "Mul", "Div"}:
            chain.append(writer[name])
            name = writer[name].input[0]
        readers = [other for other in graph.node if node.output[0] in other.input]
        if (
            len(chain) < 3
            or chain[-1].op_type != "Cast"
            or [r.op_type for r in readers] != ["DequantizeLinear"]
        ):
            continue
        values = {"pixel_scale": np.float32(1 / 255), "pixel_zero": np.uint8(128)}
        graph.initializer.extend(numpy_helper.from_array(np.array(v), k) for k, v in values.items())
        place = list(graph.node).index(readers[0])
        dequantize = helper.make_node(
            "DequantizeLinear", [name, *values], [readers[0].output[0]], "pixels_float"
        )
        graph.node.insert(place, dequantize)
        for old in [*chain, readers[0]]:
            graph.node.remove(old)
        return


def strip(path: Path) -> None:
    """Drop what nobody reads: where in the source a node came from, shapes between nodes, unused constants."""
    import onnx

    model = onnx.load(path)
    used = {name for node in model.graph.node for name in node.input}
    for constant in [i for i in model.graph.initializer if i.name not in used]:
        model.graph.initializer.remove(constant)
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for part in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:], model.metadata_props[:]
    onnx.save(model, path)


def quantize_matrices(path: Path, batches: Sequence[Mapping[str, Any]]) -> None:
    """Dynamic int8 for the products with constant matrices, a scale per output column.

    ``batches`` are inputs of the tower that weights are rounded by; without any, each goes to the nearest step.
    """
    import onnx
    import onnxruntime.quantization as quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    from mmsearch.train.compile.rounding import round_products

    prepared = path.with_suffix(".prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_dynamic(
        str(prepared),
        str(path),
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=quantization.QuantType.QInt8,
    )
    model = onnx.load(path)
    round_products(model, batches, _constants(prepared))
    onnx.save(model, path)
    prepared.unlink()


def quantize_to_nearest(path: Path) -> None:
    """The same with each weight at the nearest step of 7 bits: seconds, where fitting them takes minutes."""
    import onnxruntime.quantization as quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = path.with_suffix(".prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_dynamic(
        str(prepared),
        str(path),
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=True,
        weight_type=quantization.QuantType.QInt8,
    )
    prepared.unlink()


def _constants(path: Path) -> dict[str, Any]:
    """The constants of a tower that is not quantized, by name."""
    import onnx
    from onnx import numpy_helper

    return {one.name: numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}


def to_float16(path: Path) -> None:
    """Rewrite the tower at ``path`` with float16 weights and arithmetic; inputs and outputs stay."""
    import onnx

    try:
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError as error:
        raise MissingExtraError("compiling to fp16", "torch") from error
    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)


def quantize_embeddings(tower: torch.nn.Module, bits: int = 8) -> torch.nn.Module:
    """A copy of ``tower`` whose embedding tables are int8 with a scale per row: a quarter of the bytes.

    ``bits`` = 4 packs the vocabulary in half of that, with a scale for every few numbers of a row.
    """
    import torch

    from mmsearch.train.towers.tables import PackedTable, RoundedTable

    result = copy.deepcopy(tower)
    for module in result.modules():
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Embedding) and child.num_embeddings >= LARGE_TABLE:
                packed = bits == 4 and child.num_embeddings >= VOCABULARY
                setattr(module, name, (PackedTable if packed else RoundedTable)(child.weight.detach()))
    return result


LARGE_TABLE = 100  # rows; smaller tables are not worth it
VOCABULARY = 1000  # rows; smaller tables stay in 8 bits


def _some(pictures: Images, most: int) -> Images:
    return pictures[:: max(1, len(pictures) // most)][:most]


def picture_batches(pictures: Images) -> Iterator[dict[str, Images]]:
    """``pictures`` as inputs of a picture tower, some at a time."""
    for start in range(0, len(pictures), CALIBRATION_BATCH):
        yield {"pixels": pictures[start : start + CALIBRATION_BATCH]}


def _reader(pictures: Images) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = picture_batches(pictures)

        def get_next(self) -> dict[str, Images] | None:
            return next(self._batches, None)

    return Reader()
