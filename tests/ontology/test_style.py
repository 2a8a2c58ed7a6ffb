"""The shapes of the ontology itself: each lets a good description pass and finds its own fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clustergraph import artefacts
from clustergraph.questions import catalogue
from clustergraph.validation import validate

META = artefacts.room("shapes") / "meta.ttl"
GOOD = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vann: <http://purl.org/vocab/vann/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://w3id.org/clustergraph/ontology/core> a owl:Ontology ;
  dcterms:title "Core"@en ;
  dcterms:description "The core."@en ;
  dcterms:creator "project" ;
  dcterms:license <https://creativecommons.org/licenses/by/4.0/> ;
  owl:versionInfo "1.2.3" ;
  owl:versionIRI <https://w3id.org/clustergraph/ontology/core/1.2.3> ;
  dcterms:hasPart <https://w3id.org/clustergraph/ontology/none> ;
  dcterms:bibliographicCitation "Cite me" ;
  dcterms:created "2020-01-01"^^xsd:date ;
  dcterms:modified "2020-01-02"^^xsd:date ;
  dcterms:publisher "project" ;
  dcterms:provenance "Made."@en ;
  vann:preferredNamespacePrefix "cg" .
cg:Guild a owl:Class ;
  rdfs:label "guild"@en ;
  rdfs:label "cech"@cs ;
  skos:definition "A body of craftsmen, one to a town."@en ;
  skos:definition "Spolek řemeslníků."@cs ;
  rdfs:isDefinedBy <https://w3id.org/clustergraph/ontology/core> .
"""
FAULTS = {
    "Term": ("cg:Guild a", "<http://example.org/Guild> a"),
    "Term-labelInEnglish": ('  rdfs:label "guild"@en ;\n', ""),
    "Term-labelInCzech": ('"cech"@cs', '"cech"@cs , "gilda"@cs'),
    "Term-definitionInEnglish": ('town."@en', 'town."'),
    "Term-definitionInCzech": ('  skos:definition "Spolek řemeslníků."@cs ;\n', ""),
    "Term-definitionIsSentence": ("craftsmen, one", "craftsmen. One"),
    "Term-labelIsTidy": ('"guild"@en', '"guild "@en'),
    "Term-home": ("ontology/core> .", "ontology/core> , rdfs:label ."),
    "Module-title": ('"Core"@en', '"Core"'),
    "Module-description": ('  dcterms:description "The core."@en ;\n', ""),
    "Module-creator": ('  dcterms:creator "project" ;\n', ""),
    "Module-license": ("<https://creativecommons.org/licenses/by/4.0/>", '"free"'),
    "Module-version": ('"1.2.3"', '"1.2"'),
    "Module-versionIri": ("core/1.2.3>", "core/latest>"),
    "Whole-citation": ('  dcterms:bibliographicCitation "Cite me" ;\n', ""),
    "Whole-created": ('"2020-01-01"^^xsd:date', '"2020"^^xsd:gYear'),
    "Whole-modified": ('  dcterms:modified "2020-01-02"^^xsd:date ;\n', ""),
    "Whole-publisher": ('  dcterms:publisher "project" ;\n', ""),
    "Whole-provenance": ('  dcterms:provenance "Made."@en ;\n', ""),
    "Whole-prefix": ('"cg" .', '"cg" , "cl" .'),
}  # fmt: skip


def found(path: Path, text: str) -> set[str]:
    path.write_text(text, encoding="utf-8")
    report = validate([path], shapes=META)
    assert all(finding.line for finding in report.findings)
    return {finding.shape_name.removeprefix("shape:") for finding in report.findings}


def test_good_description_passes(tmp_path: Path) -> None:
    """A complete header and a complete term break no shape."""
    assert found(tmp_path / "good.ttl", GOOD) == set()


@pytest.mark.parametrize("shape", FAULTS)
def test_shape_finds_its_fault(tmp_path: Path, shape: str) -> None:
    """One thing taken away or spoilt breaks exactly the shape that is for it."""
    good, bad = FAULTS[shape]
    assert good in GOOD
    assert found(tmp_path / "bad.ttl", GOOD.replace(good, bad, 1)) == {shape}


def test_every_shape_has_its_fault() -> None:
    """No shape of the ontology is without a test."""
    named = set(re.findall(r"^shape:(\S+) a sh:PropertyShape", META.read_text("utf-8"), re.M))
    assert named | {"Term"} == set(FAULTS)


def test_manual_names_every_check() -> None:
    """docs/ontology.md names each check of the ontology, and none that does not exist."""
    page = (Path(__file__).parents[2] / "docs" / "ontology.md").read_text(encoding="utf-8")
    checks = {asked.name for asked in catalogue.questions().values() if "ontology" in asked.tags}
    assert len(checks) >= 35
    assert {name for name in checks if f"`{name}`" not in page} == set()
    numbers = set(re.findall(r"\bP\d\d\b", page))
    assert numbers == {f"P{number:02}" for number in range(1, 42)}
