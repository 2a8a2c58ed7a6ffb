"""The map of Europe: its projection and the outlines of the countries.

The projection is Lambert's azimuthal equal-area one about 52° N, 10° E, as European statistics
use it (EPSG:3035), on a sphere. The outlines come from ``tools/europe.py``.
"""

from __future__ import annotations

import json
import re
from functools import cache
from math import cos, radians, sin, sqrt
from pathlib import Path
from typing import Final

__all__ = ["HEIGHT", "WIDTH", "outlines", "point", "project", "within"]

WIDTH: Final = 640
HEIGHT: Final = 600
"""The size of the map, in its own units."""

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
_SIN, _COS = sin(_LATITUDE), cos(_LATITUDE)


def project(longitude: float, latitude: float) -> tuple[float, float]:
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


def point(wkt: str) -> tuple[float, float] | None:
    """Return longitude and latitude of a point in well-known text; None: it is no such point."""
    match = _POINT.fullmatch(wkt)
    return (float(match[1]), float(match[2])) if match else None


def within(x: float, y: float) -> bool:
    """Say whether a point is on the map."""
    return 0 <= x <= WIDTH and 0 <= y <= HEIGHT


@cache
def outlines() -> dict[str, str]:
    """Return the SVG path of each country, by its ISO 3166 code; land without one is ``-``."""
    path = Path(__file__).parent / "data" / "europe.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
