"""Each layout with an architecture that is published in it, random weights, exported as its exporter does it."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("open_clip")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.hub.layouts.rclip import MERGES, MODEL  # noqa: E402
from mmsearch.hub.layouts.reading import read_source  # noqa: E402
from mmsearch.hub.make import Named, make_encoder  # noqa: E402
from mmsearch.hub.samples import leaf_pictures  # noqa: E402
from mmsearch.train.compile.export import bank_texts  # noqa: E402
from tests.unit.hub.tokens import clip_json, gemma_tokenizer, roberta_tokenizer  # noqa: E402

pytestmark = pytest.mark.torch

TEXTS = ["Two dogs, running!", "a_photo of 3 red boats", "一只猫坐在窗边", *bank_texts()[5:300:23]]
NAMED = Named("foreign", "Apache-2.0", {})
FLOAT, INT8 = 0.999, 0.99


@pytest.fixture(autouse=True)
def _plain() -> None:
    torch.manual_seed(0)
    torch.backends.mha.set_fastpath_enabled(False)


class Called(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A module that does what a function does with ``model``."""

    def __init__(self, model: Any, function: Callable[..., Any]) -> None:
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *given: Any) -> Any:
        return self.function(self.model, *given)


def export(
    module: Any, given: tuple[Any, ...], path: Path, names: list[str], outputs: list[str], axes: Any = None
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            given,
            str(path),
            input_names=names,
            output_names=outputs,
            opset_version=18,
            dynamo=False,
            dynamic_axes=axes,
        )


def planes(pictures: Any, mean: Any, deviation: Any) -> Any:
    shown = torch.from_numpy(pictures).float() / 255
    return ((shown - torch.tensor(mean)) / torch.tensor(deviation)).permute(0, 3, 1, 2)


def compare(
    folder: Path, work: Path, images: Callable[[Any], Any], texts: Callable[[list[str]], Any]
) -> None:
    """Vectors of the encoder that ``folder`` becomes, in floats and int8, against those of torch."""
    source = read_source(folder)
    pictures = leaf_pictures(6, source.picture.size, seed=9)
    with torch.no_grad():
        shown = torch.nn.functional.normalize(images(pictures), dim=-1).numpy()
        said = torch.nn.functional.normalize(texts(TEXTS), dim=-1).numpy()
    for precision, least in (("fp32", FLOAT), ("int8", INT8)):
        made = make_encoder(source, work / precision, NAMED, precision=precision)
        encoder = CompiledEncoder(made.directory)
        assert made.saturating == ()
        cosines = (
            (encoder.encode_images(pictures) * shown).sum(1),
            (encoder.encode_texts(TEXTS) * said).sum(1),
        )
        print(folder.name, precision, *(f"{one.mean():.5f} {one.min():.5f}" for one in cosines))
        if precision == "fp32":
            assert min(one.min() for one in cosines) >= least
        assert min(one.mean() for one in cosines) >= least


def padded(tokenizer: Any, texts: list[str], context: int, padding: int) -> Any:
    tokenizer.enable_truncation(context)
    tokenizer.enable_padding(length=context, pad_id=padding)
    return tokenizer.encode_batch(texts)


def siglip(rows: int) -> tuple[Any, dict[str, Any]]:
    """open_clip's SigLIP: a timm tower with attention pooling, a text tower that sees all of a text."""
    from open_clip.model import CustomTextCLIP

    shown = {"image_size": 160, "timm_model_name": "test_vit", "timm_model_pretrained": False}
    shown |= {"timm_pool": "map", "timm_proj": "none"}
    words = {
        "context_length": 64,
        "vocab_size": rows,
        "width": 64,
        "heads": 4,
        "layers": 3,
        "no_causal_mask": True,
    }
    words |= {
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
        "act_kwargs": {"approximate": "tanh"},
    }
    model = CustomTextCLIP(embed_dim=64, vision_cfg=shown, text_cfg=words).eval()
    said = {**words, "hf_tokenizer_name": "timm/SigLIP2", "tokenizer_kwargs": {"clean": "canonicalize"}}
    return model, {"embed_dim": 64, "vision_cfg": shown, "text_cfg": said}


def write_immich(
    folder: Path, model: Any, settings: dict[str, Any], size: int, half: float | None = 0.5
) -> None:
    mean = [half] * 3 if half else [0.48145466, 0.4578275, 0.40821073]
    deviation = [half] * 3 if half else [0.26862954, 0.26130258, 0.27577711]
    shown = {"size": [size, size], "mode": "RGB", "mean": mean, "std": deviation, "interpolation": "bicubic"}
    shown |= {"resize_mode": "squash" if half else "shortest", "fill_color": 0}
    image = Called(model, lambda one, given: one.encode_image(given, normalize=True))
    export(
        image, (torch.randn(1, 3, size, size),), folder / "visual" / "model.onnx", ["image"], ["embedding"]
    )
    (folder / "visual" / "preprocess_cfg.json").write_text(json.dumps(shown))
    (folder / "config.json").write_text(json.dumps(settings))


def test_siglip_in_immichs_layout_with_a_batch_of_one(tmp_path: Path) -> None:
    from open_clip.tokenizer import canonicalize_text

    folder = tmp_path / "immich"
    tokenizer = gemma_tokenizer(folder / "textual")
    model, settings = siglip(tokenizer.get_vocab_size())
    write_immich(folder, model, settings, 160)
    text = Called(model, lambda one, given: one.encode_text(given, normalize=True))
    ones = torch.ones(1, 64, dtype=torch.int32)
    export(text, (ones,), folder / "textual" / "model.onnx", ["text"], ["embedding"])

    def encode(texts: list[str]) -> Any:
        rows = padded(tokenizer, [canonicalize_text(one) for one in texts], 64, 0)
        return model.encode_text(torch.tensor([one.ids for one in rows]))

    compare(folder, tmp_path, lambda shown: model.encode_image(planes(shown, [0.5] * 3, [0.5] * 3)), encode)


def test_mclip_in_immichs_layout(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    from open_clip.model import CLIP

    folder = tmp_path / "mclip"
    tokenizer = roberta_tokenizer(folder / "textual")
    shown = {"image_size": 32, "patch_size": 8, "layers": 2, "width": 64, "head_width": 32}
    words = {"context_length": 77, "vocab_size": 300, "width": 32, "heads": 2, "layers": 1}
    clip = CLIP(embed_dim=48, vision_cfg=shown, text_cfg=words, quick_gelu=True).eval()
    settings = transformers.XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=130,
        pad_token_id=1,
        attn_implementation="eager",
    )

    class MultilingualCLIP(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformers.XLMRobertaModel(settings)
            self.LinearTransformation = torch.nn.Linear(64, 48)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            embs = self.transformer(input_ids, attention_mask)[0]
            embs = (embs * attention_mask.unsqueeze(2)).sum(dim=1) / attention_mask.sum(dim=1)[:, None]
            return torch.nn.functional.normalize(self.LinearTransformation(embs), dim=-1)

    model = MultilingualCLIP().eval()
    write_immich(folder, clip, {"text_cfg": words}, 32, half=None)
    ones = torch.ones(1, 77, dtype=torch.int32)
    path, names = folder / "textual" / "model.onnx", ["input_ids", "attention_mask"]
    export(model, (ones, ones), path, names, ["text_embedding"])

    def encode(texts: list[str]) -> Any:
        rows = padded(tokenizer, [" ".join(one.split()) for one in texts], 77, 1)
        ids, masks = (
            torch.tensor([getattr(one, part) for one in rows]) for part in ("ids", "attention_mask")
        )
        return model(ids, masks)

    source = read_source(folder)
    compare(
        folder,
        tmp_path,
        lambda given: clip.encode_image(planes(given, source.mean, source.deviation)),
        encode,
    )


def write_transformersjs(
    folder: Path, vision: Any, text: Any, side: int, kind: str, shown: dict[str, Any]
) -> None:
    axes = {"pixel_values": {0: "batch_size"}, "input_ids": {0: "batch_size", 1: "sequence_length"}}
    names, picture, words = (
        (["input_ids"], "pooler_output", "pooler_output")
        if kind == "siglip"
        else (["input_ids", "attention_mask"], "image_embeds", "text_embeds")
    )
    axes |= {"attention_mask": axes["input_ids"]} if "attention_mask" in names else {}
    pixels = torch.randn(2, 3, side, side)
    path = folder / "onnx" / "vision_model.onnx"
    export(
        Called(vision, lambda one, given: one(pixel_values=given)[picture]),
        (pixels,),
        path,
        ["pixel_values"],
        [picture],
        {"pixel_values": axes["pixel_values"]},
    )
    ids = torch.ones(2, 64, dtype=torch.int64)
    export(
        Called(text, lambda one, *given: one(**dict(zip(names, given, strict=True)))[words]),
        (ids,) * len(names),
        folder / "onnx" / "text_model.onnx",
        names,
        [words],
        {name: axes[name] for name in names},
    )
    (folder / "preprocessor_config.json").write_text(json.dumps(shown))
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))


def test_siglip_in_the_layout_of_transformersjs(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "siglip"
    tokenizer = gemma_tokenizer(folder)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    eager = {"attn_implementation": "eager"}
    words = transformers.SiglipTextConfig(vocab_size=tokenizer.get_vocab_size(), **sizes, **eager)
    text = transformers.SiglipTextModel(words).eval()
    vision = transformers.SiglipVisionModel(
        transformers.SiglipVisionConfig(image_size=64, patch_size=16, **sizes, **eager)
    )
    shown = {
        "size": {"height": 64, "width": 64},
        "resample": 2,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    write_transformersjs(
        folder, vision.eval(), text, 64, "siglip", {**shown, "do_rescale": True, "rescale_factor": 1 / 255}
    )

    def encode(texts: list[str]) -> Any:
        rows = padded(tokenizer, [" ".join(one.lower().split()) for one in texts], 64, 0)
        return text(input_ids=torch.tensor([one.ids for one in rows])).pooler_output

    compare(
        folder,
        tmp_path,
        lambda given: vision(pixel_values=planes(given, [0.5] * 3, [0.5] * 3)).pooler_output,
        encode,
    )


def test_clip_in_the_layout_of_transformersjs(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "clip"
    tokenizer = clip_json(folder)
    rows = tokenizer.get_vocab_size()
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    sizes |= {"projection_dim": 48, "attn_implementation": "eager"}
    ends = {"bos_token_id": rows - 2, "eos_token_id": rows - 1}
    words = transformers.CLIPTextConfig(vocab_size=rows, **sizes, **ends)
    text = transformers.CLIPTextModelWithProjection(words).eval()
    settings = transformers.CLIPVisionConfig(image_size=64, patch_size=16, **sizes)
    vision = transformers.CLIPVisionModelWithProjection(settings).eval()
    shown = {"size": {"shortest_edge": 64}, "crop_size": {"height": 64, "width": 64}, "do_center_crop": True}
    shown |= {"resample": 3, "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]}
    write_transformersjs(folder, vision, text, 64, "clip", shown)

    def encode(texts: list[str]) -> Any:
        tokenizer.enable_truncation(77)
        found = [torch.tensor([one.ids]) for one in tokenizer.encode_batch(texts)]
        return torch.cat(
            [text(input_ids=row, attention_mask=torch.ones_like(row)).text_embeds for row in found]
        )

    means = shown["image_mean"], shown["image_std"]
    compare(folder, tmp_path, lambda given: vision(pixel_values=planes(given, *means)).image_embeds, encode)


def test_rclips_two_files_with_clips_own_tokenizer(tmp_path: Path) -> None:
    import open_clip
    from open_clip.model import CLIP

    shown = {"image_size": 256, "patch_size": 32, "layers": 2, "width": 64, "head_width": 32}
    words = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2}
    model = CLIP(embed_dim=48, vision_cfg=shown, text_cfg=words).eval()
    home, axes = tmp_path / "rclip", {"input": {0: "batch"}, "output": {0: "batch"}}
    folder = home / MODEL
    given = (torch.randn(1, 3, 256, 256),), (torch.zeros(1, 77, dtype=torch.int64),)
    export(model.visual, given[0], folder / "visual.onnx", ["input"], ["output"], axes)
    text = Called(model, lambda one, ids: one.encode_text(ids))
    export(text, given[1], folder / "textual.onnx", ["input"], ["output"], axes)
    (home / MERGES).parent.mkdir()
    shutil.copy(Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz", home / MERGES)
    source, tokenizer = read_source(home), open_clip.get_tokenizer("ViT-B-32")

    compare(
        home,
        tmp_path,
        lambda given: model.encode_image(planes(given, source.mean, source.deviation)),
        lambda texts: model.encode_text(tokenizer(texts)),
    )
    from tokenizers import Tokenizer

    fast = Tokenizer.from_str(source.tokenizer)
    fast.enable_truncation(77)
    for line in [*TEXTS, "word " * 100]:
        ids = tokenizer([line])[0].numpy()
        assert fast.encode(line).ids == list(ids[: int(np.argmax(ids)) + 1])
