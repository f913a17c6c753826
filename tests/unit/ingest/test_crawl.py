"""A crawl finds every document once, in one order, and says of each other file why it can't be one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.errors import UsageError
from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.sources import Skipped, Source
from mmsearch.media.limits import Limits


def fill(folder: Path, *names: str) -> None:
    """Files of one byte; a crawl does not look into them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(corpus: Path, *exclude: str, follow_links: bool = True) -> list[str]:
    """The paths of the documents, after a check that nothing was skipped."""
    results = list(crawl(corpus, CrawlOptions(exclude=exclude, follow_links=follow_links)))
    assert [r for r in results if isinstance(r, Skipped)] == []
    return [r.path for r in results]


def skipped(corpus: Path, options: CrawlOptions | None = None) -> dict[str, str]:
    return {r.path: r.reason for r in crawl(corpus, options) if isinstance(r, Skipped)}


def test_pictures_and_texts_are_documents_and_other_files_are_nothing(corpus: Path) -> None:
    fill(
        corpus,
        "a.jpg",
        "b.PNG",
        "c.heic",
        "d.txt",
        "e.md",
        "f.HTML",
        "g.nef",
        "h.midi",
        "i.json",
        "README",
        "k.",
    )
    assert found(corpus) == ["a.jpg", "b.PNG", "c.heic", "d.txt", "e.md", "f.HTML", "g.nef"]
    results = [r for r in crawl(corpus) if isinstance(r, Source)]
    assert [(r.picture or r.text) for r in results] == [corpus / r.path for r in results]
    assert [r.picture is not None for r in results] == [True, True, True, False, False, False, True]


def test_the_order_is_that_of_whole_paths(corpus: Path) -> None:
    fill(corpus, "b/z.jpg", "b.jpg", "b-1.jpg", "b/a/x.jpg", "a/é.jpg", "a/e.jpg", "B.jpg", "c.jpg")
    paths = found(corpus)
    assert paths == sorted(paths)
    assert len(paths) == 8


def test_hidden_files_and_what_machines_leave_behind_are_not_looked_at(corpus: Path) -> None:
    fill(corpus, "a.jpg", ".b.jpg", "._a.jpg", ".git/c.jpg", "__MACOSX/d.jpg", "@eaDir/e.jpg", "x/.y/z.jpg")
    assert found(corpus) == ["a.jpg"]


def test_an_index_within_the_corpus_is_not_indexed(corpus: Path) -> None:
    fill(corpus, "a.jpg", "indexes/default/catalogue.sqlite", "indexes/default/manifest.json")
    fill(corpus, "indexes/default/thumbnails/1.jpg", "indexes/manifest.json", "indexes/b.jpg")
    assert found(corpus) == ["a.jpg", "indexes/b.jpg"]


def test_odd_names_are_kept_as_they_are(corpus: Path) -> None:
    names = [
        "a b.jpg",
        "new\nline.jpg",
        "q'\"`.jpg",
        "é.jpg",
        "e\u0301.jpg",
        "写真.jpg",
        "😀.jpg",
        "-x.jpg",
        "a#2.jpg",
    ]
    names += ["%41.jpg", "a\\b.jpg", "*.jpg", "[a].jpg", "\u202egpj.jpg", "a..jpg"]
    fill(corpus, *names)
    assert found(corpus) == sorted(names)


@settings(max_examples=60, deadline=None)
@given(
    st.sets(
        st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
    )
)
def test_any_name_is_found_whole(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    fill(folder, *(f"x{name}.jpg" for name in names))
    assert found(folder) == sorted(f"x{name}.jpg" for name in names)


def test_what_is_no_readable_file_is_skipped_with_one_reason(corpus: Path, as_other_user: None) -> None:
    fill(corpus, "good.jpg", "secret.jpg", "locked/a.jpg")
    (corpus / "secret.jpg").chmod(0)
    (corpus / "locked").chmod(0)
    (corpus / "empty.txt").touch()
    os.mkfifo(corpus / "fifo.jpg")
    os.mkfifo(corpus / "pipe")
    (corpus / "broken.jpg").symlink_to("nowhere.jpg")
    (corpus / "broken").symlink_to("nowhere")
    (corpus / "loop.jpg").symlink_to("loop.jpg")
    (corpus / "null.jpg").symlink_to("/dev/null")
    with open(os.fsencode(corpus) + b"/caf\xe9.jpg", "wb") as file:
        file.write(b"x")
    os.mkdir(os.fsencode(corpus) + b"/d\xff")
    before = Path.cwd()
    os.chdir(corpus)  # the name of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.png")
            assert skipped(corpus) == {
                "broken": "a broken symbolic link",
                "broken.jpg": "a broken symbolic link",
                "caf\\xe9.jpg": "its name is not valid UTF-8",
                "d\\xff/": "its name is not valid UTF-8",
                "empty.txt": "empty file",
                "fifo.jpg": "a FIFO, not a file",
                "locked/": "permission denied",
                "loop.jpg": "a symbolic link that leads back to itself",
                "null.jpg": "a device, not a file",
                "pipe": "a FIFO, not a file",
                "secret.jpg": "permission denied",
                "socket.png": "a socket, not a file",
            }
    finally:
        os.chdir(before)
        (corpus / "locked").chmod(0o700)
    assert [r.path for r in crawl(corpus) if isinstance(r, Source)] == ["good.jpg", "locked/a.jpg"]


def test_files_beyond_the_limits_are_skipped_unread(corpus: Path) -> None:
    (corpus / "a.jpg").write_bytes(bytes(11))
    (corpus / "b.txt").write_bytes(bytes(6))
    assert skipped(corpus, CrawlOptions(limits=Limits(max_bytes=10, max_text_bytes=5))) == {
        "a.jpg": "11 bytes, more than the limit of 10",
        "b.txt": "6 bytes, more than the limit of 5",
    }


def test_links_to_folders_are_followed_without_loops_and_without_doubles(corpus: Path) -> None:
    root, outside = corpus / "root", corpus / "outside"
    fill(root, "a/1.jpg", "a/b/2.jpg", ".hidden/4.jpg")
    fill(outside, "3.jpg", "in/5.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "above").symlink_to(corpus)
    (root / "again").symlink_to(root / "a" / "b")
    (root / "here").symlink_to(".")
    (root / "shown").symlink_to(root / ".hidden")
    (root / "out").symlink_to(outside)
    (root / "out2").symlink_to(outside)
    (outside / "back").symlink_to(root)
    (outside / "round").symlink_to(outside)
    assert found(root) == ["a/1.jpg", "a/b/2.jpg", "out/3.jpg", "out/in/5.jpg", "shown/4.jpg"]


def test_links_to_files_are_documents_unless_links_are_not_followed(corpus: Path) -> None:
    fill(corpus, "a/1.jpg")
    (corpus / "b.jpg").symlink_to(corpus / "a" / "1.jpg")
    (corpus / "c").symlink_to(corpus / "a" / "1.jpg")  # a link without a suffix is not a picture by name
    (corpus / "broken.jpg").symlink_to("nowhere")
    assert found(corpus, "broken.jpg") == ["a/1.jpg", "b.jpg"]
    assert found(corpus, follow_links=False) == ["a/1.jpg"]


def test_exclude_patterns_are_those_of_gitignore(corpus: Path) -> None:
    fill(corpus, "a.jpg", "a.gif", "drafts/b.jpg", "x/drafts/c.jpg", "x/top.jpg", "top.jpg", "y/keep.gif")
    assert found(corpus, "*.gif", "drafts/", "/top.jpg", "!keep.gif") == ["a.jpg", "x/top.jpg", "y/keep.gif"]


def test_ignore_files_hold_below_their_folder_and_the_inner_one_decides(corpus: Path) -> None:
    fill(
        corpus,
        "a.gif",
        "a.jpg",
        "in/b.gif",
        "in/b.jpg",
        "in/deep/c.gif",
        "out/d.gif",
        "out/e.jpg",
        "out/in/f.jpg",
    )
    (corpus / ".mmsearchignore").write_text("# pictures that move\n*.gif\n/out/in\n")
    (corpus / "in" / ".mmsearchignore").write_text("!b.gif\n/b.jpg\n")
    assert found(corpus) == ["a.jpg", "in/b.gif", "out/e.jpg"]


def test_a_folder_that_is_ignored_is_not_entered(corpus: Path) -> None:
    fill(corpus, "a.jpg", "private/b.jpg")
    (corpus / "private" / "records.jsonl").write_text("not JSON\n")
    (corpus / ".mmsearchignore").write_text("private/\n!private/b.jpg\n")
    assert found(corpus) == ["a.jpg"]


def test_exclude_overrules_ignore_files_and_an_empty_ignore_file_is_fine(corpus: Path) -> None:
    fill(corpus, "a.jpg", "b.gif", "in/c.gif")
    (corpus / ".mmsearchignore").write_text("!*.gif\n")
    (corpus / "in" / ".mmsearchignore").touch()
    assert found(corpus, "*.gif") == ["a.jpg"]


def test_an_ignore_file_that_is_no_text_is_told_and_the_rest_goes_on(corpus: Path) -> None:
    fill(corpus, "a.jpg")
    (corpus / ".mmsearchignore").write_bytes(bytes(100))
    assert skipped(corpus) == {".mmsearchignore": "binary data, not text"}


def test_a_stamp_changes_with_the_file_and_only_then(corpus: Path) -> None:
    def stamp() -> str:
        (source,) = crawl(corpus)
        assert isinstance(source, Source)
        return source.stamp

    fill(corpus, "a.jpg")
    first = stamp()
    assert stamp() == first
    os.utime(corpus / "a.jpg", ns=(1, 1))
    second = stamp()
    (corpus / "copy").write_bytes(b"x")
    os.utime(corpus / "copy", ns=(1, 1))
    (corpus / "copy").replace(corpus / "a.jpg")
    assert len({first, second, stamp()}) == 3


def test_one_file_is_a_corpus_with_its_sidecars(corpus: Path) -> None:
    fill(corpus, "a.jpg", "b.jpg", "c.txt")
    (corpus / "a.json").write_text(json.dumps({"caption": "A cat", "year": 1999}))
    (source,) = crawl(corpus / "a.jpg")
    assert isinstance(source, Source)
    assert (source.path, source.picture, source.captions) == ("a.jpg", corpus / "a.jpg", ("A cat",))
    assert source.fields == {"year": 1999}
    assert [s.path for s in crawl(corpus / "c.txt")] == ["c.txt"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "no such file"),
        ("a.midi", "not a folder, a picture, a text file, or a manifest"),
        ("fifo.jpg", "a FIFO, not a file"),
        ("table.csv", "without a column named path"),
    ],
)
def test_a_corpus_that_can_not_be_one_is_refused_at_once(corpus: Path, name: str, message: str) -> None:
    fill(corpus, "a.midi", "table.csv")
    os.mkfifo(corpus / "fifo.jpg")
    with pytest.raises(UsageError, match=message):
        crawl(corpus / name)


def test_a_folder_that_can_not_be_read_is_no_empty_corpus(corpus: Path, as_other_user: None) -> None:
    closed = corpus / "closed"
    closed.mkdir(0)
    with pytest.raises(UsageError, match="permission denied"):
        crawl(closed)


def test_an_empty_folder_is_an_empty_corpus(corpus: Path) -> None:
    assert list(crawl(corpus)) == []


def test_folders_may_nest_deeper_than_python_recurses(corpus: Path) -> None:
    depth = sys.getrecursionlimit() + 50
    before = Path.cwd()
    os.chdir(corpus)
    try:
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
        Path("deep.jpg").write_bytes(b"x")
    finally:
        os.chdir(before)
    try:
        assert found(corpus) == ["d/" * depth + "deep.jpg"]
    finally:
        subprocess.run(["rm", "-rf", corpus / "d"], check=True)  # Python's own way recurses


def test_a_crawl_asks_little_of_the_system(corpus: Path) -> None:
    """2,000 files take about 30 ms; a question more for each, or an import of numpy, would show."""
    fill(corpus, *(f"{n % 20}/{n}.jpg" for n in range(2000)))
    started = time.process_time()
    assert len(found(corpus)) == 2000
    assert time.process_time() - started < 0.5


def test_crawling_loads_neither_numpy_nor_pil(corpus: Path) -> None:
    fill(corpus, "a.jpg")
    (corpus / "a.json").write_text('{"caption": "A cat"}')
    check = (
        "import sys; from pathlib import Path; from mmsearch.ingest.crawl import crawl; "
        "assert len(list(crawl(Path(sys.argv[1])))) == 1; assert not {'numpy', 'PIL', 'pathspec'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check, corpus], check=True)


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), ZeroDivisionError(), UnicodeError("x")])
@pytest.mark.parametrize("reader", ["read_sidecar", "read_manifest", "assign_sidecars"])
def test_whatever_a_reader_raises_costs_its_file_or_folder_only(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reader: str
) -> None:
    fill(corpus, "a/a.jpg", "b/b.jpg", "b/metadata.csv", "c.jpg", "c.json", "z/z.jpg")

    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(f"mmsearch.ingest.crawl.{reader}", failing)
    results = list(crawl(corpus))
    expected = {
        "read_sidecar": (["a/a.jpg", "b/b.jpg", "c.jpg", "z/z.jpg"], {"b/metadata.csv", "c.json"}),
        "read_manifest": (["a/a.jpg", "b/b.jpg", "c.jpg", "z/z.jpg"], {"b/metadata.csv", "c.json"}),
        "assign_sidecars": ([], {"."}),
    }
    documents, told = expected[reader]
    assert [one.path for one in results if isinstance(one, Source)] == documents
    assert {one.path for one in results if isinstance(one, Skipped)} == told


@pytest.mark.parametrize("written", ["Zürich*", "Zu\u0308rich*"])
def test_patterns_and_names_may_be_in_different_normal_forms(corpus: Path, written: str) -> None:
    fill(corpus, "Zürich.jpg", "Zu\u0308rich-alt.jpg", "Bern.jpg")
    assert found(corpus, written) == ["Bern.jpg"]
    (corpus / ".mmsearchignore").write_text(written)
    assert found(corpus) == ["Bern.jpg"]
