"""Rewrite the tables of terms in docs/model.md from the ontology.

Usage: ``python tools/terms.py [--check]``. ``--check`` writes nothing and exits 1 when the page
is out of date.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "model.md"
MODULES = ("core", "policy", "funding", "quality", "statistics", "tables")
START, END = "<!-- terms: written by tools/terms.py -->\n", "<!-- end of terms -->\n"
CG = "https://w3id.org/clustergraph/ns#"
KINDS = {
    "Class": "class",
    "ObjectProperty": "→ thing",
    "DatatypeProperty": "→ literal",
    "AnnotationProperty": "annotation",
}
MARKS = {"TransitiveProperty": "transitive", "SymmetricProperty": "symmetric"}

Facts = dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]]]


def facts(module: str) -> Facts:
    """Gather what a module says, by subject and by the local name of the predicate."""
    found: Facts = defaultdict(lambda: defaultdict(list))
    for quad in ox.parse(path=ROOT / "ontology" / f"{module}.ttl"):
        subject = getattr(quad.subject, "value", "")
        found[subject][local(quad.predicate.value)].append(quad.object)
    return found


def local(iri: str) -> str:
    """Return the part of an IRI after the last ``#`` or ``/``."""
    return re.split(r"[#/]", iri)[-1]


def short(term: object) -> str:
    """Write a class or datatype by its local name, ours without prefix."""
    iri = str(getattr(term, "value", ""))
    prefix = {"http://www.w3.org/ns/org#": "org:", "http://xmlns.com/foaf/0.1/": "foaf:"}
    prefix |= {"http://www.w3.org/2004/02/skos/core#": "skos:"}
    prefix |= {"http://www.opengis.net/ont/geosparql#": "geo:"}
    prefix |= {"http://www.w3.org/2001/XMLSchema#": "xsd:"}
    namespace = iri[: len(iri) - len(local(iri))]
    return prefix.get(namespace, "") + local(iri)


def in_language(terms: list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple], tag: str) -> str:
    """Return the literal in one language."""
    return next(t.value for t in terms if isinstance(t, ox.Literal) and t.language == tag)


def table(module: str) -> str:
    """Write the table of one module: classes first, then properties, as the file orders them."""
    said = facts(module)
    rows: dict[bool, list[str]] = {True: [], False: []}
    for iri, by in said.items():
        types = [local(getattr(t, "value", "")) for t in by["type"]]
        kind = next((KINDS[t] for t in types if t in KINDS), None)
        if kind is None or not iri.startswith(CG):
            continue
        above = [short(t) for t in by["subClassOf"] + by["subPropertyOf"]]
        ends = " → ".join(
            " ".join(short(t) for t in by[end]) or "any" for end in ("domain", "range") if by[end]
        )
        if by["range"] and not by["domain"]:
            ends = "any → " + ends
        notes = [f"⊂ {name}" for name in above]
        notes += [f"inverse {short(t)}" for t in by["inverseOf"]]
        notes += [MARKS[t] for t in types if t in MARKS]
        notes += ["derived by chain"] if by["propertyChainAxiom"] else []
        if kind != "class":
            notes = [*([ends] if ends else []), *notes]
        labels = f"{in_language(by['label'], 'en')} / {in_language(by['label'], 'cs')}"
        meaning = in_language(by["definition"], "en")
        cells = [f"`cg:{local(iri)}`", labels, kind, "; ".join(notes), meaning]
        rows[kind == "class"].append("| " + " | ".join(cells) + " |")
    head = ["| term | label | kind | relations | meaning |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([f"### {module}\n", *head, *rows[True], *rows[False]]) + "\n"


def main(arguments: list[str]) -> int:
    """Rewrite the page, or with ``--check`` compare it; return the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    after = rest.split(END)[1]
    fresh = before + START + "\n" + "\n".join(map(table, MODULES)) + "\n" + END + after
    if fresh != page and "--check" not in arguments:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    return int(fresh != page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
