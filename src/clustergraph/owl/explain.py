"""Why a statement holds: from what it follows, by which axiom, down to what is stated and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.closure import materialise
from clustergraph.owl.incremental import Facts, Statement, reasons
from clustergraph.owl.rules import TYPE, Node, Rules, Term, compile_rules
from clustergraph.quadstore import Engine
from clustergraph.quadstore.memory import hold
from clustergraph.vocab import CG, INFERRED, PREFIXES, shorten

_GRAPH: Final = ox.NamedNode(INFERRED)
_DEEPEST: Final = 60
_LABEL: Final = ox.NamedNode(PREFIXES["rdfs"] + "label")
_PREFERRED: Final = ox.NamedNode(PREFIXES["skos"] + "prefLabel")
_SOURCE: Final = ox.NamedNode(PREFIXES["dcterms"] + "source")
_DERIVED: Final = ox.NamedNode(PREFIXES["prov"] + "wasDerivedFrom")
_BY, _BASIS, _EVIDENCE = (
    ox.NamedNode(CG + name) for name in ("claimProperty", "basis", "evidence")
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a computed statement was computed from.

    Attributes:
        node: the thing or observation.
        facts: what is stated of it, property and value; empty for a thing with a name.
        graphs: the graphs that state it.
        origins: what it was computed from itself.
    """

    node: Node
    facts: tuple[tuple[ox.NamedNode, Term], ...]
    graphs: tuple[str, ...]
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Why one statement holds.

    Attributes:
        statement: what holds.
        graphs: the graphs that state it; empty: it is inferred.
        sources: the pages that state it: those of the records about it (claims, memberships and
            the like), else, where no record tells a basis, those of its subject.
        bases: how the claims about it were reached: stated, estimated, derived; empty where
            there is no claim.
        evidence: pages that an estimate or derivation rests on, which need not state it.
        axiom: the statement of the ontology by which it follows; None: it is stated.
        because: what it follows from.
        origins: what a statement of computed data was computed from (prov:wasDerivedFrom).
    """

    statement: Statement
    graphs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    axiom: ox.Triple | None = None
    because: tuple[Proof, ...] = ()
    origins: tuple[Origin, ...] = ()

    def stated(self) -> Iterator[Statement]:
        """Yield what the proof rests on: the statements that it ends with."""
        if self.axiom is None:
            yield self.statement
        for proof in self.because:
            yield from proof.stated()

    def axioms(self) -> Iterator[ox.Triple]:
        """Yield the axioms that the proof uses."""
        if self.axiom is not None:
            yield self.axiom
        for proof in self.because:
            yield from proof.axioms()


def explain(store: ox.Store, statement: Statement) -> Proof | None:
    """Return a shortest proof of a statement; None: it neither is stated nor follows.

    Args:
        store: where it should hold. Where nothing is inferred in it, this is done on a copy first.
        statement: subject, property, object.
    """
    rules = compile_rules(store)
    if rules and not store.contains_named_graph(_GRAPH):
        store = hold(store)
        materialise(store, rules)
    facts = Facts(store)
    if not facts.holds(statement):
        return None
    search = _Search(store, facts, rules)
    for depth in range(_DEEPEST):
        if (proof := search.prove(statement, depth)) is not None:
            return proof
    return None


class _Search:
    """Looks for proofs of limited depth; what has failed once is not tried again."""

    def __init__(self, store: ox.Store, facts: Facts, rules: Rules) -> None:
        self._store = store
        self._facts = facts
        self._rules = rules
        self._failed: set[tuple[Statement, int]] = set()

    def prove(self, statement: Statement, depth: int) -> Proof | None:
        found = (quad.graph_name for quad in self._store.quads_for_pattern(*statement, None))
        graphs = sorted(_name(graph) for graph in found if graph != _GRAPH)
        if graphs:
            return self._told(statement, tuple(graphs))
        if depth == 0 or (statement, depth) in self._failed:
            return None
        for rule, body in reasons(statement, self._facts, self._rules):
            because = []
            for part in body:
                if (proof := self.prove(part, depth - 1)) is None:
                    break
                because.append(proof)
            else:
                return Proof(statement, axiom=rule.axiom, because=tuple(because))
        self._failed.add((statement, depth))
        return None

    def _told(self, statement: Statement, graphs: tuple[str, ...]) -> Proof:
        """Return the proof of a stated statement, with what the records about it tell."""
        subject = statement[0]
        records = set(self._records(statement))
        bases = self._texts(records, _BASIS)
        sources = self._texts(records, _SOURCE)
        if not sources and not bases:
            sources = self._texts({subject}, _SOURCE)
        short = tuple(basis.rpartition("/")[2] for basis in bases)
        evidence = self._texts(records, _EVIDENCE)
        origins = self._origins(subject, records)
        return Proof(statement, graphs, tuple(sources), short, tuple(evidence), origins=origins)

    def _records(self, statement: Statement) -> Iterator[Node]:
        """Yield the nodes that relate the subject to the value: claims, memberships and the like.

        A claim relates them by the property that it names; any other node must stand in a graph
        that makes the statement.
        """
        subject, predicate, value = statement
        own = {quad.graph_name for quad in self._store.quads_for_pattern(*statement, None)}
        for quad in self._store.quads_for_pattern(None, None, subject, None):
            node = quad.subject
            if not isinstance(node, ox.NamedNode | ox.BlankNode) or node == subject:
                continue
            related = self._store.quads_for_pattern(node, None, value, quad.graph_name)
            if next(iter(related), None) is None:
                continue
            named = {one.object for one in self._store.quads_for_pattern(node, _BY, None, None)}
            if predicate in named or (not named and quad.graph_name in own):
                yield node

    def _texts(self, nodes: Iterable[Node], name: ox.NamedNode) -> list[str]:
        """Return the values of a property of some nodes, sorted."""
        return sorted(
            {
                _text(quad.object)
                for node in nodes
                for quad in self._store.quads_for_pattern(node, name, None, None)
            }
        )

    def _origins(
        self, subject: Node, records: Iterable[Term], depth: int = 3
    ) -> tuple[Origin, ...]:
        """Return what the records about a statement, else its subject, were computed from."""
        found = {node for record in records for node in self._objects(record, _DERIVED)}
        origins = []
        for node in sorted(found or self._objects(subject, _DERIVED), key=str):
            if not isinstance(node, ox.NamedNode) or not depth:
                continue
            quads = list(self._store.quads_for_pattern(node, None, None, None))
            named = any(quad.predicate == _LABEL for quad in quads)
            facts = dict.fromkeys(
                (quad.predicate, quad.object)
                for quad in quads
                if not named and quad.predicate not in (TYPE, _DERIVED)
            )
            graphs = sorted({_name(quad.graph_name) for quad in quads} - {INFERRED})
            further = () if named else self._origins(node, (), depth - 1)
            origins.append(Origin(node, tuple(facts), tuple(graphs), further))
        return tuple(origins)

    def _objects(self, node: Term, name: ox.NamedNode) -> set[Term]:
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            return set()
        return {quad.object for quad in self._store.quads_for_pattern(node, name, None, None)}


def words_of(term: Term, engine: Engine) -> str:
    """Return the English name of a term, else its shortest notation."""
    if isinstance(term, ox.Literal):
        return term.value
    if term == TYPE:
        return "is a"
    if isinstance(term, ox.NamedNode):
        found = []
        for name in (_LABEL, _PREFERRED):
            for quad in engine.store.quads_for_pattern(term, name, None, None):
                if isinstance(quad.object, ox.Literal):
                    found.append((quad.object.language != "en", quad.object.value))
        return min(found)[1] if found else shorten(term.value)
    return str(term)


def _name(graph: object) -> str:
    return graph.value if isinstance(graph, ox.NamedNode | ox.BlankNode) else ""


def _text(term: Term) -> str:
    return str(term) if isinstance(term, ox.Triple) else term.value
