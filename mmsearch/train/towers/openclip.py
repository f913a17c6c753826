"""Towers of an open_clip model as modules for export, and its tokenizer as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmsearch.errors import EncoderError
from mmsearch.train.towers.clip_words import clip_tokenizer
from mmsearch.train.towers.pair import TowerPair

if TYPE_CHECKING:
    from collections.abc import Sequence


class OpenClipPicture(nn.Module):  # type: ignore[misc]
    """Pixels (n, size, size, 3) uint8 -> unit rows."""

    def __init__(self, model: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        inputs = pixels.permute(0, 3, 1, 2).float() / 255.0
        return self.model.encode_image((inputs - self.mean) / self.std, normalize=True)


class OpenClipText(nn.Module):  # type: ignore[misc]
    """Ids and mask (n, t) -> unit rows: padded to the model's context as its own tokenizer would."""

    def __init__(self, model: nn.Module, context: int, padding: int) -> None:
        super().__init__()
        self.model, self.context, self.padding = model, context, padding

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        ids = torch.where(attention_mask > 0, input_ids, self.padding)
        tail = torch.full_like(ids[:, :1], self.padding).expand(-1, self.context)
        return self.model.encode_text(torch.cat([ids, tail], dim=1)[:, : self.context], normalize=True)


def openclip_towers(name: str) -> TowerPair:
    """The towers of ``openclip:ARCHITECTURE/PRETRAINED``; EncoderError for what can't be loaded or exported."""
    from mmsearch.encoders.openclip import OpenClipEncoder

    encoder = OpenClipEncoder.load(name, device="cpu")
    return towers_of(encoder.model, encoder.tokenizer, name, encoder.picture)


def towers_of(model: Any, tokenizer: Any, name: str, spec: Any) -> TowerPair:
    """Towers of a loaded open_clip ``model`` and its ``tokenizer``."""
    import open_clip

    config = open_clip.get_model_preprocess_cfg(model)
    mean = config.get("mean") or open_clip.OPENAI_DATASET_MEAN
    std = config.get("std") or open_clip.OPENAI_DATASET_STD
    context = int(getattr(model, "context_length", None) or tokenizer.context_length or 77)
    padding = int(getattr(getattr(model, "text", model), "pad_id", 0) or 0)
    plain_attention(model)
    text = OpenClipText(model, context, padding).eval()
    with torch.no_grad():
        dimension = int(
            text(torch.ones(1, 2, dtype=torch.int64), torch.ones(1, 2, dtype=torch.int64)).shape[1]
        )
    return TowerPair(
        name=name,
        version="1",
        dimension=dimension,
        spec=spec,
        max_tokens=context,
        picture=OpenClipPicture(model, mean, std).eval(),
        text=text,
        tokenizer=tokenizer_json(tokenizer),
    )


def plain_attention(model: nn.Module) -> None:
    """Keep torch from its fused inference path, which can't be exported."""
    torch.backends.mha.set_fastpath_enabled(False)
    model.eval()


def tokenizer_json(tokenizer: Any) -> str:
    """``tokenizer`` of open_clip as JSON of the tokenizers library; EncoderError for an unknown kind."""
    wrapped = getattr(tokenizer, "tokenizer", None)
    backend = getattr(wrapped, "backend_tokenizer", None)
    if backend is not None:
        return str(backend.to_str())
    if not hasattr(tokenizer, "bpe_ranks"):
        raise EncoderError(f"a tokenizer of type {type(tokenizer).__name__} can't be compiled yet")
    return _clip_bpe(tokenizer)


def _clip_bpe(tokenizer: Any) -> str:
    merges = [pair for pair, _ in sorted(tokenizer.bpe_ranks.items(), key=lambda item: item[1])]
    return clip_tokenizer(tokenizer.encoder, merges)
