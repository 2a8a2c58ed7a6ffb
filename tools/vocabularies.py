"""Rewrite ontology/vocabularies: the terms of the vocabularies that ours is aligned with.

Usage: ``python tools/vocabularies.py DIRECTORY``, where DIRECTORY holds the packages
``@vocabulary/{name}`` of npm, each a copy of one vocabulary in N-Quads. Only names and kinds of
terms are kept. Vocabularies without a package are kept as far as they were looked up, by hand,
in the table ``sources.csv`` and in the rows of ``terms.csv`` that this program leaves alone.
"""

from __future__ import annotations

import csv
import json
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
    """Read the packages, and write both tables; return the exit code."""
    packages = Path(arguments[0]) / "node_modules" / "@vocabulary"
    with (ROOM / "sources.csv").open(encoding="utf-8", newline="") as file:
        sources = list(csv.DictReader(file))
    with (ROOM / "terms.csv").open(encoding="utf-8", newline="") as file:
        kept = [(row["prefix"], row["term"], row["kind"]) for row in csv.DictReader(file)]
    fresh = set(kept)
    for source in sources:
        prefix, namespace = source["prefix"], source["namespace"]
        path = packages / prefix / f"{prefix}.nq"
        if not path.exists():
            continue
        version = json.loads((path.parent / "package.json").read_text(encoding="utf-8"))["version"]
        source["origin"] = f"npm @vocabulary/{prefix} {version}"
        # schema.org writes its IRIs with http, and both forms are the same term.
        both = (namespace, namespace.replace("https://schema.org", "http://schema.org"))
        fresh = {row for row in fresh if row[0] != prefix}
        fresh |= {(prefix, name, kind) for name, kind in terms(path, both).items()}
    with (ROOM / "terms.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["prefix", "term", "kind"])
        writer.writerows(sorted(fresh))
    with (ROOM / "sources.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(sources[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(sources)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
