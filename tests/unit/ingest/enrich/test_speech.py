"""What is said in recordings is found at its seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.encoders.speech import Utterance, Word
from mmsearch.errors import EncoderError
from mmsearch.ingest.enrich.speech import PASSAGE, Speech, passages
from mmsearch.library.enriching import enrich, remove_enrichment
from tests.speaking import COFFEE, DOG, GERMAN, speak, whisper


def said(text: str, start: float, end: float) -> Utterance:
    return Utterance(text, start, end, (Word(text, start, end),))


def test_utterances_become_passages_with_their_seconds_and_words() -> None:
    [one] = passages([said("Good morning.", 1.0, 2.0), said("How are you?", 2.5, 4.0)])
    assert (one.text, str(one.place)) == ("Good morning. How are you?", "seconds:1-4")
    assert one.detail == {"words": [["Good morning.", 1.0, 2.0], ["How are you?", 2.5, 4.0]]}


def test_a_pause_and_a_length_end_a_passage() -> None:
    found = list(passages([said("a", 0, 1), said("b", 9, 10)]))
    assert [str(one.place) for one in found] == ["seconds:0-1", "seconds:9-10"]
    long = [said("word " * 20, n, n + 1) for n in range(10)]
    assert all(len(one.text) < PASSAGE + 110 for one in passages(long))
    assert len(list(passages(long))) > 1
    assert list(passages([])) == []


def test_a_model_in_a_folder_is_told_by_its_weights(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    with pytest.raises(EncoderError, match="no speech model in"):
        _ = Speech(str(tmp_path / "tiny")).enrichment
    (tmp_path / "tiny" / "model.bin").write_bytes(b"one")
    first = Speech(str(tmp_path / "tiny")).enrichment
    (tmp_path / "tiny" / "model.bin").write_bytes(b"two")
    second = Speech(str(tmp_path / "tiny")).enrichment
    assert (first.kind, first.model) == (second.kind, second.model) == ("speech", "tiny")
    assert first.version != second.version


@pytest.fixture(scope="module")
def model() -> str:
    return whisper()


@pytest.fixture
def corpus(tmp_path: Path, model: str) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    speak(folder / "coffee.wav", COFFEE, after=40)
    speak(folder / "dog.wav", DOG)
    speak(folder / "german.wav", GERMAN, "de")
    (folder / "tea.txt").write_text("Green tea turns bitter.\n", encoding="utf-8")
    return folder


def test_what_is_said_is_found_at_its_seconds_and_can_be_taken_away(
    corpus: Path, model: str, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    mmsearch.index(corpus, index).close()
    report = enrich(Speech(model), index)
    # what is said in German would be nonsense to a model that knows English only
    assert (report.looked_at, report.found, report.skipped) == (3, 2, ())
    assert report.left_out > 0
    with mmsearch.open(index) as library:
        hit = library.search('"drink coffee while it rains"', k=1)[0]
        assert (hit.path, hit.locator.kind) == ("coffee.wav", "seconds")
        assert hit.locator.start is not None
        assert 39 < hit.locator.start < 42
        [(enrichment, detail)] = library.catalogue.findings_of([hit.item_id]).values()
        assert enrichment.kind == "speech"
        [(start, end)] = [word[1:] for word in detail["words"] if "coffee" in word[0].lower()]
        assert 40 < start < end < 46
        assert library.search("a dog with a ball on the sand", modality="text", k=1)[0].path == "dog.wav"
    again = enrich(Speech(model), index)
    assert (again.looked_at, again.known) == (0, 3)
    (corpus / "copy.wav").write_bytes((corpus / "dog.wav").read_bytes())
    (corpus / "tea.txt").write_text("Black tea.\n", encoding="utf-8")
    mmsearch.index(corpus, index).close()
    with mmsearch.open(index) as library:
        found = library.search('"runs along the beach"', duplicates="show")
        assert {hit.path for hit in found if hit.modality == "text"} == {"dog.wav", "copy.wav"}
    assert remove_enrichment("speech", index) == report.found


def test_a_recording_that_has_changed_is_told_and_the_rest_goes_on(
    corpus: Path, model: str, tmp_path: Path
) -> None:
    mmsearch.index(corpus, tmp_path / "index").close()
    speak(corpus / "german.wav", COFFEE)
    (corpus / "coffee.wav").unlink()
    report = enrich(Speech(model), tmp_path / "index")
    assert {one.path for one in report.skipped} == {"german.wav", "coffee.wav"}
    assert (report.looked_at, report.found) == (1, 1)
