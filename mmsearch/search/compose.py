"""A query from separate arguments, as the Python API, the command line and HTTP give them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.search.query.filters import parse_filter
from mmsearch.search.query.parse import is_allowed, parse, taken_as_text
from mmsearch.search.query.value import SOUND_MARK, Item, Part, Picture, Query, Sound, Text, file_content
from mmsearch.store.catalogue.conditions import ModalityIs, Or, PathGlob, conjunction
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.query.value import Content, Kind
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality


def compose(
    text: str | Query | None = None,
    *,
    image: Any = None,
    audio: Any = None,
    minus: Any = (),
    exclude: Any = (),
    item: int | Sequence[int] = (),
    modality: Modality | Sequence[Modality] | None = None,
    where: str | Condition | None = None,
    path: str | Sequence[str] | None = None,
    allow_files: bool = False,
    allow_urls: bool = False,
) -> Query:
    """One query from all that is given.

    ``text`` is in the query language, or a query to add to. ``image``: a picture or several (a path, a URL, "-",
    a PIL image, bytes, a unit vector). ``audio``: a sound or several (a path, an address, "-", the bytes of a file,
    samples of 16 kHz, a unit vector). ``minus`` lowers and ``exclude`` removes what is like them: texts (taken as they
    are), pictures or sounds (a `Path`, a `Picture`, a `Sound`, or a picture in memory). ``item``: ids to look for more
    of.
    ``modality``, ``where`` (the filter language) and ``path`` (globs) say which items are ranked; several modalities or
    paths are alternatives.

    A text is text: ``@path`` and addresses in ``text``, ``minus`` and ``exclude`` are pictures only with
    ``allow_files`` and ``allow_urls``, for a text that the user of this machine wrote.

    Raises QueryError for what can't be read, UsageError for an empty text beside nothing else.
    """
    if text is not None and not isinstance(text, (str, Query)):
        raise TypeError(f"what is looked for is a text or a Query, not {type(text).__name__}")
    base = text if isinstance(text, Query) else Query()
    if isinstance(text, str) and text.strip():
        base = parse(text, allow_files=allow_files, allow_urls=allow_urls)
    kinds: tuple[tuple[Kind, Any], ...] = (("minus", minus), ("not", exclude))
    unwanted = [(kind, thing) for kind, things in kinds for thing in several(things)]

    def is_picture(thing: Any) -> bool:
        return not _names_picture(thing) or is_allowed(
            thing[1:].removeprefix(SOUND_MARK), allow_files=allow_files, allow_urls=allow_urls
        )

    parts = [
        *base.parts,
        *(Part(_picture(picture)) for picture in several(image)),
        *(Part(_sound(sound)) for sound in several(audio)),
        *(Part(Item(number)) for number in several(item)),
        *(Part(_content(thing) if is_picture(thing) else Text(thing), kind) for kind, thing in unwanted),
    ]
    condition = conjunction([base.condition, restriction(modality=modality, where=where, path=path)])
    left = [taken_as_text(thing) for _, thing in unwanted if not is_picture(thing)]
    query = Query(tuple(parts), condition, (*base.notes, *left))
    if not query.parts and query.condition is None:
        raise UsageError("the query is empty: say what to look for")
    return query


def restriction(
    *,
    modality: Modality | Sequence[Modality] | None = None,
    where: str | Condition | None = None,
    path: str | Sequence[str] | None = None,
) -> Condition | None:
    """Which items the arguments of these names let pass; None when all do.

    Raises QueryError for a filter that can't be read, UsageError for an unknown modality.
    """
    asked = parse_filter(where) if isinstance(where, str) else where
    return conjunction([_modality(modality), _path(path), asked])


def several(things: Any) -> tuple[Any, ...]:
    """One thing, or a list or tuple of things, as a tuple; None is none."""
    if things is None:
        return ()
    return tuple(things) if isinstance(things, (list, tuple)) else (things,)


def _names_picture(thing: Any) -> bool:
    """Whether a text names a picture, as in the query language: by ``@`` before its path or address."""
    return isinstance(thing, str) and thing.startswith("@") and len(thing) > 1


def _content(thing: Any) -> Content:
    """A picture, or a text as it is."""
    if isinstance(thing, Sound):
        return thing
    if isinstance(thing, Path):
        return file_content(str(thing))
    if not isinstance(thing, str):
        return _picture(thing)
    if _names_picture(thing):
        return file_content(thing[1:])
    if not thing.strip():
        raise UsageError("a part of the query is empty")
    return Text(thing)


def _picture(picture: Any) -> Picture:
    if isinstance(picture, Picture):
        return picture
    return Picture(str(picture) if isinstance(picture, Path) else picture)


def _sound(sound: Any) -> Sound:
    if isinstance(sound, Sound):
        return sound
    return Sound(str(sound) if isinstance(sound, Path) else sound)


def _modality(modality: Modality | Sequence[Modality] | None) -> Condition | None:
    chosen = several(modality)
    for one in chosen:
        if one not in MODALITIES:
            raise UsageError(f"no modality {one!r}; there are {', '.join(MODALITIES)}")
    return Or(tuple(ModalityIs(one) for one in chosen)) if chosen else None


def _path(path: str | Sequence[str] | None) -> Condition | None:
    patterns = several(path)
    return Or(tuple(PathGlob(pattern) for pattern in patterns)) if patterns else None
