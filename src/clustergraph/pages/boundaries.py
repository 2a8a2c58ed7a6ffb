"""Boundaries of regions that an operator provides: GeoJSON or TopoJSON with NUTS codes.

They are read and checked once, when the service starts, and kept in the cache as paths on the map
of Europe; workers only read these. Eurostat's own boundaries (GISCO) may not be used commercially
and are not shipped; their files can be given as they are, in longitude and latitude (EPSG:4326).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NoReturn

from clustergraph.errors import UnreadableInputError
from clustergraph.pages.europe import HEIGHT, INSET_HEIGHT, INSET_WIDTH, INSETS, WIDTH, project
from clustergraph.pages.maps import Shape
from clustergraph.pages.outlines import Point, area, clipped, simplified, stitched, written
from clustergraph.quadstore.disk import make_private
from clustergraph.settings import cache_directory

__all__ = ["MOST_BYTES", "prepare", "shapes"]

MOST_BYTES: Final = 64 << 20
"""Largest file that is read."""

_MOST_POSITIONS: Final = 4_000_000
_CODE: Final = re.compile(r"[A-Z]{2}[0-9A-Z]{0,3}")
_NAMES: Final = ("NUTS_ID", "nuts_id", "id")
# In units of the map: how far a line may be off, and the least area of an island.
_TOLERANCE: Final = 0.3
_LEAST_AREA: Final = 0.3
_MARGIN: Final = 4.0
# A change of what is kept changes this.
_FORM: Final = "1"

_Ring = list[Point]
_Polygons = list[list[_Ring]]


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
        drawn = _Reader(file).drawn(content)
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


class _Reader:
    """Reads a file, and says what is wrong with it and where.

    Args:
        file: for messages.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._positions = 0

    def drawn(self, content: bytes) -> dict[str, dict[str, Any]]:
        """Return path and insets of each region, by code."""
        found: dict[str, dict[str, Any]] = {}
        for where, one, polygons in self._regions(self._parsed(content)):
            code = self._code(one, where)
            if code in found:
                self._fault(f"{where}: the code {code} is given twice")
            found[code] = {"path": _path(polygons), "insets": _insets(polygons)}
        if not found:
            self._fault("it has no region")
        return dict(sorted(found.items()))

    def _fault(self, reason: str) -> NoReturn:
        raise UnreadableInputError(str(self._file), reason)

    def _parsed(self, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content, parse_constant=self._constant)
        except RecursionError:
            self._fault("it is nested too deeply to be GeoJSON or TopoJSON")
        except ValueError as error:
            # Also what is not UTF-8, and numbers with too many digits.
            self._fault(f"it is not JSON: {error}")
        if not isinstance(found, dict):
            self._fault("it is neither a FeatureCollection (GeoJSON) nor a Topology (TopoJSON)")
        return found

    def _constant(self, name: str) -> NoReturn:
        self._fault(f"it holds {name}, which is no number in JSON")

    def _regions(self, content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], _Polygons]]:
        """Yield where each region stands, the object with its code, and its polygons."""
        match content.get("type"):
            case "FeatureCollection":
                features = self._list(content.get("features"), "features")
                for index, feature in enumerate(features):
                    where = f"features[{index}]"
                    one = self._object(feature, where)
                    geometry = self._object(one.get("geometry"), f"{where}.geometry")
                    yield where, one, self._polygons(geometry, f"{where}.geometry", None)
            case "Topology":
                arcs = self._arcs(content)
                objects = self._object(content.get("objects"), "objects")
                for name, collection in objects.items():
                    inside = self._object(collection, f"objects.{name}").get("geometries")
                    for index, geometry in enumerate(
                        self._list(inside, f"objects.{name}.geometries")
                    ):
                        where = f"objects.{name}.geometries[{index}]"
                        one = self._object(geometry, where)
                        yield where, one, self._polygons(one, where, arcs)
            case other:
                self._fault(
                    f"type is {_short(other)}: a FeatureCollection (GeoJSON) or a Topology "
                    "(TopoJSON) is needed"
                )

    def _code(self, one: dict[str, Any], where: str) -> str:
        properties = self._object(one.get("properties") or {}, f"{where}.properties")
        given = [properties.get(name) for name in _NAMES] + [one.get("id")]
        code = next((text for text in given if isinstance(text, str)), None)
        if code is None:
            self._fault(f"{where} has no NUTS code: neither the property NUTS_ID nor an id")
        if not _CODE.fullmatch(code):
            self._fault(f"{where}: {_short(code)} is no NUTS code, such as CZ08")
        level = properties.get("LEVL_CODE", len(code) - 2)
        if level != len(code) - 2:
            self._fault(f"{where}: LEVL_CODE is {_short(level)}, but {code} is of another level")
        return code

    def _polygons(
        self, geometry: dict[str, Any], where: str, arcs: list[_Ring] | None
    ) -> _Polygons:
        """Return the polygons of a geometry: of positions, or of arcs where there are such."""
        kind, key = geometry.get("type"), "coordinates" if arcs is None else "arcs"
        if kind not in ("Polygon", "MultiPolygon"):
            self._fault(f"{where}: type is {_short(kind)}: regions are Polygon or MultiPolygon")
        inside = self._list(geometry.get(key), f"{where}.{key}")
        found = []
        for polygon in [inside] if kind == "Polygon" else inside:
            rings = []
            for ring in self._list(polygon, f"{where}.{key}"):
                places = self._list(ring, f"{where}.{key}")
                if arcs is None:
                    rings.append([self._position(one, where) for one in places])
                else:
                    rings.append(self._stitched(places, where, arcs))
            found.append(rings)
        return found

    def _stitched(self, numbers: Sequence[Any], where: str, arcs: list[_Ring]) -> _Ring:
        for number in numbers:
            if type(number) is not int or not -len(arcs) <= number < len(arcs):
                self._fault(f"{where}: there is no arc {_short(number)}")
        return stitched(numbers, arcs)

    def _arcs(self, content: dict[str, Any]) -> list[_Ring]:
        scale, move = (1.0, 1.0), (0.0, 0.0)
        delta = "transform" in content
        if delta:
            transform = self._object(content["transform"], "transform")
            scale = self._pair(transform.get("scale"), "transform.scale")
            move = self._pair(transform.get("translate"), "transform.translate")
        found = []
        for index, arc in enumerate(self._list(content.get("arcs"), "arcs")):
            x = y = 0.0
            points = []
            for step in self._list(arc, f"arcs[{index}]"):
                step_x, step_y = self._pair(step, f"arcs[{index}]")
                x, y = (x + step_x, y + step_y) if delta else (step_x, step_y)
                place = [x * scale[0] + move[0], y * scale[1] + move[1]]
                points.append(self._position(place, f"arcs[{index}]"))
            found.append(points)
        return found

    def _position(self, value: Any, where: str) -> Point:
        x, y = self._pair(value, where)
        if not (-180 <= x <= 180 and -90 <= y <= 90):
            self._fault(
                f"{where}: {x:g}, {y:g} is no longitude and latitude in degrees (EPSG:4326)"
            )
        self._positions += 1
        if self._positions > _MOST_POSITIONS:
            self._fault(f"more than {_MOST_POSITIONS:,} positions: take a coarser scale")
        return x, y

    def _pair(self, value: Any, where: str) -> Point:
        numbers = self._list(value, where)[:2]
        if len(numbers) < 2 or not all(
            isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e12
            and math.isfinite(one)
            for one in numbers
        ):  # fmt: skip
            self._fault(f"{where}: {_short(value)} is no pair of numbers")
        return float(numbers[0]), float(numbers[1])

    def _list(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            self._fault(f"{where} is no list")
        return value

    def _object(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._fault(f"{where} is no object")
        return value


def _path(polygons: _Polygons) -> str:
    rings = [
        clipped(simplified([project(*place) for place in ring], _TOLERANCE), WIDTH, HEIGHT, _MARGIN)
        for polygon in polygons
        for ring in polygon
        if ring
    ]
    return _joined(rings)


def _insets(polygons: _Polygons) -> dict[str, str]:
    found = {}
    for inset in INSETS:
        rings = [
            clipped(
                simplified([inset.project(*place) for place in ring], _TOLERANCE),
                INSET_WIDTH, INSET_HEIGHT, 0,
            )
            for polygon in polygons
            for ring in polygon
            if any(inset.holds(*place) for place in ring)
        ]  # fmt: skip
        if path := _joined(rings):
            found[inset.name] = path
    return found


def _joined(rings: list[list[Point]]) -> str:
    """Return rings as a path; of small ones only the largest."""
    rings = sorted((ring for ring in rings if len(ring) > 2), key=lambda ring: -abs(area(ring)))
    return "".join(
        written(ring)
        for index, ring in enumerate(rings)
        if index == 0 or abs(area(ring)) >= _LEAST_AREA
    )


def _short(value: Any) -> str:
    """Return a value as a message shows it."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
