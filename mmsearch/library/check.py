"""Is an index whole: what the store can tell of its files, and what the search layer would not believe of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.errors import EncoderError, IndexDirectoryError
from mmsearch.store import check as store
from mmsearch.store.directory import BACKGROUNDS, COPIES, POSTGRES, PROFILES, WEIGHTS, IndexDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mmsearch.store.check import Problem
    from mmsearch.store.damage import Judge

ENCODER = "encoder"  # in the place of a file's name: it lies outside the index


def check(path: Path) -> list[Problem]:
    """As `mmsearch.store.check.check`, and files and encoders whose values are not what they should be."""
    from mmsearch.library.published import unlike

    found = [*store.check(path, _judges()), *_check_encoders(path)]
    # what lies elsewhere is held against vectors that are whole here
    return (
        found
        if any(problem.file != ENCODER for problem in found)
        else [*found, *unlike(IndexDirectory(path))]
    )


def repair(path: Path) -> list[Problem]:
    """As `mmsearch.store.check.repair`, files whose values make no sense among what is put away."""
    return store.repair(path, _judges())


def _check_encoders(path: Path) -> Iterator[Problem]:
    """What keeps the encoders of the index from giving here the vectors that they gave where they were made."""
    from mmsearch.library.installed import differing
    from mmsearch.store.catalogue.catalogue import Catalogue

    try:
        with Catalogue.open(IndexDirectory(path).catalogue_path) as catalogue:
            records = catalogue.encoders()
    except IndexDirectoryError:
        return  # the check of the files has said so
    try:
        yield from (store.Problem(ENCODER, str(difference), False) for difference in differing(records))
    except EncoderError as error:
        yield store.Problem(ENCODER, str(error), False)


def _judges() -> Mapping[str, Judge]:
    return {
        BACKGROUNDS: _judge_backgrounds,
        WEIGHTS: _judge_weights,
        COPIES: _judge_copies,
        PROFILES: _judge_profile,
        POSTGRES: _judge_servers,
    }


def _judge_backgrounds(record: Mapping[str, object]) -> None:
    from mmsearch.search.calibration.background import Background

    for written in record.values():
        Background.from_json(str(written))


def _judge_weights(record: Mapping[str, object]) -> None:
    from mmsearch.search.ranking.weights import LEARNED_FUSION, LearnedWeights

    if record.get("fusion") == LEARNED_FUSION and LearnedWeights.from_record(record) is None:
        raise ValueError("no weights of channels")


def _judge_copies(record: Mapping[str, object]) -> None:
    from mmsearch.store.kept.copies import groups_of

    groups_of(record)


def _judge_servers(record: Mapping[str, object]) -> None:
    from mmsearch.errors import UsageError
    from mmsearch.postgres.attachment import Attachment

    try:
        Attachment.from_record(record)
    except UsageError as error:
        raise ValueError(str(error)) from error


def _judge_profile(record: Mapping[str, object]) -> None:
    from mmsearch.store.kept.profiles import profile_of

    profile_of("", record)
