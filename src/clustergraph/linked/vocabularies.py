"""The vocabulary and the shapes: what is named by a hash has one document for all.

They are told from the files of this version of the software, whatever graph is served; what the
graph says of a single term is at ``/ns/TERM``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import UnknownNameError
from clustergraph.linked import forms
from clustergraph.linked.forms import DOCUMENTS, HTML, RDF
from clustergraph.pages import ontology
from clustergraph.pages.addresses import local
from clustergraph.pages.frame import page
from clustergraph.pages.model import model
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response
from clustergraph.protocol.description import LICENCE
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE, CG, PREFIXES

_File: TypeAlias = tuple[Literal["ontology", "shapes"], str]
_OWL: Final = PREFIXES["owl"]


@cache
def documents() -> dict[str, tuple[_File, ...]]:
    """Return the documents by their paths, each with the files that it is made of."""
    root = artefacts.room("ontology")
    modules = [path.name for path in sorted(root.glob("*.ttl"))]
    whole: tuple[_File, ...] = tuple(("ontology", name) for name in modules)
    shapes: tuple[_File, ...] = tuple(
        ("shapes", path.name) for path in artefacts.files("shapes", "*.ttl")
    )
    found = {"ns": whole, "ontology": whole, "shapes": shapes}
    for path in (*root.glob("*.ttl"), *root.glob("alignments/*.ttl")):
        name = path.relative_to(root).as_posix()
        if name != "ontology.ttl":
            found[f"ontology/{name.removesuffix('.ttl')}"] = (("ontology", name),)
        for version in _versions(path):
            found[version] = whole if name == "ontology.ttl" else (("ontology", name),)
    return found


def defines(term: str) -> bool:
    """Say whether the vocabulary has a term, by its IRI."""
    return ox.NamedNode(term) in {triple.subject for triple in _triples("ns")}


def _versions(path: Path) -> list[str]:
    """Return the paths of the versions that a file says it is."""
    return [
        quad.object.value.removeprefix(BASE)
        for quad in ox.parse(path=str(path))
        if quad.predicate.value == _OWL + "versionIRI" and isinstance(quad.object, ox.NamedNode)
    ]


def show(visit: Visit) -> Response:
    """Return a document, or a file that the vocabulary is kept in.

    Raises:
        UnknownNameError: there is none of this name.
    """
    path, form = forms.split(visit.path[1:], DOCUMENTS)
    known = documents()
    if path not in known and path.removeprefix("ontology/codes/") != path and form is RDF[0]:
        return _file("ontology", f"codes/{path.removeprefix('ontology/codes/')}.ttl")
    if path.startswith("data/"):
        return _file("data", visit.path.removeprefix("/data/"))
    if path not in known:
        name = path.removeprefix("ontology/")
        if CG + name in model().terms:
            target = visit.base + local(CG + name)
            return Response(303, [("Location", target)], b"", cacheable=True)
        raise UnknownNameError("document", path, known)
    chosen = form or forms.choose(visit.request.headers.get("accept"), DOCUMENTS)
    head = _head(visit, path, chosen)
    if chosen is HTML:
        if path in ("ns", "ontology"):
            visit.place = "ontology"
            response = ontology.show(visit)
            response.headers += head
            return response
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
    return forms.respond(_triples(path), chosen, head)


def _head(visit: Visit, path: str, chosen: Format) -> list[tuple[str, str]]:
    address = f"{visit.base}/{path}"
    iri = CG.removesuffix("#") if path == "ns" else BASE + path
    listed = [forms.link(iri, "cite-as"), forms.link(LICENCE, "license")]
    listed += forms.alternates(address, chosen, DOCUMENTS)
    listed += [forms.link(address + form.suffix, "describedby", form.media_type) for form in RDF]
    listed.append(forms.link(f"{visit.base}/catalog", "collection"))
    return forms.header(listed)


@cache
def _triples(path: str) -> tuple[ox.Triple, ...]:
    """Return what a document holds; blank nodes of its files keep apart."""
    found: dict[ox.Triple, None] = {}
    for room, name in documents()[path]:
        file = artefacts.room(room) / name
        for quad in ox.parse(path=str(file), rename_blank_nodes=True):
            found[quad.triple] = None
    return tuple(found)


def _ours(triple: ox.Triple) -> bool:
    subject = triple.subject
    return isinstance(subject, ox.NamedNode) and subject.value.startswith(BASE)


def _file(room: Literal["ontology", "data"], name: str) -> Response:
    root = artefacts.room(room)
    files: Iterable[Path] = artefacts.files(room, "*")
    known = {path.relative_to(root).as_posix(): path for path in files}
    if name not in known or known[name].suffix not in (".csv", ".ttl", ".json"):
        raise UnknownNameError("file", name, known)
    types = {".csv": "text/csv; charset=utf-8", ".json": "application/csvm+json"}
    content_type = types.get(known[name].suffix, "text/turtle; charset=utf-8")
    head = [("Content-Type", content_type), *forms.header([forms.link(LICENCE, "license")])]
    return Response(200, head, known[name].read_bytes(), cacheable=True)
