"""SHACL property paths: read from a graph, written as SPARQL or as RDF.

Source: SHACL, section 2.3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES, shorten

Operator = Literal[
    "predicate",
    "sequence",
    "alternativePath",
    "inversePath",
    "zeroOrMorePath",
    "oneOrMorePath",
    "zeroOrOnePath",
]
Term = ox.NamedNode | ox.BlankNode | ox.Literal
Objects = Callable[[Term, str], list[Term]]
"""Returns the objects of a subject and a predicate's IRI."""

MAX_DEPTH: Final = 30
"""How deep property paths may nest: an engine's parser recurses on them."""

_SH: Final = PREFIXES["sh"]
_RDF: Final = PREFIXES["rdf"]
_NIL: Final = ox.NamedNode(_RDF + "nil")
_SUFFIX: Final = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}
_UNARY: Final[tuple[Operator, ...]] = (
    "inversePath",
    "zeroOrMorePath",
    "oneOrMorePath",
    "zeroOrOnePath",
)


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """One path: a predicate, or an operator over other paths.

    Attributes:
        operator: the SHACL word for it; ``predicate`` and ``sequence`` have none of their own.
        predicate: the IRI, when the path is a single predicate.
        parts: the paths that the operator joins.
    """

    operator: Operator
    predicate: str = ""
    parts: tuple[PropertyPath, ...] = ()

    def __str__(self) -> str:
        return self.written(lambda iri: show(ox.NamedNode(iri)))

    def written(self, name: Callable[[str], str] = "<{}>".format) -> str:
        """Return the path as SPARQL writes it.

        Args:
            name: how an IRI is written; in full by default.
        """
        if self.operator == "predicate":
            return name(self.predicate)
        many = ("sequence", "alternativePath")
        parts = [
            f"({part.written(name)})"
            if part.operator in many or (part.operator != "predicate" and self.operator not in many)
            else part.written(name)
            for part in self.parts
        ]
        if self.operator == "inversePath":
            return "^" + parts[0]
        joint = "/" if self.operator == "sequence" else "|"
        return joint.join(parts) + _SUFFIX.get(self.operator, "")

    def last(self) -> str | None:
        """Return the predicate that reaches the value forwards, if there is exactly one."""
        if self.operator == "predicate":
            return self.predicate
        return self.parts[-1].last() if self.operator == "sequence" else None

    @staticmethod
    def read(
        node: ox.NamedNode | ox.BlankNode,
        objects: Objects,
        depth: int = 0,
    ) -> PropertyPath:
        """Read the path that starts at ``node``.

        Args:
            node: the value of ``sh:path`` or ``sh:resultPath``.
            objects: looks into the graph.
            depth: how many paths this one is a part of.

        Raises:
            ValueError: there is no well-formed path at the node, or it nests too deeply.
        """
        if depth > MAX_DEPTH:
            raise ValueError(f"a property path nests more than {MAX_DEPTH} deep, or for ever")
        if isinstance(node, ox.NamedNode):
            return PropertyPath("predicate", node.value)
        if objects(node, _RDF + "first") or objects(node, _RDF + "rest"):
            steps = tuple(_read_all(members_of(node, objects), objects, depth))
            if len(steps) < 2:
                raise ValueError("a sequence path has at least two members")
            return PropertyPath("sequence", parts=steps)
        for head in objects(node, _SH + "alternativePath"):
            if isinstance(head, ox.BlankNode):
                parts = tuple(_read_all(members_of(head, objects), objects, depth))
                if len(parts) < 2:
                    raise ValueError("an alternative path has at least two members")
                return PropertyPath("alternativePath", parts=parts)
        for operator in _UNARY:
            if inner := objects(node, _SH + operator):
                return PropertyPath(operator, parts=tuple(_read_all(inner[:1], objects, depth)))
        raise ValueError(f"{_named(node)} is not a property path")

    def turtle(self) -> str:
        """Return the path as Turtle writes it for ``sh:path``, with full IRIs."""
        parts = " ".join(part.turtle() for part in self.parts)
        match self.operator:
            case "predicate":
                return f"<{self.predicate}>"
            case "sequence":
                return f"( {parts} )"
            case "alternativePath":
                return f"[ <{_SH}alternativePath> ( {parts} ) ]"
            case unary:
                return f"[ <{_SH}{unary}> {parts} ]"


def members_of(head: Term, objects: Objects) -> list[Term]:
    """Return the members of a list.

    Raises:
        ValueError: the list is ill-formed.
    """
    members: dict[Term, Term] = {}
    while head != _NIL:
        first, rest = objects(head, _RDF + "first"), objects(head, _RDF + "rest")
        if head in members:
            raise ValueError("a list leads back to itself")
        if not first and not rest:
            raise ValueError("a list does not end in rdf:nil")
        if len(first) != 1 or len(rest) != 1:
            raise ValueError("a list is ill-formed")
        members[head] = first[0]
        head = rest[0]
    return list(members.values())


def show(term: Term) -> str:
    """Return a term as Turtle writes it, with the project's prefixes."""
    if isinstance(term, ox.NamedNode):
        short = shorten(term.value)
        return short if short != term.value else f"<{short}>"
    if isinstance(term, ox.Literal):
        text = str(ox.Literal(term.value))
        if term.language:
            return f"{text}@{term.language}"
        plain = term.datatype.value == PREFIXES["xsd"] + "string"
        return text if plain else f"{text}^^{show(term.datatype)}"
    return str(term)


def _named(term: Term) -> str:
    return "a blank node" if isinstance(term, ox.BlankNode) else show(term)


def _read_all(
    nodes: list[Term],
    objects: Objects,
    depth: int,
) -> Iterator[PropertyPath]:
    for node in nodes:
        if isinstance(node, ox.Literal):
            raise ValueError(f"{show(node)} is not a property path")
        yield PropertyPath.read(node, objects, depth + 1)
