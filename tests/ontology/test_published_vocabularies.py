"""Ontology and data beside the vocabularies that they use, as these are published.

The vocabularies lie in the suites (``CLUSTERGRAPH_SUITES``, or beside the repository); without
them, or without a reasoner, the tests are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph import artefacts
from clustergraph.errors import MissingExtraError
from clustergraph.ontology import checking
from clustergraph.vocab import CG, PREFIXES

HERE: Final = Path(__file__).resolve().parents[2]
SUITES: Final = Path(os.environ.get("CLUSTERGRAPH_SUITES") or HERE.parent / "shared" / "suites")
VOCABULARIES: Final = sorted((SUITES / "vocabularies").glob("*.ttl"))
AXIOMS: Final = frozenset(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("rdfs", "subClassOf"), ("rdfs", "subPropertyOf"), ("rdfs", "domain"), ("rdfs", "range"),
        ("owl", "inverseOf"), ("owl", "equivalentClass"), ("owl", "disjointWith"),
    )
)  # fmt: skip

pytestmark = pytest.mark.skipif(
    not VOCABULARIES, reason=f"the published vocabularies are not at {SUITES / 'vocabularies'}"
)


def contradictions(*, whole: bool) -> list[str]:
    """Return what HermiT finds wrong with ontology, vocabularies and, if asked, all data."""
    try:
        outcome = checking.check(others=VOCABULARIES, whole=whole, steps=["consistency"])
    except MissingExtraError as error:
        pytest.skip(str(error))
    # How the vocabularies are written is not ours to mend.
    return [str(one) for one in outcome.report.findings if not one.shape_name.endswith("malformed")]


def test_ontology_does_not_contradict_the_vocabularies() -> None:
    """With the axioms of all vocabularies, no contradiction and no class without members."""
    assert contradictions(whole=False) == []


@pytest.mark.full
def test_data_do_not_contradict_the_vocabularies() -> None:
    """The same with every statement of the shipped graph."""
    assert contradictions(whole=True) == []


def test_axioms_about_foreign_terms_are_published_ones() -> None:
    """The ontology says nothing of a foreign term that its vocabulary does not say itself."""
    published = {quad.triple for path in VOCABULARIES for quad in ox.parse(path=path)}
    kept = {str(triple.subject) for triple in published}
    ours = [
        quad.triple
        for path in sorted(artefacts.room("ontology").rglob("*.ttl"))
        for quad in ox.parse(path=path)
        if quad.predicate.value in AXIOMS
        and isinstance(quad.subject, ox.NamedNode)
        and not quad.subject.value.startswith(CG)
        and str(quad.subject) in kept
    ]
    assert [triple for triple in ours if triple not in published] == []
