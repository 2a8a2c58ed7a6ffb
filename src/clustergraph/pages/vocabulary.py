"""What the editor asks while somebody types: terms, things, whether the syntax is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, QuerySyntaxError
from clustergraph.pages.lexicon import in_language, title_of
from clustergraph.pages.model import model
from clustergraph.pages.usage import usage
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
_THINGS: Final = """SELECT ?thing ?label {
  ?thing rdfs:label|skos:prefLabel|cg:acronym ?label .
  FILTER(isIRI(?thing) && (STRSTARTS(STR(?thing), $id) || STRSTARTS(STR(?thing), $code)
    || STRSTARTS(STR(?thing), $nuts) || STRSTARTS(STR(?thing), $nace)))
}"""
_NAMESPACES: Final = {
    "id": ox.Literal(ID),
    "code": ox.Literal(CODE),
    "nuts": ox.Literal(PREFIXES["nuts"]),
    "nace": ox.Literal(PREFIXES["nace"]),
}
# What a property leads to: what it is used with, and whatever its range has. Nobody chooses among
# more than these; others are still found by what is typed.
_USED: Final = "SELECT DISTINCT ?value { ?thing $property ?value FILTER(isIRI(?value)) } LIMIT 5000"
_INSTANCES: Final = "SELECT DISTINCT ?value { ?value a $class FILTER(isIRI(?value)) } LIMIT 5000"
# Ranges that say nothing.
_ANYTHING: Final = frozenset((PREFIXES["owl"] + "Thing", PREFIXES["skos"] + "Concept"))


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
        case _ if name := visit.parameter("name"):
            return _json(_things(visit, lambda thing: shorten(thing.iri) == name))
        case _:
            return _json(_completions(visit))


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
            place = {"line": unknown.term.line, "column": unknown.term.column}
            return {**place, "message": str(unknown), "warning": True}
    return {}


def terms(visit: Visit) -> dict[str, list[Term]]:
    """Return the classes and properties in use or defined, the most used first."""
    key = f"terms-{visit.language}"
    if key not in visit.context.memory:
        used = usage(visit)
        rooms = {
            "classes": (used.classes, model().own("class")),
            "properties": (used.properties, model().own("object", "datatype", "annotation")),
        }
        visit.context.memory[key] = {
            room: sorted(
                (
                    _described(visit, iri, counts.get(iri, 0) + used.inferred.get(iri, 0))
                    for iri in counts | dict.fromkeys(term.iri for term in defined)
                    if iri.startswith(tuple(PREFIXES.values()))
                ),
                key=lambda term: (-term.count, term.name),
            )
            for room, (counts, defined) in rooms.items()
        }
    found: Any = visit.context.memory[key]
    return dict(found)


def _described(visit: Visit, iri: str, count: int) -> Term:
    title = title_of(visit, iri)
    known = model().terms.get(iri)
    definition = in_language(known.definitions, visit.language)[0] if known else ""
    return Term(shorten(iri), iri, count, "" if title == short(iri) else title, definition)


@dataclass(frozen=True, slots=True)
class _Thing:
    folded: str
    local: str
    label: str
    iri: str


def _completions(visit: Visit) -> list[dict[str, str]]:
    """Return things whose name or label fits what is typed; those that the property asks for."""
    asked = _plain(visit.parameter("q"))
    space = PREFIXES.get(visit.parameter("prefix"), "")
    expected = _expected(visit, visit.parameter("property"))

    def fits(thing: _Thing) -> bool:
        return thing.iri.startswith(space) and (asked in thing.folded or asked in thing.local)

    found = _things(visit, lambda thing: thing.iri in expected and fits(thing), asked)
    if found or len(asked) < _SHORTEST:
        return found
    return _things(visit, fits, asked)


def _things(
    visit: Visit, wanted: Callable[[_Thing], bool], asked: str = ""
) -> list[dict[str, str]]:
    """Return the things that are wanted, each once, by the label that fits best."""
    ranked: dict[str, tuple[int, bool, str]] = {}
    for thing in filter(wanted, _known(visit)):
        begins = thing.folded.startswith(asked) or thing.local.startswith(asked)
        rank = 0 if begins else 1 if f" {asked}" in thing.folded else 2
        # Things before codes: there are many regions and activities of one name.
        here = (rank, not thing.iri.startswith(ID), thing.label)
        ranked[thing.iri] = min(here, ranked.get(thing.iri, here))
    best = sorted(ranked, key=lambda iri: ranked[iri])[:_MOST_THINGS]
    return [{"name": shorten(iri), "label": ranked[iri][-1], "kind": _kind(iri)} for iri in best]


def _expected(visit: Visit, name: str) -> frozenset[str]:
    """Return what a property leads to: what it is used with, and the things of its range."""
    iri = next((one.iri for one in terms(visit)["properties"] if one.name == name), "")
    if not iri:
        return frozenset()
    key = f"objects {name}"
    if key not in visit.context.memory:
        term = model().terms.get(iri)
        ranges = {one for one in (term.ranges if term else ()) if one not in _ANYTHING}
        classes = ranges.union(*(model().descendants(one) for one in ranges))
        rows = visit.select(_USED, property=ox.NamedNode(iri))
        for one in classes:
            rows += visit.select(_INSTANCES, **{"class": ox.NamedNode(one)})
        visit.context.memory[key] = frozenset(row.value for row in rows)
    found: Any = visit.context.memory[key]
    return frozenset(found)


def _known(visit: Visit) -> list[_Thing]:
    """Return every name of every thing, in any language."""
    found: Any = visit.context.memory.get("things")
    if found is None:
        found = visit.context.memory["things"] = [
            _Thing(_plain(row.label), _plain(row.thing.rpartition("/")[2]), row.label, row.thing)
            for row in visit.select(_THINGS, **_NAMESPACES)
        ]
    listed: list[_Thing] = found
    return listed


def _plain(text: str) -> str:
    return fold(text.replace("-", " "))


def _kind(iri: str) -> str:
    """Return what sort of thing an IRI names: the part of it that says so."""
    for space in (ID, CODE):
        if iri.startswith(space):
            return iri.removeprefix(space).partition("/")[0]
    return short(iri).partition(":")[0]
