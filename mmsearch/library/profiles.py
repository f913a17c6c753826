"""Profiles of an index: what somebody likes and dislikes, brought up to date with what is given now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.store.kept.profiles import delete_profile, profile_names, read_profile, write_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.library.reading import Reading
    from mmsearch.store.kept.profiles import Profile


def updated(
    index: Reading, name: str, like: Sequence[Any], dislike: Sequence[Any], *, only_indexed: bool = False
) -> Profile:
    """The profile ``name`` with what is given now, which is kept before anything else can go wrong.

    Raises UsageError when nothing is liked in it, or for an example that can't be found again.
    """
    after = kept(index, name, like, dislike, only_indexed=only_indexed)
    if not after.likes:
        raise UsageError(
            f"nothing is liked in the profile {name!r}: add --like; there are profiles: {_names(index)}"
        )
    return after


def kept(
    index: Reading, name: str, like: Sequence[Any], dislike: Sequence[Any], *, only_indexed: bool = False
) -> Profile:
    """The profile ``name`` with what is given now, which is kept; UsageError for an example that can't be."""
    from mmsearch.search.recommend.feedback import with_feedback

    before = read_profile(index.directory.path, name)
    after = with_feedback(index, before, like, dislike, only_indexed=only_indexed)
    if after != before:
        write_profile(index.directory.path, after)
    return after


def forget(index: Reading, name: str) -> None:
    """Delete the profile ``name``; UsageError when there is none."""
    if not delete_profile(index.directory.path, name):
        raise UsageError(f"there is no profile {name!r} in this index; there are: {_names(index)}")


def _names(index: Reading) -> str:
    return ", ".join(profile_names(index.directory.path)) or "none"
