"""Profiles: what somebody likes and dislikes, kept by name in the index directory and updated by feedback.

``profiles/NAME.json`` says where each example lies (corpus and path, locator, or the file outside) and by what content
it is known, not its number or vector, so that a profile outlives re-indexing, compaction, a change of the encoder, and
that a document leaves and comes back, or lies elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.search.recommend.examples import recall, resolve
from mmsearch.store.kept.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.recommend.examples import Example


def with_feedback(
    index: SearchIndex,
    profile: Profile,
    like: Sequence[Any] = (),
    dislike: Sequence[Any] = (),
    *,
    only_indexed: bool = False,
) -> Profile:
    """``profile`` with more examples; what was disliked before and is liked now changes sides.

    Raises UsageError for an example that can't be found again (bytes, standard input), and what ``resolve`` raises.
    """
    likes, dislikes = list(profile.likes), list(profile.dislikes)
    for things, to, other in ((like, likes, dislikes), (dislike, dislikes, likes)):
        for thing in things:
            written = resolve(index, thing, only_indexed=only_indexed).written
            if not written:
                raise UsageError("a profile can only keep what has a path: save the picture to a file first")
            other[:] = [one for one in other if not _is_same(one, written)]
            if any(_is_same(one, written) for one in to):
                to[:] = [written if _is_same(one, written) else one for one in to]
            else:
                to.append(written)
    return Profile(profile.name, tuple(likes), tuple(dislikes))


def _is_same(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two entries name one place: what lies there may have changed."""
    return {**one, "key": ""} == {**other, "key": ""}


def examples_of(index: SearchIndex, profile: Profile) -> tuple[list[Example], list[Example], list[str]]:
    """What ``profile`` likes and dislikes, and notes on what is gone."""
    notes: list[str] = []
    sides: list[list[Example]] = []
    for places in (profile.likes, profile.dislikes):
        side: list[Example] = []
        for written in places:
            example = recall(index, written)
            if example is None:
                gone = written.get("path") or written.get("file")
                notes.append(
                    f"{gone} of the profile {profile.name} is not there any more and was passed over"
                )
            else:
                side.append(example)
        sides.append(side)
    return sides[0], sides[1], notes
