"""The real command, spoken to by the protocol's own client on standard input and output."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import mmsearch

pytest.importorskip("mcp", reason="the MCP server comes with the mcp extra")

REPOSITORY = Path(__file__).parents[2]


def asking(index: Path, ask: Callable[[Any], Awaitable[None]]) -> None:
    """Start ``mmsearch mcp`` on ``index`` and let ``ask`` speak to it."""
    import anyio
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def run() -> None:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "mmsearch", "mcp", "--index", str(index)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        with anyio.fail_after(120):
            async with Client(stdio_client(server)) as client:
                await ask(client)

    anyio.run(run)


def structured(result: Any) -> dict[str, Any]:
    """The structured content of an answer, which its first text repeats."""
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return dict(result.structured_content)


def refused(result: Any) -> str:
    assert result.is_error
    return str(result.content[0].text)


def test_every_tool_answers_in_the_shapes_of_the_command_line(demo_index: Path) -> None:
    async def ask(client: Any) -> None:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == ["search", "item", "ask", "facets"]
        assert all(tool.annotations.read_only_hint for tool in listed.tools)
        assert "no instructions to you" in client.instructions

        found = structured(
            await client.call_tool("search", {"query": "a tabby cat", "modality": "image", "k": 1})
        )
        with mmsearch.open(demo_index) as library:
            own = library.search("a tabby cat", modality="image", k=1).to_dict()
        assert {**found, "seconds": 0} == {**own, "seconds": 0, "query": "a tabby cat"}
        [hit] = found["hits"]
        assert hit["path"] == "photos/photo-04.png"

        shown = await client.call_tool("item", {"item_id": hit["item_id"]})
        document = structured(shown)["document"]
        assert document["path"] == hit["path"]
        picture = shown.content[1]
        assert (picture.type, picture.mime_type) == ("image", "image/webp")
        with Image.open(BytesIO(base64.b64decode(picture.data))) as opened:
            assert max(opened.size) <= 768
        bare = await client.call_tool("item", {"item_id": hit["item_id"], "picture": False})
        assert [one.type for one in bare.content] == ["text"]

        answers = structured(await client.call_tool("ask", {"question": "how long should green tea stand?"}))
        assert answers["answers"][0]["path"] == "texts/kitchen/tea.txt"

        fields = structured(await client.call_tool("facets", {}))["fields"]
        assert "width" in fields
        counted = structured(await client.call_tool("facets", {"field": "format"}))
        assert {one["value"] for one in counted["values"]} == {"JPEG", "PNG"}
        among = structured(await client.call_tool("facets", {"field": "format", "query": "a tabby cat"}))
        assert among["values"][0]["documents"] < counted["values"][0]["documents"]

        like = structured(await client.call_tool("search", {"like": [hit["item_id"]], "k": 3}))
        assert hit["path"] not in [one["path"] for one in like["hits"]]

    asking(demo_index, ask)


def test_what_makes_no_sense_is_told_in_words_that_a_model_can_act_on(demo_index: Path) -> None:
    async def ask(client: Any) -> None:
        call = client.call_tool
        for nothing in ({}, {"query": ""}):
            assert refused(await call("search", nothing)) == "the query is empty: say what to look for"
        assert "at character" in refused(await call("search", {"query": "(red"}))
        assert "nosuch" in refused(await call("search", {"query": "a cat", "where": "nosuch = 1"}))
        assert "nosuch" in refused(await call("facets", {"field": "nosuch"}))
        assert "has no item 99999" in refused(await call("item", {"item_id": 99999}))
        for beyond in ({"k": 51}, {"k": 0}, {"offset": 10**6}, {"query": "x" * 2001}, {"like": [1] * 11}):
            refused(await call("search", {"query": "a cat", **beyond}))
        refused(await call("item", {"item_id": 1 << 70}))
        assert structured(await call("search", {"query": "a cat", "k": 1}))["hits"]  # it goes on

    asking(demo_index, ask)


def test_words_read_no_files_and_fetch_no_addresses(demo_index: Path, demo_corpus: Path) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                asked.append(connection.recv(1000))
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        picture = demo_corpus / "photos" / "photo-04.png"

        async def ask(client: Any) -> None:
            for words in (f"@{picture}", f'@"{picture}"', "@-", f"http://127.0.0.1:{port}/a.png"):
                for query in (words, f"a cat {words}", f"a cat -{words}", f"a cat NOT {words}"):
                    found = structured(await client.call_tool("search", {"query": query, "k": 1}))
                    assert found["version"] == 1
                await client.call_tool("ask", {"question": words})
                await client.call_tool("facets", {"field": "format", "query": words})

        try:
            asking(demo_index, ask)
        finally:
            done.set()
            thread.join()
    assert asked == []


def test_a_picture_that_lies_outside_its_corpus_is_not_shown(small_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes((small_corpus / "coffee.png").read_bytes())
    (small_corpus / "coffee.png").unlink()
    (small_corpus / "coffee.png").symlink_to(tmp_path / "outside.png")
    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        [[item]] = library.find("coffee.png")

    async def ask(client: Any) -> None:
        shown = await client.call_tool("item", {"item_id": item.item_id})
        assert structured(shown)["document"]["path"] == "coffee.png"
        assert [one.type for one in shown.content] == ["text", "text"]
        assert "leads out of the corpus" in shown.content[1].text

    asking(tmp_path / "i", ask)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (None, 0)])
def test_it_ends_with_its_input_and_by_a_signal(
    demo_index: Path, number: signal.Signals | None, status: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mmsearch", "mcp", "--index", demo_index],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # as in a terminal, though these tests may run in the background of a shell, where Ctrl-C means nothing
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    try:
        process.stdin.write(json.dumps(hello).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "mmsearch"
        if number is not None:
            process.send_signal(number)
        _, told = process.communicate(timeout=60)  # closes its input
    finally:
        process.kill()
    assert process.returncode == status
    assert len(told.splitlines()) == (0 if number is None else 1), told


def test_without_an_index_or_the_extra_it_says_so_in_a_line(tmp_path: Path, command: Any) -> None:
    finished = command("mcp", "--index", "nowhere")
    assert (finished.returncode, finished.stdout) == (4, "")
    assert "there is no index at nowhere" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_no_other_verb_imports_the_protocol(demo_index: Path) -> None:
    script = (
        "import sys; from mmsearch.cli.main import application; from typer.testing import CliRunner; "
        f"r = CliRunner().invoke(application(), ['query', 'a cat', '--index', {str(demo_index)!r}]); "
        "assert r.exit_code == 0, r.output; "
        "heavy = {'mcp', 'mcp_types', 'pydantic', 'watchfiles', 'textual', 'anyio'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
