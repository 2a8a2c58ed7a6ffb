"""Values of a thing as its page shows them: names, marks, numbered references, error reports.

And what follows of the thing from other statements, with the reasons in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox

from clustergraph.owl.incremental import Facts, Statement, reasons
from clustergraph.owl.rules import PathRule, TypeRule, compile_rules
from clustergraph.pages.about import report
from clustergraph.pages.model import title_of
from clustergraph.pages.visit import short
from clustergraph.vocab import BASE, CG, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.facts import Evidence, Fact, Thing
    from clustergraph.pages.visit import Visit

_FORMS: Final = (
    ("Turtle", "text/turtle", ".ttl"),
    ("JSON-LD", "application/ld+json", ".jsonld"),
    ("N-Triples", "application/n-triples", ".nt"),
    ("RDF/XML", "application/rdf+xml", ".rdf"),
)
_MOST_EXPLAINED: Final = 2
_MOST_CONCLUSIONS: Final = 12
_MARKED: Final = ("estimated", "derived", "inferred")
_WEB: Final = ("http://", "https://")
# Numbers of four digits may be years, and are as readable without a separator.
_YEAR_LIKE: Final = re.compile(r"\d{4}")
_DATES: Final = frozenset(PREFIXES["xsd"] + name for name in ("date", "gYearMonth"))
_NUMBERS: Final = frozenset(PREFIXES["xsd"] + name for name in ("integer", "decimal", "double"))


@dataclass(frozen=True, slots=True)
class Value:
    """A value as the page shows it.

    Attributes:
        text: what it is.
        href: where it leads; empty: nowhere.
        language: of the text; empty: none is told.
        marks: how it was come by, or what holds of it: keys of badges.
        aside: what is said with it in small letters.
        reference: the number of its reference; 0: none.
        report: where an error in it is reported; empty: nowhere.
    """

    text: str
    href: str = ""
    language: str = ""
    marks: tuple[str, ...] = ()
    aside: str = ""
    reference: int = 0
    report: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A property with its values as the page shows them.

    Attributes:
        name: of the property.
        values: some or all of them.
        href: the page of the property; empty: there is none.
        disputed: whether sources disagree.
        incoming: the IRI of the property by which they refer to the thing; empty: they do not.
        estimated: how many of all values are estimates.
        total: how many values there are, shown or not.
    """

    name: str
    values: Sequence[Value]
    href: str = ""
    disputed: bool = False
    incoming: str = ""
    estimated: int = 0
    total: int = 0


@dataclass
class View:
    """What the page shows of a thing, in the words of a visit."""

    visit: Visit
    thing: Thing
    references: dict[tuple[tuple[str, ...], ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = self.visit.words("thing")

    def name(self, iri: str) -> str:
        """Return what an IRI is called; properties of other vocabularies by words of the page."""
        key = short(iri)
        if iri not in self.thing.names and self.words.has(key):
            return self.words(key)
        name = self.thing.name(iri)
        if iri.startswith(PREFIXES["nuts"]):
            # Regions of different levels bear the same name.
            name += f" ({iri.removeprefix(PREFIXES['nuts'])})"
        return name

    @property
    def language(self) -> str:
        """The language of the thing's name, where it is not that of the page; else nothing."""
        known = {one.language for one in self.thing.titles}
        return "en" if self.visit.language not in known and "en" in known else ""

    def kinds(self) -> list[tuple[str, str]]:
        """Return the stated classes, name and address; those of the ontology where there are."""
        classes = self.thing.texts(PREFIXES["rdf"] + "type")
        own = [one for one in classes if one.startswith(CG)] or classes
        return [(self.name(one), self.visit.link(one)) for one in own]

    def fact(self, fact: Fact) -> Row:
        """Return one fact, ready to be shown; values in the language of the page first."""
        name, key = self.name(fact.property), "incoming-" + short(fact.property)
        if fact.incoming:
            name = self.words(key) if self.words.has(key) else name
            values = [self.value(one.term, one.evidence, name) for one in fact.values]
            return Row(name, values, incoming=fact.property, estimated=fact.estimated,
                       total=fact.total)  # fmt: skip
        values = [self.value(one.term, one.evidence, name) for one in fact.values]
        ranks = {language: rank for rank, language in enumerate(("", "en", self.visit.language))}
        values.sort(key=lambda one: -ranks.get(one.language, -1))
        href = self.visit.link(fact.property) if fact.property.startswith(BASE) else ""
        estimated = sum("estimated" in one.marks for one in values)
        return Row(name, values, href, fact.disputed, "", estimated, fact.total)

    def value(self, term: Any, evidence: Sequence[Evidence] = (), about: str = "") -> Value:
        """Return one value, with what its evidence says.

        Args:
            term: the value.
            evidence: for it.
            about: the name of the property, for reports of errors; empty: there are none.
        """
        marks = dict.fromkeys(one.basis for one in evidence if one.basis in _MARKED)
        roles = [self.name(role) for one in evidence for role in one.roles
                 if not role.endswith(("/member", "/partner"))]  # fmt: skip
        years = [self.words.day(one.year) for one in evidence if one.year]
        text, href = self._shown(term)
        source = next((source for one in evidence for source in one.sources), "")
        return Value(
            text,
            href,
            getattr(term, "language", None) or "",
            tuple(marks),
            ", ".join(dict.fromkeys((*roles, *years))),
            self.reference(evidence),
            report(self.visit, self.thing.iri, about, text, source) if about else "",
        )

    def _shown(self, term: Any) -> tuple[str, str]:
        """Return the text of a term, and where it leads."""
        if isinstance(term, ox.Literal):
            return self.text(term), ""
        if not isinstance(term, ox.NamedNode):
            return str(term), ""
        iri = term.value
        if iri.startswith(BASE) or iri in self.thing.names:
            return self.name(iri), self.visit.link(iri)
        # Whatever else an address may be (javascript:, data:), it is shown and not linked.
        name = short(iri)
        return _address(iri) if name == iri else name, iri if iri.startswith(_WEB) else ""

    def text(self, term: ox.Literal) -> str:
        """Return a literal as the language of the page writes it."""
        kind = term.datatype.value
        if kind in _DATES:
            return self.words.day(term.value)
        if kind in _NUMBERS and not _YEAR_LIKE.fullmatch(term.value):
            with suppress(ValueError):
                number = float(term.value) if "." in term.value else int(term.value)
                return self.words.number(number)
        return term.value

    def reference(self, evidence: Iterable[Evidence]) -> int:
        """Return the number of the reference that some evidence makes; 0: it names nothing."""
        told = [(one.sources, one.looked_at, one.notes) for one in evidence]
        reference = tuple(tuple(dict.fromkeys(chain(*part))) for part in zip(*told, strict=True))
        if not any(reference):
            return 0
        return self.references.setdefault(reference, len(self.references) + 1)

    def listed(self) -> list[dict[str, Any]]:
        """Return the references in the order of their numbers."""
        whole = (tuple(self.thing.evidence.sources), (), ())
        return [
            {
                "number": number,
                "whole": (sources, looked_at, notes) == whole,
                "sources": [self._source(source) for source in sources],
                "looked_at": [self._source(source) for source in looked_at],
                "notes": notes,
            }
            for (sources, looked_at, notes), number in self.references.items()
        ]

    def _source(self, source: str) -> dict[str, Any]:
        known: dict[str, Any] = self.thing.sources.get(source, {})
        linked = source.startswith(_WEB)
        return {
            "text": known.get("title") or (_address(source) if linked else source),
            "href": source if linked else "",
            "publisher": known.get("publisher"),
            "issued": self.words.day(known.get("issued")),
            "temporary": known.get("temporary") == "true",
        }


def formats(visit: Visit, iri: str) -> list[tuple[str, str, str]]:
    """Return name, media type and address of each form in which a thing is described."""
    path, mark, query = visit.link(iri).partition("?")
    return [(name, kind, path + suffix + mark + query) for name, kind, suffix in _FORMS]


def _address(iri: str) -> str:
    """Return an address as people read it: without scheme, not too long."""
    parts = urlsplit(iri)
    text = iri
    if parts.scheme in ("http", "https"):
        text = parts.netloc.removeprefix("www.") + unquote(parts.path).rstrip("/")
        text += f"?{unquote(parts.query)}" if parts.query else ""
    text = " ".join(text.split())
    return text if len(text) <= 90 else text[:88] + "…"


def conclusions(view: View) -> Iterator[tuple[Row, list[str]]]:
    """Yield what nobody states but what follows, each with the reasons.

    There are no reasons where the graph is another server's.
    """
    visit, thing = view.visit, view.thing
    node, facts = ox.NamedNode(thing.iri), Facts(visit.context.store)
    rules = visit.once("inference rules", lambda: compile_rules(visit.context.store))

    def explained(statements: Iterable[Statement]) -> list[str]:
        first = islice(statements, _MOST_EXPLAINED if visit.generation else 0)
        found = (next(reasons(statement, facts, rules), None) for statement in first)
        return list(dict.fromkeys(_axiom(view, reason[0]) for reason in found if reason))

    for fact in (*thing.inferred, *(link for link in thing.incoming if link.inferred)):
        name, values = ox.NamedNode(fact.property), fact.values[:_MOST_CONCLUSIONS]
        found: list[Statement] = []
        for term in (said.term for said in values):
            if not fact.incoming:
                found.append((node, name, term))
            elif isinstance(term, ox.NamedNode):
                found.append((term, name, node))
        yield view.fact(replace(fact, values=values)), explained(found)


def _axiom(view: View, rule: PathRule | TypeRule) -> str:
    """Return the axiom of a rule in words."""

    def title(term: object) -> str:
        iri = getattr(term, "value", "")
        return view.name(iri) if iri in view.thing.names else title_of(view.visit, iri)

    t, axiom = view.words, rule.axiom
    kind = axiom.predicate.value.rpartition("#")[2]
    first, second = title(axiom.subject), title(axiom.object)
    if kind == "type":
        kind = getattr(axiom.object, "value", "").rpartition("#")[2]
    if kind == "propertyChainAxiom" and isinstance(rule, PathRule):
        second = t("and-then").join(
            t("step-back" if step.inverse else "step", name=title(step.predicate))
            for step in rule.body
        )
    return t("axiom-" + kind, first=first, second=second)
