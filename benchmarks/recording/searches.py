"""Searches: every argument, on each of the corpora."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from benchmarks.recording.request import (
    CAT,
    COFFEE,
    MOON,
    PAGE,
    SCENE,
    SHOES,
    InMemory,
    Letters,
    Request,
    search,
)


def searches() -> Iterator[Request]:
    """All of them."""
    yield from _texts()
    yield from _mixtures()
    yield from _filters()
    yield from _orders()
    yield from _fusions()


def _texts() -> Iterator[Request]:
    """What the query language can say."""
    for text in (
        "a tabby cat", "green tea", "how do I get my money back?", "a night sky full of stars", "2:coffee 0.5:spoon",
        '"green tea"', "photo* street", "something round -coffee", "something round -(a cup of coffee)",
        "an animal NOT cat", 'tea NOT "the kettle"', "(a cat) +a horse", "a picture without people", "\\without end",
        "penguins in Antarctica", "qqxzv wvvkj", "otorcycl", "IMG_20", "12:30", "一只猫", "天上的星星 没有人",
        "eine Katze", "ein Motorrad -Hund", "une tasse de café", "コーヒー", "Blut im Auge", "the", "photo-04",
        "texts/kitchen",
    ):  # fmt: skip
        yield search("demo", text)
    for text in (
        "rotes Fahrrad", "一只狗在海滩上", "图书馆", "chien plage", "Émile Zola", "emile zola", "李白",
        "Photograph no. 3", "un objet", "how long does the guarantee last", "whetstone", '"thirty seconds"',
        "brick wall -mortar", "Zürich",
    ):  # fmt: skip
        yield search("house", text, k=5)
    yield search("house", "a cat 0.3:@house/photos/photo-09.png", k=5, allow_files=True)
    for text in (
        "blue flip flops", "women black handbag", "a watch with a steel band -leather", "red NOT dress",
        "Puma Women Darsey Black Scarf", "sports shoes", "rote Schuhe", "黑色的手提包", "a dog on the beach",
        "perfume", "2:shirt 1:striped -0.5:blue", "adidas*", '"flip flops"', "something to wear at a wedding",
    ):  # fmt: skip
        yield search("products", text)
    for text in (
        "people on a crowded staircase", "a bar graph of voter turnout", "the population of the elderly",
        "Martin Luther King", "a map of the United States", "wheelchair in the forest", "the railways around Mumbai",
        "a form to change one's address", "What Is Sociology?", "Wähler an der Urne", "一群人在火车站", "a submarine",
        "graph -voters", "a diagram NOT (bar graph)", "politician giving a speech",
    ):  # fmt: skip
        yield search("textbooks", text)


def _mixtures() -> Iterator[Request]:
    """Pictures, items and words, in every form in which they can be given."""
    for form in ("bytes", "path", "picture", "vector"):
        yield search("demo", image=InMemory(CAT, form), k=4)
    yield search("demo", image=CAT)
    yield search("demo", image=COFFEE, modality="text")
    yield search("demo", image=[CAT, COFFEE], k=6, cutoff=None)
    yield search("demo", "at night", image=MOON)
    yield search("demo", f"@{CAT} -animal", cutoff=None, allow_files=True)
    yield search("demo", f"0.5:@{CAT} sleeping NOT @{COFFEE}", cutoff=None, allow_files=True)
    yield search("demo", item=1)
    yield search("demo", item=[2, 5], modality="image")
    yield search("demo", "#20 #21 -#3", cutoff=None)
    yield search(
        "demo", "a book", image=PAGE, minus=["coins", f"@{COFFEE}"], exclude="a person", allow_files=True
    )
    yield search(
        "demo", "something", minus="a cat", exclude=["coffee", f"@{MOON}"], cutoff=None, allow_files=True
    )
    yield search("demo", "animal", exclude=InMemory(CAT, "picture"), cutoff=None)
    yield search("house", "a cat", item=7, duplicates="show")
    yield search("house", image="house/altered/smaller.jpg", duplicates="show", group="item")
    yield search("products", image=SHOES)
    yield search("products", "black", image=SHOES, k=5)
    yield search("products", image=SHOES, minus="sandals", where='gender = "Women"')
    yield search("products", item=12, modality="image", k=20)
    yield search("products", "#30 less formal", cutoff=None, k=5)
    yield search("textbooks", image=SCENE)
    yield search("textbooks", image=SCENE, modality="text", group="item")
    yield search("textbooks", "a train station", image=SCENE, minus=["graph"])
    yield search("textbooks", item=[40, 41], exclude="a map")


def _filters() -> Iterator[Request]:
    """Every kind of condition, beside words and as an argument."""
    for where in (
        "year >= 2012", "year = 2011 and season = Fall", "year != 2011 and not gender = Men",
        "year between 2012 and 2015", "baseColour in (red, 'navy blue')",
        "baseColour not in (Black, White) and masterCategory = Footwear",
        "articleType ~ shoe", 'title ~ "women"', "modality = image", "path: images/1*", "season < Spring",
        "year < 2012 or (year > 2015 and usage = Casual)", "not (gender = Men or gender = Women)", "gender = nobody",
    ):  # fmt: skip
        yield search("products", "casual wear", where=where, k=4, cutoff=None)
    for where in (
        "keep = true", "rating > 2.25", "date between 1995-01-01 and 2001-12-31", "`date taken` > 2010",
        'creator = "émile zola"', "creator ~ 李", "rating = 1", "width >= 500 and keep = false", "year <= 1991",
    ):  # fmt: skip
        yield search("house", "a photograph", where=where, cutoff=None, k=4)
    for text in (
        "year:1995..1999", "year:..1993 thing", "keep=true (year<1993 OR year>2004) thing",
        'creator:"Ada Lovelace" -year>2000', "date:..1994-07", "modality:image path:photos/** light",
        "creator:(李白, nobody)", "NOT year>1990 coffee", "\\Re:Zero", "creator~love rating>=1.5",
    ):  # fmt: skip
        yield search("house", text, k=6)
    yield search("demo", "something", path="texts/help/*", cutoff=None)
    yield search(
        "demo", "something", path=["photos/**", "texts/space/*"], modality=["image", "text"], cutoff=None
    )
    yield search(
        "textbooks", "a graph", where="kind = drawing", path="textbook-drawing-test/**", modality="image"
    )
    yield search("textbooks", where="book = american-government and number < 4", k=20)
    yield search("textbooks", where="kind = photo", modality="image", group="item", k=5, offset=100)


def _orders() -> Iterator[Request]:
    """Pages, orders, groups, copies, counts, context, cutoffs."""
    for offset in (0, 3, 7, 40, 1000):
        yield search("products", "men's shoes", offset=offset, k=4, cutoff=20.0)
    for sort in ("relevance", "path", "-path", "title", "-year", "baseColour", "-season"):
        yield search("products", "black bag", sort=sort, k=6, cutoff=5.0)
    for sort in ("date", "-rating", "keep"):
        yield search("house", "thing", sort=sort, cutoff=None, k=12)
    yield search("products", "watch", facets=["gender", "year", "baseColour"], k=2)
    yield search("products", where="masterCategory = Apparel", facets=["season"], sort="-year", offset=5, k=3)
    yield search("house", where="year >= 1990", facets=["creator", "keep", "rating"], duplicates="show")
    yield search("textbooks", "voters", facets=["book", "kind"], modality="image")
    for group, duplicates in product(("document", "item"), ("collapse", "show")):
        yield search("house", "a cat", group=group, duplicates=duplicates, cutoff=None, k=8)
        yield search("house", "green tea", group=group, duplicates=duplicates)
        yield search("textbooks", "an election", group=group, duplicates=duplicates, k=5)
    for text in ("a cup of coffee", "a cat"):
        yield search("remembered", text, cutoff=None, k=8)
    yield search("remembered", image=COFFEE, duplicates="show", k=5)
    for context in (1, 2, 50):
        yield search("house", "clean the socket with a dry brush", group="item", context=context, k=3)
    for cutoff in (None, 0.001, 0.1, 0.6, 3, 1000.0):
        yield search("demo", "a bird", cutoff=cutoff)
        yield search("products", "a bird", cutoff=cutoff, k=3)
    yield search("demo", "a cat", k=1, explain=False)
    yield search("demo", "a cat", k=1000)


def _fusions() -> Iterator[Request]:
    """How channels are put together, weighed and read again, in every form that vectors are kept in."""
    for fusion in ("calibrated", "logodds", "rrf", "combsum", "combmnz"):
        yield search("demo", "green tea -kettle", fusion=fusion)
        yield search("products", "blue shoes", image=SHOES, fusion=fusion, k=5)
        yield search("textbooks", "a chart of voters NOT map", fusion=fusion, k=5)
    for weights in (
        {},
        {"words": 0.0, "name": 0.0},
        {"text→image": 2.5, "text→text": 0.5},
        {"pocket text→image": 0},
    ):
        yield search("textbooks", "people protesting in the street", weights=weights, k=5)
        yield search("tuned", "black watches", weights=weights, k=5)
    for text in ("black watches", "blue flip flops", "a striped shirt -red"):
        yield search("tuned", text, k=5)
    yield search("tuned", "black watches", fusion="rrf", k=5)
    for index in ("house-bits", "products-bytes"):
        for text in ("a cat", "red shoes -leather", "a watch"):
            yield search(index, text, k=5, cutoff=None)
            yield search(index, text, k=5, rerank="exact", cutoff=None)
        yield search(index, image=CAT, k=5)
        yield search(index, image=SHOES, rerank="exact", rerank_depth=3, k=2, offset=1)
    yield search("textbooks", "an election", rerank="exact", k=5)
    yield search("textbooks", "an election", rerank=Letters(), rerank_depth=8, k=6)
    yield search("house", "a cat", image=MOON, rerank=Letters(), offset=2, k=4, cutoff=None)
