"""The picture of the ontology: its main classes as boxes, the main properties as arrows.

Where the boxes stand is decided by hand, since no arithmetic lays out twenty boxes as readably;
what they are and what leads from one to another is the model's, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from clustergraph.pages.lexicon import title_of
from clustergraph.pages.model import Model
from clustergraph.vocab import CG, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["ARROWS", "BOXES", "diagram"]

_ORGANISATION: Final = PREFIXES["org"] + "Organization"
_THING: Final = PREFIXES["owl"] + "Thing"
_BELOW: Final = PREFIXES["rdfs"] + "subClassOf"

BOXES: Final[Mapping[str, tuple[int, int]]] = {
    CG + "PolicyDocument": (0, 0), CG + "Policy": (1, 0), CG + "FundingProgramme": (2, 0),
    CG + "Call": (3, 0), CG + "MonetaryAmount": (4, 0),
    CG + "Country": (0, 1), CG + "IndustrialEcosystem": (1, 1), CG + "ClusterPartnership": (2, 1),
    CG + "LabelScheme": (3, 1), _THING: (4, 1),
    CG + "Place": (0, 2), _ORGANISATION: (1, 2), CG + "LabelAward": (2, 2), CG + "Label": (3, 2),
    CG + "Claim": (4, 2),
    CG + "ClusterInitiative": (0, 3), CG + "ClusterOrganisation": (1, 3), CG + "Cluster": (2, 3),
    CG + "Figure": (3, 3),
}  # fmt: skip
"""Column and row of each class."""

ARROWS: Final = (
    (CG + "Policy", CG + "setOutIn", CG + "PolicyDocument"),
    (CG + "FundingProgramme", CG + "implements", CG + "Policy"),
    (CG + "Call", CG + "callOf", CG + "FundingProgramme"),
    (CG + "MonetaryAmount", CG + "amountOf", CG + "Call"),
    (CG + "Policy", CG + "concernsEcosystem", CG + "IndustrialEcosystem"),
    (CG + "ClusterPartnership", CG + "targetsEcosystem", CG + "IndustrialEcosystem"),
    (CG + "ClusterPartnership", CG + "call", CG + "Call"),
    (CG + "Label", CG + "labelScheme", CG + "LabelScheme"),
    (_ORGANISATION, CG + "country", CG + "Country"),
    (_ORGANISATION, CG + "place", CG + "Place"),
    (_ORGANISATION, CG + "ecosystem", CG + "IndustrialEcosystem"),
    (_ORGANISATION, CG + "partnerIn", CG + "ClusterPartnership"),
    (_ORGANISATION, CG + "hasLabel", CG + "LabelAward"),
    (CG + "LabelAward", CG + "awardedLabel", CG + "Label"),
    (CG + "Claim", CG + "claimSubject", _THING),
    (CG + "ClusterOrganisation", _BELOW, _ORGANISATION),
    (CG + "ClusterOrganisation", CG + "runsClusterInitiative", CG + "ClusterInitiative"),
    (CG + "ClusterOrganisation", CG + "managesCluster", CG + "Cluster"),
    (CG + "ClusterInitiative", CG + "strengthensCluster", CG + "Cluster"),
    (CG + "Figure", CG + "figureOf", _ORGANISATION),
)
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
    arrows = [_arrow(visit, *arrow) for arrow in ARROWS]
    boxes = [_box(visit, model, iri, counts) for iri in BOXES]
    right = max(column for column, _ in BOXES.values()) * _RIGHT + _WIDE + 2 * _EDGE
    down = max(row for _, row in BOXES.values()) * _DOWN + _HIGH + 2 * _EDGE + 44
    return Markup(
        '<svg class="classes" viewBox="0 0 {} {}" role="group" aria-labelledby="m-title m-desc">'
        '<title id="m-title">{}</title><desc id="m-desc">{}</desc>'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path d="M0 0.500 10 5 0 9.500z"/></marker>'
        '<marker id="hollow" class="hollow" viewBox="0 0 12 12" refX="11" refY="6"'
        ' markerWidth="11" markerHeight="11" orient="auto"><path d="M1 1 11 6 1 11z"/></marker>'
        "</defs>{}{}</svg>"
    ).format(
        right, down, t("diagram"), t("diagram-desc"), Markup("").join(arrows),
        Markup("").join(boxes),
    )  # fmt: skip


def _corner(iri: str) -> tuple[float, float]:
    column, row = BOXES[iri]
    return _EDGE + column * _RIGHT, _EDGE + row * _DOWN


def _box(visit: Visit, model: Model, iri: str, counts: Mapping[str, int]) -> Markup:
    left, top = _corner(iri)
    title = title_of(visit, iri)
    count = visit.words("ontology").number(counts[iri]) if iri in counts else ""
    lines = _wrapped(title, _LONG_NAME)
    middle = top + _HIGH / 2 + 5 - (len(lines) - 1) * _LINE / 2 - (7 if count else 0)
    texts = [
        Markup('<text x="{:.0f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
            left + _WIDE / 2, middle + number * _LINE, line
        )
        for number, line in enumerate(lines)
    ]
    if count:
        texts.append(
            Markup(
                '<text class="axis" x="{:.0f}" y="{:.1f}" text-anchor="middle">{}</text>'
            ).format(left + _WIDE / 2, middle + len(lines) * _LINE, count)
        )
    term = model.terms.get(iri)
    shape = Markup('<rect class="{}" x="{:.0f}" y="{:.0f}" width="{}" height="{}" rx="7"/>').format(
        f"in-{term.module}" if term is not None and term.ours else "foreign",
        left, top, _WIDE, _HIGH,
    )  # fmt: skip
    inside = Markup("").join([shape, *texts])
    if term is None:
        return inside
    return Markup('<a href="{}" tabindex="-1" aria-label="{}">{}</a>').format(
        visit.link(iri), title, inside
    )


def _arrow(visit: Visit, start: str, name: str, end: str) -> Markup:
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    below = name == _BELOW
    title = visit.words("ontology")("kind-of") if below else title_of(visit, name)
    lines = _wrapped(title, _LONG_LABEL)
    tip = "hollow" if below else "tip"
    half = _WIDE / 2
    if y1 == y2 and abs(x2 - x1) > _RIGHT:
        # Past the box between: underneath.
        low = y1 + _HIGH + 30
        path = (
            f"M{x1 + half:.0f} {y1 + _HIGH:.0f}V{low - 10:.0f}Q{x1 + half:.0f} {low:.0f} "
            f"{x1 + half + 10:.0f} {low:.0f}H{x2 + half - 10:.0f}Q{x2 + half:.0f} {low:.0f} "
            f"{x2 + half:.0f} {low - 10:.0f}V{y2 + _HIGH + 1:.0f}"
        )
        at, lines = ((x1 + x2) / 2 + half, low), [title]
    else:
        (ax, ay), (bx, by) = _ends(x1, y1, x2, y2)
        path = f"M{ax:.0f} {ay:.0f}L{bx:.0f} {by:.0f}"
        at = ((ax + bx) / 2, (ay + by) / 2)
    first = at[1] + 4 - (len(lines) - 1) * _LINE / 2
    texts = Markup("").join(
        Markup('<text class="along" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
            at[0], first + number * (_LINE - 1), line
        )
        for number, line in enumerate(lines)
    )
    drawn = Markup('<path class="arrow" d="{}" marker-end="url(#{})"/>').format(path, tip)
    if below:
        return drawn + texts
    return drawn + Markup('<a href="{}" tabindex="-1" aria-label="{}">{}</a>').format(
        visit.link(name), title, texts
    )


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
