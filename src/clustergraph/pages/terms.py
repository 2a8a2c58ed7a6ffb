"""The page of a term: what it means, how it hangs together, what it asks of data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
from markupsafe import Markup

from clustergraph.pages.frame import page
from clustergraph.pages.lexicon import Link, entries, entry, in_language, named
from clustergraph.pages.model import Term, Texts, model
from clustergraph.pages.naming import called, names_of
from clustergraph.pages.rules import Rule, Wording, known
from clustergraph.pages.usage import usage
from clustergraph.pages.view import formats
from clustergraph.pages.visit import short
from clustergraph.quadstore.engine import reading
from clustergraph.vocab import BASE, CG, INFERRED

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.protocol import Response

__all__ = ["is_term", "term"]

_INSTANCES: Final = """SELECT DISTINCT ?thing
WHERE { GRAPH ?graph { ?thing a $term } FILTER(?graph != $inferred && isIRI(?thing)) }
LIMIT 8"""
_STATEMENTS: Final = """SELECT DISTINCT ?thing ?value
WHERE { GRAPH ?graph { ?thing $term ?value } FILTER(?graph != $inferred && isIRI(?thing)) }
LIMIT 8"""
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
    return page(
        visit,
        "term",
        headers=headers,
        entry=entry(visit, one, used),
        other=one.labels.get("cs" if visit.language == "en" else "en", ""),
        short=short(iri),
        module=in_language(whole.module(one.module).titles, visit.language)[0] or one.module,
        definition=_linked(visit, one.definitions),
        note=_linked(visit, one.notes),
        lines=_line(visit, one),
        relations=_relations(visit, one),
        rules=_rules(visit, one),
        outgoing=[(row, row.ranges) for row in entries(visit, outgoing, used)],
        incoming=[(row, row.domains) for row in entries(visit, incoming, used)],
        alignments=[
            (short(a.relation), short(a.term), a.term, a.note, a.file) for a in one.alignments
        ],
        below=sum(map(used.stated, whole.descendants(iri))),
        inferred=used.inferred.get(iri, 0),
        examples=_examples(visit, node, inferred, is_class),
        query=visit.query_text(_ALL if is_class else _ALL_STATEMENTS, term=node),
        formats=formats(visit, iri),
    )


def _linked(visit: Visit, texts: Texts) -> tuple[Markup, str]:
    """Return a text in which the terms that it names are links, and its language."""
    text, language = in_language(texts, visit.language)

    def link(match: re.Match[str]) -> str:
        if CG + match[1] not in model().terms:
            return match[0]
        title, href = named(visit, CG + match[1])
        return str(Markup('<a href="{}">{}</a>').format(href, title))

    return Markup(_OURS.sub(link, str(Markup.escape(text)))), language  # noqa: S704 - escaped


def _line(visit: Visit, one: Term) -> list[list[Link]]:
    """Return the ways from the top down to a term, each without the term itself."""
    terms = model().terms
    return [
        [*way, named(visit, above)]
        for above in one.above
        if above in terms
        for way in _line(visit, terms[above]) or [[]]
    ]


def _relations(visit: Visit, one: Term) -> list[tuple[str, list[Link]]]:
    related = {
        "domain": one.domains,
        "range": one.ranges,
        "inverse": (one.inverse,) if one.inverse else (),
        "below": [iri for iri in one.below if model().terms[iri].ours],
        "disjoint": one.disjoint,
    }
    return [
        (key, sorted((named(visit, iri) for iri in iris),
                     key=lambda link: visit.order(link[0])))
        for key, iris in related.items()
        if iris
    ]  # fmt: skip


def _rules(visit: Visit, one: Term) -> list[dict[str, Any]]:
    """Return the rules about a term, by the class that asks them, its own first."""
    say = Wording(visit)
    groups: dict[str, list[Rule]] = {}
    if one.kind == "class":
        for iri in (one.iri, *model().ancestors(one.iri)):
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
                "classes": [named(visit, other) for other in rule.classes],
            }
            for rule in rules
            if not (rule.key in seen or seen.add(rule.key))  # type: ignore[func-returns-value]
        ]
        if rows:
            found.append({"class": named(visit, iri) if iri else None, "rows": rows,
                          "own": iri == one.iri})  # fmt: skip
    return found


def _examples(
    visit: Visit, node: ox.NamedNode, inferred: ox.NamedNode, is_class: bool
) -> list[dict[str, Any]]:
    """Return things of a class, or statements with a property: what each shows, and leads to."""
    with reading():
        found = visit.solutions(
            _INSTANCES if is_class else _STATEMENTS, term=node, inferred=inferred
        )
        rows = [tuple(row) for row in found]
    things = {one for row in rows for one in row if isinstance(one, ox.NamedNode)}
    names = called(names_of(visit.engine, things), visit.language)

    def shown(one: Any) -> Link:
        if not isinstance(one, ox.NamedNode):
            return str(one.value), ""
        ours = one.value.startswith(BASE) or one.value in names
        return names.get(one.value, short(one.value)), visit.link(one.value) if ours else ""

    return [
        {"thing": shown(row[0]), "value": shown(row[1]) if len(row) > 1 else None} for row in rows
    ]
