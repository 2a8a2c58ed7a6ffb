"""The JSON-LD context of the graph's vocabulary, and frames by class (JSON-LD 1.1 Framing)."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import UnknownNameError
from clustergraph.linked.jsonld import Names, dumps
from clustergraph.pages.frame import Visit
from clustergraph.protocol import Response
from clustergraph.vocab import CG, PREFIXES

__all__ = ["context", "name_of", "show"]

_OWL: Final = PREFIXES["owl"]
_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_XSD: Final = PREFIXES["xsd"]
# Terms of other vocabularies that are so frequent that they go by their own names; no term of
# ours is called so.
_BORROWED: Final = {
    "label": _RDFS + "label",
    "prefLabel": PREFIXES["skos"] + "prefLabel",
    "altLabel": PREFIXES["skos"] + "altLabel",
    "notation": PREFIXES["skos"] + "notation",
    "note": PREFIXES["skos"] + "note",
    "broader": PREFIXES["skos"] + "broader",
    "inScheme": PREFIXES["skos"] + "inScheme",
    "definition": PREFIXES["skos"] + "definition",
    "exactMatch": PREFIXES["skos"] + "exactMatch",
    "closeMatch": PREFIXES["skos"] + "closeMatch",
    "description": PREFIXES["dcterms"] + "description",
    "identifier": PREFIXES["dcterms"] + "identifier",
    "issued": PREFIXES["dcterms"] + "issued",
    "source": PREFIXES["dcterms"] + "source",
    "title": PREFIXES["dcterms"] + "title",
    "page": PREFIXES["foaf"] + "page",
    "member": PREFIXES["org"] + "member",
    "organization": PREFIXES["org"] + "organization",
    "role": PREFIXES["org"] + "role",
}
_BORROWED_NAMES: Final = {iri: name for name, iri in _BORROWED.items()}
_TEXTS: Final = ("label", "prefLabel", "altLabel", "note", "definition", "description", "title")
_LINKS: Final = (
    "broader", "inScheme", "exactMatch", "closeMatch", "source", "page", "member",
    "organization", "role",
)  # fmt: skip
_TELLING: Final = (_RDF + "type", _RDFS + "range", PREFIXES["schema"] + "rangeIncludes")
_MEDIA_TYPE: Final = "application/ld+json"


def name_of(iri: str) -> str:
    """Return the name by which the context knows a term, else a prefixed name or the IRI."""
    if iri.startswith(CG) and iri[len(CG) :] not in _BORROWED:
        return iri[len(CG) :]
    return _BORROWED_NAMES.get(iri) or Names().short(iri)


@cache
def context() -> dict[str, Any]:
    """Return the context: prefixes, our terms with their types, and what is borrowed."""
    # What is called like a prefix (id, country) takes its place: ids are written out.
    terms: dict[str, Any] = {**PREFIXES, "id": "@id", "type": "@type"}
    for name, iri in _BORROWED.items():
        terms[name] = {"@id": iri}
        if name in _TEXTS:
            terms[name]["@container"] = "@language"
        elif name in _LINKS:
            terms[name]["@type"] = "@id"
    vocabulary = _vocabulary()
    for iri, kinds in sorted(vocabulary.items()):
        name = iri[len(CG) :]
        if name in _BORROWED:
            continue
        term: dict[str, Any] = {"@id": iri}
        if _OWL + "ObjectProperty" in kinds:
            term["@type"] = "@id"
        ranges = [kind for kind in kinds if kind.startswith(_XSD)]
        # A number of JSON would become a decimal that is not well-formed (2.5E0).
        if len(ranges) == 1 and ranges[0] != _XSD + "decimal":
            term["@type"] = ranges[0]
        terms[name] = term
    return {"@context": terms}


@cache
def _vocabulary() -> dict[str, set[str]]:
    """Return our terms, each with its types and ranges."""
    found: dict[str, set[str]] = {}
    for path in artefacts.files("ontology", "*.ttl"):
        if path.parent.name in ("codes", "alignments"):
            continue
        for quad in ox.parse(path=str(path)):
            if not (isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(CG)):
                continue
            if quad.predicate.value in _TELLING and isinstance(quad.object, ox.NamedNode):
                found.setdefault(quad.subject.value, set()).add(quad.object.value)
    return found


def classes() -> list[str]:
    """Return the names of our classes."""
    kind = _OWL + "Class"
    return sorted(iri[len(CG) :] for iri, kinds in _vocabulary().items() if kind in kinds)


def show(visit: Visit) -> Response:
    """Return the context, or the frame of a class.

    Raises:
        UnknownNameError: there is no such class.
    """
    head = [("Content-Type", _MEDIA_TYPE)]
    name = visit.captured.get("name")
    if name is None:
        return Response(200, head, dumps(context()), cacheable=True)
    if name not in classes():
        raise UnknownNameError("class", name, classes())
    frame = {
        "@context": f"{visit.base}/context.jsonld",
        "type": CG + name,
        "@embed": "@once",
        "@omitDefault": True,
    }
    return Response(200, head, dumps(frame), cacheable=True)
