"""An enrichment run: what was not looked at yet, newest first, in batches that are durable one by one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mmsearch.ingest.decoding.decoding import Draft
from mmsearch.ingest.decoding.vectors import VectorWriter, encode_texts
from mmsearch.ingest.sources import Skipped
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.enrichment import Finding
from mmsearch.store.catalogue.values import NewItem
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.enrich.enricher import Enricher, Found, Look, Subject
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import Ids

BATCH = 32  # subjects whose findings are encoded and written together
_DOCUMENTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class EnrichReport:
    """What a run did: contents ``looked_at``, texts ``found`` in them, contents that had been ``known``, which could
    not be looked at, and how much was too doubtful to be kept."""

    looked_at: int
    found: int
    known: int
    skipped: tuple[Skipped, ...] = ()
    left_out: int = 0


def enrich(
    directory: IndexDirectory,
    encoder: Encoder,
    enricher: Enricher,
    *,
    among: Ids | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EnrichReport:
    """Look at what ``enricher`` has not looked at yet in the documents of the items ``among`` (None: in all).

    The caller holds the write lock. A killed run loses one batch; the next goes on where it ended. ``progress`` is
    told how many contents were looked at, of how many.
    """
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        enrichment = enricher.enrichment
        known = catalogue.enriched_keys(enrichment)
        writer = VectorWriter(directory, catalogue, encoder)
        subjects, before = _subjects(catalogue, enricher, known, among)
        looked_at = found = left_out = 0
        skipped: list[Skipped] = []
        looks = enricher.look(subjects)
        while batch := list(islice(looks, BATCH)):
            skipped += [Skipped(look.subject.path, look.fault) for look in batch if look.fault is not None]
            seen = [look for look in batch if look.fault is None]
            found += _write(seen, enricher, catalogue, encoder, writer)
            looked_at += len(batch)
            left_out += sum(look.left_out for look in seen)
            if progress is not None:
                progress(looked_at, len(subjects))
        if enricher.is_whole and among is None:
            catalogue.forget_other_versions(enrichment)
        catalogue.tidy()
    return EnrichReport(looked_at - len(skipped), found, before, tuple(skipped), left_out)


def complete(catalogue: Catalogue, encoder: Encoder, writer: VectorWriter) -> None:
    """Give what enrichments have found the vectors of an encoder that came later."""
    while some := catalogue.findings_without_vectors(writer.encoder_id, "text", _DOCUMENTS_AT_ONCE):
        if "text" not in encoder.modalities:
            return
        drafts = [_draft(text) for _, text in some]
        encode_texts(drafts, encoder, writer.encoder_id, catalogue)
        checksums = writer.append(drafts)
        catalogue.put_vectors([_item(draft) for draft in drafts], writer.encoder_id, checksums)
        writer.recorded()


def _subjects(
    catalogue: Catalogue, enricher: Enricher, known: set[bytes], among: Ids | None
) -> tuple[list[Subject], int]:
    """What is to be looked at, each content once, the newest documents first; and how many are known."""
    documents = catalogue.newest_documents(among)
    keys = catalogue.document_keys()
    wanted: dict[bytes, Subject] = {}
    before: set[bytes] = set()
    for start in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        some = documents[start : start + _DOCUMENTS_AT_ONCE]
        items = catalogue.own_items(some)
        for number in some:
            for subject in enricher.subjects(items.get(number, []), keys.get(number)):
                if subject.key in known:
                    before.add(subject.key)
                else:
                    wanted.setdefault(subject.key, subject)
    return list(wanted.values()), len(before)


def _write(
    looks: Sequence[Look], enricher: Enricher, catalogue: Catalogue, encoder: Encoder, writer: VectorWriter
) -> int:
    """One durable step; how many texts were found."""
    drafts = [[(found, _draft(found.text, found)) for found in look.found] for look in looks]
    flat = [draft for some in drafts for _, draft in some]
    encode_texts(flat, encoder, writer.encoder_id, catalogue)
    checksums = writer.append(flat)
    found = {
        look.subject.key: [Finding(_item(draft), one.detail) for one, draft in some]
        for look, some in zip(looks, drafts, strict=True)
    }
    catalogue.put_findings(enricher.enrichment, found, writer.encoder_id, checksums)
    writer.recorded()
    return len(flat)


def _draft(text: str, found: Found | None = None) -> Draft:
    place = Locator() if found is None else found.place
    return Draft("text", place, hashlib.sha256(text.encode()).digest(), text)


def _item(draft: Draft) -> NewItem:
    return NewItem(draft.modality, draft.locator, draft.key, draft.text, draft.row)
