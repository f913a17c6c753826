from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.errors import EncoderError  # noqa: E402
from mmsearch.train.compile.export import compile_encoder, load_towers  # noqa: E402
from mmsearch.train.data.tokens import train_tokenizer  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from mmsearch.train.recipe import HeadRecipe, LossRecipe, Phase, Recipe, TextRecipe  # noqa: E402
from mmsearch.train.towers.gru import GruTower  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

TEXT = TextRecipe(
    kind="gru", vocabulary=80, width=8, layers=2, max_tokens=16, head=HeadRecipe(hidden=0, dropout=0.0)
)


def gru_recipe() -> Recipe:
    phase = Phase(
        "through", 60, 8, captions=2, picture_layers=-1, text_layers=-1, picture_rate=3e-3, text_rate=3e-2,
        head_rate=1e-2, evaluations=0.1,
    )  # fmt: skip
    recipe = tiny_recipe(phases=(phase,), average=0.9, loss=LossRecipe(), text=TEXT)
    return replace(
        recipe,
        picture=replace(recipe.picture, normalization="trained", head=HeadRecipe(hidden=8, dropout=0.0)),
    )


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_padding_changes_nothing(pooling: str) -> None:
    torch.manual_seed(0)
    tower = GruTower(replace(TEXT, pooling=pooling), 8).eval()
    ids = torch.tensor([[3, 7, 9, 2]])
    padded, mask = torch.tensor([[3, 7, 9, 2, 0, 0]]), torch.tensor([[1, 1, 1, 1, 0, 0]])
    torch.testing.assert_close(tower(padded, mask), tower(ids, torch.ones_like(ids)))


def test_both_ways_of_reading_are_torchs_own() -> None:
    torch.manual_seed(0)
    tower = GruTower(replace(TEXT, layers=1), 8).eval()
    ids = torch.tensor([[3, 7, 9, 2]])
    reference = torch.nn.GRU(8, 4, batch_first=True, bidirectional=True)
    layer = tower.layers[0]
    reference.load_state_dict(
        dict(layer["ahead"].state_dict())
        | {f"{name}_reverse": value for name, value in layer["back"].state_dict().items()}
    )
    states, _ = reference(tower.embeddings["word_embeddings"](ids))
    expected = torch.nn.functional.normalize(states.mean(1), dim=-1)
    torch.testing.assert_close(tower.features(ids, torch.ones_like(ids)), expected)


def test_the_order_of_words_matters() -> None:
    torch.manual_seed(0)
    tower = GruTower(TEXT, 8).eval()
    ids = torch.tensor([[3, 7, 9, 2], [9, 7, 3, 2]])
    vectors = tower.features(ids, torch.ones_like(ids)).detach()
    assert float((vectors[0] - vectors[1]).abs().max()) > 1e-3


def test_layers_freeze_from_below() -> None:
    tower = GruTower(TEXT, 8)
    tower.train_layers(1)
    trained = {
        name.split(".")[0] + name.split(".")[1] for name, p in tower.named_parameters() if p.requires_grad
    }
    assert trained == {"layers1", "headlinear"}


def test_a_tokenizer_trained_on_captions_reads_them_whole() -> None:
    tokenizer = train_tokenizer(["A red square.", "a blue square", "Red, blue"] * 3, 60)
    assert tokenizer.encode("a RED square").tokens == ["[CLS]", "a", "red", "square", "[SEP]"]
    assert tokenizer.token_to_id("[PAD]") == 0


def test_a_gru_trains_from_nothing_and_compiles(data: Path, tmp_path: Path) -> None:
    result = train(gru_recipe(), data, tmp_path / "run")
    assert min(result.dev["colors"]["t2i@1"], result.dev["colors"]["i2t@1"]) > 60

    encoder = CompiledEncoder(
        compile_encoder(result.output, tmp_path / "encoder", "int8", limit=0.9).directory
    )
    exact = CompiledEncoder(compile_encoder(result.output, tmp_path / "exact", "fp32").directory)
    texts = ["a red square", "blue", "a picture of orange", ""]
    towers = load_towers(result.output)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(towers.tokenizer)
    with torch.inference_mode():
        rows = [torch.tensor([tokenizer.encode(text).ids]) for text in texts]
        expected = np.concatenate([towers.text(row, torch.ones_like(row)).numpy() for row in rows])
    np.testing.assert_allclose(exact.encode_texts(texts), expected, atol=1e-5)
    assert (encoder.encode_texts(texts) * expected).sum(1).min() > 0.95


def test_a_tokenizer_with_more_words_than_vectors_is_refused(data: Path, tmp_path: Path) -> None:
    text = replace(TEXT, tokenizer="file:words/tokenizer.json", vocabulary=10)
    with pytest.raises(EncoderError, match=r"text.vocabulary is 10; set it to no less"):
        train(replace(gru_recipe(), text=text), data, tmp_path / "run")
