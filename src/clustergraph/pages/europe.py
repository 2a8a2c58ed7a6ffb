"""The map of Europe: its projection, the outlines of the countries, the outermost regions.

The projection is Lambert's azimuthal equal-area one about 52° N, 10° E, as European statistics
use it (EPSG:3035), on a sphere. The outermost regions of the European Union have maps of their own
beside it. The outlines come from ``tools/europe.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import cos, radians, sin, sqrt
from pathlib import Path
from typing import Final

__all__ = [
    "HEIGHT", "INSETS", "INSET_HEIGHT", "INSET_WIDTH", "WIDTH", "Inset", "inset_outlines",
    "outlines", "point", "project", "within",
]  # fmt: skip

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

    def project(self, longitude: float, latitude: float) -> tuple[float, float]:
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


def outlines(*, fine: bool = False) -> Mapping[str, str]:
    """Return the SVG path of each country, by its ISO 3166 code; land without one is ``-``.

    Args:
        fine: as they are drawn when a part of the map is shown.
    """
    return _drawn()["fine" if fine else "coarse"]


def inset_outlines() -> Mapping[str, str]:
    """Return the SVG path of each outermost region, by its name, in the units of its inset."""
    return _drawn()["insets"]


@cache
def _drawn() -> dict[str, dict[str, str]]:
    path = Path(__file__).parent / "data" / "europe.json"
    found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found
