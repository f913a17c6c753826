"""The command line, as people and as programs use it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.recording.request import COFFEE, SHOES, Request, command


def commands() -> Iterator[Request]:
    """The command, as people and as programs use it."""
    for words in (
        ("a tabby cat", "--modality", "image", "-k", "1"), ("green tea", "-k", "1", "--explain"),
        ("penguins in Antarctica",), ("penguins in Antarctica", "-k", "3"), ("green tea", "--tsv"),
        ("animals", "--paths", "--cutoff", "100"), ("--image", COFFEE, "--modality", "text", "--json"),
        ("coffee -spoon", "--json", "--explain"), ("something", "--minus", "a cat", "--exclude", "coffee", "--json"),
        ("--item", "#7", "--tsv"), ("eine Katze", "--tsv", "--group", "item"),
        ("tea", "--fusion", "rrf", "--json"), ("tea", "--weights", "words=0,text->image=2", "--json"),
    ):  # fmt: skip
        yield command("demo", "query", *words)
    for words in (
        ("shoes", "--where", "year >= 2012", "--facet", "gender,year", "--sort", "-year", "-k", "3"),
        ("shoes", "--facet", "season", "--offset", "2", "-k", "2", "--json"), ("bag", "--cutoff", "3", "--paths"),
        ("watch", "--rerank", "exact", "--rerank-depth", "5", "--tsv"), ("gender:Women year>2014", "--tsv"),
    ):  # fmt: skip
        yield command("products", "query", *words)
    yield command("house", "query", "tea", "--all", "--context", "1", "-k", "4")
    yield command("house", "query", "一只狗", "--path", "notes/*", "--json")
    asked = '{"text": "a cat", "where": "year >= 1991", "k": 3, "cutoff": null, "facets": ["creator"], "explain": true}'
    yield command("house", "query", "--json-query", "-", "--json", stdin=asked.encode())
    yield command("house", "query", "--json-query", "-", "-k", "1", stdin=asked.encode())
    yield command("tuned", "query", "black watches", "--weights", "default", "--tsv")
    yield command("demo", "ask", "how long does the guarantee last?", "-k", "1")
    yield command("demo", "ask", "how long does the guarantee last?", "--json")
    yield command("house", "ask", "what do penguins eat?", "--anyway", "--context", "2", "--json")
    yield command("demo", "ask", "what do penguins eat?")
    yield command(
        "demo", "recommend", "--like", "photos/photo-04.png", "--dislike", "#30", "--json", "--explain"
    )
    yield command("house", "recommend", "--like", "photo-05.png", "--profile", "ada", "--explain", "-k", "4")
    yield command("house", "recommend", "--profile", "ada", "--dislike", "#9", "--tsv")
    yield command("house", "recommend", "--profile", "ada", "--method", "best", "--json")
    yield command("house", "recommend", "--profile", "ada", "--forget")
    yield command("products", "recommend", "--like", f"./{SHOES}", "--diverse", "0.3", "--paths")
    for words in (("show", "photo-04.png"), ("show", "#12", "--json"), ("stats", "--json"), ("check",)):
        yield command("house", *words)
    yield command("tuned", "stats")
    for words in (("duplicates",), ("duplicates", "--exact", "--tsv"), ("duplicates", "--json")):
        yield command("house", *words)
    labels = b"cat, kitten, tabby cat\ncoffee = espresso\nbicycle\n"
    yield command("demo", "tag", "--labels", "-", "--dry-run", stdin=labels)
    yield command("demo", "tag", "--labels", "-", "--dry-run", "--single", "--json", stdin=labels)
    judged = ("--qrels", "products/judged.qrels", "--queries", "products/queries.tsv")
    yield command("products", "tune", *judged, "--dry-run", "--json")
    measured = ("--sample", "40", "--task", "mixed", "--json")
    yield command("", "evaluate", "textbooks/textbook-photo-test", *measured)
    yield command("", "encoder", "show", "pocket", "--json")


def mistaken_commands() -> Iterator[Request]:
    """What it refuses: with which status, in which words."""
    yield command("demo", "query", "a cat", "--json", "--tsv")
    yield command("demo", "query", "a cat", "--item", "twelve")
    yield command("demo", "query", "year >", "--where", "year >")
    yield command("demo", "query", "--json-query", "-", stdin=b'{"text": "cat", "limit": 3}')
    yield command("demo", "show", "nowhere.png")
    yield command("", "query", "a cat", "--index", "nowhere.index")
