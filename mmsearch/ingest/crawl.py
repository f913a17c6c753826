"""Find the documents of a corpus: a folder, one file, or a manifest.

In a folder every picture and every text file is a document, found in the order of their paths. Nothing is
read but sidecars and manifests; each file costs one question to the system, for its stamp.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.ingest.ignored import IGNORE_FILE, Ignored, exclude_rules, is_hidden
from mmsearch.ingest.manifest.columns import Columns
from mmsearch.ingest.manifest.manifest import MANIFEST_SUFFIXES, manifest_name, read_manifest
from mmsearch.ingest.manifest.references import ManifestOptions
from mmsearch.ingest.sidecars import (
    SIDECAR_SUFFIXES,
    assign_sidecars,
    assign_subtitles,
    merge,
    read_sidecar,
)
from mmsearch.ingest.sources import Skipped, Source, file_stamp, is_utf8, printable, role_of
from mmsearch.ingest.unread import LINK, Unread, count_unnamed
from mmsearch.media.faults import fault_of
from mmsearch.media.files import os_reason, special_kind, status_reason
from mmsearch.media.film.subtitles import SUBTITLE_SUFFIXES
from mmsearch.media.formats import PICTURE_SUFFIXES
from mmsearch.media.kinds import FILMS, SOUNDS, TEXTS, reader_of, suffixes_of_missing_extras, suffixes_read
from mmsearch.media.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_OWN_INDEX = frozenset({"catalogue.sqlite", "manifest.json"})  # its thumbnails are no documents


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """``exclude``: patterns as in ``.gitignore``, relative to the corpus. ``follow_links``: symbolic ones.

    ``columns``: names for the columns of manifests.
    """

    exclude: tuple[str, ...] = ()
    follow_links: bool = True
    limits: Limits = field(default_factory=Limits)
    columns: Columns = field(default_factory=Columns)

    def manifests(self, ignored: Ignored) -> ManifestOptions:
        """How manifests are read where these rules hold."""
        return ManifestOptions(self.limits, ignored, self.columns, self.follow_links)


def crawl(
    corpus: Path,
    options: CrawlOptions | None = None,
    *,
    known: Mapping[str, str] | None = None,
    unread: Unread | None = None,
) -> Iterator[Source | Skipped]:
    """Yield the documents of ``corpus`` and the files that can't become any, in the same order every time.

    ``known``: path -> stamp of documents that are indexed already; of one that is unchanged the sidecars are
    not read again, so that it comes without captions, title and fields. ``unread`` is told what is passed over.
    Raises UsageError at once when the corpus does not exist, or is one file of an unknown kind.
    """
    options = options or CrawlOptions()
    unread = unread or Unread()
    corpus = Path(corpus)
    ignored = exclude_rules(options.exclude)
    try:
        mode = os.stat(corpus).st_mode
        if stat.S_ISDIR(mode):
            os.scandir(corpus).close()  # an unreadable corpus is not an empty one
    except OSError as error:
        raise UsageError(f"{corpus}: {os_reason(error)}") from error
    if stat.S_ISDIR(mode):
        return _Walk(corpus, options, known or {}, unread).walk(ignored)
    suffix = corpus.suffix.lower()
    if kind := special_kind(mode):
        raise UsageError(f"{corpus}: {kind}")
    if suffix in MANIFEST_SUFFIXES:
        try:
            return read_manifest(corpus, "", corpus.parent, options.manifests(ignored))
        except Exception as error:
            raise UsageError(f"{corpus}: {fault_of(error)}") from error
    if suffix not in suffixes_read() | suffixes_of_missing_extras():
        raise UsageError(f"{corpus}: not a folder, a picture, a text file, or a manifest (.jsonl, .csv)")
    return _Walk(corpus.parent, options, known or {}, unread).one_file(corpus.name)


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str  # for the system
    name: str  # in the corpus: "" or "a/b/"
    ignored: Ignored


class _Walk:
    """One crawl of a folder: its options, and the links to folders that were followed."""

    def __init__(self, root: Path, options: CrawlOptions, known: Mapping[str, str], unread: Unread) -> None:
        self.root, self.options, self.known, self.unread = str(root), options, known, unread
        self.real_root = os.path.realpath(self.root)
        self.followed: set[str] = set()
        self.documents = suffixes_read()
        self.suffixes = self.documents | set(SIDECAR_SUFFIXES) | SUBTITLE_SUFFIXES

    def walk(self, ignored: Ignored) -> Iterator[Source | Skipped]:
        """The whole tree, by a stack: folders nest deeper than Python may recurse."""
        stack: list[Iterator[Source | Skipped | _Folder]] = [iter([_Folder(self.root, "", ignored)])]
        while stack:
            for found in stack[-1]:
                if isinstance(found, _Folder):
                    stack.append(self._guarded(found))
                    break
                yield found
            else:
                stack.pop()

    def _guarded(self, folder: _Folder) -> Iterator[Source | Skipped | _Folder]:
        """What lies in one folder; whatever goes wrong there costs no other."""
        try:
            yield from self._list(folder)
        except Exception as error:
            yield Skipped(folder.name or ".", fault_of(error), below=folder.name)

    def one_file(self, name: str) -> Iterator[Source | Skipped]:
        """Just this file of the folder, with its sidecars."""
        with os.scandir(self.root) as listing:
            entries = {entry.name: entry for entry in listing}
        sidecars = () if _suffix(name) in SIDECAR_SUFFIXES else _sidecars(entries).get(name, ())
        mine = [entries[sidecar] for sidecar in sidecars]
        followed = [entry for entry in mine if self.options.follow_links or not entry.is_symlink()]
        yield from self._file("", entries[name], followed)

    def _list(self, folder: _Folder) -> Iterator[Source | Skipped | _Folder]:
        try:
            with os.scandir(folder.path) as listing:
                entries = list(listing)
        except OSError as error:
            yield Skipped(folder.name or ".", os_reason(error))
            return
        names = {entry.name for entry in entries}
        if names >= _OWN_INDEX:
            return
        if IGNORE_FILE in names:
            try:
                ignored = folder.ignored.within(folder.name, Path(folder.path, IGNORE_FILE))
                folder = _Folder(folder.path, folder.name, ignored)
            except Exception as error:
                yield Skipped(folder.name + IGNORE_FILE, fault_of(error))
        if manifest := self._manifest(entries):
            named: set[str] = set()
            try:
                path, how = Path(folder.path, manifest), self.options.manifests(folder.ignored)
                records = read_manifest(path, folder.name, Path(self.root), how, named)
            except Exception as error:
                name = folder.name + manifest  # its files are found all the same, but not what has none
                yield Skipped(name, fault_of(error), below=f"{name}#")
            else:
                yield from records
                count_unnamed(folder.path, folder.name, manifest, named, folder.ignored, self.unread)
                return
        yield from self._contents(folder, entries)

    def _manifest(self, entries: Iterable[os.DirEntry[str]]) -> str | None:
        """The manifest of a folder; one that a symbolic link shows is none where links are not followed."""
        follow = self.options.follow_links
        return manifest_name({entry.name for entry in entries if follow or not entry.is_symlink()})

    def _contents(
        self, folder: _Folder, entries: list[os.DirEntry[str]]
    ) -> Iterator[Source | Skipped | _Folder]:
        """Files and folders in the plain order of whole paths ("a.jpg" comes before "a/b.jpg")."""
        chosen: dict[str, os.DirEntry[str]] = {}
        passed_over: list[os.DirEntry[str]] = []
        ignored, prefix = folder.ignored, folder.name
        for entry in entries:
            name = entry.name
            if is_hidden(name):
                continue
            kind = self._kind(entry, _suffix(name))
            if not ignored.nothing and ignored(prefix + name + (kind or "")):
                continue
            if kind is None:
                passed_over.append(entry)
            else:
                chosen[name + kind] = entry
        for entry in sorted(passed_over, key=lambda one: one.name):
            self._pass_over(prefix, entry)
        names = sorted(chosen)
        sidecars = _sidecars(names)
        claimed = {name for mine in sidecars.values() for name in mine}
        for name in names:
            entry = chosen[name]
            if not name.isascii() and not is_utf8(name):
                yield Skipped(printable(prefix + name), "its name is not valid UTF-8")
            elif name.endswith("/"):
                if not entry.is_symlink() or self._leads_elsewhere(entry.path):
                    yield _Folder(entry.path, prefix + name, ignored)
            elif name in claimed:
                continue
            elif _suffix(name) == ".json" or _suffix(name) in SUBTITLE_SUFFIXES:
                self._pass_over(prefix, entry)
            else:
                mine = [chosen[sidecar] for sidecar in sidecars.get(name, ())]
                yield from self._file(prefix, entry, mine)

    def _pass_over(self, prefix: str, entry: os.DirEntry[str]) -> None:
        """Count a file that is not read."""
        if entry.is_symlink() and not self.options.follow_links:
            self.unread.add(prefix + entry.name, LINK)
        else:
            self.unread.pass_over(prefix + entry.name, entry.path, _suffix(entry.name))

    def _kind(self, entry: os.DirEntry[str], suffix: str) -> str | None:
        """ "/" for a folder, "" for a file that may be a document or belong to one, None for anything else.

        What is neither folder nor file and has no suffix (a broken link, a FIFO) may be meant as a document.
        """
        if entry.is_symlink() and not self.options.follow_links:
            return None
        try:
            if entry.is_dir():
                return "/"
            return "" if suffix in self.suffixes or (not suffix and not entry.is_file()) else None
        except OSError:  # a link to itself
            return "" if suffix in self.suffixes or not suffix else None

    def _leads_elsewhere(self, link: str) -> bool:
        """Whether a link to a folder shows what is not found otherwise: no loops, each target once."""
        target, root = os.path.realpath(link), self.real_root
        if target in self.followed or f"{root}/".startswith(f"{target.rstrip('/')}/"):
            return False
        if target.startswith(f"{root}/") and not any(map(is_hidden, target[len(root) + 1 :].split("/"))):
            return False
        self.followed.add(target)
        return True

    def _file(
        self, prefix: str, entry: os.DirEntry[str], sidecars: Sequence[os.DirEntry[str]]
    ) -> Iterator[Source | Skipped]:
        """The document of one picture or text file; sidecars that can't be read are left out, and told."""
        path, limits = prefix + entry.name, self.options.limits
        reader = reader_of(_suffix(path)) or TEXTS
        stamp, reason = _stamp(entry, reader.max_bytes(limits))
        if reason:
            yield Skipped(path, reason)
            return
        readable: list[Path] = []
        subtitles: list[Path] = []
        for sidecar in sidecars:
            other, reason = _stamp(sidecar, limits.max_text_bytes)
            if not reason:
                stamp += ";" + other
                found = subtitles if _suffix(sidecar.name) in SUBTITLE_SUFFIXES else readable
                found.append(Path(sidecar.path))
            elif reason != "empty file":
                yield Skipped(prefix + sidecar.name, reason)
        file = Path(entry.path)
        source = Source(path, stamp, subtitles=tuple(subtitles), **{role_of(reader): file})  # type: ignore[arg-type]
        if readable and self.known.get(path) != stamp:
            yield from self._annotated(prefix, source, readable)
        else:
            yield source

    def _annotated(self, prefix: str, bare: Source, sidecars: Iterable[Path]) -> Iterator[Source | Skipped]:
        annotations = []
        for sidecar in sidecars:
            try:
                annotations.append(read_sidecar(sidecar, self.options.limits))
            except Exception as error:
                yield Skipped(prefix + sidecar.name, fault_of(error))
        merged = merge(annotations)
        record = merged.record
        yield replace(
            bare,
            text=merged.text,
            captions=record.captions,
            title=record.title,
            body=record.body,
            fields=record.fields,
            supplements=record.supplements,
        )


def _suffix(name: str) -> str:
    """As ``os.path.splitext`` has it, in lower case; half of a crawl's time would be spent in that."""
    stem, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() if stem else ""


def _sidecars(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The sidecars of each picture, and the subtitles of each film and recording, that has any, among the files of one
    folder."""
    found: dict[str, tuple[str, ...]] = {}
    if candidates := [name for name in names if name.lower().endswith(SIDECAR_SUFFIXES)]:
        found |= assign_sidecars((name for name in names if _suffix(name) in PICTURE_SUFFIXES), candidates)
    if candidates := [name for name in names if _suffix(name) in SUBTITLE_SUFFIXES]:
        heard = FILMS.suffixes | SOUNDS.suffixes
        found |= assign_subtitles((name for name in names if _suffix(name) in heard), candidates)
    return found


def _stamp(entry: os.DirEntry[str], max_bytes: int) -> tuple[str, str | None]:
    """(stamp, None), or ("", why the file can't be read)."""
    try:
        status = entry.stat()
    except FileNotFoundError:
        return "", "a broken symbolic link" if entry.is_symlink() else "no such file"
    except OSError as error:
        return "", os_reason(error)
    if reason := status_reason(entry.path, status, max_bytes):
        return "", reason
    return file_stamp(status), None
