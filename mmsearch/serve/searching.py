"""A search from its fields to its answer in JSON, whatever way the fields came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.search.search import search as run_search
from mmsearch.serve.asked import asked_of, cursor_at, refuse_stale
from mmsearch.serve.shown import results_as_shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.library.reading import Reading
    from mmsearch.serve.asked import Asked
    from mmsearch.serve.service import Service


async def searched(service: Service, given: Mapping[str, Any]) -> bytes:
    """The answer to the search that the fields ``given`` ask for; raises as `asked_of` and the search do."""
    if "cursor" in given:
        refuse_stale(given["cursor"], service.state())
    return await answered(service, asked_of(given, service))


async def answered(service: Service, asked: Asked) -> bytes:
    """The answer to what was ``asked``: a remembered one, or made in one of the threads that search."""
    most = service.settings.most_values

    def found(index: Reading) -> dict[str, Any]:
        results = run_search(asked.request, index, learned=index.learned_weights)
        shown = results_as_shown(
            results, index.catalogue, text=asked.text, explain=asked.explain, most_values=most
        )
        end = asked.request.offset + asked.request.k
        shown["cursor"] = cursor_at(results.generation, asked.name, end) if results.more else None
        return shown

    return await service.answered(("search", asked.key), lambda: service.library.read(found))
