"""One service over HTTP: JSON goes there and comes back, and problems become the errors that they were made of."""

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mmsearch import errors
from mmsearch.errors import MmsearchError, QueryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPE = "urn:mmsearch:"
_BOUNDARY = "mmsearch-8f2c1d7a55e04b0c9d"
_MOST_IDLE = 8


class ServiceError(MmsearchError):
    """A service that can't be reached, refuses, or answers what is none of its answers.

    ``http_status`` is what it answered, 0 where it did not.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        self.http_status = status
        super().__init__(message)


class Connection:
    """The service at ``url``; several threads may ask, each over a connection of its own."""

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise UsageError(f"a service has an address such as http://127.0.0.1:8080, not {url!r}")
        self.url, self.timeout = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", timeout
        self._parts, self._base = parts, parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "mmsearch"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def get(self, path: str) -> dict[str, Any]:
        """What is answered to a GET."""
        return self._asked("GET", path, None, {})

    def post(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What is answered to ``fields`` in JSON."""
        body = json.dumps(fields, ensure_ascii=False).encode("utf-8")
        return self._asked("POST", path, body, {"Content-Type": "application/json"})

    def send(self, path: str, name: str, data: bytes) -> dict[str, Any]:
        """What is answered to a file in the field ``name`` of a form."""
        boundary = _BOUNDARY
        while boundary.encode() in data:
            boundary += "x"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="picture"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        return self._asked("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def close(self) -> None:
        """Close the connections that are open."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        status, content = self._exchanged(method, self._base + path, body, {**self._headers, **headers})
        try:
            found = json.loads(content) if content else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ServiceError(
                f"{self.url} answered {status} with no JSON: is mmsearch served there?", status
            )
        if status >= 400:
            raise error_of(found, status)
        return found

    def _exchanged(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Status and content; once more, over a new connection, where the service has closed an idle one."""
        connection = self._taken()
        was_idle = connection.sock is not None
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if was_idle and isinstance(error, (http.client.RemoteDisconnected, ConnectionError)):
                self.close()
                return self._exchanged(method, path, body, headers)
            raise ServiceError(f"{self.url} can't be asked ({error}): is mmsearch served there?") from error
        with self._lock:
            if len(self._idle) < _MOST_IDLE and not answer.will_close:
                self._idle.append(connection)
                return answer.status, content
        connection.close()
        return answer.status, content

    def _taken(self) -> http.client.HTTPConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        assert self._parts.hostname is not None
        return kind(self._parts.hostname, self._parts.port, timeout=self.timeout)


def error_of(problem: Mapping[str, Any], status: int) -> MmsearchError:
    """The error that ``problem`` (RFC 9457) was made of, or a ServiceError that says the same."""
    detail = str(problem.get("detail") or problem.get("title") or f"HTTP status {status}")
    kind = getattr(errors, str(problem.get("type", "")).removeprefix(_TYPE), None)
    if kind is QueryError and {"reason", "text", "position"} <= problem.keys():
        return QueryError(str(problem["reason"]), str(problem["text"]), int(problem["position"]))
    plain = (UsageError, errors.MediaError, errors.IndexDirectoryError, errors.EncoderError)
    if isinstance(kind, type) and issubclass(kind, plain) and kind is not QueryError:
        return kind(detail)
    return ServiceError(detail, status)
