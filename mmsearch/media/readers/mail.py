"""Letters: what they say, and their attachments, each read as what it is."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MediaError
from mmsearch.media.readers.office import extracted
from mmsearch.media.readers.reader import is_installed, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part
    from mmsearch.media.readers.reader import Reader
    from mmsearch.types import FieldValue

_MOST_ATTACHMENTS = 100
_HEADERS = ("subject:", "from:", "to:", "cc:", "bcc:", "date:")


@dataclass(frozen=True, slots=True)
class MailReader:
    """Letters (eml, msg) by kreuzberg; ``reader_of`` knows the readers of attachments by their suffixes."""

    reader_of: Callable[[str], Reader | None]
    name: str = "letter"
    suffixes: frozenset[str] = frozenset({".eml", ".msg"})
    extra: str | None = "documents"
    package: str | None = "kreuzberg"
    signatures: tuple[bytes, ...] = ()
    isolated: bool = True

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.readers.parts import Contents

        found = extracted(file, self.name)
        told = found.metadata
        title = " ".join(str(told.get("subject") or "").split()) or None
        return Contents(self._parts(file, found, limits), title, _fields(told))

    def _parts(self, file: Path, found: Any, limits: Limits) -> Iterator[Part]:
        from mmsearch.media.readers.parts import TextPart
        from mmsearch.types import Locator

        yield TextPart(_said(found.content)[: limits.max_text_bytes])
        if file.suffix.lower() == ".eml":
            for number, (name, data) in enumerate(islice(_attached(file, limits), _MOST_ATTACHMENTS), 1):
                yield from self._attachment(Locator("attachment", number), name, data, limits)
        else:
            for number, child in enumerate(islice(found.children or (), _MOST_ATTACHMENTS), 1):
                place = Locator("attachment", number)
                yield TextPart(child["result"].content[: limits.max_text_bytes], place, str(child["path"]))

    def _attachment(self, place: Any, name: str, data: bytes, limits: Limits) -> Iterator[Part]:
        """The parts of one attachment; one of a kind that is not read has its name only, and so has a letter."""
        from mmsearch.media.readers.parts import Fault, Pause, TextPart

        yield TextPart("", place, name)
        suffix = PurePath(name).suffix.lower()
        reader = self.reader_of(suffix)
        if reader is None or reader.name == self.name or not is_installed(reader):
            return
        if len(data) > reader.max_bytes(limits):
            yield Fault(place, f"{len(data)} bytes, more than the limit of {reader.max_bytes(limits)}")
            return
        with tempfile.TemporaryDirectory(prefix="mmsearch-") as folder:
            file = Path(folder, f"attachment{suffix}")
            file.write_bytes(data)
            try:
                for part in read(reader, file, limits).parts:
                    yield part if isinstance(part, Pause) else replace(part, place=part.place.within(place))
            except MediaError as error:
                yield Fault(place, str(error))


def _said(content: str) -> str:
    """A letter's text without the headers that stand before it, which are fields."""
    head, blank, rest = content.partition("\n\n")
    if blank and all(line.lower().startswith(_HEADERS) for line in head.splitlines()):
        return rest
    return content


def _attached(file: Path, limits: Limits) -> Iterator[tuple[str, bytes]]:
    import email
    from email import policy

    from mmsearch.media.files import read_file

    letter = email.message_from_bytes(read_file(file, limits.max_bytes), policy=policy.default)
    for part in letter.walk():
        name = part.get_filename()
        if name and not part.is_multipart():
            data = part.get_payload(decode=True)
            if isinstance(data, bytes) and data:
                yield PurePath(name.replace("\\", "/")).name, data


def _fields(told: Mapping[str, Any]) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    for name, key in (("from", "from_email"), ("to", "to_emails"), ("attachments", "attachments")):
        value = told.get(key)
        listed = value if isinstance(value, list | tuple) else [value]
        if text := "; ".join(" ".join(str(one).split()) for one in listed if one):
            fields[name] = text
    if date := str(told.get("created_at") or "").strip():
        fields["date"] = _iso(date)
    return fields


def _iso(date: str) -> str:
    """A letter's date as other fields have it; as it is when it is none."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).isoformat()
    except (ValueError, TypeError):
        return date
