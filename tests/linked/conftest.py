"""A small graph with all that linked data must cope with, and a service over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import inprocess
import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine, build

HUB_SIZE = 230

WORLD = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix code: <https://w3id.org/clustergraph/code/> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
@prefix id: <https://w3id.org/clustergraph/id/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

graph:ontology {
  cg:Cluster a owl:Class ; rdfs:label "cluster"@en , "klastr"@cs ;
    rdfs:subClassOf [ a owl:Class ;
      owl:unionOf ( cg:One cg:Two cg:Three cg:Four cg:Five cg:Six ) ] .
}
graph:codes {
  code:country a skos:ConceptScheme ; skos:prefLabel "Countries"@en .
  code:country\\/CZ a cg:Country ; skos:prefLabel "Czechia"@en , "Česko"@cs ;
    skos:inScheme code:country ;
    skos:exactMatch <http://publications.europa.eu/resource/authority/country/CZE> .
}
graph:nuts {
  <http://data.europa.eu/nuts/code/CZ064> a cg:Region ; skos:prefLabel "Jihomoravský kraj" .
}
graph:organisations {
  id:organisation\\/one a cg:Company ; rdfs:label "One & <Only>"@en , "Jediná"@cs , "1" ;
    cg:country code:country\\/CZ ; cg:foundingYear "2001"^^xsd:gYear , "2002"^^xsd:gYear ;
    cg:region <http://data.europa.eu/nuts/code/CZ064> ;
    dcterms:description "Says \\"no\\"\\nin two lines \\\\ and 𝄞"@en ;
    cg:rank 4 ; cg:share 2.50 ; cg:active true ;
    cg:address [ cg:street "Long" ; cg:part [ cg:street "Short" ] ] .
  id:organisation\\/two a cg:Company ; rdfs:label "Two"@en ; cg:memberOf id:organisation\\/one .
  id:organisation\\/eca a cg:Company ; rdfs:label "European Clusters Alliance"@en .
  id:organisation\\/old owl:deprecated true ; dcterms:isReplacedBy id:organisation\\/one .
  id:organisation\\/gone owl:deprecated true .
}
graph:records {
  id:claim\\/a a cg:Claim ; cg:claimSubject id:organisation\\/one ;
    cg:claimProperty cg:foundingYear ; cg:claimValue "2001"^^xsd:gYear ;
    dcterms:source <https://example.org/a?b=c&d=e> .
  id:membership\\/two--one a cg:Membership ; org:member id:organisation\\/two ;
    org:organization id:organisation\\/one ; cg:memberSince "2010"^^xsd:gYear .
}
graph:dataset {
  graph:records a prov:Entity ; dcterms:license <https://creativecommons.org/licenses/by/4.0/> .
}
graph:inferred {
  id:organisation\\/one a org:Organization ; cg:hasMember id:organisation\\/two .
  id:organisation\\/two cg:relatedTo id:organisation\\/one .
  id:membership\\/two--one a org:Membership .
  code:country\\/CZ rdfs:label "Česko"@cs .
}
"""


def quads() -> Iterator[ox.Quad]:
    """Yield the statements of the world, and those that make a country a hub."""
    yield from ox.parse(WORLD, ox.RdfFormat.TRIG)
    base = "https://w3id.org/clustergraph/"
    graph = ox.NamedNode(f"{base}graph/places")
    for number in range(HUB_SIZE):
        place = ox.NamedNode(f"{base}id/place/p{number:03d}")
        label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
        yield ox.Quad(place, label, ox.Literal(f"Place {number}", language="en"), graph)
        country = ox.NamedNode(f"{base}code/country/CZ")
        yield ox.Quad(place, ox.NamedNode(f"{base}ns#country"), country, graph)


@pytest.fixture(scope="session")
def world_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of that graph."""
    directory = tmp_path_factory.mktemp("stores") / "world"
    build(directory, quads)
    return directory


@pytest.fixture
def world(world_store: Path) -> Engine:
    """That graph, open."""
    return Engine(world_store)


@pytest.fixture(scope="session")
def site(world_store: Path) -> Iterator[httpx.Client]:
    """A client of the service over it."""
    with inprocess.site(world_store) as client:
        yield client


def dataset(triples: Any) -> ox.Dataset:
    """Return triples such that two sets of them are equal if they say the same."""
    found = ox.Dataset(
        ox.Quad(one.subject, one.predicate, one.object) for one in triples
    )  # fmt: skip
    found.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return found


@pytest.fixture(scope="session")
def same() -> Callable[[Any], ox.Dataset]:
    """The function `dataset`."""
    return dataset
