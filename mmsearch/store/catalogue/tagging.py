"""Fields that mmsearch gives to documents itself (tags), beside those that a corpus brings along.

They lie among the other fields, so that filters, facets and words see them; ``state`` remembers their names, so
that no field of a corpus is ever overwritten. Functions on an open database, inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.store.catalogue.fields import field_rows
from mmsearch.store.catalogue.select import DOCUMENT_COLUMNS, spellings
from mmsearch.store.catalogue.values import json_ids
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words.grams import joined_grams

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mmsearch.store.catalogue.database import Database

_GIVEN = "given field "  # with the field's name behind it: a row of ``state``
_RESERVED = (*DOCUMENT_COLUMNS, "modality")  # filters take these for something else
_DOCUMENTS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A document's given fields by name, and the contents of its items at that time."""

    document_id: int
    fields: Mapping[str, str]
    contents: frozenset[int]


def given_fields(database: Database) -> list[str]:
    """The names of the fields that ``set_field`` has written, sorted."""
    query = "SELECT name FROM state WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name"
    return [row[0].removeprefix(_GIVEN) for row in database.rows(query, (_GIVEN,))]


def check_name(name: str, known: Sequence[str], given: Sequence[str]) -> None:
    """UsageError unless ``name`` can be given: it is none of the corpus's own fields."""
    if not name.strip() or name != name.strip() or name.casefold() in _RESERVED:
        raise UsageError(f"a field can't be called {name!r}: choose a name other than {', '.join(_RESERVED)}")
    if foreign := [other for other in spellings(name, known) if other not in given]:
        raise UsageError(
            f"the field {foreign[0]!r} comes from the corpus itself and is not overwritten: choose another name"
        )


def set_field(database: Database, known: Sequence[str], name: str, values: Mapping[int, str | None]) -> int:
    """As Catalogue.set_field says; ``known`` are the names of all fields."""
    check_name(name, known, given_fields(database))
    numbers = sorted(values)
    changed = 0
    for start in range(0, len(numbers), _DOCUMENTS_AT_ONCE):
        some = numbers[start : start + _DOCUMENTS_AT_ONCE]
        changed += _set_some(database, name, {number: values[number] for number in some})
    database.connection.execute("INSERT OR IGNORE INTO state VALUES (?, 1)", (_GIVEN + name,))
    return changed


def keep(database: Database, document_ids: Sequence[int]) -> list[Kept]:
    """The given fields of documents that are about to be stored anew."""
    names = given_fields(database)
    if not names or not document_ids:
        return []
    query = f"""
        SELECT document_id, name, text FROM fields
        WHERE kind <> 'part' AND name IN ({", ".join("?" * len(names))})
        AND document_id IN (SELECT value FROM json_each(?)) ORDER BY id
    """
    fields: dict[int, dict[str, str]] = defaultdict(dict)
    for number, name, text in database.rows(query, (*names, json_ids(document_ids))):
        fields[number][name] = text
    contents = _contents(database, list(fields))
    return [Kept(number, found, contents[number]) for number, found in fields.items()]


def restore(database: Database, kept: Iterable[Kept]) -> None:
    """Give documents that were stored anew their fields back, where all their items are what they were.

    A tag says what is seen in a picture or read in a text: another picture has lost it, until the first comes back.
    A field that the corpus brings along by now wins. Between ``wordindex.forget`` and ``wordindex.learn``, as the
    storing itself.
    """
    kept = list(kept)
    contents = _contents(database, [one.document_id for one in kept])
    same = [one for one in kept if contents[one.document_id] == one.contents]
    set_aside(database, [one for one in kept if contents[one.document_id] != one.contents])
    _give(database, {one.document_id: one.fields for one in same})


def set_aside(database: Database, kept: Iterable[Kept]) -> None:
    """Remember the fields of documents that leave, or change, by what these consisted of."""
    kept = list(kept)
    if not kept:
        return
    numbers = json_ids([one.document_id for one in kept])
    query = "SELECT id, corpus_id, path FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    places = {number: place for number, *place in database.rows(query, (numbers,))}
    digests = _digests(database, {one.document_id: one.contents for one in kept})
    database.connection.executemany(
        "INSERT OR REPLACE INTO departed (corpus_id, path, contents, name, text) VALUES (?, ?, ?, ?, ?)",
        [
            (*places[one.document_id], digests[one.document_id], name, text)
            for one in kept
            for name, text in one.fields.items()
        ],
    )


def welcome_back(database: Database, document_ids: Sequence[int]) -> None:
    """Give documents the fields that were set aside for what they consist of.

    Those of the same path first, and these are remembered no more; otherwise those of equal content that lay
    elsewhere. As `restore`, between ``wordindex.forget`` and ``wordindex.learn``.
    """
    if not database.rows("SELECT 1 FROM departed LIMIT 1"):
        return
    digests = _digests(database, _contents(database, document_ids))
    query = "SELECT id, corpus_id, path FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    fields: dict[int, dict[str, str]] = {}
    back: list[int] = []
    for number, *place in database.rows(query, (json_ids(document_ids),)):
        rows = database.rows(
            "SELECT id, corpus_id, path, name, text FROM departed WHERE contents = ? ORDER BY id",
            (digests[number],),
        )
        own = [row for row in rows if list(row[1:3]) == place]
        back += [row[0] for row in own]
        for *_, name, text in own or rows:
            fields.setdefault(number, {})[name] = text
    _give(database, fields)
    database.connection.execute(
        "DELETE FROM departed WHERE id IN (SELECT value FROM json_each(?))", (json_ids(back),)
    )


def _give(database: Database, fields: Mapping[int, Mapping[str, str]]) -> None:
    """Insert given fields by document, except where the document has one of that name."""
    present = _present(database, list(fields))
    for number, given in fields.items():
        taken = {name.casefold() for name in present[number]}
        for name, text in given.items():
            if name.casefold() not in taken:
                _insert(database, name, {number: text})
    _update_grams(database, list(fields))


def _set_some(database: Database, name: str, values: Mapping[int, str | None]) -> int:
    listed = json_ids(list(values))
    there = database.rows("SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))", (listed,))
    query = """
        SELECT document_id, text FROM fields
        WHERE name = ? AND kind <> 'part' AND document_id IN (SELECT value FROM json_each(?))
    """
    present: dict[int, str] = dict(database.rows(query, (name, listed)))
    changed = {number: values[number] or None for (number,) in there}
    changed = {number: value for number, value in changed.items() if present.get(number) != value}
    if not changed:
        return 0
    numbers = list(changed)
    wordindex.forget(database, numbers)  # first, because it reads what the words are made of now
    database.connection.execute(
        "DELETE FROM fields WHERE name = ? AND document_id IN (SELECT value FROM json_each(?))",
        (name, json_ids(numbers)),
    )
    _insert(database, name, {number: value for number, value in changed.items() if value is not None})
    _update_grams(database, numbers)
    wordindex.learn(database, numbers)
    return len(changed)


def _insert(database: Database, name: str, values: Mapping[int, str]) -> None:
    database.connection.executemany(
        "INSERT INTO fields (document_id, name, kind, text, folded, number) VALUES (?, ?, ?, ?, ?, ?)",
        [(number, *row) for number, value in values.items() for row in field_rows(name, value)],
    )


def _update_grams(database: Database, document_ids: Sequence[int]) -> None:
    """What a document's Chinese, Japanese and Korean is found by, made of its title, path and fields."""
    listed = json_ids(document_ids)
    texts: dict[int, list[str]] = defaultdict(list)
    query = """
        SELECT document_id, text FROM fields
        WHERE kind IN ('text', 'list') AND document_id IN (SELECT value FROM json_each(?)) ORDER BY id
    """
    for number, text in database.rows(query, (listed,)):
        texts[number].append(text)
    rows = database.rows(
        "SELECT id, title, path, grams FROM documents WHERE id IN (SELECT value FROM json_each(?))", (listed,)
    )
    grams = [(joined_grams([title, path, *texts[number]]), number, old) for number, title, path, old in rows]
    database.connection.executemany(
        "UPDATE documents SET grams = ? WHERE id = ?",
        [(new, number) for new, number, old in grams if new != old],
    )


def _contents(database: Database, document_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {number: set() for number in document_ids}
    query = """
        SELECT document_id, content_id FROM items
        WHERE finding_id IS NULL AND document_id IN (SELECT value FROM json_each(?))
    """
    for number, content in database.rows(query, (json_ids(document_ids),)):
        found[number].add(content)
    return {number: frozenset(contents) for number, contents in found.items()}


def _digests(database: Database, contents: Mapping[int, frozenset[int]]) -> dict[int, bytes]:
    """What each document consists of, in 32 bytes that outlive it: of the keys of its contents."""
    every = {content for some in contents.values() for content in some}
    query = "SELECT id, key FROM contents WHERE id IN (SELECT value FROM json_each(?))"
    keys: dict[int, bytes] = dict(database.rows(query, (json_ids(sorted(every)),)))
    return {
        number: hashlib.sha256(b"".join(sorted(keys[content] for content in some))).digest()
        for number, some in contents.items()
    }


def _present(database: Database, document_ids: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {number: set() for number in document_ids}
    query = "SELECT document_id, name FROM fields WHERE document_id IN (SELECT value FROM json_each(?))"
    for number, name in database.rows(query, (json_ids(document_ids),)):
        found[number].add(name)
    return found
