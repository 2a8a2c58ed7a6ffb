"""Judging one focus node by the letter of SHACL.

This is what decides; queries only choose whom to look at. It needs no compiled query for SHACL
Core, so that few nodes, such as those that a write touches, are validated within microseconds each.

Source: SHACL, sections 3.4, 4 and 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.rdf.xsd import is_well_formed
from clustergraph.shacl.compile.comparison import compares
from clustergraph.shacl.compile.graph import SHAPES_GRAPH, Graph
from clustergraph.shacl.compile.model import Constraint, Shape, default_message, filled
from clustergraph.shacl.compile.queries import Query
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.shacl.report import Finding, Severity
from clustergraph.sparql.regex import matches
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.shacl.compile.reference import Reference

_SH: Final = PREFIXES["sh"]
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "IRI": (ox.NamedNode,),
    "Literal": (ox.Literal,),
    "BlankNode": (ox.BlankNode,),
    "BlankNodeOrIRI": (ox.BlankNode, ox.NamedNode),
    "IRIOrLiteral": (ox.NamedNode, ox.Literal),
    "BlankNodeOrLiteral": (ox.BlankNode, ox.Literal),
}
_BOUNDS: Final = {
    "minInclusive": ">=",
    "maxInclusive": "<=",
    "minExclusive": ">",
    "maxExclusive": "<",
    "lessThan": "<",
    "lessThanOrEquals": "<=",
}
_MOST_DETAILS: Final = 20
"""How many nested results explain that too few values conform to a qualified shape, or that a
value does not conform to a shape that refers to itself."""
_DEEPEST_DETAIL: Final = 3
"""How deep the results of a shape that refers to itself are explained."""

_TRUE: Final = ("true", "1")
_SOMETHING: Final = Finding(Severity.VIOLATION, ox.BlankNode(), ox.BlankNode(), None, None, "", "")
"""What is found where it only counts that something is."""

Values = list[Term]


_MOST_CHANGES: Final = 100
"""How often an answer may change; along a cycle with a negation it would do so for ever."""

Key = tuple[Shape, Term]


class Recursion:
    """Decides whether nodes conform to shapes that refer to themselves.

    SHACL leaves open how they are validated (section 3.4.3). Here every node conforms unless
    something is wrong with it: of all consistent answers, the one with the fewest violations (the
    greatest fixed point). Data are followed to any depth.
    """

    def __init__(self) -> None:
        self._known: dict[Key, bool] = {}
        self._asked_by: dict[Key, set[Key]] = {}
        self._waiting: list[Key] = []
        self._evaluated: Key | None = None

    @property
    def is_running(self) -> bool:
        """Whether answers may still change."""
        return self._evaluated is not None

    def conforms(self, shape: Shape, node: Term, holds: Callable[[Shape, Term], bool]) -> bool:
        """Return whether a node conforms to a shape; as far as is known, while this is running.

        Args:
            shape: the shape.
            node: the node.
            holds: evaluates one shape for one node; asks this method for what it depends on.

        Raises:
            UnreadableInputError: a shape refers to itself through a negation, along a cycle or a
                long chain in the data.
        """
        key = (shape, node)
        known = self._known.get(key)
        if self._evaluated is not None:
            self._asked_by.setdefault(key, set()).add(self._evaluated)
            if known is None:
                known = self._known[key] = True
                self._waiting.append(key)
        elif known is None:
            self._settle(key, holds)
            known = self._known[key]
        return known

    def _settle(self, first: Key, holds: Callable[[Shape, Term], bool]) -> None:
        """Evaluate a key and all that it depends on, until no answer changes any more."""
        self._known[first] = True
        self._waiting = [first]
        changes: Counter[Key] = Counter()
        try:
            while self._waiting:
                key = self._evaluated = self._waiting.pop()
                conforms = holds(*key)
                if conforms == self._known[key]:
                    continue
                self._known[key] = conforms
                self._waiting.extend(self._asked_by.get(key, ()))
                changes[key] += 1
                if changes[key] > _MOST_CHANGES:
                    raise UnreadableInputError(
                        "the shapes",
                        f"{show(key[0].node)} refers to itself through a negation, and the data "
                        "have a cycle or a long chain there",
                    )
        finally:
            self._evaluated = None


class NodeValidator:
    """Validates focus nodes of one data graph.

    Args:
        graph: the data.
        reference: evaluates the queries of shapes over terms as they are written; None: the store
            evaluates them.
    """

    def __init__(self, graph: Graph, reference: Reference | None = None) -> None:
        self._graph = graph
        self._reference = reference
        self._conform: dict[tuple[Shape, Term], bool] = {}
        self._recursion = Recursion()
        self._silent = False
        self._explained = 0
        self._constants: dict[Constraint, tuple[Term, ...]] = {}
        self._suspects: dict[Constraint, tuple[Set[Term], Set[Term]]] = {}

    def skip(self, targets: Iterable[Term], suspects: Mapping[Constraint, Set[Term]]) -> None:
        """Ask queries only about suspects among some nodes.

        Args:
            targets: nodes of which it is known whether they may break the queries.
            suspects: those that may, by constraint.
        """
        # The store may write literals otherwise.
        screened = {n for n in targets if not isinstance(n, ox.Literal)} if suspects else set()
        for constraint, found in suspects.items():
            before = self._suspects.get(constraint, (frozenset[Term](), frozenset[Term]()))
            self._suspects[constraint] = (screened | before[0], found | before[1])

    def results(self, shape: Shape, focus: Term) -> Iterator[Finding]:
        """Yield the results of a focus node for a shape.

        Where property shapes lead back to themselves, each is evaluated once for a node.
        """
        todo = [(shape, focus)]
        seen: set[tuple[Shape, Term]] = set()
        while todo:
            part, node = todo.pop()
            if part.deactivated:
                continue
            if part.recursive:
                if (part, node) in seen:
                    continue
                seen.add((part, node))
            values = [node] if part.path is None else self._graph.values(node, part.path)
            for constraint in part.constraints:
                if (check := _CHECKS.get(constraint.name)) is not None:
                    yield from check(self, part, constraint, node, values)
                    continue
                for value in values:
                    if self._breaks(constraint, value):
                        yield self._result(part, constraint, node, value)
            for value in reversed(values if part.properties else ()):
                todo += [(inner, value) for inner in reversed(part.properties)]

    def conforms(self, shape: Shape, node: Term) -> bool:
        """Return whether a node conforms to a shape (section 3.4.1)."""
        if shape.recursive:
            return self._recursion.conforms(shape, node, self._finds_nothing)
        key = (shape, node)
        known = self._conform.get(key)
        if known is None:
            known = self._finds_nothing(shape, node)
            if not self._recursion.is_running:
                self._conform[key] = known
        return known

    def _finds_nothing(self, shape: Shape, node: Term) -> bool:
        # Nobody reads the messages of results that only show that there is one.
        silent, self._silent = self._silent, True
        try:
            return next(self.results(shape, node), None) is None
        finally:
            self._silent = silent

    def _terms(self, constraint: Constraint) -> tuple[Term, ...]:
        """Return the constraint's terms in the form in which the data hold them."""
        known = self._constants.get(constraint)
        if known is None:
            known = tuple(_plain(self._graph.constant(term)) for term in constraint.terms)
            self._constants[constraint] = known
        return known

    def _result(
        self,
        shape: Shape,
        constraint: Constraint,
        focus: Term,
        value: Term | None = None,
        *,
        path: PropertyPath | None = None,
        detail: Iterable[Finding] = (),
        solution: Mapping[str, Term] | None = None,
    ) -> Finding:
        if self._silent:
            return _SOMETHING
        path = path or shape.path
        if solution is not None:
            messages = filled(shape, constraint, solution)
        else:
            messages = shape.messages or (default_message(constraint, focus, path, value),)
        return Finding.by(
            shape.severity,
            shape.node,
            focus,
            path,
            value,
            messages,
            constraint.component,
            detail=tuple(detail),
            constraint=constraint.node,
            engine="compiled" if self._reference is None else "rdflib",
        )

    def _breaks(self, constraint: Constraint, value: Term) -> bool:
        """Say whether a value node breaks a constraint that looks at each value by itself."""
        match constraint.name:
            case "class":
                return not self._graph.is_instance(value, constraint.terms[0])
            case "datatype":
                wanted = constraint.terms[0].value
                return (
                    not isinstance(value, ox.Literal)
                    or value.datatype.value != wanted
                    or not is_well_formed(value.value, wanted)
                )
            case "pattern":
                return isinstance(value, ox.BlankNode) or not matches(
                    value.value, constraint.text, constraint.flags
                )
            case "nodeKind":
                kind = constraint.terms[0].value.removeprefix(_SH)
                return not isinstance(value, _KINDS.get(kind, ()))
            case "minLength":
                return isinstance(value, ox.BlankNode) or len(value.value) < constraint.number
            case "maxLength":
                return isinstance(value, ox.BlankNode) or len(value.value) > constraint.number
            case "in":
                return _plain(value) not in self._terms(constraint)
            case "languageIn":
                tag = value.language if isinstance(value, ox.Literal) else None
                return not any(_in_range(tag or "", wanted.value) for wanted in constraint.terms)
            case _:
                return not _compare(constraint, value, constraint.terms[0])

    # Other constraints: each yields results for one focus node and its value nodes.

    def _of_all(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        match constraint.name:
            case "minCount":
                broken = len(values) < constraint.number
            case "maxCount":
                broken = len(values) > constraint.number
            case _:
                broken = self._terms(constraint)[0] not in map(_plain, values)
        if broken:
            yield self._result(shape, constraint, focus)

    def _unique_lang(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        tags = [(v.language or "").lower() for v in values if isinstance(v, ox.Literal)]
        for _ in dict.fromkeys(tag for tag in tags if tag and tags.count(tag) > 1):
            yield self._result(shape, constraint, focus)

    def _pair(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        predicate = constraint.terms[0]
        assert isinstance(predicate, ox.NamedNode)  # noqa: S101 - checked when it was read
        others = self._graph.objects(focus, predicate)
        here, there = set(map(_plain, values)), set(map(_plain, others))
        match constraint.name:
            case "equals":
                wrong = [value for value in values if _plain(value) not in there]
                wrong += [other for other in others if _plain(other) not in here]
            case "disjoint":
                wrong = [value for value in values if _plain(value) in there]
            case _:
                wrong = [
                    v for v in values for other in others if not _compare(constraint, v, other)
                ]
        for value in wrong:
            yield self._result(shape, constraint, focus, value)

    def _closed(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        for value in values:
            for predicate, other in self._graph.about(value):
                if predicate not in constraint.terms:
                    path = PropertyPath("predicate", predicate.value)
                    yield self._result(shape, constraint, focus, other, path=path)

    def _logical(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        shapes = constraint.shapes
        for value in values:
            fit = [self.conforms(other, value) for other in shapes]
            match constraint.name:
                case "node" | "and":
                    fails = not all(fit)
                case "not":
                    fails = any(fit)
                case "or":
                    fails = not any(fit)
                case _:
                    fails = sum(fit) != 1
            if fails:
                listed = constraint.name not in ("node", "not")
                detail = [
                    replace(result, part=number) if listed else result
                    for number, (other, fits) in enumerate(zip(shapes, fit, strict=True), 1)
                    if not fits
                    for result in self._detail(other, value)
                ]
                yield self._result(shape, constraint, focus, value, detail=detail)

    def _detail(self, shape: Shape, value: Term) -> list[Finding]:
        """Return the results that explain why a value does not conform to a shape."""
        if self._silent or (shape.recursive and self._explained >= _DEEPEST_DETAIL):
            return []
        self._explained += 1
        try:
            results = self.results(shape, value)
            return list(islice(results, _MOST_DETAILS) if shape.recursive else results)
        finally:
            self._explained -= 1

    def _qualified(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        (wanted,) = constraint.shapes
        fits = [
            self.conforms(wanted, value)
            and not any(self.conforms(sibling, value) for sibling in constraint.siblings)
            for value in values
        ]
        if constraint.name == "qualifiedMaxCount":
            if sum(fits) > constraint.number:
                yield self._result(shape, constraint, focus)
        elif sum(fits) < constraint.number:
            unfit = [value for value, fit in zip(values, fits, strict=True) if not fit]
            detail = [result for value in unfit for result in self._detail(wanted, value)]
            yield self._result(shape, constraint, focus, detail=detail[:_MOST_DETAILS])

    def _sparql(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        assert constraint.query is not None  # noqa: S101 - as the reader makes them
        screened, suspects = self._suspects.get(constraint, ((), ()))
        if focus in screened and focus not in suspects:
            return
        given = _given(shape, constraint, focus)
        for solution in self._solutions(constraint.query, given):
            if (failure := solution.get("failure")) is not None and failure.value in _TRUE:
                reason = f"the query of {show(shape.node)} reports a failure for {show(focus)}"
                raise UnreadableInputError("the shapes", f"{reason} (?failure)")
            value = solution.get("value")
            if value is None and shape.path is None:
                value = focus
            path = solution.get("path")
            found = PropertyPath("predicate", path.value) if path is not None else None
            told = {**given, **solution}
            if value is not None:
                told["value"] = value
            yield self._result(shape, constraint, focus, value, path=found, solution=told)

    def _component(
        self, shape: Shape, constraint: Constraint, focus: Term, values: Values
    ) -> Iterator[Finding]:
        assert constraint.query is not None  # noqa: S101 - as the reader makes them
        if constraint.query.kind == "select":
            yield from self._sparql(shape, constraint, focus, values)
            return
        for value in values:
            given = _given(shape, constraint, focus) | {"value": value}
            if next(iter(self._solutions(constraint.query, given)), None) is None:
                yield self._result(shape, constraint, focus, value, solution=given)

    def _solutions(self, query: Query, given: Mapping[str, Term]) -> Iterable[Mapping[str, Term]]:
        if self._reference is not None:
            return self._reference.solutions(query, given)
        return query.solutions(self._graph.ask, given)


Check = Callable[[NodeValidator, Shape, Constraint, Term, Values], Iterator[Finding]]

_CHECKS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(("minCount", "maxCount", "hasValue"), NodeValidator._of_all),
    **dict.fromkeys(("equals", "disjoint", "lessThan", "lessThanOrEquals"), NodeValidator._pair),
    **dict.fromkeys(("node", "not", "and", "or", "xone"), NodeValidator._logical),
    **dict.fromkeys(("qualifiedMinCount", "qualifiedMaxCount"), NodeValidator._qualified),
    "uniqueLang": NodeValidator._unique_lang,
    "closed": NodeValidator._closed,
    "sparql": NodeValidator._sparql,
    "component": NodeValidator._component,
}
"""What evaluates the constraints that look at all values together; see also `_breaks`."""


def _given(shape: Shape, constraint: Constraint, focus: Term) -> dict[str, Term]:
    """Return the variables of a query that are bound beforehand (sections 5.3.1 and 6.3)."""
    own = {"this": focus, "currentShape": shape.node, "shapesGraph": SHAPES_GRAPH}
    return own | dict(constraint.bindings)


def _compare(constraint: Constraint, left: Term, right: Term) -> bool:
    literals = isinstance(left, ox.Literal) and isinstance(right, ox.Literal)
    return literals and compares(left, _BOUNDS[constraint.name], right)


def _in_range(tag: str, wanted: str) -> bool:
    """Return whether a language tag matches a basic range (RFC 4647, section 3.3.1)."""
    tag, wanted = tag.lower(), wanted.lower()
    return bool(tag) and (wanted == "*" or tag == wanted or tag.startswith(wanted + "-"))


def _plain(term: Term) -> Term:
    """Return a term by which terms are compared: the case of a language tag does not count."""
    if isinstance(term, ox.Literal) and term.language and not term.language.islower():
        return ox.Literal(term.value, language=term.language.lower())
    return term
