"""Maps of Europe as SVG: countries or regions coloured by numbers, and symbols at places.

One set of boundaries serves all pages and the answers to queries. They follow the practice of the
European Union: the Crimea is a part of Ukraine, Cyprus is one, and a footnote explains Kosovo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

from clustergraph.pages import europe
from clustergraph.pages.europe import HEIGHT, INSET_HEIGHT, INSET_WIDTH, INSETS, WIDTH, project
from clustergraph.pages.pictures import (
    Entry,
    Picture,
    ramp,
    readable,
    shade,
    shades,
    shorten,
)
from clustergraph.pages.rendering import macros

if TYPE_CHECKING:
    from clustergraph.pages.words import Words

Box = tuple[float, float, float, float]

# Of a part of the map: height by width, and its least width.
_ASPECT: Final = 0.72
_LEAST_PART: Final = 60.0
_NEAR: Final = 170.0
_ROOM: Final = 1.3

# Symbols: the radius of the largest, and how much it stands for at least.
_RADIUS: Final = 22.0
_LEAST_RADIUS: Final = 1.6
_LEAST_MOST: Final = 54.0
_MOST_LABELS: Final = 14
_LETTER: Final = 7.4
# What the circles of the legend stand for, as parts of the largest.
_KEY: Final = (1.0, 0.25, 0.05)


@dataclass(frozen=True, slots=True)
class Dot:
    """A symbol at a place.

    Attributes:
        longitude: in degrees.
        latitude: in degrees.
        label: what is there, shown on hovering.
        href: where a click leads; empty: nowhere.
        size: how much is there; the area of the symbol is proportional to it.
        place: the name written beside it where there is room; empty: none.
        value: which colours it; None: it has the colour of all others.
    """

    longitude: float
    latitude: float
    label: str
    href: str = ""
    size: float = 1
    place: str = ""
    value: float | None = None


def draw(
    t: Words,
    key: str,
    title: str,
    description: str,
    *,
    values: Mapping[str, float] | None = None,
    names: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    dots: Iterable[Dot] = (),
    here: str = "",
    part: Box | None = None,
    limits: Sequence[float] | None = None,
    shapes: Mapping[str, europe.Shape] | None = None,
    measure: str = "",
    sizes: str = "",
) -> Picture:
    """Return a map of Europe.

    Args:
        t: the words of a page; those of charts are taken from it.
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        values: by country (ISO 3166) or, with ``shapes``, by region, which colour it.
        names: the names of what has a value, for tooltips.
        links: where a click on it leads.
        dots: symbols at places.
        here: the code of a country to set off.
        part: the part of the map to show, in its units; see `extent` and `near`.
        limits: the least values of the shades after the first; None: chosen from the values.
        shapes: regions to draw, by code.
        measure: what the colours stand for, in the legend.
        sizes: what the sizes of symbols stand for, in the legend.
    """
    values, names, links, shapes = values or {}, names or {}, links or {}, shapes or {}
    limits = ramp(values.values()) if limits is None else limits
    box = part or (0.0, 0.0, float(WIDTH), float(HEIGHT))
    height = WIDTH * box[3] / box[2]

    def area(code: str, path: str) -> dict[str, str]:
        """Return what the template draws of a country or region."""
        value = values.get(code)
        label = names.get(code, code)
        if value is not None or shapes:
            label += f": {t('no-data') if value is None else readable(t, value)}"
        style = "here" if value is None and code == here else shade(value, limits)
        return {"path": path, "style": style, "label": label, "href": links.get(code, "")}

    land, areas = [], []
    for code, path in europe.outlines("fine" if part else "coarse").items():
        shown = _inside(path, box) if part else path
        if shown and not shapes and (code in values or code == here):
            areas.append(area(code, shown))
        elif shown:
            land.append(shown)
    for code, region in shapes.items():
        if shown := _inside(region.path, box) if part else region.path:
            areas.append(area(code, shown))
    dots = sorted(dots, key=lambda dot: -dot.size)
    most = max((dot.size for dot in dots), default=1)
    symbols: dict[str, list[dict[str, Any]]] = {}
    for dot in dots:
        if placed := _placed(dot, box, height):
            name, x, y = placed
            style = "dot" if dot.value is None else f"dot {shade(dot.value, limits)}"
            radius = _radius(dot.size, most)
            one = {"dot": dot, "x": x, "y": y, "radius": radius, "style": style}
            symbols.setdefault(name, []).append(one)
    on_map = symbols.pop("", [])
    insets: list[dict[str, Any]] = []
    for inset in INSETS:
        if part is None or inset.country == here or inset.name in symbols:
            path = europe.outlines("insets")[inset.name]
            coloured = not shapes and (inset.country in values or here == inset.country)
            parts = {code: one.insets.get(inset.name, "") for code, one in shapes.items()}
            drawn = {inset.country: path} if coloured else parts
            insets.append(
                {
                    "name": inset.name,
                    "land": "" if coloured else path,
                    "areas": [area(code, path) for code, path in drawn.items() if path],
                    "symbols": symbols.get(inset.name, []),
                }
            )
    below = height + (INSET_HEIGHT + 24 if insets else 6)
    scale = _size_key(t, most, sizes, below)
    body = macros("pictures.html").map(
        (WIDTH, height), box, land, areas, on_map, _labels(on_map, height) if part else [],
        (INSET_WIDTH, INSET_HEIGHT), insets, scale,
    )  # fmt: skip
    height = below + (2 * _RADIUS + 6 if scale else 0)
    note = t("kosovo") if "XK" in values or here == "XK" or "XK" in names else ""
    shaded = [*values.values(), *(dot.value for dot in dots if dot.value is not None)]
    entries = shades(t, min(shaded), limits, measure) if shaded else []
    if values:
        entries.append(Entry(t("no-data"), "ru"))
    return Picture(key, "map", title, description, WIDTH, height, body, entries, note)


def _placed(dot: Dot, box: Box, height: float) -> tuple[str, float, float] | None:
    """Return where a symbol stands: the name of the inset, empty for the map, and the point."""
    place = dot.longitude, dot.latitude
    x, y = project(*place)
    if not europe.within(x, y):
        on = [inset for inset in INSETS if inset.holds(*place)]
        return (on[0].name, *on[0].project(*place)) if on else None
    x, y = (x - box[0]) * WIDTH / box[2], (y - box[1]) * WIDTH / box[2]
    return ("", x, y) if 0 <= x <= WIDTH and 0 <= y <= height else None


def extent(code: str) -> Box | None:
    """Return the part of the map that shows a country and what is around it; None: all of it.

    Args:
        code: of the country (ISO 3166).
    """
    if code not in europe.outlines("fine"):
        return None
    left, top, right, bottom = europe.bounds(europe.rings_of(europe.outlines("fine")[code]))
    if left > WIDTH or top > HEIGHT:
        return None
    return _fitted(max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT))


def around(places: Iterable[tuple[float, float]]) -> Box | None:
    """Return the part of the map that holds places; None: all of it, or none is on the map.

    Args:
        places: longitude and latitude of each.
    """
    found = [point for place in places if europe.within(*(point := project(*place)))]
    return _fitted(*europe.bounds([found])) if found else None


def near(longitude: float, latitude: float) -> Box | None:
    """Return the part of the map about a place, some 1,200 km wide; None: it is not on the map."""
    x, y = project(longitude, latitude)
    return _part(x, y, _NEAR) if europe.within(x, y) else None


def _fitted(left: float, top: float, right: float, bottom: float) -> Box | None:
    width = max((right - left) * _ROOM, (bottom - top) * _ROOM / _ASPECT, _LEAST_PART)
    if width > WIDTH * 0.9:
        return None
    return _part((left + right) / 2, (top + bottom) / 2, width)


def _part(x: float, y: float, width: float) -> Box:
    height = width * _ASPECT
    left = min(max(x - width / 2, 0), WIDTH - width)
    return left, min(max(y - height / 2, 0), HEIGHT - height), width, height


def _labels(symbols: Iterable[Mapping[str, Any]], height: float) -> list[tuple[str, float, float]]:
    """Return the names of places, and where they stand: as many as fit beside each other."""
    boxes: list[Box] = []
    found: list[tuple[str, float, float]] = []
    for one in symbols:
        name, y = shorten(one["dot"].place, 24), one["y"]
        width = _LETTER * len(name)
        left = one["x"] + one["radius"] + 3
        if left + width > WIDTH:
            left = one["x"] - one["radius"] - 3 - width
        free = name and left >= 0 and 10 <= y <= height - 6 and len(found) < _MOST_LABELS
        edges = (left, y - 8, left + width, y + 7)
        if free and not any(_overlap(edges, box) for box in boxes):
            boxes.append((left, y - 8, width, 15.0))
            found.append((name, left, y + 4))
    return found


def _size_key(
    t: Words, most: float, sizes: str, top: float
) -> list[tuple[str, float, float, float]]:
    """Return the legend of the sizes of symbols in one row: text, left edge, radius, middle."""
    steps = [step for step in dict.fromkeys(_nice(most * part) for part in _KEY) if step]
    if len(steps) < 2 or not sizes:
        return []
    middle = top + _RADIUS
    found = [(sizes, 0.0, 0.0, middle)]
    left = _LETTER * len(sizes) + 12
    for step in steps:
        radius, text = _radius(step, most), t.number(step)
        found.append((text, left, radius, middle))
        left += 2 * radius + _LETTER * len(text) + 18
    return found


def _nice(value: float) -> int:
    """Return a number with one digit that counts, not above a value."""
    unit: int = 10 ** (len(str(int(value))) - 1)
    return int(value) // unit * unit


def _radius(size: float, most: float) -> float:
    """Return the radius of a symbol, in pixels: its area is proportional to its size."""
    return max(_RADIUS * sqrt(max(size, 0) / max(most, _LEAST_MOST)), _LEAST_RADIUS)


def _overlap(bounds: Box, box: Box) -> bool:
    left, top, right, bottom = bounds
    return left < box[0] + box[2] and right > box[0] and top < box[1] + box[3] and bottom > box[1]


def _inside(path: str, box: Box) -> str:
    """Return the rings of a path that reach into a part of the map."""
    return "".join(f"{ring}z" for ring in path.split("z")[:-1] if _overlap(_edges(ring), box))


@cache
def _edges(ring: str) -> Box:
    """Return the edges of a ring: left, top, right, bottom."""
    return europe.bounds(europe.rings_of(f"{ring}z"))
