"""Foreign encoders become encoder directories whose vectors are those of the foreign program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto
from tokenizers import Tokenizer

from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.encoders.description import read_description, verify
from mmsearch.encoders.saturation import saturating
from mmsearch.errors import EncoderError, UsageError
from mmsearch.hub.layouts.reading import read_source
from mmsearch.hub.make import Named, make_encoder
from tests.unit.hub.conftest import CONTEXT, SIDE, WIDTH, describe_immich, textual_graph, visual_graph
from tests.unit.hub.tokens import clip_json, gemma_tokenizer, roberta_tokenizer

NAMED = Named("foreign", "Apache-2.0", {"revision": "0123"})
PICTURES = np.random.default_rng(5).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)
TEXTS = ["A red bicycle, leaning!", "hello_world", "一只猫", "autumn leaves " * 60]
CANONICAL = ["a red bicycle leaning", "hello world", "一只猫", ("autumn leaves " * 60).strip()]


def unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def run(path: Path, **given: Any) -> Any:
    return onnxruntime.InferenceSession(str(path)).run(None, given)[-1]


def ids_of(path: Path, texts: list[str], padding: int) -> list[list[int]]:
    """As the foreign program makes them: cut to the context, filled up."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(CONTEXT)
    rows = [one.ids for one in tokenizer.encode_batch(texts)]
    return [row + [padding] * (CONTEXT - len(row)) for row in rows]


def planes(pictures: Any) -> Any:
    return ((pictures.astype(np.float32) / 255 - 0.5) / 0.5).transpose(0, 3, 1, 2)


def test_immichs_layout_with_a_batch_of_one_has_the_vectors_of_its_graphs(
    immich_folder: Path, tmp_path: Path
) -> None:
    made = make_encoder(read_source(immich_folder), tmp_path / "made", NAMED, precision="fp32")
    encoder = CompiledEncoder(made.directory)
    visual, textual = (immich_folder / part / "model.onnx" for part in ("visual", "textual"))
    expected = np.concatenate([run(visual, image=planes(one[None])) for one in PICTURES])
    np.testing.assert_allclose(encoder.encode_images(PICTURES), unit(expected), atol=1e-5)
    rows = ids_of(immich_folder / "textual" / "tokenizer.json", CANONICAL, 0)
    expected = np.concatenate([run(textual, text=np.array([row], np.int32)) for row in rows])
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), unit(expected), atol=1e-5)
    assert made.cosines == {"image": pytest.approx(1, abs=1e-5), "text": pytest.approx(1, abs=1e-5)}


def test_an_encoder_that_was_made_is_one_like_any_other(immich_folder: Path, tmp_path: Path) -> None:
    made = make_encoder(read_source(immich_folder), tmp_path / "made", NAMED)
    encoder, description = CompiledEncoder(made.directory), read_description(made.directory)
    assert made.saturating == ()
    assert not any(saturating(made.directory / file) for file in ("image.onnx", "text.onnx"))
    assert min(made.cosines.values()) >= 0.99
    assert description.license == "Apache-2.0"
    assert not description.saturates
    assert verify(made.directory) == []
    bank = encoder.bank("text")
    assert bank is not None
    assert bank.shape == (len(encoder.bank_lines()), WIDTH)
    assert set(description.backgrounds) == {"text→text", "text→image", "image→text"}
    assert len(description.check_texts) == 8
    assert encoder.fingerprint == CompiledEncoder(made.directory).fingerprint


def test_int8_vectors_are_those_of_the_floats(immich_folder: Path, tmp_path: Path) -> None:
    whole, rounded = (
        CompiledEncoder(
            make_encoder(read_source(immich_folder), tmp_path / kind, NAMED, precision=kind).directory
        )
        for kind in ("fp32", "int8")
    )
    assert (whole.encode_images(PICTURES) * rounded.encode_images(PICTURES)).sum(1).mean() >= 0.99
    assert (whole.encode_texts(TEXTS) * rounded.encode_texts(TEXTS)).sum(1).mean() >= 0.99
    assert (rounded.directory / "text.onnx").stat().st_size < 0.5 * (
        whole.directory / "text.onnx"
    ).stat().st_size


def test_pictures_may_be_taken_as_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "immich"
    rows = gemma_tokenizer(folder / "textual").get_vocab_size()
    visual_graph(folder / "visual" / "model.onnx", "image", "image_embedding", "n", TensorProto.UINT8)
    textual_graph(folder / "textual" / "model.onnx", "text", "text_embedding", rows)
    describe_immich(folder)
    made = make_encoder(read_source(folder), tmp_path / "made", NAMED, precision="fp32")
    expected = run(folder / "visual" / "model.onnx", image=PICTURES)
    np.testing.assert_allclose(
        CompiledEncoder(made.directory).encode_images(PICTURES), unit(expected), atol=1e-5
    )


def test_mclip_takes_a_mask(tmp_path: Path) -> None:
    folder = tmp_path / "mclip"
    rows = roberta_tokenizer(folder / "textual").get_vocab_size()
    visual_graph(folder / "visual" / "model.onnx", "image", "embedding", 1)
    textual_graph(folder / "textual" / "model.onnx", "input_ids", "embedding", rows, mask=True)
    describe_immich(folder, resize_mode="shortest")
    made = make_encoder(read_source(folder), tmp_path / "made", NAMED, precision="fp32")
    found = ids_of(folder / "textual" / "tokenizer.json", CANONICAL, 1)
    masks = [[int(number != 1) for number in row] for row in found]
    expected = np.concatenate(
        [
            run(
                folder / "textual" / "model.onnx",
                input_ids=np.array([row], np.int32),
                attention_mask=np.array([mask], np.int32),
            )
            for row, mask in zip(found, masks, strict=True)
        ]
    )
    encoder = CompiledEncoder(made.directory)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), unit(expected), atol=1e-5)
    assert encoder.picture.fit == "crop"


def test_transformersjs_siglip_reads_small_letters_filled_up_to_64(
    write_transformersjs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_transformersjs()
    made = make_encoder(read_source(folder), tmp_path / "made", NAMED, precision="fp32")
    encoder = CompiledEncoder(made.directory)
    rows = np.array(ids_of(folder / "tokenizer.json", [text.lower().strip() for text in TEXTS], 0), np.int64)
    expected = run(folder / "onnx" / "text_model.onnx", input_ids=rows)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), unit(expected), atol=1e-5)
    expected = run(folder / "onnx" / "vision_model.onnx", pixel_values=planes(PICTURES))
    np.testing.assert_allclose(encoder.encode_images(PICTURES), unit(expected), atol=1e-5)
    assert encoder.picture.filter == "bilinear"
    assert encoder.picture.fit == "squash"


def test_clip_of_transformersjs_takes_texts_as_long_as_they_are(tmp_path: Path) -> None:
    import json

    folder = tmp_path / "clip"
    rows = clip_json(folder).get_vocab_size()
    visual_graph(folder / "onnx" / "vision_model.onnx", "pixel_values", "image_embeds", "n")
    textual_graph(
        folder / "onnx" / "text_model.onnx",
        "input_ids",
        "text_embeds",
        rows,
        length="t",
        kind=TensorProto.INT64,
        mask=True,
    )
    shown = {
        "size": {"shortest_edge": 36},
        "do_center_crop": True,
        "crop_size": {"height": SIDE, "width": SIDE},
    }
    shown |= {"resample": 3, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(shown))
    (folder / "config.json").write_text(json.dumps({"model_type": "clip"}))
    made = make_encoder(read_source(folder), tmp_path / "made", NAMED, precision="fp32")
    encoder = CompiledEncoder(made.directory)
    ids = np.array([Tokenizer.from_file(str(folder / "tokenizer.json")).encode("the dog and the red").ids])
    expected = run(folder / "onnx" / "text_model.onnx", input_ids=ids, attention_mask=np.ones_like(ids))
    np.testing.assert_allclose(encoder.encode_texts(["The dog  and the RED"]), unit(expected), atol=1e-5)
    assert (encoder.picture.fit, encoder.picture.share) == ("crop", SIDE / 36)


def test_an_int8_graph_stays_as_it_is_and_runs_exactly(
    write_transformersjs: Callable[..., Path], tmp_path: Path
) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder = write_transformersjs()
    for name in ("vision_model", "text_model"):
        whole = folder / "onnx" / f"{name}.onnx"
        quantize_dynamic(
            str(whole), str(whole.with_name(f"{name}_int8.onnx")), ["MatMul"], weight_type=QuantType.QInt8
        )
    made = make_encoder(read_source(folder, "int8"), tmp_path / "made", NAMED)
    assert set(made.saturating) == {"image.onnx", "text.onnx"}
    assert read_description(made.directory).saturates
    assert made.cosines == {"image": pytest.approx(1, abs=1e-5), "text": pytest.approx(1, abs=1e-5)}


def test_half_precision_is_made_whole(write_transformersjs: Callable[..., Path], tmp_path: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    folder = write_transformersjs()
    for name in ("vision_model", "text_model"):
        model = convert_float_to_float16(onnx.load(folder / "onnx" / f"{name}.onnx"), keep_io_types=True)
        onnx.save(model, folder / "onnx" / f"{name}_fp16.onnx")
    whole, half = (
        CompiledEncoder(
            make_encoder(read_source(folder, variant), tmp_path / variant, NAMED, precision="fp32").directory
        )
        for variant in ("fp32", "fp16")
    )
    assert (whole.encode_texts(TEXTS) * half.encode_texts(TEXTS)).sum(1).min() >= 0.999
    assert (whole.encode_images(PICTURES) * half.encode_images(PICTURES)).sum(1).min() >= 0.999
    types = {one.data_type for one in onnx.load(half.directory / "text.onnx").graph.initializer}
    assert TensorProto.FLOAT16 not in types


def test_a_tower_that_drifted_is_refused_and_nothing_is_left(immich_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="drifted"):
        make_encoder(read_source(immich_folder), tmp_path / "made", NAMED, limit=1.1)
    assert list(tmp_path.iterdir()) == []


def test_a_vocabulary_cut_short_keeps_the_vectors_of_texts_without_what_went(
    immich_folder: Path, tmp_path: Path
) -> None:
    source = read_source(immich_folder)
    whole = CompiledEncoder(make_encoder(source, tmp_path / "whole", NAMED, precision="fp32").directory)
    made = make_encoder(source, tmp_path / "cut", NAMED, precision="fp32", pieces=900)
    cut = CompiledEncoder(made.directory)
    old, new = (Tokenizer.from_file(str(one.directory / "tokenizer.json")) for one in (whole, cut))
    assert new.get_vocab_size() == 900 < old.get_vocab_size()
    lines = whole.bank_lines()
    same = [line for line in lines if old.encode(line).tokens == new.encode(line).tokens]
    assert 20 < len(same) < len(lines)
    np.testing.assert_allclose(cut.encode_texts(same[:40]), whole.encode_texts(same[:40]), atol=1e-5)
    assert cut.encode_texts(["一只猫 ∂x"]).shape == (1, WIDTH)  # in bytes


def test_another_precision_is_refused(immich_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="int8 or fp32"):
        make_encoder(read_source(immich_folder), tmp_path / "made", NAMED, precision="int4")
