"""Write the alignments as SSSOM, ontology/alignments/mappings.sssom.tsv.

Usage: ``python tools/sssom.py [--check]``. ``--check`` writes nothing and exits 1 when the file is
out of date. SSSOM (https://mapping-commons.github.io/sssom/) is a table with one mapping a row;
its tools read it without knowing OWL.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.vocab import CG, PREFIXES

ALIGNMENTS: Final = Path(__file__).resolve().parents[1] / "ontology" / "alignments"
TABLE: Final = ALIGNMENTS / "mappings.sssom.tsv"
COLUMNS: Final = (
    "subject_id", "subject_label", "predicate_id", "object_id", "mapping_justification", "comment",
    "mapping_source",
)  # fmt: skip
PREDICATES: Final = {
    PREFIXES["rdfs"] + "subClassOf": "rdfs:subClassOf",
    PREFIXES["rdfs"] + "subPropertyOf": "rdfs:subPropertyOf",
    PREFIXES["owl"] + "equivalentClass": "owl:equivalentClass",
    PREFIXES["owl"] + "equivalentProperty": "owl:equivalentProperty",
    CG + "closeMatch": "skos:closeMatch",
}
"""Relations of the alignments, as SSSOM names them."""
HEADER: Final = """#mapping_set_id: https://w3id.org/clustergraph/ontology/alignments
#mapping_set_title: Alignments of the clustergraph ontology
#license: https://creativecommons.org/licenses/by/4.0/
"""


def mappings() -> tuple[list[tuple[str, ...]], dict[str, str]]:
    """Return the mappings from terms of ours to foreign terms, sorted, and the prefixes used."""
    labels = _labels()
    found = []
    prefixes: dict[str, str] = {}

    def short(iri: str) -> str:
        space = max((known for known in spaces if iri.startswith(known)), key=len)
        prefixes[spaces[space]] = space
        return f"{spaces[space]}:{iri.removeprefix(space)}"

    for path in sorted(ALIGNMENTS.glob("*.ttl")):
        parser = ox.parse(path=path)
        triples = [quad.triple for quad in parser]
        spaces = {iri: prefix for prefix, iri in parser.prefixes.items()}
        notes = _notes(triples)
        for triple in triples:
            predicate = PREDICATES.get(triple.predicate.value)
            subject, other = triple.subject, triple.object
            if predicate is None or not isinstance(other, ox.NamedNode):
                continue
            if not isinstance(subject, ox.NamedNode) or not subject.value.startswith(CG):
                continue
            if not other.value.startswith(CG):
                found.append(
                    (
                        short(subject.value), labels.get(subject.value, ""), predicate,
                        short(other.value), "semapv:ManualMappingCuration",
                        notes.get((subject.value, other.value), ""),
                        f"https://w3id.org/clustergraph/ontology/alignments/{path.stem}",
                    )
                )  # fmt: skip
    return sorted(found), prefixes


def text() -> str:
    """Return the file as it should be."""
    rows, prefixes = mappings()
    curies = {
        "semapv": "https://w3id.org/semapv/vocab/",
        **{prefix: PREFIXES[prefix] for prefix in ("owl", "rdfs", "skos")},
        **prefixes,
    }
    out = io.StringIO(newline="")
    out.write(HEADER + "#curie_map:\n")
    for prefix, iri in sorted(curies.items()):
        out.write(f'#  {prefix}: "{iri}"\n')
    table = csv.writer(out, delimiter="\t", lineterminator="\n")
    table.writerows([COLUMNS, *rows])
    return out.getvalue()


def main() -> int:
    """Run the command; return its exit code."""
    if "--check" in sys.argv[1:]:
        return 0 if TABLE.exists() and TABLE.read_text(encoding="utf-8") == text() else 1
    TABLE.write_text(text(), encoding="utf-8", newline="")
    print(f"{TABLE}: {len(mappings()[0])} mappings")
    return 0


def _labels() -> dict[str, str]:
    """Return the English names of our terms."""
    name = PREFIXES["rdfs"] + "label"
    return {
        quad.subject.value: quad.object.value
        for path in sorted(ALIGNMENTS.parent.glob("*.ttl"))
        for quad in ox.parse(path=path)
        if quad.predicate.value == name
        and isinstance(quad.subject, ox.NamedNode)
        and isinstance(quad.object, ox.Literal)
        and quad.object.language == "en"
    }


def _notes(triples: list[ox.Triple]) -> dict[tuple[str, str], str]:
    """Return the reasons of the matches of a file, by subject and object."""
    said: dict[str, dict[str, str]] = {}
    for triple in triples:
        if isinstance(triple.subject, ox.BlankNode) and not isinstance(triple.object, ox.Triple):
            said.setdefault(triple.subject.value, {})[triple.predicate.value] = triple.object.value
    owl = PREFIXES["owl"]
    return {
        (axiom[owl + "annotatedSource"], axiom[owl + "annotatedTarget"]): axiom[
            PREFIXES["skos"] + "note"
        ]
        for axiom in said.values()
        if owl + "annotatedSource" in axiom and PREFIXES["skos"] + "note" in axiom
    }


if __name__ == "__main__":
    raise SystemExit(main())
