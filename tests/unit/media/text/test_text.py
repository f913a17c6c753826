"""Text files in any encoding become text with offsets that mean something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.records import stated_fields
from mmsearch.media.limits import Limits
from mmsearch.media.text.encoding import decode_text, detect_encoding
from mmsearch.media.text.text import TEXT_SUFFIXES, parse_text, read_text
from tests.unit.media.old_texts import TEXTS
from tests.unit.media.sample_pictures import corners, encoded

GERMAN = "Über den Wäldern liegt der Nebel. Die Straße führt nach Süden, größer als zuvor. " * 4
RUSSIAN = (
    "В чащах юга жил бы цитрус? Да, но фальшивый экземпляр! Съешь ещё этих мягких французских булок. " * 4
)
CHINESE = "一个穿红衣服的女孩站在雪地里，她笑着说今天真冷，然后跑回了家。你看见那两只狗了吗？" * 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_in_every_form(encoding: str) -> None:
    text = "Straße, naïve, 日本.\r\nSecond line.\n" + "Western text " * 30
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"), [(GERMAN, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (CHINESE, "gb18030")]
)
def test_older_encodings_are_detected(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", list(TEXTS))
def test_short_texts_are_told_by_their_language(encoding: str) -> None:
    wrong = {text: read for text in TEXTS[encoding] if (read := decode_text(text.encode(encoding))) != text}
    assert wrong == {}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read_in_every_language(encoding: str) -> None:
    texts = [text for listed in TEXTS.values() for text in listed if len(text) > 2] + [CHINESE]
    wrong = {text: read for text in texts if (read := decode_text(text.encode(encoding))) != text}
    assert wrong == {}
    assert decode_text("Hi".encode(encoding)) == "Hi"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=3, max_size=60))
def test_english_in_utf16_without_a_mark_is_read_in_either_order(text: str) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decode_text(text.encode(encoding)) == text


@given(st.sampled_from([(e, t) for e, listed in TEXTS.items() for t in listed]), st.integers(2, 6))
def test_more_of_the_same_text_is_read_alike(sample: tuple[str, str], times: int) -> None:
    encoding, text = sample
    assert decode_text(f"{text}\r\n".encode(encoding) * times) == f"{text}\r\n" * times


@pytest.mark.parametrize("end", [b"\x1a", b"\x1a\x1a\x1a", b"\x1a" + bytes(100), bytes(3)])
@pytest.mark.parametrize("text", ["A walrus on the ice.\r\n", "Größere Äpfel für Mädchen\r\n"])
def test_what_ends_a_file_of_dos_is_no_part_of_its_text(text: str, end: bytes) -> None:
    for encoding in ("ascii", "utf-8", "cp1252", "cp850"):
        if encoding != "ascii" or text.isascii():
            assert decode_text(text.encode(encoding) + end) == text
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert decode_text((text + "\x1a").encode(encoding)) == text
        assert decode_text(text.encode(encoding) + b"\x1a") == text


def test_a_stray_zero_is_a_blank() -> None:
    text = "It was a dark and stormy night. " * 20
    assert decode_text(text.encode() + b"\0" + text.encode()) == f"{text} {text}"


def test_sounds_and_random_bytes_are_no_utf16() -> None:
    noise = np.random.default_rng(0)
    for scale in (3, 300, 30_000):
        sound = (scale * noise.standard_normal(4_000)).astype("<i2").tobytes()
        with pytest.raises(MediaError, match="binary data"):
            decode_text(sound)


def test_an_encoding_is_told_by_the_first_part_that_is_not_ascii() -> None:
    for plain in (20_000, 1_000):
        for german, encoding in ((GERMAN, "cp1252"), ("Příliš žluťoučký kůň. " * 4, "cp1250")):
            text = "plain letters " * plain + german + "more plain letters " * plain
            assert decode_text(text.encode(encoding)) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    assert decode_text(text.encode()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 8,
        b"\x7fELF\x02\x01\x01\0" + bytes(200),
        encoded(corners(), "PNG"),
        encoded(corners(), "JPEG"),
    ],
    ids=["all bytes", "program", "PNG", "JPEG"],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(MediaError, match="binary data, not text"):
        decode_text(data)
    with pytest.raises(MediaError, match="binary data, not text"):
        detect_encoding(data)


def test_a_stray_form_feed_or_escape_does_not_make_text_binary() -> None:
    text = "\x0cChapter 1\x1b[0m\n" + "It was a dark and stormy night. " * 20
    assert decode_text(text.encode()) == text


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_text_or_a_reason(data: bytes) -> None:
    try:
        text = decode_text(data)
    except MediaError as error:
        text = str(error)
    text.encode("utf-8")  # nothing that the index can't store


def test_a_mark_that_lies_is_told_with_the_place() -> None:
    with pytest.raises(MediaError, match="damaged UTF-16 text at byte"):
        decode_text(b"\xff\xfea\0b\0\x00\xd8")


def test_markdown_is_the_text_that_a_reader_sees() -> None:
    source = """# The *sea*

Waves, says [the **keeper**](https://example.org/x_y), are `high`; see ![a lighthouse at night](l.png).
Not a_name_with_marks, 2 * 3 or 5 \\* 6.

- one
- [ ] two

| a | b |
|---|---|
| 1 | 2 |

> quoted &amp; said

Under
-----

<div hidden>no</div>A <b>bold</b> word.<!-- no -->

```python
# no heading
x = [1](2)
```

[ref]: https://example.org
"""
    file = parse_text(source.encode(), ".md")
    assert file.title == "The sea"
    assert [part.strip() for part in file.text.split("\n\n")] == [
        "The sea",
        "Waves, says the keeper, are high; see a lighthouse at night . Not a_name_with_marks, 2 * 3 or 5 * 6.",
        "one",
        "two",
        "a b",
        "1 2",
        "quoted & said",
        "Under",
        "A bold word.",
        "# no heading\nx = [1](2)",
    ]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("+++\ntitle = 'Toml'\n+++\nBody\n", "Toml"),
        ("---\nauthor: A\n---\n\n# The heading #\n\nBody", "The heading"),
        ("Intro\n\n## Second level\n\n# First\n", "First"),
        ("Intro\n\nUnderlined\n==========\n", "Underlined"),
        ("---\n\nA rule above, and no front matter.\n", None),
        ("---\r\ntitle: Windows\r\n---\r\nBody\r\n", "Windows"),
        ("---\ntitle: The Sea: a story\n---\nBody", "The Sea: a story"),
        ("---\ntitle: >-\n  Folded title\n  about badgers\n---\nBody", "Folded title about badgers"),
        ("---\ntitle: |\n  Two\n  lines\n---\nBody", "Two lines"),
        ("---\ntitle: Plain otters # draft\n---\nBody", "Plain otters"),
        ("---\nTITLE: 'It''s'\n...\nBody", "It's"),
        ("---\ntitle: 1984\n---\nBody", "1984"),
        ("```bash\n# install\n```\n\n# Real\n", "Real"),
        ("~~~\n# no\n~~~\n\n    # no\n\nText", None),
        ("<!--\n# no\n-->\n\n# Yes", "Yes"),
        ("No title at all.", None),
    ],
)
def test_the_title_of_markdown_is_stated_or_the_first_heading(source: str, title: str | None) -> None:
    assert parse_text(source.encode(), ".MD").title == title


@pytest.mark.parametrize(
    "first",
    [
        "\nThe first paragraph tells of weasels.\n",
        "Weasels are small.\n",
        "Weasels\n",
        "\nNote: weasels bite.\n",
        "To whom it may concern: weasels bite.\n",
        "Some weasels\nand more: of them\n",
        "- weasels\n- otters\n",
        "> weasels: small\n",
    ],
)
def test_text_between_two_rules_is_text(first: str) -> None:
    file = parse_text(f"---\n{first}---\n\nSecond paragraph.\n".encode(), ".md")
    assert "easels" in file.text
    assert file.text.rstrip().endswith("Second paragraph.")
    assert file.properties == {}


def test_what_front_matter_states_is_kept_and_not_its_text() -> None:
    source = """---
title: Otters
date: 2019-07-04
author: Ada Lovelace
tags: [river, "night life"]
keywords: fur, water
categories:
  - animals
  - 007
draft: true
rating: 4
empty:
nested: {a: b}
---
Body.
"""
    file = parse_text(source.encode(), ".md")
    assert (file.text, file.title) == ("Body.", "Otters")
    assert stated_fields(file.properties) == {
        "date": "2019-07-04",
        "author": "Ada Lovelace",
        "tags": "river; night life",
        "keywords": "fur; water",
        "categories": "animals; 007",
        "draft": True,
        "rating": 4,
    }
    toml = "+++\ndate = 2019-07-04T06:30:00Z\ntags = ['a', 'b']\n[extra]\nx = 1\n+++\nBody.\n"
    assert stated_fields(parse_text(toml.encode(), ".md").properties) == {
        "date": "2019-07-04T06:30:00+00:00",
        "tags": "a; b",
    }


@pytest.mark.parametrize(
    "front",
    [
        "a: " + "[" * 5000,
        "a: &a [" + "*a, " * 500 + "]",
        "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*a, *a]\n" for n in "bcdefghij"),
        "? [a, b]\n: c",
        "a: !!python/object/apply:os.system [ls]",
        "a: " + "x" * 100_000,
        "".join(f"k{n}: v\n" for n in range(5000)),
        "a: *b",
        "<<: {a: b}",
        "\x07: bell",
    ],
    ids=[
        "nested",
        "itself",
        "laughs",
        "strange key",
        "python",
        "long",
        "many",
        "unknown",
        "merge",
        "control",
    ],
)
def test_hostile_front_matter_costs_nothing_but_itself(front: str) -> None:
    file = parse_text(f"---\n{front}\n---\n{'A line. ' * 40}\n\nBody.\n".encode(), ".md")
    assert file.text.endswith("Body.")
    assert len(stated_fields(file.properties)) <= 100


@settings(max_examples=100, deadline=None)
@given(st.text("ab:#-= \n[]{}\"'>|&*!`~<\t", max_size=120))
def test_any_markdown_gives_text_or_a_reason(source: str) -> None:
    try:
        file = parse_text(f"---\n{source}".encode(), ".md")
    except MediaError:
        return
    assert all(name and value != "" for name, value in stated_fields(file.properties).items())


@pytest.mark.parametrize(
    "source",
    ["[" * 50_000, "*a_ " * 20_000, "![[]()" * 20_000, "`" * 30_001, "<!" * 30_000, "- " * 20_000,
     "[a](" * 30_000, "|a" * 30_000, "&" * 50_000, "a**b" * 20_000, "[^1]: x\n" * 10_000],
)  # fmt: skip
def test_markdown_made_to_stall_is_read(source: str) -> None:
    parse_text(f"Text.\n\n{source}".encode(), ".md")


PAGE = """<!doctype html><html><head><meta charset="{charset}"><title> The  Caf\u00e9 </title>
<style>p {{ color: red }}</style><script>var a = "<p>no</p>";</script></head>
<body><nav><ul><li>Home</li><li>About</li></ul></nav>
<h1>Men\u00fc</h1><p>A <b>bold</b>, <i>new</i>
   start.<br>Second&nbsp;line &amp; more.</p><!-- not shown --><template><p>no</p></template>
<pre>  keeps
    its   lines</pre><table><tr><td>one</td><td>two</td></tr></table></body></html>"""


def test_html_shows_what_a_browser_shows() -> None:
    file = parse_text(PAGE.format(charset="utf-8").encode(), ".html")
    assert file.title == "The Café"
    assert file.text.split("\n\n") == [
        "Home",
        "About",
        "Menü",
        "A bold, new start.\nSecond line & more.",
        "  keeps\n    its   lines",
        "one two",
    ]


def test_html_is_read_in_the_encoding_that_it_declares() -> None:
    page = PAGE.format(charset="iso-8859-2").encode("iso-8859-2")
    assert parse_text(page, ".htm").title == "The Café"
    wrong = PAGE.format(charset="no-such-thing").encode()
    assert parse_text(wrong, ".htm").title == "The Café"


def test_the_first_heading_is_the_title_of_html_without_one() -> None:
    assert parse_text(b"<h1>On <em>Dogs</em></h1><p>Text", ".html").title == "On Dogs"
    assert parse_text(b"<p>Text", ".html").title is None


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>no</p>",
        '<div hidden="hidden"><p>no</p></div>',
        '<p style="color: red; DISPLAY : none">no</p>',
        '<p style="visibility:hidden">no</p>',
        '<span style="display:none !important">no</span>',
        '<p style="font-size:0">no</p>',
        '<p style="opacity: 0.0;">no</p>',
        "<dialog>no</dialog>",
        "<template><p>no</p></template>",
        "<script>no</script><style>no</style><noscript>no</noscript>",
        "<!-- no --><textarea>no</textarea><select><option>no</select>",
        "<video>no</video><object>no</object>",
        '<p hidden><img alt="no"></p>',
    ],
)
def test_what_html_hides_is_not_read(hidden: str) -> None:
    page = f"<h1 hidden>no</h1><p>before</p>{hidden}<p>after</p>"
    file = parse_text(page.encode(), ".html")
    assert (file.text.split(), file.title) == (["before", "after"], None)


@pytest.mark.parametrize(
    "shown",
    [
        '<p hidden="until-found">yes</p>',
        '<p style="opacity:0.5">yes</p>',
        '<p style="display:inline">yes</p>',
        '<p style="font-size: 0.8em">yes</p>',
        "<dialog open>yes</dialog>",
        "<details><summary>yes</summary></details>",
        '<span aria-hidden="true">yes</span>',
        '<img src="x.png" alt="yes">',
        '<a href="x"><img alt="  yes  "></a>',
    ],
)
def test_what_html_shows_is_read(shown: str) -> None:
    assert parse_text(f"<p>before</p>{shown}<p>after</p>".encode(), ".html").text.split() == [
        "before",
        "yes",
        "after",
    ]


def test_the_picture_in_a_heading_is_a_title_too() -> None:
    assert parse_text(b'<h1><img alt="The Daily News"></h1><p>Text', ".html").title == "The Daily News"


def test_a_page_nested_deeply_is_read() -> None:
    for depth in (400, 200_000):
        page = b"<div>" * depth + b"deep" + b"</div>" * depth + b"<script>no</script><p>flat"
        assert parse_text(page, ".html").text == "deep\n\nflat"
    assert parse_text(b"> " * 100_000 + b"quoted", ".md").text == "quoted"


MARKUP = ("<p>", "</p>", "<pre>", "</pre>", "<br>", "<td>", "a", "<", "&amp", "ß", "\0", "\v", " ", "\n\n")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(MARKUP)))
def test_any_markup_gives_text_or_a_reason(parts: list[str]) -> None:
    try:
        text = parse_text("".join(parts).encode(), ".html").text
    except MediaError:
        return
    assert text == text.strip("\n")
    assert "\0" not in text


def test_a_text_without_words_is_refused(tmp_path: Path) -> None:
    for name, content in (
        ("a.txt", b" \n\t"),
        ("b.html", b"<p></p><script>x</script>"),
        ("c.md", b"---\ntitle: T\n---\n"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(MediaError, match="no text in it"):
            read_text(path)
    (tmp_path / "d.txt").touch()
    with pytest.raises(MediaError, match="empty file"):
        read_text(tmp_path / "d.txt")


def test_the_limit_of_a_text_file_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("x" * 101)
    with pytest.raises(MediaError, match="101 bytes, more than the limit of 100"):
        read_text(path, Limits(max_text_bytes=100))


def test_suffixes_are_lower_case_with_their_dot() -> None:
    assert {".txt", ".md", ".html"} <= TEXT_SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in TEXT_SUFFIXES)
