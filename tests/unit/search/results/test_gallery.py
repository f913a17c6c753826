from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.search.request import SearchRequest
from mmsearch.search.results.gallery import fragment, page
from mmsearch.search.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.search.index.protocol import SearchIndex


def test_what_comes_from_files_is_escaped(build: Callable[[list[Any]], SearchIndex], doc: Any) -> None:
    index = build([doc("<b>.txt", passages=["<script>alert(1)</script> tea"], title="<i>tea</i>")])
    results = search(SearchRequest("tea", cutoff=None), index)
    for html in (fragment(results), page("<u>", [("<s>", results)]), results._repr_html_()):
        for sign in ("<script>", "<i>", "<u>", "<s>"):
            assert sign not in html
        assert "&lt;i&gt;tea" in html or "&lt;script&gt;" in html


def test_a_list_of_hits_is_shown_best_first(pictures: SearchIndex) -> None:
    hits = search(SearchRequest("a red dog", k=3, modality="text", cutoff=None), pictures).hits
    html = fragment(hits)
    assert html.count("<figure>") == 3
    assert html.index("<b>1</b>") < html.index("<b>2</b>") < html.index("<b>3</b>")


def test_a_line_stands_between_matches_and_guesses(pictures: SearchIndex) -> None:
    results = search(SearchRequest("a red dog", k=60, cutoff=1e-3), pictures)
    html = fragment(results)
    assert results.matches
    assert results.guesses
    above, below = html.split("below this line: guesses")
    assert above.count("<figure>") == len(results.matches)
    assert below.count('<figure class="mmsearch-guess">') == len(results.guesses)
    assert "Nothing in this index matches" not in html
    none = fragment(search(SearchRequest("purple zeppelins", k=2), pictures))
    assert none.index("Nothing in this index matches") < none.index("below this line") < none.index("<figure")


def test_nothing_found_is_said() -> None:
    assert "Nothing in this index matches" in fragment([])
