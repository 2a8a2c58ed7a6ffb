"""Time lines as SVG: spans of years in rows, with an axis."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor
from typing import Final

from markupsafe import Markup

from clustergraph.pages.pictures import Entry, Picture, fitted, linked

__all__ = ["Span", "compatible", "moment", "timeline"]

_ROW: Final = 26
_HEAD: Final = 26
_WIDTH: Final = 960
_NAMES: Final = 330
_MOST_TICKS: Final = 12
_LEAST: Final = 5.0
_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


@dataclass(frozen=True, slots=True)
class Span:
    """A row of a time line.

    Attributes:
        label: what lasts.
        start: when it begins, as a fraction of years.
        end: when it ends; None: that is not known, or it was at one moment.
        kind: which of the series (from 0) it belongs to; decides the colour.
        note: shown with it on hovering.
        href: where a click leads; empty: nowhere.
    """

    label: str
    start: float
    end: float | None
    kind: int = 0
    note: str = ""
    href: str = ""


def moment(written: str | None, *, last: bool = False) -> float | None:
    """Return a date of XML Schema (year, month or day) as a fraction of years; None: it is none.

    Args:
        written: such as ``2024``, ``2024-03`` or ``2024-03-31``.
        last: take the end of the year, month or day rather than its beginning.
    """
    found = _DATE.match(written or "")
    if found is None:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    if not month:
        return year + (1 if last else 0)
    if not day:
        return year + (month - (0 if last else 1)) / 12
    return year + (month - 1) / 12 + (day - (0 if last else 1)) / 372


def compatible(one: str, other: str) -> bool:
    """Return whether two dates may mean the same: one is less exact, and meets the other.

    31 August 2025 may be what is elsewhere told as September 2025, or as 2025; August and
    September 2025 are different.
    """
    if len(one) == len(other):
        return one == other
    try:
        starts, ends = zip(_days(one), _days(other), strict=True)
    except ValueError:
        return False
    return max(starts) - min(ends) <= 1


def _days(written: str) -> tuple[int, int]:
    """Return the first and the last day of a date, counted from the beginning of time.

    Raises:
        ValueError: it is no date.
    """
    found = _DATE.fullmatch(written)
    if found is None:
        raise ValueError(written)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    last = day or monthrange(year, month or 12)[1]
    return date(year, month or 1, day or 1).toordinal(), date(year, month or 12, last).toordinal()


def timeline(
    key: str,
    title: str,
    description: str,
    spans: Sequence[Span],
    kinds: Sequence[tuple[str, int]] = (),
) -> Picture:
    """Return a time line: a bar for what has an end, a dot for what has none.

    Args:
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        spans: the rows, in their order.
        kinds: name and number of each series, for the legend.
    """
    first = floor(min((span.start for span in spans), default=2000))
    last = ceil(max((span.end or span.start for span in spans), default=2001))
    last = max(last, first + 1)
    scale = (_WIDTH - _NAMES - 30) / (last - first)
    height = _HEAD + _ROW * len(spans) + 6

    def x(when: float) -> float:
        return _NAMES + (when - first) * scale

    step = next(n for n in (1, 2, 5, 10, 20, 50, 100) if (last - first) / n <= _MOST_TICKS)
    shapes = [
        Markup(
            '<line class="tick" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>'
            '<text class="axis" x="{:.1f}" y="16" text-anchor="middle">{}</text>'
        ).format(x(year), x(year), _HEAD, height, x(year), year)
        for year in range(-(-first // step) * step, last + 1, step)
    ]
    for index, span in enumerate(spans):
        top = _HEAD + index * _ROW
        middle = top + _ROW / 2
        name = Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _NAMES - 10, middle + 4, fitted(span.label, _NAMES - 16)
        )
        if span.end is None:
            shape = Markup('<circle class="s{}" cx="{:.1f}" cy="{:.1f}" r="5"/>').format(
                span.kind, x(span.start), middle
            )
        else:
            width = max((span.end - span.start) * scale, _LEAST)
            shape = Markup(
                '<rect class="s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="14" rx="3"/>'
            ).format(span.kind, x(span.start), middle - 7, width)
        label = span.label + (f" ({span.note})" if span.note else "")
        row = Markup("<g><title>{}</title>{}{}</g>").format(label, name, shape)
        shapes.append(linked(row, span.href, label))
    entries = [Entry(kind, f"s{series}") for kind, series in kinds]
    body = Markup().join(shapes)
    return Picture(key, "timeline", title, description, _WIDTH, height, body, entries)
