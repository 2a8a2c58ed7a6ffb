"""Descriptions of things, each at an address of its own.

They are at ``/doc/…``, ``/code/…``, ``/graph/…`` and ``/ns/…``.

One address negotiates, and each format has another: ``/doc/place/brno`` and
``/doc/place/brno.ttl``. Things whose IRIs are not ours are described at ``/resource?iri=…``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote, urlencode

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.linked import forms, plain
from clustergraph.linked.aliases import thing_of
from clustergraph.linked.forms import HTML, JSON
from clustergraph.linked.listing import listing
from clustergraph.linked.things import Description, describe, exists, withdrawn
from clustergraph.pages.frame import Visit, refuse
from clustergraph.pages.visit import local
from clustergraph.protocol import Response, faults
from clustergraph.protocol.preconditions import http_date
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE, CG, ID, PREFIXES

__all__ = ["LICENCE", "existing", "link", "missing", "modified", "page_number", "respond", "show"]

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_RDF_TYPE: Final = PREFIXES["rdf"] + "type"
_FOAF: Final = PREFIXES["foaf"]
_DCTERMS: Final = PREFIXES["dcterms"]
_HYDRA: Final = "http://www.w3.org/ns/hydra/core#"
# Those of others whose IRIs say what their terms mean.
_VOCABULARIES: Final = tuple(
    iri
    for prefix, iri in PREFIXES.items()
    if not iri.startswith(BASE) and prefix not in ("nuts", "nace")
)
_MOST_TYPES: Final = 8
_ABOUT_PAGE: Final = "https://schema.org/AboutPage"


def show(visit: Visit) -> Response:
    """Return the description of what an address names."""
    if visit.path.startswith("/resource"):
        suffix = visit.path.removeprefix("/resource")
        form = next((one for one in forms.FORMS if one.suffix == suffix), None)
        name = visit.parameter("iri")
        if not name:
            detail = "say which thing to describe: /resource?iri=IRI"
            raise faults.bad_request(detail)
    else:
        path, form = forms.split(visit.path)
        room, _, rest = path[1:].partition("/")
        name = {"doc": ID, "ns": CG}.get(room, f"{BASE}{room}/") + quote(
            rest, safe="/-._~!$&'()*+,;=:@%"
        )
    if not name.startswith(BASE) or visit.path.startswith("/resource"):
        name = _iri(name)
    return respond(visit, ox.NamedNode(name), form)


def respond(visit: Visit, iri: ox.NamedNode, form: Format | None) -> Response:
    """Return the description of a thing, in the format that its address or the client names."""
    number = page_number(visit)
    if (others := withdrawn(visit.engine, iri)) is not None and iri.value.startswith(ID):
        return _gone(visit, iri, others)
    chosen = form or forms.choose(visit.request.headers.get("accept"))
    if chosen is HTML:
        # Only now: most of those who ask for data never see a page.
        from clustergraph.pages import described, terms

        if iri.value.startswith(CG) and terms.is_term(iri.value):
            visit.place = "ontology"
            head = _head(visit, iri, chosen, form is None, types_of(visit, iri), 1, more=False)
            return terms.term(visit, iri.value, headers=tuple(head))
        if not exists(visit.engine, iri):
            return _elsewhere(visit, iri, chosen) or missing(visit, iri)

        visit.place = "described"
        types = types_of(visit, iri)
        head = _head(visit, iri, chosen, form is None, types, page=1, more=False)
        return described.thing(visit, iri.value, headers=tuple(head))
    inferred = visit.parameter("inferred") in ("1", "true", "yes")
    found = describe(visit.engine, visit.context, iri, number, inferred=inferred)
    if not found.known:
        return _elsewhere(visit, iri, chosen) or missing(visit, iri)
    if chosen is JSON:
        body = plain.write(found, visit.base)
    else:
        body = forms.write([*found.triples(), *_about_document(visit, found)], chosen)
    types = [term.value for term in found.values(_RDF_TYPE) if isinstance(term, ox.NamedNode)]
    head = [("Content-Type", chosen.content_type), ("Vary", "Accept")]
    head += _head(visit, iri, chosen, form is None, types, number, found.more)
    return Response(200, head, body, cacheable=True)


def _elsewhere(visit: Visit, iri: ox.NamedNode, chosen: Format) -> Response | None:
    """Return the way to a term of which the graph says nothing, but its vocabulary does."""
    from clustergraph.linked import vocabularies

    target = ""
    if iri.value.startswith(CG):
        if vocabularies.defines(iri.value):
            suffix = "" if chosen in (HTML, JSON) else chosen.suffix
            target = f"{visit.base}/ns{suffix}#{iri.value.removeprefix(CG)}"
    elif any(iri.value.startswith(namespace) for namespace in _VOCABULARIES):
        target = iri.value
    if not target:
        return None
    head = [("Location", quote(target, safe=_URI)), ("Vary", "Accept")]
    return Response(303, head, cacheable=True)


def existing(visit: Visit, iri: ox.NamedNode) -> Response | None:
    """Return the refusal for a thing that is not there, or no longer; None: it is."""
    if (others := withdrawn(visit.engine, iri)) is not None:
        return _gone(visit, iri, others)
    return None if exists(visit.engine, iri) else missing(visit, iri)


def missing(visit: Visit, iri: ox.NamedNode) -> Response:
    """Return the way to a thing that has another IRI by now, or 404 with what was meant."""
    thing = thing_of(iri.value)
    if thing is not None and exists(visit.engine, ox.NamedNode(thing)):
        target = visit.base + visit.link(thing).removeprefix(visit.root)
        head = [("Location", target), ("Link", link(thing, "canonical"))]
        return Response(301, head, cacheable=True)
    known = listing(visit.engine, visit.context)
    meant = known.like(iri.value)
    hint = f"; did you mean {' or '.join(f'<{one}>' for one in meant)}?" if meant else ""
    error = UnknownNameError("thing", iri.value, ())
    error.args = (f"no such thing: <{iri.value}>{hint}",)
    error.suggestions = meant
    names = _names(visit, meant)
    suggestions = [(names.get(one, one.removeprefix(BASE)), visit.link(one)) for one in meant]
    response = refuse(visit, error, suggestions=suggestions)
    response.headers.append(("Vary", "Accept"))
    return response


def _names(visit: Visit, iris: Sequence[str]) -> dict[str, str]:
    """Return what things are called, in the language of the visit or else in English."""
    found: dict[str, str] = {}
    known = " ".join(str(ox.NamedNode(iri)) for iri in iris)
    rows = visit.select(
        f"SELECT ?thing ?name (LANG(?name) AS ?language) {{ VALUES ?thing {{ {known} }} "
        "?thing rdfs:label|skos:prefLabel ?name }"
    )
    for row in rows:
        if row.language == visit.language or (row.language == "en" and row.thing not in found):
            found[row.thing] = row.name
    return found


def types_of(visit: Visit, iri: ox.NamedNode) -> list[str]:
    """Return the classes of a thing."""
    found = visit.engine.query(f"SELECT DISTINCT ?class {{ {iri} a ?class FILTER(isIRI(?class)) }}")
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    return [row["class"].value for row in found]


def page_number(visit: Visit) -> int:
    """Return the number of the page that an address asks for, from 1.

    Raises:
        RequestError: it is no such number (400).
    """
    text = visit.parameter("page", "1")
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 1_000_000):
        raise faults.bad_request(f"page is a number from 1 on, not {text!r}")
    return int(text)


def modified(visit: Visit) -> list[tuple[str, str]]:
    """Return the header that says when the graph changed last, if that is known."""
    committed_at = visit.context.committed_at
    return [] if committed_at is None else [("Last-Modified", http_date(committed_at))]


def link(target: str, rel: str, media_type: str = "", **more: str) -> str:
    """Return one link for a Link header (RFC 8288)."""
    parameters = {"rel": rel, **({"type": media_type} if media_type else {}), **more}
    words = "".join(f'; {name}="{value}"' for name, value in parameters.items())
    return f"<{quote(target, safe=_URI)}>{words}"


_URI: Final = "/:?#[]@!$&'()*+,;=-._~%"


def _head(
    visit: Visit,
    iri: ox.NamedNode,
    chosen: Format,
    negotiated: bool,
    types: Iterable[str],
    page: int,
    more: bool,
) -> list[tuple[str, str]]:
    """Return the headers that lead on: to other formats, pages, the class, the dataset.

    FAIR Signposting Profile, level 1; RFC 8288; RFC 6906 for ``type`` in its sense there.
    """
    address = _address(visit, iri)
    links = [link(iri.value, "cite-as")]
    for form in forms.FORMS:
        if form is not chosen:
            target = _suffixed(address, form.suffix)
            links.append(link(target, "alternate", form.media_type, title=form.name))
    links += [
        link(_suffixed(address, form.suffix), "describedby", form.media_type) for form in forms.RDF
    ]
    links += [link(one, "type") for one in itertools.islice(types, _MOST_TYPES)]
    if chosen is HTML:
        links.append(link(_ABOUT_PAGE, "type"))
    links += [link(f"{visit.base}/catalog", "collection"), link(LICENCE, "license")]
    if chosen is JSON:
        context = f"{visit.base}/context.jsonld"
        links.append(link(context, "http://www.w3.org/ns/json-ld#context", "application/ld+json"))
    own = _suffixed(address, "" if negotiated else chosen.suffix)
    if page > 1:
        links += [link(_paged(own, 1), "first"), link(_paged(own, page - 1), "prev")]
    if more:
        links.append(link(_paged(own, page + 1), "next"))
    head = [("Link", ", ".join(links)), *modified(visit)]
    if negotiated:
        head.append(("Content-Location", quote(_suffixed(address, chosen.suffix), safe=_URI)))
    return head


def _about_document(visit: Visit, found: Description) -> list[ox.Triple]:
    """Return what the document says of itself: its topic, licence, dataset, further pages."""
    address = _address(visit, found.iri)
    document = ox.NamedNode(quote(address, safe=_URI))

    def say(predicate: str, value: str) -> ox.Triple:
        return ox.Triple(document, ox.NamedNode(predicate), ox.NamedNode(value))

    said = [
        say(_RDF_TYPE, _FOAF + "Document"),
        say(_FOAF + "primaryTopic", found.iri.value),
        say(_DCTERMS + "license", LICENCE),
        say(PREFIXES["void"] + "inDataset", f"{visit.base}/.well-known/void#dataset"),
    ]
    if found.more or found.page > 1:
        view = ox.NamedNode(quote(_paged(address, found.page), safe=_URI))

        def turn(name: str, page: int) -> ox.Triple:
            other = ox.NamedNode(quote(_paged(address, page), safe=_URI))
            return ox.Triple(view, ox.NamedNode(_HYDRA + name), other)

        said.append(say(_HYDRA + "view", view.value))
        kind = ox.NamedNode(_HYDRA + "PartialCollectionView")
        said.append(ox.Triple(view, ox.NamedNode(_RDF_TYPE), kind))
        said.append(turn("first", 1))
        if found.page > 1:
            said.append(turn("previous", found.page - 1))
        if found.more:
            said.append(turn("next", found.page + 1))
    return said


def _gone(visit: Visit, iri: ox.NamedNode, others: list[str]) -> Response:
    """Return 410 for a thing that was withdrawn, with what replaces it."""
    instead = f"; it is replaced by {', '.join(f'<{one}>' for one in others)}" if others else ""
    detail = f"<{iri.value}> was withdrawn{instead}"
    error = faults.gone(detail, replaced_by=others)
    suggestions = [(one.removeprefix(BASE), visit.link(one)) for one in others]
    response = refuse(visit, error, suggestions=suggestions)
    response.headers.append(("Vary", "Accept"))
    if others:
        links = [link(visit.base + local(one), "successor-version") for one in others]
        response.headers.append(("Link", ", ".join(links)))
    return response


def _address(visit: Visit, iri: ox.NamedNode) -> str:
    """Return the address of a description, whatever its format."""
    return visit.base + local(iri.value)


def _suffixed(address: str, suffix: str) -> str:
    path, mark, query = address.partition("?")
    return path + suffix + mark + query


def _paged(address: str, page: int) -> str:
    if page == 1:
        return address
    return address + ("&" if "?" in address else "?") + urlencode({"page": page})


def _iri(text: str) -> str:
    """Check an IRI that somebody has written.

    Raises:
        RequestError: it is none (400).
    """
    try:
        return ox.NamedNode(text).value
    except ValueError as error:
        detail = f"{text!r} is no absolute IRI ({error})"
        raise faults.bad_request(detail) from error
