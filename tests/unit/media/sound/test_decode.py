from pathlib import Path

import numpy as np
import pytest

from mmsearch.errors import MediaError
from mmsearch.media.sound.decode import open_sound

from .sample_sounds import CODECS, silence, tone, written

pytest.importorskip("av", reason="needs the sound extra")
RATE = 16_000


def pieces(source: Path | bytes, length: int = RATE) -> list[np.ndarray]:
    with open_sound(source) as recording:
        return list(recording.pieces(RATE, length))


def strongest(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(spectrum.argmax() * RATE / samples.size)


@pytest.mark.parametrize("container", CODECS)
def test_every_container_gives_the_same_tone_at_the_rate_asked_for(container: str) -> None:
    heard = pieces(written(tone(3.0), container))
    assert abs(sum(piece.size for piece in heard) / RATE - 3.0) < 0.1
    assert all(piece.size == RATE for piece in heard[:2])
    assert heard[1].dtype == np.float32
    assert strongest(heard[1]) == pytest.approx(440, abs=2)
    # the mean of a loud and a quiet channel
    assert np.abs(heard[1]).max() == pytest.approx(0.3, abs=0.05)


def test_a_file_says_how_long_it_is_and_what_its_tags_say(tmp_path: Path) -> None:
    path = tmp_path / "song.bin"  # the name tells nothing
    path.write_bytes(written(tone(2.0), "mp3", {"title": "A tone", "artist": "Nobody"}))
    with open_sound(path) as recording:
        assert recording.seconds == pytest.approx(2.0, abs=0.1)
        assert (recording.tags["title"], recording.tags["artist"]) == ("A tone", "Nobody")


def test_what_is_behind_damage_is_still_heard() -> None:
    whole = written(tone(6.0), "mp3")
    hurt = whole[:20_000] + bytes(3_000) + whole[23_000:]
    assert 4.5 < sum(piece.size for piece in pieces(hurt)) / RATE <= 6.1


def test_a_file_that_is_cut_off_is_heard_to_there() -> None:
    whole = written(tone(6.0), "flac")
    assert 1.0 < sum(piece.size for piece in pieces(whole[: len(whole) // 2])) / RATE < 5.0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"#EXTM3U\nfile:///etc/passwd\n" * 9, "does not begin like one"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "does not begin like one"),
        (b"RIFF\0\0\0\0WAVE" + bytes(80), "can't be opened as wav"),
        (b"OggS" + bytes(200), "can't be opened|no sound"),
        (b"....ftypisom" + bytes(200), "can't be opened|no sound"),
    ],
)
def test_what_is_no_sound_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        pieces(data)


def test_a_film_without_a_sound_track_says_so() -> None:
    import io

    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for level in range(5):
            picture = np.full((64, 64, 3), level * 40, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    with pytest.raises(MediaError, match="holds no sound"):
        pieces(file.getvalue())


def test_numbers_that_are_none_are_silence() -> None:
    import struct

    samples = np.array([np.nan, np.inf, -np.inf, 0.5] * 4_000, "<f4")
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + samples.nbytes, b"WAVE", b"fmt ", 16, 3, 1, RATE,
                         RATE * 4, 4, 32, b"data", samples.nbytes)  # fmt: skip
    (heard,) = pieces(header + samples.tobytes())
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1.0


def test_nothing_is_held_but_a_piece() -> None:
    with open_sound(written(silence(40.0))) as recording:
        assert max(piece.size for piece in recording.pieces(RATE, 1_000)) == 1_000
