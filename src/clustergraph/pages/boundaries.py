"""Boundaries of regions that an operator provides: GeoJSON with NUTS codes.

They are read and checked once, when the service starts, and kept in the cache as paths on the map
of Europe; workers only read these. Eurostat's own boundaries (GISCO) may not be used commercially
and are not shipped; their files can be given as they are, in longitude and latitude (EPSG:4326).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import DecodeError, Meta, Struct, json

from clustergraph.errors import UnreadableInputError
from clustergraph.pages import europe
from clustergraph.pages.europe import Point, area
from clustergraph.pages.maps import Shape
from clustergraph.quadstore.disk import make_private
from clustergraph.settings import cache_directory

__all__ = ["MOST_BYTES", "prepare", "shapes"]

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
            drawn = _drawn(json.decode(content, type=_Collection))
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


def _drawn(content: _Collection) -> dict[str, Shape]:
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
        for inset in europe.INSETS
        if (path := _outline(rings, inset.project, europe.INSET_WIDTH, europe.INSET_HEIGHT))
    }
    return Shape(_outline(rings, europe.project, europe.WIDTH, europe.HEIGHT), insets)


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
            drawn.append(europe.simplified(points, _TOLERANCE))
    large = sorted((ring for ring in drawn if len(ring) > 2), key=lambda ring: -abs(area(ring)))
    return "".join(
        europe.written(ring)
        for index, ring in enumerate(large)
        if index == 0 or abs(area(ring)) >= _LEAST_AREA
    )
