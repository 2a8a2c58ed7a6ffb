"""The pages of the ontology say what its files and the shapes say, in both languages."""

from __future__ import annotations

import re

import pytest

from clustergraph.pages.model import model
from clustergraph.pages.ontology import ARROWS, BOXES
from clustergraph.pages.rules import known
from clustergraph.pages.words import Words
from clustergraph.vocab import CG, PREFIXES

from .conftest import Show

_BELOW = PREFIXES["rdfs"] + "subClassOf"


def test_page_tells_all_terms(show_shipped: Show) -> None:
    """Each class and each property of the ontology is a link to its page."""
    page = show_shipped("/ontology").text
    for term in model().own():
        assert f'href="/ns/{term.name}"' in page, term.name


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: arrow[1].rpartition("#")[2])
def test_diagram_is_the_model(arrow: tuple[str, str, str]) -> None:
    """Each arrow of the picture is a property between just such classes."""
    start, name, end = arrow
    whole = model()
    assert {start, end} <= set(BOXES)
    if name == _BELOW:
        assert end in whole.ancestors(start)
        return
    thing = PREFIXES["owl"] + "Thing"
    domains, ranges = whole.terms[name].domains, whole.terms[name].ranges
    assert {start, thing, *whole.ancestors(start)} & set(domains)
    assert {end, *whole.ancestors(end)} & set(ranges)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["A legal entity that supports cooperation", "a year such as 2024",
                "at least 15 members", "from the list"]),
        ("cs", ["klastrová organizace", "rok (například 2024)", "alespoň 15 členů", "ze seznamu"]),
    ],
)  # fmt: skip
def test_term_tells_meaning_and_rules(show_shipped: Show, language: str, said: list[str]) -> None:
    """A class has its definition, its own rules and those of what it is a kind of, in words."""
    page = show_shipped("/ns/ClusterOrganisation", language).text
    assert all(one in page for one in said)


def test_property_tells_ends_and_inverse(show_shipped: Show) -> None:
    """A property leads to its ends, its inverse and the terms that it is aligned to, with why."""
    page = show_shipped("/ns/memberOf").text
    assert 'href="/ns/hasMember"' in page
    assert 'href="/ns/PolicyPractice"' in page
    assert "Ours is between organisations only" in page


def test_search_ignores_accents_and_case(show_shipped: Show) -> None:
    """A search finds terms by words of their names in either language."""
    page = show_shipped("/ontology?q=ZNACKA").text
    assert re.search(r"<h2 id=\"found\">\d+ terms?</h2>", page)
    assert "<code>cg:Label</code>" in page
    assert "No term contains" in show_shipped("/ontology?q=xyzzy").text


def test_every_rule_has_words() -> None:
    """Each shape is told in words, and the sentences for queries are for shapes that there are."""
    keys = {rule.key for rule in known().values()}
    endings = {key.rpartition("-")[2] for key in keys}
    for name in Words("en", "rules").own():
        if name.startswith("rule-"):
            assert name.removeprefix("rule-") in keys | endings, name
    for rule in known().values():
        assert rule.description or rule.message, rule.key


def test_model_relates_terms_both_ways() -> None:
    """Inverse, narrower and disjoint are known from either side, wherever the files say it."""
    terms = model().terms
    assert terms[CG + "memberOf"].inverse == (CG + "hasMember",)
    assert terms[CG + "hasMember"].inverse == (CG + "memberOf",)
    assert CG + "Cluster" in terms[CG + "ClusterOrganisation"].disjoint
    assert CG + "ClusterOrganisation" in terms[CG + "Cluster"].disjoint
    for term in terms.values():
        assert all(term.iri in terms[one].above for one in term.below)


def test_links_of_a_term_lead_somewhere(show_shipped: Show) -> None:
    """No link of a term's page within the service is broken."""
    broken = [
        link
        for link in show_shipped("/ns/LabelAward").links
        if link.startswith(("/ns/", "/ontology")) and show_shipped(link).status not in (200, 303)
    ]
    assert broken == []
