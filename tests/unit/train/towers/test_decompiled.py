from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tokenizers import Tokenizer  # noqa: E402

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.encoders.registry import shipped_encoders  # noqa: E402
from mmsearch.errors import EncoderError  # noqa: E402
from mmsearch.train.compile.export import compile_encoder  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from mmsearch.train.recipe import HeadRecipe  # noqa: E402
from mmsearch.train.towers.build import build_towers  # noqa: E402
from mmsearch.train.towers.decompiled import read_text_weights  # noqa: E402
from mmsearch.train.towers.pretrained import find_tokenizer  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

TEXTS = ["a dog runs along the beach", "两个孩子在踢足球", "Ein Mann liest", "the boiling point of water"]


def test_the_shipped_text_tower_comes_back_from_its_int8_graph(data: Path) -> None:
    directory = shipped_encoders()["pocket"]
    stated = json.loads((directory / "encoder.json").read_text())["recipe"]["text"]
    text = replace(
        tiny_recipe().text,
        weights="encoder:pocket",
        positions=128,
        **{key: stated[key] for key in ("vocabulary", "width", "layers", "heads", "intermediate")},
        head=HeadRecipe(hidden=stated["head"]["hidden"]),
    )
    tower = build_towers(replace(tiny_recipe(), dimension=384, text=text), data).text.eval()
    tokenizer = Tokenizer.from_file(str(find_tokenizer("encoder:pocket", data)))
    tokenizer.no_padding()
    with torch.inference_mode():
        rows = [torch.tensor([tokenizer.encode(text).ids]) for text in TEXTS]
        vectors = torch.cat([tower(row, torch.ones_like(row)) for row in rows])
    vectors = torch.nn.functional.normalize(vectors, dim=-1).numpy()
    cosines = (vectors * CompiledEncoder(directory).encode_texts(TEXTS)).sum(1)
    assert np.all(cosines > 0.98)  # int8 activations are what is left of the difference


def test_a_tower_in_floats_is_refused(data: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe(), data, tmp_path / "run").output
    compile_encoder(run, tmp_path / "whole", "fp32")
    with pytest.raises(EncoderError, match="no BERT in int8"):
        read_text_weights(tmp_path / "whole")


def test_an_encoder_without_its_recipe_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "pocket"
    shutil.copytree(shipped_encoders()["pocket"], directory)
    description = (directory / "encoder.json").read_text()
    (directory / "encoder.json").write_text(description.replace('"recipe"', '"left out"'))
    with pytest.raises(EncoderError, match="does not say how"):
        read_text_weights(directory)
