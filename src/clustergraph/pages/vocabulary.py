"""What the editor asks while somebody types: terms, things, whether the syntax is right."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, QuerySyntaxError
from clustergraph.pages.visit import short
from clustergraph.protocol import Response
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.spelling import fold
from clustergraph.vocab import CG, CODE, ID, PREFIXES, shorten

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["Term", "show", "terms"]

_MOST_THINGS: Final = 20
_SHORTEST: Final = 2
# Counted apart from the labels: joined, each of a thing's labels would be looked up anew.
_USED: Final = {
    "classes": "SELECT ?term (COUNT(*) AS ?count) { ?thing a ?term } GROUP BY ?term",
    "properties": "SELECT ?term (COUNT(*) AS ?count) { ?thing ?term ?value } GROUP BY ?term",
}
_KNOWN: Final = {
    "classes": "VALUES ?kind { owl:Class rdfs:Class } ?term a ?kind",
    "properties": "VALUES ?kind { owl:ObjectProperty owl:DatatypeProperty "
    "owl:AnnotationProperty } ?term a ?kind",
}
_WORDS: Final = """SELECT ?term ?label ?definition {
  %s . FILTER(isIRI(?term))
  OPTIONAL { ?term rdfs:label ?label FILTER(LANG(?label) = $language) }
  OPTIONAL { ?term skos:definition ?definition FILTER(LANG(?definition) = $language) }
}"""
_THINGS: Final = """SELECT ?thing ?label {
  ?thing rdfs:label|skos:prefLabel|cg:acronym ?label .
  FILTER(isIRI(?thing) && (STRSTARTS(STR(?thing), $id) || STRSTARTS(STR(?thing), $code)
    || STRSTARTS(STR(?thing), $nuts) || STRSTARTS(STR(?thing), $nace)))
}"""


_OBJECTS: Final = "SELECT DISTINCT ?value { ?thing $property ?value FILTER(isIRI(?value)) }"


@dataclass(frozen=True, slots=True)
class Term:
    """A class or a property.

    Attributes:
        name: as a query writes it.
        iri: the IRI.
        count: how often it is used.
        label: in the language of whoever asks, if there is one.
        definition: likewise.
    """

    name: str
    iri: str
    count: int
    label: str
    definition: str


def show(visit: Visit) -> Response:
    """Answer one of the editor's questions, in JSON."""
    match visit.captured["what"]:
        case "check":
            return _json(_checked(visit), cacheable=False)
        case "terms":
            found = {room: [asdict(one) for one in listed] for room, listed in terms(visit).items()}
            return _json(found)
        case _:
            space = PREFIXES.get(visit.parameter("prefix"), "")
            meant = _objects(visit, visit.parameter("property"))
            return _json(_things(visit, _fold(visit.parameter("q")), space, meant))


def _json(content: Any, cacheable: bool = True) -> Response:
    head = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-cache" if cacheable else "no-store"),
        ("Vary", "Accept-Language, Cookie"),
    ]
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(200, head, body, cacheable=cacheable)


def _checked(visit: Visit) -> dict[str, Any]:
    """Return where and why a query is not SPARQL, or names an unknown term; else nothing."""
    text = visit.parameter("query")
    engine = visit.context.engine
    try:
        engine.check(text)
    except QuerySyntaxError as error:
        return {"line": error.line, "column": error.column, "message": str(error)}
    except ClusterGraphError as error:
        return {"message": error.public_message}
    if isinstance(engine, StoreEngine):
        for unknown in engine.unknown_terms(text, CG):
            term = unknown.term
            return {"line": term.line, "column": term.column, "message": str(unknown)}
    return {}


def terms(visit: Visit) -> dict[str, list[Term]]:
    """Return the classes and properties in use or defined, the most used first."""
    key = f"terms-{visit.language}"
    if key not in visit.context.memory:
        visit.context.memory[key] = {room: _gathered(visit, room) for room in _USED}
    found: Any = visit.context.memory[key]
    return dict(found)


def _gathered(visit: Visit, room: str) -> list[Term]:
    counts = {row.term: int(row.count) for row in visit.select(_USED[room])}
    words: dict[str, tuple[str, str]] = {}
    language = ox.Literal(visit.language)
    for row in visit.select(_WORDS % _KNOWN[room], language=language):
        words.setdefault(row.term, (row.label or "", row.definition or ""))
    listed = [
        Term(shorten(iri), iri, counts.get(iri, 0), *words.get(iri, ("", "")))
        for iri in counts | words
        if iri.startswith(tuple(PREFIXES.values()))
    ]
    return sorted(listed, key=lambda term: (-term.count, term.name))


@dataclass(frozen=True, slots=True)
class _Thing:
    folded: str
    local: str
    label: str
    iri: str


def _things(visit: Visit, asked: str, space: str, meant: frozenset[str]) -> list[dict[str, str]]:
    """Return things whose name or label fits what is typed, the best first.

    Args:
        visit: who asks.
        asked: what is typed, folded.
        space: the namespace they must be in; empty: any.
        meant: things that are likelier than others.
    """
    if len(asked) < _SHORTEST and not meant:
        return []
    ranked: dict[str, tuple[bool, int, bool, str]] = {}
    for thing in _known(visit):
        if not thing.iri.startswith(space):
            continue
        if thing.folded.startswith(asked) or thing.local.startswith(asked):
            rank = 0
        elif f" {asked}" in thing.folded:
            rank = 1
        elif asked in thing.folded or asked in thing.local:
            rank = 2
        else:
            continue
        # Things before codes: there are many regions and activities of one name.
        here = (thing.iri not in meant, rank, not thing.iri.startswith(ID), thing.label)
        ranked[thing.iri] = min(here, ranked.get(thing.iri, here))
    best = sorted(ranked, key=lambda iri: ranked[iri])[:_MOST_THINGS]
    return [
        {"name": shorten(iri), "label": ranked[iri][-1], "kind": _kind(iri)}
        for iri in best
        if len(asked) >= _SHORTEST or iri in meant
    ]


def _objects(visit: Visit, name: str) -> frozenset[str]:
    """Return what a property leads to in the graph; nothing if there is no such property."""
    known = {term.name: term.iri for term in terms(visit)["properties"]}
    if name not in known:
        return frozenset()
    key = f"objects {name}"
    if key not in visit.context.memory:
        rows = visit.select(_OBJECTS, property=ox.NamedNode(known[name]))
        visit.context.memory[key] = frozenset(row.value for row in rows)
    found: Any = visit.context.memory[key]
    return frozenset(found)


def _known(visit: Visit) -> list[_Thing]:
    found: Any = visit.context.memory.get("things")
    if found is None:
        spaces = {
            "id": ox.Literal(ID),
            "code": ox.Literal(CODE),
            "nuts": ox.Literal(PREFIXES["nuts"]),
            "nace": ox.Literal(PREFIXES["nace"]),
        }
        found = visit.context.memory["things"] = [
            _Thing(_fold(row.label), _fold(row.thing.rpartition("/")[2]), row.label, row.thing)
            for row in visit.select(_THINGS, **spaces)
        ]
        found.sort(key=attrgetter("folded"))
    listed: list[_Thing] = found
    return listed


def _fold(text: str) -> str:
    """Return a text without accents, case and hyphens, to compare by."""
    return fold(text.replace("-", " ")).strip()


def _kind(iri: str) -> str:
    """Return what sort of thing an IRI names: the part of it that says so."""
    for space in (ID, CODE):
        if iri.startswith(space):
            return iri.removeprefix(space).partition("/")[0]
    return short(iri).partition(":")[0]
