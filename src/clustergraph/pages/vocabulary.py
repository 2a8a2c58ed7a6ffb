"""What the editor asks while somebody types: terms, things, whether the syntax is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, QuerySyntaxError
from clustergraph.pages.model import in_language, model, title_of, usage
from clustergraph.pages.visit import short
from clustergraph.protocol import Response
from clustergraph.quadstore.evaluation import StoreEngine
from clustergraph.spelling import fold
from clustergraph.vocab import CG, CODE, ID, PREFIXES, shorten

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

T = TypeVar("T")
_MOST_THINGS: Final = 20
_SHORTEST: Final = 2
_SPACES: Final = (ID, CODE, PREFIXES["nuts"], PREFIXES["nace"])
_THINGS: Final = (
    "SELECT ?thing ?label { ?thing rdfs:label|skos:prefLabel|cg:acronym ?label FILTER("
    + " || ".join(f'STRSTARTS(STR(?thing), "{space}")' for space in _SPACES)
    + ") }"
)
# What a property leads to: what it is used with, and whatever its range has. Nobody chooses among
# more than these; others are still found by what is typed.
_USED: Final = "SELECT DISTINCT ?value { ?thing $property ?value FILTER(isIRI(?value)) } LIMIT 5000"
_INSTANCES: Final = "SELECT DISTINCT ?value { ?value a $class FILTER(isIRI(?value)) } LIMIT 5000"
# Ranges that say nothing.
_ANYTHING: Final = frozenset((PREFIXES["owl"] + "Thing", PREFIXES["skos"] + "Concept"))


class _Thing(NamedTuple):
    folded: str
    local: str
    label: str
    iri: str


def show(visit: Visit) -> Response:
    """Answer one of the editor's questions, in JSON."""
    match visit.captured["what"]:
        case "check":
            return _json(_checked(visit), cacheable=False)
        case "terms":
            return _json(terms(visit))
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
        for unknown, message in engine.unknown_terms(text, CG):
            place = {"line": unknown.line, "column": unknown.column}
            return {**place, "message": message, "warning": True}
    return {}


def terms(visit: Visit) -> dict[str, list[dict[str, Any]]]:
    """Return the classes and properties in use or defined, the most used first.

    Each has its name as queries write it, its IRI, how often it is used, and label and definition
    in the language of the visit, if there are any.
    """
    used = usage(visit)

    def listed(counts: dict[str, int], *kinds: str) -> list[dict[str, Any]]:
        found = []
        for iri in counts | dict.fromkeys(term.iri for term in model().own(*kinds)):
            if iri.startswith(tuple(PREFIXES.values())):
                title, known = title_of(visit, iri), model().terms.get(iri)
                found.append(
                    {
                        "name": shorten(iri),
                        "iri": iri,
                        "count": counts.get(iri, 0) + used.inferred.get(iri, 0),
                        "label": "" if title == short(iri) else title,
                        "definition": in_language(known.definitions, visit.language)[0]
                        if known
                        else "",
                    }
                )
        return sorted(found, key=lambda term: (-term["count"], term["name"]))

    return _kept(
        visit,
        f"terms-{visit.language}",
        lambda: {
            "classes": listed(used.classes, "class"),
            "properties": listed(used.properties, "object", "datatype", "annotation"),
        },
    )


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
    iri = next((one["iri"] for one in terms(visit)["properties"] if one["name"] == name), "")

    def found() -> frozenset[str]:
        term = model().terms.get(iri)
        ranges = {one for one in (term.ranges if term else ()) if one not in _ANYTHING}
        rows = visit.select(_USED, property=ox.NamedNode(iri))
        for one in ranges.union(*map(model().descendants, ranges)):
            rows += visit.select(_INSTANCES, **{"class": ox.NamedNode(one)})
        return frozenset(row.value for row in rows)

    return _kept(visit, f"objects {name}", found) if iri else frozenset()


def _known(visit: Visit) -> list[_Thing]:
    """Return every name of every thing, in any language."""

    def found() -> list[_Thing]:
        return [
            _Thing(_plain(row.label), _plain(row.thing.rpartition("/")[2]), row.label, row.thing)
            for row in visit.select(_THINGS)
        ]

    return _kept(visit, "things", found)


def _kept(visit: Visit, key: str, make: Callable[[], T]) -> T:
    """Return what is made once a worker, also of a graph that is another server's."""
    memory = visit.context.memory
    if key not in memory:
        memory[key] = make()
    return cast(T, memory[key])


def _plain(text: str) -> str:
    return fold(text.replace("-", " "))


def _kind(iri: str) -> str:
    """Return what sort of thing an IRI names: the part of it that says so."""
    for space in (ID, CODE):
        if iri.startswith(space):
            return iri.removeprefix(space).partition("/")[0]
    return short(iri).partition(":")[0]
