"""The picture of a thing among its neighbours: what refers to it left, what it refers to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

__all__ = ["Neighbour", "picture"]

_WIDTH: Final = 900
_BOX: Final = 250
_CENTRE: Final = 190
_ROW: Final = 44
_HEIGHT: Final = 30
_LETTERS: Final = 31


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A thing next to another.

    Attributes:
        name: what it is called.
        href: its page.
        relation: how they relate, in words.
    """

    name: str
    href: str
    relation: str


def picture(
    name: str, title: str, before: Sequence[Neighbour], after: Sequence[Neighbour]
) -> Markup:
    """Return the picture.

    Args:
        name: the thing in the middle.
        title: what the picture shows.
        before: what refers to the thing.
        after: what the thing refers to.
    """
    rows = max(len(before), len(after), 1)
    height = rows * _ROW + 8
    middle = height / 2
    left, right = (_WIDTH - _CENTRE) / 2, (_WIDTH + _CENTRE) / 2
    lines: list[Markup] = []
    boxes: list[Markup] = []
    for side, shown in ((0, before), (1, after)):
        x = 0 if side == 0 else _WIDTH - _BOX
        edge, start = (_BOX, left) if side == 0 else (_WIDTH - _BOX, right)
        bend = (edge + start) / 2
        top = middle - len(shown) * _ROW / 2
        for place, one in enumerate(shown):
            y = top + place * _ROW + _ROW / 2
            lines.append(
                Markup(
                    '<path d="M{:.0f} {:.1f}C{:.0f} {:.1f} {:.0f} {:.1f} {:.0f} {:.1f}"/>'
                ).format(start, middle, bend, middle, bend, y, edge, y)
            )
            boxes.append(_box(x, y, one))
    centre = Markup(
        '<g class="self"><rect x="{:.0f}" y="{:.1f}" width="{}" height="{}" rx="6"/>'
        '<text x="{}" y="{:.1f}" text-anchor="middle">{}</text><title>{}</title></g>'
    ).format(left, middle - 19, _CENTRE, 38, _WIDTH / 2, middle + 4.5, _short(name, 23), name)
    return Markup(
        '<svg class="neighbours" viewBox="0 0 {} {:.0f}" role="group"'
        ' aria-labelledby="neighbours-title"><title id="neighbours-title">{}</title>'
        '<g class="lines">{}</g>{}{}</svg>'
    ).format(_WIDTH, height, title, Markup("").join(lines), Markup("").join(boxes), centre)


def _box(x: float, y: float, one: Neighbour) -> Markup:
    # The lists on the page have the same links: the keyboard need not pass them twice.
    return Markup(
        '<a href="{}" tabindex="-1" aria-label="{}"><title>{}</title>'
        '<text class="how" x="{:.0f}" y="{:.1f}">{}</text>'
        '<rect x="{:.0f}" y="{:.1f}" width="{}" height="{}" rx="5"/>'
        '<text x="{:.0f}" y="{:.1f}">{}</text></a>'
    ).format(
        one.href, f"{one.relation}: {one.name}", f"{one.relation}: {one.name}",
        x + 2, y - _HEIGHT / 2 + 3, _short(one.relation, 38),
        x, y - _HEIGHT / 2 + 7, _BOX, _HEIGHT - 4,
        x + 9, y + _HEIGHT / 2 - 4, _short(one.name, _LETTERS),
    )  # fmt: skip


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
