"""The terms of other vocabularies, and whether those that are used exist there.

Nothing in RDF notices a misspelt name: it is a new name, and the statement is lost. So the terms
of the vocabularies in use are kept beside the ontology (``ontology/vocabularies``), and every use
in the ontology, shapes, queries and data is looked up there.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.errors import UnreadableInputError, near
from clustergraph.sparql.terms import used_terms
from clustergraph.vocab import CG, PREFIXES

_UNKNOWN: Final = "is not among the terms of"
_MEMBERSHIP: Final = re.compile(re.escape(PREFIXES["rdf"]) + r"_[1-9][0-9]*")
_BOTH_WAYS: Final = {"http://schema.org/": "https://schema.org/"}


@dataclass(frozen=True)
class Vocabulary:
    """One vocabulary.

    Attributes:
        namespace: what its terms begin with.
        title: its name.
        whole: whether all of its terms are here, or only those that were looked up.
        terms: local name → kind (class, datatype, property, individual).
    """

    namespace: str
    title: str
    whole: bool
    terms: Mapping[str, str]


@cache
def vocabularies() -> tuple[Vocabulary, ...]:
    """Return the vocabularies that are kept, the longest namespaces first.

    Raises:
        UnreadableInputError: the tables are missing or broken.
    """
    room = artefacts.room("ontology") / "vocabularies"
    terms: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows(room / "terms.csv"):
        terms[row["prefix"]][row["term"]] = row["kind"]
    found = [
        Vocabulary(row["namespace"], row["title"], row["extent"] == "whole", terms[row["prefix"]])
        for row in _rows(room / "sources.csv")
    ]
    return tuple(sorted(found, key=lambda one: -len(one.namespace)))


def misspelt(iri: str) -> str | None:
    """Say what is wrong with an IRI that names no term of its vocabulary; None when all is well.

    IRIs outside the vocabularies that are kept are not judged.
    """
    for namespace, other in _BOTH_WAYS.items():
        iri = iri.replace(namespace, other, 1) if iri.startswith(namespace) else iri
    if _MEMBERSHIP.fullmatch(iri):
        return None
    for vocabulary in vocabularies():
        name = iri.removeprefix(vocabulary.namespace)
        if name == iri or name in vocabulary.terms or not name:
            continue
        # A class is written with a capital letter, so that a term of the same kind is meant.
        alike = [term for term in vocabulary.terms if term[:1].isupper() == name[:1].isupper()]
        nearest = near(name, alike)
        hint = f"; did you mean {' or '.join(nearest)}?" if nearest else ""
        if vocabulary.whole or nearest:
            return f"{vocabulary.title} has no term {name}{hint}"
        return (
            f"{name} {_UNKNOWN} {vocabulary.title} that were looked up: make sure "
            "that it exists, and add it to ontology/vocabularies/terms.csv"
        )
    return None


def is_unknown(message: str) -> bool:
    """Return whether a message of `misspelt` says only that a term was not looked up."""
    return _UNKNOWN in message


def named_in(triples: Iterable[ox.Triple]) -> Iterator[tuple[str, ox.Triple]]:
    """Yield each IRI that stands in a triple, with the triple; those of datatypes as well."""
    for triple in triples:
        for term in (triple.subject, triple.predicate, triple.object):
            if isinstance(term, ox.NamedNode):
                yield term.value, triple
            elif isinstance(term, ox.Literal):
                yield term.datatype.value, triple


def named_in_query(path: Path) -> Iterator[tuple[str, Place]]:
    """Yield each IRI that a query file names, in full or by a prefix, with its place."""
    for term in used_terms(path.read_text(encoding="utf-8-sig"), PREFIXES):
        # A prefix alone names a namespace, as in STRSTARTS(STR(?x), STR(cg:)).
        if not term.written.endswith(":"):
            yield term.iri, Place(path, row=term.line, character=term.column)


def near_terms(iri: str, declared: Iterable[str]) -> str:
    """Return a hint at terms of ours that resemble one that is not declared; may be empty."""
    known = [one.removeprefix(CG) for one in declared if one.startswith(CG)]
    nearest = near(iri.removeprefix(CG), known)
    return f"; did you mean {' or '.join(f'cg:{name}' for name in nearest)}?" if nearest else ""


def only_describes(iri: str, triple: ox.Triple) -> bool:
    """Return whether a statement only describes a term: its label, its classes."""
    subject = triple.subject
    if not (isinstance(subject, ox.NamedNode) and subject.value == iri):
        return False
    return triple.predicate.value != iri and triple.object != subject


def annotations_in(text: str) -> set[str]:
    """Return the terms of ours that annotate the description of a table, in its JSON."""
    return set(re.findall(r'"(?:cg:|https://w3id\.org/clustergraph/ns#)(\w+)"', text))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableInputError(
            str(path), f"cannot be read as a table of vocabularies ({error})"
        ) from error
