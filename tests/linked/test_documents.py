"""The addresses of things: redirects, negotiation, formats, links, what is gone or was never there.

RFC 9110 (HTTP Semantics), RFC 8288 (Web Linking), FAIR Signposting Profile, Cool URIs (W3C).
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

from clustergraph import artefacts

BASE = "https://w3id.org/clustergraph/"
ONE = "/doc/organisation/one"
HUB = "/code/country/CZ"
HTML = {"Accept": "text/html"}
TURTLE = {"Accept": "text/turtle"}
FORMATS = {
    ".ttl": ("text/turtle; charset=utf-8", ox.RdfFormat.TURTLE),
    ".jsonld": ("application/ld+json", ox.RdfFormat.JSON_LD),
    ".nt": ("application/n-triples", ox.RdfFormat.N_TRIPLES),
    ".rdf": ("application/rdf+xml", ox.RdfFormat.RDF_XML),
}
EVERYWHERE = [
    ONE, HUB, "/code/country", "/ns/Cluster", "/graph/records", "/ns", "/shapes", "/ontology/core",
    "/ontology/alignments/org", "/catalog", "/things", "/things/id/organisation",
]  # fmt: skip


def get(site: httpx.Client, path: str, **headers: str) -> httpx.Response:
    return site.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})


def links(response: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    """Return the targets of a Link header, with their parameters."""
    found = re.findall(r'<([^>]*)>((?:; [a-z]+="[^"]*")*)', response.headers["link"])
    return [(target, dict(re.findall(r'([a-z]+)="([^"]*)"', rest))) for target, rest in found]


def targets(response: httpx.Response, relation: str) -> list[str]:
    return [target for target, about in links(response) if about["rel"] == relation]


def test_thing_leads_to_its_description(site: httpx.Client) -> None:
    """RFC 9110 15.4.4: a thing is no document, so 303 and the address of one."""
    answer = site.get("/id/organisation/one", headers=TURTLE)
    assert answer.status_code == 303
    assert answer.headers["location"] == str(site.base_url).rstrip("/") + ONE
    assert site.get(answer.headers["location"], headers=TURTLE).status_code == 200


@pytest.mark.parametrize("path", EVERYWHERE)
def test_formats_hold_the_same(site: httpx.Client, path: str, same: Any) -> None:
    """Each format has an address of its own, and all hold one graph."""
    graphs = []
    for suffix, (content_type, form) in FORMATS.items():
        answer = site.get(path + suffix)
        assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
        graphs.append(same(ox.parse(answer.content, form)))
    assert len(graphs[0]) > 0
    assert all(graph == graphs[0] for graph in graphs[1:])


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/turtle"),
        ("*/*", "text/turtle"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/n-triples", "application/n-triples"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("application/rdf+xml;q=0.5, application/ld+json;q=0.6", "application/ld+json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/turtle, text/html;q=0.9", "text/turtle"),
        ("text/html, text/turtle;q=0.9", "text/html"),
    ],
)
def test_negotiation(site: httpx.Client, path: str, accept: str, expected: str) -> None:
    """RFC 9110 12.5.1: the format that the client likes best; people get a page."""
    answer = site.get(path, headers={"Accept": accept})
    if answer.status_code == 303:
        answer = site.get(answer.headers["location"], headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == expected
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    "path", [*EVERYWHERE, "/resource?iri=http://data.europa.eu/nuts/code/CZ064"]
)
def test_no_acceptable_format(site: httpx.Client, path: str) -> None:
    """RFC 9110 15.5.7: 406, with what can be had."""
    answer = get(site, path, Accept="image/png")
    assert answer.status_code == 406
    assert "text/turtle" in answer.json()["offered"]


def test_what_a_document_says_of_itself(site: httpx.Client) -> None:
    """It names its topic, its licence and its dataset; all formats name one address."""
    answer = site.get(ONE + ".ttl")
    store = ox.Store()
    store.load(answer.content, ox.RdfFormat.TURTLE)
    document = f"<{str(site.base_url).rstrip('/')}{ONE}>"
    assert store.query(
        "PREFIX foaf: <http://xmlns.com/foaf/0.1/> PREFIX void: <http://rdfs.org/ns/void#> "
        "PREFIX dcterms: <http://purl.org/dc/terms/> "
        f"ASK {{ {document} foaf:primaryTopic <{BASE}id/organisation/one> ; void:inDataset ?data ; "
        "dcterms:license <https://creativecommons.org/licenses/by/4.0/> }"
    )


def test_things_of_others(site: httpx.Client) -> None:
    """A region of NUTS has an address here as well, in each format."""
    iri = "http://data.europa.eu/nuts/code/CZ064"
    for suffix in ("", *FORMATS):
        answer = site.get(f"/resource{suffix}", params={"iri": iri}, headers=TURTLE)
        assert answer.status_code == 200
        assert "Jihomoravsk" in answer.text
    assert site.get("/resource").status_code == 400
    assert site.get("/resource?iri=nonsense").status_code == 400
    assert site.get("/resource?iri=http://example.org/%3E%20%7D").status_code == 400


@pytest.mark.parametrize("suffix", ["", ".ttl", ".html", ".json"])
def test_signposting(site: httpx.Client, suffix: str) -> None:
    """FAIR Signposting, level 1: cite-as, describedby, type, licence, collection, on all forms."""
    answer = site.head(ONE + suffix, headers=TURTLE)
    assert answer.status_code == 200
    assert targets(answer, "cite-as") == [f"{BASE}id/organisation/one"]
    assert BASE + "ns#Company" in targets(answer, "type")
    assert targets(answer, "license") == ["https://creativecommons.org/licenses/by/4.0/"]
    (collection,) = targets(answer, "collection")
    assert site.get(collection).status_code == 200
    described = {about["type"] for _, about in links(answer) if about["rel"] == "describedby"}
    assert described == {content_type.partition(";")[0] for content_type, _ in FORMATS.values()}
    if suffix == ".html":
        assert "https://schema.org/AboutPage" in targets(answer, "type")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_links_to_other_formats_lead_there(site: httpx.Client, path: str) -> None:
    """RFC 8288: each alternate is of the type that its link says."""
    answer = site.get(path, headers=TURTLE)
    alternates = [one for one in links(answer) if one[1]["rel"] == "alternate"]
    assert len(alternates) >= 4
    for target, about in alternates:
        other = site.get(target, follow_redirects=True)
        assert other.status_code == 200
        assert other.headers["content-type"].partition(";")[0] == about["type"]


def test_pages_of_a_hub(site: httpx.Client) -> None:
    """What many refer to comes in pages that link to each other, in the header and in the data."""
    seen: set[str] = set()
    address, pages = HUB + ".nt", 0
    while address:
        answer = site.get(address)
        pages += 1
        found = [quad.subject for quad in ox.parse(answer.content, ox.RdfFormat.N_TRIPLES)]
        seen |= {one.value for one in found if "/id/place/p" in one.value}
        following = targets(answer, "next")
        if following:
            view = f"{str(site.base_url).rstrip('/')}{HUB}?page={pages + 1}"
            assert view in answer.text
        address = following[0] if following else ""
    assert (pages, len(seen)) == (3, 230)
    assert targets(answer, "first") == [f"{str(site.base_url).rstrip('/')}{HUB}.nt"]
    for wrong in ("0", "-1", "x", "99999999999"):
        assert site.get(f"{HUB}.nt?page={wrong}").status_code == 400


def test_entity_tags(site: httpx.Client) -> None:
    """RFC 9110 8.8.3, 13.1.2: the tag differs between formats, and who has it gets 304."""
    tags = set()
    for suffix in ("", ".html", ".json", *FORMATS):
        answer = site.get(ONE + suffix, headers=TURTLE)
        tags.add(answer.headers["etag"])
        again = site.get(
            ONE + suffix, headers={**TURTLE, "If-None-Match": answer.headers["etag"]}
        )  # fmt: skip
        assert (again.status_code, again.content) == (304, b"")
    assert len(tags) == 7


def test_modification_dates(site: httpx.Client) -> None:
    """RFC 9110 13.1.3: who has what came with the last commit gets 304; an older one does not."""
    answer = site.get(ONE + ".ttl")
    date = answer.headers["last-modified"]
    for since, expected in (
        (date, 304),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 304),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 200),
        ("nonsense", 200),
    ):
        assert get(site, ONE + ".ttl", If_Modified_Since=since).status_code == expected, since
    both = get(site, ONE + ".ttl", If_Modified_Since=date, If_None_Match='"other"')
    assert both.status_code == 200


def test_methods(site: httpx.Client) -> None:
    """RFC 9110 9.3.2, 15.5.6: HEAD has the headers of GET; others than reading are refused."""
    head, full = site.head(ONE + ".ttl"), site.get(ONE + ".ttl")
    for name in ("content-type", "etag", "link", "last-modified", "content-length"):
        assert head.headers[name] == full.headers[name]
    assert head.content == b""
    refused = site.post(ONE)
    assert refused.status_code == 405
    assert "GET" in refused.headers["allow"]


def test_scripts_of_other_origins_may_read(site: httpx.Client) -> None:
    """Fetch standard, CORS: data, links and tags are for scripts of all origins."""
    answer = get(site, ONE + ".jsonld", Origin="https://example.org")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Link" in answer.headers["access-control-expose-headers"]
    assert site.options(ONE, headers={"Origin": "https://example.org"}).status_code == 204


@pytest.mark.parametrize("room", ["id", "doc"])
def test_unknown_thing(site: httpx.Client, room: str) -> None:
    """404, with the names of what may have been meant; a page for people."""
    answer = get(site, f"/{room}/organisation/onne", Accept="text/turtle")
    assert answer.status_code == 404
    assert f"did you mean <{BASE}id/organisation/one>" in answer.json()["detail"]
    page = get(site, f"/{room}/organisation/onne", Accept="text/html")
    assert page.status_code == 404
    assert f'href="{ONE}"' in page.text


@pytest.mark.parametrize(
    "path", ["/code/country/QQ", "/ns/Clutter", "/graph/none", "/things/id/none", "/dump/none.ttl",
             "/ontology/none", "/frames/None.jsonld", "/data/none.csv", "/data/../pyproject.toml",
             "/sitemap/99.xml", "/doc/x/%00", "/doc/%FF/%3Cscript%3E", "/id/a%0D%0Ab",
             "/resource?iri=http://example.org/none", "/ontology/codes/none.ttl"],
)  # fmt: skip
def test_nothing_there(site: httpx.Client, path: str) -> None:
    """Whatever is asked for that is not there is a 404, for programs and for people."""
    for accept in ("text/turtle", "text/html"):
        answer = get(site, path, Accept=accept)
        assert answer.status_code in (400, 404), (path, answer.status_code)
        assert "<script>" not in answer.text


@pytest.mark.parametrize("room", ["id", "doc"])
def test_merged_thing(site: httpx.Client, room: str) -> None:
    """RFC 9110 15.4.2: a thing that was merged into another leads there for good."""
    answer = get(site, f"/{room}/initiative/eca", Accept="text/turtle")
    assert answer.status_code == 301
    assert answer.headers["location"].endswith("/doc/organisation/eca")
    assert get(site, f"/{room}/initiative/tci", Accept="text/turtle").status_code == 404


@pytest.mark.parametrize("room", ["id", "doc"])
def test_withdrawn_thing(site: httpx.Client, room: str) -> None:
    """RFC 9110 15.5.11: 410 for what was withdrawn, with what takes its place."""
    for accept in ("text/turtle", "text/html"):
        answer = get(site, f"/{room}/organisation/old", Accept=accept)
        assert answer.status_code == 410
        assert targets(answer, "successor-version") == [f"{str(site.base_url).rstrip('/')}{ONE}"]
        assert "organisation/one" in answer.text
        assert get(site, f"/{room}/organisation/gone", Accept=accept).status_code == 410


def test_what_follows(site: httpx.Client) -> None:
    """What only follows from other statements comes when it is asked for."""
    plain, all_of = (site.get(f"{ONE}.nt{more}").text for more in ("", "?inferred=true"))
    assert "hasMember" not in plain
    assert "hasMember" in all_of


def test_plain_json(site: httpx.Client) -> None:
    """JSON for web developers: names, languages, numbers, references with their names."""
    answer = get(site, ONE, Accept="application/json")
    assert answer.headers["content-type"] == "application/json"
    thing = answer.json()
    assert thing["id"] == f"{BASE}id/organisation/one"
    assert thing["type"] == "Company"
    assert thing["label"] == {"en": "One & <Only>", "cs": "Jediná", "@none": "1"}
    assert (thing["rank"], thing["share"], thing["active"]) == (4, 2.5, True)
    assert thing["foundingYear"] == ["2001", "2002"]
    assert thing["country"] == {"id": f"{BASE}code/country/CZ", "label": "Czechia"}
    assert thing["address"]["part"]["street"] == "Short"
    (claim,) = thing["incoming"]["claimSubject"]
    assert claim["claimValue"] == "2001"
    assert thing["incoming"]["memberOf"] == [{"id": f"{BASE}id/organisation/two", "label": "Two"}]
    (context,) = targets(answer, "http://www.w3.org/ns/json-ld#context")
    assert "foundingYear" in site.get(context).json()["@context"]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
def test_json_is_rdf_with_its_context(site: httpx.Client) -> None:
    """JSON-LD 1.1, 6.1: with the context that the Link names, JSON is RDF again."""
    rdflib = pytest.importorskip("rdflib")
    answer = get(site, ONE, Accept="application/json")
    (address,) = targets(answer, "http://www.w3.org/ns/json-ld#context")
    document = {**answer.json(), **site.get(address).json()}
    document.pop("incoming")
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    one = rdflib.URIRef(f"{BASE}id/organisation/one")
    label = rdflib.RDFS.label
    assert (one, label, rdflib.Literal("Jediná", lang="cs")) in graph
    assert (one, rdflib.RDF.type, rdflib.URIRef(f"{BASE}ns#Company")) in graph
    country = rdflib.URIRef(f"{BASE}ns#country")
    assert (one, country, rdflib.URIRef(f"{BASE}code/country/CZ")) in graph
    year = rdflib.Literal("2001", datatype=rdflib.XSD.gYear)
    assert (one, rdflib.URIRef(f"{BASE}ns#foundingYear"), year) in graph


def test_vocabulary_is_told_whole(site: httpx.Client) -> None:
    """Hash IRIs: the document of the namespace tells each term, as does that of its module."""

    def subjects(path: str) -> set[str]:
        quads = ox.parse(site.get(path).content, ox.RdfFormat.TURTLE)
        return {one.subject.value for one in quads if isinstance(one.subject, ox.NamedNode)}

    whole, core = subjects("/ns.ttl"), subjects("/ontology/core.ttl")
    assert BASE + "ns#ClusterOrganisation" in core
    assert core <= whole
    assert whole <= subjects("/ontology.ttl")
    assert BASE + "shapes#Thing-label" in subjects("/shapes.ttl")
    assert len(set(itertools.chain(core, whole))) == len(whole)


def test_files_that_the_graph_comes_from(site: httpx.Client) -> None:
    """The IRIs that provenance names lead to the very files."""
    table = site.get("/data/places.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.content == (artefacts.room("data") / "places.csv").read_bytes()
    codes = site.get("/ontology/codes/role.ttl")
    assert list(ox.parse(codes.content, ox.RdfFormat.TURTLE))
