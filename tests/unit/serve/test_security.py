"""Who is let in, and what they can make the service do."""

from __future__ import annotations

import io
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import mmsearch
from mmsearch.serve.security.hosts import is_known_host, is_own_origin
from mmsearch.serve.security.tokens import COOKIE, cookie_value, is_let_in, new_token, read_token

Serving = Callable[..., TestClient]
TOKEN = "a-token-of-some-length"
SEARCH = "/api/v1/search?q=cat&k=1"


@pytest.mark.parametrize(
    ("host", "known"),
    [("127.0.0.1:8080", True), ("localhost", True), ("[::1]:80", True), ("search.example.org", True),
     ("192.168.1.7:8080", True), ("SEARCH.example.ORG:443", True), ("rebound.example.com", False),
     ("127.0.0.1.example.com", False), ("localhost.example.com", False), ("", False), (None, False), ("[::1", False)],
)  # fmt: skip
def test_only_names_that_are_known_may_be_asked_for(host: str | None, known: bool) -> None:
    assert is_known_host(host, ("search.example.org",)) is known


@pytest.mark.parametrize(
    ("origin", "own"),
    [(None, True), ("http://localhost:8080", True), ("http://localhost:8081", False), ("null", False),
     ("https://evil.example", False), ("file://localhost:8080", False), ("http://localhost:8080.evil.example", False)],
)  # fmt: skip
def test_only_the_own_page_may_ask(origin: str | None, own: bool) -> None:
    assert is_own_origin(origin, "localhost:8080") is own


def test_a_rebound_name_is_refused(client: TestClient) -> None:
    answer = client.get(SEARCH, headers={"Host": "rebound.example.com"})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_pages_of_other_sites_get_nothing(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get(SEARCH, headers=headers).status_code == 403
    assert client.post("/api/v1/pictures", files={"file": b"x"}, headers=headers).status_code == 403


def test_without_the_token_only_the_page_and_its_state_are_answered(serving: Serving) -> None:
    client = serving(token=TOKEN)
    for closed in (
        SEARCH,
        "/metrics",
        "/api/v1/stats",
        "/api/v1/items/1/original",
        "/docs",
        "/api/v1/openapi.json",
    ):
        refused = client.get(closed)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
    for opened in ("/", "/static/base.css", "/api/v1/health", "/api/v1/ready"):
        assert client.get(opened).status_code == 200
    assert client.get(SEARCH, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    for wrong in (
        f"Bearer {TOKEN}x",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
    ):
        assert (
            client.get(
                SEARCH, headers={"Authorization": wrong.encode("latin-1").decode("latin-1")}
            ).status_code
            == 401
        )


def test_a_session_is_a_cookie_that_scripts_and_other_sites_never_see(serving: Serving) -> None:
    client = serving(token=TOKEN)
    assert client.post("/api/v1/session", json={"token": "wrong"}).status_code == 401
    begun = client.post("/api/v1/session", json={"token": TOKEN})
    assert begun.status_code == 204
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert client.get(SEARCH).status_code == 200
    client.delete("/api/v1/session")
    assert client.get(SEARCH).status_code == 401


def test_the_cookie_is_no_token_and_the_token_no_cookie() -> None:
    assert is_let_in(None, f"{COOKIE}={cookie_value(TOKEN)}", TOKEN)
    assert not is_let_in(None, f"{COOKIE}={TOKEN}", TOKEN)
    assert not is_let_in(f"Bearer {cookie_value(TOKEN)}", None, TOKEN)
    assert not is_let_in(None, 'a="', TOKEN)


def test_a_token_file_must_be_long_and_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert read_token(file) == TOKEN
    file.chmod(0o644)
    with pytest.raises(mmsearch.UsageError, match="chmod 600"):
        read_token(file)
    file.chmod(0o600)
    file.write_text("short\n")
    with pytest.raises(mmsearch.UsageError, match="at least 16"):
        read_token(file)
    with pytest.raises(mmsearch.UsageError, match="can't be read"):
        read_token(tmp_path / "nothing")
    assert len(new_token()) >= 40


def test_every_answer_says_what_a_browser_may_do_with_it(client: TestClient) -> None:
    [hit] = client.get(SEARCH + "&modality=image").json()["hits"]
    for address in ("/", SEARCH, "/api/v1/nothing", hit["thumbnail"], hit["original"], "/docs"):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy or policy.startswith("sandbox")
        assert policy.startswith("sandbox" if address == hit["original"] else "default-src 'self'")


@pytest.mark.parametrize("name", ["script-src", "style-src"])
def test_the_page_has_no_inline_script_or_style(client: TestClient, name: str) -> None:
    assert name not in client.get("/").headers["content-security-policy"]  # so that default-src holds
    page = client.get("/").text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page


def test_addresses_and_paths_in_a_query_are_words(client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/picture.png"
        for given in ({"text": f"@{secret}"}, {"text": address}, {"text": "cat", "minus": [f"@{address}"]}):
            answer = client.post("/api/v1/search", json=given).json()
            assert any("is taken as text" in note for note in answer["notes"])
        for like in (address, str(secret), "-", "./secret.png"):
            refused = client.post("/api/v1/recommend", json={"like": [like]})
            assert refused.status_code == 400
            assert "no document of this index" in refused.json()["detail"]
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("field", ["image", "rerank", "allow_files", "allow_urls"])
def test_what_reads_files_can_not_be_asked_for(client: TestClient, field: str) -> None:
    refused = client.post("/api/v1/search", json={"text": "cat", field: "/etc/passwd"})
    assert refused.status_code == 400
    assert field in refused.json()["detail"]


@pytest.mark.parametrize(
    "given",
    [{"text": "cat", "k": 1_001}, {"text": "cat", "offset": 100_001}, {"text": "x" * 10_001},
     {"text": "cat", "where": "a" * 10_001}, {"text": "cat", "facets": ["format"] * 21}, {"text": "cat", "k": 0},
     {"text": "cat", "cutoff": -1}, {"text": "cat", "context": 1_000}, {"text": "cat", "nonsense": 1}],
)  # fmt: skip
def test_requests_beyond_the_limits_are_refused_in_a_line(
    client: TestClient, given: dict[str, object]
) -> None:
    refused = client.post("/api/v1/search", json=given)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    assert "\n" not in refused.json()["detail"]


def test_a_body_beyond_the_limit_is_refused_whatever_was_announced(serving: Serving) -> None:
    client = serving(body_bytes=2_000)
    long = b'{"text": "' + b"x" * 3_000 + b'"}'
    assert client.post("/api/v1/search", content=long).status_code == 413

    def pieces() -> object:
        for _ in range(30):
            yield b"x" * 100

    assert client.post("/api/v1/search", content=pieces()).status_code == 413  # type: ignore[arg-type]


def test_pictures_beyond_the_limits_are_refused(serving: Serving, demo_corpus: Path) -> None:
    from mmsearch.media.limits import Limits

    data = (demo_corpus / "photos" / "photo-04.png").read_bytes()
    client = serving(upload=Limits(max_bytes=len(data) + 1_000, max_pixels=1_000))
    refused = client.post("/api/v1/pictures", files={"file": data})
    assert refused.status_code == 422
    assert "more than the limit" in refused.json()["detail"]
    assert (
        serving(upload=Limits(max_bytes=100))
        .post("/api/v1/pictures", files={"file": data + bytes(70_000)})
        .status_code
        == 413
    )


@pytest.mark.parametrize(
    "data", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"text", b"\x89PNG\r\n\x1a\n", b"GIF89a" * 9]
)
def test_what_is_no_picture_is_refused_with_the_reason(client: TestClient, data: bytes) -> None:
    assert client.post("/api/v1/pictures", files={"file": data}).status_code == 422


def test_pictures_that_were_sent_are_kept_within_a_bound(serving: Serving, demo_corpus: Path) -> None:
    client = serving(uploads_bytes=600_000)
    files = sorted((demo_corpus / "photos").iterdir())[:4]
    names = [
        client.post("/api/v1/pictures", files={"file": file.read_bytes()}).json()["picture"] for file in files
    ]
    assert client.get(f"/api/v1/pictures/{names[-1]}").status_code == 200
    gone = client.post("/api/v1/search", json={"pictures": [names[0]]})
    assert gone.status_code == 410


def test_a_service_that_only_reads_writes_nothing(serving: Serving, own_index: Path) -> None:
    client = serving(own_index)
    before = {file: file.stat().st_mtime_ns for file in own_index.rglob("*") if file.is_file()}
    asked = {"like": ["#3"], "profile": "anna"}
    assert client.post("/api/v1/feedback", json=asked).status_code == 403
    assert client.post("/api/v1/recommend", json=asked).status_code == 403
    assert client.post("/api/v1/tag", json={"labels": ["cat"]}).status_code == 403
    assert client.post("/api/v1/tag", json={"labels": ["cat"], "dry_run": True}).status_code == 200
    after = {file: file.stat().st_mtime_ns for file in own_index.rglob("*") if file.is_file()}
    assert {file.name for file in after.keys() ^ before.keys()} <= {
        "catalogue.sqlite-shm",
        "catalogue.sqlite-wal",
    }


def test_a_service_that_may_write_keeps_feedback_and_tags(serving: Serving, own_index: Path) -> None:
    client = serving(own_index, allow_write=True)
    kept = client.post("/api/v1/feedback", json={"profile": "anna", "like": ["#3"], "dislike": ["#4"]}).json()
    assert (kept["likes"], kept["dislikes"]) == (1, 1)
    assert client.post("/api/v1/recommend", json={"profile": "anna", "k": 3}).json()["query"] == "#3 -#4"
    assert client.post("/api/v1/feedback", json={"profile": "../../x", "like": ["#3"]}).status_code == 400
    tagged = client.post("/api/v1/tag", json={"labels": ["cat"], "field": "animal"}).json()
    assert tagged["changed"] >= 1
    found = client.get("/api/v1/search", params={"where": "animal = cat"}).json()
    assert found["total"] == tagged["changed"]


@pytest.fixture
def hostile_index(tmp_path: Path, demo_corpus: Path) -> Path:
    corpus = tmp_path / "hostile"
    (corpus / "sub").mkdir(parents=True)
    picture = (demo_corpus / "photos" / "photo-04.png").read_bytes()
    (corpus / '<img src=x onerror=alert(1)>".png').write_bytes(picture)
    (corpus / "photo\u202egnp.exe.png").write_bytes((demo_corpus / "photos" / "photo-05.png").read_bytes())
    (corpus / "drawing.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    )
    (corpus / "drawn.png").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    )
    (corpus / "page.html").write_text(
        "<html><script>alert(1)</script><p>A harmless page about harbours.</p></html>"
    )
    (corpus / "link.png").write_bytes((demo_corpus / "photos" / "photo-06.png").read_bytes())
    (corpus / "sub" / "note.txt").write_text(
        "=cmd|' /C calc'!A0 is a note\u202e about </script><script>alert(1)</script>"
    )
    mmsearch.index(corpus, tmp_path / "index").close()
    return tmp_path / "index"


def test_a_hostile_corpus_is_handed_out_as_what_it_is_and_never_run(
    serving: Serving, hostile_index: Path
) -> None:
    client = serving(hostile_index)
    hits = client.get("/api/v1/search", params={"k": 50}).json()["hits"]
    assert {Path(hit["path"]).suffix for hit in hits} == {".png", ".html", ".txt"}
    assert "drawn.png" not in [hit["path"] for hit in hits]
    for hit in hits:
        answer = client.get(hit["original"])
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["content-type"] in ("image/png", "text/plain; charset=utf-8")
        disposition = answer.headers["content-disposition"]
        assert disposition.isascii()
        assert disposition.startswith("inline" if hit["kind"] == "picture" else "attachment")
        assert "%E2%80%AE" not in disposition  # the control that turns a name around
    table = client.post("/api/v1/export", json={"items": [hit["item_id"] for hit in hits], "format": "csv"})
    assert ",'=cmd" in table.text
    assert table.headers["content-disposition"].startswith("attachment")


def test_links_that_lead_out_of_the_corpus_are_not_followed(
    serving: Serving, hostile_index: Path, tmp_path: Path, demo_corpus: Path
) -> None:
    client = serving(hostile_index)
    [hit] = [
        hit
        for hit in client.get("/api/v1/search", params={"k": 50}).json()["hits"]
        if hit["path"] == "link.png"
    ]
    link = tmp_path / "hostile" / "link.png"
    outside = tmp_path / "outside.png"
    link.rename(outside)
    link.symlink_to(outside)
    zipped = client.post("/api/v1/export", json={"items": [hit["item_id"]], "format": "zip"})
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert archive.namelist() == ["NOT-THERE.txt"]
    for address in (hit["original"], f"{hit['original']}?view=true", hit["thumbnail"]):
        refused = client.get(address)
        assert refused.status_code == 404
        assert "leads out of the corpus" in refused.json()["detail"]


def test_what_became_a_fifo_stalls_nobody(serving: Serving, hostile_index: Path, tmp_path: Path) -> None:
    client = serving(hostile_index, seconds=5.0)
    [hit] = [
        hit
        for hit in client.get("/api/v1/search", params={"k": 50}).json()["hits"]
        if hit["path"] == "link.png"
    ]
    (tmp_path / "hostile" / "link.png").unlink()
    os.mkfifo(tmp_path / "hostile" / "link.png")
    assert client.get(hit["original"]).status_code == 404


def test_nothing_outside_is_served_by_any_path(client: TestClient) -> None:
    for path in (
        "/static/../app.py", "/static/%2e%2e%2fapp.py", "/static/..%5capp.py", "/static//etc/passwd",
        "/api/v1/thumbnails/../../etc/passwd", "/api/v1/items/1/original/../../x", "/api/v1/items/-1",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert answer.headers["content-type"] == "application/problem+json"
