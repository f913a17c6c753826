"""Forms are read in one go when they are plain, and left to the framework when they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mmsearch.serve.forms import only_file

KIND = b"multipart/form-data; boundary=xx"
HEAD = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
END = b"\r\n--xx--\r\n"


@pytest.mark.parametrize("data", [b"\xff\xd8 bytes", b"\r\n", b"", b"\r\n\r\n--x\r\n--y", b"--"])
def test_the_file_of_a_plain_form_is_read_whole(data: bytes) -> None:
    assert only_file(HEAD + data + END, KIND) == data
    assert only_file(HEAD + data + END.rstrip(), b'multipart/form-data; boundary="xx"') == data


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (HEAD + b"data", KIND),  # no end
        (HEAD + b"data\r\n--xx\r\n" + HEAD[6:] + b"more" + END, KIND),  # two files
        (HEAD.replace(b'"file"', b'"other"') + b"data" + END, KIND),
        (HEAD.replace(b'; filename="a.jpg"', b"") + b"data" + END, KIND),
        (HEAD.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + b"data" + END, KIND),
        (b"preamble" + HEAD + b"data" + END, KIND),
        (HEAD + b"data" + END + b"after", KIND),
        (HEAD + b"data" + END, b"multipart/form-data"),
        (HEAD + b"data" + END, b"multipart/form-data; boundary=yy"),
        (HEAD + b"data" + END, b"application/json"),
        (b"", KIND),
    ],
)
def test_any_other_form_is_left_to_the_framework(body: bytes, kind: bytes) -> None:
    assert only_file(body, kind) is None


def test_both_ways_keep_the_same(client: TestClient, demo_corpus: Path) -> None:
    photo = (demo_corpus / "photos" / "photo-04.png").read_bytes()
    answers: list[Any] = []
    for name in ("pictures", "sounds"):
        for body in (photo, b"no file at all"):
            plain = HEAD + body + END
            for content in (plain, b"\r\n" + plain):  # the second goes the framework's way
                headers = {"Content-Type": KIND.decode()}
                answer = client.post(f"/api/v1/{name}", content=content, headers=headers)
                answers.append((answer.status_code, answer.headers["content-type"], answer.json()))
    assert answers[::2] == answers[1::2]
    assert answers[0][0] == 201
