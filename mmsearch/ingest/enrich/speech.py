"""What is said in recordings and films: passages with their seconds, and the times of their words."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.encoders.speech import RATE, given_model, model_name
from mmsearch.errors import EncoderError, MediaError, MissingExtraError
from mmsearch.ingest.enrich.enricher import Found, Look, Subject
from mmsearch.ingest.manifest.records import clean
from mmsearch.media.faults import fault_of
from mmsearch.media.files import digest
from mmsearch.media.isolation.lookup import isolated_sound
from mmsearch.media.limits import Limits
from mmsearch.store.catalogue.enrichment import Enrichment
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mmsearch.encoders.speech import SpeechModel, Utterance
    from mmsearch.store.catalogue.values import StoredItem

# Utterances become one passage until it has so many characters, or so long a pause (seconds) follows.
PASSAGE, PAUSE = 240, 3.0


@dataclass(frozen=True)
class Speech:
    """What a speech ``model`` (a folder or a name; None: as the environment says) understands of recordings and films.

    What it does not understand, another language than it knows for the most part, is left out. Recordings are decoded
    in a child process, within ``limits``.
    """

    model: str | None = None
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def enrichment(self) -> Enrichment:
        """As `Enricher`; the version of a model in a folder is the beginning of its weights' SHA-256.

        Raises EncoderError where no model is named, or the folder has none.
        """
        name = model_name(self.model)
        folder = Path(name).expanduser()
        if not folder.is_dir():
            return Enrichment("speech", name, "hub")
        try:
            return Enrichment("speech", folder.resolve().name, digest(folder / "model.bin").hex()[:12])
        except MediaError as error:
            raise EncoderError(
                f"no speech model in {name}: model.bin of a Whisper model in CTranslate2's form ({error})"
            ) from error

    @property
    def is_whole(self) -> bool:
        """As `Enricher`: what this version has not looked at, an earlier one may have."""
        return False

    @cached_property
    def _model(self) -> SpeechModel:
        return given_model(self.model)

    def subjects(self, items: Sequence[StoredItem], document_key: bytes | None) -> Iterator[Subject]:
        """As `Enricher`: files in which there is sound."""
        if document_key is not None and any(
            item.modality == "audio" and item.locator.kind in ("seconds", "whole") for item in items
        ):
            file = Path(items[0].corpus_root) / items[0].path
            yield Subject(document_key, file, items[0].path, Locator())

    def look(self, subjects: Sequence[Subject]) -> Iterator[Look]:
        """As `Enricher`."""
        for subject in subjects:
            try:
                heard = self._heard(subject)
            except MissingExtraError:
                raise
            except BaseException as error:
                yield Look(subject, fault=fault_of(error))
                continue
            understood = [one for one in heard if not one.doubtful]
            yield Look(subject, tuple(passages(understood)), left_out=len(heard) - len(understood))

    def _heard(self, subject: Subject) -> list[Utterance]:
        if digest(subject.file) != subject.key:
            raise MediaError("has changed since it was indexed: `mmsearch index` comes first")
        return list(self._model.understand(isolated_sound(subject.file, RATE, self.limits)))


def passages(utterances: Iterable[Utterance]) -> Iterator[Found]:
    """``utterances`` in passages; ``detail`` has each word with its seconds."""
    held: list[Utterance] = []
    for one in utterances:
        if held and (one.start - held[-1].end > PAUSE or sum(len(said.text) for said in held) > PASSAGE):
            yield _passage(held)
            held = []
        held.append(one)
    if held:
        yield _passage(held)


def _passage(held: Sequence[Utterance]) -> Found:
    words = [[clean(word.text), word.start, word.end] for one in held for word in one.words]
    text = clean(" ".join(one.text for one in held))
    return Found(text, Locator("seconds", held[0].start, held[-1].end), {"words": words})
