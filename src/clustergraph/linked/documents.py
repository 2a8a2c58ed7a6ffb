"""Descriptions of things, each at an address of its own.

They are at ``/doc/…``, ``/code/…``, ``/graph/…`` and ``/ns/…``.

One address negotiates, and each format has another: ``/doc/place/brno`` and
``/doc/place/brno.ttl``. Things whose IRIs are not ours are described at ``/resource?iri=…``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import urlencode

import pyoxigraph as ox

from clustergraph.errors import RequestError
from clustergraph.linked import forms, jsonld, vocabularies
from clustergraph.linked.forms import HTML, JSON
from clustergraph.linked.listing import listing
from clustergraph.linked.things import Description, describe, exists, thing_of, withdrawn
from clustergraph.pages import addresses, described, ontology
from clustergraph.pages.addresses import local
from clustergraph.pages.frame import asks_for_picture, refuse
from clustergraph.pages.statements import called, names_of
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response, faults, parameters
from clustergraph.protocol.description import LICENCE, parsed
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE, CG, ID, PREFIXES

_RDF_TYPE: Final = PREFIXES["rdf"] + "type"
# Those of others whose IRIs say what their terms mean.
_VOCABULARIES: Final = tuple(
    iri
    for prefix, iri in PREFIXES.items()
    if not iri.startswith(BASE) and prefix not in ("nuts", "nace")
)
_MOST_TYPES: Final = 8
_JSONLD_CONTEXT: Final = "http://www.w3.org/ns/json-ld#context"
_ABOUT_PAGE: Final = "https://schema.org/AboutPage"


def show(visit: Visit) -> Response:
    """Return the description of what an address names."""
    if visit.path.startswith("/resource"):
        suffix = visit.path.removeprefix("/resource")
        form = next((one for one in forms.FORMS if one.suffix == suffix), None)
        name = visit.parameter("iri")
        if not name:
            raise faults.bad_request("say which thing to describe: /resource?iri=IRI")
        return respond(visit, parameters.node(name), form)
    iri, form = named(visit)
    return respond(visit, iri, form)


def identity(visit: Visit) -> Response:
    """Redirect from a thing at ``/id/…`` to its description (303; RFC 9110, section 15.4.4)."""
    iri, _ = named(visit)
    if (refusal := existing(visit, iri)) is not None:
        return refusal
    target = visit.base + local(iri.value)
    head = [("Location", target), *forms.header([forms.link(target, "describedby")])]
    return Response(303, head, cacheable=True)


def named(visit: Visit) -> tuple[ox.NamedNode, Format | None]:
    """Return the IRI that a path means, and the format that it asks for; None: it asks for none.

    A path may be read in several ways, since a name may end like a format, or hold escapes: of
    these the first counts of which the graph says anything, whole names first.

    Raises:
        RequestError: no reading is an IRI (400).
    """
    raw = visit.request.raw_path or visit.request.path
    room, _, rest = raw[1:].partition("/")
    space = {"id": ID, "doc": ID, "ns": CG}.get(room, f"{BASE}{room}/")
    stem, form = forms.split(rest)
    found: list[tuple[ox.NamedNode, Format | None]] = []
    for part, suffix in ((rest, None), (stem, form)) if form and room != "id" else ((rest, None),):
        for name in addresses.readings(part):
            with suppress(RequestError):
                found.append((parameters.node(space + name), suffix))
    query = visit.request.query_string.decode("latin-1")
    if query and "=" in query:
        # An IRI may have a query itself, which arrives as that of the address.
        with suppress(RequestError):
            found.append((parameters.node(f"{space}{rest}?{query}"), None))
    if not found:
        parameters.node(space + rest, "the address")
    if len(found) == 1:
        return found[0]
    known = (one for one in found if _known(visit, one[0]))
    return next(known, next((one for one in found if one[1] is not None), found[0]))


def _known(visit: Visit, iri: ox.NamedNode) -> bool:
    if iri.value.startswith(CG) and vocabularies.defines(iri.value):
        return True
    return thing_of(iri.value) is not None or exists(visit.engine, iri)


def respond(visit: Visit, iri: ox.NamedNode, form: Format | None) -> Response:
    """Return the description of a thing, in the format that its address or the client names."""
    number = forms.page_number(visit)
    if (others := withdrawn(visit.engine, iri)) is not None and iri.value.startswith(ID):
        return _gone(visit, iri, others)
    accept = visit.request.headers.get("accept")
    chosen = HTML if asks_for_picture(visit.request) else form or forms.choose(accept)
    if chosen is HTML:
        return _page(visit, iri, form)
    inferred = visit.parameter("inferred") in ("1", "true", "yes")
    found = describe(visit.engine, visit.context, iri, number, inferred=inferred)
    if not found.known:
        return _elsewhere(visit, iri, chosen) or missing(visit, iri)
    types = [
        triple.object.value
        for triple in found.outgoing
        if triple.subject == iri
        and triple.predicate.value == _RDF_TYPE
        and isinstance(triple.object, ox.NamedNode)
    ]
    triples = [*found.triples(), *_about_document(visit, found)]
    head = _head(visit, iri, chosen, form is None, types, number, found.more)
    if chosen is not JSON:
        return forms.respond(triples, chosen, head)
    head = [("Content-Type", chosen.content_type), ("Vary", "Accept"), *head]
    return Response(200, head, jsonld.plain(found, visit.base), cacheable=True)


def _page(visit: Visit, iri: ox.NamedNode, form: Format | None) -> Response:
    if iri.value.startswith(CG) and ontology.is_term(iri.value):
        visit.place = "ontology"
        head = _head(visit, iri, HTML, form is None, types_of(visit, iri), 1, more=False)
        return ontology.term(visit, iri.value, headers=tuple(head))
    if not exists(visit.engine, iri):
        return _elsewhere(visit, iri, HTML) or missing(visit, iri)
    visit.place = "described"
    head = _head(visit, iri, HTML, form is None, types_of(visit, iri), 1, more=False)
    return described.thing(visit, iri.value, headers=tuple(head))


def _elsewhere(visit: Visit, iri: ox.NamedNode, chosen: Format) -> Response | None:
    """Return the way to a term of which the graph says nothing, but its vocabulary does."""
    target = ""
    if iri.value.startswith(CG):
        if vocabularies.defines(iri.value):
            suffix = "" if chosen in (HTML, JSON) else chosen.suffix
            target = f"{visit.base}/ns{suffix}#{iri.value.removeprefix(CG)}"
    elif any(iri.value.startswith(namespace) for namespace in _VOCABULARIES):
        target = iri.value
    if not target:
        return None
    head = [("Location", forms.uri(target)), ("Vary", "Accept")]
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
        head = [("Location", visit.base + local(thing))]
        head += forms.header([forms.link(thing, "canonical")])
        return Response(301, head, cacheable=True)
    known = listing(visit.engine, visit.context)
    meant = known.like(iri.value)
    hint = f"; did you mean {' or '.join(f'<{one}>' for one in meant)}?" if meant else ""
    error = faults.not_found(f"no such thing: <{iri.value}>{hint}", suggestions=meant)
    titles = called(names_of(visit.engine, map(ox.NamedNode, meant)), visit.language)
    suggestions = [(titles.get(one, one.removeprefix(BASE)), visit.link(one)) for one in meant]
    response = refuse(visit, error, suggestions=suggestions)
    response.headers.append(("Vary", "Accept"))
    return response


def types_of(visit: Visit, iri: ox.NamedNode) -> list[str]:
    """Return the classes of a thing."""
    found = visit.engine.query(f"SELECT DISTINCT ?class {{ {iri} a ?class FILTER(isIRI(?class)) }}")
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    return [row["class"].value for row in found]


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
    address = visit.base + local(iri.value)
    listed = [forms.link(iri.value, "cite-as"), *forms.alternates(address, chosen, forms.FORMS)]
    listed += [
        forms.link(forms.suffixed(address, form.suffix), "describedby", form.media_type)
        for form in forms.RDF
    ]
    listed += [forms.link(one, "type") for one in itertools.islice(types, _MOST_TYPES)]
    if chosen is HTML:
        listed.append(forms.link(_ABOUT_PAGE, "type"))
    listed.append(forms.link(f"{visit.base}/catalog", "collection"))
    listed.append(forms.link(LICENCE, "license"))
    if chosen is JSON:
        context = f"{visit.base}/context.jsonld"
        listed.append(forms.link(context, _JSONLD_CONTEXT, "application/ld+json"))
    own = forms.suffixed(address, "" if negotiated else chosen.suffix)
    if page > 1:
        listed.append(forms.link(_paged(own, 1), "first"))
        listed.append(forms.link(_paged(own, page - 1), "prev"))
    if more:
        listed.append(forms.link(_paged(own, page + 1), "next"))
    head = [*forms.header(listed), *forms.modified(visit)]
    if negotiated:
        head.append(("Content-Location", forms.uri(forms.suffixed(address, chosen.suffix))))
    return head


def _about_document(visit: Visit, found: Description) -> list[ox.Triple]:
    """Return what the document says of itself: its topic, licence, dataset, further pages."""
    address = visit.base + local(found.iri.value)
    document = f"<{forms.uri(address)}>"
    text = f"""
{document} a foaf:Document ; foaf:primaryTopic {found.iri} ;
    dcterms:license <{LICENCE}> ; void:inDataset <{visit.base}/.well-known/void#dataset> .
"""
    if found.more or found.page > 1:
        text += forms.pages(
            document, found.page, found.more, lambda page: forms.uri(_paged(address, page))
        )
    return list(parsed(text))


def _gone(visit: Visit, iri: ox.NamedNode, others: list[str]) -> Response:
    """Return 410 for a thing that was withdrawn, with what replaces it."""
    instead = f"; it is replaced by {', '.join(f'<{one}>' for one in others)}" if others else ""
    detail = f"<{iri.value}> was withdrawn{instead}"
    error = faults.fault("Withdrawn", detail, replaced_by=others)
    suggestions = [(one.removeprefix(BASE), visit.link(one)) for one in others]
    response = refuse(visit, error, suggestions=suggestions)
    response.headers.append(("Vary", "Accept"))
    if others:
        response.headers += forms.header(
            forms.link(visit.base + local(one), "successor-version") for one in others
        )
    return response


def _paged(address: str, page: int) -> str:
    if page == 1:
        return address
    return address + ("&" if "?" in address else "?") + urlencode({"page": page})
