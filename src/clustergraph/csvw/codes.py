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
    notation = PREFIXES["skos"] + "notation"
    in_scheme = PREFIXES["skos"] + "inScheme"
    for quad in statements:
        if not isinstance(quad.subject, ox.NamedNode):
            continue
        iri = quad.subject.value
        if quad.predicate.value in _LABELS and isinstance(quad.object, ox.Literal):
            labels.setdefault(iri, []).append(quad.object.value)
            continue
        if quad.predicate.value == in_scheme and iri.startswith(CODE):
            name, _, code = iri.removeprefix(CODE).partition("/")
            lists.setdefault(name, {})[code] = labels.setdefault(iri, [])
        elif quad.predicate.value == in_scheme and iri.startswith(PREFIXES["nuts"]):
            code = iri.removeprefix(PREFIXES["nuts"])
            lists.setdefault("nuts", {})[code] = labels.setdefault(iri, [])
        elif quad.predicate.value == in_scheme and iri.startswith(PREFIXES["nace"]):
            code = iri.removeprefix(PREFIXES["nace"])
            lists.setdefault("nace-iri", {})[code] = labels.setdefault(iri, [])
        elif (
            quad.predicate.value == notation
            and iri.startswith(PREFIXES["nace"])
            and isinstance(quad.object, ox.Literal)
        ):
            lists.setdefault("nace", {})[quad.object.value] = labels.setdefault(iri, [])
    return lists
