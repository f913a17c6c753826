"""From the fields of a request to what the library is asked for: limits, pictures that were sent, empty requests."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Picture, Query, Sound
from mmsearch.search.request import SearchRequest
from mmsearch.serve.problems import RefusedError
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.serve.service import Service
    from mmsearch.serve.settings import Settings
    from mmsearch.serve.uploads import SentKind, Uploads

# What a request may hold beside the fields of a `SearchRequest`: names of what was sent, of which kind, and for which.
SENT: dict[str, tuple[SentKind, str]] = {
    "pictures": ("image", "image"),
    "minus_pictures": ("image", "minus"),
    "exclude_pictures": ("image", "exclude"),
    "sounds": ("audio", "audio"),
    "minus_sounds": ("audio", "minus"),
    "exclude_sounds": ("audio", "exclude"),
}
_LOOKED_FOR = ("text", "image", "audio", "item", "minus", "exclude")
# How a collection is listed where nothing is looked for: newest first.
NEWEST_FIRST = "-added"
# A search by a model that must be loaded first is for those who own the machine.
_NOT_SERVED = ("image", "audio", "rerank", "rerank_depth", "allow_files", "allow_urls")


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was asked for: the ``request``, and its ``name``, which is equal but for the page.

    ``text`` is what was typed; ``explain``: reasons are shown.
    """

    request: SearchRequest
    name: str
    text: str
    explain: bool

    @property
    def key(self) -> tuple[str, int, int]:
        """What its answer is remembered by."""
        return self.name, self.request.k, self.request.offset


def asked_of(given: Mapping[str, Any], service: Service) -> Asked:
    """The search that the fields ``given`` ask for.

    Raises UsageError for what makes no sense or is beyond the limits, RefusedError for a picture that is not kept.
    """
    fields = {name: value for name, value in given.items() if value is not None or name == "cutoff"}
    cursor = fields.pop("cursor", None)
    name = _name_of(fields)
    if len(name) > service.settings.longest_query:
        raise UsageError(f"a query has at most {service.settings.longest_query:,} characters here")
    if cursor is not None:
        if "offset" in fields:
            raise UsageError("a cursor says where the list goes on: leave out offset")
        fields["offset"] = offset_of(cursor, name)
    text = fields.get("text", "")
    request = _request(fields, service)
    check_size(request.k, request.offset, service.settings)
    check_facets(request.facets, service.settings)
    return Asked(request, name, text, bool(fields.get("explain", False)))


def _request(fields: dict[str, Any], service: Service) -> SearchRequest:
    for name in _NOT_SERVED:
        if name in fields:
            raise UsageError(
                f"search takes no {name!r} here: send it to /api/v1/pictures, or to /api/v1/sounds"
            )
    fields = {**fields}
    for name, (kind, to) in SENT.items():
        sent = [service.uploads.find(one, kind).content for one in fields.pop(name, ())]
        if sent:
            fields[to] = [*_several(fields.get(to)), *sent]
    text = fields.pop("text", "")
    if text.strip():
        fields["text"] = _read(text, service.uploads)
    if not any(_several(fields.get(name)) for name in _LOOKED_FOR):
        if not any(fields.get(name) for name in ("modality", "where", "path")):
            fields["modality"] = list(MODALITIES)
        fields.setdefault("sort", NEWEST_FIRST)
    return SearchRequest.from_arguments(fields)


def _read(text: str, uploads: Uploads) -> Query:
    """The query that ``text`` means; of pictures and sounds it may name those that were sent, and no others.

    ``@sent:NAME`` is a picture, ``@audio:sent:NAME`` a sound.
    """
    query = parse(text, allow_files=False, allow_urls=False, known=uploads)
    parts = [
        replace(part, content=uploads.named(part.content.source, _kind(part.content)).content)
        if isinstance(part.content, Picture | Sound)
        else part
        for part in query.parts
    ]
    return replace(query, parts=tuple(parts))


def _kind(content: Picture | Sound) -> SentKind:
    return "image" if isinstance(content, Picture) else "audio"


def check_size(k: int, offset: int, settings: Settings) -> None:
    """UsageError for more hits, or from further on, than are answered."""
    if k > settings.most_hits or offset > settings.most_offset:
        raise UsageError(
            f"k is at most {settings.most_hits:,} and offset at most {settings.most_offset:,} here"
        )


def check_facets(facets: Sequence[str], settings: Settings) -> None:
    """UsageError for more fields than are counted at once."""
    if len(facets) > settings.most_facets:
        raise UsageError(f"at most {settings.most_facets} fields are counted at once")


def _several(things: Any) -> list[Any]:
    if things is None:
        return []
    return list(things) if isinstance(things, (list, tuple)) else [things]


def _name_of(fields: Mapping[str, Any]) -> str:
    """Equal for requests that differ in nothing but which part of the list they want."""
    kept = {name: value for name, value in fields.items() if name not in ("k", "offset", "cursor")}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str)


def cursor_at(state: str, name: str, offset: int) -> str:
    """Where the list of a search called ``name`` goes on, as long as the index is in this ``state``."""
    written = json.dumps([state, _digest(name), offset], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def state_of(cursor: str) -> str:
    """The state of the index that a cursor was made in; UsageError for what is no cursor."""
    return _read_cursor(cursor)[0]


def offset_of(cursor: str, name: str) -> int:
    """How many hits a cursor passes over; UsageError when it belongs to another search, or is none."""
    _, digest, offset = _read_cursor(cursor)
    if digest != _digest(name):
        raise UsageError("this cursor belongs to another search: give the same fields as for its first page")
    return offset


def refuse_stale(cursor: str, state: str) -> None:
    """RefusedError (410) for the cursor of a list that has changed since."""
    if state_of(cursor) != state:
        raise RefusedError(
            410, "the index has changed since this list was begun: search again from its start"
        )


def _read_cursor(cursor: str) -> tuple[str, str, int]:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        state, digest, offset = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError) as error:
        raise UsageError("this is no cursor: take the one of the page before") from error
    if not isinstance(state, str) or not isinstance(digest, str) or type(offset) is not int or offset < 0:
        raise UsageError("this is no cursor: take the one of the page before")
    return state, digest, offset


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
