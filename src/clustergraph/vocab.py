"""The namespaces of the graph, and the prefixes that every query may use undeclared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BASE: Final = "https://w3id.org/clustergraph/"
CG: Final = BASE + "ns#"
ID: Final = BASE + "id/"
CODE: Final = BASE + "code/"
GRAPH: Final = BASE + "graph/"
SHAPES: Final = BASE + "shapes#"
INFERRED: Final = GRAPH + "inferred"
"""The graph of what follows from the others; nobody states anything there."""
OBSERVATIONS: Final = (GRAPH + "employment_sbs", GRAPH + "employment_lfs")
"""The graphs of official statistics: most of the graph, and none of it about single things."""
ONTOLOGY: Final = BASE + "ontology"

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cg": CG,
        "id": ID,
        "code": CODE,
        "graph": GRAPH,
        "shape": SHAPES,
        "dcat": "http://www.w3.org/ns/dcat#",
        "dcterms": "http://purl.org/dc/terms/",
        "eli": "http://data.europa.eu/eli/ontology#",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "geo": "http://www.opengis.net/ont/geosparql#",
        "nace": "http://data.europa.eu/ux2/nace2/",
        "nuts": "http://data.europa.eu/nuts/code/",
        "org": "http://www.w3.org/ns/org#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "prov": "http://www.w3.org/ns/prov#",
        "qb": "http://purl.org/linked-data/cube#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "schema": "https://schema.org/",
        "sh": "http://www.w3.org/ns/shacl#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "void": "http://rdfs.org/ns/void#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        # A namespace for each frequent kind of thing and code, so that a query may say
        # ecosystem:tourism and country:CZ, and an answer too.
        "cluster-organisation": ID + "cluster-organisation/",
        "ecosystem": ID + "ecosystem/",
        "eurocluster": ID + "eurocluster/",
        "initiative": ID + "initiative/",
        "organisation": ID + "organisation/",
        "practice": ID + "practice/",
        "programme": ID + "programme/",
        "strategy": ID + "strategy/",
        "technology-platform": ID + "technology-platform/",
        "basis": CODE + "basis/",
        "country": CODE + "country/",
        "label-level": CODE + "label-level/",
        "measure": CODE + "measure/",
        "policy-level": CODE + "policy-level/",
        "role": CODE + "role/",
    }
)
"""Prefix → namespace; known to every query of the command line and of the service."""


def expand(name: str) -> str:
    """Return the IRI that a name with a prefix of `PREFIXES` stands for; other text as it is."""
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local if prefix in PREFIXES else name


def shorten(iri: str) -> str:
    """Return ``iri`` as a prefixed name where a project prefix fits, else unchanged.

    SPARQL and Turtle read the name back as this IRI: a slash in the local part is escaped, and
    what could not be written so stays a full IRI.
    """
    for prefix, namespace in _LONGEST_FIRST:
        if iri.startswith(namespace) and _LOCAL.fullmatch(local := iri[len(namespace) :]):
            return prefix + ":" + local.replace("/", "\\/")
    return iri


_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_\-.]|/)*(?<![./])|")
_LONGEST_FIRST: Final = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))
