"""Write the small frozen graph of the tests, tests/sample/graph.trig, from the shipped graph.

python tools/sample.py

Expected answers are kept for this graph, so that a fact added to data/ changes no test. Run the
tool when the vocabulary changes or a new question needs other things, then tools/expect.py, and
read the differences of both before committing them.

tests/sample/things.txt lists the things of the sample, a key a line. The sample holds all
statements of the shipped graph, inferred ones too, about

- these things, and the codes, regions, places and terms that they mention;
- records (figures, memberships, awards, claims, amounts) whose things are all in the sample;

as far as their objects are in the sample, literals, or addresses outside the graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.shipped import open_graph
from clustergraph.vocab import BASE, CG, CODE, GRAPH, ID, PREFIXES

SAMPLE: Final = Path(__file__).parents[1] / "tests" / "sample"
RECORDS: Final = ("amount", "award", "change", "claim", "figure", "label-award", "membership",
                  "participation", "service")  # fmt: skip
"""Types of IRI that are in the sample when everything that they link to is."""
LISTS: Final = (CODE, PREFIXES["nuts"], PREFIXES["nace"], ID + "place/")
"""What is in the sample when something in the sample mentions it."""
LANGUAGES: Final = (None, "en", "cs")
TERM_PROPERTIES: Final = frozenset(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("rdf", "type"), ("rdfs", "label"), ("rdfs", "subClassOf"), ("rdfs", "isDefinedBy"),
    )
)  # fmt: skip
"""What is told of a term of the ontology that is no thing of the sample itself."""
GRAPHS_LEFT_OUT: Final = (f"<{GRAPH}alignments>", f"<{GRAPH}dataset>")


@dataclass(frozen=True, slots=True)
class Statement:
    """A quad whose subject is an IRI."""

    subject: str
    predicate: str
    object: object
    quad: ox.Quad


def main() -> None:
    """Choose the statements and write them."""
    lines = (SAMPLE / "things.txt").read_text(encoding="utf-8").splitlines()
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    statements = [
        Statement(quad.subject.value, quad.predicate.value, quad.object, quad)
        for quad in open_graph().store
        if isinstance(quad.subject, ox.NamedNode)
        and str(quad.graph_name) not in GRAPHS_LEFT_OUT
        and (not isinstance(quad.object, ox.Literal) or quad.object.language in LANGUAGES)
    ]
    chosen = choose(statements, {_iri(key) for key in keys})
    target = SAMPLE / "graph.trig"
    target.write_bytes(
        ox.serialize(
            sorted(chosen, key=lambda quad: (str(quad.graph_name), str(quad.triple))),
            format=ox.RdfFormat.TRIG,
            prefixes=dict(PREFIXES),
        )
        or b""
    )
    print(f"{target}: {len(chosen):,} statements")


def choose(statements: list[Statement], things: set[str]) -> list[ox.Quad]:
    """Return the statements of the sample.

    Args:
        statements: those of the shipped graph whose subject is an IRI.
        things: the IRIs of the things of the sample.
    """
    things |= _records(statements, things)
    known = things | _mentioned(statements, things)
    # The geometry of a place is mentioned by the place.
    known |= _mentioned(statements, {iri for iri in known if _kind(iri) == "place"})
    terms = _terms(statements, known)
    return [
        one.quad
        for one in statements
        if (one.subject in known or (one.subject in terms and one.predicate in TERM_PROPERTIES))
        and _is_within(one.object, known | terms)
    ]


def _iri(key: str) -> str:
    prefix, colon, name = key.partition(":")
    return PREFIXES[prefix] + name if colon else ID + key


def _kind(iri: str) -> str:
    return iri.removeprefix(ID).partition("/")[0] if iri.startswith(ID) else ""


def _records(statements: Iterable[Statement], things: set[str]) -> set[str]:
    """Return the records that link to something in the sample, and to no thing outside it."""
    linked, lost = set(), set()
    for one in statements:
        if _kind(one.subject) in RECORDS and isinstance(one.object, ox.NamedNode):
            other = one.object.value
            if other in things:
                linked.add(one.subject)
            elif _kind(other) not in ("", "place", *RECORDS):
                lost.add(one.subject)
    return linked - lost


def _mentioned(statements: Iterable[Statement], things: set[str]) -> set[str]:
    """Return the entries of lists that the things mention."""
    return {
        one.object.value
        for one in statements
        if one.subject in things
        and isinstance(one.object, ox.NamedNode)
        and one.object.value.startswith(LISTS)
    }


def _terms(statements: Iterable[Statement], known: set[str]) -> set[str]:
    """Return the terms of the ontology that are used in statements about ``known``."""
    terms = set()
    for one in statements:
        if one.subject in known:
            terms.add(one.predicate)
            if isinstance(one.object, ox.NamedNode):
                terms.add(one.object.value)
    return {term for term in terms if term.startswith(CG)}


def _is_within(term: object, known: set[str]) -> bool:
    if not isinstance(term, ox.NamedNode):
        return isinstance(term, ox.Literal)
    value = term.value
    is_scheme = value.startswith(CODE) and "/" not in value.removeprefix(CODE)
    return value in known or is_scheme or not value.startswith((BASE, *LISTS))


if __name__ == "__main__":
    main()
