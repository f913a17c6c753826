"""Results as HTML with thumbnails: for notebooks and contact sheets. Everything that comes from files is escaped."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.search.results.hit import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mmsearch.search.results.hit import Hit
    from mmsearch.thumbnails import Thumbnails

THUMBNAIL = 240
TEXT_SHOWN = 280

_STYLE = """
.mmsearch{display:flex;flex-wrap:wrap;gap:12px;font:13px/1.4 system-ui,sans-serif;margin:8px 0 20px}
.mmsearch figure{width:180px;margin:0;border:1px solid #8884;border-radius:6px;overflow:hidden}
.mmsearch img{width:180px;height:135px;object-fit:cover;display:block}
.mmsearch blockquote{margin:0;padding:8px 10px;height:119px;overflow:hidden;background:#8881}
.mmsearch figcaption{padding:6px 10px;overflow-wrap:anywhere}
.mmsearch b{font-variant-numeric:tabular-nums}
.mmsearch-line{flex-basis:100%;margin:0;padding-top:6px;border-top:1px dashed #8888;opacity:.7}
.mmsearch-guess{opacity:.55}
.mmsearch-none{font:13px system-ui,sans-serif;opacity:.7;margin:8px 0 20px}
"""


def fragment(hits: Sequence[Hit], thumbnails: Thumbnails | None = None) -> str:
    """The ``hits`` as cards, best first, for a page or a notebook cell; a line before those that chance would find.

    ``thumbnails``: where their pictures are kept; None makes them anew.
    """
    above = [hit for hit in hits if not hit.beyond_chance]
    below = [hit for hit in hits if hit.beyond_chance]
    nothing = not above and (not below or below[0].rank == 1)
    none = '<p class="mmsearch-none">Nothing in this index matches.</p>' if nothing else ""
    cards = "".join(_card(hit, thumbnails) for hit in above)
    if below:
        cards += f'<p class="mmsearch-line">{LINE}</p>' + "".join(_card(hit, thumbnails) for hit in below)
    return f"<style>{_STYLE}</style>{none}" + (f'<div class="mmsearch">{cards}</div>' if cards else "")


def page(
    title: str, sections: Iterable[tuple[str, Sequence[Hit]]], thumbnails: Thumbnails | None = None
) -> str:
    """A whole page: a heading and the cards of each of the ``sections``, with ``thumbnails`` as in `fragment`."""
    body = "".join(
        f"<h2>{escape(heading)}</h2>{fragment(results, thumbnails)}" for heading, results in sections
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title>"
        "<style>body{max-width:1000px;margin:24px auto;padding:0 16px;font-family:system-ui,sans-serif;"
        "color-scheme:light dark}h2{font-size:15px;margin:18px 0 4px}</style>"
        f"<h1>{escape(title)}</h1>{body}</html>\n"
    )


def _card(hit: Hit, thumbnails: Thumbnails | None) -> str:
    name = escape(hit.title or Path(hit.path).name)
    shown = _picture(hit, thumbnails) if hit.modality == "image" else _quote(hit)
    guess = ' class="mmsearch-guess"' if hit.beyond_chance else ""
    return (
        f"<figure{guess}>{shown}<figcaption><b>{hit.rank}</b> · {hit.strength:.0f} · "
        f'<span title="{escape(hit.path)}">{name}</span></figcaption></figure>'
    )


def _picture(hit: Hit, thumbnails: Thumbnails | None) -> str:
    from mmsearch.media.isolation.lookup import isolated_picture_at
    from mmsearch.media.limits import Limits
    from mmsearch.media.picture import thumbnail

    try:
        if thumbnails is not None and hit.key:
            small = thumbnails.small(Path(hit.file), hit.key, THUMBNAIL, hit.locator).data
        else:
            shown, _ = isolated_picture_at(Path(hit.file), hit.locator, Limits(), THUMBNAIL)
            small = thumbnail(shown, THUMBNAIL, image_format="WEBP")
    except (MediaError, OSError) as error:
        return f"<blockquote>{escape(str(error))}</blockquote>"
    data = base64.b64encode(small).decode()
    return f'<img alt="{escape(hit.path)}" src="data:image/webp;base64,{data}">'


def _quote(hit: Hit) -> str:
    text = hit.text or ""
    return f"<blockquote>{escape(text[:TEXT_SHOWN])}{'…' if len(text) > TEXT_SHOWN else ''}</blockquote>"
