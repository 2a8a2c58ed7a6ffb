"""The page of a thing: sources, contradictions, judgements, bounds, and what is never markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest

from clustergraph.pages import facts
from clustergraph.pages.addresses import local
from clustergraph.pages.quality import findings_of
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Context, Request
from clustergraph.quadstore import Engine
from clustergraph.vocab import CG, ID

Show = Callable[..., Any]

ALPHA = "/doc/cluster-organisation/alpha"
HUB = "/doc/organisation/hub"


def rows(page: str) -> dict[str, str]:
    """Return the facts of a page: from a name to all of its values, without markup."""
    found = {}
    for name, values in re.findall(r"<dt>(.*?)</dt>(.*?)</div>", page, re.DOTALL):
        plain = [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in (name, values)]
        found[unescape(plain[0])] = unescape(plain[1])
    return found


@pytest.fixture(scope="module")
def alpha(show: Show) -> str:
    """The page of a cluster organisation."""
    return str(show(ALPHA).text)


@pytest.fixture
def visit(little: Engine) -> Visit:
    """A visit of the little graph."""
    context = Context(little.store, 7)
    return Visit(Request("GET", "/"), context, little, "/")


def test_facts_bear_their_sources(alpha: str) -> None:
    """A fact names the sources of its claim, or else those of the whole entry, by number."""
    found = rows(alpha)
    assert found["city"].startswith("Brno") or found["City"].startswith("Brno")
    listed = re.findall(r'<li id="source-(\d+)">(.*?)</li>', alpha, re.DOTALL)
    assert [number for number, _ in listed] == ["1", "2", "3"]
    assert 'href="https://source.example/one"' in listed[0][1]
    named = set(re.findall(r'href="#source-(\d+)"', alpha))
    assert named == {"1", "2", "3"}


def test_contradictions_stand_side_by_side(alpha: str) -> None:
    """Two values that sources disagree about are both there, marked, each with its own source."""
    (name,) = [one for one in rows(alpha) if "sources disagree" in one and "year" in one]
    assert "2006" in rows(alpha)[name]
    assert "2016" in rows(alpha)[name]
    assert '<div class="disputed">' in alpha
    assert "a leaflet" in alpha
    facts_ = alpha.partition('<h2 id="g-time">')[2]
    first, second = re.findall(r"<dd><span>(?:2006|2016)</span>(.*?)</dd>", facts_, re.DOTALL)
    assert "#source-" in first
    assert re.findall("#source-[0-9]", first) != re.findall("#source-[0-9]", second)


def test_figures_of_one_year_that_differ_are_marked(alpha: str) -> None:
    """Two figures of the same measure and year with different values are marked."""
    assert len(re.findall(r'<tr class="disputed">', alpha)) == 2
    assert ">34<" in alpha
    assert ">36<" in alpha


def test_judgements_are_marked(alpha: str) -> None:
    """An estimate is marked as one, with the year."""
    value = next(value for name, value in rows(alpha).items() if "ecosystem" in name)
    assert "Textiles" in value
    assert "estimated" in value
    assert "(2024)" in value


def test_what_follows_stands_apart(alpha: str) -> None:
    """What is only inferred is not among the facts, and what is stated as well is there once."""
    stated, mark, inferred = alpha.partition('<section aria-labelledby="inferred"')
    assert mark
    assert "Hub &amp; Spokes" not in re.sub("<svg.*?</svg>", "", stated, flags=re.DOTALL)
    assert "Hub &amp; Spokes" in inferred
    assert rows(inferred).keys() >= {"member of"}
    assert not [name for name in rows(inferred) if "ecosystem" in name]


def test_what_follows_says_why(show_shipped: Show) -> None:
    """Each conclusion comes with its reason in words, and none says that no source states it."""
    for language, reason in (
        ("en", "Because: where “partner in” holds, “participates in” holds as well"),
        ("cs", "Protože: kde platí „partner v“, platí i „účastní se“"),
    ):
        page = show_shipped("/doc/cluster-organisation/clutex", language=language).text
        inferred = page.partition('<section aria-labelledby="inferred"')[2]
        said = " ".join(re.sub("<[^>]+>", "", inferred).split())
        assert reason in said
        assert "clustergraph explain" not in page
        assert "No source states" not in page


def test_relations_are_told_once(show_shipped: Show) -> None:
    """Members that a source states stand among the facts, with it, and not among conclusions."""
    page = show_shipped("/doc/cluster-organisation/clutex").text
    stated, _, inferred = page.partition('<section aria-labelledby="inferred"')
    members = rows(stated)["members 7"]
    assert "INOTEX" in members
    assert "inferred" not in members
    assert not {"has member", "has partner", "funds"} & {name.lower() for name in rows(page)}
    assert "INOTEX" not in inferred


def test_text_of_the_data_is_never_markup(alpha: str) -> None:
    """Tags in the data are shown as they are written, in the page and in its JSON-LD."""
    assert "<script>alert" not in alpha
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; more" in alpha
    (linked,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', alpha, re.DOTALL)
    content = json.loads(linked)
    assert content["description"] == "<script>alert('x')</script> & more"
    assert content["@type"] == "Organization"
    assert content["@id"] == ID + "cluster-organisation/alpha"
    assert content["address"] == {
        "@type": "PostalAddress", "addressCountry": "CZ", "addressLocality": "Brno",
    }  # fmt: skip


def test_only_addresses_of_the_web_are_links(alpha: str, show: Show) -> None:
    """An address that would run a script is shown as text; one of the web is a link."""
    links = show(ALPHA).links
    assert "https://alpha.example/" in links
    assert "javascript:alert(1)" in alpha
    assert not [one for one in links if not one.startswith(("/", "#", "http://", "https://"))]


def test_the_map_shows_where_it_is(alpha: str) -> None:
    """A thing whose place is known is shown on a part of the map, its country set off."""
    (map_,) = re.findall(r'<svg class="map picture".*?</figure>', alpha, re.DOTALL)
    assert map_.count("<circle") == 1
    assert map_.count('class="here"') == 1
    assert '<path d="' in map_
    assert map_.count("<path") < 40


def test_hubs_are_bounded(show: Show) -> None:
    """Of many things that refer to one, some are shown, with the number of all and a way there."""
    page = show(HUB)
    assert page.text.count(">Member ") < 40
    assert "All 131" in page.text
    (whole,) = [one for one in page.links if "incoming=cg%3AmemberOf" in one]
    first = show(whole.partition("#")[0])
    assert len(re.findall(r'<dd><a href="/doc/organisation/m\d+"', first.text)) == 99
    (following,) = [one for one in first.links if "page=2" in one]
    second = show(following.partition("#")[0])
    found = {
        one
        for page in (first, second)
        for one in re.findall(r'<dd><a href="(/doc/organisation/m\d+)"', page.text)
    }
    assert len(found) == 130


def test_other_forms_are_told(show: Show) -> None:
    """The page names the addresses of the same description in other formats."""
    links = show(ALPHA).links
    for suffix in (".ttl", ".jsonld", ".nt", ".rdf"):
        assert ALPHA + suffix in links


@pytest.mark.parametrize(
    "address", ["/doc/cluster-organisation/none", "/doc/a/b%3Ec", "/doc/x/%00"]
)
def test_what_there_is_not(show: Show, address: str) -> None:
    """A thing of which the graph says nothing is not found, on a page."""
    page = show(address)
    assert page.status == 404
    assert b"<main" in page.body


def test_czech(show: Show) -> None:
    """In Czech, things, properties and headings have their Czech names where there are such."""
    page = show(ALPHA, language="cs").text
    assert "<h1>Klastr Alfa</h1>" in page
    assert "rok založení" in page
    assert "zdroje si odporují" in page
    assert ">Česko</a>" in page


def test_names_fall_back(visit: Visit) -> None:
    """What has no name in a language has that of another, or the end of its IRI."""
    thing = facts.gathered(visit, ID + "cluster-organisation/lodz")
    assert thing.name(thing.iri) == "Łódź Media Cluster"
    assert thing.name("https://other.example/path/last") == "last"


def test_what_refers_is_counted(visit: Visit) -> None:
    """Links are counted by property; records about the thing are no links."""
    thing = facts.gathered(visit, ID + "organisation/hub")
    counts = {link.property.removeprefix(CG): link.total for link in thing.incoming}
    assert counts == {"memberOf": 131}
    alpha = facts.gathered(visit, ID + "cluster-organisation/alpha")
    assert {kind: len(found) for kind, found in alpha.records.items()} == {"claim": 3, "figure": 2}
    assert alpha.incoming == []
    first, *others = thing.incoming[0].values
    assert first.term == ox.NamedNode(ID + "cluster-organisation/alpha")
    assert [one.basis for one in first.evidence] == ["inferred"]
    assert not any(one.evidence for one in others)


def test_findings_of_a_thing(shipped: Engine) -> None:
    """The shapes' findings about one thing are those that a whole validation has about it."""
    visit = Visit(Request("GET", "/"), Context(shipped.store, 1), shipped, "/")
    found = findings_of(visit, [ID + "cluster-organisation/clutex"])
    assert found is not None
    assert [one.shape_name for one in found] == ["shape:Organisation-oneFoundingYear"]
    assert found[0].severity.word == "info"
    assert findings_of(visit, [ID + "programme/smp-cosme"]) == []


def test_findings_say_their_language(show_shipped: Show) -> None:
    """Messages of shapes are English, and say so where the page is not."""
    path = "/doc/cluster-organisation/clutex"
    assert '<span lang="en">Sources give' in show_shipped(path, language="cs").text
    assert "<span>Sources give" in show_shipped(path).text


@pytest.mark.parametrize(
    ("iri", "path"),
    [
        (ID + "cluster-organisation/clutex", "/doc/cluster-organisation/clutex"),
        (CG + "Cluster", "/ns/Cluster"),
        ("https://w3id.org/clustergraph/code/country/CZ", "/code/country/CZ"),
        ("http://data.europa.eu/nuts/code/CZ",
         "/resource?iri=http%3A%2F%2Fdata.europa.eu%2Fnuts%2Fcode%2FCZ"),
    ],
)  # fmt: skip
def test_addresses_of_things(iri: str, path: str) -> None:
    """Each IRI has an address on the service."""
    assert local(iri) == path


def test_terms_are_no_part_of_the_query(visit: Visit) -> None:
    """A text that is filled into a query stays a text, whatever it holds."""
    bad = ox.Literal('" } DROP ALL # $thing')
    assert visit.select("SELECT ?x { VALUES ?x { $bad } }", bad=bad) == [{"x": bad.value}]


def test_every_kind_of_thing_has_a_page(show_shipped: Show, shipped: Engine) -> None:
    """One thing of each class of the shipped graph can be shown, in both languages."""
    text = (
        "SELECT ?class (MIN(?thing) AS ?one) { ?thing a ?class "
        f"FILTER(STRSTARTS(STR(?thing), '{ID}')) }} GROUP BY ?class"
    )
    things = {row["one"].value for row in shipped.query(text)}  # type: ignore[union-attr, misc]
    assert len(things) > 30
    for number, iri in enumerate(sorted(things)):
        page = show_shipped(local(iri), language=("en", "cs")[number % 2])
        assert "<h1" in page.text, iri


def test_relations_can_be_queried(show_shipped: Show, shipped: Engine) -> None:
    """The query that draws the relations of a thing finds its partners, with their names."""
    page = show_shipped("/doc/eurocluster/euroboostex")
    (link,) = [one for one in page.links if "CONSTRUCT" in one]
    text = parse_qs(urlsplit(link).query)["query"][0]
    found = shipped.query(text)
    assert isinstance(found, ox.QueryTriples)
    triples = {(one.subject.value, one.predicate.value, one.object.value) for one in found}  # type: ignore[union-attr]
    techtera = ID + "cluster-organisation/techtera"
    assert (techtera, CG + "partnerIn", ID + "eurocluster/euroboostex") in triples
    assert any(one[0] == techtera and one[2] == "Techtera" for one in triples)
