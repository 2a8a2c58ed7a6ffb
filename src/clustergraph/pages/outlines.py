"""Outlines as SVG paths: the arcs of a topology or the rings of a polygon, simplified and written.

The map of Europe that is shipped (``tools/europe.py``) and region boundaries that an operator
provides (`clustergraph.pages.boundaries`) are made by the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["Point", "area", "bounds", "clipped", "rings_of", "simplified", "stitched", "written"]

Point = tuple[float, float]
_NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


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
