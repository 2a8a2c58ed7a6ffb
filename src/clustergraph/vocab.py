"""The namespaces of the graph, and the prefixes that every query may use undeclared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["BASE", "CG", "CODE", "GRAPH", "ID", "ONTOLOGY", "PREFIXES", "SHAPES", "shorten"]

BASE: Final = "https://w3id.org/clustergraph/"
CG: Final = BASE + "ns#"
ID: Final = BASE + "id/"
CODE: Final = BASE + "code/"
GRAPH: Final = BASE + "graph/"
SHAPES: Final = BASE + "shapes#"
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
    }
)
"""Prefix → namespace; known to every query of the command line and of the service."""


def shorten(iri: str) -> str:
    """Return ``iri`` as a prefixed name where a project prefix fits, else unchanged.

    Only local parts that Turtle allows without escapes are shortened, so that the answer can be
    pasted back into a query; ``id:cluster-organisation/clutex`` stays a full IRI in angle brackets
    for that reason.
    """
    best = max(
        (item for item in PREFIXES.items() if iri.startswith(item[1])),
        key=lambda item: len(item[1]),
        default=None,
    )
    if best is None:
        return iri
    prefix, namespace = best
    local = iri[len(namespace) :]
    return f"{prefix}:{local}" if local.replace("-", "").replace("_", "").isalnum() else iri
