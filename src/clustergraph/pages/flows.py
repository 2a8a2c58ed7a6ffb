"""Flows between columns of things as SVG: a Sankey diagram.

Things stand in columns, as high as what flows through them; those that belong together are brought
near each other by some rounds of ordering each column by the middles of its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

__all__ = ["Flow", "Stop", "sankey"]

_WIDTH: Final = 1080
_NODE: Final = 12
_GAP: Final = 7
_UNIT: Final = 9.0
_HEAD: Final = 30
_ROUNDS: Final = 12
_LEAST: Final = 14.0
_LETTER: Final = 6.4


@dataclass(frozen=True, slots=True)
class Stop:
    """A thing that flows come to and go from.

    Attributes:
        key: by which flows name it.
        label: its name.
        column: in which column it stands, from 0.
        href: where a click leads.
    """

    key: str
    label: str
    column: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows from one thing to another.

    Attributes:
        source: key of the one on the left.
        target: key of the one on the right.
        size: how much.
    """

    source: str
    target: str
    size: float = 1


@dataclass(slots=True)
class _Box:
    stop: Stop
    size: float
    height: float
    top: float = 0.0
    left_used: float = 0.0
    right_used: float = 0.0

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def sankey(
    key: str,
    title: str,
    description: str,
    heads: Sequence[str],
    stops: Sequence[Stop],
    flows: Sequence[Flow],
) -> Markup:
    """Return a Sankey diagram.

    Args:
        key: tells this picture from others on the page.
        title: what it shows.
        description: what there is to see, for those who cannot.
        heads: what stands in each column.
        stops: the things; one without a flow is left out.
        flows: between things of different columns, from left to right.
    """
    boxes = _boxes(stops, flows)
    columns = [[box for box in boxes.values() if box.stop.column == n] for n in range(len(heads))]
    height = _arranged(columns, boxes, flows)
    step = (_WIDTH - _NODE - 230) / max(len(heads) - 1, 1)

    def x(column: int) -> float:
        return column * step

    shapes = [
        Markup('<text class="head" x="{:.0f}" y="16">{}</text>').format(x(n), head)
        for n, head in enumerate(heads)
    ]
    # Drawn in the order of their ends, so that they leave and arrive without crossing.
    for flow in sorted(flows, key=lambda f: (boxes[f.source].top, boxes[f.target].top)):
        box, other = boxes[flow.source], boxes[flow.target]
        start = box.top + box.right_used + flow.size * _UNIT / 2
        box.right_used += flow.size * _UNIT
        end = other.top + other.left_used + flow.size * _UNIT / 2
        other.left_used += flow.size * _UNIT
        left, right = x(box.stop.column) + _NODE, x(other.stop.column)
        bend = (left + right) / 2
        shapes.append(
            Markup(
                '<path class="flow s{}"'
                ' d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}"'
                ' stroke-width="{:.1f}"><title>{}</title></path>'
            ).format(
                box.stop.column, left, start, bend, start, bend, end, right, end,
                flow.size * _UNIT, f"{box.stop.label} → {other.stop.label}",
            )
        )  # fmt: skip
    for box in boxes.values():
        room = step if box.stop.column < len(heads) - 1 else 230 + _NODE
        label = _short(box.stop.label, int((room - _NODE - 14) / _LETTER))
        shape = Markup(
            '<g><title>{}</title><rect class="s{}" x="{:.1f}" y="{:.1f}" width="{}" height="{:.1f}"'
            ' rx="2"/><text x="{:.1f}" y="{:.1f}">{}</text></g>'
        ).format(
            box.stop.label, box.stop.column, x(box.stop.column), box.top, _NODE, box.height,
            x(box.stop.column) + _NODE + 6, box.middle + 4, label,
        )  # fmt: skip
        if box.stop.href:
            # The table beside it has the same links for the keyboard.
            shape = Markup('<a href="{}" tabindex="-1" aria-label="{}">{}</a>').format(
                box.stop.href, box.stop.label, shape
            )
        shapes.append(shape)
    return Markup(
        '<svg class="sankey" viewBox="0 0 {} {:.0f}" role="group"'
        ' aria-labelledby="{}-title {}-desc"><title id="{}-title">{}</title>'
        '<desc id="{}-desc">{}</desc>{}</svg>'
    ).format(_WIDTH, height, key, key, key, title, key, description, Markup("").join(shapes))


def _boxes(stops: Sequence[Stop], flows: Sequence[Flow]) -> dict[str, _Box]:
    incoming: dict[str, float] = {}
    outgoing: dict[str, float] = {}
    for flow in flows:
        outgoing[flow.source] = outgoing.get(flow.source, 0) + flow.size
        incoming[flow.target] = incoming.get(flow.target, 0) + flow.size
    boxes = {}
    for stop in stops:
        size = max(incoming.get(stop.key, 0), outgoing.get(stop.key, 0))
        if size:
            boxes[stop.key] = _Box(stop, size, max(size * _UNIT, _LEAST))
    return boxes


def _arranged(
    columns: Sequence[list[_Box]], boxes: Mapping[str, _Box], flows: Sequence[Flow]
) -> float:
    """Give each box its place; return the height of the picture."""
    tallest = max((_height(column) for column in columns), default=0)
    near: dict[str, list[_Box]] = {key: [] for key in boxes}
    for flow in flows:
        near[flow.source].append(boxes[flow.target])
        near[flow.target].append(boxes[flow.source])
    for column in columns:
        _stack(column, tallest)
    for turn in range(_ROUNDS):
        for column in columns if turn % 2 else reversed(columns):
            middles = {
                box.stop.key: sum(one.middle for one in near[box.stop.key])
                / len(near[box.stop.key])
                for box in column
            }
            column.sort(key=lambda box, middles=middles: (middles[box.stop.key], box.stop.label))  # type: ignore[misc]
            _stack(column, tallest)
    return tallest + _HEAD + 6


def _height(column: Sequence[_Box]) -> float:
    return sum(box.height for box in column) + _GAP * max(len(column) - 1, 0)


def _stack(column: Sequence[_Box], tallest: float) -> None:
    """Put the boxes of a column under each other, spread over the height."""
    spare = (tallest - _height(column)) / (len(column) + 1) if column else 0
    top = _HEAD + spare
    for box in column:
        box.top = top
        top += box.height + _GAP + spare


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: max(most - 1, 1)].rstrip() + "…"
