"""What an index holds, as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from mmsearch.library.overview import Overview


def overview_as_json(overview: Overview) -> dict[str, Any]:
    """What ``mmsearch stats --json`` prints."""
    now, records = overview.statistics, overview.encoders
    return {
        "version": VERSION,
        "index": str(overview.index),
        "documents": now.documents,
        "items": dict(now.items),
        "vectors": [
            {
                "encoder": name,
                "modality": modality,
                "rows": rows,
                "dimensions": records[name].dimension,
                "precision": records[name].precision,
            }
            for (name, modality), rows in sorted(now.vectors.items())
        ],
        "tombstones": now.tombstones,
        "unreadable": dict(now.unreadable),
        "bytes": overview.size,
        "thumbnails": {"files": overview.thumbnails.files, "bytes": overview.thumbnails.bytes},
        "enrichments": [
            {
                "kind": one.enrichment.kind,
                "model": one.enrichment.model,
                "version": one.enrichment.version,
                "contents": one.contents,
                "findings": one.findings,
                "items": one.items,
            }
            for one in overview.enrichments
        ],
        "generation": now.generation,
        "corpora": [corpus.root for corpus in now.corpora],
        "weights": None if overview.learned is None else overview.learned.to_record(),
        "fields": {
            name: {"kind": info.kind, "documents": info.documents, "examples": list(info.examples)}
            for name, info in overview.fields.items()
        },
    }
