"""Charts and maps as SVG: pure functions from numbers to markup.

Colours are classes (``r0`` to ``r4``, from few to many) that the style sheet defines for light and
dark. Each picture bears a title and a description; the template puts a table beside it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from markupsafe import Markup

from clustergraph.pages.europe import HEIGHT, WIDTH, outlines, project, within

__all__ = ["Box", "Dot", "bars", "europe", "extent", "near", "ramp", "shade"]

_SHADES: Final = 5
_BAR, _GAP = 20, 8
_LABELS: Final = 190
_BARS_WIDTH: Final = 640

# Of a part of the map: height by width, and its least width.
_ASPECT: Final = 0.72
_LEAST_PART: Final = 60.0
_NEAR: Final = 170.0

Number = float
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Dot:
    """A place on a map.

    Attributes:
        longitude: in degrees.
        latitude: in degrees.
        label: what is there.
        href: where a click leads; empty: nowhere.
        size: how much is there; the area of the dot grows with it.
    """

    longitude: float
    latitude: float
    label: str
    href: str = ""
    size: float = 1


def ramp(values: Iterable[Number]) -> tuple[Number, ...]:
    """Return the least values of the shades after the first.

    Each shade spans a like ratio, since what is counted here is mostly small and sometimes large;
    fewer values than shades get fewer shades.
    """
    ordered = sorted({value for value in values if value > 0})
    if len(ordered) <= _SHADES:
        return tuple(ordered[1:])
    least, most = ordered[0], ordered[-1]
    steps = (least * (most / least) ** (index / _SHADES) for index in range(1, _SHADES))
    return tuple(sorted({max(_round(step), least + 1) for step in steps}))


def shade(value: Number | None, limits: Sequence[Number]) -> str:
    """Return the class of a value's colour; ``ru`` for one that is not known."""
    return "ru" if value is None else f"r{bisect_right(limits, value)}"


def _round(value: Number) -> Number:
    """Return a value with two digits that count, and no fraction."""
    unit: int = 10 ** max(0, len(str(int(value))) - 2)
    return round(value / unit) * unit


def europe(
    key: str,
    title: str,
    description: str,
    *,
    values: Mapping[str, Number] | None = None,
    names: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    dots: Iterable[Dot] = (),
    here: str = "",
    part: Box | None = None,
) -> Markup:
    """Return a map of Europe.

    Args:
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        values: by country, which colour it.
        names: the names of countries, for tooltips.
        links: where a click on a country leads.
        dots: places.
        here: the code of a country to set off.
        part: the part of the map to show, in its units; see `extent` and `near`.
    """
    box = part or (0.0, 0.0, float(WIDTH), float(HEIGHT))
    values, names, links = values or {}, names or {}, links or {}
    limits = ramp(list(values.values()))
    land, marked = [], []
    for code, path in outlines().items():
        if part and not _overlap(_bounds(code), box):
            continue
        style = shade(values[code], limits) if code in values else ("here" if code == here else "")
        shape = Markup('<path{} d="{}"/>').format(_class(style), path)
        if code not in values and code != here:
            land.append(shape)
            continue
        label = names.get(code, code) + (f": {values[code]:,}" if code in values else "")
        shape = Markup("<g><title>{}</title>{}</g>").format(label, shape)
        marked.append(_linked(shape, links.get(code, ""), label))
    zoom = box[2] / WIDTH
    for dot in sorted(dots, key=lambda dot: -dot.size):
        x, y = project(dot.longitude, dot.latitude)
        if not within(x, y):
            continue
        radius = (2.4 + 1.25 * min(dot.size, 60) ** 0.5) * max(zoom, 0.8)
        circle = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>')
        marked.append(_linked(circle.format(x, y, radius, dot.label), dot.href, dot.label))
    return Markup(
        '<svg class="map" viewBox="{:.0f} {:.0f} {:.0f} {:.0f}" role="group"'
        ' aria-labelledby="{}-title {}-desc"><title id="{}-title">{}</title>'
        '<desc id="{}-desc">{}</desc>{}</svg>'
    ).format(*box, key, key, key, title, key, description, Markup("").join([*land, *marked]))


def extent(code: str) -> Box | None:
    """Return the part of the map that shows a country and what is around it; None: all of it.

    Args:
        code: of the country (ISO 3166).
    """
    if code not in outlines():
        return None
    left, top, right, bottom = _bounds(code)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT)
    if right <= left or bottom <= top:
        return None
    width = max((right - left) * 1.3, (bottom - top) * 1.3 / _ASPECT, _LEAST_PART)
    return _part((left + right) / 2, (top + bottom) / 2, width)


def near(longitude: float, latitude: float) -> Box | None:
    """Return the part of the map about a place, some 1,200 km wide; None: it is not on the map."""
    x, y = project(longitude, latitude)
    return _part(x, y, _NEAR) if within(x, y) else None


def _part(x: float, y: float, width: float) -> Box:
    width = min(width, WIDTH)
    height = min(width * _ASPECT, HEIGHT)
    left = min(max(x - width / 2, 0), WIDTH - width)
    return left, min(max(y - height / 2, 0), HEIGHT - height), width, height


def bars(key: str, title: str, description: str, rows: Sequence[tuple[str, Number, str]]) -> Markup:
    """Return horizontal bars.

    Args:
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        rows: name, number and link of each bar.
    """
    most = max((number for _, number, _ in rows), default=0) or 1
    room = _BARS_WIDTH - _LABELS - 60
    shapes = []
    for index, (name, number, href) in enumerate(rows):
        top = index * (_BAR + _GAP)
        width = max(2.0, number / most * room)
        shape = Markup(
            '<text x="{}" y="{}" text-anchor="end">{}</text>'
            '<rect x="{}" y="{}" width="{:.1f}" height="{}" rx="2"/>'
            '<text class="axis" x="{:.1f}" y="{}">{}</text>'
        ).format(
            _LABELS - 8, top + 15, _short(name), _LABELS, top, width, _BAR,
            _LABELS + width + 6, top + 15, f"{number:,}",
        )  # fmt: skip
        shapes.append(_linked(shape, href, f"{name}: {number:,}"))
    height = max(1, len(rows)) * (_BAR + _GAP) - _GAP
    return Markup(
        '<svg class="bars" viewBox="0 0 {} {}" role="group" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>'
    ).format(_BARS_WIDTH, height, key, key, key, title, key, description, Markup("").join(shapes))


def _linked(shape: Markup, href: str, label: str) -> Markup:
    # The table beside the picture has the same links: the keyboard need not pass them twice.
    if not href:
        return shape
    return Markup('<a href="{}" tabindex="-1" aria-label="{}">{}</a>').format(href, label, shape)


def _class(name: str) -> Markup:
    return Markup(' class="{}"').format(name) if name else Markup("")


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _overlap(bounds: Box, box: Box) -> bool:
    left, top, right, bottom = bounds
    return left < box[0] + box[2] and right > box[0] and top < box[1] + box[3] and bottom > box[1]


_STEP: Final = re.compile(r"[Ml]?\s*(-?(?:\d+\.?\d*|\.\d+))[ ]?(-?(?:\d+\.?\d*|\.\d+))")


@cache
def _bounds(code: str) -> Box:
    """Return the edges of a country on the map: left, top, right, bottom."""
    xs: list[float] = []
    ys: list[float] = []
    for ring in outlines()[code].split("z")[:-1]:
        start, _, steps = ring.removeprefix("M").partition("l")
        x, y = (float(part) for part in start.split())
        xs.append(x)
        ys.append(y)
        for step in _STEP.finditer(steps):
            x, y = x + float(step[1]), y + float(step[2])
            xs.append(x)
            ys.append(y)
    return min(xs), min(ys), max(xs), max(ys)
