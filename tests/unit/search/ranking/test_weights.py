"""Channel weights: as they are written, and as an index keeps them."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmsearch
from mmsearch.errors import IndexDirectoryError, IndexLockedError, UsageError
from mmsearch.search.ranking.weights import LearnedWeights, parse_weights, weights_in_use

PICTURES_ONLY = LearnedWeights(
    {"pocket text→text": 0.0, "words": 0.0, "name": 0.0, "no such channel": 7.0},
    "nDCG@10",
    0.5,
    0.6,
    0.01,
    99,
    "a.qrels",
)


@pytest.fixture
def own(tmp_path: Path, demo_index: Path) -> mmsearch.Library:
    """An index of the demo's corpus that a test may change."""
    shutil.copytree(demo_index, tmp_path / "index")
    return mmsearch.open(tmp_path / "index")


def contributing(results: mmsearch.Results) -> set[str]:
    return {reason.channel for hit in results for reason in hit.explanation if reason.contribution}


def test_a_search_uses_the_weights_that_the_index_keeps(own: mmsearch.Library) -> None:
    with own:
        plain = own.search("a cup of coffee", cutoff=None)
        assert contributing(plain) >= {"pocket text→image", "pocket text→text", "words"}
        own.keep_weights(PICTURES_ONLY)
        assert own.learned_weights == PICTURES_ONLY
        assert contributing(own.search("a cup of coffee", cutoff=None)) == {"pocket text→image"}


def test_other_weights_and_other_fusions_leave_them_aside(own: mmsearch.Library) -> None:
    with own:
        plain = {
            fusion: own.search("a cup of coffee", cutoff=None, fusion=fusion)
            for fusion in ("calibrated", "rrf")
        }
        own.keep_weights(PICTURES_ONLY)
        assert own.search("a cup of coffee", cutoff=None, weights={}) == plain["calibrated"]
        assert own.search("a cup of coffee", cutoff=None, fusion="rrf") == plain["rrf"]
        words = own.search("a cup of coffee", cutoff=None, weights={"text→image": 0.0, "words": 2.0})
        assert "pocket text→image" not in contributing(words)
        assert "words" in contributing(words)


def test_another_process_sees_them_at_once_and_they_can_be_forgotten(own: mmsearch.Library) -> None:
    with own, mmsearch.open(own.directory.path) as other:
        plain = other.search("a cup of coffee")
        own.keep_weights(PICTURES_ONLY)
        assert other.learned_weights == PICTURES_ONLY
        own.keep_weights(None)
        own.keep_weights(None)
        assert other.learned_weights is None
        assert other.search("a cup of coffee") == plain


def test_they_are_written_under_the_lock_and_survive_compaction(own: mmsearch.Library) -> None:
    with own:
        with own.directory.write_lock(), pytest.raises(IndexLockedError):
            own.keep_weights(PICTURES_ONLY)
        own.keep_weights(PICTURES_ONLY)
        own.compact()
        assert own.learned_weights == PICTURES_ONLY


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_file_is_named_and_not_passed_over(own: mmsearch.Library, text: str) -> None:
    with own:
        (own.directory.path / "weights.json").write_text(text)
        with pytest.raises(IndexDirectoryError, match=r"weights\.json is damaged .*check --repair"):
            own.search("a cup of coffee")


@pytest.mark.parametrize(
    "text",
    [
        '{"values": {"words": 1}}',
        '{"values": {"words": -1}, "fusion": "calibrated"}',
        '{"values": "words", "fusion": "calibrated"}',
        json.dumps({**PICTURES_ONLY.to_record(), "fusion": "rrf"}),
        json.dumps({**PICTURES_ONLY.to_record(), "values": {"words": "much"}}),
        json.dumps({**PICTURES_ONLY.to_record(), "of a later version": 1}),
    ],
)
def test_a_file_of_another_form_is_as_good_as_none(own: mmsearch.Library, text: str) -> None:
    with own:
        plain = own.search("a cup of coffee")
        (own.directory.path / "weights.json").write_text(text)
        assert own.learned_weights is None
        assert own.search("a cup of coffee") == plain


names = st.sampled_from(["words", "name", "text→image", "pocket text→text", "openclip:a/b image→text"])


@given(weights=st.dictionaries(names, st.floats(0, 1e6)))
def test_written_weights_are_read_back(weights: dict[str, float]) -> None:
    written = ",".join(f"{name}={weight!r}" for name, weight in weights.items()) or "default"
    assert parse_weights(written) == parse_weights(written.replace("→", "->")) == weights


@pytest.mark.parametrize(
    "text", ["", "words", "words=", "=1", "words=much", "words=-1", "words=nan", "a=1,,b=1"]
)
def test_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_weights(text)


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf, True, "1"])
def test_a_weight_is_a_number_from_0_on(weight: object) -> None:
    with pytest.raises(UsageError, match="the weight of words"):
        weights_in_use({"words": weight}, "calibrated", None)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("name", "help"),
    [
        (
            "wrods",
            "did you mean 'words'? there are image→image, image→text, image→audio, text→image, text→text, text→audio, "
            "audio→image, audio→text, audio→audio, words, name",
        ),
        ("pocket text→imge", "did you mean 'pocket text→image'? "),
        ("bicycle", "there are image→image"),
    ],
)
def test_a_channel_that_there_is_not_is_refused(own: mmsearch.Library, name: str, help: str) -> None:
    with pytest.raises(UsageError, match="no channel is called") as raised:
        own.search("a cup of coffee", weights={name: 1.0})
    assert str(raised.value).startswith(f"no channel is called {name!r}; {help}")
    for known in ("words", "name", "text→image", "image->text", "pocket text→text", "text→document"):
        own.search("a cup of coffee", weights={known: 1.0})


def test_weights_that_were_learned_for_one_fusion_serve_only_there() -> None:
    assert weights_in_use(None, "calibrated", PICTURES_ONLY) == PICTURES_ONLY.values
    assert weights_in_use(None, "logodds", PICTURES_ONLY) == {}
    assert weights_in_use({}, "calibrated", PICTURES_ONLY) == {}
    assert weights_in_use(None, "calibrated", None) == {}


def test_the_command_takes_weights_and_leaves_learned_ones_aside(own: mmsearch.Library) -> None:
    from typer.testing import CliRunner

    from mmsearch.cli.main import application

    def scores(*options: str) -> dict[str, float]:
        command = [
            "query",
            "a cup of coffee",
            "--index",
            str(own.directory.path),
            "--json",
            *options,
        ]
        result = CliRunner().invoke(application(), command)
        assert result.exit_code == 0, result.output
        return {hit["path"]: hit["score"] for hit in json.loads(result.output)["hits"]}

    with own:
        plain = scores()
        own.keep_weights(PICTURES_ONLY)
    assert scores() != plain
    assert scores("--weights", "default") == plain
    assert scores("--weights", "pocket text->text=0,words=0,name=0") == scores()


def test_a_search_by_a_filter_alone_needs_no_encoder(
    own: mmsearch.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def needed(_: object) -> None:
        raise AssertionError("an encoder was loaded")

    with own:
        monkeypatch.setattr(type(own), "encoders", property(needed))
        assert own.search("modality:image", cutoff=None)
