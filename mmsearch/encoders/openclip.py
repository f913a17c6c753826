"""Any open_clip model as an encoder; the only place below `mmsearch.train` that imports torch.

Names: ``openclip:ARCHITECTURE/PRETRAINED`` with a tag of ``open_clip.list_pretrained()`` or a path to a local
checkpoint (``openclip:ViT-B-32//models/mine.safetensors``), ``openclip:hf-hub:OWNER/MODEL``, and
``openclip:local-dir:PATH`` for a folder with ``open_clip_config.json``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mmsearch.errors import EncoderError, MissingExtraError
from mmsearch.types import PictureSpec, SoundSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.types import Images, Modality, Sounds, Vectors

PREFIX = "openclip:"
TEXT_BATCH = 64

# open_clip's names for how a picture is made square, and ours.
_FITS = {"shortest": "crop", "squash": "squash", "longest": "pad"}


def split_name(name: str) -> tuple[str, str | None]:
    """``openclip:A/P`` -> (architecture, pretrained tag or path); hub and folder names have no second part.

    Raises EncoderError when the pretrained part is missing.
    """
    model = name.removeprefix(PREFIX)
    if model.startswith(("hf-hub:", "local-dir:")):
        return model, None
    architecture, slash, pretrained = model.partition("/")
    if not slash or not pretrained or not architecture:
        raise EncoderError(f"{name!r} names no weights: write openclip:ARCHITECTURE/PRETRAINED or .../PATH")
    return architecture, pretrained


@contextmanager
def _quietly() -> Iterator[None]:
    """While a model is loaded: a hub that can't be reached is asked once, not five times, and nobody logs each try."""
    from huggingface_hub import constants, get_session

    before, offline = logging.root.manager.disable, constants.HF_HUB_OFFLINE
    logging.disable(logging.ERROR)
    try:
        if not offline:
            try:
                get_session().head(constants.ENDPOINT, timeout=5.0)
            except Exception:  # of any kind: requests and httpx, which it is by version, have their own
                constants.HF_HUB_OFFLINE = True
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        logging.disable(before)


def _is_unreachable(error: BaseException | None) -> bool:
    """Whether ``error``, or one that it came of, is that a server was not reached."""
    names = {"URLError", "ConnectError", "ConnectTimeout", "ConnectionError", "LocalEntryNotFoundError"}
    names.add("OfflineModeIsEnabled")
    while error is not None:
        if {kind.__name__ for kind in type(error).__mro__} & names:
            return True
        error = error.__cause__ or error.__context__
    return False


class OpenClipEncoder:
    """An open_clip model on the CPU (float32) or CUDA (bfloat16); see `mmsearch.encoders.protocol.Encoder`."""

    parallel = False  # torch uses all cores for one batch

    def __init__(self, name: str, model: Any, tokenizer: Any, device: str) -> None:
        import open_clip
        import torch

        self.name, self.model, self.tokenizer, self.device = name, model.eval(), tokenizer, device
        config = open_clip.get_model_preprocess_cfg(model)
        size = config["size"]
        side = int(size[0] if isinstance(size, (tuple, list)) else size)
        self.picture = PictureSpec(
            side, cast("Any", _FITS.get(config.get("resize_mode", "shortest"), "crop"))
        )
        self._mean = torch.tensor(config["mean"], device=device).view(1, 3, 1, 1)
        self._deviation = torch.tensor(config["std"], device=device).view(1, 3, 1, 1)
        self._autocast = torch.autocast("cuda", torch.bfloat16, enabled=device.startswith("cuda"))
        self._lock = threading.Lock()
        self._fingerprint: str | None = None
        self._identity = json.dumps([self.picture.size, self.picture.fit, *config["mean"], *config["std"]])
        self.dimension = int(self.encode_texts(["a"]).shape[1])

    @classmethod
    def load(cls, name: str, device: str | None = None) -> OpenClipEncoder:
        """The encoder called ``name`` on ``device`` (default: CUDA if there is any).

        Raises MissingExtraError without the torch extra, EncoderError for an unknown architecture or weights
        that are not there. Checkpoints are read as weights only: a foreign pickle can run no code.
        """
        try:
            import open_clip
            import torch
        except ImportError as error:
            raise MissingExtraError(f"encoder {name}", "torch") from error
        architecture, pretrained = split_name(name)
        chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if ":" not in architecture and architecture not in open_clip.list_models():
            raise EncoderError(f"open_clip has no architecture {architecture!r}: see open_clip.list_models()")
        if pretrained and "/" in pretrained and not Path(pretrained).exists():
            raise EncoderError(f"{name}: there is no checkpoint {pretrained}")
        try:
            with _quietly():
                model = open_clip.create_model(
                    architecture,
                    pretrained=pretrained,
                    device=chosen,
                    load_weights=True,
                    require_pretrained=pretrained is not None,
                    weights_only=True,
                )
                tokenizer = open_clip.get_tokenizer(architecture)
        except Exception as error:  # of any kind: open_clip and the hub's client have their own
            reason = str(error).splitlines()[0] if str(error) else repr(error)
            if _is_unreachable(error):
                reason = (
                    "its weights are not on this machine, and the place that they come from can't be reached: "
                    "fetch them once on a machine with a network, or name a local checkpoint"
                )
            raise EncoderError(f"{name} can't be loaded: {reason}") from error
        return cls(name, model, tokenizer, chosen)

    @property
    def modalities(self) -> frozenset[Modality]:
        """Pictures and texts."""
        return frozenset(("image", "text"))

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 over all weights (names and bytes) and the preprocessing."""
        if self._fingerprint is None:
            import torch

            digest = hashlib.sha256(self._identity.encode())
            for key, tensor in sorted(self.model.state_dict().items()):
                flat = tensor.detach().cpu().contiguous().view(-1)
                digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
                digest.update(flat.view(torch.uint8).numpy().tobytes())
            self._fingerprint = digest.hexdigest()
        return self._fingerprint

    @property
    def sound(self) -> SoundSpec:
        """Windows of sound, which it can't encode."""
        return SoundSpec()

    @property
    def sound_fingerprint(self) -> str:
        """Empty: it has no sound tower."""
        return ""

    def encode_sounds(self, batch: Sounds) -> Vectors:
        """EncoderError: it has no sound tower."""
        raise EncoderError(f"encoder {self.name} has no sound tower: choose another with --encoder")

    def encode_images(self, batch: Images) -> Vectors:
        """(n, size, size, 3) uint8 RGB -> (n, dimension) float32, unit rows."""
        import torch

        pixels = torch.from_numpy(batch).to(self.device).permute(0, 3, 1, 2).float() / 255
        with self._lock, torch.inference_mode(), self._autocast:
            features = self.model.encode_image((pixels - self._mean) / self._deviation, normalize=True)
        return cast("Vectors", features.float().cpu().numpy())

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        """n texts -> (n, dimension) float32, unit rows; open_clip's tokenizer cuts long texts, keeping EOT."""
        import torch

        parts = []
        for start in range(0, len(batch), TEXT_BATCH):
            tokens = self.tokenizer(list(batch[start : start + TEXT_BATCH])).to(self.device)
            with self._lock, torch.inference_mode(), self._autocast:
                parts.append(self.model.encode_text(tokens, normalize=True).float().cpu().numpy())
        return np.concatenate(parts) if parts else np.zeros((0, self.dimension), np.float32)

    def prior(self, query: Modality, item: Modality) -> str | None:
        """Not known for a model that was trained elsewhere."""
        return None

    def bank(self, modality: Modality) -> Vectors | None:
        """The texts of the shipped bank, encoded by this model; None for pictures."""
        if modality != "text":
            return None
        path = Path(__file__).parent / "pocket" / "bank.txt"
        return self.encode_texts(path.read_text(encoding="utf-8").splitlines())
