"""Things by the names that people write, wherever a question takes a thing."""

from __future__ import annotations

from collections.abc import Callable

import pyoxigraph as ox
import pytest

from clustergraph import client
from clustergraph.errors import AmbiguousNameError, ParameterError, UnknownNameError
from clustergraph.quadstore import Engine
from clustergraph.quadstore.evaluation import StoreEngine
from clustergraph.questions import catalogue
from clustergraph.questions.names import Names, choices_of, resolve
from clustergraph.questions.parameters import Parameter
from clustergraph.vocab import CODE, ID, PREFIXES

COUNTRY = Parameter("country", "country", "a country", optional=True)


def key(written: str, engine: StoreEngine, type_: str = "country") -> str:
    """Return what a value of a parameter is resolved to."""
    parameter = Parameter("x", type_, "a thing", optional=True)
    return resolve({"x": parameter}, {"x": [written]}, engine)["x"][0]


@pytest.mark.parametrize(
    ("written", "type_", "resolved"),
    [
        ("CZ", "country", "CZ"),
        ("Czechia", "country", "CZ"),
        ("Česko", "country", "CZ"),
        ("  cesko ", "country", "CZ"),
        ("CZE", "country", "CZ"),
        ("EL", "country", "EL"),
        ("all", "country", "all"),
        ("textiles", "ecosystem", "textiles"),
        ("Textiles", "ecosystem", "textiles"),
        ("CLUTEX", "id/cluster-organisation", "clutex"),
        ("Jihomoravský kraj", "nuts", "CZ064"),
        ("C13", "nace", "C13"),
        ("Manufacture of textiles", "nace", "13"),
        ("CLUTEX", "iri", f"{ID}cluster-organisation/clutex"),
        ("http://example.org/unknown", "iri", "http://example.org/unknown"),
    ],
)
def test_name_becomes_the_key(shipped: Engine, written: str, type_: str, resolved: str) -> None:
    """Keys stay; names of any language, acronyms and codes become keys, in any case."""
    assert key(written, shipped, type_) == resolved


def test_known_key_is_not_taken_for_a_name() -> None:
    """A thing whose key is written is meant, though another one has that name."""
    store = ox.Store()
    store.load(
        f"""@prefix c: <{CODE}country/> . @prefix rdfs: <{PREFIXES["rdfs"]}> .
        c:AA rdfs:label "Alpha" . c:BB rdfs:label "AA" .""",
        ox.RdfFormat.TURTLE,
    )
    assert key("AA", StoreEngine(store)) == "AA"
    assert key("alpha", StoreEngine(store)) == "AA"


def test_ambiguous_name_lists_the_things(shipped: Engine) -> None:
    """Several things with the name are listed with their keys."""
    with pytest.raises(AmbiguousNameError, match=r"CZ \(Czechia\), CZ0 \(Czechia\)"):
        key("Czechia", shipped, "nuts")
    with pytest.raises(AmbiguousNameError, match=r"country:CZ \(Czechia\)"):
        key("Czechia", shipped, "iri")


@pytest.mark.parametrize(
    ("written", "type_", "suggested"),
    [
        ("Checkia", "country", "CZ (Czechia)"),
        ("Tschechien", "country", "CZ (Czechia)"),
        ("Technical Textiles", "id/cluster-organisation", "clutex (CLUTEX – Cluster of Technical"),
        ("textile", "ecosystem", "textiles"),
    ],
)
def test_unknown_name_suggests(shipped: Engine, written: str, type_: str, suggested: str) -> None:
    """Things that hold the words come first, then those with a similar name."""
    with pytest.raises(UnknownNameError) as caught:
        key(written, shipped, type_)
    assert any(one.startswith(suggested) for one in caught.value.suggestions)


@pytest.mark.parametrize("written", ["", "nuts:CZ", "http://example.org/x"])
def test_no_name_and_iris_of_another_namespace_are_refused(shipped: Engine, written: str) -> None:
    """An empty value and an IRI that is no country are errors of the parameter."""
    with pytest.raises(ParameterError):
        key(written, shipped)


def test_hostile_names_stay_text(shipped: Engine) -> None:
    """No text of a value becomes part of a query."""
    for text in ('"', "\\", "?x", "} #", "<http://x", "a" * 3000, "\x00", "'''"):
        with pytest.raises((UnknownNameError, ParameterError)):
            key(text, shipped)


def test_graph_without_such_things_is_asked_as_it_is() -> None:
    """Where the graph holds no country at all, none is unknown: the question finds nothing."""
    assert key("CZ", StoreEngine(ox.Store())) == "CZ"


def test_names_are_loaded_only_when_no_key_fits(shipped: Engine) -> None:
    """A key costs one look-up; the names are not read."""

    class Counting:
        asked = 0

        def query(self, text: str, **_: object) -> object:
            self.asked += 1
            return shipped.query(text)

    counting = Counting()
    resolve({"c": COUNTRY}, {"c": ["CZ", "SK"]}, counting)  # type: ignore[arg-type]
    assert counting.asked == 2


def test_question_and_client_take_names(
    shipped: Engine, values: Callable[[object], list[str]]
) -> None:
    """The same answer, by name and by key, from the catalogue and in Python."""
    asked = catalogue.find("clusters-in-country")
    by_key = values(catalogue.ask(asked, shipped, {"country": ["CZ"]}))
    assert values(catalogue.ask(asked, shipped, {"country": ["Czechia"]})) == by_key
    graph = client.Graph(shipped)
    assert len(graph.select("clusters-in-country", country="Česko")) == len(by_key)
    assert len(graph.describe("CLUTEX")) == len(graph.describe("cluster-organisation:clutex")) > 0


def test_things_of_a_pattern(shipped: Engine) -> None:
    """Only properties, where a property is looked for."""
    properties = Names(shipped, of='?thing a ?c FILTER(STRENDS(STR(?c), "Property"))')
    assert properties.find("country") == [f"{PREFIXES['cg']}country"]
    assert len(Names(shipped).find("country")) > 1


def test_choices_are_named_in_the_language_asked_for(shipped: Engine) -> None:
    """Else in English; else by whichever name comes first, of which many are in Latin letters."""
    parameter = Parameter("region", "nuts", "a region")
    for language, name in (("en", "Prague"), ("cs", "Praha")):
        found = dict(choices_of(parameter, shipped, language) or ())
        assert found["EL632"] == "Achaia"
        assert found["CZ01"] == name
