"""The map of Europe: its projection, outlines as SVG paths, and the outermost regions.

The projection is Lambert's azimuthal equal-area one about 52° N, 10° E, as European statistics
use it (EPSG:3035), on a sphere. The outermost regions of the European Union have maps of their own
beside it. The outlines come from ``tools/europe.py``, which simplifies and writes them by the same
functions as `clustergraph.pages.boundaries` those that an operator provides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, radians, sin, sqrt
from pathlib import Path
from typing import Final, Literal

import msgspec

__all__ = [
    "HEIGHT", "INSETS", "INSET_HEIGHT", "INSET_WIDTH", "WIDTH", "Inset", "Point", "area", "bounds",
    "outlines", "point", "project", "rings_of", "simplified", "within", "written",
]  # fmt: skip

Point = tuple[float, float]

WIDTH: Final = 640
HEIGHT: Final = 600
"""The size of the map, in its own units."""
INSET_WIDTH: Final = 76
INSET_HEIGHT: Final = 56
"""The size of the map of an outermost region."""

_EARTH_KM: Final = 6371.0
_KM_PER_UNIT: Final = 7.15
_LATITUDE, _LONGITUDE = radians(52), radians(10)
# Where the point that the projection is about stands on the map.
_X: Final = 281.0
_Y: Final = 318.0
_POINT: Final = re.compile(
    r"\s*POINT\s*\(\s*(-?\d{1,3}(?:\.\d*)?)\s+(-?\d{1,3}(?:\.\d*)?)\s*\)\s*",
    re.IGNORECASE | re.ASCII,
)
_NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_SIN, _COS = sin(_LATITUDE), cos(_LATITUDE)


@dataclass(frozen=True, slots=True)
class Inset:
    """The map of an outermost region.

    Attributes:
        name: of the region.
        country: that it belongs to.
        longitude: of its centre, in degrees.
        latitude: of its centre, in degrees.
        km_per_unit: its scale.
    """

    name: str
    country: str
    longitude: float
    latitude: float
    km_per_unit: float

    def project(self, longitude: float, latitude: float) -> Point:
        """Return where a place stands on the inset, in its units, from the top left corner."""
        east_km = _EARTH_KM * radians(longitude - self.longitude) * cos(radians(self.latitude))
        north_km = _EARTH_KM * radians(latitude - self.latitude)
        return (
            INSET_WIDTH / 2 + east_km / self.km_per_unit,
            INSET_HEIGHT / 2 - north_km / self.km_per_unit,
        )

    def holds(self, longitude: float, latitude: float) -> bool:
        """Say whether a place is on the inset."""
        x, y = self.project(longitude, latitude)
        return 0 <= x <= INSET_WIDTH and 0 <= y <= INSET_HEIGHT


INSETS: Final = (
    Inset("Canarias", "ES", -15.75, 28.45, 7.0),
    Inset("Madeira", "PT", -16.75, 32.85, 2.2),
    Inset("Açores", "PT", -28.1, 38.3, 8.2),
    Inset("Guadeloupe", "FR", -61.45, 16.2, 1.9),
    Inset("Martinique", "FR", -61.0, 14.65, 1.5),
    Inset("Guyane", "FR", -53.15, 3.95, 8.2),
    Inset("La Réunion", "FR", 55.53, -21.13, 1.6),
    Inset("Mayotte", "FR", 45.15, -12.83, 1.05),
)
"""The outermost regions of the European Union (Saint-Martin is too small to be drawn)."""


def project(longitude: float, latitude: float) -> Point:
    """Return where a place stands on the map, in its units, from the top left corner.

    Args:
        longitude: in degrees, east of Greenwich.
        latitude: in degrees, north of the equator.
    """
    phi, turned = radians(latitude), radians(longitude) - _LONGITUDE
    facing = 1 + _SIN * sin(phi) + _COS * cos(phi) * cos(turned)
    scale = sqrt(2 / max(facing, 1e-9)) * _EARTH_KM / _KM_PER_UNIT
    x = scale * cos(phi) * sin(turned)
    y = scale * (_COS * sin(phi) - _SIN * cos(phi) * cos(turned))
    return _X + x, _Y - y


def point(wkt: str) -> Point | None:
    """Return longitude and latitude of a point in well-known text; None: it is no such point."""
    match = _POINT.fullmatch(wkt)
    return (float(match[1]), float(match[2])) if match else None


def within(x: float, y: float) -> bool:
    """Say whether a point is on the map."""
    return 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def outlines(name: Literal["coarse", "fine", "insets"] = "coarse") -> Mapping[str, str]:
    """Return SVG paths: of each country, by its ISO 3166 code; land without one is ``-``.

    Args:
        name: ``fine`` where a part of the map is shown; ``insets``: those of the outermost regions,
            by their names, in the units of the inset.
    """
    return _drawn()[name]


@cache
def _drawn() -> dict[str, dict[str, str]]:
    path = Path(__file__).parent / "data" / "europe.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])


def simplified(points: Sequence[Point], tolerance: float) -> list[Point]:
    """Leave out points that a line misses by less than a tolerance (Douglas and Peucker)."""
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        farthest, most = 0, tolerance
        for index in range(first + 1, last):
            if (off := _distance(points[index], points[first], points[last])) > most:
                farthest, most = index, off
        if farthest:
            keep.add(farthest)
            stack += [(first, farthest), (farthest, last)]
    return [points[index] for index in sorted(keep)]


def _distance(point: Point, start: Point, end: Point) -> float:
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / (length or 1)))
    return float(((x1 + along * (x2 - x1) - x) ** 2 + (y1 + along * (y2 - y1) - y) ** 2) ** 0.5)


def area(ring: Sequence[Point]) -> float:
    """Return the area of a ring, with the sign of its sense."""
    pairs = zip(ring, [*ring[1:], *ring[:1]], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2


def written(ring: Sequence[Point]) -> str:
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


def rings_of(path: str) -> list[list[Point]]:
    """Return the rings of a path as `written` writes it."""
    found = []
    for ring in path.split("z")[:-1]:
        numbers = [float(one) for one in _NUMBER.findall(ring)]
        x = y = 0.0
        points = []
        for step_x, step_y in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + step_x, y + step_y
            points.append((x, y))
        found.append(points)
    return found


def bounds(rings: Iterable[Sequence[Point]]) -> tuple[float, float, float, float]:
    """Return the edges of some rings: left, top, right, bottom."""
    xs, ys = zip(*(point for ring in rings for point in ring), strict=True)
    return min(xs), min(ys), max(xs), max(ys)
