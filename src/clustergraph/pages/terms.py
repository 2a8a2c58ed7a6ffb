"""The page of a term: what it means, how it hangs together, what it asks of data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
from markupsafe import Markup

from clustergraph.pages.frame import page
from clustergraph.pages.model import Model, Term, model
from clustergraph.pages.rules import Rule, Wording, known, title_of
from clustergraph.pages.usage import usage
from clustergraph.pages.visit import short
from clustergraph.vocab import BASE, INFERRED

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.protocol import Response

__all__ = ["is_term", "term"]

_EXAMPLES: Final = 8
_INSTANCES: Final = """SELECT ?thing ?name
WHERE {
  { SELECT DISTINCT ?thing { GRAPH ?graph { ?thing a $term } FILTER(?graph != $inferred) }
    LIMIT 8 }
  OPTIONAL { ?thing rdfs:label|skos:prefLabel ?name }
}"""
_STATEMENTS: Final = """SELECT ?thing ?name ?value ?valueName
WHERE {
  { SELECT ?thing ?value { GRAPH ?graph { ?thing $term ?value } FILTER(?graph != $inferred) }
    LIMIT 8 }
  OPTIONAL { ?thing rdfs:label|skos:prefLabel ?name FILTER(LANG(?name) = "en") }
  OPTIONAL { ?value rdfs:label|skos:prefLabel ?valueName FILTER(LANG(?valueName) = "en") }
}"""
_ALL: Final = "SELECT ?thing WHERE { ?thing a $term }"
_ALL_STATEMENTS: Final = "SELECT ?thing ?value WHERE { ?thing $term ?value }"
_OURS: Final = re.compile(r"\bcg:([A-Za-z]\w*)")


def is_term(iri: str) -> bool:
    """Say whether the shipped ontology defines a term."""
    found = model().terms.get(iri)
    return found is not None and found.ours


def term(visit: Visit, iri: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the page of a term.

    Args:
        visit: who sees it.
        iri: the term, one for which `is_term` holds.
        headers: further headers of the response.
    """
    whole = model()
    one = whole.terms[iri]
    used = usage(visit)
    is_class = one.kind == "class"
    node, inferred = ox.NamedNode(iri), ox.NamedNode(INFERRED)
    outgoing, incoming = whole.about(iri) if is_class else ([], [])
    path = visit.link(iri)
    return page(
        visit,
        "term",
        headers=headers,
        term=one,
        title=title_of(visit, iri),
        other=one.labels.get("cs" if visit.language == "en" else "en", ""),
        short=short(iri),
        module=next(
            (m.titles.get(visit.language, m.name) for m in whole.modules if m.name == one.module),
            one.module,
        ),
        definition=_text(visit, whole, one.definitions),
        note=_text(visit, whole, one.notes),
        lines=_line(visit, whole, one),
        relations=_relations(visit, whole, one),
        rules=_rules(visit, whole, one),
        outgoing=[_property(visit, p, p.ranges) for p in outgoing],
        incoming=[_property(visit, p, p.domains) for p in incoming],
        alignments=[
            (short(a.relation), short(a.term), a.term, a.note, a.file) for a in one.alignments
        ],
        stated=used.stated.get(iri, 0),
        below=sum(used.stated.get(other, 0) for other in whole.descendants(iri)),
        inferred=used.inferred.get(iri, 0),
        examples=_examples(visit, node, inferred, is_class),
        query=visit.query_text(_ALL if is_class else _ALL_STATEMENTS, term=node),
        formats=[
            (name, kind, path + ending)
            for name, kind, ending in (
                ("Turtle", "text/turtle", ".ttl"),
                ("JSON-LD", "application/ld+json", ".jsonld"),
                ("N-Triples", "application/n-triples", ".nt"),
                ("RDF/XML", "application/rdf+xml", ".rdf"),
            )
        ],
    )


def _named(visit: Visit, iri: str) -> tuple[str, str]:
    return title_of(visit, iri), visit.link(iri)


def _text(visit: Visit, whole: Model, texts: Any) -> tuple[Markup, str]:
    """Return a text in the language of the visit, or else in English, and the language."""
    language = visit.language if visit.language in texts else "en"

    def linked(match: re.Match[str]) -> str:
        iri = _iri_of(match[1])
        if iri not in whole.terms:
            return match[0]
        return str(Markup('<a href="{}">{}</a>').format(visit.link(iri), title_of(visit, iri)))

    text = str(Markup.escape(texts.get(language, "")))
    return Markup(_OURS.sub(linked, text)), language  # noqa: S704 - escaped just before


def _iri_of(name: str) -> str:
    """Return the IRI of a term of the ontology by its name."""
    return f"{BASE}ns#{name}"


def _line(visit: Visit, whole: Model, one: Term) -> list[list[tuple[str, str]]]:
    """Return the ways from the top down to a term, each without the term itself."""
    ways: list[list[tuple[str, str]]] = []
    for above in one.above:
        if above in whole.terms:
            for way in _line(visit, whole, whole.terms[above]) or [[]]:
                ways.append([*way, _named(visit, above)])
    return ways


def _relations(visit: Visit, whole: Model, one: Term) -> list[tuple[str, list[tuple[str, str]]]]:
    below = [iri for iri in one.below if whole.terms[iri].ours]
    found = [
        ("domain", [_named(visit, iri) for iri in one.domains]),
        ("range", [_named(visit, iri) for iri in one.ranges]),
        ("inverse", [_named(visit, one.inverse)] if one.inverse else []),
        ("below", [_named(visit, iri) for iri in below]),
        ("disjoint", [_named(visit, iri) for iri in one.disjoint]),
    ]
    return [(key, sorted(values)) for key, values in found if values]


def _rules(visit: Visit, whole: Model, one: Term) -> list[dict[str, Any]]:
    """Return the rules about a term, by the class that asks them, its own first."""
    say = Wording(visit)
    groups: dict[str, list[Rule]] = {}
    if one.kind == "class":
        for iri in (one.iri, *whole.ancestors(one.iri)):
            groups[iri] = [rule for rule in known().values() if iri in rule.classes]
    else:
        for rule in known().values():
            if one.iri in rule.predicates:
                # A rule for many classes is told once.
                key = rule.classes[0] if len(rule.classes) == 1 else ""
                groups.setdefault(key, []).append(rule)
    seen: set[str] = set()
    found = []
    for iri, rules in groups.items():
        rows = [
            {
                "key": rule.key,
                "subject": say.subject(rule),
                "says": say.says(rule),
                "severity": rule.severity,
                "message": rule.message,
                "classes": [_named(visit, other) for other in rule.classes],
            }
            for rule in rules
            if not (rule.key in seen or seen.add(rule.key))  # type: ignore[func-returns-value]
        ]
        if rows:
            found.append({"class": _named(visit, iri) if iri else None, "rows": rows,
                          "own": iri == one.iri})  # fmt: skip
    return found


def _property(visit: Visit, one: Term, ends: tuple[str, ...]) -> dict[str, Any]:
    return {
        "title": title_of(visit, one.iri),
        "href": visit.link(one.iri),
        "ends": [_named(visit, end) for end in ends],
        "definition": one.definitions.get(visit.language) or one.definitions.get("en", ""),
    }


def _examples(
    visit: Visit, node: ox.NamedNode, inferred: ox.NamedNode, is_class: bool
) -> list[dict[str, Any]]:
    text = _INSTANCES if is_class else _STATEMENTS
    rank = {visit.language: 0, "en": 1, None: 2}
    solutions = list(visit.solutions(text, term=node, inferred=inferred))
    # The best name of each thing first: the others are passed over.
    solutions.sort(key=lambda row: rank.get(getattr(row["name"], "language", None), 3))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in solutions:
        thing = row["thing"]
        value = None if is_class else row["value"]
        key = (str(thing), str(value))
        if key in found or isinstance(thing, ox.BlankNode):
            continue
        name = row["name"]
        shown: dict[str, Any] = {
            "text": name.value if name is not None else short(thing.value),
            "href": visit.link(thing.value),
        }
        if isinstance(value, ox.NamedNode):
            label = row["valueName"]
            ours = value.value.startswith(BASE) or label is not None
            shown["value"] = label.value if label is not None else short(value.value)
            shown["value_href"] = visit.link(value.value) if ours else ""
        elif value is not None:
            shown["value"], shown["value_href"] = value.value, ""
        found[key] = shown
    return list(found.values())[:_EXAMPLES]
