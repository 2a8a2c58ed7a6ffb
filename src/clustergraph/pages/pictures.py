"""Pictures of the pages, and charts: SVG within a page, and the same as a document of its own.

A picture bears its title, a description and its legend. The document, which can be downloaded and
embedded in pages of others, adds title and source and holds its colours; nothing in it is loaded or
run. Colours are classes that ``static/charts.css`` defines; ``r0`` to ``r4`` are shades, from few
to many. Templates put a table beside each chart.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from math import ceil, floor
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from clustergraph.pages import rendering
from clustergraph.pages.rendering import macros
from clustergraph.protocol import Response

if TYPE_CHECKING:
    from clustergraph.pages.words import Words

_LETTER: Final = 7.5
_ROW: Final = 20
_MARGIN: Final = 16
_TITLE_LETTER, _TITLE_ROW = 8.2, 22
# The rules of the shades and series, which tables and keys of legends share.
_SHADE: Final = re.compile(r"^\.[rs][\du] \{.*\}$", re.MULTILINE)
_LINK: Final = re.compile(r"(</?)a\b[^>]*>")
# Without it an SVG document would be drawn by styles that the policy of the service forbids. It may
# be framed and embedded anywhere: it shows public data, and can neither load nor run anything.
_POLICY: Final = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors *; sandbox"
)

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
class Entry:
    """An entry of a legend.

    Attributes:
        text: what the colour stands for.
        style: the class of the colour; empty: the text is a heading.
    """

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG picture.

    Attributes:
        key: tells it from others on the page.
        kind: the class of its element, by which it is styled.
        title: what it shows.
        description: what there is to see, for those who cannot.
        width: in pixels, as it is meant to be seen.
        height: in pixels.
        body: the markup in it.
        legend: what its colours mean.
        note: a footnote that belongs to it; empty: none.
    """

    key: str
    kind: str
    title: str
    description: str
    width: float
    height: float
    body: Markup
    legend: Sequence[Entry] = ()
    note: str = ""

    def __html__(self) -> str:
        """Return the element, its legend and its note, for a template."""
        return str(macros("pictures.html").within(self))


def document(picture: Picture, notes: Iterable[str]) -> Response:
    """Return a picture as an SVG document of its own, which other sites may embed.

    Args:
        picture: what to show.
        notes: source, licence and limitations, written below it.
    """
    head = _lines(picture.title, picture.width, _TITLE_LETTER)
    below = [picture.note, *notes] if picture.note else notes
    foot = [line for note in below for line in _lines(note, picture.width)]
    top = _MARGIN + _TITLE_ROW * len(head) + 6
    legend, taken = _legend(picture.legend, picture.height + 8, picture.width)
    bottom = top + picture.height + taken + 16
    style = _style()
    body = macros("pictures.html").document(
        picture,
        body=Markup(_LINK.sub(r"\1g>", picture.body)),  # noqa: S704 - escaped already
        style=Markup(f"<style><![CDATA[{style}]]></style>"),  # noqa: S704 - our own file
        legend=legend,
        head=[(line, _MARGIN + _TITLE_ROW * index + 16) for index, line in enumerate(head)],
        foot=[(line, bottom + 16 * index + 12) for index, line in enumerate(foot)],
        margin=_MARGIN,
        top=top,
        width=picture.width + 2 * _MARGIN,
        height=bottom + 16 * len(foot) + _MARGIN,
    )
    digest = b64encode(sha256(style.encode()).digest()).decode()
    headers = [
        ("Content-Type", "image/svg+xml"),
        ("Content-Security-Policy", _POLICY.format(digest=digest)),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Cache-Control", "no-cache"),
    ]
    return Response(200, headers, str(body).encode(), cacheable=True)


@cache
def _style() -> str:
    """Return the light palette of the pages, and how pictures are drawn with it."""
    sheet = rendering.text("style.css")
    palette = sheet[sheet.index(":root {") : sheet.index("}") + 1]
    shades = _SHADE.findall(sheet)
    style = "\n".join([palette, *shades, rendering.text("charts.css")])
    return style.replace("color-scheme: light dark", "color-scheme: light")


def _legend(
    entries: Iterable[Entry], top: float, room: float
) -> tuple[list[tuple[Entry, float, float]], float]:
    """Return where each entry of a legend stands, in rows, and the height of all."""
    x, y = 0.0, top
    placed = []
    for entry in entries:
        width = (20 if entry.style else 0) + _LETTER * len(entry.text) + 16
        if x and x + width > room:
            x, y = 0.0, y + _ROW
        placed.append((entry, x, y))
        x += width
    return placed, (y + _ROW - top if placed else 0.0)


def _lines(text: str, room: float, letter: float = _LETTER) -> list[str]:
    """Return a text in lines that fit a width in pixels."""
    return textwrap.wrap(text, max(int(room / letter), 10))


def shorten(name: str, most: int) -> str:
    """Return a name cut to a number of characters."""
    return name if len(name) <= most else name[: max(most - 1, 1)].rstrip() + "…"


def _fitted(name: str, room: float) -> str:
    """Return a name cut to a width in pixels."""
    return shorten(name, int(room / _LETTER))


def readable(t: Words, value: float) -> str:
    """Return a number as people read it: without the noise of binary fractions."""
    return t.number(int(value) if float(value).is_integer() else float(f"{value:.6g}"))


def shades(t: Words, least: float, limits: Sequence[float], measure: str = "") -> list[Entry]:
    """Return the legend of shades, from the least value and the limits, below what they measure."""
    starts = [least, *limits]
    whole = all(float(start).is_integer() for start in starts)
    texts = []
    for start, following in itertools.pairwise(starts):
        if start >= following:
            texts.append(f"< {readable(t, following)}")
        elif not whole:
            texts.append(f"{readable(t, start)} – < {readable(t, following)}")
        else:
            ends = dict.fromkeys((readable(t, start), readable(t, following - 1)))
            texts.append("–".join(ends))
    texts.append(f"{readable(t, starts[-1])}+")
    heading = [Entry(measure)] if measure else []
    return [*heading, *(Entry(text, f"r{index}") for index, text in enumerate(texts))]


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
    readable_steps = {float(f"{step:.2g}") for step in steps}
    if all(float(value).is_integer() for value in ordered):
        readable_steps = {max(round(step), least + 1) for step in readable_steps}
    return tuple(sorted(readable_steps))


def shade(value: float | None, limits: Sequence[float]) -> str:
    """Return the class of a value's colour; ``ru`` for one that is not known."""
    return "ru" if value is None else f"r{bisect_right(limits, value)}"


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
                "name": _fitted(row.name, _NAMES - 14),
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
            "name": _fitted(span.label, _SPAN_NAMES - 16),
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
