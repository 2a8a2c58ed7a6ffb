"""Alignments that hold: questions in another vocabulary alone find our things."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.vocab import ID

BODIES = f"{ID}cluster-organisation/"


@pytest.mark.parametrize(
    ("name", "prefixes", "least"),
    [("in-terms-of-org", {"org", "rdfs"}, 3), ("in-terms-of-schema-org", {"schema", "rdfs"}, 10)],
)
def test_questions_in_foreign_terms_find_our_clusters(
    shipped: Engine, name: str, prefixes: set[str], least: int
) -> None:
    """Without a word of our own vocabulary, cluster organisations are in the answer."""
    question = catalogue.find(name)
    assert set(re.findall(r"\b([a-z]+):[A-Za-z]", question.body)) <= prefixes
    answer = catalogue.ask(question, shipped)
    assert isinstance(answer, ox.QuerySolutions)
    rows = [row["organization"].value for row in answer]
    assert len(rows) == len(set(rows)) == 25
    assert sum(row.startswith(BODIES) for row in rows) >= least


def test_every_cluster_organisation_is_an_organization_to_others(shipped: Engine) -> None:
    """ORG, schema.org and ours count the same cluster organisations, by inference only."""
    query = """SELECT (COUNT(DISTINCT ?x) AS ?all) (COUNT(DISTINCT ?org) AS ?theirs)
      (COUNT(DISTINCT ?schema) AS ?too) WHERE {
      ?x a cg:ClusterOrganisation
      OPTIONAL { ?x a org:Organization BIND(?x AS ?org) }
      OPTIONAL { ?x a schema:Organization BIND(?x AS ?schema) } }"""
    answer = shipped.query(query)
    assert isinstance(answer, ox.QuerySolutions)
    ((ours, org, schema),) = [[int(term.value) for term in row] for row in answer]
    assert ours == org == schema > 600
