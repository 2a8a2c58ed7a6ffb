"""What the shapes ask of data, in words: *exactly one; a year such as 2024*.

The words are made from the constraints themselves, in both languages. A rule that is written as a
query has a sentence of its own in ``texts/rules.toml``; without one, the shape's description says
in English what it asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
from markupsafe import Markup, escape

from clustergraph.pages.lexicon import named
from clustergraph.pages.visit import short
from clustergraph.shacl.compile.model import Constraint, Shape
from clustergraph.shacl.compile.shapes import Shapes
from clustergraph.shacl.run import shipped_shapes
from clustergraph.vocab import CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.shacl.paths import PropertyPath

__all__ = ["Rule", "Wording", "known", "severity_of"]

_SH: Final = PREFIXES["sh"]
_XSD: Final = PREFIXES["xsd"]
_LIST: Final = f"^{CODE}"
_COUNTS: Final = ("minCount", "maxCount", "qualifiedMinCount", "qualifiedMaxCount")
_SEVERITIES: Final = {"Violation": "violation", "Warning": "warning", "Info": "info"}
_CONCEPT: Final = PREFIXES["skos"] + "Concept"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a property shape, or what a node shape asks of its nodes themselves.

    Attributes:
        shape: the shape, compiled.
        owner: the node shape that it belongs to.
        key: its name in addresses: the IRI without the namespace.
        classes: the IRIs of the classes that it holds for.
        name: what it is about, in English.
        description: what it asks, in English.
        message: what is said when it is broken, in English.
    """

    shape: Shape
    owner: Shape
    key: str
    classes: tuple[str, ...]
    name: str
    description: str
    message: str

    @property
    def severity(self) -> str:
        """``violation``, ``warning`` or ``info``."""
        return severity_of(self.shape.severity)

    @property
    def predicates(self) -> list[str]:
        """The IRIs of the properties on its path."""
        return [] if self.shape.path is None else list(_predicates(self.shape.path))


@cache
def known() -> Mapping[str, Rule]:
    """Return all rules by the IRI of their shape, in the order of the files."""
    triples = shipped_shapes()
    texts: dict[object, dict[str, str]] = defaultdict(dict)
    for triple in triples:
        name = triple.predicate.value.removeprefix(_SH)
        if name in ("name", "description", "message") and isinstance(triple.object, ox.Literal):
            texts[triple.subject].setdefault(name, triple.object.value)
    found = {}
    for owner in Shapes(triples).targeted:
        for shape in (owner, *owner.properties):
            if isinstance(shape.node, ox.NamedNode) and (shape.path or _own(shape)):
                said = texts[shape.node]
                found[shape.node.value] = Rule(
                    shape,
                    owner,
                    shape.node.value.removeprefix(PREFIXES["shape"]),
                    tuple(one.value for one in owner.target_classes),
                    said.get("name", ""),
                    said.get("description", ""),
                    said.get("message", ""),
                )
    return found


def severity_of(iri: str) -> str:
    """Return the word for a severity; one that SHACL does not define is a violation."""
    return _SEVERITIES.get(iri.removeprefix(_SH), "violation")


class Wording:
    """Says rules in the language of a visit.

    Args:
        visit: who reads.
    """

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._t = visit.words("rules")

    def says(self, rule: Rule) -> Markup:
        """Return what a rule asks, as phrases joined by semicolons; terms are links."""
        phrases = list(self._phrases(rule.shape, rule))
        return Markup("; ").join(phrases)

    def subject(self, rule: Rule) -> Markup:
        """Return what of a thing the rule is about: its properties, as links."""
        path = rule.shape.path
        return escape(self._t("itself")) if path is None else self._path(path)

    def link(self, iri: str) -> Markup:
        """Return a term as a link to its page."""
        name, address = named(self._visit, iri)
        return Markup('<a href="{}">{}</a>').format(address, name)

    def _phrases(self, shape: Shape, rule: Rule | None = None) -> Iterator[Markup]:
        counts = {one.name: one.number for one in shape.constraints if one.name in _COUNTS}
        if count := self._count(counts.get("minCount"), counts.get("maxCount")):
            yield count
        names = {one.name for one in shape.constraints}
        lists = any(self._list(one) for one in shape.constraints)
        for one in shape.constraints:
            if one.name in ("minCount", "maxCount", "qualifiedMaxCount") and (
                one.name != "qualifiedMaxCount" or "qualifiedMinCount" in names
            ):
                continue
            if one.name == "class" and lists and one.terms[0].value == _CONCEPT:
                continue
            if one.name == "pattern" and "datatype" in names and self._dated(shape):
                continue
            if one.name == "nodeKind" and "pattern" in names:
                continue
            yield self._phrase(one, counts, rule)

    def _count(self, least: int | None, most: int | None) -> Markup:
        t = self._t
        if least and least == most:
            return escape(t("exactly", n=least))
        parts = [t("at-least", n=least)] if least else []
        parts += [t("none") if most == 0 else t("at-most", n=most)] if most is not None else []
        return Markup(", ").join(map(escape, parts))

    def _phrase(self, one: Constraint, counts: Mapping[str, int], rule: Rule | None) -> Markup:
        t = self._t
        match one.name:
            case "class":
                return self._said("class", one=self.link(one.terms[0].value))
            case "datatype":
                key = short(one.terms[0].value)
                return escape(t(key)) if t.has(key) else self._said("datatype", one=key)
            case "nodeKind":
                key = "kind-" + one.terms[0].value.removeprefix(_SH)
                return escape(t(key)) if t.has(key) else self._said("datatype", one=key)
            case "pattern":
                name = self._list(one)
                if name:
                    return self._said("list", one=self._code_list(name))
                return self._said("pattern", one=Markup("<code>{}</code>").format(one.text))
            case "in":
                return self._said("in", one=self._terms(one.terms))
            case "languageIn":
                return self._said("languages", one=self._languages(one.terms))
            case "hasValue" | "equals" | "disjoint" | "lessThan" | "lessThanOrEquals":
                return self._said(one.name, one=self._terms(one.terms))
            case "minInclusive" | "maxInclusive" | "minExclusive" | "maxExclusive":
                return self._said(one.name, one=one.terms[0].value)
            case "minLength" | "maxLength":
                empty = one.name == "minLength" and one.number == 1
                return escape(t("not-empty")) if empty else self._said(one.name, one=one.number)
            case "qualifiedMinCount" | "qualifiedMaxCount":
                least, most = (counts.get(f"qualified{end}Count") for end in ("Min", "Max"))
                return self._said(
                    "of-which", count=self._count(least, most), one=self._inner(one.shapes[0])
                )
            case "or" | "xone":
                classes = [_class(shape) for shape in one.shapes]
                if all(classes):
                    named = escape(t("or")).join(map(self.link, classes))
                    return self._said("class", one=named)
                return escape(t("or")).join(map(self._inner, one.shapes))
            case "and" | "node":
                return Markup(", ").join(map(self._inner, one.shapes))
            case "not":
                return self._said("not", one=self._inner(one.shapes[0]))
            case "sparql" | "component":
                return self._sentence(rule)
            case name:
                return escape(t(name)) if t.has(name) else Markup("<code>{}</code>").format(name)

    def _code_list(self, name: str) -> Markup:
        """Return the name of a code list; a link, where the graph has it."""
        if not self._visit.engine.query(f"ASK {{ <{CODE}{name}> ?property ?value }}"):
            return escape(name)
        address = self._visit.url(f"/code/{name}")
        return Markup('<a href="{}">{}</a>').format(address, name)

    def _sentence(self, rule: Rule | None) -> Markup:
        """Return what a rule that is written as a query asks."""
        if rule is None:
            return escape(self._t("query"))
        ending = rule.key.rpartition("-")[2]
        for key in (f"rule-{rule.key}", f"rule-{ending}"):
            if self._t.has(key):
                return escape(self._t(key))
        return Markup('<span lang="en">{}</span>').format(rule.description or rule.message)

    def _inner(self, shape: Shape) -> Markup:
        parts = list(self._phrases(shape))
        for inner in shape.properties:
            if inner.path is not None:
                about = Markup(", ").join(self._phrases(inner))
                parts.append(self._said("property", path=self._path(inner.path), one=about))
        return Markup(", ").join(parts)

    def _said(self, key: str, **values: object) -> Markup:
        return escape(self._t(key)).format(**values)

    def _terms(self, terms: tuple[ox.NamedNode | ox.BlankNode | ox.Literal, ...]) -> Markup:
        shown = (
            self.link(one.value)
            if isinstance(one, ox.NamedNode)
            else Markup("<code>{}</code>").format(one.value)
            for one in terms
        )
        return escape(self._t("or")).join(shown)

    def _languages(self, terms: tuple[ox.NamedNode | ox.BlankNode | ox.Literal, ...]) -> Markup:
        names = (
            self._t(f"in-{one.value}") if self._t.has(f"in-{one.value}") else one.value
            for one in terms
        )
        return escape(self._t("or")).join(names)

    def _path(self, path: PropertyPath) -> Markup:
        match path.operator:
            case "predicate":
                return self.link(path.predicate)
            case "inversePath":
                return self._said("inverse", one=self._path(path.parts[0]))
            case "alternativePath":
                return escape(self._t("or")).join(map(self._path, path.parts))
            case _:
                return Markup(" → ").join(map(self._path, path.parts))

    def _list(self, one: Constraint) -> str:
        """Return the name of the code list that a pattern asks for; empty: none."""
        name = one.text.removeprefix(_LIST).rstrip("/") if one.name == "pattern" else ""
        return name if name != one.text and name.replace("-", "").isalnum() else ""

    def _dated(self, shape: Shape) -> bool:
        return any(
            one.name == "datatype" and one.terms[0].value.startswith(_XSD + part)
            for one in shape.constraints
            for part in ("gYear", "date")
        )


def _own(shape: Shape) -> bool:
    """Say whether a node shape asks more than its properties do."""
    return any(one.name != "property" for one in shape.constraints)


def _class(shape: Shape) -> str:
    """Return the class that a shape asks for and nothing else; empty: it is otherwise."""
    asked = shape.constraints
    alone = len(asked) == 1 and asked[0].name == "class" and not shape.properties
    return asked[0].terms[0].value if alone else ""


def _predicates(path: PropertyPath) -> Iterator[str]:
    if path.predicate:
        yield path.predicate
    for part in path.parts:
        yield from _predicates(part)
