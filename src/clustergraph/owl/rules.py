"""The rules that an ontology makes: read from the statements of a graph, not written down here.

Two forms are enough for all of them. A path rule draws one statement from a row of statements that
hang together, each read forwards or backwards::

    x hasMember y      because  y memberOf x                      (inverse: one step, backwards)
    x inRegion z       because  x inRegion y,  y broader z        (property chain: two steps)

A type rule gives a thing a class because it has another class, or because a property is used of
it (`rdfs:domain`) or leads to it (`rdfs:range`).

A domain or range makes a rule only where that is safe: where neither the class nor any class above
it is declared to exclude another. Otherwise a wrong reference would quietly make a thing a member
of a class that it is known not to belong to; such a class has to be stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard, cast

import pyoxigraph as ox

from clustergraph.vocab import INFERRED, PREFIXES

Node: TypeAlias = ox.NamedNode | ox.BlankNode
Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_RDF, _RDFS, _OWL = (PREFIXES[name] for name in ("rdf", "rdfs", "owl"))


TYPE: Final = ox.NamedNode(_RDF + "type")
_INFERRED: Final = ox.NamedNode(INFERRED)
_FIRST, _REST, _NIL = (ox.NamedNode(_RDF + name) for name in ("first", "rest", "nil"))
_SUBCLASS, _DOMAIN, _RANGE = (
    ox.NamedNode(_RDFS + name) for name in ("subClassOf", "domain", "range")
)
_SUBPROPERTY: Final = ox.NamedNode(_RDFS + "subPropertyOf")
_SAME_CLASS, _SAME_PROPERTY = (
    ox.NamedNode(_OWL + name) for name in ("equivalentClass", "equivalentProperty")
)
_INVERSE, _CHAIN = (ox.NamedNode(_OWL + name) for name in ("inverseOf", "propertyChainAxiom"))
_SYMMETRIC, _TRANSITIVE = (
    ox.NamedNode(_OWL + name) for name in ("SymmetricProperty", "TransitiveProperty")
)
_EXCLUDES, _COMPLEMENT = (ox.NamedNode(_OWL + name) for name in ("disjointWith", "complementOf"))
_ALL_EXCLUDE, _MEMBERS, _PARTS = (
    ox.NamedNode(_OWL + name) for name in ("AllDisjointClasses", "members", "disjointUnionOf")
)
_SCHEMA: Final = frozenset(
    {_SUBCLASS, _DOMAIN, _RANGE, _SUBPROPERTY, _SAME_CLASS, _SAME_PROPERTY, _INVERSE, _CHAIN}
) | {_EXCLUDES, _COMPLEMENT, _MEMBERS, _PARTS}
_KINDS: Final = frozenset({_SYMMETRIC, _TRANSITIVE, _ALL_EXCLUDE})
# Everything belongs to these, or everything that is told of: to say so of each would be noise.
_TRIVIAL: Final = frozenset(
    {
        ox.NamedNode(_OWL + "Thing"),
        ox.NamedNode(_RDFS + "Resource"),
        ox.NamedNode(PREFIXES["prov"] + "Entity"),
    }
)
_DATA: Final = (PREFIXES["xsd"], _RDFS + "Literal", _RDF + "langString")


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a row.

    Attributes:
        predicate: its property.
        inverse: whether it is read from its object to its subject.
    """

    predicate: ox.NamedNode
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class PathRule:
    """From a row of statements follows one from its beginning to its end.

    Attributes:
        head: the property of what follows.
        body: the row.
        axiom: the statement of the ontology that says so.
    """

    head: ox.NamedNode
    body: tuple[Step, ...]
    axiom: ox.Triple


@dataclass(frozen=True, slots=True)
class TypeRule:
    """From a class, or the use of a property, follows a class.

    Attributes:
        head: the class that follows.
        source: the class that the thing has, or the step that leads away from it.
        axiom: the statement of the ontology that says so.
    """

    head: ox.NamedNode
    source: ox.NamedNode | Step
    axiom: ox.Triple


class Rules:
    """All rules of an ontology, and where to look for those that a statement may set off.

    Attributes:
        paths: the path rules.
        types: the type rules.
        lists: the nodes of lists that the rules were read from.
        by_step: property → path rules in whose row it stands, and at which place.
        by_use: property → type rules that its use sets off.
        by_class: class → type rules that it sets off.
        to_property: property → path rules whose conclusion has it.
        to_class: class → type rules whose conclusion it is.
    """

    def __init__(
        self,
        paths: Iterable[PathRule] = (),
        types: Iterable[TypeRule] = (),
        lists: Iterable[Term] = (),
    ) -> None:
        self.paths = tuple(paths)
        self.types = tuple(types)
        self.lists = frozenset(lists)
        self.by_step: dict[ox.NamedNode, list[tuple[PathRule, int]]] = {}
        self.by_use: dict[ox.NamedNode, list[TypeRule]] = {}
        self.by_class: dict[ox.NamedNode, list[TypeRule]] = {}
        self.to_property: dict[ox.NamedNode, list[PathRule]] = {}
        self.to_class: dict[ox.NamedNode, list[TypeRule]] = {}
        for path in self.paths:
            self.to_property.setdefault(path.head, []).append(path)
            for place, step in enumerate(path.body):
                self.by_step.setdefault(step.predicate, []).append((path, place))
        for rule in self.types:
            self.to_class.setdefault(rule.head, []).append(rule)
            if isinstance(rule.source, Step):
                self.by_use.setdefault(rule.source.predicate, []).append(rule)
            else:
                self.by_class.setdefault(rule.source, []).append(rule)

    def __bool__(self) -> bool:
        return bool(self.paths or self.types)

    def concern(self, predicate: ox.NamedNode, value: object) -> bool:
        """Say whether a statement may set off a rule or follow from one.

        Args:
            predicate: its property.
            value: its object.
        """
        return (
            predicate in self.by_step
            or predicate in self.by_use
            or predicate in self.to_property
            or (predicate == TYPE and (value in self.by_class or value in self.to_class))
        )


def stated(
    store: ox.Store,
    subject: Node | None,
    predicate: ox.NamedNode | None,
    value: Term | None,
) -> Iterator[ox.Triple]:
    """Yield the triples of a pattern that some graph other than the inferred one states."""
    for quad in store.quads_for_pattern(subject, predicate, value, None):
        if quad.graph_name != _INFERRED:
            yield quad.triple


def is_schema(triple: ox.Triple, rules: Rules) -> bool:
    """Say whether adding or removing a triple may change the rules."""
    if triple.predicate in _SCHEMA:
        return True
    if triple.predicate in (_FIRST, _REST):
        return triple.subject in rules.lists
    return triple.predicate == TYPE and triple.object in _KINDS


def compile_rules(store: ox.Store) -> Rules:
    """Return the rules that the statements of a store make, whichever graph they stand in.

    Read are `rdfs:subClassOf`, `rdfs:subPropertyOf`, `rdfs:domain`, `rdfs:range`,
    `owl:equivalentClass`, `owl:equivalentProperty`, `owl:inverseOf` (also of a property without a
    name, as part of a chain), `owl:SymmetricProperty`, `owl:TransitiveProperty` and
    `owl:propertyChainAxiom`: the rules of OWL 2 RL (section 4.3) for these, between terms that
    bear names. What is inferred itself makes no rules.
    """
    return _Compiler(store).rules()


def chain_of(store: ox.Store, members: Term) -> tuple[Step, ...]:
    """Return the steps that the list of a property chain names."""
    compiler = _Compiler(store)
    found = (compiler.step(term) for term in compiler.members(members) or ())
    return tuple(step for step in found if step is not None)


class _Compiler:
    """Reads the axioms of one store."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self._lists: set[Term] = set()

    def rules(self) -> Rules:
        types = list(self._classes())
        guarded = self._guarded(types)
        for predicate in (_DOMAIN, _RANGE):
            for axiom in self._all(predicate):
                step, head = self.step(axiom.subject), axiom.object
                if step is not None and _is_class(head) and head not in guarded:
                    types.append(TypeRule(head, _turned(step, predicate == _RANGE), axiom))
        return Rules(dict.fromkeys(self._paths()), dict.fromkeys(types), self._lists)

    def _all(self, predicate: ox.NamedNode) -> Iterator[ox.Triple]:
        yield from dict.fromkeys(stated(self._store, None, predicate, None))

    def _kind(self, kind: ox.NamedNode) -> Iterator[ox.Triple]:
        yield from dict.fromkeys(stated(self._store, None, TYPE, kind))

    def _classes(self) -> Iterator[TypeRule]:
        for predicate in (_SUBCLASS, _SAME_CLASS):
            for axiom in self._all(predicate):
                pairs: list[tuple[Term, Term]] = [(axiom.subject, axiom.object)]
                if predicate == _SAME_CLASS:
                    pairs.append((axiom.object, axiom.subject))
                for below, above in pairs:
                    if _is_class(below) and _is_class(above) and below != above:
                        yield TypeRule(above, below, axiom)

    def _paths(self) -> Iterator[PathRule]:
        for axiom in self._all(_SUBPROPERTY):
            yield from self._implied(axiom.object, (axiom.subject,), axiom)
        for axiom in self._all(_SAME_PROPERTY):
            yield from self._implied(axiom.object, (axiom.subject,), axiom)
            yield from self._implied(axiom.subject, (axiom.object,), axiom)
        for axiom in self._all(_INVERSE):
            if isinstance(axiom.subject, ox.NamedNode):
                yield from self._implied(axiom.object, (axiom.subject,), axiom, turned=True)
                yield from self._implied(axiom.subject, (axiom.object,), axiom, turned=True)
        for axiom in self._kind(_SYMMETRIC):
            yield from self._implied(axiom.subject, (axiom.subject,), axiom, turned=True)
        for axiom in self._kind(_TRANSITIVE):
            yield from self._implied(axiom.subject, (axiom.subject,) * 2, axiom)
        for axiom in self._all(_CHAIN):
            if (members := self.members(axiom.object)) is not None:
                yield from self._implied(axiom.subject, tuple(members), axiom)

    def _implied(
        self, head: Term, body: tuple[Term, ...], axiom: ox.Triple, turned: bool = False
    ) -> Iterator[PathRule]:
        """Yield the rule from a row of property expressions to one; none where one is unknown."""
        to, steps = self.step(head), [self.step(term) for term in body]
        known = [_turned(step, turned) for step in steps if step is not None]
        if to is None or not known or len(known) < len(steps):
            return
        if to.inverse:
            known = [_turned(step, True) for step in reversed(known)]
        if known != [Step(to.predicate)]:
            yield PathRule(to.predicate, tuple(known), axiom)

    def step(self, term: Term) -> Step | None:
        """Return what a property, or the inverse of one, stands for."""
        if isinstance(term, ox.NamedNode):
            return Step(term)
        if isinstance(term, ox.BlankNode):
            for axiom in stated(self._store, term, _INVERSE, None):
                if isinstance(axiom.object, ox.NamedNode):
                    return Step(axiom.object, inverse=True)
        return None

    def members(self, node: Term) -> list[Term] | None:
        """Return the members of a list; None if it is malformed, so that no rule is made of it.

        A list has exactly one rdf:first and rdf:rest at each node, and ends with rdf:nil.
        """
        members: list[Term] = []
        seen: set[Term] = set()
        while node != _NIL:
            if not isinstance(node, ox.NamedNode | ox.BlankNode) or node in seen:
                return None
            seen.add(node)
            self._lists.add(node)
            firsts = {found.object for found in stated(self._store, node, _FIRST, None)}
            rests = {found.object for found in stated(self._store, node, _REST, None)}
            if len(firsts) != 1 or len(rests) != 1:
                return None
            members += firsts
            (node,) = rests
        return members

    def _guarded(self, types: Iterable[TypeRule]) -> set[Term]:
        """Return the classes that exclude another, or lie below one that does."""
        found: set[Term] = set()
        for predicate in (_EXCLUDES, _COMPLEMENT):
            for axiom in self._all(predicate):
                found |= {axiom.subject, axiom.object}
        for axiom in self._kind(_ALL_EXCLUDE):
            for members in stated(self._store, cast(Node, axiom.subject), _MEMBERS, None):
                found.update(self.members(members.object) or ())
        for axiom in self._all(_PARTS):
            found.update(self.members(axiom.object) or ())
        below: dict[Term, list[Term]] = {}
        for rule in types:
            below.setdefault(rule.head, []).append(rule.source)  # type: ignore[arg-type]
        queue = list(found)
        while queue:
            for term in below.get(queue.pop(), ()):
                if term not in found:
                    found.add(term)
                    queue.append(term)
        return found


def _is_class(term: Term) -> TypeGuard[ox.NamedNode]:
    """Say whether a term names a class of things that is worth telling."""
    return (
        isinstance(term, ox.NamedNode) and term not in _TRIVIAL and not term.value.startswith(_DATA)
    )


def _turned(step: Step, turn: bool) -> Step:
    return Step(step.predicate, not step.inverse) if turn else step
