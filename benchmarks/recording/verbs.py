"""What else a library does: recommend, answer, tag, find and count; what it refuses; what changes it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.recording.request import CAT, COFFEE, MOON, SHOES, InMemory, Request, command, search


def verbs() -> Iterator[Request]:
    """What leaves the index as it is."""
    yield from _recommendations()
    yield from _answers()
    yield from _other_verbs()


def _recommendations() -> Iterator[Request]:
    for method in ("average", "best", "per-document"):
        yield Request("products", "recommend", ([12, 40],), {"method": method, "k": 6})
        yield Request(
            "house", "recommend", ("photos/photo-04.png", "photos/photo-05.png"), {"method": method}
        )
        yield Request("textbooks", "recommend", (["#3", "#90"],), {"method": method, "dislike": 200, "k": 4})
    yield Request("house", "recommend", ("texts/kitchen/tea.txt",), {"modality": "text", "explain": False})
    yield Request("house", "recommend", ("copies/tea.txt",), {"duplicates": "show"})
    yield Request("remembered", "recommend", ("photos/photo-01.png",), {"modality": "image"})
    yield Request("demo", "recommend", (InMemory(CAT, "picture"),), {"path": "texts/**"})
    yield Request("demo", "recommend", (InMemory(CAT, "bytes"), InMemory(COFFEE, "vector")))
    yield Request("products", "recommend", (f"./{SHOES}",), {"where": "gender = Women", "k": 5})
    for diverse in (0.2, 1.0):
        yield Request("products", "recommend", ([12, 40],), {"diverse": diverse, "k": 8})


def _answers() -> Iterator[Request]:
    for question in (
        "how long does the guarantee last?", "when do I get my money back?", "how far away is the moon?",
        "what do penguins eat?", "wie lange gilt die Garantie?", "茶为什么苦？",
    ):  # fmt: skip
        yield Request("demo", "ask", (question,))
        yield Request("house", "ask", (question,), {"cutoff": None, "k": 2})
    yield Request("house", "ask", ("how do I bake bread?",), {"context": 0, "path": "notes/*"})
    yield Request("house", "ask", ("how do I bake bread?",), {"context": 2, "k": 5, "cutoff": 0.1})
    yield Request(
        "textbooks", "ask", ("how many people use the railways of Mumbai?",), {"where": "kind = photo"}
    )
    yield Request("textbooks", "ask", ("who votes?",), {"k": 4})


def _other_verbs() -> Iterator[Request]:
    labels = ["cat", "coffee", "bicycle", "a starry sky", "handbag", "shoe", "watch", "map"]
    yield Request("demo", "tag", (labels,))
    yield Request("demo", "tag", (labels,), {"cutoff": None, "single": True, "modality": "image"})
    yield Request("products", "tag", (labels,), {"cutoff": 0.5, "where": "masterCategory != Apparel"})
    yield Request("textbooks", "tag", (labels,), {"path": "textbook-drawing-test/**", "cutoff": 1.0})
    yield Request("house", "duplicates")
    yield Request("house", "duplicates", (), {"mirrored": True, "path": ["photos/*", "altered/*"]})
    yield Request("house", "duplicates", (), {"exact_only": True})
    yield Request("products", "duplicates", (), {"where": "masterCategory = Footwear"})
    for document in ("photos/photo-04.png", "photo-01.png", "#5", "nowhere.png"):
        yield Request("house", "find", (document,))
    for index, names in (("products", ("baseColour", "year")), ("house", ("date", "keep"))):
        yield from (Request(index, "facets", (name,)) for name in names)
    for index in ("house", "textbooks"):
        yield Request(index, "fields")
        yield Request(index, "statistics")
    yield Request("house", "neighbors", ("how bees dance", 1, 1))
    yield Request("house", "neighbors", ("a lawn", 1, 5))
    yield Request("demo", "learned weights")
    yield Request("tuned", "learned weights")
    yield Request(
        "demo", "embed", (["a cup of coffee", "一只猫", InMemory(CAT, "path"), InMemory(MOON, "picture")],)
    )


def mistakes() -> Iterator[Request]:
    """What can't be answered: which error says so, in which words."""
    for options in (
        {"k": 0}, {"offset": -1}, {"cutoff": 0}, {"cutoff": -2.0}, {"modality": "smell"}, {"group": "page"},
        {"duplicates": "hide"}, {"sort": "size"}, {"sort": ""}, {"facets": ["size"]}, {"fusion": "best"},
        {"weights": {"words": -1}}, {"weights": {"words": "many"}}, {"rerank": "magic"}, {"context": -1},
        {"rerank": "exact", "rerank_depth": 0}, {"rerank": "exact", "sort": "path"}, {"where": "year >"},
        {"where": "size = 3"}, {"item": 99999}, {"image": "nowhere.png"}, {"image": "demo/texts/kitchen/tea.txt"},
        {"minus": ""}, {"image": 3.5},
    ):  # fmt: skip
        yield search("demo", "a cat", **options)
    unreadable = (
        "",
        "-cat",
        "harbor (year>=1990 OR boat)",
        '"a cat',
        "(a cat",
        "()",
        "0:cat",
        "size:3 cat",
        "#99999",
    )
    for text in unreadable:
        yield search("demo", text)
    yield Request("demo", "recommend")
    yield Request("demo", "recommend", ("nowhere.png",))
    yield Request("house", "recommend", ("tea.txt",))
    yield Request("demo", "recommend", (1,), {"method": "worst"})
    yield Request("demo", "recommend", (1,), {"diverse": 2.0})
    yield Request("demo", "ask", (" ",))
    yield Request("demo", "ask", ("why?",), {"k": 0})
    yield Request("demo", "tag", ([],))
    yield Request("demo", "tag", (["cat", "Cat"],))
    yield Request("demo", "facets", ("size",))
    yield Request("demo", "duplicates", (), {"remember": True, "exact_only": True})


def tending() -> Iterator[Request]:
    """The index changes; answers follow."""
    yield command("", "index", "demo", "--index", "tended.index", "--json")
    yield search("tended", "tea")
    yield command("tended", "tag", "--labels", "-", "--json", stdin=b"cat\ncoffee = espresso\n")
    yield search("tended", "tags:coffee")
    yield Request("tended", "remove", (["texts/space/*", "photos/photo-04.png"],))
    yield search("tended", "the moon", cutoff=None, k=5)
    yield Request("tended", "statistics")
    yield Request("tended", "compact")
    yield search("tended", "a tabby cat", cutoff=None, k=5)
    yield command("", "index", "demo", "--exclude", "texts/kitchen/*", "--index", "tended.index", "--json")
    yield search("tended", "tea", cutoff=None, k=5)
