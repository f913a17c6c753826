"""The towers of any open_clip architecture in training: locked, partly or wholly trained, under heads of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmsearch.errors import EncoderError, MissingExtraError
from mmsearch.train.towers.heads import Head

if TYPE_CHECKING:
    from mmsearch.train.recipe import PictureRecipe, Recipe, TextRecipe

PREFIX = "openclip:"


class ClipPicture(nn.Module):  # type: ignore[misc]
    """uint8 pictures (n, side, side, 3) -> vectors (n, dimension), not yet of unit length."""

    def __init__(self, recipe: PictureRecipe, dimension: int) -> None:
        super().__init__()
        model, self.width = load_clip(recipe.architecture)
        self.visual = model.visual
        size = model.visual.image_size
        side = int(size if isinstance(size, int) else size[0])
        if side != recipe.size:
            raise EncoderError(f"{recipe.architecture} wants picture.size = {side}, not {recipe.size}")
        self.register_buffer("mean", torch.tensor(recipe.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(recipe.std).view(1, 3, 1, 1), persistent=False)
        self.head = Head(self.width, dimension, recipe.head)

    def features(self, pixels: Tensor) -> Tensor:
        """Pixels (n, side, side, 3), 0 to 255 -> features (n, width)."""
        inputs = pixels.permute(0, 3, 1, 2).float() / 255.0
        return self.visual((inputs - self.mean) / self.std)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.features(pixels))

    def train_layers(self, count: int) -> None:
        """Let the last ``count`` groups of layers train, as open_clip counts them; -1 = all, 0 = only the head."""
        _unlock(self.visual, count)

    def set_training(self, trained: bool) -> None:
        """Dropout in the head on, and whatever the architecture itself leaves to chance."""
        self.train(trained)


class ClipText(nn.Module):  # type: ignore[misc]
    """Token ids and mask (n, t) -> vectors (n, dimension), not yet of unit length."""

    def __init__(self, recipe: TextRecipe, architecture: str, dimension: int) -> None:
        super().__init__()
        model, width = load_clip(recipe.architecture or architecture)
        self.text = model.text
        self.context = int(model.context_length)
        if recipe.max_tokens > self.context:  # a longer text would lose its end mark, which it is read from
            raise EncoderError(f"text.max_tokens must be at most {self.context} for this open_clip tower")
        self.padding = int(getattr(model.text, "pad_id", 0) or 0)
        self.head = Head(width, dimension, recipe.head)

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask (n, t) int64 -> features (n, width): padded to the context as open_clip would."""
        ids = torch.where(mask > 0, ids, self.padding)
        tail = torch.full_like(ids[:, :1], self.padding).expand(-1, self.context)
        return self.text(torch.cat([ids, tail], dim=1)[:, : self.context])

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.head(self.features(ids, mask))

    def train_layers(self, count: int) -> None:
        """Let the last ``count`` layers train; -1 = all and the embeddings, 0 = only the head."""
        _unlock(self.text, count)

    def set_training(self, trained: bool) -> None:
        """Dropout in the head on, and whatever the architecture itself leaves to chance."""
        self.train(trained)


def load_clip(architecture: str, pretrained: str | None = None) -> tuple[Any, int]:
    """The open_clip model ``openclip:NAME``, its text tower a module of its own, and the width of its space.

    MissingExtraError without open_clip, EncoderError for an architecture or weights that it does not know.
    """
    try:
        import open_clip
    except ImportError as error:
        raise MissingExtraError(f"training {architecture}", "torch") from error
    name = architecture.removeprefix(PREFIX)
    if name not in open_clip.list_models():
        raise EncoderError(f"open_clip has no architecture {name!r}: see open_clip.list_models()")
    # Its fused inference path can't be exported, and gives other last digits than the plain one.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        model = open_clip.create_model(
            name, pretrained=pretrained, require_pretrained=pretrained is not None, force_custom_text=True
        )
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise EncoderError(f"{architecture}/{pretrained} can't be loaded: {reason}") from error
    return model, int(open_clip.get_model_config(name)["embed_dim"])


def load_clip_weights(tower: ClipPicture | ClipText, architecture: str, pretrained: str) -> None:
    """First weights below the head: ``pretrained`` is open_clip's tag or the path of a whole model's checkpoint."""
    model, _ = load_clip(architecture, pretrained)
    if isinstance(tower, ClipPicture):
        tower.visual.load_state_dict(model.visual.state_dict())
    else:
        tower.text.load_state_dict(model.text.state_dict())


def clip_tokenizer(recipe: Recipe) -> str:
    """The tokenizer of the recipe's open_clip text tower, as JSON of the tokenizers library."""
    import open_clip

    from mmsearch.train.towers.openclip import tokenizer_json

    architecture = recipe.text.architecture or recipe.picture.architecture
    return tokenizer_json(open_clip.get_tokenizer(architecture.removeprefix(PREFIX)))


def _unlock(module: nn.Module, count: int) -> None:
    module.requires_grad_(count < 0)
    if count > 0:
        module.lock(count)
