"""The shipped shapes: how they are written, and that each finds what it is for and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph import artefacts
from clustergraph.shacl import Severity, shipped_shapes
from clustergraph.validation import validate
from clustergraph.vocab import PREFIXES, SHAPES

SH = PREFIXES["sh"]
FIXTURES = Path(__file__).parent / "shapes"
SEVERITIES = {severity.iri: severity for severity in Severity}


def subjects(triples: tuple[ox.Triple, ...], predicate: str, value: str) -> list[ox.NamedNode]:
    return [
        triple.subject
        for triple in triples
        if triple.predicate.value == predicate and triple.object == ox.NamedNode(value)
    ]


def objects(subject: ox.NamedNode, name: str) -> list[ox.NamedNode | ox.BlankNode | ox.Literal]:
    return [
        triple.object
        for triple in shipped_shapes()
        if triple.subject == subject and triple.predicate.value == SH + name
    ]


def shapes(kind: str) -> list[ox.NamedNode]:
    found = subjects(shipped_shapes(), PREFIXES["rdf"] + "type", SH + kind)
    return sorted(found, key=str)


def property_shapes() -> list[ox.NamedNode]:
    return shapes("PropertyShape")


def local(shape: ox.NamedNode) -> str:
    return shape.value.removeprefix(SHAPES)


def stem(path: Path) -> str:
    return path.stem


def broken(path: Path) -> str:
    """Return the shape that a ``violates-`` file says it breaks."""
    match = re.match(r"# breaks: shape:(\S+)\n", path.read_text(encoding="utf-8"))
    assert match, f"{path.name} does not say in its first line which shape it breaks"
    return match[1]


def fixtures(pattern: str) -> list[Path]:
    return sorted(FIXTURES.glob(pattern))


@pytest.mark.parametrize("path", sorted(artefacts.room("shapes").glob("*.ttl")), ids=stem)
def test_file_holds_one_node_shape_named_after_its_class(path: Path) -> None:
    """A file is about one class: one node shape, whose name begins all its property shapes."""
    triples = tuple(quad.triple for quad in ox.parse(path=path))
    # What all shapes share, and the shapes that the ontology itself is held to.
    if path.stem in {"prefixes", "meta"}:
        return
    (node,) = subjects(triples, PREFIXES["rdf"] + "type", SH + "NodeShape")
    for shape in subjects(triples, PREFIXES["rdf"] + "type", SH + "PropertyShape"):
        assert local(shape).startswith(local(node) + "-")


def test_property_shapes_are_never_blank() -> None:
    """Every property shape bears an IRI, so that a finding can be named and looked up."""
    for triple in shipped_shapes():
        if triple.predicate.value == SH + "property":
            assert isinstance(triple.object, ox.NamedNode)
        if triple.predicate.value == SH + "path":
            assert isinstance(triple.subject, ox.NamedNode)


@pytest.mark.parametrize("shape", property_shapes(), ids=local)
def test_property_shape_explains_itself(shape: ox.NamedNode) -> None:
    """It has one severity, and a name, a description and a message in English."""
    (severity,) = objects(shape, "severity")
    assert severity.value in SEVERITIES
    for name in ("name", "description", "message"):
        english = [text for text in objects(shape, name) if getattr(text, "language", "") == "en"]
        assert len(english) == 1, f"sh:{name} of {local(shape)}"
    (message,) = [text for text in objects(shape, "message") if isinstance(text, ox.Literal)]
    assert re.search(r"[:,] |\? [A-Z]", message.value), "what is wrong, then how to mend it"
    assert len(message.value) > 40


def test_every_property_shape_belongs_to_a_node_shape() -> None:
    """A property shape that no node shape refers to would never be evaluated."""
    used = {value for node in shapes("NodeShape") for value in objects(node, "property")}
    assert used == set(property_shapes())


def test_every_node_shape_has_a_target_or_a_user() -> None:
    """A shape without a target serves others, or it would never fire."""
    used = {triple.object for triple in shipped_shapes() if triple.predicate.value == SH + "node"}
    for node in shapes("NodeShape"):
        assert objects(node, "targetClass") or node in used


def test_targets_are_classes_of_the_ontology() -> None:
    """A target that the ontology does not declare would never have an instance."""
    declared = {
        quad.subject.value
        for path in artefacts.files("ontology", "*.ttl")
        for quad in ox.parse(path=path)
        if quad.predicate.value == PREFIXES["rdf"] + "type"
        and quad.object == ox.NamedNode(PREFIXES["owl"] + "Class")
    }
    for node in shapes("NodeShape"):
        for target in objects(node, "targetClass"):
            assert target.value in declared


def test_terms_are_declared_by_the_ontology() -> None:
    """Shapes, also inside their queries, use no term of the project that does not exist."""
    declared = {
        quad.subject.value
        for path in artefacts.files("ontology", "*.ttl")
        for quad in ox.parse(path=path)
    }
    namespace = PREFIXES["cg"]
    used = {
        namespace + match
        for path in artefacts.files("shapes", "*.ttl")
        for match in re.findall(r"(?<![\w/#])cg:(\w+)", path.read_text(encoding="utf-8"))
    }
    assert used - declared == set()


def test_every_property_shape_has_a_file_that_breaks_it() -> None:
    """The fixtures are complete: one conforming file per class, one violation per rule."""
    assert {broken(path) for path in FIXTURES.glob("violates-*.ttl")} == {
        local(shape) for shape in property_shapes()
    }
    classes = {local(node) for node in shapes("NodeShape") if objects(node, "targetClass")}
    conforming = {path.stem.removesuffix("-conforms") for path in FIXTURES.glob("*-conforms.ttl")}
    assert conforming == classes


@pytest.mark.parametrize("path", fixtures("*-conforms.ttl"), ids=stem)
def test_conforming_file_has_no_finding(path: Path) -> None:
    """Good data give no finding of any severity."""
    report = validate([path])
    assert report.findings == ()
    assert report.conforms()


@pytest.mark.parametrize("path", fixtures("violates-*.ttl"), ids=stem)
def test_violating_file_has_exactly_its_finding(path: Path) -> None:
    """One broken rule gives one finding: the rule's own, with its severity, in the right file."""
    name = broken(path)
    assert path.stem == f"violates-{name}"
    (finding,) = validate([path]).findings
    (severity,) = objects(ox.NamedNode(SHAPES + name), "severity")
    assert finding.shape_name == f"shape:{name}"
    assert finding.severity is SEVERITIES[severity.value]
    assert finding.file == path
    assert finding.message


@pytest.mark.full
def test_shipped_data_conform() -> None:
    """The shipped graph has no violation; its warnings are counted, not pinned."""
    report = validate()
    violations = [found for found in report.findings if found.severity is Severity.VIOLATION]
    assert violations == []
    assert report.exit_code() == 0
    assert sum(report.counts().values()) == len(report.findings)
