"""After a change, looking again at what it touches tells what looking at everything tells."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph import validation
from clustergraph.errors import InvalidChangeError
from clustergraph.quadstore.delta import Delta
from clustergraph.quadstore.memory import hold
from clustergraph.shacl import shipped_shapes
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.compile.footprint import footprint
from clustergraph.shacl.compile.validator import NodeValidator
from clustergraph.shacl.guard import Guard
from clustergraph.shacl.reading import read
from clustergraph.vocab import PREFIXES

FIXTURES = sorted((Path(__file__).parents[2] / "shapes").glob("*.ttl"))
SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
COMPILED = Compiled(shipped_shapes())
PROLOGUE = "@prefix : <http://example.org/> .\n" + "".join(
    f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("rdf", "rdfs", "sh", "xsd")
)
# Constructs that the shipped shapes have no use for.
STRANGE = (
    PROLOGUE
    + """
:A a sh:NodeShape ; sh:targetClass :T ; sh:property :A1 , :A2 , :A3 ; sh:closed true ;
  sh:ignoredProperties ( rdf:type :p :q :r ) .
:A1 sh:path ( :p [ sh:zeroOrMorePath :q ] ) ; sh:class :U ; sh:maxCount 3 .
:A2 sh:path [ sh:inversePath ( :p :r ) ] ; sh:node [ sh:property [ sh:path :q ; sh:minCount 1 ] ] .
:A3 sh:path [ sh:oneOrMorePath [ sh:inversePath :q ] ] ; sh:disjoint :r ; sh:not [ sh:class :T ] .
:B a sh:NodeShape ; sh:targetSubjectsOf :q ; sh:property :B1 , :B2 .
:B1 sh:path [ sh:alternativePath ( :p [ sh:zeroOrOnePath :r ] ) ] ; sh:equals :q ;
  sh:qualifiedValueShape [ sh:property [ sh:path :r ; sh:minCount 1 ] ] ; sh:qualifiedMinCount 2 .
:B2 sh:path :r ; sh:lessThan :p ; sh:xone ( [ sh:class :T ] [ sh:property [ sh:path :p ;
  sh:hasValue :b ] ] ) .
:C a sh:NodeShape ; sh:targetObjectsOf :r ; sh:sparql [ sh:select \"\"\"
  SELECT $this ?value { ?value <http://example.org/p>/<http://example.org/q> $this .
    FILTER NOT EXISTS { $this <http://example.org/r>+ ?far . ?far a ?kind } } \"\"\" ] ;
  sh:sparql [ sh:select \"\"\"
  SELECT $this ?value { { $this <http://example.org/q> ?value } UNION
    { ?value <http://example.org/q> <http://example.org/a> } } \"\"\" ] ;
  sh:sparql [ sh:select \"\"\"
  SELECT $this { $this ?any <http://example.org/c> FILTER EXISTS { ?x <http://example.org/q> ?y } }
  \"\"\" ] .
"""
)


def parse(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]


Key = tuple[object, ...]


def keys(results: object) -> Counter[Key]:
    return Counter(
        (str(r.focus), str(r.path), str(r.value), str(r.shape), r.component)
        for r in results  # type: ignore[attr-defined]
    )


def by_focus(compiled: Compiled, graph: Graph) -> dict[tuple[str, str], Counter[Key]]:
    """Return all results by the shape with the target and the focus node that it looked at."""
    found = {}
    for shape in compiled.shapes.targeted:
        judge = NodeValidator(graph)
        for focus in graph.targets(shape):
            results = keys(judge.results(shape, focus))
            if results:
                found[str(shape.node), str(focus)] = results
    return found


def total(parts: dict[tuple[str, str], Counter[Key]]) -> Counter[Key]:
    return sum(parts.values(), Counter())


def changes_agree(compiled: Compiled, triples: list[ox.Triple], rounds: int, seed: int) -> None:
    """Apply random changes; what changed must be found by looking at what they touch alone."""
    dice = random.Random(seed)  # noqa: S311 - nothing is secret
    default = ox.DefaultGraph()
    store = hold(ox.Quad(t.subject, t.predicate, t.object, default) for t in triples)
    graph = Graph(store)
    current = by_focus(compiled, graph)
    for _ in range(rounds):
        known = sorted((quad.triple for quad in store), key=str)
        removed = [
            t for t in dice.sample(known, dice.randint(0, 3)) if t.predicate.value != SUBCLASS
        ]
        added = []
        for one in dice.sample(known, dice.randint(0, 3)):
            other = dice.choice(known)
            parts = dice.choice(
                [
                    (one.subject, one.predicate, other.object),
                    (other.subject, one.predicate, one.object),
                    (one.subject, other.predicate, one.object),
                ]
            )
            triple = ox.Triple(*parts)
            if triple not in known and triple not in added and parts[1].value != SUBCLASS:
                added.append(triple)
        for t in removed:
            store.remove(ox.Quad(t.subject, t.predicate, t.object, default))
        for t in added:
            store.add(ox.Quad(t.subject, t.predicate, t.object, default))
        graph = Graph(store)
        nodes = compiled.footprints.affected(graph, added, removed)
        names = {str(shape.node): found for shape, found in nodes.items()}
        untouched = {
            key: results
            for key, results in current.items()
            if key[0] not in names
            or ((found := names[key[0]]) is not None and key[1] not in map(str, found))
        }
        again = keys(compiled.results(graph, nodes))
        current = by_focus(compiled, graph)
        assert total(untouched) + again == total(current), (added, removed)


def some_data(every: int) -> list[ox.Triple]:
    triples = [triple for path in FIXTURES[::every] for triple in read([path])]
    return list(dict.fromkeys([*triples, *validation.around(triples)]))


@pytest.mark.parametrize("seed", range(3))
def test_incremental_is_full_for_the_shipped_shapes(seed: int) -> None:
    """Random changes to data of the shipped shapes."""
    changes_agree(COMPILED, some_data(25), rounds=10, seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_incremental_is_full_for_strange_shapes(seed: int) -> None:
    """Random changes under shapes with every kind of path and constraint."""
    dice = random.Random(100 + seed)  # noqa: S311 - nothing is secret
    nodes, names = "abcde", "pqr"
    lines = [
        f":{dice.choice(nodes)} :{dice.choice(names)} :{dice.choice(nodes)} ." for _ in "1" * 9
    ]
    lines += [f":{node} a :{dice.choice('TU')} ." for node in nodes]
    changes_agree(Compiled(parse(STRANGE)), parse(PROLOGUE + "\n".join(lines)), 10, seed)


@pytest.mark.full
def test_five_hundred_changes() -> None:
    """Many random changes to more data, and under strange shapes."""
    changes_agree(COMPILED, some_data(6), rounds=250, seed=1)
    dice = random.Random(5)  # noqa: S311 - nothing is secret
    for seed in range(25):
        rows = [
            f":{dice.choice('abcdefg')} :{dice.choice('pqr')} :{dice.choice('abcdefg')} ."
            for _ in range(14)
        ] + [f":{node} a :{dice.choice('TU')} ." for node in "abcd"]
        changes_agree(Compiled(parse(STRANGE)), parse(PROLOGUE + "\n".join(rows)), 10, seed)


def test_what_was_wrong_before_does_not_count(tmp_path: Path) -> None:
    """A change answers for what it breaks, not for what it finds broken."""
    path = tmp_path / "shapes.ttl"
    path.write_text(STRANGE.partition(":C ")[0], encoding="utf-8")
    bad = parse(PROLOGUE + ":a a :T ; :x 1 . :b a :T .")
    more = parse(PROLOGUE + ":b :y 2 . :a :p :b .")
    before, after = (
        hold(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
        for triples in (bad, bad + more)
    )
    delta = Delta(frozenset(ox.Quad(t.subject, t.predicate, t.object) for t in more))
    with pytest.raises(InvalidChangeError) as caught:
        Guard(path).validate(after, delta, lambda: before)
    (finding,) = [
        one
        for one in caught.value.report.findings
        if one.component.endswith("ClosedConstraintComponent")
    ]
    assert finding.focus == ox.NamedNode("http://example.org/b")


def test_hierarchy_concerns_everything() -> None:
    """A change of the class hierarchy has every shape look at all its targets."""
    change = parse(PROLOGUE + ":U rdfs:subClassOf :T .")
    nodes = COMPILED.footprints.affected(Graph.of(change), change, [])
    assert set(nodes) == set(COMPILED.shapes.targeted)
    assert set(nodes.values()) == {None}


def test_shipped_shapes_have_narrow_footprints() -> None:
    """No triple makes a shipped shape look at all its targets again."""
    for shape in COMPILED.shapes.targeted:
        assert not [entry for entry in footprint(shape) if entry.everywhere], shape.node
