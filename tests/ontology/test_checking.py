"""The check of the whole ontology: the shipped one is sound, and each seeded fault is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from clustergraph import artefacts
from clustergraph.cli import cli
from clustergraph.ontology import vocabularies
from clustergraph.ontology.checking import Outcome, check
from clustergraph.owl import documents
from clustergraph.shacl import render
from clustergraph.shacl.report import RULES

ROOM = artefacts.room("ontology")
PREFIXES = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
"""


def rules(outcome: Outcome) -> set[str]:
    return {one.shape_name.removeprefix(RULES) for one in outcome.report.findings}


def with_fault(folder: Path, text: str, module: str = "faulty.ttl") -> Path:
    """Return a copy of the shipped ontology, with one file more."""
    shutil.copytree(ROOM, folder / "ontology", ignore=shutil.ignore_patterns("codes", "*.csv"))
    path = folder / "ontology" / module
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path.parent if module == "faulty.ttl" else path.parent.parent


def test_shipped_ontology_is_sound() -> None:
    """Consistent with all its alignments, in OWL 2 DL, well named, well described."""
    outcome = check()
    assert outcome.report.findings == ()
    notes = "\n".join(outcome.notes)
    assert "OWL 2 DL yes" in notes


@pytest.mark.full
def test_shipped_data_contradict_nothing() -> None:
    """HermiT finds no contradiction in the whole graph."""
    outcome = check(whole=True, steps=["consistency"])
    assert outcome.report.findings == ()
    assert any("values of xsd:gYear" in note for note in outcome.notes)


def test_thing_in_two_disjoint_classes_is_explained(tmp_path: Path) -> None:
    """A file against the shipped table: line of the file, cell of the table, axiom between them."""
    path = tmp_path / "mine.ttl"
    path.write_text(
        PREFIXES + "<https://w3id.org/clustergraph/id/cluster-organisation/clutex> a cg:Cluster ."
    )
    outcome = check([path], steps=["consistency"])
    (finding,) = outcome.report.findings
    assert (finding.file, finding.line) == (path, 7)
    said = render(outcome.report)
    assert "these 3 statements cannot all be true" in said
    assert "nothing is two of 'cluster', 'cluster initiative' and 'cluster organisation'" in said
    assert "core.ttl:" in said
    assert "cluster_organisations.csv:" in said
    assert f"is a 'cluster'  [{path}:7:" in said


@pytest.mark.full
def test_organisation_that_is_a_region_contradicts(tmp_path: Path) -> None:
    """Kinds of things that the definitions keep far apart are declared to exclude each other."""
    path = tmp_path / "mine.ttl"
    path.write_text(PREFIXES + "<http://example.org/a> a cg:Company , cg:Region .")
    (finding,) = check([path], steps=["consistency"]).report.findings
    assert all(" [" in reason.message for reason in finding.detail)


@pytest.mark.full
def test_file_may_tell_of_terms_of_the_ontology(tmp_path: Path) -> None:
    """Chains and axioms that OWL 2 DL forbids do not stop the check; they are left out and told."""
    path = tmp_path / "mine.ttl"
    path.write_text(
        PREFIXES + "cg:inRegion owl:propertyChainAxiom ( cg:nosuch cg:inRegion ) ;\n"
        "    a owl:FunctionalProperty .\n<http://example.org/c> cg:claimProperty cg:inRegion .\n"
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> . "
        "<http://example.org/a> skos:broader <http://example.org/a> .\n"
    )
    outcome = check([path])
    told = {(one.shape_name, one.line) for one in outcome.report.findings}
    assert told == {(RULES + "term-undeclared", 7), (RULES + "concept-cyclic", 10)}
    notes = "\n".join(outcome.notes)
    assert "axioms about properties that nothing declares" in notes
    assert "cg:inRegion follows from a chain or is transitive" in notes


@pytest.mark.full
def test_class_without_members_is_explained(tmp_path: Path) -> None:
    """A class below two disjoint ones is found by HermiT and explained at its lines."""
    folder = with_fault(
        tmp_path, "cg:Odd a owl:Class ; rdfs:subClassOf cg:Cluster , cg:Eurocluster ."
    )
    (finding,) = check(ontology=folder, steps=["consistency"]).report.findings
    assert finding.shape_name == RULES + "empty-class"
    assert (finding.file, finding.line) == (folder / "faulty.ttl", 7)
    reasons = [inner.message for inner in finding.detail]
    assert len(reasons) == 6
    assert sum("faulty.ttl:7:" in reason for reason in reasons) == 2
    assert any("nothing is both 'cluster' and org:Organization  [" in one for one in reasons)


@pytest.mark.full
def test_contradiction_within_an_ontology_is_told_at_the_fact(tmp_path: Path) -> None:
    """Of statements about classes and about one thing, the place is that of the thing."""
    folder = with_fault(tmp_path, "cg:one a cg:Event .\n\ncg:one a cg:Company .")
    (finding,) = check(ontology=folder, steps=["consistency"]).report.findings
    assert (finding.file, finding.line) == (folder / "faulty.ttl", 7)
    assert len(finding.detail) == 4


def test_code_list_in_a_circle_is_found(tmp_path: Path) -> None:
    """An entry broader than itself, and a misspelt term, are told at their place in the list."""
    folder = with_fault(tmp_path, "")
    path = folder / "codes" / "size.ttl"
    path.parent.mkdir()
    path.write_text(
        "@prefix : <https://w3id.org/clustergraph/code/size/> .\n"
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        ":small skos:broader :any .\n:any skos:broader :all .\n:all skos:broader :any .\n"
    )
    found = check(ontology=folder, steps=["style"]).report.findings
    told = {(one.shape_name, one.file, one.line) for one in found}
    assert told == {(RULES + "concept-cyclic", path, line) for line in (4, 5)}
    path.write_text(path.read_text().replace(":any skos:broader", ":any skos:brodaer"))
    (finding,) = check(ontology=folder, steps=["terms"]).report.findings
    assert (finding.file, finding.line) == (path, 4)
    assert "did you mean broader" in finding.message


def test_term_that_nothing_uses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A term of the shipped ontology is used somewhere, or says what it waits for."""
    path = tmp_path / "more.ttl"
    note = "<http://www.w3.org/2004/02/skos/core#editorialNote>"
    path.write_text(
        PREFIXES + f"cg:Lonely a owl:Class .\ncg:Later a owl:Class ; {note} 'For 2027.' ."
    )
    files = documents._files
    monkeypatch.setattr(documents, "_files", lambda room, *more: iter([*files(room, *more), path]))
    (finding,) = check(steps=["terms"]).report.findings
    assert finding.shape_name == RULES + "term-unused"
    assert (finding.file, finding.line) == (path, 7)
    assert "cg:Lonely" in finding.message


SEEDED = [
    ("cg:broken a owl:ObjectProperty ; owl:propertyChainAxiom ( cg:hasMember cg:celex ) .",
     "style", "chain-broken", "cg:celex"),
    ("cg:A a owl:Class ; rdfs:subClassOf cg:B . cg:B a owl:Class ; rdfs:subClassOf cg:A .",
     "style", "hierarchy-cyclic", "pitfall P06"),
    ("cg:Company rdfs:subClassOf org:FormalOrganisation .",
     "terms", "term-misspelt", "did you mean FormalOrganization"),
    ("cg:Company rdfs:subClassOf cg:Organisation .",
     "terms", "term-undeclared", "did you mean cg:"),
    ("cg:partOf a owl:FunctionalProperty .",
     "profile", "profile-dl", "cg:partOf follows from a chain or is transitive"),
    ("cg:partOf owl:inverseOf cg:memberOf .",
     "style", "inverse-mismatched", "two inverses"),
    ("cg:Company rdfs:isDefinedBy <https://w3id.org/clustergraph/ontology/policy> .",
     "style", "shape:Term-home", "one module"),
    # What one file says of terms of another is told at that statement, not at the terms.
    ("cg:relatedTo owl:inverseOf cg:relatedTo .", "style", "inverse-of-itself", ""),
    ("cg:city owl:equivalentProperty cg:nutsLevel .",
     "style", "equal-properties-mismatched", ""),
    ("cg:cooperatesWith owl:inverseOf cg:projectPartnerWith .",
     "style", "inverse-of-symmetric", ""),
    ("cg:fundedUnder rdfs:subPropertyOf cg:fundedBy .", "style", "hierarchy-cyclic", ""),
]  # fmt: skip


def test_seeded_faults_are_found_and_located(tmp_path: Path) -> None:
    """Each fault added to the shipped ontology is found, named, explained and placed."""
    folder = with_fault(tmp_path, "")
    for number, (text, *_) in enumerate(SEEDED):
        (folder / f"faulty-{number}.ttl").write_text(PREFIXES + text, encoding="utf-8")
    findings = check(ontology=folder, steps=["style", "terms", "profile"]).report.findings
    for number, (_, _, rule, words) in enumerate(SEEDED):
        found = [one for one in findings if one.shape_name in (rule, RULES + rule)]
        assert any(words in one.message for one in found), (rule, words)
        assert all(one.line for one in found)
        if not words:
            assert (folder / f"faulty-{number}.ttl", 7) in {(one.file, one.line) for one in found}


@pytest.mark.full
def test_dead_alignment_is_found(tmp_path: Path) -> None:
    """An alignment about a term that does not exist is told with its file."""
    folder = with_fault(
        tmp_path, "cg:Gone rdfs:subClassOf org:Organization .", "alignments/faulty.ttl"
    )
    outcome = check(ontology=folder, steps=["style"])
    (finding,) = [
        one for one in outcome.report.findings if one.shape_name == RULES + "alignment-dead"
    ]
    assert finding.file == folder / "alignments" / "faulty.ttl"


def test_command_reports_and_exits(tmp_path: Path) -> None:
    """0 for a sound ontology, 1 with findings in any format, 2 for what cannot be read."""
    path = tmp_path / "mine.ttl"
    path.write_text(PREFIXES + "<http://example.org/x> org:memberr <http://example.org/y> .")
    run = CliRunner().invoke
    sound = run(cli, ["ontology", "check", "--only", "profile"])
    assert (sound.exit_code, "no findings" in sound.output) == (0, True)
    arguments = ["ontology", "check", str(path), "--only", "terms", "--format", "json"]
    report = tmp_path / "report.json"
    found = run(cli, [*arguments, "-o", str(report)])
    assert found.exit_code == 1
    assert "memberr" in json.dumps(json.loads(report.read_text(encoding="utf-8")))


def test_unreadable_ontology_exits_with_two(tmp_path: Path) -> None:
    """A file that is no Turtle is told with its line, and the exit code is 2."""
    from clustergraph import cli as commands

    path = tmp_path / "broken.ttl"
    path.write_text("@prefix cg: <https://w3id.org/clustergraph/ns#> .\ncg:A a")
    with pytest.raises(SystemExit) as end:
        commands.main(["ontology", "check", "--only", "profile", "--ontology", str(path)])
    assert end.value.code == 2
    with pytest.raises(SystemExit) as end:
        commands.main(["ontology", "check", "--ontology", str(tmp_path / "nowhere")])
    assert end.value.code == 2


OWN = """
@prefix : <http://example.org/o#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<http://example.org/o> a owl:Ontology .
:A a owl:Class . :B a owl:Class . :p a owl:ObjectProperty . :d a owl:DatatypeProperty .
"""


def own(folder: Path, text: str) -> Path:
    """Write an ontology of one's own; return its file."""
    path = folder / "own.ttl"
    path.write_text(OWN + text)
    return path


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(["consistency"], marks=pytest.mark.full),
        ["profile"],
        ["profile", "consistency"],
    ],
)
def test_malformed_axiom_is_one_finding_with_its_line(tmp_path: Path, steps: list[str]) -> None:
    """A restriction with two fillers is reported once, where it stands, in whatever step."""
    path = own(
        tmp_path,
        ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; "
        "owl:someValuesFrom :B ; owl:allValuesFrom owl:Nothing ] . :x a :A ; :p :y .",
    )
    (finding,) = check(ontology=path, steps=steps).report.findings
    assert finding.shape_name == RULES + "axiom-malformed"
    assert (finding.file, finding.line) == (path, 9)


def test_imports_that_were_not_loaded_are_warned_about(tmp_path: Path) -> None:
    """An import without a file is a warning at its line."""
    path = own(tmp_path, "<http://example.org/o> owl:imports <http://example.org/none> .")
    (finding,) = check(ontology=path, steps=["profile"]).report.findings
    assert finding.shape_name == RULES + "import-not-loaded"
    assert (finding.severity.name, finding.line) == ("WARNING", 9)


@pytest.mark.full
@pytest.mark.parametrize("text", ['"plain"', "5", '"2020-01-01T00:00:00"^^xsd:dateTime'])
def test_text_with_language_excludes_other_values(tmp_path: Path, text: str) -> None:
    """rdf:langString as a range contradicts a value without a language."""
    path = own(tmp_path, f":d rdfs:range rdf:langString . :x :d {text} .")
    (finding,) = check(ontology=path, steps=["consistency"]).report.findings
    assert finding.shape_name == RULES + "contradiction"


def test_time_that_runs_out_leaves_the_other_findings(tmp_path: Path) -> None:
    """When the reasoner has no time left, the report says so, and holds all else."""
    path = own(tmp_path, ":A rdfs:subClassOf :Undeclared .")
    outcome = check(ontology=path, steps=["consistency", "profile"], timeout_s=0.01)
    rules = {finding.shape_name.removeprefix(RULES) for finding in outcome.report.findings}
    assert rules == {"undecided", "profile-dl"}


def test_ontology_by_others_must_not_contradict_ours(tmp_path: Path) -> None:
    """A vocabulary's axioms count beside the ontology's, which is sound alone; told by labels."""
    path = own(
        tmp_path,
        ':A rdfs:label "apple"@en . :B rdfs:label "pear"@en . :x a :A , :B .\n'
        ':d rdfs:range rdf:langString . :x :d "text"@en-GB .',
    )
    other = tmp_path / "other.ttl"
    other.write_text(
        "<http://example.org/o#A> <http://www.w3.org/2002/07/owl#disjointWith> "
        "<http://example.org/o#B> ."
    )
    assert check(ontology=path, steps=["consistency"]).report.findings == ()
    (finding,) = check(ontology=path, others=[other], steps=["consistency"]).report.findings
    assert finding.shape_name == RULES + "contradiction"
    assert any("'apple'" in reason.message for reason in finding.detail)


def test_term_that_was_not_looked_up_is_information(tmp_path: Path) -> None:
    """That nobody looked up a term of a vocabulary is no violation."""
    namespace = next(one.namespace for one in vocabularies.vocabularies() if not one.whole)
    path = own(tmp_path, f":A rdfs:seeAlso <{namespace}zzzzqqqq> .")
    (finding,) = check(ontology=path, steps=["terms"]).report.findings
    assert finding.severity.name == "INFO"


@pytest.mark.parametrize(
    "term",
    [
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#_12",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies",
        "http://www.w3.org/2002/07/owl#rational",
        "http://www.w3.org/2002/07/owl#real",
        "http://www.w3.org/ns/dcat#DatasetSeries",
        "http://www.w3.org/ns/dcat#inSeries",
    ],
)
def test_terms_of_current_vocabularies_are_known(term: str) -> None:
    """RDF 1.2, the numbers of OWL 2, DCAT 3 and container membership are not misspelt."""
    assert vocabularies.misspelt(term) is None
