"""A server that plays the hub: what it says of a repository, and its files, whole or cut."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000  # bytes; larger files are kept apart, and have a digest


@dataclass
class Hub:
    """The repositories (name -> folder) of a hub at ``url``, what was asked of it, and how it misbehaves."""

    url: str
    repositories: dict[str, Path]
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, range
    cut: dict[str, list[int]] = field(default_factory=dict)  # name of a file -> after so many bytes, in turn
    changed: dict[str, bytes] = field(default_factory=dict)  # name of a file -> what is sent instead
    lies: bool = False  # whether the digests are those of what is sent


@contextmanager
def playing_hub(repositories: dict[str, Path]) -> Iterator[Hub]:
    hub = Hub("", repositories)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            for name, folder in hub.repositories.items():
                if path.startswith((f"/api/models/{name}/", f"/api/models/{name}")) and "resolve" not in path:
                    self.say(listing(hub, folder))
                    return
                if path.startswith(f"/{name}/resolve/"):
                    self.file(folder, path.removeprefix(f"/{name}/resolve/").partition("/")[2])
                    return
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def say(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def file(self, folder: Path, name: str) -> None:
            honest = (folder / name).read_bytes()
            content = hub.changed.get(name, honest)
            start = 0
            if self.command == "GET":
                hub.asked.append((name, self.headers.get("Range")))
                start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            tag = digest_of(hub, name, honest) if len(honest) > LARGE else blob_of(honest)
            self.send_header("ETag", f'"{tag}"')
            if len(honest) > LARGE:
                self.send_header("X-Linked-Etag", f'"{tag}"')
                self.send_header("X-Linked-Size", str(len(content)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if self.command == "GET":
                stops = hub.cut.get(name)
                stop = stops.pop(0) if stops else None
                self.wfile.write(content[start:stop])
                if stop is not None:
                    self.close_connection = True
                    self.wfile.flush()
                    self.connection.close()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listing(hub: Hub, folder: Path) -> dict[str, object]:
    siblings = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        one: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob_of(content)}
        if len(content) > LARGE:
            one["lfs"] = {"sha256": digest_of(hub, name, content), "size": len(content), "pointerSize": 130}
        siblings.append(one)
    return {"id": "owner/model", "modelId": "owner/model", "sha": COMMIT, "siblings": siblings, "tags": []}


def digest_of(hub: Hub, name: str, honest: bytes) -> str:
    return hashlib.sha256(hub.changed.get(name, honest) if hub.lies else honest).hexdigest()


def blob_of(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()
