"""The picture of the ontology: its main classes as boxes, the main properties as arrows.

Where the boxes stand is decided by hand (``data/diagram.toml``), since no arithmetic lays out
twenty boxes as readably; what they are and what leads from one to another is the model's, and a
test compares them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clustergraph.pages.lexicon import title_of
from clustergraph.pages.model import Model
from clustergraph.pages.rendering import macros
from clustergraph.vocab import PREFIXES, expand

if TYPE_CHECKING:
    from markupsafe import Markup

    from clustergraph.pages.visit import Visit

__all__ = ["ARROWS", "BOXES", "diagram"]

_BELOW: Final = PREFIXES["rdfs"] + "subClassOf"
_DRAWN: Final = tomllib.loads(
    (Path(__file__).parent / "data" / "diagram.toml").read_text(encoding="utf-8")
)
BOXES: Final[Mapping[str, tuple[int, int]]] = {
    expand(name): (column, row)
    for row, names in enumerate(_DRAWN["rows"])
    for column, name in enumerate(names)
}
"""Column and row of each class."""
ARROWS: Final = [
    (expand(start), expand(name), expand(end)) for start, name, end in _DRAWN["arrows"]
]
"""From which class which property leads to which other."""

_WIDE, _HIGH = 166, 58
_RIGHT, _DOWN = 268, 124
_EDGE: Final = 8
_LONG_NAME: Final = 16
_LONG_LABEL: Final = 12
_LINE: Final = 15


def diagram(visit: Visit, model: Model, counts: Mapping[str, int]) -> Markup:
    """Return the picture.

    Args:
        visit: who sees it; titles are in its language, and each box leads to its class.
        model: the ontology.
        counts: how many things there are of each class, by IRI.
    """
    t = visit.words("ontology")
    columns, rows = zip(*BOXES.values(), strict=True)
    right = max(columns) * _RIGHT + _WIDE + 2 * _EDGE
    down = max(rows) * _DOWN + _HIGH + 2 * _EDGE + 44
    arrows = [_arrow(visit, *arrow) for arrow in ARROWS]
    boxes = [_box(visit, model, iri, t.number(counts.get(iri))) for iri in BOXES]
    drawn: Markup = macros("pictures.html").diagram(
        t("diagram"), t("diagram-desc"), arrows, boxes, right, down, _WIDE, _HIGH
    )
    return drawn


def _corner(iri: str) -> tuple[int, int]:
    column, row = BOXES[iri]
    return _EDGE + column * _RIGHT, _EDGE + row * _DOWN


def _box(visit: Visit, model: Model, iri: str, count: str) -> dict[str, Any]:
    left, top = _corner(iri)
    title, term = title_of(visit, iri), model.terms.get(iri)
    lines = _wrapped(title, _LONG_NAME)
    return {
        "left": left,
        "top": top,
        "title": title,
        "lines": lines,
        "y": top + _HIGH / 2 + 5 - (len(lines) - 1) * _LINE / 2 - (7 if count else 0),
        "count": count,
        "style": f"in-{term.module}" if term is not None and term.ours else "foreign",
        "href": visit.link(iri) if term is not None else "",
    }


def _arrow(visit: Visit, start: str, name: str, end: str) -> dict[str, Any]:
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    below = name == _BELOW
    title = visit.words("ontology")("kind-of") if below else title_of(visit, name)
    lines = _wrapped(title, _LONG_LABEL)
    if y1 == y2 and abs(x2 - x1) > _RIGHT:
        # Past the box between: underneath.
        low, lines = y1 + _HIGH + 30, [title]
        x1, x2 = x1 + _WIDE // 2, x2 + _WIDE // 2
        path = (
            f"M{x1} {y1 + _HIGH}V{low - 10}Q{x1} {low} {x1 + 10} {low}"
            f"H{x2 - 10}Q{x2} {low} {x2} {low - 10}V{y2 + _HIGH + 1}"
        )
        x, y = (x1 + x2) / 2, float(low)
    else:
        (ax, ay), (bx, by) = _ends(x1, y1, x2, y2)
        path = f"M{ax:.0f} {ay:.0f}L{bx:.0f} {by:.0f}"
        x, y = (ax + bx) / 2, (ay + by) / 2
    return {
        "path": path,
        "title": title,
        "lines": lines,
        "x": x,
        "y": y + 4 - (len(lines) - 1) * _LINE / 2,
        "href": "" if below else visit.link(name),
    }


def _ends(x1: float, y1: float, x2: float, y2: float) -> tuple[tuple[float, float], ...]:
    """Return where an arrow leaves one box and reaches another."""
    half_w, half_h = _WIDE / 2, _HIGH / 2
    if y1 == y2:
        side = _WIDE if x2 > x1 else 0
        return (x1 + side, y1 + half_h), (x2 + _WIDE - side, y2 + half_h)
    side = _HIGH if y2 > y1 else 0
    if x1 == x2:
        return (x1 + half_w, y1 + side), (x2 + half_w, y2 + _HIGH - side)
    # Aslant: from corner to corner, somewhat inwards.
    right = x2 > x1
    start = x1 + (_WIDE - 20 if right else 20)
    return (start, y1 + side), (x2 + (20 if right else _WIDE - 20), y2 + _HIGH - side)


def _wrapped(text: str, most: int) -> list[str]:
    """Return a text as one line or two."""
    if len(text) <= most or " " not in text:
        return [text]
    gaps = [index for index, one in enumerate(text) if one == " "]
    best = min(gaps, key=lambda index: abs(2 * index - len(text)))
    return [text[:best], text[best + 1 :]]
