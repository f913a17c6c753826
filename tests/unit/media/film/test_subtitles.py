from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.errors import MediaError
from mmsearch.media.limits import Limits

pytest.importorskip("av", reason="needs the sound extra")
from mmsearch.media.film.subtitles import Caption, captions_beside, passages

SRT = (
    "1\r\n00:00:01,000 --> 00:00:04,500\r\n<i>Grüße</i> aus\r\ndem Leuchtturm.\r\n\r\n"
    "2\n00:01:01,000 --> 00:01:04,000\n{\\an8}Two gulls\n"
)
VTT = (
    "WEBVTT\n\nNOTE not said\n\n00:01.000 --> 00:04.500 align:start\n<v Ann>Grüße aus</v> dem <b>Leuchtturm</b>.\n\n"
    "01:01.000 --> 01:04.000\nTwo gulls\n"
)
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:04.50,Default,,0,0,0,,{\\i1}Grüße{\\i0} aus\\Ndem Leuchtturm.
Dialogue: 0,0:00:10.00,0:00:11.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}
Dialogue: 0,0:01:01.00,0:01:04.00,Default,,0,0,0,,Two gulls
"""


@pytest.mark.parametrize(("name", "text"), [("a.srt", SRT), ("a.vtt", VTT), ("a.ass", ASS), ("a.ssa", ASS)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_format_tells_the_same_with_times(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert list(captions_beside(tmp_path / name, Limits())) == [
        Caption("Grüße aus dem Leuchtturm.", 1.0, 4.5),
        Caption("Two gulls", 61.0, 64.0),
    ]


NONE = [b"", b"\0\1\2" * 100, b"no subtitles\n", b"#EXTM3U\n/etc/passwd\n", b"1\n99:99:99,999 --> x\n"]


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.ass"])
@pytest.mark.parametrize("data", NONE)
def test_what_are_no_subtitles_says_so(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MediaError, match=r"no subtitles|empty file|looks? like|binary|text"):
        list(captions_beside(tmp_path / name, Limits()))


def test_captions_become_passages_that_end_at_a_pause() -> None:
    said = [Caption(f"Sentence number {n} is said.", 2.0 * n, 2.0 * n + 1.5) for n in range(30)]
    said += [Caption("After a pause.", 100.0, 102.0)]
    made = list(passages(said))
    assert " ".join(one.text for one in made) == " ".join(one.text for one in said)
    assert (made[0].start, made[-1].start, made[-1].end) == (0.0, 100.0, 102.0)
    assert max(len(one.text) for one in made) < 300


def test_what_stays_on_the_screen_is_said_once() -> None:
    made = list(passages([Caption("Rain", 1, 2), Caption("Rain", 2, 4), Caption("Sun", 4, 5)]))
    assert made == [Caption("Rain Sun", 1, 5)]
