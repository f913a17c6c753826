"""Drawings with words: public-domain clip art, and emoji in four styles with their names in five languages.

What photographs cannot teach: that a few lines are a dog too. Clip art comes with titles and keywords of those who
drew it, emoji with names and keywords of the Unicode CLDR.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 224
CLIPART, EMOJI = "clipart", "emoji"
SETS = ("noto", "fluent-emoji", "openmoji", "twemoji")
LANGUAGES = ("de", "fr", "es")
# Folders of clip art that show signs and patterns, or what is drawn a thousand times.
LEFT_OUT = (
    *("computer/icons", "computer/buttons", "computer/folders", "computer/diagrams", "shapes/"),
    *(
        "signs_and_symbols/",
        "special/",
        "transportation/aiga",
        "transportation/roadsigns",
        "recreation/games",
    ),
    *("unsorted/duplicates", "people/smilies", "people/stickmen"),
)
NO_TITLE = re.compile(
    r"untitled|unnamed|clip ?art|drawing\d*$|^\W*$|\.svg|image|logo|icon|button", re.IGNORECASE
)
NO_TAG = re.compile(
    r"unsorted|clip|hash|color|black|inkscape|svg|icon|symbol|getty|line ?art|contour|outline|media|externalsource"
)
# Groups of emoji that show something: faces, people, animals, food, places, activities, objects; not their hearts,
# skin tones, hair styles and signs.
GROUPS, NOT_SHOWN = (0, 1, 3, 4, 5, 6, 7), (14, 32, 33, 83)
SHORT = 30  # letters of a name that goes into a sentence
HELD_OUT = 10  # one of so many is not trained on
PLAIN = 6  # standard deviation of the pixels under which nothing is to be seen


@dataclass(frozen=True, slots=True)
class Drawing:
    """Where a drawing is from; ``key`` is one for drawings of the same; its texts, English ones in ``captions``."""

    collection: str
    path: str
    key: str
    captions: list[str]
    further: list[str]
    chinese: list[str]
    others: list[str]

    @property
    def held_out(self) -> bool:
        """Whether it is for choosing, not for training: by its key, so that no style of it is trained on."""
        return zlib.crc32(self.key.encode()) % HELD_OUT == 0


def read_drawings(package: Callable[[str], Path], folder: Path) -> list[Drawing]:
    """All drawings; their pixels (n, 224, 224, 3) uint8 are ``NAME.pixels.npy`` in ``folder``, of both collections."""
    drawings = []
    for name, read in ((CLIPART, _clip_art), (EMOJI, _emoji)):
        listed = folder / f"{name}.json"
        if not listed.exists():
            found = [pair for pair in read(package) if pair[1].std() > PLAIN]
            np.save(folder / f"{name}.pixels.npy", np.stack([pixels for _, pixels in found]))
            records = [asdict(drawing) for drawing, _ in found]
            listed.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
        drawings += [Drawing(**record) for record in json.loads(listed.read_text(encoding="utf-8"))]
    return drawings


def _clip_art(package: Callable[[str], Path]) -> list[tuple[Drawing, NDArray[np.uint8]]]:
    pictures = package("openclipart-png") / "usr/share/openclipart/png"
    sources = package("openclipart-svg") / "usr/share/openclipart/svg"
    found = []
    for path in sorted(pictures.rglob("*.png")):
        place = str(path.relative_to(pictures))
        source = sources / f"{place.removesuffix('.png')}.svg"
        if place.startswith(LEFT_OUT) or not source.exists():
            continue
        title, tags = _words_of(source.read_text(encoding="utf-8", errors="replace"))
        if title or len(tags) > 1:
            title = title or tags[0]
            rest = [tag for tag in tags if tag not in title][:5]
            found.append((path, _drawing(CLIPART, place, f"c:{title}", title, rest, [], [])))
    Image.MAX_IMAGE_PIXELS = None  # the files are known by their hash
    with ThreadPoolExecutor() as pool:
        opened = pool.map(_open, (path for path, _ in found))
        return [
            (drawing, _on_ground(picture, drawing.path, 0.1))
            for (_, drawing), picture in zip(found, opened, strict=True)
        ]


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.thumbnail((400, 400))
        return picture.convert("RGBA")


def _words_of(svg: str) -> tuple[str, list[str]]:
    """Title and keywords, lower-case; the title is empty where it says nothing."""
    match = re.search(r"<dc:title>([^<]*)</dc:title>", svg)
    title = re.sub(r"[_\d]+", " ", match.group(1)) if match else ""
    if len(title) > 40:
        title = re.sub(r"\s*[-(].*$", "", title)
    title = re.sub(r"\bby .*$", "", title, flags=re.IGNORECASE)
    title = " ".join(title.split()).strip(" -.,()").lower()
    if len(title) < 3 or not title.isascii() or NO_TITLE.search(title):
        title = ""
    tags = dict.fromkeys(tag.strip().lower() for tag in re.findall(r"<rdf:li>([^<]*)</rdf:li>", svg))
    return title, [tag for tag in tags if 2 < len(tag) < 20 and tag.isascii() and not NO_TAG.search(tag)]


def _emoji(package: Callable[[str], Path]) -> list[tuple[Drawing, NDArray[np.uint8]]]:
    from resvg_py import svg_to_bytes

    def read(name: str, path: str) -> Any:
        return json.loads((package(name) / "package" / path).read_text(encoding="utf-8"))

    words = {
        language: {entry["hexcode"]: entry for entry in read("emojibase", f"{language}/data.json")}
        for language in ("en", "zh", *LANGUAGES)
    }
    icons = {name: read(name, "icons.json") for name in SETS}
    names = {name: read(name, "chars.json") for name in SETS}
    found = []
    for code, entry in words["en"].items():
        if entry.get("group") not in GROUPS or entry.get("subgroup") in NOT_SHOWN:
            continue
        label = entry["label"].replace("“", "").replace("”", "")
        tags = [t for t in entry.get("tags", []) if t not in label and len(t) > 2 and t.isascii()]
        chinese, keys = words["zh"].get(code), (code.lower().replace("-fe0f", ""), code.lower())
        said = [] if chinese is None else [chinese["label"]]
        if chinese is not None and chinese.get("tags"):
            said.append(f"{chinese['label']}，{'，'.join(chinese['tags'][:3])}")
        others = [words[language][code]["label"] for language in LANGUAGES if code in words[language]]
        for collection in SETS:
            listed = (names[collection], names["noto"])  # one collection has no list of its own
            name = next((one[key] for one in listed for key in keys if key in one), None)
            icon = icons[collection]["icons"].get(name)
            if icon is not None:
                drawing = _drawing(EMOJI, f"{collection}/{name}", code, label, tags, said, others)
                picture = Image.open(
                    io.BytesIO(bytes(svg_to_bytes(svg_string=_svg(icon, icons[collection]))))
                )
                found.append((drawing, _on_ground(picture, drawing.path, 0.12)))
    return found


def _svg(icon: dict[str, Any], defaults: dict[str, Any]) -> str:
    width, height = (icon.get(side, defaults.get(side, 16)) for side in ("width", "height"))
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    body = icon["body"].replace("currentColor", "#000")
    return f'<svg {namespaces} viewBox="{box}" width="256" height="256">{body}</svg>'


def _drawing(
    collection: str,
    path: str,
    key: str,
    title: str,
    tags: list[str],
    chinese: list[str],
    others: list[str],
) -> Drawing:
    captions = [title] + ([f"{title}, {', '.join(tags[:3])}"] if tags else [])
    if len(title) < SHORT:
        article = "an" if title[0] in "aeiou" else "a"
        captions += [f"a drawing of {article} {title}", f"a picture of {title}"]
    further = [", ".join(tags[:6])] if len(tags) > 1 else []
    return Drawing(collection, path, key, captions, further, chinese, others)


def _on_ground(picture: Image.Image, name: str, margin: float) -> NDArray[np.uint8]:
    """A drawing (224, 224, 3) on a plain ground, white more often than not; ``name`` decides by chance."""
    chance = np.random.default_rng(int.from_bytes(name.encode()[-8:], "little") % 2**32)
    picture = picture.convert("RGBA")
    width, height = picture.size
    side = int(max(width, height) * (1 + margin * (1 + chance.random())))
    color = (255, 255, 255)
    if chance.random() >= 0.6:
        color = tuple(int(v) for v in chance.integers(150 if chance.random() < 0.7 else 0, 256, 3))
    ground = Image.new("RGBA", (side, side), (*color, 255))
    ground.alpha_composite(picture, ((side - width) // 2, (side - height) // 2))
    return np.asarray(ground.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))
