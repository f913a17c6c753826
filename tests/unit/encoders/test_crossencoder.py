"""A real cross-encoder architecture with random weights in a local directory stands in for one of the hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import EncoderError

sentence_transformers = pytest.importorskip(
    "sentence_transformers", reason="cross-encoders come with the rerank extra"
)

from mmsearch.encoders.crossencoder import CrossEncoder, load_cross_encoder  # noqa: E402

pytestmark = pytest.mark.torch

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "dog", "cat", "house", "runs", "sleeps"]
TEXTS = ["a red dog runs", "cat", "a house", "dog dog dog dog"]


def tiny(folder: Path, labels: int) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        num_labels=labels,
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("models") / "tiny", 1)


@pytest.fixture(scope="module")
def reader(directory: Path) -> CrossEncoder:
    return load_cross_encoder(str(directory))


def test_scores_are_the_models_last_layer_as_it_is(reader: CrossEncoder, directory: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(directory).eval()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    with torch.inference_mode():
        pairs = tokenizer(["a red dog"] * len(TEXTS), TEXTS, padding=True, return_tensors="pt")
        expected = model(**pairs).logits[:, 0].numpy()
    found = reader.score("a red dog", TEXTS)
    assert found.shape == (4,)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(found) > 0.01


def test_long_texts_are_cut_and_none_are_none(reader: CrossEncoder) -> None:
    assert np.isfinite(reader.score("a dog", ["house " * 500])).all()
    assert reader.score("a dog", []).shape == (0,)


def test_what_is_no_cross_encoder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match="no cross-encoder"):
        load_cross_encoder(str(tmp_path / "empty"))
    with pytest.raises(EncoderError, match="gives 3 numbers"):
        load_cross_encoder(str(tiny(tmp_path / "classifier", 3)))


def test_a_search_reads_its_hits_again(directory: Path, demo_index: Path) -> None:
    import mmsearch

    with mmsearch.open(demo_index) as library:
        plain = library.search("a cat", k=20, cutoff=None)
        again = library.search("a cat", k=20, cutoff=None, rerank=f"cross-encoder:{directory}")
        few = library.search("a cat", k=5, cutoff=None, rerank=f"cross-encoder:{directory}")
    assert [hit.score for hit in again] == [hit.score for hit in plain]
    assert [hit.item_id for hit in again] != [hit.item_id for hit in plain]
    assert few.hits == again.hits[:5]
    for hit in again:
        assert sum(reason.contribution for reason in hit.explanation) == hit.score
