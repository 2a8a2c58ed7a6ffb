"""A thing among its neighbours: a picture, and a table that a script draws as a network.

In the picture, what refers to the thing stands left, and what it refers to right. The table has
more of them, and what the neighbours have to do with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
from markupsafe import Markup

from clustergraph.vocab import INFERRED

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["MOST", "Link", "Neighbour", "Neighbourhood", "neighbourhood", "picture"]

MOST: Final = 20
"""Neighbours on each side that the table has."""

_MOST_SHOWN: Final = 8
_QUERY: Final = """SELECT ?from ?property ?to
WHERE {
  { $thing ?property ?to FILTER(isIRI(?to) && ?property != rdf:type) BIND($thing AS ?from) }
  UNION
  { ?from ?property $thing BIND($thing AS ?to) }
}"""

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
        iri: the thing.
        name: what it is called.
        href: its page.
        relation: how they relate, in words, seen from the other.
        property: what relates them.
    """

    iri: str
    name: str
    href: str
    relation: str = ""
    property: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Two things of a neighbourhood, and how the first relates to the second."""

    source: Neighbour
    relation: str
    target: Neighbour


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What a page shows of the things around one.

    Attributes:
        picture: the nearest of them.
        links: all that the table has.
        query: finds what is next to the thing.
    """

    picture: Markup
    links: Sequence[Link]
    query: str


def neighbourhood(
    visit: Visit,
    centre: Neighbour,
    before: Mapping[str, Neighbour],
    after: Mapping[str, Neighbour],
    name: Callable[[str], str],
) -> Neighbourhood:
    """Return what is around a thing.

    Args:
        visit: who sees it.
        centre: the thing.
        before: what refers to it, by IRI; who is told as referred to already is left out.
        after: what it refers to, by IRI.
        name: returns what a property is called.
    """
    alone = [one for iri, one in before.items() if iri not in after]
    known = {one.iri: one for one in (*alone[:MOST], *list(after.values())[:MOST])}
    links = [
        Link(centre, name(one.property), one)
        if iri in after
        else Link(one, name(one.property), centre)
        for iri, one in known.items()
    ]
    links += [
        Link(known[row["from"]], name(row["property"]), known[row["to"]])
        for row in visit.select(_between(list(known)))
    ]
    title = visit.words("thing")("neighbours-of", name=centre.name)
    return Neighbourhood(
        picture(
            centre.name, title, alone[:_MOST_SHOWN], list(after.values())[:_MOST_SHOWN]
        ),
        links,
        visit.query_text(_QUERY, thing=ox.NamedNode(centre.iri)),
    )  # fmt: skip


def _between(iris: Sequence[str]) -> str:
    """Return a query for what things have to do with each other."""
    known = " ".join(str(ox.NamedNode(iri)) for iri in iris)
    return (
        f"SELECT ?from (SAMPLE(?one) AS ?property) ?to {{ VALUES ?from {{ {known} }} "
        f"VALUES ?to {{ {known} }} ?from ?one ?to FILTER(?from != ?to) "
        f"FILTER NOT EXISTS {{ GRAPH <{INFERRED}> {{ ?from ?one ?to }} }} }} GROUP BY ?from ?to"
    )


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
