"""The page in a browser: how soon results stand there, what is loaded, how it scrolls, what it holds in memory.

Needs the web extra and a browser (``CHROMIUM``, /usr/bin/chromium). What the machine does beside it slows all of it, so
the processor time of the page's own thread stands beside each time by the clock.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.shared.data import sentences, write_pictures, write_texts
from benchmarks.shared.figures import Figure, at_most, median, seen
from benchmarks.shared.serving import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

ITEMS, HITS, QUERIES = 10_000, 2_000, 40
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = Path(__file__).parents[1] / "tests" / "web" / "axe.min.js"
STEP = 240  # pixels that are scrolled in a frame
# Types a text at once, as its last keystroke, and waits for what comes of it: milliseconds until the results of that
# text stand there, and until the first of their pictures does.
_TYPE = """async (text) => {
  const box = document.getElementById('box');
  const grid = document.getElementById('grid');
  const frame = () => new Promise(requestAnimationFrame);
  const wanted = `/?q=${new URLSearchParams({ q: text }).toString().slice(2)}&kind=image`;
  const start = performance.now();
  box.value = text;
  box.dispatchEvent(new Event('input', { bubbles: true }));
  while (document.documentElement.dataset.shown !== wanted && performance.now() - start < 20000) await frame();
  const shown = performance.now() - start;
  const there = () => [...grid.querySelectorAll('img')].slice(0, 3).some((one) => one.complete && one.naturalWidth);
  while (grid.querySelector('img') && !there() && performance.now() - start < 20000) await frame();
  const all = performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/api/v1/search'));
  const asked = all.at(-1);
  return [shown, performance.now() - start, asked ? asked.duration : 0];
}"""
_SCROLL = """async ([step, most]) => {
  const times = [];
  const long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries())).observe({ type: 'longtask' });
  let before = await new Promise(requestAnimationFrame);
  let still = 0;
  const end = document.getElementById('end');
  while (times.length < most && (still < 40 || !end.textContent)) {
    const y = scrollY;
    scrollBy(0, step);
    still = scrollY === y ? still + 1 : 0;
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  const last = document.querySelector('#grid .tile:last-child');
  return { times, long, hits: Number(last.dataset.at) + 1, tiles: document.querySelectorAll('.tile').length };
}"""


def measure(scale: float = 1.0) -> list[Figure]:
    """A fifth of the items are pictures, the others texts; ``MMSEARCH_BENCHMARK_INDEX`` may name an index of such."""
    with tempfile.TemporaryDirectory() as work:
        given = os.environ.get("MMSEARCH_BENCHMARK_INDEX")
        index = Path(given) if given else _built(Path(work), max(500, int(ITEMS * scale)))
        server = Server(index)
        try:
            with _browser() as browser:
                address = f"http://{server.host}:{server.port}"
                return [
                    *_loaded(browser, address),
                    *_typed(browser, address, max(5, int(QUERIES * scale))),
                    *_scrolled(browser, address),
                    *_accessible(browser, address),
                ]
        finally:
            server.stop()


def _built(work: Path, count: int) -> Path:
    import mmsearch

    write_texts(work / "corpus" / "texts", count - count // 5)
    write_pictures(work / "corpus" / "pictures", count // 5)
    mmsearch.index(work / "corpus", work / "index").close()
    return work / "index"


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _loaded(browser: Browser, address: str) -> list[Figure]:
    """Five first visits, each with an empty cache."""
    paints, cpu, sizes, answers, foreign = [], [], [], [], 0
    for _ in range(5):
        page, devtools = _page(browser)
        received: dict[str, tuple[str, str]] = {}
        bytes_of: dict[str, float] = {}
        devtools.on(
            "Network.responseReceived",
            lambda e, r=received: r.update({e["requestId"]: (e["type"], e["response"]["url"])}),
        )
        devtools.on(
            "Network.loadingFinished",
            lambda e, b=bytes_of: b.update({e["requestId"]: e["encodedDataLength"]}),
        )
        asked: list[str] = []
        page.on("request", lambda request, a=asked: a.append(request.url))
        page.goto(address)
        _settled(page)
        page.wait_for_timeout(500)
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        cpu.append(1_000 * _thread_seconds(devtools))
        files = [
            key
            for key, (kind, _) in received.items()
            if kind in ("Document", "Script", "Stylesheet", "Other")
        ]
        sizes.append(sum(bytes_of.get(key, 0) for key in files) / 1_000)
        answers.append(
            sum(bytes_of.get(key, 0) for key in received if key not in files and received[key][0] != "Image")
            / 1_000
        )
        foreign += sum(urlsplit(url).netloc != urlsplit(address).netloc for url in asked)
        page.context.close()
    return [
        at_most("first contentful paint, median of 5 first visits", 300, median(paints), "ms", 0),
        seen("– processor time of the page until all stands there", f"{median(cpu):.0f} ms"),
        at_most("bytes of the page before pictures", 100, max(sizes), "kB", 1),
        seen("– and of the answers to its first questions", f"{max(answers):.1f} kB"),
        at_most("requests to other hosts", 0, foreign, "", 0),
    ]


def _typed(browser: Browser, address: str, queries: int) -> list[Figure]:
    page, devtools = _page(browser)
    page.goto(f"{address}/?kind=image")
    _settled(page)
    texts = [text[:60].strip() for text in sentences(queries + 5, seed=3)]
    for text in texts[:5]:
        page.evaluate(_TYPE, text)
    before = _thread_seconds(devtools)
    times = [page.evaluate(_TYPE, text) for text in texts[5:]]
    cpu = 1_000 * (_thread_seconds(devtools) - before) / len(times)
    page.context.close()
    shown, pictures, asked = (sorted(each) for each in zip(*times, strict=True))
    return [
        at_most("last keystroke → results, p50", 120, median(shown), "ms", 0),
        seen("– p95", f"{shown[int(0.95 * len(shown))]:.0f} ms"),
        seen(
            "– of which the pause for typing and the answer of the service, p50",
            f"45 and {median(asked):.0f} ms",
        ),
        seen("– processor time of the page for each", f"{cpu:.0f} ms"),
        at_most("last keystroke → first thumbnail, p50", 250, median(pictures), "ms", 0),
    ]


def _scrolled(browser: Browser, address: str) -> list[Figure]:
    page, devtools = _page(browser)
    page.goto(f"{address}/?kind=image&sort=path")
    _settled(page)
    before = _thread_seconds(devtools)
    done = page.evaluate(_SCROLL, [STEP, 20_000])
    cpu = 1_000 * (_thread_seconds(devtools) - before)
    frames = len(done["times"])
    dropped = 100 * sum(time > 50 for time in done["times"]) / frames
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    devtools.send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(2_000)
    own, whole = _renderer_megabytes(browser)
    page.context.close()
    return [
        at_most(f"scrolling through {done['hits']:,} hits, frames of more than 50 ms", 1, dropped, "%", 2),
        seen(
            "– processor time of the page's thread per frame", f"{cpu / frames:.1f} ms in {frames:,} frames"
        ),
        seen("– tasks of the page of more than 50 ms", f"{len(done['long'])}"),
        seen("– tiles that exist at the end", f"{done['tiles']}"),
        at_most("memory of the page after it", 250, own, "MB", 0),
        seen("– with decoded pictures and code that it shares", f"{whole:.0f} MB"),
        seen("– of which JavaScript's heap", f"{heap:.1f} MB"),
    ]


def _accessible(browser: Browser, address: str) -> list[Figure]:
    if not AXE.exists():
        return [seen("axe rules violated", "not measured: make test-web fetches axe.min.js")]
    violated: set[str] = set()
    for theme in ("light", "dark"):
        for width in (1280, 390):
            page, _ = _page(browser, viewport={"width": width, "height": 844}, color_scheme=theme)
            for path in ("/", "/?q=water", "/?q=water&guesses=1", "/?kind=text"):
                page.goto(address + path)
                _settled(page)
                page.evaluate(AXE.read_text())
                found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
                violated |= {one["id"] for one in found["violations"]}
            page.context.close()
    return [at_most("axe rules violated, light and dark, wide and narrow", 0, len(violated), "", 0)]


def _page(browser: Browser, **options: Any) -> tuple[Page, CDPSession]:
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}).new_page()
    page.set_default_timeout(60_000)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    return page, devtools


def _settled(page: Page) -> None:
    while not page.evaluate("document.documentElement.dataset.shown === location.pathname + location.search"):
        page.wait_for_timeout(20)


def _thread_seconds(devtools: CDPSession) -> float:
    """Processor time of the page's main thread so far."""
    metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def _renderer_megabytes(browser: Browser) -> tuple[float, float]:
    """Of the largest process that shows a page, in 10**6 bytes: its own memory, and that with its share of the rest.

    The first is what the browser's task manager tells (RssAnon and VmSwap); the second has in it decoded pictures,
    which lie in shared memory and are given up when something else needs it, and the browser's code.
    """
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = []
    for one in processes:
        folder = Path(f"/proc/{one['id']}")
        if one["type"] == "renderer" and folder.exists():
            own = _kilobytes(folder / "status", ("RssAnon:", "VmSwap:"))
            sizes.append((own / 1_000, _kilobytes(folder / "smaps_rollup", ("Pss:",)) / 1_000))
    return max(sizes)


def _kilobytes(file: Path, names: tuple[str, ...]) -> float:
    lines = [line.split() for line in file.read_text().splitlines()]
    return sum(1.024 * int(line[1]) for line in lines if line and line[0] in names)
