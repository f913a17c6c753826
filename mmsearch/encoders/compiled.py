"""Encoders compiled to ONNX: a directory of towers, run by ONNX Runtime, without torch in the process.

The directory holds ``encoder.json`` (the description), one ``.onnx`` file per tower, ``tokenizer.json`` of the
`tokenizers` library, and the bank of query vectors that backgrounds are estimated from. Each tower is loaded
when it is first used: a text query never pays for the picture tower.
"""

from __future__ import annotations

import hashlib
import json
import threading
import warnings
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.encoders.check_vectors import find_difference, read_check_vectors
from mmsearch.encoders.description import BANK_LINES, IDENTITY, digest_files, read_description
from mmsearch.errors import EncoderError, EncoderWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mmsearch.encoders.naming import NamedWord
    from mmsearch.types import Ids, Images, Modality, PictureSpec, Sounds, SoundSpec, Vectors


# Pictures of one call: what they leave between layers then stays in a core's cache (measured on two cores:
# 466 pictures/s in fours, 359 in batches of 16, and less memory).
IMAGE_BATCH = 4
SOUND_BATCH = 4


# Letters of a usual piece of a word that is known; a word in smaller ones is hardly more than its letters.
LEAST_PIECE = 1.5
# Two Chinese characters are about a word; the scripts without spaces begin here.
PER_CHARACTER, FIRST_UNSPACED = 0.5, "\u2e80"


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as it is ``written``, the number of its ``pieces``, and whether one of them is unknown."""

    written: str
    pieces: int
    is_unknown: bool

    @property
    def letters(self) -> int:
        return sum(map(str.isalpha, self.written))

    @property
    def is_known(self) -> bool:
        """A word that is spelled letter by letter is not."""
        return not self.is_unknown and (self.pieces == 1 or self.letters >= LEAST_PIECE * self.pieces)

    @property
    def is_character(self) -> bool:
        """Whether it is a character of a script without spaces, which tokenizers take for words."""
        return len(self.written) == 1 and self.written >= FIRST_UNSPACED


class CompiledEncoder:
    """The encoder in ``directory``; see `mmsearch.encoders.protocol.Encoder`.

    Every call runs on one core: callers that have many batches call from several threads, which costs less
    than splitting each operator.
    """

    parallel = True

    def __init__(self, directory: Path, name: str | None = None) -> None:
        self.directory = directory
        self.description = read_description(directory)
        self.name = name or self.description.name
        for role, file in self.description.files.items():
            if not (directory / file).is_file():
                raise EncoderError(
                    f"{directory / file} ({role}) is missing: install or compile the encoder again"
                )
        self._sessions: dict[Modality, Any] = {}
        self._tokenizer: Any = None
        self._lock = threading.RLock()
        self._fingerprint: str | None = None
        self._named: NDArray[np.uint8] | None = None
        self._last_spelled: tuple[str, tuple[_Word, ...]] | None = None

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self.description.dimension

    @property
    def modalities(self) -> frozenset[Modality]:
        """What this encoder can encode."""
        return self.description.modalities

    @property
    def picture(self) -> PictureSpec:
        """The pictures that ``encode_images`` wants."""
        return self.description.picture

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 over the towers for pictures and texts, the tokenizer and the preprocessing."""
        if self._fingerprint is None:
            files = self.description.files
            names = {files[role] for role in IDENTITY if role in files}
            names = names or set(files.values())  # it does nothing but hear
            digests = {name: digest for name, digest in self._digests().items() if name in names}
            spec = self.description.picture
            identity = [sorted(digests.items()), spec.size, spec.fit, self.description.max_tokens]
            unusual = [spec.filter, spec.share] if (spec.filter, spec.share) != ("bicubic", 1.0) else []
            identity += unusual
            self._fingerprint = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        return self._fingerprint

    @property
    def sound(self) -> SoundSpec:
        """The windows of sound that ``encode_sounds`` wants."""
        return self.description.sound

    @property
    def sound_fingerprint(self) -> str:
        """Hex SHA-256 over the sound tower and its windows; empty where there is none."""
        file = self.description.files.get("audio")
        if file is None:
            return ""
        spec = self.description.sound
        identity = [self._digests()[file], spec.rate, spec.samples, spec.hop]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    def _digests(self) -> Mapping[str, str]:
        return self.description.sha256 or digest_files(self.directory, self.description)

    def encode_images(self, batch: Images) -> Vectors:
        """(n, size, size, 3) uint8 RGB -> (n, dimension) float32, unit rows."""
        size = self.picture.size
        if batch.shape[1:] != (size, size, 3) or batch.dtype != np.uint8:
            raise ValueError(
                f"pictures must be (n, {size}, {size}, 3) uint8, not {batch.shape} {batch.dtype}"
            )
        vectors = np.zeros((len(batch), self.dimension), np.float32)
        at_once = self.description.batch or IMAGE_BATCH
        if len(batch) % at_once and self.description.batch:
            filler = np.zeros((-len(batch) % at_once, size, size, 3), np.uint8)
            return self.encode_images(np.concatenate([batch, filler]))[: len(batch)]
        for start in range(0, len(batch), at_once):
            end = start + at_once
            (vectors[start:end],) = self._session("image").run(["vectors"], {"pixels": batch[start:end]})
        return _unit_rows(vectors)

    def encode_sounds(self, batch: Sounds) -> Vectors:
        """(n, samples) float32 from -1 to 1, each a window of ``sound`` -> (n, dimension) float32, unit rows."""
        from mmsearch.encoders.spectrogram import log_mel

        samples = self.sound.samples
        if batch.ndim != 2 or batch.shape[1] != samples or batch.dtype != np.float32:
            raise ValueError(f"sounds must be (n, {samples}) float32, not {batch.shape} {batch.dtype}")
        vectors = np.zeros((len(batch), self.dimension), np.float32)
        levels = log_mel(batch)[:, None]
        for start in range(0, len(batch), SOUND_BATCH):
            end = start + SOUND_BATCH
            (vectors[start:end],) = self._session("audio").run(["vectors"], {"levels": levels[start:end]})
        return _unit_rows(vectors)

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        """n texts -> (n, dimension) float32, unit rows; what is beyond ``max_tokens`` is cut."""
        vectors = np.zeros((len(batch), self.dimension), np.float32)
        if not batch:
            return vectors
        session = self._session("text")
        for row, inputs in enumerate(self.inputs(batch)):
            (vectors[row],) = session.run(["vectors"], inputs)[0]
        return _unit_rows(vectors)

    def inputs(self, texts: Sequence[str]) -> Iterator[dict[str, Ids]]:
        """What the text tower is given of each of ``texts``: token ids and mask (1, t), by the names of its inputs."""
        # One at a time: an int8 tower scales a whole batch at once, so that a text's vector would depend on its
        # company (measured: cosine down to 0.975), and padding would cost more than a batch gains on one core.
        for encoding in self._load_tokenizer().encode_batch(list(texts)):
            ids = np.array([encoding.ids], np.int64)
            yield {"input_ids": ids, "attention_mask": np.ones_like(ids)}

    def known_share(self, text: str) -> float:
        """The share of its letters that stand in words which the vocabulary can spell, as KnowsItsWords says."""
        if self.description.reads_everything:
            return 1.0
        words = self._spelled(text)
        letters = sum(word.letters for word in words)
        if not letters:
            return 0.0 if words else 1.0
        return sum(word.letters for word in words if word.is_known) / letters

    def fluency(self, text: str) -> float:
        """How near to whole words the pieces of ``text`` are, as KnowsItsWords says."""
        if self.description.reads_everything:
            return 1.0
        words = [word for word in self._spelled(text) if word.letters]
        pieces = sum(word.pieces for word in words)
        return sum(PER_CHARACTER if word.is_character else 1.0 for word in words) / pieces if pieces else 1.0

    def _spelled(self, text: str) -> tuple[_Word, ...]:
        """The words of ``text`` as the tokenizer splits it; those of the last text are kept, since several ask."""
        kept = self._last_spelled
        if kept is None or kept[0] != text:
            kept = self._last_spelled = (text, self._split(text))
        return kept[1]

    def _split(self, text: str) -> tuple[_Word, ...]:
        tokenizer = self._load_tokenizer()
        encoding = tokenizer.encode(text, add_special_tokens=False)
        offsets, tokens = (
            encoding.offsets,
            encoding.tokens,
        )  # each time they are asked for, they are made anew
        unknown = tokenizer.model.unk_token if hasattr(tokenizer.model, "unk_token") else None
        pieces: dict[int, list[int]] = defaultdict(list)
        for place, word in enumerate(encoding.word_ids):
            if word is not None:
                pieces[word].append(place)
        found = []
        for places in pieces.values():
            written = text[offsets[places[0]][0] : offsets[places[-1]][1]]
            is_unknown = any(tokens[place] == unknown for place in places)
            found.append(_Word(written, len(places), is_unknown))
        return tuple(found)

    def prior(self, query: Modality, item: Modality) -> str | None:
        """The background that was measured when the encoder was made, as JSON; None when it was not."""
        return self.description.backgrounds.get(f"{query}→{item}")

    def bank(self, modality: Modality) -> Vectors | None:
        """Vectors (m, dimension) of varied queries that ship with the encoder; None when there are none."""
        file = self.description.files.get(f"bank-{modality}")
        if file is None:
            return None
        return _unit_rows(np.load(self.directory / file, allow_pickle=False).astype(np.float32))

    def axes(self) -> Vectors | None:
        """Orthonormal rows (dimension, dimension), the most telling first; None when they were not measured."""
        file = self.description.files.get("axes")
        if file is None:
            return None
        rows = np.load(self.directory / file, allow_pickle=False).astype(np.float32)
        if rows.shape != (self.dimension, self.dimension):
            raise EncoderError(f"{self.directory / file} has another shape than the vectors: calibrate again")
        return np.asarray(rows)

    def named_words(self, text: str) -> Sequence[NamedWord]:
        """The words of ``text``, with how often training named pictures by them; empty where that was not counted."""
        file = self.description.files.get("named")
        if file is None:
            return ()
        from mmsearch.encoders.naming import named_words, read_named

        if self._named is None:
            try:
                self._named = read_named(self.directory / file)
            except (OSError, ValueError) as error:
                raise EncoderError(
                    f"{self.directory / file} can't be read ({error}): calibrate again"
                ) from error
        return named_words(self._load_tokenizer(), self._named, text)

    def bank_lines(self) -> Sequence[str]:
        """The texts of ``bank("text")``; empty when they do not lie beside their vectors."""
        file = self.directory / BANK_LINES
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        return [line for line in lines if line.strip()]

    def _load_tokenizer(self) -> Any:
        with self._lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                tokenizer = Tokenizer.from_file(str(self.directory / self.description.files["tokenizer"]))
                tokenizer.no_padding()
                tokenizer.enable_truncation(self.description.max_tokens)
                self._tokenizer = tokenizer
        return self._tokenizer

    def _session(self, role: Modality) -> Any:
        with self._lock:
            if role not in self._sessions:
                self._sessions[role] = self._open_session(role)
                self._compare(role)
        return self._sessions[role]

    def _compare(self, modality: Modality) -> None:
        """Say so when the tower that was just loaded gives its first check vector otherwise."""
        stored = read_check_vectors(self.directory, self.description)
        if stored and (difference := find_difference(self, modality, stored, most=1)):
            warnings.warn(str(difference), EncoderWarning, stacklevel=4)

    def _open_session(self, role: str) -> Any:
        file = self.description.files.get(role)
        if file is None:
            raise EncoderError(f"encoder {self.name} has no {role} tower: choose another with --encoder")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # an arena keeps the largest batch ever seen
        if (
            self.description.saturates
        ):  # exact, and a third slower, where there is no VNNI; else it changes nothing
            options.add_session_config_entry("session.x64quantprecision", "1")
        try:
            return onnxruntime.InferenceSession(
                str(self.directory / file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises many private types
            raise EncoderError(
                f"{self.directory / file} can't be loaded ({error}): install it again"
            ) from error


def _unit_rows(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
