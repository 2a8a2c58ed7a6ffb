"""Boundaries of regions that an operator provides: GeoJSON or TopoJSON with NUTS codes.

They are read and checked once, when the service starts, and kept in the cache as paths on the map
of Europe; workers only read these. Eurostat's own boundaries (GISCO) may not be used commercially
and are not shipped; their files can be given as they are, in longitude and latitude (EPSG:4326).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from itertools import accumulate, chain
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import DecodeError, Meta, Struct
from msgspec import json as decoder

from clustergraph.errors import UnreadableInputError
from clustergraph.pages import europe
from clustergraph.pages.europe import Point, area, clipped, simplified
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
_MARGIN: Final = 4.0
# A change of what is kept changes this.
_FORM: Final = "1"

_Rings = Sequence[Sequence[Point]]
_Position = Annotated[list[float], Meta(min_length=2)]


class _Region(Struct, kw_only=True):
    properties: dict[str, Any] | None = None
    id: Any = None


class _Polygon(_Region, tag="Polygon"):
    coordinates: list[list[_Position]] = []
    arcs: list[list[int]] = []


class _MultiPolygon(_Region, tag="MultiPolygon"):
    coordinates: list[list[list[_Position]]] = []
    arcs: list[list[list[int]]] = []


class _Feature(_Region):
    geometry: _Polygon | _MultiPolygon


class _Collection(Struct, tag="FeatureCollection"):
    features: list[_Feature]


class _Geometries(Struct):
    geometries: list[_Polygon | _MultiPolygon]


class _Transform(Struct):
    scale: _Position
    translate: _Position


class _Topology(Struct, tag="Topology"):
    arcs: list[list[_Position]]
    objects: dict[str, _Geometries]
    transform: _Transform | None = None


def prepare(file: Path) -> Path:
    """Check boundaries and keep them as pages draw them; return where they are kept.

    Args:
        file: GeoJSON (FeatureCollection) or TopoJSON (Topology) in longitude and latitude.

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
            drawn = _drawn(decoder.decode(content, type=_Collection | _Topology))
        except RecursionError as error:
            raise UnreadableInputError(str(file), "it is nested too deeply") from error
        except (DecodeError, ValueError) as error:
            reason = f"no GeoJSON or TopoJSON with regions: {error}"
            raise UnreadableInputError(str(file), reason) from error
        make_private(kept.parent)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(drawn), encoding="utf-8")
        part.replace(kept)
    return kept


@cache
def shapes(kept: Path) -> dict[str, Shape]:
    """Return the regions by code, from what `prepare` has kept."""
    found = json.loads(kept.read_text(encoding="utf-8"))
    return {code: Shape(one["path"], one["insets"]) for code, one in found.items()}


def _drawn(content: _Collection | _Topology) -> dict[str, dict[str, Any]]:
    """Return path and insets of each region, by code.

    Raises:
        ValueError: it has none, or one is not in order; says which.
    """
    found: dict[str, dict[str, Any]] = {}
    for where, region, rings in _regions(content):
        try:
            if not rings:
                raise ValueError("its geometry is empty")
            code = _code(region)
            if code in found:
                raise ValueError(f"the code {code} is given twice")
            found[code] = {"path": _path(rings), "insets": _insets(rings)}
        except ValueError as error:
            raise ValueError(f"{error} - at `$.{where}`") from error
    if not found:
        raise ValueError("it has no region")
    return dict(sorted(found.items()))


def _regions(content: _Collection | _Topology) -> Iterator[tuple[str, _Region, _Rings]]:
    """Yield where each region stands, the object with its code, and its rings."""
    if isinstance(content, _Collection):
        for index, one in enumerate(content.features):
            shape = one.geometry
            flat = shape.coordinates if isinstance(shape, _Polygon) else chain(*shape.coordinates)
            rings = [[(x, y) for x, y, *_ in ring] for ring in flat]
            yield f"features[{index}]", one, rings
        return
    arcs = [_arc(one, content.transform) for one in content.arcs]
    for name, collection in content.objects.items():
        for index, region in enumerate(collection.geometries):
            where = f"objects.{name}.geometries[{index}]"
            numbers = region.arcs if isinstance(region, _Polygon) else [*chain(*region.arcs)]
            for number in chain(*numbers):
                if not -len(arcs) <= number < len(arcs):
                    raise ValueError(f"there is no arc {number} - at `$.{where}`")
            yield where, region, [europe.stitched(ring, arcs) for ring in numbers]


def _arc(steps: Iterable[Sequence[float]], transform: _Transform | None) -> list[Point]:
    """Return the positions of an arc: with a transform, they are steps on a grid."""
    if transform is None:
        return [(x, y) for x, y, *_ in steps]
    (scale_x, scale_y, *_), (left, low, *_) = transform.scale, transform.translate
    places = accumulate(steps, lambda place, step: [place[0] + step[0], place[1] + step[1]])
    return [(x * scale_x + left, y * scale_y + low) for x, y, *_ in places]


def _code(region: _Region) -> str:
    properties = region.properties or {}
    given = [*map(properties.get, _NAMES), region.id]
    code = next((text for text in given if isinstance(text, str)), None)
    if code is None:
        raise ValueError("it has no NUTS code: neither the property NUTS_ID nor an id")
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code[:60]!a} is no NUTS code, such as CZ08")
    level = properties.get("LEVL_CODE", len(code) - 2)
    if level != len(code) - 2:
        raise ValueError(f"LEVL_CODE is {str(level)[:60]!a}, but {code} is of another level")
    return code


def _path(rings: _Rings) -> str:
    for x, y in chain.from_iterable(rings):
        if not (-180 <= x <= 180 and -90 <= y <= 90):
            raise ValueError(f"{x:g}, {y:g} is no longitude and latitude in degrees (EPSG:4326)")
    return _outline(rings, europe.project, europe.WIDTH, europe.HEIGHT, _MARGIN)


def _insets(rings: _Rings) -> dict[str, str]:
    found = {}
    for inset in europe.INSETS:
        inside = [ring for ring in rings if any(inset.holds(*place) for place in ring)]
        path = _outline(inside, inset.project, europe.INSET_WIDTH, europe.INSET_HEIGHT, 0)
        if path:
            found[inset.name] = path
    return found


def _outline(
    rings: _Rings,
    project: Callable[[float, float], Point],
    width: float,
    height: float,
    margin: float,
) -> str:
    """Return rings as a path, clipped to a map; of small ones only the largest."""
    drawn = (
        clipped(simplified([project(*place) for place in ring], _TOLERANCE), width, height, margin)
        for ring in rings
        if ring
    )
    large = sorted((ring for ring in drawn if len(ring) > 2), key=lambda ring: -abs(area(ring)))
    return "".join(
        europe.written(ring)
        for index, ring in enumerate(large)
        if index == 0 or abs(area(ring)) >= _LEAST_AREA
    )
