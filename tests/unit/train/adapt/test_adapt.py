"""Adapting the shipped encoder to a domain of its own words, through the real command."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from typer.testing import CliRunner, Result  # noqa: E402

from mmsearch.cli.main import application  # noqa: E402
from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.encoders.description import verify  # noqa: E402
from mmsearch.encoders.registry import SHIPPED  # noqa: E402
from mmsearch.errors import EncoderError, UsageError  # noqa: E402
from mmsearch.train.adapt import residual, tapped, taps  # noqa: E402
from mmsearch.train.data import heldout  # noqa: E402

pytestmark = pytest.mark.torch

# Words that no encoder knows, so that only adapting can teach them.
COLORS = {"zorb": (220, 30, 30), "quent": (30, 190, 40), "blim": (30, 50, 220), "trase": (240, 220, 40)}
SHAPES = ("vod", "plick", "snaw")
COPIES = 8


def draw(shape: str, color: tuple[int, int, int], seed: int) -> Any:
    from PIL import Image, ImageDraw

    chance = random.Random(seed)
    picture = Image.new("RGB", (64, 64), (chance.randrange(90, 160),) * 3)
    x, y, side = chance.randrange(4, 20), chance.randrange(4, 20), chance.randrange(26, 40)
    box = (x, y, x + side, y + side)
    pencil = ImageDraw.Draw(picture)
    if shape == "vod":
        pencil.ellipse(box, fill=color)
    elif shape == "plick":
        pencil.rectangle(box, fill=color)
    else:
        pencil.polygon([(x, y + side), (x + side, y + side), (x + side // 2, y)], fill=color)
    return picture


def write_pairs(folder: Path, *, shuffled: bool = False) -> Path:
    folder.mkdir()
    kinds = [(shape, color) for shape in SHAPES for color in COLORS] * COPIES
    captions = [f"a {color} {shape}, sheet {number}" for number, (shape, color) in enumerate(kinds)]
    if shuffled:
        random.Random(3).shuffle(captions)
    records = []
    for number, (shape, color) in enumerate(kinds):
        draw(shape, COLORS[color], number).save(folder / f"{number}.png")
        records.append({"path": f"{number}.png", "captions": [captions[number]]})
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    return folder


def train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application(), ["train", *map(str, arguments)])


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("pairs") / "sheets")


@pytest.fixture(scope="module")
def adapted(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("encoders") / "mine"
    result = train("--from", "pocket", "--pairs", pairs, "--keep", pairs, "--output", output)
    assert result.exit_code == 0, result.output
    assert "sheets, held out: 19 pictures" in result.output
    assert "sheets, to keep: 48 pictures" in result.output
    return output


def test_an_adapted_encoder_knows_the_new_words_better(adapted: Path) -> None:
    record = json.loads((adapted / "encoder.json").read_text())
    held_out = record["figures"]["held_out"]
    assert sum(held_out["after"].values()) > sum(held_out["before"].values()) + 20
    assert held_out["p"] <= 0.05
    assert record["recipe"]["adapted_from"]["name"] == "pocket"
    assert record["backgrounds"].keys() == {"text→image", "text→text", "image→image", "image→text"}
    assert verify(adapted) == []


def test_the_adapted_encoder_serves_an_index_and_stands_beside_another(
    adapted: Path, pairs: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    index = ["--index", str(tmp_path / "i")]
    assert run(application(), ["index", str(pairs), *index, "--encoder", str(adapted)]).exit_code == 0
    words = ["query", "a zorb vod", *index, "--modality", "image", "-k", "3", "--json"]
    kinds = [color for _ in SHAPES for color in COLORS] * COPIES
    hits = json.loads(run(application(), words).stdout)["hits"]
    assert [kinds[int(Path(hit["path"]).stem)] for hit in hits] == ["zorb"] * 3

    beside = run(application(), ["index", str(pairs), *index, "--encoder", "pocket"])
    assert beside.exit_code == 0, beside.output
    assert run(application(), words).exit_code == 0


def test_the_bank_is_encoded_anew(adapted: Path) -> None:
    encoder = CompiledEncoder(adapted)
    bank = encoder.bank("text")
    texts = (adapted / "bank.txt").read_text().splitlines()
    assert bank is not None
    np.testing.assert_allclose(bank[:5], encoder.encode_texts(texts[:5]), atol=2e-3)


def test_what_was_named_before_is_known_and_what_the_captions_name_as_well(adapted: Path) -> None:
    before = {
        one.word: one.pictures or 0.0
        for one in CompiledEncoder(SHIPPED / "pocket").named_words("dog zorb vod")
    }
    after = {one.word: one.pictures or 0.0 for one in CompiledEncoder(adapted).named_words("dog zorb vod")}
    assert after["dog"] == pytest.approx(before["dog"], rel=0.06)
    assert after["zorb"] > before["zorb"] + 5


def test_captions_of_other_pictures_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    shuffled = write_pairs(tmp_path / "shuffled", shuffled=True)
    result = train("--from", "pocket", "--pairs", shuffled, "--output", tmp_path / "out" / "mine")
    assert isinstance(result.exception, EncoderError)
    assert "not saved: on 19 held-out pictures the adapted encoder is no better than pocket" in str(
        result.exception
    )
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give a RECIPE with --data to train by, or --from ENCODER with --pairs"),
        (["--from", "pocket"], "--pairs or --translations is missing"),
        (["--from", "rocket", "--pairs", "PAIRS"], "no encoder 'rocket': adapt pocket"),
        (["--from", "pocket", "--pairs", "PAIRS", "--held-out", "0.9"], "--held-out is a share"),
        (["--from", "pocket", "--pairs", "PAIRS", "--split", "west"], "no captioned pictures"),
    ],
)
def test_a_command_that_makes_no_sense_says_what_to_give(
    pairs: Path, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    given = [str(pairs) if word == "PAIRS" else word for word in arguments]
    result = train(*given, "--output", tmp_path / "out")
    assert isinstance(result.exception, UsageError | EncoderError)
    assert complaint in str(result.exception)


@pytest.mark.parametrize(
    ("shared", "pictures", "complaint"),
    [
        (0, 39, "39 captioned pictures are too few to adapt to"),
        (1, 60, "nearly all pictures share captions"),
    ],
)
def test_pairs_that_nothing_can_be_learned_from_are_refused(
    tmp_path: Path, shared: int, pictures: int, complaint: str
) -> None:
    """Each picture shares a caption with the next, or none does."""
    records = []
    for i in range(pictures):
        draw("vod", COLORS["zorb"], i).save(tmp_path / f"{i}.png")
        records.append({"path": f"{i}.png", "captions": [f"picture {i}", f"picture {i + shared}"]})
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    result = train("--from", "pocket", "--pairs", tmp_path, "--output", tmp_path / "out")
    assert isinstance(result.exception, UsageError)
    assert complaint in str(result.exception)


def test_a_folder_of_something_else_is_not_overwritten(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = train("--from", "pocket", "--pairs", pairs, "--output", tmp_path)
    assert isinstance(result.exception, UsageError)
    assert "something else than an encoder" in str(result.exception)


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> tapped.TappedEncoder:
    return tapped.TappedEncoder.copy(SHIPPED / "pocket", tmp_path_factory.mktemp("towers") / "tapped")


PICTURES = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
TEXTS = ["a red square", "two dogs"]


def test_features_come_from_below_the_head(towers: tapped.TappedEncoder) -> None:
    vectors, features = towers.open_pictures(PICTURES)
    np.testing.assert_allclose(
        vectors, CompiledEncoder(SHIPPED / "pocket").encode_images(PICTURES), atol=2e-3
    )
    assert features.shape[1] > vectors.shape[1]
    vectors, features = towers.open_texts(TEXTS)
    cosines = (vectors * features[:, : vectors.shape[1]]).sum(1) / np.linalg.norm(features, axis=1)
    assert np.abs(cosines).max() < 0.99


def test_an_output_called_features_is_taken_as_it_is() -> None:
    from onnx import TensorProto, helper

    nodes = [helper.make_node("Mul", ["x", "x"], ["features"]), helper.make_node("Neg", ["x"], ["vectors"])]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2])
        for name in ("x", "features", "vectors")
    ]
    model = helper.make_model(helper.make_graph(nodes, "tower", values[:1], values[1:]))
    before = model.SerializeToString()
    taps.expose_features(model)
    assert model.SerializeToString() == before


def test_a_tower_that_pools_nowhere_gives_its_vectors_as_features() -> None:
    import onnxruntime
    from onnx import TensorProto, helper

    shape = ["n", 2]
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "vectors")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["vectors"])], "tower", sides[:1], sides[1:])
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    taps.expose_features(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.ones((3, 2), np.float32)
    vectors, features = session.run(["vectors", "features"], {"x": x})
    np.testing.assert_array_equal(vectors, features)


def known(pictures: int = 12) -> tapped.Known:
    torch.manual_seed(0)
    unit = torch.nn.functional.normalize
    return tapped.Known(
        unit(torch.randn(2, pictures, 6), dim=-1),
        torch.randn(2, pictures, 10).abs(),
        unit(torch.randn(2 * pictures, 6), dim=-1),
        torch.randn(2 * pictures, 8),
        torch.arange(pictures).repeat_interleave(2),
    )


SMALL = residual.HeadSettings(
    epochs=(1, 60), batch=8, hidden=16, dropout=0.0, stay=0.0, weight_decay=0.0, rate=0.02
)


def test_heads_start_as_no_change() -> None:
    data = known()
    heads = residual.Heads(data, SMALL)
    torch.testing.assert_close(heads.picture(data.vectors[0], data.features[0]), data.vectors[0])


def test_fitted_heads_tell_apart_what_the_towers_did_not() -> None:
    data = known()
    fitted = {
        epoch: heads.recall(data, 1.0)["t2i@1"]
        for epoch, heads in residual.fit(data, torch.arange(12), None, SMALL, 1)
    }
    assert fitted[60] > 60 > 30 > fitted[1]


def test_pictures_that_share_a_caption_are_not_told_apart() -> None:
    data = known()
    apart, joined = (
        [heads.log_scale.item() for _, heads in residual.fit(data, cluster, None, SMALL, 1)]
        for cluster in (torch.arange(12), torch.zeros(12, dtype=torch.int64))
    )
    assert apart[-1] != pytest.approx(joined[-1])


def test_kept_pairs_move_less() -> None:
    data, other = known(), known(9)
    way = {}
    for name, kept in (("free", None), ("kept", (other, torch.arange(9)))):
        *_, (_, heads) = residual.fit(data, torch.arange(12), kept, SMALL, 1)
        moved = heads.picture(other.vectors[0], other.features[0]) - other.vectors[0]
        way[name] = moved.detach().square().sum(1).mean().item()
    assert way["kept"] < way["free"] / 2


def test_the_head_in_the_graph_gives_what_the_fitted_head_gives(towers: tapped.TappedEncoder) -> None:
    import onnxruntime

    vectors, features = (torch.from_numpy(part) for part in towers.open_pictures(PICTURES))
    torch.manual_seed(1)
    head = residual.ResidualHead(torch.randn(20, features.shape[1]).abs(), vectors.shape[1], SMALL).eval()
    for weight in (head.linear.weight, head.output.weight):
        torch.nn.init.normal_(weight, std=0.01)
    model = onnx.load(towers.directory / towers.description.files["image"])
    taps.add_head(model, head.weights(0.5))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (written,) = session.run(["vectors"], {"pixels": PICTURES})
    with torch.inference_mode():
        expected = head(vectors, features, 0.5).numpy()
    assert np.abs(expected - vectors.numpy()).max() > 0.05
    np.testing.assert_allclose(written, expected, atol=2e-3)


def test_pictures_that_share_a_caption_go_into_one_part() -> None:
    texts = [[f"picture {i // 2}", f"only {i}"] for i in range(100)]
    cluster = heldout.clusters(texts)
    part = heldout.parts(cluster, (0.8, 0.2), 1)
    assert (part[::2] == part[1::2]).all()
    assert np.bincount(part).tolist() == [80, 20]


def test_a_cluster_is_named_by_its_first_member_whatever_order_a_set_has() -> None:
    for one, other in itertools.permutations("abcdefgh", 2):
        assert heldout.clusters([[one], [other], [one, other]]).tolist() == [0, 0, 0]


def test_marks_and_case_make_no_other_caption() -> None:
    assert len(np.unique(heldout.clusters([["A dog."], ["a dog"], ["a cat"]]))) == 2


def test_a_text_that_many_share_joins_nothing() -> None:
    assert len(np.unique(heldout.clusters([["a photo"]] * 100))) == 100
