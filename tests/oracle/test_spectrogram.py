"""The front end and the network against the original, run by LiteRT: needs ai-edge-litert and the shared weights."""

from pathlib import Path

import numpy as np
import pytest

from mmsearch.encoders.spectrogram import log_mel

WEIGHTS = Path(__file__).parents[2] / "../shared/data/weights/yamnet.tflite"
LEVELS = 25  # the tensor that the original quantizes


def test_levels_are_those_of_yamnet() -> None:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs ai-edge-litert")
    if not WEIGHTS.is_file():
        pytest.skip("needs ../shared/data")
    plain = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    original = litert.Interpreter(
        str(WEIGHTS), experimental_preserve_all_tensors=True, experimental_op_resolver_type=plain
    )
    original.allocate_tensors()
    chance = np.random.default_rng(0)
    at = np.arange(15_600) / 16_000
    for number in range(6):
        sweep = np.sin(2 * np.pi * (200 + 900 * number) * at * (1 + 0.3 * np.sin(7 * at)))
        sound = (0.5 * sweep + chance.normal(size=at.size) * 10.0 ** -(1 + number / 2)).astype(np.float32)
        original.set_tensor(0, sound)
        original.invoke()
        assert np.abs(log_mel(sound[None])[0] - original.get_tensor(LEVELS)).max() < 0.002
