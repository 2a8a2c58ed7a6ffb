"""The ontology: its classes as a tree and a picture, its properties, and a search in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages.diagram import ARROWS, diagram
from clustergraph.pages.frame import page
from clustergraph.pages.lexicon import entries, entry, in_language, named
from clustergraph.pages.model import Term, model
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
    modules = [
        {
            "name": module.name,
            "title": in_language(module.titles, visit.language)[0] or module.name,
            "description": module.description,
            "classes": [term for term in whole.own("class") if term.module == module.name],
            "properties": entries(
                visit,
                (term for term in whole.own(*_PROPERTIES) if term.module == module.name),
                used,
            ),
        }
        for module in whole.modules
    ]
    inferred = ox.NamedNode(INFERRED)
    return page(
        visit,
        "ontology",
        wanted=wanted,
        found=[entry(visit, term, used) for term in _found(wanted)] if wanted else [],
        counts={
            "classes": len(whole.own("class")),
            "properties": len(whole.own(*_PROPERTIES)),
            "alignments": sum(len(term.alignments) for term in whole.terms.values()),
            "modules": len(modules),
        },
        version=whole.version,
        tree=[_branch(visit, term, used, 0) for term in whole.roots()],
        picture=diagram(visit, whole, used.classes),
        arrows=[
            (named(visit, start),
             "" if name.startswith(PREFIXES["rdfs"]) else named(visit, name), named(visit, end))
            for start, name, end in ARROWS
        ],
        modules=modules,
        inferred=sum(used.inferred.values()),
        class_query=visit.query_text(CLASSES, inferred=inferred),
        property_query=visit.query_text(PROPERTIES, inferred=inferred),
    )  # fmt: skip


def _branch(visit: Visit, term: Term, used: Usage, depth: int) -> dict[str, Any]:
    """Return a class with all that is below it."""
    whole = model()
    below = [whole.terms[one] for one in term.below if whole.terms[one].kind == "class"]
    branches = [_branch(visit, one, used, depth + 1) for one in below]
    return {
        "entry": entry(visit, term, used),
        "below": sorted(branches, key=lambda one: visit.order(one["entry"].title)),
        "all": sum(used.stated(one) for one in (term.iri, *whole.descendants(term.iri))),
        "open": depth < _TREE_OPEN,
    }


def _found(wanted: str) -> list[Term]:
    """Return the terms that hold all words looked for, those that have them in their name first."""
    words = fold(wanted).split()
    ranked = []
    for term in model().own("class", *_PROPERTIES):
        names = fold(" ".join((term.name, *term.labels.values())))
        texts = fold(" ".join((*term.definitions.values(), *term.notes.values())))
        if all(word in names or word in texts for word in words):
            ranked.append((not all(word in names for word in words), len(term.name), term))
    return [term for *_, term in sorted(ranked, key=lambda one: one[:2])]
