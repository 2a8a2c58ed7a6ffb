"""Charts as SVG: pure functions from numbers to pictures, and the shades of colours.

Shades are classes (``r0`` to ``r4``, from few to many). The template puts a table beside each
picture.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from clustergraph.pages.pictures import Entry, Picture, fitted, linked, readable

if TYPE_CHECKING:
    from clustergraph.pages.words import Words

__all__ = ["Bar", "bars", "ramp", "shade"]

_SHADES: Final = 5
_BAR, _GAP = 20, 8
_NAMES: Final = 270
_WIDTH: Final = 640
_NUMBERS: Final = 70


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar.

    Attributes:
        name: what it stands for.
        value: its length; None: there is no data, which is not zero.
        href: where a click leads; empty: nowhere.
        mark: a value to compare with, drawn as a line across; None: there is none.
        estimated: whether the value rests on estimates: it is hatched.
    """

    name: str
    value: float | None
    href: str = ""
    mark: float | None = None
    estimated: bool = False


def ramp(values: Iterable[float]) -> tuple[float, ...]:
    """Return the least values of the shades after the first.

    Each shade spans a like ratio, since what is counted here is mostly small and sometimes large;
    fewer values than shades get fewer shades.
    """
    ordered = sorted({value for value in values if value > 0})
    if len(ordered) <= _SHADES:
        return tuple(ordered[1:])
    least, most = ordered[0], ordered[-1]
    steps = (least * (most / least) ** (index / _SHADES) for index in range(1, _SHADES))
    if not all(float(value).is_integer() for value in ordered):
        return tuple(sorted({float(f"{step:.2g}") for step in steps}))
    return tuple(sorted({max(_round(step), least + 1) for step in steps}))


def shade(value: float | None, limits: Sequence[float]) -> str:
    """Return the class of a value's colour; ``ru`` for one that is not known."""
    return "ru" if value is None else f"r{bisect_right(limits, value)}"


def _round(value: float) -> float:
    """Return a value with two digits that count, and no fraction."""
    unit: int = 10 ** max(0, len(str(int(value))) - 2)
    return round(value / unit) * unit


def bars(
    t: Words, key: str, title: str, description: str, rows: Sequence[Bar], mark: str = ""
) -> Picture:
    """Return horizontal bars, from zero.

    Args:
        t: the words of charts.
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        rows: the bars, in their order.
        mark: what the lines across stand for, in the legend.
    """
    most = max((max(row.value or 0, row.mark or 0) for row in rows), default=0) or 1
    room = _WIDTH - _NAMES - _NUMBERS
    shapes = [_hatching(key)] if any(row.estimated for row in rows) else []
    for index, row in enumerate(rows):
        top = index * (_BAR + _GAP)
        value = t("no-data") if row.value is None else readable(t, row.value)
        width = 0.0 if row.value is None else max(1.0, row.value / most * room)
        shape = Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(
            _NAMES - 8, top + 15, fitted(row.name, _NAMES - 14)
        )
        size = Markup('x="{}" y="{}" width="{:.1f}" height="{}"').format(_NAMES, top, width, _BAR)
        if row.value is not None:
            shape += Markup('<rect class="bar" {} rx="2"/>').format(size)
            if row.estimated:
                shape += Markup('<rect {} fill="url(#{}-hatch)"/>').format(size, key)
        end = width
        if row.mark is not None:
            at = row.mark / most * room
            shape += Markup('<path class="mark" d="M{:.1f} {}v{}"/>').format(
                _NAMES + at, top - 2, _BAR + 4
            )
            if at >= width - 2 and at - width < _NUMBERS - 10:
                end = at
        label = f"{row.name}: {value}"
        shape = Markup(
            '<g><title>{}</title>{}<text class="axis" x="{:.1f}" y="{}">{}</text></g>'
        ).format(label, shape, _NAMES + end + 6, top + 15, value)
        shapes.append(linked(shape, row.href, label))
    height = max(1, len(rows)) * (_BAR + _GAP)
    entries = [Entry(mark, "mark")] if mark and any(row.mark is not None for row in rows) else []
    if any(row.estimated for row in rows):
        entries.append(Entry(t("estimated"), "hatched"))
    return Picture(key, "bars", title, description, _WIDTH, height, Markup().join(shapes), entries)


def _hatching(key: str) -> Markup:
    return Markup(
        '<pattern id="{}-hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><path class="hatch" d="M0 0v6"/></pattern>'
    ).format(key)
