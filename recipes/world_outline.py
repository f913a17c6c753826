"""The outline of the world's land that the page's map shows, as one SVG path of at most 20 KB.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python recipes/world_outline.py package/land-50m.json mmsearch/serve/static/world.json

World Atlas carries Natural Earth's data (public domain) as TopoJSON. Rings are simplified after Visvalingam and
Whyatt (The Cartographic Journal, 1993): the point that spans the smallest triangle with its neighbors goes first.
Coordinates are tenths of a degree, x to the east and y to the south.
"""

from __future__ import annotations

import heapq
import itertools
import json
import sys
from pathlib import Path
from typing import Any

Point = tuple[float, float]
UNIT = 10  # of a path, per degree
SMALLEST_ISLAND = 0.9  # square degrees
SOUTHERNMOST = -60.0  # the Antarctic has no share in this map


def main(source: Path, target: Path, limit: int = 20_000) -> None:
    """Write the outline of ``source`` to ``target``, with as many points as go into ``limit`` bytes."""
    rings = [ring for ring in rings_of(json.loads(source.read_text())) if area(ring) >= SMALLEST_ISLAND]
    rings = [ring for ring in rings if max(y for _, y in ring) > SOUTHERNMOST]
    rings = [part for ring in rings for part in within_the_map(ring)]
    threshold = 0.02
    while len(text := written(rings, threshold)) > limit:
        threshold *= 1.1
    target.write_text(text)
    print(
        f"{target}: {len(text):,} bytes, {len(rings)} rings, triangles from {threshold:.2f} square degrees on"
    )


def rings_of(topology: dict[str, Any]) -> list[list[Point]]:
    """The outer and inner rings of a TopoJSON's land, in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[Point]] = []
    for deltas in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in deltas:
            x, y = x + dx, y + dy
            arc.append((x * sx + tx, y * sy + ty))
        arcs.append(arc)
    polygons = [one for land in topology["objects"]["land"]["geometries"] for one in land["arcs"]]
    return [
        [point for arc in ring for point in (arcs[arc][1:] if arc >= 0 else arcs[~arc][::-1][1:])]
        for polygon in polygons
        for ring in polygon
    ]


def within_the_map(ring: list[Point]) -> list[list[Point]]:
    """``ring`` in one or two parts: one that crosses the date line goes on at the other edge."""
    turned, around = [], 0.0
    for before, (x, y) in zip(ring[-1:] + ring, ring, strict=False):
        if turned and abs(x - before[0]) > 180:
            around += 360 if x < before[0] else -360
        turned.append((x + around, y))
    parts = []
    for shift in (-360, 0, 360):
        part = [(x + shift, y) for x, y in turned]
        for side in (1, -1):
            part = clipped(part, side)
        if part:
            parts.append(part)
    return parts


def clipped(ring: list[Point], side: int) -> list[Point]:
    """What of ``ring`` lies west (1) or east (-1) of the date line (Sutherland and Hodgman, CACM 1974)."""
    found: list[Point] = []
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        inside_a, inside_b = a[0] * side <= 180, b[0] * side <= 180
        if inside_a:
            found.append(a)
        if inside_a != inside_b:
            edge = 180.0 * side
            found.append((edge, a[1] + (b[1] - a[1]) * (edge - a[0]) / (b[0] - a[0])))
    return found


def area(ring: list[Point]) -> float:
    """What a closed ring encloses, in square degrees."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def simplified(ring: list[Point], threshold: float) -> list[Point]:
    """``ring`` without the points whose triangles are below ``threshold`` square degrees."""
    count = len(ring)
    before, after = [(n - 1) % count for n in range(count)], [(n + 1) % count for n in range(count)]
    left, size = set(range(count)), [area([ring[before[n]], ring[n], ring[after[n]]]) for n in range(count)]
    heap = [(size[n], n) for n in range(count)]
    heapq.heapify(heap)
    while heap and len(left) > 4:
        smallest, n = heapq.heappop(heap)
        if n not in left or smallest != size[n]:
            continue
        if smallest >= threshold:
            break
        left.discard(n)
        after[before[n]], before[after[n]] = after[n], before[n]
        for m in (before[n], after[n]):
            size[m] = max(smallest, area([ring[before[m]], ring[m], ring[after[m]]]))
            heapq.heappush(heap, (size[m], m))
    return [ring[n] for n in sorted(left)]


def written(rings: list[list[Point]], threshold: float) -> str:
    """The JSON of the path: each ring by its first point and steps from there."""
    path = ""
    for ring in rings:
        points = [(round(x * UNIT), round(-y * UNIT)) for x, y in simplified(ring, threshold)]
        path += f"M{points[0][0]} {points[0][1]}l"
        numbers = [n for a, b in itertools.pairwise(points) for n in (b[0] - a[0], b[1] - a[1])]
        path += "".join(f"{n}" if n < 0 or not place else f" {n}" for place, n in enumerate(numbers)) + "z"
    return json.dumps({"source": "Natural Earth", "unit": 1 / UNIT, "path": path}, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
