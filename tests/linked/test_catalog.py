"""What the service has to give away: catalogue, dumps, indexes, sitemap, context, frames."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine

BASE = "https://w3id.org/clustergraph/"
INFERRED = BASE + "graph/inferred"
PREFIXES = (
    "PREFIX void: <http://rdfs.org/ns/void#> PREFIX dcat: <http://www.w3.org/ns/dcat#> "
    "PREFIX dcterms: <http://purl.org/dc/terms/> "
)
DUMPS = {
    ".nq": ox.RdfFormat.N_QUADS,
    ".trig": ox.RdfFormat.TRIG,
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
}


def store_of(answer: httpx.Response) -> ox.Store:
    assert answer.status_code == 200, answer.text
    store = ox.Store()
    store.load(answer.content, ox.RdfFormat.TURTLE)
    return store


def values(store: ox.Store, pattern: str) -> list[str]:
    found = store.query(f"{PREFIXES} SELECT ?x {{ {pattern} }}")
    return sorted(row["x"].value for row in found)  # type: ignore[union-attr]


def test_catalogue_names_files_that_are_there(site: httpx.Client) -> None:
    """DCAT 3: each distribution can be had, and is of the type that it is said to be."""
    store = store_of(site.get("/catalog.ttl"))
    rows = store.query(
        f"{PREFIXES} SELECT ?file ?type ?packed {{ ?file a dcat:Distribution ; "
        "dcat:downloadURL ?file ; dcat:mediaType ?type "
        "OPTIONAL { ?file dcat:compressFormat ?packed } }"
    )
    files = {row["file"].value: (row["type"].value, row["packed"]) for row in rows}  # type: ignore[union-attr]
    assert len(files) > 10
    for address, (kind, packed) in files.items():
        answer = site.get(address)
        assert answer.status_code == 200
        content = gzip.decompress(answer.content) if packed else answer.content
        form = ox.RdfFormat.from_media_type(
            kind.removeprefix("https://www.iana.org/assignments/media-types/")
        )
        assert form is not None
        assert list(ox.parse(content, form))


def test_catalogue_leads_to_dataset_and_endpoint(site: httpx.Client) -> None:
    """DCAT 3: a catalogue with a dataset, its licence, and the service that answers queries."""
    store = store_of(site.get("/catalog.ttl"))
    assert store.query(
        f"{PREFIXES} ASK {{ ?catalog a dcat:Catalog ; dcat:dataset ?data ; dcat:service ?service . "
        "?data a dcat:Dataset, void:Dataset ; dcterms:license ?licence ; dcterms:title ?title ; "
        "dcterms:modified ?date . ?service dcat:servesDataset ?data ; dcat:endpointURL ?at }"
    )


def test_statistics_of_the_parts(site: httpx.Client, world: Engine) -> None:
    """VoID 4.2, 4.4: each graph is a part, with its size and its file."""
    store = store_of(site.get("/.well-known/void"))
    rows = store.query(
        f"{PREFIXES} SELECT ?part ?n {{ ?data void:subset ?part . ?part void:triples ?n ; "
        "void:dataDump ?file . FILTER(STRENDS(STR(?file), '.ttl')) }"
    )
    sizes = {row["part"].value: int(row["n"].value) for row in rows}  # type: ignore[union-attr]
    for graph in world.graphs():
        there = world.store.quads_for_pattern(None, None, None, ox.NamedNode(graph))
        assert sizes[graph] == sum(1 for _ in there)


def test_linksets(site: httpx.Client) -> None:
    """VoID 5: what leads to data of others is counted by property and target."""
    store = store_of(site.get("/.well-known/void"))
    rows = store.query(
        f"{PREFIXES} SELECT ?p ?space ?n {{ ?l a void:Linkset ; void:linkPredicate ?p ; "
        "void:objectsTarget/void:uriSpace ?space ; void:triples ?n }"
    )
    found = {(row["p"].value, row["space"].value, row["n"].value) for row in rows}  # type: ignore[union-attr]
    assert found == {
        ("https://w3id.org/clustergraph/ns#region", "http://data.europa.eu/nuts/", "1"),
        (
            "http://www.w3.org/2004/02/skos/core#exactMatch",
            "http://publications.europa.eu/resource/authority/country/",
            "1",
        ),
    }


def test_vocabularies_and_roots(site: httpx.Client) -> None:
    """VoID 3.3, 4.3: which vocabularies are used, and where a crawler may start."""
    store = store_of(site.get("/.well-known/void"))
    assert BASE + "ns#" in values(store, "?data void:vocabulary ?x")
    (root,) = values(store, "?data void:rootResource ?x")
    assert site.get(root).status_code == 200


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", DUMPS)
def test_dump(site: httpx.Client, world: Engine, same: Any, ending: str, packed: str) -> None:
    """A dump holds all that is stated, and nothing that only follows."""
    answer = site.get(f"/dump{ending}{packed}")
    assert answer.status_code == 200
    content = gzip.decompress(answer.content) if packed else answer.content
    form = DUMPS[ending]
    stated = [quad for quad in world.store if quad.graph_name.value != INFERRED]
    if form.supports_datasets:
        found = {str(quad.graph_name) for quad in ox.parse(content, form)}
        assert found == {str(quad.graph_name) for quad in stated}
    assert same(ox.parse(content, form)) == same(stated)


@pytest.mark.parametrize("ending", [".ttl", ".nt.gz", ".rdf", ".jsonld"])
def test_dump_of_a_graph(site: httpx.Client, world: Engine, same: Any, ending: str) -> None:
    """Each graph has a dump; what follows, as well."""
    for name in ("organisations", "inferred"):
        answer = site.get(f"/dump/{name}{ending}")
        plain = ending.removesuffix(".gz")
        content = gzip.decompress(answer.content) if plain != ending else answer.content
        form = ox.RdfFormat.from_extension(plain[1:])
        assert form is not None
        graph = ox.NamedNode(f"{BASE}graph/{name}")
        stated = world.store.quads_for_pattern(None, None, None, graph)
        assert same(ox.parse(content, form)) == same(stated)


def test_packed_dump_is_packed_once(site: httpx.Client) -> None:
    """A file that is compressed already is sent as it is, to clients that take gzip as well."""
    request = site.build_request("GET", "/dump.nq.gz", headers={"Accept-Encoding": "gzip"})
    answer = site.send(request, stream=True)
    raw = b"".join(answer.iter_raw())
    answer.close()
    assert "content-encoding" not in answer.headers
    assert b"clustergraph" in gzip.decompress(raw)


def test_index_of_things(site: httpx.Client, world: Engine) -> None:
    """The indexes hold every thing, and where it is described."""
    kinds = values(
        store_of(site.get("/things.ttl")), "?all <http://www.w3.org/ns/hydra/core#member> ?x"
    )
    members: set[str] = set()
    for kind in kinds:
        store = store_of(site.get(kind, headers={"Accept": "text/turtle"}))
        members |= set(values(store, "?all <http://www.w3.org/ns/hydra/core#member> ?x"))
    assert members == {
        quad.subject.value for quad in world.store if isinstance(quad.subject, ox.NamedNode)
    }
    page = site.get("/things/id/organisation.html")
    assert "One &amp; &lt;Only&gt;" in page.text
    assert site.get("/things/id/organisation?page=9").status_code == 404


def test_sitemap(site: httpx.Client, world: Engine) -> None:
    """sitemaps.org: the rules for robots name a list of parts that name every thing."""
    robots = site.get("/robots.txt").text
    assert "Disallow: /sparql" in robots
    (address,) = [line.split()[1] for line in robots.splitlines() if line.startswith("Sitemap")]
    found: list[str] = []
    for part in locations(site.get(address)):
        found += locations(site.get(part))
    things = {quad.subject.value for quad in world.store if isinstance(quad.subject, ox.NamedNode)}
    assert len(found) == len(set(found)) > len(things)
    assert f"{str(site.base_url).rstrip('/')}/doc/organisation/one" in found
    assert sum("/doc/place/p" in one for one in found) == 230


def locations(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
    return [node.text or "" for node in ET.fromstring(answer.content).iter(name)]  # noqa: S314


def test_context_knows_our_terms(site: httpx.Client) -> None:
    """JSON-LD 1.1, 4.1: terms by their names, links as links, years as years."""
    answer = site.get("/context.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    terms = answer.json()["@context"]
    assert terms["country"] == {"@id": BASE + "ns#country", "@type": "@id"}
    assert terms["foundingYear"]["@type"] == "http://www.w3.org/2001/XMLSchema#gYear"
    assert terms["label"]["@container"] == "@language"
    assert terms["ClusterOrganisation"]["@id"] == BASE + "ns#ClusterOrganisation"


def test_frames(site: httpx.Client) -> None:
    """JSON-LD 1.1 Framing: a frame for each class, with the context."""
    frame = site.get("/frames/ClusterOrganisation.jsonld").json()
    assert frame["type"] == BASE + "ns#ClusterOrganisation"
    assert site.get(frame["@context"]).status_code == 200


def test_pages_for_people(site: httpx.Client) -> None:
    """Catalogue and indexes are pages too, in both languages."""
    for path, words in (("/catalog", "Ke stažení"), ("/things", "Všechny záznamy")):
        page = site.get(path, headers={"Accept": "text/html", "Accept-Language": "cs"})
        assert page.status_code == 200
        assert words in page.text


def test_htaccess_leads_here() -> None:
    """The redirects to register at w3id.org cover the rooms of our IRIs."""
    text = (Path(__file__).parents[2] / "docs" / "w3id" / ".htaccess").read_text("utf-8")
    for room in ("id", "code", "graph", "ns", "shapes", "ontology", "data"):
        assert room in text, room


def test_catalogue_has_what_dcat_ap_requires(site: httpx.Client) -> None:
    """DCAT-AP 3.0: the mandatory properties of each class, and the classes of their values."""
    dcat, dcterms = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/"
    rdf_type = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    found = ox.Dataset(ox.parse(site.get("/catalog.nt").content, ox.RdfFormat.N_TRIPLES))
    required = {
        "Catalog": [dcterms + "title", dcterms + "description", dcterms + "publisher",
                    dcat + "dataset"],
        "Dataset": [dcterms + "title", dcterms + "description"],
        "Distribution": [dcat + "accessURL"],
        "DataService": [dcterms + "title", dcat + "endpointURL"],
    }  # fmt: skip
    for name, properties in required.items():
        things = [q.subject for q in found.quads_for_object(ox.NamedNode(dcat + name))]
        assert things, name
        for thing in things:
            stated = {quad.predicate.value for quad in found.quads_for_subject(thing)}  # type: ignore[arg-type]
            assert set(properties) <= stated, (thing, set(properties) - stated)
    classes = {
        dcterms + "license": dcterms + "LicenseDocument",
        dcterms + "conformsTo": dcterms + "Standard",
        dcterms + "language": dcterms + "LinguisticSystem",
        dcat + "mediaType": dcterms + "MediaType",
        dcat + "compressFormat": dcterms + "MediaType",
        dcat + "landingPage": "http://xmlns.com/foaf/0.1/Document",
    }
    for name, kind in classes.items():
        for quad in found.quads_for_predicate(ox.NamedNode(name)):
            kinds = {
                one.object for one in found.quads_for_subject(quad.object)  # type: ignore[arg-type]
                if one.predicate == rdf_type
            }  # fmt: skip
            assert ox.NamedNode(kind) in kinds, quad
