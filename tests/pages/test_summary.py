"""What a page says first: the end of organisations, labels on a day, members, what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.pages.facts import compatible
from clustergraph.pages.summary import held, today
from clustergraph.protocol import Operator
from clustergraph.quadstore import Engine, build
from clustergraph.questions import catalogue
from clustergraph.vocab import CG, ID

from .conftest import Show

GRAPH = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix code: <https://w3id.org/clustergraph/code/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
@prefix id: <https://w3id.org/clustergraph/id/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

graph:inferred {
  id:cluster-organisation\\/old a org:Organization .
  id:cluster-organisation\\/new a org:Organization .
}
graph:things {
  code:change-kind\\/merged rdfs:label "merged"@en .
  code:qualifier\\/by rdfs:label "by"@en , "do"@cs .
  id:label\\/gold a cg:Label ; rdfs:label "Gold label"@en .
  id:cluster-organisation\\/old a cg:ClusterOrganisation ; rdfs:label "Old Cluster"@en ;
    cg:dissolvedOn "2014"^^xsd:gYear ; cg:curatorNote "seat not checked" ;
    dcterms:source <https://source.example/list> .
  id:cluster-organisation\\/new a cg:ClusterOrganisation ; rdfs:label "New <Cluster>"@en ;
    cg:hasLabel id:award\\/first , id:award\\/second , id:award\\/third ;
    cg:started "2020-08-31"^^xsd:date ;
    cg:ended "2999-08-31"^^xsd:date , "2999-09"^^xsd:gYearMonth ;
    dcterms:source <https://source.example/list> , <https://source.example/law> .
  id:change\\/old--merged a cg:OrganisationChange ; cg:changeOf id:cluster-organisation\\/old ;
    cg:changeKind code:change-kind\\/merged ; cg:changedOn "2014"^^xsd:gYear ;
    cg:qualifier code:qualifier\\/by ; cg:resultingOrganisation id:cluster-organisation\\/new ;
    dcterms:source <https://source.example/merger> .
  id:award\\/first a cg:LabelAward ; cg:holder id:cluster-organisation\\/new ;
    cg:awardedLabel id:label\\/gold ; cg:awardedOn "2012"^^xsd:gYear .
  id:award\\/second a cg:LabelAward ; cg:holder id:cluster-organisation\\/new ;
    cg:awardedLabel id:label\\/gold ; cg:awardedOn "2012-05"^^xsd:gYearMonth ;
    cg:expiresOn "2014-05-30"^^xsd:date .
  id:award\\/third a cg:LabelAward ; cg:holder id:cluster-organisation\\/new ;
    cg:awardedLabel id:label\\/gold ; cg:awardedOn "2024-05"^^xsd:gYearMonth ;
    cg:expiresOn "2999-05-30"^^xsd:date .
  id:figure\\/a a cg:Figure ; cg:figureOf id:cluster-organisation\\/new ;
    cg:measure code:measure\\/members ; cg:figureYear "2010"^^xsd:gYear ; cg:value 99 .
  id:figure\\/b a cg:Figure ; cg:figureOf id:cluster-organisation\\/new ;
    cg:measure code:measure\\/members ; cg:figureYear "2020"^^xsd:gYear ; cg:value 0 .
  id:claim\\/a a cg:Claim ; cg:claimSubject id:cluster-organisation\\/new ;
    cg:claimProperty cg:ended ; cg:claimValue "2999-08-31"^^xsd:date ;
    cg:contradicts id:claim\\/b ; cg:basis code:basis\\/stated .
  id:claim\\/b a cg:Claim ; cg:claimSubject id:cluster-organisation\\/new ;
    cg:claimProperty cg:ended ; cg:claimValue "2999-09"^^xsd:gYearMonth ;
    cg:contradicts id:claim\\/a ; cg:basis code:basis\\/stated .
  <https://source.example/law> a cg:Source ; dcterms:title "The <Law>" ;
    cg:publisherName "Office" ; dcterms:issued "2020-05-01"^^xsd:date .
}
"""
OLD, NEW = "/doc/cluster-organisation/old", "/doc/cluster-organisation/new"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A graph of an organisation that ended, its successor with labels, and their sources."""
    directory: Path = tmp_path_factory.mktemp("stores") / "summary"
    build(directory, lambda: ox.parse(GRAPH, ox.RdfFormat.TRIG))
    return Engine(directory)


@pytest.fixture(scope="module")
def look(changed: Engine, show_from: Callable[..., Show]) -> Show:
    """A function that shows an address from it."""
    return show_from(changed, 3, operator=Operator("M", "data@m.example"))


def told(page: str, part: str) -> dict[str, str]:
    """Return the rows of a part of a page: from a name to its values, without markup."""
    section = page.partition(f'id="{part}"')[2].partition("</section>")[0]
    found = re.findall(r"<dt.*?>(.*?)</dt>(.*?)</div>", section, re.DOTALL)
    return {
        " ".join(unescape(re.sub("<[^>]+>", " ", name)).split()): " ".join(
            unescape(re.sub("<[^>]+>", " ", values)).split()
        )
        for name, values in found
    }


def test_what_ended_is_history(look: Show) -> None:
    """An organisation that ended says so first, with the date, the source and the successor."""
    page = look(OLD).text
    before = page.partition('id="summary"')[0]
    notice = " ".join(unescape(re.sub("<[^>]+>", "", before.partition('"notice">')[2])).split())
    assert notice.startswith(
        "This organisation no longer exists. by 2014: merged into New <Cluster>"
    )
    assert told(page, "summary")["status"] == "Ended: 2014 ended"
    assert f'href="{NEW}"' in before
    assert re.search(r"merged into .* \d ⚑", told(page, "history")["by 2014"])
    assert 'href="https://source.example/merger"' in page
    later = look(NEW, "cs").text
    assert "sloučila se do ní organizace Old Cluster" in told(later, "history")["do 2014"]
    assert told(later, "summary")["stav"] == "Podle známých údajů činná"


def test_labels_are_held_or_not_or_unknown(look: Show) -> None:
    """Only a label between award and expiry is held; one of 2012 without an expiry is unknown."""
    page = look(NEW)
    labels = told(page.text, "summary")["labels and awards"]
    assert labels == (
        "Gold label held (May 2024 – 30 May 2999) Gold label not held (May 2012 – 30 May 2014) "
        "Gold label unknown (2012 – ?)"
    )
    # The status depends on the day, so the page may not be kept.
    assert not page.cacheable
    assert look(OLD).cacheable


@pytest.mark.parametrize(
    ("award", "day", "expected"),
    [
        ({}, "2026-01-01", "unknown"),
        ({"awardedOn": ["2012"]}, "2026-01-01", "unknown"),
        ({"awardedOn": ["2012"]}, "2011-12-31", "not-held"),
        ({"expiresOn": ["2014-05"]}, "2014-05-31", "unknown"),
        ({"expiresOn": ["2014-05"]}, "2014-06-01", "not-held"),
        ({"awardedOn": ["2012-05"], "expiresOn": ["2014-05"]}, "2012-05-01", "held"),
        ({"awardedNotBefore": ["2020-02"]}, "2020-01-31", "not-held"),
        ({"heldOn": ["2016"]}, "2016-07-01", "held"),
        ({"heldOn": ["2016"], "expiresOn": ["2015"]}, "2016-07-01", "held"),
    ],
)
def test_held(award: dict[str, list[str]], day: str, expected: str) -> None:
    """Dates are compared to the precision that they have; nothing is assumed."""
    assert held(award, day) == expected


def test_held_agrees_with_the_question(shipped: Engine) -> None:
    """The rule is that of the question on labels: each award of the graph has the same status."""
    question = catalogue.questions()["labels-held-at"]
    answer = catalogue.ask(question, shipped, {"date": ["2024-06-30"], "status": ["all"]})
    assert isinstance(answer, ox.QuerySolutions)
    statuses = {row["award"].value: row["status"].value.replace(" ", "-") for row in answer}
    assert set(statuses.values()) == {"held", "not-held", "unknown"}
    dates: dict[str, dict[str, list[str]]] = {}
    rows = shipped.query(
        "SELECT ?award ?property ?date { ?award a cg:LabelAward . OPTIONAL { VALUES ?property "
        "{ cg:awardedOn cg:awardedNotBefore cg:expiresOn cg:heldOn } ?award ?property ?date } }"
    )
    assert isinstance(rows, ox.QuerySolutions)
    for award, name, date in rows:
        known = dates.setdefault(award.value, {})
        if date is not None:
            known.setdefault(name.value.removeprefix(CG), []).append(date.value)
    assert {iri: held(dates[iri], "2024-06-30") for iri in statuses} == statuses


def test_zero_is_a_number_and_nothing_is_no_data(look: Show) -> None:
    """The newest number of members is told with its year, be it zero; without any, no data."""
    assert told(look(NEW).text, "summary")["members"] == "0 (2020)"
    summary = told(look(OLD).text, "summary")
    assert summary["members"] == "no data"
    assert summary["labels and awards"] == "no label recorded"
    assert summary["contact"] == "no website recorded"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2025-08-31", "2025-09", True), ("2025-08-31", "2025", True), ("2025-08", "2025", True),
        ("2025-09", "2025-10-01", True), ("2025-02-28", "2025-03", True),
        ("2025-08-29", "2025-09", False), ("2025-08-31", "2025-08-30", False),
        ("2025-08", "2025-09", False), ("2011", "2012", False), ("2024-06", "2025", False),
        ("2025", "2025", True), ("Brno", "Brno-město", False),
    ],
)  # fmt: skip
def test_dates_of_different_precision(one: str, other: str, expected: bool) -> None:
    """A date that is only less exact contradicts nothing that it meets."""
    assert compatible(one, other) is compatible(other, one) is expected


def test_less_exact_dates_are_no_contradiction(look: Show) -> None:
    """31 August and September of one year stand side by side without a warning."""
    page = look(NEW).text
    assert "sources disagree" not in page
    assert told(page, "summary")["period"] == (
        "31 August 2020 31 August 2999 (end) September 2999 (end)"
    )


def test_sources_have_titles_and_facts_one_reference(look: Show) -> None:
    """A reference tells title, publisher and date of its sources; each fact has one."""
    page = look(NEW).text
    section = page.partition('<section aria-labelledby="sources"')[2]
    assert 'href="https://source.example/law"' in section
    assert "The &lt;Law&gt;</a>, Office, 1 May 2020" in section
    for value in re.findall(r"<dd>(.*?)</dd>", page, re.DOTALL):
        assert value.count('href="#source-') <= 1
    numbers = set(re.findall(r'href="#source-(\d+)"', page))
    assert numbers == set(re.findall(r'id="source-(\d+)"', page))


def test_notes_of_curators_are_no_descriptions(look: Show) -> None:
    """What curators noted stands among the technical details only."""
    before, _, technical = look(OLD).text.partition('<details class="technical">')
    assert "seat not checked" not in before
    assert "seat not checked" in technical


def test_each_fact_can_be_reported(look: Show, show: Show) -> None:
    """A fact has a link that opens a report about it; without an address of the operator none."""
    page = look(OLD).text
    (report,) = re.findall(
        r'<dd><span>2014</span>.*?<a class="report" href="([^"]+)"', page, re.DOTALL
    )
    assert report.startswith("mailto:data@m.example?subject=Error")
    for text in ("cluster-organisation%2Fold", "2014", "https%3A%2F%2Fsource.example%2Fmerger"):
        assert text in report
    assert 'class="report"' not in show("/doc/cluster-organisation/alpha").text


def test_estimates_are_marked_in_the_heading(show_shipped: Show, shipped: Engine) -> None:
    """A section with estimates says so in its heading, and a list says how many there are."""
    textiles = show_shipped("/doc/ecosystem/textiles").text
    (heading,) = re.findall(r'<h2 id="g-field">(.*?)</h2>', textiles, re.DOTALL)
    assert "partly estimates" in heading
    answer = shipped.query(
        "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?c cg:claimObject id:ecosystem\\/textiles ; "
        "cg:claimProperty cg:ecosystem ; cg:claimSubject ?s ; "
        "cg:basis <https://w3id.org/clustergraph/code/basis/estimated> }"
    )
    assert isinstance(answer, ox.QuerySolutions)
    (n,) = (row["n"].value for row in answer)
    assert f"{n} estimated" in textiles


def test_today_is_a_day() -> None:
    """The day is written as dates are."""
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", today())


def test_records_have_names(show_shipped: Show) -> None:
    """An award without a name of its own is called by its holder, not by a part of its address."""
    page = show_shipped("/doc/label/gold").text
    assert "aerospace-valley--gold" not in re.sub(r'(?:href|data-value)="[^"]*"', "", page)
    assert "Aerospace Valley · gold" in page


def test_measured_clusters(show_shipped: Show) -> None:
    """A measured cluster tells specialisation, size, share and year, and that they are derived."""
    summary = told(show_shipped("/doc/cluster/cz08-c24").text, "summary")
    assert summary["specialisation"].startswith("7.58 times the average share")
    assert "19,569 persons employed (2015)" in summary["size"]
    assert summary["basis"].endswith("derived")
    page = show_shipped(f"/doc/{(ID + 'cluster/cz08-c24').removeprefix(ID)}")
    assert "/queries/measured-cluster-evidence?cluster=cz08-c24" in page.links


def test_units_are_in_the_language_of_the_page(show_shipped: Show) -> None:
    """A figure has its unit in Czech on a Czech page."""
    address = "/doc/cluster-organisation/clutex"
    assert "<td>members</td>" in show_shipped(address).text
    assert "<td>členové</td>" in show_shipped(address, "cs").text
