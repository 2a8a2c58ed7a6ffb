"""Code lists of an ontology, as the tables that use them write the codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyoxigraph as ox

from clustergraph.csvw.cells import CodeLists
from clustergraph.vocab import CODE, PREFIXES

__all__ = ["code_lists"]

_LABELS: Final = frozenset(
    (PREFIXES["skos"] + "prefLabel", PREFIXES["skos"] + "altLabel", PREFIXES["rdfs"] + "label")
)


def code_lists(statements: Iterable[ox.Quad | ox.Triple]) -> CodeLists:
    """Return the codes of each list, as tables write them, each with its labels.

    ``country`` has ``CZ``, ``role`` has ``partner``, ``nuts`` has ``CZ080``, ``nace`` has ``C13``
    in the notation of NACE, and ``nace-iri`` the local part of its IRI.
    """
    lists: dict[str, dict[str, list[str]]] = {}
    labels: dict[str, list[str]] = {}
    notation, in_scheme = (PREFIXES["skos"] + name for name in ("notation", "inScheme"))
    nuts, nace = (PREFIXES[name] for name in ("nuts", "nace"))
    for quad in statements:
        if not isinstance(quad.subject, ox.NamedNode):
            continue
        iri, predicate = quad.subject.value, quad.predicate.value
        known = labels.setdefault(iri, [])
        if isinstance(quad.object, ox.Literal):
            if predicate in _LABELS:
                known.append(quad.object.value)
            elif predicate == notation and iri.startswith(nace):
                lists.setdefault("nace", {})[quad.object.value] = known
        elif predicate == in_scheme:
            for namespace, name in ((nuts, "nuts"), (nace, "nace-iri")):
                if iri.startswith(namespace):
                    lists.setdefault(name, {})[iri.removeprefix(namespace)] = known
            if iri.startswith(CODE):
                name, _, code = iri.removeprefix(CODE).partition("/")
                lists.setdefault(name, {})[code] = known
    return lists
