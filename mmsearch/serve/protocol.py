"""HTTP as uvicorn reads it, by httptools, with a bound on what is around the content."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Of one request: its line, its headers, the lengths of its chunks and what may follow them.
MOST_BYTES = 64 * 1024


class BoundedHttp(HttpToolsProtocol):
    """One connection; more than ``MOST_BYTES`` beside the content of a request close it.

    The parser by itself keeps whatever is sent, so that one client could fill the memory by a header without an end.
    """

    _around = 0

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        self._around += len(data)
        super().data_received(data)
        if self._around > MOST_BYTES and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.send_400_response("The headers of this request are too long.")
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """A piece of the content, which the gate counts."""
        self._around -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next request begins."""
        self._around = 0
        super().on_message_complete()
