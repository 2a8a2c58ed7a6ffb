"""Every IRI of the graph leads to its description, whatever characters it is made of.

RFC 3987 (IRIs), section 3.1; RFC 3986 (URIs), sections 2.4, 3.5 and 5.2.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import inprocess
import pyoxigraph as ox
import pytest

from clustergraph.pages.addresses import local, readings
from clustergraph.quadstore import build

BASE = "https://w3id.org/clustergraph/"
NAMES = [
    "süd", "Łódź", "日本", "dot.json", "dot.ttl", "dot.html.rdf", "a%2Fb", "a%2fb", "x%2520",
    "x%20y", "a?b=c", "a;b=c", "(round)", "o'brien", "a,b&c=d+e", "a:b@c", "a..b",
    ".hidden", "tilde~", "%C3%BC", "e\u0301", "deep/er/name", "\U0001f600",
    "a//b", "up/../down", "star*",
]  # fmt: skip
OTHERS = [BASE + "elsewhere/x", "http://example.org/ž#f", "urn:isbn:1", BASE + "graph/ž"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service over things with such names."""
    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    graph = ox.NamedNode(BASE + "graph/names")
    iris = [f"{BASE}id/organisation/{name}" for name in NAMES] + OTHERS
    iris.append(f"{BASE}id/organisation/dot")
    directory: Path = tmp_path_factory.mktemp("stores") / "names"
    build(
        directory,
        lambda: [
            ox.Quad(ox.NamedNode(iri), label, ox.Literal(f"thing {number}"), graph)
            for number, iri in enumerate(iris)
        ],
    )
    with inprocess.site(directory) as client:
        yield client


def described(site: httpx.Client, response: httpx.Response) -> set[str]:
    """The IRIs that a Turtle answer says something of."""
    assert response.status_code == 200, (str(response.url), response.text)
    return {str(quad.subject.value) for quad in ox.parse(response.content, ox.RdfFormat.TURTLE)}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_dereferenced(site: httpx.Client, name: str) -> None:
    """3.1: the URI of an IRI, asked for as it is, leads to what the graph says of the IRI."""
    iri = f"{BASE}id/organisation/{name}"
    if ".." in name.split("/"):
        path = local(iri)  # a client would resolve the dots
    else:
        path = quote(urlsplit(iri)._replace(scheme="", netloc="").geturl(), safe="/%?&=;:@+,'()*~")
        path = path.removeprefix("/clustergraph")
    found = site.get(path, headers={"Accept": "text/turtle"}, follow_redirects=True)
    assert iri in described(site, found)


@pytest.mark.parametrize("iri", [f"{BASE}id/organisation/{name}" for name in NAMES] + OTHERS)
def test_links_lead_to_things(site: httpx.Client, iri: str) -> None:
    """The address that pages, indexes and the sitemap use for an IRI describes that IRI."""
    found = site.get(local(iri), headers={"Accept": "text/turtle"})
    assert iri in described(site, found)
    page = site.get(local(iri), headers={"Accept": "text/html"})
    assert (page.status_code, iri in unescape(page.text)) == (200, True)
    own = re.search(r'href="([^"]*\.ttl[^"]*)"', page.text)
    assert own is not None
    assert iri in described(site, site.get(unescape(own[1])))


def test_sitemap_and_index_use_the_same_form(site: httpx.Client) -> None:
    """Each address in the sitemap is that of `local`, and so is each link of the index."""
    text = site.get("/sitemap/1.xml").text
    listed = {unescape(one).removeprefix(str(site.base_url).rstrip("/")) for one in
              re.findall("<loc>(.*?)</loc>", text)}  # fmt: skip
    wanted = {local(f"{BASE}id/organisation/{name}") for name in NAMES}
    assert wanted <= listed
    page = site.get("/things/id/organisation", headers={"Accept": "text/html"}).text
    assert wanted <= {unescape(one) for one in re.findall(r'href="([^"]*)"', page)}


def test_whole_names_before_formats(site: httpx.Client) -> None:
    """A name that ends like a format means the thing; other suffixes mean the format."""
    whole = site.get("/doc/organisation/dot.json", headers={"Accept": "text/turtle"})
    assert BASE + "id/organisation/dot.json" in described(site, whole)
    assert site.get("/doc/organisation/dot.json.json").json()["id"].endswith("dot.json")
    assert site.get("/doc/organisation/dot.nt").headers["content-type"] == "application/n-triples"


@pytest.mark.parametrize("room", ["doc", "id", "code", "graph", "ns", "resource", "things", "dump"])
@pytest.mark.parametrize(
    "name",
    ["%25zz", "%zz", "%", "%00", "%0d%0aX:%20y", "%22%3E", "%3Cscript%3E", "a%20b", "%5C", "%ff",
     "x" * 3000, "%E2%80%AE", "..%2f..%2fetc", "{}", "[]", "%7B%7D"],
)  # fmt: skip
def test_hostile_names(site: httpx.Client, room: str, name: str) -> None:
    """Whatever a client takes for a name, it gets an answer, and the worker lives on."""
    path = f"/resource?iri={name}" if room == "resource" else f"/{room}/{name}"
    for accept in ("text/turtle", "text/html", "application/json"):
        answer = site.get(path, headers={"Accept": accept})
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text[:300])
        assert "Traceback" not in answer.text
        assert sum(len(name) + len(value) for name, value in answer.headers.items()) < 6000


@pytest.mark.parametrize("size", [200, 1500, 2000])
def test_links_do_not_grow_with_the_address(site: httpx.Client, size: int) -> None:
    """RFC 8288: a long address is not repeated a dozen times in a header."""
    for path in (
        f"/resource?iri=urn:{'x' * size}",
        f"/queries/find-partners?country=CZ&ecosystem=textiles&page=1&{'x' * size}=1",
    ):
        assert len(site.get(path).headers.get("link", "")) <= 4000


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        ("s%C3%BCd", "süd"),
        ("a%2fb", "a%2fb"),
        ("%41%2D%7e", "A-~"),
        ("100%25", "100%25"),
        ("%C3", "%C3"),
        ("%C3%BC%2F%C3%BC", "ü%2Fü"),
    ],
)
def test_readings(raw: str, first: str) -> None:
    """2.4: what need not be escaped is decoded once, and nothing else is."""
    assert next(iter(readings(raw))) == first
    assert raw in set(readings(raw))
