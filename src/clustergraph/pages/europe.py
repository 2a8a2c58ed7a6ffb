"""The map of Europe: its projection, outlines as SVG paths, and the outermost regions.

The projection is Lambert's azimuthal equal-area one about 52° N, 10° E, as European statistics
use it (EPSG:3035), on a sphere. The outermost regions of the European Union have maps of their own
beside it. The outlines come from ``tools/europe.py``.

Operators may provide boundaries of regions: GeoJSON with NUTS codes. They are read and checked
once, when the service starts, and kept in the cache as paths on the map; workers only read these.
Eurostat's own boundaries (GISCO) may not be used commercially and are not shipped; their files can
be given as they are, in longitude and latitude (EPSG:4326).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import chain
from math import cos, radians, sin, sqrt
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import DecodeError, Meta, Struct, json

from clustergraph.errors import UnreadableInputError
from clustergraph.quadstore.disk import make_private
from clustergraph.settings import cache_directory

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

MOST_BYTES: Final = 64 << 20
"""Largest file that is read."""

_CODE: Final = re.compile(r"[A-Z]{2}[0-9A-Z]{0,3}")
_NAMES: Final = ("NUTS_ID", "nuts_id", "id")
# In units of the map: how far a line may be off, and the least area of an island.
_TOLERANCE: Final = 0.3
_LEAST_AREA: Final = 0.3
# A change of what is kept changes this.
_FORM: Final = "2"

_Position = Annotated[list[float], Meta(min_length=2)]


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
    return json.decode(path.read_bytes(), type=dict[str, dict[str, str]])


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


@dataclass(frozen=True, slots=True)
class Shape:
    """A region as operators provide its boundary.

    Attributes:
        path: on the map of Europe; empty: it is elsewhere.
        insets: by name of the inset, its path there.
    """

    path: str
    insets: Mapping[str, str] = field(default_factory=dict)


class _Polygon(Struct, tag="Polygon"):
    coordinates: list[list[_Position]]


class _MultiPolygon(Struct, tag="MultiPolygon"):
    coordinates: list[list[list[_Position]]]


class _Feature(Struct):
    geometry: _Polygon | _MultiPolygon
    properties: dict[str, Any] | None = None
    id: Any = None


class _Collection(Struct, tag="FeatureCollection"):
    features: list[_Feature]


def prepare(file: Path) -> Path:
    """Check boundaries and keep them as pages draw them; return where they are kept.

    Args:
        file: GeoJSON (FeatureCollection) in longitude and latitude.

    Raises:
        UnreadableInputError: it cannot be read, is too large, or is no such file; says where.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnreadableInputError(
                str(file),
                f"more than {MOST_BYTES >> 20} MB: take a coarser scale, such as 1:10 million",
            )
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableInputError(str(file), error.strerror or str(error)) from error
    kept = cache_directory() / "regions" / f"{sha256(content + _FORM.encode()).hexdigest()}.json"
    if not kept.exists():
        try:
            drawn = _regions(json.decode(content, type=_Collection))
        except RecursionError as error:
            raise UnreadableInputError(str(file), "it is nested too deeply") from error
        except (DecodeError, ValueError) as error:
            reason = f"no GeoJSON with regions: {error}"
            raise UnreadableInputError(str(file), reason) from error
        make_private(kept.parent)
        part = kept.with_suffix(".part")
        part.write_bytes(json.encode(drawn))
        part.replace(kept)
    return kept


@cache
def shapes(kept: Path | None) -> dict[str, Shape]:
    """Return the regions by code, from what `prepare` has kept; None: there are none."""
    return {} if kept is None else json.decode(kept.read_bytes(), type=dict[str, Shape])


def _regions(content: _Collection) -> dict[str, Shape]:
    """Return the regions by code.

    Raises:
        ValueError: it has none, or one is not in order; says which.
    """
    found: dict[str, Shape] = {}
    for index, feature in enumerate(content.features):
        try:
            code = _code(feature)
            if code in found:
                raise ValueError(f"the code {code} is given twice")
            found[code] = _shape(feature.geometry)
        except ValueError as error:
            raise ValueError(f"{error} - at `$.features[{index}]`") from error
    if not found:
        raise ValueError("it has no region")
    return dict(sorted(found.items()))


def _code(feature: _Feature) -> str:
    properties = feature.properties or {}
    given = [*map(properties.get, _NAMES), feature.id]
    code = next((text for text in given if isinstance(text, str)), None)
    if code is None:
        raise ValueError("it has no NUTS code: neither the property NUTS_ID nor an id")
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code[:60]!a} is no NUTS code, such as CZ08")
    return code


def _shape(geometry: _Polygon | _MultiPolygon) -> Shape:
    """Return how a region is drawn: rings on the map, and those on insets."""
    if isinstance(geometry, _Polygon):
        flat = geometry.coordinates
    else:
        flat = [*chain(*geometry.coordinates)]
    rings = [[(x, y) for x, y, *_ in ring] for ring in flat]
    for x, y in chain.from_iterable(rings):
        if not (-180 <= x <= 180 and -90 <= y <= 90):
            raise ValueError(f"{x:g}, {y:g} is no longitude and latitude in degrees (EPSG:4326)")
    insets = {
        inset.name: path
        for inset in INSETS
        if (path := _outline(rings, inset.project, INSET_WIDTH, INSET_HEIGHT))
    }
    return Shape(_outline(rings, project, WIDTH, HEIGHT), insets)


def _outline(
    rings: Sequence[Sequence[Point]],
    project: Callable[[float, float], Point],
    width: float,
    height: float,
) -> str:
    """Return the rings that reach into a map as a path; of small ones only the largest."""
    drawn = []
    for ring in rings:
        points = [project(*place) for place in ring]
        if any(0 <= x <= width and 0 <= y <= height for x, y in points):
            drawn.append(simplified(points, _TOLERANCE))
    large = sorted((ring for ring in drawn if len(ring) > 2), key=lambda ring: -abs(area(ring)))
    return "".join(
        written(ring)
        for index, ring in enumerate(large)
        if index == 0 or abs(area(ring)) >= _LEAST_AREA
    )
