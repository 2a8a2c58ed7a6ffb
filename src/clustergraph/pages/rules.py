"""What the shapes ask of data, in words: *exactly one; a year such as 2024*.

The words are made from the constraints themselves, in both languages. A rule that is written as a
query has a sentence of its own in ``texts/rules.toml``; without one, the shape's description says
in English what it asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
from markupsafe import Markup, escape

from clustergraph.pages.model import title_of
from clustergraph.pages.visit import short
from clustergraph.vocab import CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.shacl.compile.model import Constraint, Shape
    from clustergraph.shacl.paths import PropertyPath

_SH: Final = PREFIXES["sh"]
_LIST: Final = f"^{CODE}"
_DATES: Final = (PREFIXES["xsd"] + "gYear", PREFIXES["xsd"] + "date")
_CONCEPT: Final = ox.NamedNode(PREFIXES["skos"] + "Concept")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a property shape, or what a node shape asks of its nodes themselves.

    Attributes:
        shape: the shape, compiled.
        owner: the node shape that it belongs to.
        key: its name in addresses: the IRI without the namespace.
        classes: the IRIs of the classes that it holds for.
        description: what it asks, in English.
        message: what is said when it is broken, in English.
        severity: ``violation``, ``warning`` or ``info``.
    """

    shape: Shape
    owner: Shape
    key: str
    classes: tuple[str, ...]
    description: str
    message: str
    severity: str

    @property
    def predicates(self) -> list[str]:
        """The IRIs of the properties on its path."""
        return [] if self.shape.path is None else list(_predicates(self.shape.path))


@cache
def known() -> Mapping[str, Rule]:
    """Return all rules by the IRI of their shape, in the order of the files."""
    # Few workers are asked for them: the others start sooner without.
    from clustergraph.shacl.compile.shapes import Shapes
    from clustergraph.shacl.report import Severity
    from clustergraph.shacl.run import shipped_shapes

    triples = shipped_shapes()
    texts: dict[tuple[object, str], str] = {}
    for triple in triples:
        name = triple.predicate.value.removeprefix(_SH)
        if name in ("description", "message") and isinstance(triple.object, ox.Literal):
            texts.setdefault((triple.subject, name), triple.object.value)
    return {
        shape.node.value: Rule(
            shape,
            owner,
            shape.node.value.removeprefix(PREFIXES["shape"]),
            tuple(one.value for one in owner.target_classes),
            texts.get((shape.node, "description"), ""),
            texts.get((shape.node, "message"), ""),
            Severity.of(shape.severity).word,
        )
        for owner in Shapes(triples).targeted
        for shape in (owner, *owner.properties)
        if isinstance(shape.node, ox.NamedNode)
        # A node shape may ask no more than its properties do.
        and (shape.path or any(one.name != "property" for one in shape.constraints))
    }


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
        return Markup("; ").join(self._phrases(rule.shape, rule))

    def subject(self, rule: Rule) -> Markup:
        """Return what of a thing the rule is about: its properties, as links."""
        path = rule.shape.path
        return escape(self._t("itself")) if path is None else self._path(path)

    def _link(self, iri: str) -> Markup:
        link = Markup('<a href="{}">{}</a>')
        return link.format(self._visit.link(iri), title_of(self._visit, iri))

    def _phrases(self, shape: Shape, rule: Rule | None = None) -> Iterator[Markup]:
        names = {one.name: one for one in shape.constraints}
        # What another phrase says already.
        said = {"minCount", "maxCount"}
        if "qualifiedMinCount" in names:
            said.add("qualifiedMaxCount")
        if "datatype" in names and names["datatype"].terms[0].value.startswith(_DATES):
            said.add("pattern")
        if "pattern" in names:
            said.add("nodeKind")
        if "class" in names and names["class"].terms[0] == _CONCEPT:
            said.update({"class"} if any(map(_code_list, shape.constraints)) else ())
        if count := self._count(names, "minCount", "maxCount"):
            yield count
        for one in shape.constraints:
            if one.name not in said:
                yield self._phrase(one, names, rule)

    def _count(self, names: Mapping[str, Constraint], lower: str, upper: str) -> Markup:
        t = self._t
        least = names[lower].number if lower in names else None
        most = names[upper].number if upper in names else None
        if least and least == most:
            return escape(t("exactly", n=least))
        parts = [t("at-least", n=least)] if least else []
        parts += [t("none") if most == 0 else t("at-most", n=most)] if most is not None else []
        return Markup(", ").join(map(escape, parts))

    def _phrase(
        self, one: Constraint, names: Mapping[str, Constraint], rule: Rule | None
    ) -> Markup:
        t = self._t
        match one.name:
            case "datatype" | "nodeKind":
                key = short(one.terms[0].value).replace("sh:", "kind-")
                return escape(t(key)) if t.has(key) else self._said("datatype", one=key)
            case "pattern" if name := _code_list(one):
                return self._said("list", one=self._listed(name))
            case "pattern":
                return self._said("pattern", one=Markup("<code>{}</code>").format(one.text))
            case "languageIn":
                keys = (f"in-{term.value}" for term in one.terms)
                return self._said(
                    "languages", one=self._either(t(key) if t.has(key) else key for key in keys)
                )
            case "minLength" if one.number == 1:
                return escape(t("not-empty"))
            case "minLength" | "maxLength":
                return self._said(one.name, one=one.number)
            case "qualifiedMinCount" | "qualifiedMaxCount":
                count = self._count(names, "qualifiedMinCount", "qualifiedMaxCount")
                return self._said("of-which", count=count, one=self._inner(one.shapes[0]))
            case "or" | "xone":
                classes = [_class(shape) for shape in one.shapes]
                if all(classes):
                    return self._said("class", one=self._either(map(self._link, classes)))
                return self._either(map(self._inner, one.shapes))
            case "and" | "node":
                return Markup(", ").join(map(self._inner, one.shapes))
            case "not":
                return self._said("not", one=self._inner(one.shapes[0]))
            case "sparql" | "component":
                return self._sentence(rule)
            case name if one.terms and t.has(name):
                return self._said(name, one=self._either(map(self._term, one.terms)))
            case name:
                return escape(t(name)) if t.has(name) else Markup("<code>{}</code>").format(name)

    def _either(self, phrases: Iterable[str]) -> Markup:
        return escape(self._t("or")).join(phrases)

    def _term(self, term: object) -> Markup:
        if isinstance(term, ox.NamedNode):
            return self._link(term.value)
        return Markup("<code>{}</code>").format(getattr(term, "value", term))

    def _listed(self, name: str) -> str:
        """Return the name of a code list: a link, where the graph has the list."""
        if not self._visit.engine.query(f"ASK {{ <{CODE}{name}> ?property ?value }}"):
            return name
        address = self._visit.url(f"/code/{name}")
        return Markup('<a href="{}">{}</a>').format(address, name)

    def _sentence(self, rule: Rule | None) -> Markup:
        """Return what a rule that is written as a query asks."""
        if rule is None:
            return escape(self._t("query"))
        for key in (f"rule-{rule.key}", f"rule-{rule.key.rpartition('-')[2]}"):
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

    def _path(self, path: PropertyPath) -> Markup:
        match path.operator:
            case "predicate":
                return self._link(path.predicate)
            case "inversePath":
                return self._said("inverse", one=self._path(path.parts[0]))
            case "alternativePath":
                return self._either(map(self._path, path.parts))
            case _:
                return Markup(" → ").join(map(self._path, path.parts))


def _code_list(one: Constraint) -> str:
    """Return the name of the code list that a pattern asks for; empty: none."""
    name = one.text.removeprefix(_LIST).rstrip("/") if one.name == "pattern" else ""
    return name if name != one.text and name.replace("-", "").isalnum() else ""


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
