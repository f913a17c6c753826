"""Encoders of the ladder with random weights of the same shape: size, memory, speed, vocabularies cut short."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.data import sentences, write_pictures, write_texts
from benchmarks.shared.figures import median
from benchmarks.shared.processes import mmsearch

# open_clip's names of the shapes; the vocabulary has 256,000 pieces in all three.
SHAPES = {"small": "ViT-B-32-SigLIP2-256", "medium": "ViT-B-16-SigLIP2-256", "large": "ViT-L-16-SigLIP2-256"}
PIECES = 256_000
LIMITS = (0, 128_000, 64_000, 32_000)
RUNS, ITEMS, PICTURES = 5, 100, 24


def main(arguments: list[str] | None = None) -> None:
    """``--only small``: no others. Each is exported, made an encoder, indexed with and asked. Torch extra."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ladder", description=__doc__)
    parser.add_argument("--only", choices=list(SHAPES))
    only = parser.parse_args(arguments or []).only
    names = [only] if only else list(SHAPES)
    print(
        "| encoder, pieces | made in | peak | kept | cold query, its CPU "
        "| peak of a query | pictures/s a core | cosine |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            source = Path(work) / "source"
            export(SHAPES[name], source)
            for limit in LIMITS if name == "small" else (0,):
                print(_row(name, source, Path(work), limit), flush=True)


def _row(name: str, source: Path, work: Path, limit: int) -> str:
    output, index, corpus = work / f"{name}-{limit}", work / f"index-{limit}", work / "corpus"
    if not corpus.exists():
        write_pictures(corpus / "pictures", ITEMS // 10)
        write_texts(corpus / "texts", ITEMS)
    started = time.perf_counter()
    options = ["--limit", str(limit)] if limit else []
    made = mmsearch(
        "encoder", "get", f"{name}-random", "--from", source, "--output", output, "--json", *options
    )
    took = time.perf_counter() - started
    facts = json.loads(made.output)
    mmsearch("index", corpus, "--index", index, "--encoder", output, "--json")
    asked = [mmsearch("query", text, "--index", index, "--json") for text in sentences(RUNS, seed=1)]
    kept = sum(facts["bytes"].values()) / 1e6
    return (
        f"| {name}, {limit or PIECES:,} | {took:.0f} s | {made.peak_mb:.0f} MB | {kept:.0f} MB "
        f"| {median([one.seconds for one in asked]):.2f} s, {median([one.cpu_seconds for one in asked]):.2f} s "
        f"| {max(one.peak_mb for one in asked):.0f} MB "
        f"| {_speed(output):.1f} | {min(facts['cosines'].values()):.4f} |"
    )


def _speed(directory: Path) -> float:
    """Pictures a second of processor time, on one core."""
    from mmsearch.encoders.compiled import CompiledEncoder

    encoder = CompiledEncoder(directory)
    size = encoder.picture.size
    pictures = np.random.default_rng(0).integers(0, 256, (PICTURES, size, size, 3), dtype=np.uint8)
    encoder.encode_images(pictures[:2])
    started = time.process_time()
    encoder.encode_images(pictures)
    return PICTURES / (time.process_time() - started)


def export(shape: str, folder: Path) -> None:
    """``shape`` with random weights in immich's layout, a batch of one, as its exporter writes it."""
    import open_clip
    import torch

    torch.manual_seed(0)
    torch.backends.mha.set_fastpath_enabled(False)
    model = open_clip.create_model(shape).eval()
    settings = open_clip.get_model_config(shape)
    for part in ("visual", "textual"):
        (folder / part).mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(settings))
    shown = open_clip.get_model_preprocess_cfg(model)
    (folder / "visual" / "preprocess_cfg.json").write_text(json.dumps(shown))
    write_tokenizer(folder / "textual")

    class Tower(torch.nn.Module):
        def __init__(self, encode: Any) -> None:
            super().__init__()
            self.model, self.encode = model, encode

        def forward(self, given: torch.Tensor) -> Any:
            return self.encode(given, normalize=True)

    side, context = settings["vision_cfg"]["image_size"], settings["text_cfg"]["context_length"]
    for part, name, encode, example in (
        ("visual", "image", model.encode_image, torch.randn(1, 3, side, side)),
        ("textual", "text", model.encode_text, torch.ones(1, context, dtype=torch.int32)),
    ):
        path = folder / part / "model.onnx"
        torch.onnx.export(
            Tower(encode).eval(),
            (example,),
            str(path),
            input_names=[name],
            output_names=["embedding"],
            opset_version=17,
            dynamo=False,
        )


def write_tokenizer(folder: Path, pieces: int = PIECES) -> None:
    """A tokenizer of the form and size of Gemma's: BPE over made-up words, each split of a piece a merge."""
    chance = np.random.default_rng(0)
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    letters = [
        chr(code)
        for code in (*range(97, 123), *range(0xE0, 0x250), *range(0x400, 0x460), *range(0x4E00, 0x8E00))
    ]
    known = dict.fromkeys([*special, "▁", *letters])
    common = ["▁", *letters[:26]]
    usable = list(common)
    while len(known) < pieces:
        first, second = (usable[int(len(usable) * chance.random() ** 3)] for _ in range(2))
        made = first + second
        if len(made) <= 10 and made not in known and "▁" not in second:
            known[made] = None
            usable.append(made)
    vocabulary = {piece: number for number, piece in enumerate(known)}
    merges = [
        [piece[:cut], piece[cut:]]
        for piece in usable[len(common) :]
        for cut in range(1, len(piece))
        if piece[:cut] in vocabulary and piece[cut:] in vocabulary
    ]
    added = [
        {
            "id": number,
            "content": piece,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, piece in enumerate(special[:4])
    ]
    eos = {"id": "<eos>", "ids": [1], "tokens": ["<eos>"]}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithPrevious",
            "invert": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "<eos>", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<eos>": eos},
        },
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
    (folder / "tokenizer.json").write_text(
        json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>"}))


if __name__ == "__main__":
    main(sys.argv[1:])
