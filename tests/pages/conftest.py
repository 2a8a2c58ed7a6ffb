"""Pages as a worker makes them, in this process: of a small graph and of the shipped one."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pyoxigraph as ox
import pytest
from inprocess import visit

from clustergraph.protocol import Config, Context, Operator, Request, Response
from clustergraph.quadstore import Engine, build

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"

# A hub, a thing that sources contradict each other about, and names that want to be markup.
GRAPH = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix code: <https://w3id.org/clustergraph/code/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
@prefix id: <https://w3id.org/clustergraph/id/> .
@prefix nuts: <http://data.europa.eu/nuts/code/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

graph:ontology {
  cg:ClusterOrganisation rdfs:subClassOf org:Organization ;
    rdfs:label "cluster organisation"@en , "klastrová organizace"@cs .
  cg:University rdfs:subClassOf org:Organization ; rdfs:label "university"@en .
  cg:foundingYear rdfs:label "founding year"@en , "rok založení"@cs .
  cg:memberOf rdfs:label "member of"@en .
  cg:ecosystem rdfs:label "industrial ecosystem"@en .
}
graph:codes {
  code:country\\/CZ a cg:Country ; skos:prefLabel "Czechia"@en , "Česko"@cs .
  code:country\\/PL a cg:Country ; skos:prefLabel "Poland"@en , "Polsko"@cs .
  code:sector\\/media a cg:Sector ; skos:prefLabel "Media"@en .
  code:sector\\/unused a cg:Sector ; skos:prefLabel "Unused"@en .
  nuts:CZ06 a cg:Region ; skos:prefLabel "Jihovýchod"@cs ; cg:regionCountry code:country\\/CZ .
  nuts:CZ064 a cg:Region ; skos:prefLabel "Jihomoravský kraj"@cs ; skos:broader nuts:CZ06 ;
    cg:regionCountry code:country\\/CZ .
}
graph:things {
  id:ecosystem\\/textiles a cg:IndustrialEcosystem ; rdfs:label "Textiles"@en , "Textil"@cs .
  id:cluster-organisation\\/alpha a cg:ClusterOrganisation ;
    rdfs:label "Alpha Textile Cluster"@en , "Klastr Alfa"@cs ; cg:country code:country\\/CZ ;
    cg:region nuts:CZ064 ; cg:city "Brno" ; cg:ecosystem id:ecosystem\\/textiles ;
    cg:place id:place\\/brno ; cg:foundingYear "2006"^^xsd:gYear , "2016"^^xsd:gYear ;
    cg:website <javascript:alert(1)> , <https://alpha.example/> ;
    dcterms:description "<script>alert('x')</script> & more"@en ;
    dcterms:source <https://source.example/one> .
  id:place\\/brno a cg:Place ; rdfs:label "Brno"@en ; geo:hasGeometry id:place\\/brno-point .
  id:place\\/brno-point geo:asWKT "POINT(16.6 49.2)"^^geo:wktLiteral .
  id:cluster-organisation\\/lodz a cg:ClusterOrganisation ; rdfs:label "Łódź Media Cluster"@en ;
    cg:country code:country\\/PL ; cg:sector code:sector\\/media ;
    cg:foundingYear "1999"^^xsd:gYear .
  id:organisation\\/hub a org:Organization ; rdfs:label "Hub & Spokes"@en .
  id:claim\\/one a cg:Claim ; cg:claimSubject id:cluster-organisation\\/alpha ;
    cg:claimProperty cg:foundingYear ; cg:claimValue "2006"^^xsd:gYear ;
    cg:basis code:basis\\/stated ; dcterms:source <https://source.example/two> ;
    cg:contradicts id:claim\\/two .
  id:claim\\/two a cg:Claim ; cg:claimSubject id:cluster-organisation\\/alpha ;
    cg:claimProperty cg:foundingYear ; cg:claimValue "2016"^^xsd:gYear ;
    cg:basis code:basis\\/stated ; cg:sourceNote "a leaflet" ; cg:contradicts id:claim\\/one .
  id:claim\\/three a cg:Claim ; cg:claimSubject id:cluster-organisation\\/alpha ;
    cg:claimProperty cg:ecosystem ; cg:claimObject id:ecosystem\\/textiles ;
    cg:basis code:basis\\/estimated ; cg:claimYear "2024"^^xsd:gYear .
  id:figure\\/one a cg:Figure ; cg:figureOf id:cluster-organisation\\/alpha ;
    cg:measure code:measure\\/members ; cg:figureYear "2020"^^xsd:gYear ; cg:value 34 .
  id:figure\\/two a cg:Figure ; cg:figureOf id:cluster-organisation\\/alpha ;
    cg:measure code:measure\\/members ; cg:figureYear "2020"^^xsd:gYear ; cg:value 36 .
}
graph:inferred {
  id:cluster-organisation\\/alpha cg:memberOf id:organisation\\/hub ;
    cg:ecosystem id:ecosystem\\/textiles .
}
"""
_MEMBERS = "\n".join(
    f'graph:members {{ id:organisation\\/m{n:03} a cg:University ; rdfs:label "Member {n}"@en ; '
    "cg:memberOf id:organisation\\/hub . }"
    for n in range(130)
)


class Shown:
    """A response as tests look at it.

    Attributes:
        status: its status.
        cacheable: whether it may be kept.
        body: its bytes.
        head: its headers, by lower-case name.
    """

    def __init__(self, response: Response) -> None:
        assert isinstance(response.body, bytes)
        self.status, self.cacheable, self.body = response.status, response.cacheable, response.body
        self.head = {name.lower(): value for name, value in response.headers}

    @property
    def text(self) -> str:
        """The page; there must be one."""
        assert self.status == 200, self.body.decode()[:2000]
        return self.body.decode()

    @property
    def links(self) -> list[str]:
        """The addresses that the page leads to."""
        return [unescape(one) for one in re.findall(r'\shref="([^"]*)"', self.text)]


Show = Callable[..., Shown]


def shower(
    engine: Engine,
    number: int,
    budget_s: float = 300,
    operator: Operator | None = None,
    committed_at: float = 1_750_000_000.0,
) -> Show:
    """Return a function that shows addresses from one generation of a graph."""
    context = Context(
        engine.store,
        number,
        Config(operator=operator or Operator()),
        committed_at=committed_at,
        budget_s=budget_s,
        engine=engine,
    )

    def show(address: str, language: str = "en", accept: str = HTML, theme: str = "") -> Shown:
        path, _, query = address.partition("?")
        request = Request(
            "GET", path, query.encode(), {"accept": accept}, base="http://test.example",
            language=language, theme=theme,
        )  # fmt: skip
        return Shown(visit(request, context))

    return show


@pytest.fixture(scope="session")
def little(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A graph of two cluster organisations, a hub with 130 members, and bad characters."""
    directory: Path = tmp_path_factory.mktemp("stores") / "pages"
    build(directory, lambda: ox.parse(GRAPH + _MEMBERS, ox.RdfFormat.TRIG))
    return Engine(directory)


@pytest.fixture(scope="session")
def show_from() -> Callable[..., Show]:
    """A function that makes such functions."""
    return shower


@pytest.fixture(scope="session")
def show(little: Engine) -> Show:
    """A function that shows an address from the little graph."""
    return shower(little, 7)


@pytest.fixture(scope="session")
def show_shipped(shipped: Engine) -> Show:
    """A function that shows an address from the shipped graph."""
    return shower(shipped, 1)
