"""Rewrite ontology/vocabularies/terms.csv: the terms of the vocabularies that ours is aligned with.

Usage: ``python tools/vocabularies.py DIRECTORY``, where DIRECTORY holds copies of vocabularies in
N-Quads, N-Triples or Turtle, each named by its prefix (``org.nq``, ``skos.ttl``), in folders or
not. Only names and kinds of terms are kept. The rows of vocabularies without a copy stay as
they are. Which version a copy is, who publishes it and under which licence, ``sources.csv`` tells;
that is for people to write down, as is whether all terms are there or only those looked up.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pyoxigraph as ox

ROOM = Path(__file__).resolve().parent.parent / "ontology" / "vocabularies"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
KINDS = {
    "http://www.w3.org/2002/07/owl#Class": "class",
    "http://www.w3.org/2000/01/rdf-schema#Class": "class",
    "http://www.w3.org/2000/01/rdf-schema#Datatype": "datatype",
    "http://www.w3.org/2002/07/owl#ObjectProperty": "property",
    "http://www.w3.org/2002/07/owl#DatatypeProperty": "property",
    "http://www.w3.org/2002/07/owl#AnnotationProperty": "property",
    "http://www.w3.org/2002/07/owl#OntologyProperty": "property",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#Property": "property",
}


def terms(path: Path, namespaces: tuple[str, ...]) -> dict[str, str]:
    """Return the terms of a vocabulary by local name, with their kinds."""
    found: dict[str, str] = {}
    for quad in ox.parse(path=path):
        if not isinstance(quad.subject, ox.NamedNode) or quad.predicate.value != RDF_TYPE:
            continue
        for namespace in namespaces:
            name = quad.subject.value.removeprefix(namespace)
            if name and name != quad.subject.value and "/" not in name and "#" not in name:
                kind = KINDS.get(getattr(quad.object, "value", ""), "individual")
                # What is a class or a property is that first, and a datatype is no mere class.
                if kind == "datatype" or found.get(name, "individual") == "individual":
                    found[name] = kind
    return found


def main(arguments: list[str]) -> int:
    """Read the copies, and write the table of terms; return the exit code."""
    copies = {
        path.stem: path
        for path in sorted(Path(arguments[0]).rglob("*"))
        if path.suffix in (".nq", ".nt", ".ttl")
    }
    with (ROOM / "sources.csv").open(encoding="utf-8", newline="") as file:
        spaces = {row["prefix"]: row["namespace"] for row in csv.DictReader(file)}
    with (ROOM / "terms.csv").open(encoding="utf-8", newline="") as file:
        fresh = {(row["prefix"], row["term"], row["kind"]) for row in csv.DictReader(file)}
    for prefix, namespace in spaces.items():
        if prefix not in copies:
            continue
        # schema.org writes its IRIs with http, and both forms are the same term.
        both = (namespace, namespace.replace("https://schema.org", "http://schema.org"))
        found = terms(copies[prefix], both)
        fresh = {row for row in fresh if row[0] != prefix}
        fresh |= {(prefix, name, kind) for name, kind in found.items()}
    with (ROOM / "terms.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["prefix", "term", "kind"])
        writer.writerows(sorted(fresh))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
