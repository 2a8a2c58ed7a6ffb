"""The vocabulary and the shapes: what is named by a hash has one document for all.

They are told from the files of this version of the software, whatever graph is served; what the
graph says of a single term is at ``/ns/TERM``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import UnknownNameError
from clustergraph.service import places
from clustergraph.service.linked import forms
from clustergraph.service.linked.documents import LICENCE, link
from clustergraph.service.linked.forms import HTML, RDF, Form
from clustergraph.service.pages.frame import Visit, page
from clustergraph.service.protocol import Response
from clustergraph.vocab import BASE, CG, PREFIXES

__all__ = ["documents", "show"]

_FORMS: Final = (RDF[0], HTML, *RDF[1:])
_OWL: Final = PREFIXES["owl"]


@cache
def documents() -> dict[str, tuple[tuple[Literal["ontology", "shapes"], str], ...]]:
    """Return the documents by their paths, each with the files that it is made of."""
    modules = [path.stem for path in sorted(artefacts.room("ontology").glob("*.ttl"))]
    alignments = sorted((artefacts.room("ontology") / "alignments").glob("*.ttl"))
    whole = tuple(("ontology", f"{name}.ttl") for name in modules)
    found: dict[str, tuple[tuple[Literal["ontology", "shapes"], str], ...]] = {
        "ns": whole,  # type: ignore[dict-item]
        "ontology": whole,  # type: ignore[dict-item]
        "shapes": tuple(("shapes", path.name) for path in artefacts.files("shapes", "*.ttl")),
    }
    for name in modules:
        if name != "ontology":
            found[f"ontology/{name}"] = (("ontology", f"{name}.ttl"),)
    for path in alignments:
        found[f"ontology/alignments/{path.stem}"] = (("ontology", f"alignments/{path.name}"),)
    for iri in _versions():
        found.setdefault(iri.removeprefix(BASE), whole)  # type: ignore[arg-type]
    return found


def show(visit: Visit) -> Response:
    """Return a document, or a file that the vocabulary is kept in.

    Raises:
        UnknownNameError: there is none of this name.
    """
    path, form = forms.split(visit.path[1:], _FORMS)
    known = documents()
    if path not in known and path.removeprefix("ontology/codes/") != path and form is RDF[0]:
        return _file("ontology", f"codes/{path.removeprefix('ontology/codes/')}.ttl")
    if path.startswith("data/"):
        return _file("data", visit.path.removeprefix("/data/"))
    if path not in known:
        raise UnknownNameError("document", path, known)
    chosen = form or forms.choose(visit.request.headers.get("accept"), _FORMS)
    head = _head(visit, path, chosen)
    if chosen is HTML:
        if path in ("ns", "ontology") and _has_page():
            target = visit.url("/ontology")
            return Response(303, [("Location", visit.base + target), ("Vary", "Accept"), *head])
        terms = [
            # A shape has no page of its own, nor has the document itself.
            (iri, iri.removeprefix(BASE), visit.link(iri) if iri.startswith(CG) else "")
            for iri in sorted({t.subject.value for t in _triples(path) if _ours(t)})  # type: ignore[union-attr]
        ]
        values: dict[str, Any] = {
            "title": BASE + path,
            "terms": terms,
            "forms": RDF,
            "path": f"/{path}",
        }
        return page(visit, "document", headers=tuple(head), **values)
    body = forms.write(_triples(path), chosen)
    return Response(
        200,
        [("Content-Type", chosen.content_type), ("Vary", "Accept"), *head],
        body,
        cacheable=True,
    )


def _head(visit: Visit, path: str, chosen: Form) -> list[tuple[str, str]]:
    address = f"{visit.base}/{path}"
    iri = CG.removesuffix("#") if path == "ns" else BASE + path
    links = [link(iri, "cite-as"), link(LICENCE, "license")]
    for form in _FORMS:
        if form is not chosen:
            links.append(link(address + form.suffix, "alternate", form.media_type, title=form.name))
        if form is not HTML:
            links.append(link(address + form.suffix, "describedby", form.media_type))
    links.append(link(f"{visit.base}/catalog", "collection"))
    return [("Link", ", ".join(links))]


@cache
def _triples(path: str) -> tuple[ox.Triple, ...]:
    """Return what a document holds; blank nodes of its files keep apart."""
    found: dict[ox.Triple, None] = {}
    for room, name in documents()[path]:
        file = artefacts.room(room) / name
        for quad in ox.parse(path=str(file), rename_blank_nodes=True):
            found[quad.triple] = None
    return tuple(found)


@cache
def _versions() -> tuple[str, ...]:
    """Return the IRIs of versions of the ontology."""
    header = artefacts.room("ontology") / "ontology.ttl"
    return tuple(
        quad.object.value
        for quad in ox.parse(path=str(header))
        if quad.predicate.value == _OWL + "versionIRI" and isinstance(quad.object, ox.NamedNode)
    )


def _ours(triple: ox.Triple) -> bool:
    subject = triple.subject
    return isinstance(subject, ox.NamedNode) and subject.value.startswith(BASE)


def _has_page() -> bool:
    """Say whether there is a page about the ontology."""
    return any(place.room == "pages" and place.name == "ontology" for place in places.PLACES)


def _file(room: Literal["ontology", "data"], name: str) -> Response:
    """Return one of the files that the graph is made from."""
    root = artefacts.room(room)
    files: Iterable[Path] = artefacts.files(room, "*")
    known = {path.relative_to(root).as_posix(): path for path in files}
    if name not in known or known[name].suffix not in (".csv", ".ttl", ".json"):
        raise UnknownNameError("file", name, known)
    types = {".csv": "text/csv; charset=utf-8", ".json": "application/csvm+json"}
    content_type = types.get(known[name].suffix, "text/turtle; charset=utf-8")
    head = [("Content-Type", content_type), ("Link", link(LICENCE, "license"))]
    return Response(200, head, known[name].read_bytes(), cacheable=True)
