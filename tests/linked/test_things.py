"""What belongs to the description of a thing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph.linked import forms
from clustergraph.linked.listing import kind_of, listing
from clustergraph.linked.things import PAGE, Description, describe, thing_of, withdrawn
from clustergraph.protocol import Context
from clustergraph.quadstore import Engine
from clustergraph.vocab import PREFIXES

BASE = "https://w3id.org/clustergraph/"
ONE = BASE + "id/organisation/one"
CG = BASE + "ns#"
HUB = BASE + "code/country/CZ"


def described(engine: Engine, iri: str, page: int = 1, inferred: bool = False) -> Description:
    context = Context(engine.store, 1)
    return describe(engine, context, ox.NamedNode(iri), page, inferred=inferred)


def lines(triples: list[ox.Triple]) -> set[str]:
    return {str(triple).replace(BASE, "") for triple in triples}


def test_outgoing_and_incoming(world: Engine) -> None:
    """It has what is said of the thing, and what refers to it."""
    found = described(world, ONE)
    assert "<id/organisation/one> <ns#country> <code/country/CZ>" in lines(found.outgoing)
    assert "<id/organisation/two> <ns#memberOf> <id/organisation/one>" in lines(found.incoming)
    assert found.known
    assert not found.more


def test_records_come_whole(world: Engine) -> None:
    """A claim or a membership about the thing is there with all that it says, a member is not."""
    records = lines(described(world, ONE).records)
    assert any("<https://example.org/a?b=c&d=e>" in line for line in records)
    assert any(line.startswith("<id/membership/two--one> <ns#memberSince>") for line in records)
    assert not any(line.startswith("<id/organisation/two>") for line in records)


def test_blank_nodes_are_followed(world: Engine) -> None:
    """Blank nodes have no address of their own, so what they say is told, however deep."""
    texts = [str(triple.object) for triple in described(world, ONE).triples()]
    assert {'"Long"', '"Short"'} <= set(texts)
    union = lines(described(world, CG + "Cluster").triples())
    assert sum("#first>" in line for line in union) == 6


def test_names_of_what_is_mentioned(world: Engine) -> None:
    """The things around it are named, in both languages."""
    names = lines(described(world, ONE).names)
    assert {
        '<code/country/CZ> <http://www.w3.org/2004/02/skos/core#prefLabel> "Česko"@cs',
        '<id/organisation/two> <http://www.w3.org/2000/01/rdf-schema#label> "Two"@en',
    } <= names


def test_what_follows_is_left_out(world: Engine) -> None:
    """Inferred statements belong to it only when they are asked for."""
    asserted, all_of = lines(described(world, ONE).triples()), lines(
        described(world, ONE, inferred=True).triples()
    )  # fmt: skip
    inferred = {
        "<id/organisation/one> <ns#hasMember> <id/organisation/two>",
        "<id/organisation/two> <ns#relatedTo> <id/organisation/one>",
        # Neither of what refers to it, nor of what things are called.
        f"<id/membership/two--one> <{PREFIXES['rdf']}type> <{PREFIXES['org']}Membership>",
        f'<code/country/CZ> <{PREFIXES["rdfs"]}label> "Česko"@cs',
    }
    assert not inferred & asserted
    assert inferred <= all_of
    assert asserted <= all_of


def test_pages_of_a_hub(world: Engine) -> None:
    """Each incoming link stands on one page, and no page is longer than the limit."""
    pages, number = [], 1
    while True:
        found = described(world, HUB, number)
        pages.append(found.incoming)
        if not found.more:
            break
        number += 1
    every = [triple for page in pages for triple in page]
    assert [len(page) for page in pages] == [PAGE, PAGE, 231 - 2 * PAGE]
    assert len(set(every)) == 231
    assert not described(world, HUB, 2).outgoing


def test_withdrawn(world: Engine) -> None:
    """A thing says itself that it was withdrawn, and what takes its place."""
    assert withdrawn(world, ox.NamedNode(BASE + "id/organisation/old")) == [ONE]
    assert withdrawn(world, ox.NamedNode(BASE + "id/organisation/gone")) == []
    assert withdrawn(world, ox.NamedNode(ONE)) is None


def test_second_names() -> None:
    """IRIs that were merged into others lead to the one that stayed, never in a circle."""
    assert thing_of(BASE + "id/initiative/eca") == BASE + "id/organisation/eca"
    assert thing_of(BASE + "id/organisation/eca") is None


def test_listing(world: Engine) -> None:
    """All things are listed, by kind, and near misses find them."""
    known = listing(world, Context(world.store, 1))
    assert len(known.kinds["id/place"]) == 230
    assert known.kinds["other"] == ["http://data.europa.eu/nuts/code/CZ064"]
    assert known.like(BASE + "id/organisation/onne")[0] == ONE
    assert known.like(BASE + "id/cluster-organisation/one") == [ONE]
    assert known.like(BASE + "id/place/xxxxxxxxxxx") == []
    kinds = ["id/place/x", "code/role", "code/role/x", "ns#X", "graph/x", "ontology/core"]
    assert [kind_of(BASE + one) for one in kinds] == [
        "id/place", "code", "code/role", "ns", "graph", "ontology",
    ]  # fmt: skip


def agree(found: Description, same: Callable[[Any], ox.Dataset]) -> None:
    """Check that all formats hold the same."""
    triples = found.triples()
    expected = same(triples)
    assert len(triples) == len(set(triples))
    for form in forms.RDF:
        assert form.engine is not None
        back = same(ox.parse(forms.respond(triples, form, []).body, form.engine))
        assert back == expected, (found.iri, form.name)


def test_formats_agree(world: Engine, same: Any) -> None:
    """Every thing of the small graph is the same in all four formats."""
    for iri in listing(world, Context(world.store, 1)).iris:
        agree(described(world, iri), same)


@pytest.mark.full
def test_formats_agree_on_all_of_the_shipped_graph(shipped: Engine, same: Any) -> None:
    """So is every thing of the shipped graph, all pages of each; ``-rP`` shows how many."""
    iris, documents = listing(shipped, Context(shipped.store, 1)).iris, 0
    for iri in iris:
        for number in itertools.count(1):
            found = described(shipped, iri, number)
            agree(found, same)
            documents += 1
            if not found.more:
                break
    print(f"{len(iris)} things, {documents} documents, each in {len(forms.RDF)} formats")
