"""Charts as SVG: pure functions from numbers to pictures, and the shades of colours.

Shades are classes (``r0`` to ``r4``, from few to many). The template puts a table beside each
picture.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from clustergraph.pages.pictures import Entry, Picture, fitted, readable
from clustergraph.pages.rendering import macros

if TYPE_CHECKING:
    from clustergraph.pages.words import Words

__all__ = ["Bar", "Span", "bars", "moment", "ramp", "shade", "timeline"]

_SHADES: Final = 5
# Bars: height, distance, room for names and for numbers, width of all.
_BAR, _GAP = 20, 8
_NAMES: Final = 270
_NUMBERS: Final = 70
_WIDTH: Final = 640
# Time lines: the same, and the most marks of the axis.
_SPAN: Final = 26
_SPAN_NAMES: Final = 330
_SPAN_WIDTH: Final = 960
_MOST_TICKS: Final = 12
_LEAST: Final = 5.0
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


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


@dataclass(frozen=True, slots=True)
class Span:
    """A row of a time line.

    Attributes:
        label: what lasts.
        start: when it begins: a date of XML Schema (year, month or day).
        end: when it ends; None: that is not known, or it was at one moment.
        kind: which of the series (from 0) it belongs to; decides the colour.
        note: shown with it and its dates on hovering.
        href: where a click leads; empty: nowhere.
    """

    label: str
    start: str
    end: str | None
    kind: int = 0
    note: str = ""
    href: str = ""


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
) -> Picture | None:
    """Return horizontal bars, from zero; None: there are no rows.

    Args:
        t: the words of charts.
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        rows: the bars, in their order.
        mark: what the lines across stand for, in the legend.
    """
    if not rows:
        return None
    most = max(max(row.value or 0, row.mark or 0) for row in rows) or 1
    scale = (_WIDTH - _NAMES - _NUMBERS) / most
    drawn = []
    for row in rows:
        width = 0.0 if row.value is None else max(1.0, row.value * scale)
        at = None if row.mark is None else row.mark * scale
        beyond = at is not None and width - 2 <= at < width + _NUMBERS - 10
        drawn.append(
            {
                "bar": row,
                "name": fitted(row.name, _NAMES - 14),
                "value": t("no-data") if row.value is None else readable(t, row.value),
                "hatched": row.estimated and row.value is not None,
                "width": width,
                "mark": at,
                "end": at if beyond else width,
            }
        )
    entries = [Entry(mark, "mark")] if mark and any(row.mark is not None for row in rows) else []
    if any(row.estimated for row in rows):
        entries.append(Entry(t("estimated"), "hatched"))
    height = len(rows) * (_BAR + _GAP)
    body = macros("pictures.html").bars(key, drawn, _NAMES, _BAR + _GAP, _BAR)
    return Picture(key, "bars", title, description, _WIDTH, height, body, entries)


def moment(written: str | None, *, last: bool = False) -> float | None:
    """Return a date of XML Schema (year, month or day) as a fraction of years; None: it is none.

    Args:
        written: such as ``2024``, ``2024-03`` or ``2024-03-31``.
        last: take the end of the year, month or day rather than its beginning.
    """
    found = _DATE.match(written or "")
    if found is None:
        return None
    year, month, day = found.groups()
    months = int(month or (12 if last else 1)) - 1
    days = int(day or (31 if last else 1)) - (0 if last else 1)
    return round(int(year) + months / 12 + days / 372, 6)


def timeline(
    key: str,
    title: str,
    description: str,
    spans: Sequence[Span],
    kinds: Mapping[int, str] = MappingProxyType({}),
) -> Picture | None:
    """Return a time line: a bar for what has an end, a dot for what has none; None: no rows.

    Args:
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        spans: the rows, in their order.
        kinds: names of series by their numbers, for the legend.
    """
    placed = [
        (span, start, moment(span.end, last=True))
        for span in spans
        if (start := moment(span.start)) is not None
    ]
    if not placed:
        return None
    first = floor(min(start for _, start, _ in placed))
    last = max(ceil(max(end or start for _, start, end in placed)), first + 1)
    scale = (_SPAN_WIDTH - _SPAN_NAMES - 30) / (last - first)

    def x(when: float) -> float:
        return _SPAN_NAMES + (when - first) * scale

    step = next(n for n in (1, 2, 5, 10, 20, 50, 100) if (last - first) / n <= _MOST_TICKS)
    rows = [
        {
            "href": span.href,
            "label": f"{span.label} ({', '.join(filter(None, (_period(span), span.note)))})",
            "name": fitted(span.label, _SPAN_NAMES - 16),
            "kind": span.kind,
            "x": x(start),
            "width": None if end is None else max((end - start) * scale, _LEAST),
        }
        for span, start, end in placed
    ]
    ticks = [(year, x(year)) for year in range(-(-first // step) * step, last + 1, step)]
    height = _SPAN * (len(rows) + 1) + 6
    body = macros("pictures.html").timeline(ticks, rows, _SPAN_NAMES, _SPAN, height)
    used = {span.kind for span in spans}
    entries = [Entry(kinds[series], f"s{series}") for series in sorted(used & kinds.keys())]
    return Picture(key, "timeline", title, description, _SPAN_WIDTH, height, body, entries)


def _period(span: Span) -> str:
    return f"{span.start}–{span.end}" if span.end else span.start
