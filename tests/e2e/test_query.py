"""The query command: pages, facets, copies, context, JSON queries, pictures from a server and in the terminal."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import mmsearch

Command = Callable[..., subprocess.CompletedProcess[str]]

GUIDE = (
    "# Repairing a motorbike\n\n"
    + "Take the motorbike off the road and let the engine cool down for half an hour. The oil is hot. " * 3
    + "\n\nUnscrew the filter with a strap wrench and wipe the seat clean. Drain the oil into a pan. " * 3
    + "\n\nPut fresh oil on the gasket of the new filter and fill up to the upper mark of the glass. " * 3
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Path:
    folder = tmp_path_factory.mktemp("query") / "corpus"
    folder.mkdir()
    rows = []
    for name, title, year in (
        ("coffee.png", "Espresso in a white cup", 2018),
        ("chelsea.png", "Portrait of Chelsea", 2019),
        ("rocket.jpg", "Launch of a Falcon", 2015),
        ("motorcycle_left.png", "IMG_20180704_garage", 2018),
    ):
        shutil.copyfile(photographs / name, folder / name)
        rows.append({"path": name, "title": title, "year": year, "creator": "Ada" if year == 2018 else "Bo"})
    shutil.copyfile(photographs / "chelsea.png", folder / "again.png")
    rows.append({"path": "again.png", "year": 2019, "creator": "Bo"})
    (folder / "guide.md").write_text(GUIDE, encoding="utf-8")
    (folder / "zh.txt").write_text("一只狗在海滩上奔跑，孩子们在旁边玩。\n", encoding="utf-8")
    rows += [{"path": "guide.md", "creator": "Ada"}, {"path": "zh.txt", "creator": "Wu"}]
    manifest = folder / "records.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    directory = tmp_path_factory.mktemp("indexes") / "query"
    mmsearch.index(corpus, directory).close()
    return directory


@pytest.fixture
def query(command: Command, index: Path) -> Callable[..., Any]:
    """Asks, and gives back what was printed, as a value if it was asked for as JSON."""

    def ask(*arguments: str | Path, stdin: bytes | None = None) -> Any:
        finished = command("query", *arguments, "--index", index, stdin=stdin)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout) if "--json" in arguments else finished.stdout

    return ask


def test_pages_follow_one_another_and_say_where_they_end(query: Callable[..., Any]) -> None:
    whole = query("something", "-k", "6", "--json")["hits"]
    second = query("something", "-k", "2", "--offset", "2", "--json")
    assert [hit["rank"] for hit in second["hits"]] == [3, 4]
    assert [hit["item_id"] for hit in second["hits"]] == [hit["item_id"] for hit in whole[2:4]]
    assert second["offset"] == 2
    printed = query("creator:Bo", "-k", "1")
    assert printed.splitlines()[-1] == "1–1 of 2; --offset 1 shows the next"
    assert query("creator:Bo", "--offset", "9").strip() == "No more hits: there are 2."
    assert "of 2" not in query("creator:Bo")


def test_facets_are_counted_over_all_that_matches(query: Callable[..., Any]) -> None:
    found = query("year>=2015", "-k", "1", "--facet", "creator,year", "--json")
    assert found["facets"]["creator"] == [
        {"value": "Bo", "documents": 3},
        {"value": "Ada", "documents": 2},
    ]
    assert {entry["value"] for entry in found["facets"]["year"]} == {2015, 2018, 2019}
    printed = query("year>=2015", "-k", "1", "--facet", "creator", "--facet", "year")
    assert "creator  Bo 3 · Ada 2" in printed


def test_copies_are_shown_once_unless_all_are_asked_for(query: Callable[..., Any]) -> None:
    once = query("a cat", "--modality", "image", "--json")["hits"]
    cats = [hit for hit in once if hit["path"] in ("chelsea.png", "again.png")]
    assert [hit["copies"] for hit in cats] == [1]
    every = query("a cat", "--modality", "image", "--all", "--json")["hits"]
    assert len(every) == len(once) + 1
    assert "+1 copy" in query("a cat", "--modality", "image")


def test_hits_can_be_sorted_and_show_by_what(query: Callable[..., Any]) -> None:
    found = query("year>=2015", "--sort", "-year", "--all", "--json")["hits"]
    assert [hit["fields"]["year"] for hit in found] == [2019, 2019, 2018, 2018, 2015]
    lines = query("year>=2015", "--sort", "year").splitlines()
    assert [line.rsplit("  ", 1)[1] for line in lines[:1]] == ["2015"]


def test_context_brings_the_passages_around(query: Callable[..., Any]) -> None:
    [hit] = query("strap wrench", "-k", "1", "--context", "1", "--group", "item", "--json")["hits"]
    assert "strap wrench" in hit["text"]
    assert hit["before"] or hit["after"]
    printed = query("strap wrench", "-k", "1", "--context", "1", "--group", "item")
    for passage in [*hit["before"], *hit["after"]]:
        assert " ".join(passage["text"].split())[:60] in printed


def test_more_like_an_item_and_none_of_something(query: Callable[..., Any]) -> None:
    [cup] = query("Espresso in a white cup", "-k", "1", "--modality", "image", "--json")["hits"]
    for written in (str(cup["item_id"]), f"#{cup['item_id']}"):
        found = query("--item", written, "--json")
        assert cup["document_id"] not in {hit["document_id"] for hit in found["hits"]}
        assert found["query"] == f"#{cup['item_id']}"
    excluded = query("motorbike", "--exclude", "oil", "--json")
    assert excluded["query"] == "motorbike"
    assert "guide.md" not in {hit["path"] for hit in excluded["hits"]}


def test_a_query_in_json_is_the_same_as_flags(query: Callable[..., Any], tmp_path: Path) -> None:
    request = {"text": "a cat", "where": "year >= 2015", "k": 2, "facets": ["creator"], "cutoff": None}
    flags = query("a cat", "--where", "year >= 2015", "-k", "2", "--facet", "creator", "--json")
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request))
    for found in (
        query("--json-query", file, "--json"),
        query("--json-query", "-", "--json", stdin=json.dumps(request).encode()),
    ):
        for name in ("hits", "facets", "total"):
            assert found[name] == flags[name]
    # what is given beside it goes before
    assert len(query("--json-query", file, "-k", "1", "--json")["hits"]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--json-query", "nowhere.json"), "the query nowhere.json can't be read: No such file"),
        (("a", "--item", "twelve"), "--item is the number of an item"),
        (("a", "--sort", "size"), "no document has a field 'size'"),
        (("a", "--facet", "size"), "no document has a field 'size'"),
        (("a", "--context", "-1"), "at least 0"),
        (("a", "--offset", "-1"), "offset at least 0"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(
    command: Command, index: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    finished = command("query", *arguments, "--index", index)
    assert finished.returncode == 2
    assert complaint in finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1


def test_a_query_in_json_reads_no_files_that_its_text_names(
    query: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    picture = photographs / "coffee.png"
    text = query(f"@{picture}", "-k", "1", "--json")
    assert text["hits"][0]["path"] == "coffee.png"
    asked = json.dumps({"text": f"@{picture}", "cutoff": None, "explain": True}).encode()
    found = query("--json-query", "-", "--json", stdin=asked)
    assert found["notes"] == [
        f"@{picture} is taken as text: pictures that a text names are read only where that is allowed"
    ]
    channels = {reason["channel"] for hit in found["hits"] for reason in hit["explanation"]}
    assert not [channel for channel in channels if "image→" in channel]
    # what is given beside it is the user's own
    beside = json.dumps({"image": str(picture), "k": 3}).encode()
    assert query("--json-query", "-", "--minus", f"@{picture}", "--json", stdin=beside)["notes"] == []
    named = json.dumps({"image": str(picture), "minus": [{"image": str(picture)}], "cutoff": None}).encode()
    assert query("--json-query", "-", "--json", stdin=named)["query"] == f"@{picture} -@{picture}"


def test_a_json_query_that_is_none_is_one_line(command: Command, index: Path) -> None:
    finished = command("query", "--json-query", "-", "--index", index, stdin=b'{"txt": 1}')
    assert finished.returncode == 2
    assert finished.stderr == "mmsearch: search takes no 'txt'; did you mean 'text'?\n"


def test_an_exact_name_goes_before_what_merely_resembles_it(query: Callable[..., Any]) -> None:
    for name, path in (
        ("Portrait of Chelsea", "chelsea.png"),
        ("launch of a falcon", "rocket.jpg"),
        ("IMG_20180704_garage", "motorcycle_left.png"),
        ("again", "again.png"),
    ):
        [hit] = query(name, "-k", "1", "--explain", "--all", "--json")["hits"]
        assert hit["path"] == path
        assert "name" in {reason["channel"] for reason in hit["explanation"]}


def test_pieces_of_names_and_chinese_are_found_by_words(query: Callable[..., Any]) -> None:
    for text, path in (
        ("IMG_2018", "motorcycle_left.png"),
        ("hotograp", None),
        ("海滩", "zh.txt"),
        ("spress", "coffee.png"),
    ):
        found = query(text, "-k", "3", "--json")
        words = [
            hit["path"]
            for hit in query(text, "-k", "9", "--explain", "--json")["hits"]
            if "words" in {reason["channel"] for reason in hit["explanation"]}
        ]
        assert words == ([] if path is None else [path])
        assert path is None or path in {hit["path"] for hit in found["hits"]}
    [hit] = query("一只狗在海滩上奔跑", "-k", "1", "--json")["hits"]
    assert hit["path"] == "zh.txt"
    start, end = hit["snippet"]["highlights"][0]
    assert hit["snippet"]["text"][start:end] == "一只狗在海滩上奔跑"


@pytest.fixture
def server(photographs: Path) -> Iterator[str]:
    """The address of a server that has one photograph, x.png."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = (photographs / "coffee.png").read_bytes() if self.path == "/x.png" else b""
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_a_picture_on_a_server_is_a_query(query: Callable[..., Any], server: str) -> None:
    for arguments in (("--image", f"{server}/x.png"), (f"{server}/x.png",)):
        found = query(*arguments, "--allow-private", "-k", "1", "--json")
        assert found["hits"][0]["path"] == "coffee.png"


def test_a_picture_that_the_server_lacks_is_one_line(command: Command, index: Path, server: str) -> None:
    finished = command("query", "--image", f"{server}/y.png", "--index", index)
    assert "127.0.0.1 is no public address: such are fetched only with --allow-private" in finished.stderr
    finished = command("query", "--image", f"{server}/y.png", "--allow-private", "--index", index)
    assert finished.returncode != 0
    assert finished.stderr.strip() == f"mmsearch: {server}/y.png: the server answered 404 Not Found"


def test_thumbnails_are_shown_below_pictures(query: Callable[..., Any]) -> None:
    printed = query("a cup of coffee", "--modality", "image", "-k", "1", "--thumbnails", "always")
    start = printed.index("\x1b_G")
    control, payload = printed[start + 3 :].split(";", 1)
    assert control.startswith("a=T,f=100,")
    first = payload.split("\x1b\\", 1)[0]
    assert base64.b64decode(first).startswith(b"\x89PNG")
    assert printed[:start].splitlines()[0].split()[2] == "coffee.png"
    for when in ("never", "auto"):  # a pipe is no terminal
        assert "\x1b_G" not in query("coffee", "--modality", "image", "-k", "1", "--thumbnails", when)


def test_guesses_stand_below_a_line_and_never_in_a_pipe(query: Callable[..., Any]) -> None:
    asked = ("purple zeppelins", "--modality", "image", "--cutoff", "1e-9")
    found = query(*asked, "--json")
    assert found["nothing_matches"]
    assert found["total"] == 0
    assert all(hit["beyond_chance"] for hit in found["hits"])
    assert len(found["hits"]) == 4
    printed = query(*asked).splitlines()
    verdict = printed.index("Nothing in this index matches.")
    assert printed[verdict + 1].startswith("below this line: guesses")
    assert [line.split()[0] for line in printed[verdict + 2 : -1]] == ["1", "2", "3"]
    assert printed[-1] == "--offset 3 shows more guesses, --strict hides them"
    assert len(query(*asked, "-k", "4").splitlines()) == verdict + 6
    assert query(*asked, "--strict").splitlines() == printed[: verdict + 1]
    assert query(*asked, "--paths") == ""
    rows = query(*asked, "--tsv", "--fields", "path,beyond_chance")
    assert [line.split("\t")[1] for line in rows.splitlines()] == ["beyond_chance", *["true"] * 4]
