"""Whether an ontology is in OWL 2 DL, which complete reasoners can process.

Source: OWL 2 Structural Specification, sections 2.4, 5, 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.datatypes import DATATYPES
from clustergraph.owl.mapping import BUILT_IN
from clustergraph.owl.restrictions import Break, restrictions
from clustergraph.owl.structure import Axioms
from clustergraph.vocab import PREFIXES, shorten

__all__ = ["Break", "breaks"]

_OWL: Final = PREFIXES["owl"]
_RESERVED: Final = tuple(PREFIXES[name] for name in ("owl", "rdf", "rdfs", "xsd"))


def breaks(found: Axioms) -> list[Break]:
    """Return what keeps axioms out of OWL 2 DL; nothing when they are in it.

    Malformed axioms are not repeated here: `Axioms.malformed` holds them.
    """
    return list(dict.fromkeys(_dl(found)))


def _dl(found: Axioms) -> Iterator[Break]:
    for reason, triples in found.left_out.items():
        if reason not in found.malformed:
            yield from (Break(reason, triple) for triple in triples)
    for (kind, iri), triple in found.used.items():
        standard = BUILT_IN.get(iri) == kind or (kind == "Datatype" and iri in DATATYPES)
        if kind not in found.kinds.get(iri, ()) and not standard:
            yield Break(f"{shorten(iri)} is used as a {_KINDS[kind]} and not declared", triple)
    for iri, kinds in found.kinds.items():
        of_properties = sorted(kind for kind in kinds if kind.endswith("Property"))
        if len(of_properties) > 1:
            words = " and ".join(_KINDS[kind] for kind in of_properties)
            yield Break(f"{shorten(iri)} is {words} at once", _declared(iri, of_properties[0]))
        if {"Class", "Datatype"} <= kinds:
            yield Break(f"{shorten(iri)} is both a class and a datatype", _declared(iri, "Class"))
        if iri.startswith(_RESERVED) and iri not in BUILT_IN and iri not in DATATYPES:
            reason = f"{shorten(iri)} is a word of RDF or OWL itself and must not be declared"
            yield Break(reason, _declared(iri, min(kinds)))
    yield from restrictions(found.axioms)


def _declared(iri: str, kind: str) -> ox.Triple:
    """Return the statement that declares a term."""
    space, word = (
        (PREFIXES["rdfs"], kind)
        if kind == "Datatype"
        else (_OWL, kind.replace("DataP", "DatatypeP"))
    )
    type_ = ox.NamedNode(PREFIXES["rdf"] + "type")
    return ox.Triple(ox.NamedNode(iri), type_, ox.NamedNode(space + word))


_KINDS: Final = {
    "Class": "class",
    "Datatype": "datatype",
    "ObjectProperty": "object property",
    "DataProperty": "datatype property",
    "AnnotationProperty": "annotation property",
    "NamedIndividual": "individual",
}
