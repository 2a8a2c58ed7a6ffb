"""Queries that find, for one constraint and all focus nodes at once, which nodes to evaluate.

A screen may name nodes that are all right, never miss one that is not. Where a constraint says
more than a query can ask soundly, there is no screen, and all targets of its shape are validated.

Most screens start from the values that are wrong, of which there are few, and leave it to the
caller to see whether the node that has them is a target. Traps of the engine that this avoids:
recursive paths with both ends free, or inside NOT EXISTS; a type pattern joined with a path.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

import pyoxigraph as ox

from clustergraph.shacl.compile.graph import Graph
from clustergraph.shacl.compile.literals import ill_formed
from clustergraph.shacl.compile.model import Constraint, Shape
from clustergraph.shacl.compile.patterns import sparql_path
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.sparql.regex import is_plain
from clustergraph.vocab import PREFIXES

__all__ = ["screens", "target_pattern"]

_SH: Final = PREFIXES["sh"]
_KINDS: Final = {
    "IRI": "isIRI({0})",
    "Literal": "isLiteral({0})",
    "BlankNode": "isBlank({0})",
    "BlankNodeOrIRI": "!isLiteral({0})",
    "IRIOrLiteral": "!isBlank({0})",
    "BlankNodeOrLiteral": "!isIRI({0})",
}
_BOUNDS: Final = {
    "minInclusive": ">=",
    "maxInclusive": "<=",
    "minExclusive": ">",
    "maxExclusive": "<",
}
_DEEPEST: Final = 8
"""How deep shapes nest before a query would become too large to be worth it."""


class _NoScreenError(Exception):
    """Nothing sound can be asked; caught where the screens of a shape are put together."""


def target_pattern(shape: Shape, graph: Graph) -> str:
    """Return a pattern that binds ``?this`` to each target of a shape, at least once."""
    parts = []
    classes = sorted({name for kind in shape.target_classes for name in graph.classes(kind)})
    if len(classes) == 1:
        parts.append(f"?this a <{classes[0]}> .")
    elif classes:
        parts.append(
            f"VALUES ?kind {{ {' '.join(f'<{name}>' for name in classes)} }} ?this a ?kind ."
        )
    nodes = [str(term) for term in shape.target_nodes if not isinstance(term, ox.BlankNode)]
    if nodes:
        parts.append(f"VALUES ?this {{ {' '.join(nodes)} }}")
    parts += [f"?this {predicate} ?any ." for predicate in shape.target_subjects_of]
    parts += [f"?any {predicate} ?this ." for predicate in shape.target_objects_of]
    if len(parts) == 1:
        return parts[0]
    return " UNION ".join(f"{{ {part} }}" for part in parts)


def screens(unit: Shape, whole: bool, targets: str, graph: Graph) -> list[str] | None:
    """Return the queries for what may break a shape, or None when all targets must be validated.

    Args:
        unit: the shape whose constraints are meant.
        whole: whether its property shapes are meant too, not its own constraints alone.
        targets: a pattern that binds ``?this`` to the nodes that ``unit`` looks at.
        graph: the data.
    """
    screen = _Screen(targets, graph)
    try:
        return list(screen.shape(unit, "?this", "", whole, 0))
    except _NoScreenError:
        return None


class _Screen:
    def __init__(self, targets: str, graph: Graph) -> None:
        self._targets = targets
        self._graph = graph
        self._numbers = itertools.count()

    def shape(self, shape: Shape, focus: str, link: str, whole: bool, depth: int) -> Iterator[str]:
        """Yield the screens of a shape.

        Args:
            shape: the shape.
            focus: the variable of its focus node.
            link: a pattern that leads from ``?this`` to the focus; empty where they are one.
            whole: whether property shapes are meant too.
            depth: how many shapes are above.
        """
        if shape.deactivated:
            return
        if depth > _DEEPEST or shape.recursive:
            raise _NoScreenError
        if shape.path is None:
            value, row = focus, link
        else:
            self._simple(shape.path)
            value = self._new()
            row = f"{link} {focus} ({sparql_path(shape.path)}) {value} ."
        wrong = []
        for constraint in shape.constraints:
            if constraint.name in _TOGETHER and (constraint.name != "hasValue" or not shape.path):
                wrong.append(f"({self._fails(constraint, value, 0)})")
            else:
                yield from self._constraint(shape, constraint, focus, value, link, row, depth)
        if wrong:
            # An expression that fails has no say in the others: true || error is true.
            yield self._this(f"{row or link or self._targets} FILTER({' || '.join(wrong)})")
        if whole:
            for part in shape.properties:
                yield from self.shape(part, value, row, True, depth + 1)

    def _constraint(
        self,
        shape: Shape,
        constraint: Constraint,
        focus: str,
        value: str,
        link: str,
        row: str,
        depth: int,
    ) -> Iterator[str]:
        start = link or self._targets
        path = f"({sparql_path(shape.path)})" if shape.path else ""
        match constraint.name:
            case "node" | "and":
                for inner in constraint.shapes:
                    yield from self.shape(inner, value, row, True, depth + 1)
            case "minCount" | "maxCount":
                yield from self._counted(constraint, focus, start, link, path)
            case "hasValue" if path:
                wanted = self._constant(constraint.terms[0])
                yield self._this(f"{start} FILTER NOT EXISTS {{ {focus} {path} {wanted} }}")
            case "uniqueLang":
                other = self._new()
                yield self._this(
                    f"{row} FILTER(LANG({value}) != '') {focus} {path} {other} . "
                    f"FILTER(!sameTerm({value}, {other}) && LANG({value}) = LANG({other}))"
                )
            case "equals" | "disjoint" | "lessThan" | "lessThanOrEquals":
                yield from self._pair(constraint, focus, value, start, row or start, path)
            case "closed":
                predicate, allowed = self._new(), ", ".join(map(str, constraint.terms))
                keep = f"FILTER({predicate} NOT IN ({allowed}))"
                yield self._this(f"{row or start} {value} {predicate} {self._new()} . {keep}")
            case "qualifiedMinCount" | "qualifiedMaxCount":
                yield from self._qualified(constraint, focus, start, row, path, value)
            case "sparql" | "component":
                yield self._sparql(constraint, link)
            case _:
                wrong = self._fails(constraint, value, 0)
                yield self._this(f"{row or start} FILTER({wrong})")

    def _counted(
        self, constraint: Constraint, focus: str, start: str, link: str, path: str
    ) -> Iterator[str]:
        number = constraint.number
        if constraint.name == "minCount":
            if number < 1:
                return
            if number > 2:
                raise _NoScreenError
            some, other = self._new(), self._new()
            body = f"{focus} {path} {some} ."
            if number == 2:
                body += f" {focus} {path} {other} . FILTER(!sameTerm({some}, {other}))"
            yield self._this(f"{start} FILTER NOT EXISTS {{ {body} }}")
        elif number > 1:
            value = self._new()
            yield self._many(f"{link} {focus} {path} {value} .", focus, value, number)
        else:
            some, other = self._new(), self._new()
            body = f"{link} {focus} {path} {some} ."
            if number == 1:
                body += f" {focus} {path} {other} . FILTER(!sameTerm({some}, {other}))"
            yield self._this(body)

    def _pair(
        self, constraint: Constraint, focus: str, value: str, start: str, row: str, path: str
    ) -> Iterator[str]:
        predicate, other = constraint.terms[0], self._new()
        if constraint.name == "disjoint":
            yield self._this(f"{row} {focus} {predicate} {value} .")
        elif constraint.name == "equals":
            yield self._this(f"{row} FILTER NOT EXISTS {{ {focus} {predicate} {value} }}")
            absent = f"NOT EXISTS {{ {focus} {path} {other} }}" if path else f"{other} != {focus}"
            yield self._this(f"{start} {focus} {predicate} {other} . FILTER({absent})")
        else:
            # Equal terms too, for the engine calls terms equal that cannot be compared.
            wrong = f"FILTER(!COALESCE({value} < {other}, false))"
            yield self._this(f"{row} {focus} {predicate} {other} . {wrong}")

    def _qualified(
        self, constraint: Constraint, focus: str, start: str, row: str, path: str, value: str
    ) -> Iterator[str]:
        few = constraint.name == "qualifiedMinCount"
        if few and constraint.number < 1:
            return
        if constraint.siblings or (few and constraint.number > 1):
            raise _NoScreenError
        fits = f"!({self._breaks(constraint.shapes[0], value, 0)})"
        if few:
            body = f"{focus} {path} {value} . FILTER({fits})"
            yield self._this(f"{start} FILTER NOT EXISTS {{ {body} }}")
        elif constraint.number == 0:
            yield self._this(f"{row} FILTER({fits})")
        else:
            yield self._many(f"{row} FILTER({fits})", focus, value, constraint.number)

    def _sparql(self, constraint: Constraint, link: str) -> str:
        query = constraint.query
        if query is None or link:
            raise _NoScreenError
        text = query.screen(self._targets, dict(constraint.bindings))
        if text is None:
            raise _NoScreenError
        return text

    def _this(self, body: str) -> str:
        return f"SELECT ?this {{ {body} }}"

    def _many(self, body: str, focus: str, value: str, number: int) -> str:
        grouped = "?this" if focus == "?this" else f"?this {focus}"
        many = f"COUNT(DISTINCT {value}) > {number}"
        return f"SELECT ?this {{ {body} }} GROUP BY {grouped} HAVING({many})"

    def _new(self) -> str:
        return f"?x{next(self._numbers)}"

    def _simple(self, path: PropertyPath) -> None:
        """Refuse paths that the engine would walk from everywhere, and rewritten literals."""
        if path.operator in ("zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"):
            raise _NoScreenError
        if path.operator == "predicate" and path.predicate in self._graph.rewritten:
            raise _NoScreenError
        for part in path.parts:
            self._simple(part)

    def _constant(self, term: Term) -> str:
        if isinstance(term, ox.BlankNode):
            raise _NoScreenError
        return str(term)

    # Conditions on one value: SPARQL expressions that hold exactly when the value is wrong.

    def _breaks(self, shape: Shape, value: str, depth: int) -> str:
        """Return an expression that holds exactly when a value does not conform to a shape."""
        if shape.deactivated:
            return "false"
        if shape.path is not None or shape.properties or shape.recursive or depth > _DEEPEST:
            raise _NoScreenError
        wrong = [self._fails(constraint, value, depth) for constraint in shape.constraints]
        return " || ".join(f"({part})" for part in wrong) or "false"

    def _fails(self, constraint: Constraint, value: str, depth: int) -> str:
        simple = _CONDITIONS.get(constraint.name)
        if simple is not None:
            return simple(self, constraint, value)
        wrong = [f"({self._breaks(shape, value, depth + 1)})" for shape in constraint.shapes]
        match constraint.name:
            case "node" | "and":
                return " || ".join(wrong) or "false"
            case "or":
                return " && ".join(wrong) or "true"
            case "not":
                return f"!{wrong[0]}"
            case "xone":
                return " + ".join(f"IF({part}, 0, 1)" for part in wrong) + " != 1"
        raise _NoScreenError

    def _is_other_class(self, constraint: Constraint, value: str) -> str:
        classes = sorted(self._graph.classes(constraint.terms[0]))
        if not classes:
            raise _NoScreenError
        if len(classes) == 1:
            return f"NOT EXISTS {{ {value} a <{classes[0]}> }}"
        kind, names = self._new(), ", ".join(f"<{name}>" for name in classes)
        return f"NOT EXISTS {{ {value} a {kind} . FILTER({kind} IN ({names})) }}"

    def _is_other_datatype(self, constraint: Constraint, value: str) -> str:
        wanted = constraint.terms[0].value
        other = f"!isLiteral({value}) || DATATYPE({value}) != <{wanted}>"
        ill = ill_formed(value, wanted)
        if ill is None:
            raise _NoScreenError
        return f"{other} || {ill}"

    def _is_other_kind(self, constraint: Constraint, value: str) -> str:
        test = _KINDS.get(constraint.terms[0].value.removeprefix(_SH), "false")
        return f"!({test.format(value)})"

    def _is_out_of_bounds(self, constraint: Constraint, value: str) -> str:
        bound = self._constant(constraint.terms[0])
        return f"!COALESCE({value} {_BOUNDS[constraint.name]} {bound}, false)"

    def _is_too_long(self, constraint: Constraint, value: str) -> str:
        less = "<" if constraint.name == "minLength" else ">"
        return f"isBlank({value}) || STRLEN(STR({value})) {less} {constraint.number}"

    def _is_of_other_form(self, constraint: Constraint, value: str) -> str:
        if not is_plain(constraint.text, constraint.flags):
            raise _NoScreenError
        return f"isBlank({value}) || !REGEX(STR({value}), {ox.Literal(constraint.text)})"

    def _is_in_other_language(self, constraint: Constraint, value: str) -> str:
        tags = (ox.Literal(term.value) for term in constraint.terms)
        tests = " || ".join(f"LANGMATCHES(LANG({value}), {tag})" for tag in tags) or "false"
        return f"!COALESCE({tests}, false)"

    def _is_not_among(self, constraint: Constraint, value: str) -> str:
        terms = map(self._constant, constraint.terms)
        return f"!({' || '.join(f'sameTerm({value}, {term})' for term in terms) or 'false'})"


_CONDITIONS: Final[dict[str, Callable[[_Screen, Constraint, str], str]]] = {
    "class": _Screen._is_other_class,
    "datatype": _Screen._is_other_datatype,
    "nodeKind": _Screen._is_other_kind,
    "minInclusive": _Screen._is_out_of_bounds,
    "maxInclusive": _Screen._is_out_of_bounds,
    "minExclusive": _Screen._is_out_of_bounds,
    "maxExclusive": _Screen._is_out_of_bounds,
    "minLength": _Screen._is_too_long,
    "maxLength": _Screen._is_too_long,
    "pattern": _Screen._is_of_other_form,
    "languageIn": _Screen._is_in_other_language,
    "in": _Screen._is_not_among,
    "hasValue": _Screen._is_not_among,
}

_TOGETHER: Final = frozenset(_CONDITIONS) - {"class"}
"""Constraints of a value that are asked for in one query; a class is looked up elsewhere."""
