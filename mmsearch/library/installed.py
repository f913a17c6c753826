"""The installed encoders behind what an index records of those that made its vectors."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mmsearch.encoders.registry import DEFAULT_ENCODER, OPENCLIP_PREFIX, canonical_name, load_encoder
from mmsearch.encoders.shortened import shortened
from mmsearch.errors import EncoderError, EncoderWarning, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.check_vectors import Difference
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.store.catalogue.values import EncoderRecord


def installed(records: Sequence[EncoderRecord]) -> list[Encoder]:
    """The encoders of ``records`` in their order.

    An index keeps the vectors of an encoder's earlier version beside those of the installed one, but never
    searches them. EncoderError when there are none of the installed one.
    """
    encoders: dict[str, Encoder] = {}
    for record in records:
        encoder = recorded(record)
        if encoder is not None:
            encoders[record.name] = encoder
    for record in records:
        if record.name not in encoders:
            raise EncoderError(
                f"this index was made with another version of {record.name} than the installed one: "
                f"run `mmsearch index CORPUS --encoder {record.name}` to encode the corpus anew"
            )
    return list(encoders.values())


def recorded(record: EncoderRecord) -> Encoder | None:
    """The installed encoder with the dimensions of ``record``; None when it is another version than recorded."""
    encoder = load_encoder(record.name)
    if record.dimension < encoder.dimension:
        encoder = shortened(encoder, record.dimension)
    return encoder if encoder.fingerprint == record.fingerprint else None


def encoder_for_writing(
    records: Sequence[EncoderRecord], name: str | None, dimensions: int | None
) -> Encoder:
    """The encoder asked for, or that of the index's ``records``, or the default in a new index.

    It has as many dimensions as its vectors in the index; UsageError when it is asked to have others.
    """
    if name is None and records:
        name = installed(records)[0].name
    name = canonical_name(name or DEFAULT_ENCODER)
    own = [found for record in records if record.name == name and (found := recorded(record)) is not None]
    if not own:
        return shortened(load_encoder(name), dimensions)
    if dimensions not in (None, own[-1].dimension):
        raise UsageError(
            f"this index holds vectors of {name} with {own[-1].dimension} dimensions, which is settled when they are "
            "made: index into another folder with --index"
        )
    return own[-1]


def differing(records: Sequence[EncoderRecord]) -> list[Difference]:
    """How the encoders of ``records`` give other vectors here than where they were made, by all their check vectors.

    Encoders without check vectors, and open_clip's own, are passed over. EncoderError for one that is not there.
    """
    from mmsearch.encoders.check_vectors import find_difference, read_check_vectors
    from mmsearch.encoders.compiled import CompiledEncoder

    found = []
    for name in sorted({record.name for record in records if not record.name.startswith(OPENCLIP_PREFIX)}):
        encoder = load_encoder(name)
        stored = read_check_vectors(encoder.directory) if isinstance(encoder, CompiledEncoder) else None
        if stored is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", EncoderWarning
            )  # loading would say of one what is said here of all
            compared = [find_difference(encoder, modality, stored) for modality in sorted(encoder.modalities)]
        found += [difference for difference in compared if difference is not None]
    return found
