"""The ontology: its classes as a tree and a picture, its properties, and a search in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages.diagram import ARROWS, diagram
from clustergraph.pages.frame import page
from clustergraph.pages.model import Model, Term, model
from clustergraph.pages.rules import title_of
from clustergraph.pages.usage import CLASSES, PROPERTIES, Usage, usage
from clustergraph.protocol import Response
from clustergraph.spelling import fold
from clustergraph.vocab import INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["show"]

_PROPERTIES: Final = ("object", "datatype", "annotation")
_TREE_OPEN: Final = 2


def show(visit: Visit) -> Response:
    """Show the ontology."""
    whole = model()
    used = usage(visit)
    wanted = visit.parameter("q")
    found = [_listed(visit, one, used) for one in _found(whole, wanted)] if wanted else []
    own = whole.own("class")
    properties = [
        (
            module,
            module.titles.get(visit.language) or module.titles.get("en", module.name),
            sorted(
                (
                    _listed(visit, term, used)
                    for term in whole.own(*_PROPERTIES)
                    if term.module == module.name
                ),
                key=lambda row: row["title"].casefold(),
            ),
        )
        for module in whole.modules
    ]
    inferred = ox.NamedNode(INFERRED)
    return page(
        visit,
        "ontology",
        wanted=wanted,
        found=found,
        counts={
            "classes": len(own),
            "properties": sum(len(rows) for _, _, rows in properties),
            "alignments": sum(len(term.alignments) for term in whole.terms.values()),
            "modules": len(whole.modules),
        },
        version=whole.version,
        tree=[_branch(visit, whole, term, used, 0) for term in whole.roots()],
        picture=diagram(visit, whole, used.stated),
        arrows=[
            (_named(visit, start), "" if name.startswith(PREFIXES["rdfs"]) else _named(visit, name),
             _named(visit, end))
            for start, name, end in ARROWS
        ],
        properties=[group for group in properties if group[2]],
        modules=[
            (
                module,
                module.titles.get(visit.language) or module.titles.get("en", module.name),
                sum(term.module == module.name for term in own),
                sum(len(rows) for other, _, rows in properties if other is module),
            )
            for module in whole.modules
        ],
        inferred=sum(used.inferred.values()),
        class_query=visit.query_text(CLASSES, inferred=inferred),
        property_query=visit.query_text(PROPERTIES, inferred=inferred),
    )  # fmt: skip


def _named(visit: Visit, iri: str) -> tuple[str, str]:
    return title_of(visit, iri), visit.link(iri)


def _listed(visit: Visit, term: Term, used: Usage) -> dict[str, Any]:
    """Return what a list tells of a term."""
    return {
        "title": title_of(visit, term.iri),
        "href": visit.link(term.iri),
        "name": term.name,
        "kind": term.kind,
        "definition": term.definitions.get(visit.language) or term.definitions.get("en", ""),
        "language": visit.language if visit.language in term.definitions else "en",
        "count": used.stated.get(term.iri, 0),
        "domains": [_named(visit, one) for one in term.domains],
        "ranges": [_named(visit, one) for one in term.ranges],
    }


def _branch(visit: Visit, whole: Model, term: Term, used: Usage, depth: int) -> dict[str, Any]:
    """Return a class with all that is below it."""
    below = [
        _branch(visit, whole, whole.terms[one], used, depth + 1)
        for one in term.below
        if whole.terms[one].kind == "class"
    ]
    row = _listed(visit, term, used)
    row["below"] = sorted(below, key=lambda one: one["title"].casefold())
    row["all"] = sum(used.stated.get(one, 0) for one in (term.iri, *whole.descendants(term.iri)))
    row["open"] = depth < _TREE_OPEN
    row["foreign"] = not term.ours
    return row


def _found(whole: Model, wanted: str) -> list[Term]:
    """Return the terms that hold all words looked for, those that have them in their name first."""
    words = fold(wanted).split()
    ranked = []
    for term in whole.own("class", *_PROPERTIES):
        names = fold(" ".join((term.name, *term.labels.values())))
        texts = fold(" ".join((*term.definitions.values(), *term.notes.values())))
        if all(word in names or word in texts for word in words):
            ranked.append((not all(word in names for word in words), len(term.name), term))
    return [term for *_, term in sorted(ranked, key=lambda one: one[:2])]
