"""The terms of other vocabularies: pinned, and every use looked up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clustergraph import artefacts
from clustergraph.ontology.vocabularies import misspelt, named_in_query, vocabularies


def test_each_vocabulary_tells_where_it_is_from() -> None:
    """Title, version, publisher and licence are told of each, or that they are not stated."""
    path = artefacts.room("ontology") / "vocabularies" / "sources.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert all(row[name] for name in ("title", "version", "publisher", "licence")), row
        assert row["extent"] in ("whole", "part")


def test_pinned_vocabularies_are_stocked() -> None:
    """Each vocabulary has terms, a namespace, and those of the alignments are all here."""
    found = {one.title: one for one in vocabularies()}
    assert len(found) >= 20
    for one in found.values():
        assert one.namespace.endswith(("#", "/"))
        assert one.terms
    assert found["schema.org"].terms["GovernmentOrganization"] == "class"
    assert found["Organization Ontology"].terms["member"] == "property"


@pytest.mark.parametrize(
    ("iri", "hint"),
    [
        ("http://www.w3.org/ns/org#Organisation", "did you mean Organization"),
        ("https://schema.org/GovernmentOrganisation", "did you mean GovernmentOrganization"),
        ("http://schema.org/memberrOf", "did you mean memberOf"),
        ("http://www.w3.org/2004/02/skos/core#brodaer", "did you mean broader"),
        ("http://data.europa.eu/s66#Zzz", "make sure that it exists"),
        ("http://purl.org/linked-data/sdmx/2009/measure#obsValues", "did you mean obsValue"),
        ("http://data.europa.eu/eli/ontology#repealedBy", "did you mean repealed_by"),
        ("http://www.w3.org/2001/XMLSchema#date", None),
        ("http://www.w3.org/ns/prov#wasDerivedFrom", None),
        ("http://purl.org/linked-data/cube#Observation", None),
        ("http://example.org/whatever", None),
    ],
)
def test_misspelt_terms_are_told_with_a_hint(iri: str, hint: str | None) -> None:
    """A name that its vocabulary lacks is told with the nearest that it has; others are not."""
    told = misspelt(iri)
    assert (told is None) == (hint is None)
    assert hint is None or hint in str(told)


def test_names_in_queries_are_found_at_their_place(tmp_path: Path) -> None:
    """Prefixed names and full addresses count; comments, strings and variables do not."""
    path = tmp_path / "one.rq"
    path.write_text(
        "PREFIX e: <http://example.org/>\n# org:comment\nSELECT * { ?x a org:Organization ;\n"
        '  e:p "skos:no" , <http://example.org/q> }\n'
    )
    found = {iri: (place.row, place.character) for iri, place in named_in_query(path)}
    assert found == {
        "http://www.w3.org/ns/org#Organization": (3, 17),
        "http://example.org/p": (4, 3),
        "http://example.org/q": (4, 19),
    }
