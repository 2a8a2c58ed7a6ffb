"""Which focus nodes a change can affect.

The footprint of a shape is the set of triples that its verdict on a focus node can depend on, each
as a path from the focus node and a predicate. Followed backwards from the triples of a change, the
paths lead to exactly the focus nodes to look at again. They are followed in the graph after the
change together with what was removed: any chain of triples that mattered before or matters now is
in there, so that no node is missed. A construct without a footprint has all targets of its shape
looked at again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import pyoxigraph as ox

from clustergraph.shacl.compile.graph import Graph, Links
from clustergraph.shacl.compile.model import Constraint, Node, Shape
from clustergraph.shacl.compile.text import Group, NotUnderstoodError
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.vocab import PREFIXES

_TYPE: Final = PREFIXES["rdf"] + "type"
_HIERARCHY: Final = PREFIXES["rdfs"] + "subClassOf"
_PAIRS: Final = frozenset({"equals", "disjoint", "lessThan", "lessThanOrEquals"})

NodesByShape: TypeAlias = Mapping[Shape, Set[Term] | None]
"""Shape → nodes to validate; None: all of its targets."""

ANY: Final = ""
"""Stands for every predicate."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Triples that a shape's verdict depends on.

    Attributes:
        path: leads from the focus node to an end of the triple; None where that end is the focus
            node itself.
        predicate: the triple's predicate, or ANY.
        inverse: whether that end is the triple's object.
        everywhere: whether such a triple may affect any focus node at all.
    """

    path: PropertyPath | None
    predicate: str
    inverse: bool = False
    everywhere: bool = False


def footprint(shape: Shape) -> frozenset[Entry]:
    """Return the footprint of a shape with targets."""
    found: set[Entry] = set()
    if shape.target_classes:
        found.add(Entry(None, _TYPE))
    found |= {Entry(None, predicate.value) for predicate in shape.target_subjects_of}
    found |= {Entry(None, predicate.value, True) for predicate in shape.target_objects_of}
    if any(part.recursive for part in shape.reach()):
        found.add(Entry(None, ANY, everywhere=True))
    else:
        _shape(shape, None, found)
    return frozenset(found)


def _shape(shape: Shape, start: PropertyPath | None, found: set[Entry]) -> None:
    end = start if shape.path is None else _along(shape.path, start, found)
    for constraint in shape.constraints:
        name = constraint.name
        if name == "class":
            found.add(Entry(end, _TYPE))
        elif name == "closed":
            found.add(Entry(end, ANY))
        elif name in _PAIRS:
            found.add(Entry(start, constraint.terms[0].value))
        elif constraint.query is not None:
            _query(constraint, start, found)
        for other in (*constraint.shapes, *constraint.siblings):
            _shape(other, end, found)
    for part in shape.properties:
        _shape(part, end, found)


def _along(
    path: PropertyPath, start: PropertyPath | None, found: set[Entry], back: bool = False
) -> PropertyPath | None:
    """Add the triples of a path from ``start``; return the path to its values."""
    match path.operator:
        case "predicate":
            found.add(Entry(start, path.predicate, back))
        case "sequence":
            for part in reversed(path.parts) if back else path.parts:
                start = _along(part, start, found, back)
            return start
        case "alternativePath":
            for part in path.parts:
                _along(part, start, found, back)
        case "inversePath":
            return _along(path.parts[0], start, found, not back)
        case "zeroOrOnePath":
            _along(path.parts[0], start, found, back)
        case _:
            inner = PropertyPath("zeroOrMorePath", parts=path.parts)
            _along(path.parts[0], _join(start, _turned(inner, back)), found, back)
    return _join(start, _turned(path, back))


def _turned(path: PropertyPath, back: bool) -> PropertyPath:
    return PropertyPath("inversePath", parts=(path,)) if back else path


def _join(first: PropertyPath | None, second: PropertyPath) -> PropertyPath:
    return second if first is None else PropertyPath("sequence", parts=(first, second))


def _query(constraint: Constraint, start: PropertyPath | None, found: set[Entry]) -> None:
    """Add what a SPARQL constraint looks at: patterns that hang together with ``$this``."""
    query = constraint.query
    if query is None:
        return
    try:
        if query.patterns is None:
            raise NotUnderstoodError
        _patterns(query.patterns, {"?this": start}, found)
    except NotUnderstoodError:
        if query.predicates is None:
            found.add(Entry(None, ANY, everywhere=True))
        else:
            found |= {Entry(None, name, everywhere=True) for name in query.predicates}


def _patterns(group: Group, known: dict[str, PropertyPath | None], found: set[Entry]) -> None:
    known = dict(known)
    left = list(group.patterns)
    while left:
        ready = next((p for p in left if p.subject in known or p.object in known), None)
        if ready is None:
            raise NotUnderstoodError
        left.remove(ready)
        if ready.any_predicate:
            if ready.subject in known:
                found.add(Entry(known[ready.subject], ANY))
            else:
                found.add(Entry(known[ready.object], ANY, True))
            continue
        if ready.subject in known:
            end, other = _along(ready.path, known[ready.subject], found), ready.object
        else:
            end, other = _along(ready.path, known[ready.object], found, True), ready.subject
        if other.startswith("?"):
            known.setdefault(other, end)
    for inner in group.inner:
        _patterns(inner, known, found)


class _Before(Links):
    """A graph together with what a change removed from it."""

    def __init__(self, graph: Graph, removed: Collection[ox.Triple]) -> None:
        self._after = graph
        self._gone_objects: dict[tuple[object, str], list[Term]] = {}
        self._gone_subjects: dict[tuple[object, str], list[Node]] = {}
        for triple in removed:
            subject, predicate = cast(Node, triple.subject), triple.predicate.value
            value = cast(Term, triple.object)
            self._gone_objects.setdefault((subject, predicate), []).append(value)
            self._gone_subjects.setdefault((value, predicate), []).append(subject)

    def objects(self, subject: Term, predicate: ox.NamedNode) -> list[Term]:
        after = self._after.objects(subject, predicate)
        gone = self._gone_objects.get((subject, predicate.value))
        return after + gone if gone else after

    def subjects(self, predicate: ox.NamedNode, value: Term) -> list[Node]:
        after = self._after.subjects(predicate, value)
        gone = self._gone_subjects.get((value, predicate.value))
        return after + gone if gone else after


class Footprints:
    """The footprints of shapes, by predicate.

    Args:
        shapes: shapes with targets.
    """

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self._shapes = tuple(shapes)
        self._by_predicate: dict[str, list[tuple[Shape, Entry]]] = {}
        for shape in self._shapes:
            for entry in footprint(shape):
                self._by_predicate.setdefault(entry.predicate, []).append((shape, entry))

    def affected(
        self, graph: Graph, added: Collection[ox.Triple], removed: Collection[ox.Triple]
    ) -> NodesByShape:
        """Return, for each shape that a change concerns, the nodes that it may affect.

        Args:
            graph: the data after the change.
            added: triples that the graph did not hold before.
            removed: triples that it held before.

        Returns:
            Shape → nodes, targets or not; None: all of the shape's targets.
        """
        changed = [*added, *removed]
        if any(triple.predicate.value == _HIERARCHY for triple in changed):
            return dict.fromkeys(self._shapes)
        either = _Before(graph, removed)
        starts: dict[tuple[Shape, PropertyPath | None], set[Term]] = {}
        found: dict[Shape, set[Term] | None] = {}
        for triple in changed:
            for name in (triple.predicate.value, ANY):
                for shape, entry in self._by_predicate.get(name, ()):
                    if entry.everywhere:
                        found[shape] = None
                    else:
                        end = cast(Term, triple.object if entry.inverse else triple.subject)
                        starts.setdefault((shape, entry.path), set()).add(end)
        walked: dict[tuple[PropertyPath, frozenset[Term]], set[Term]] = {}
        for (shape, path), ends in starts.items():
            known = found.setdefault(shape, set())
            if known is None:
                continue
            if path is None:
                known |= ends
                continue
            key = (path, frozenset(ends))
            if key not in walked:
                walked[key] = set(either.sources(ends, path))
            known |= walked[key]
        return found
