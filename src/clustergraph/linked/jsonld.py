"""JSON-LD with short names, its context and frames, and descriptions as plain JSON.

What pyoxigraph writes spells out every IRI. What is written here needs no other document to be
read: it holds the part of the context that it uses. Plain JSON is for web developers who want no
RDF; its names are those of ``/context.jsonld``, which turns it back into RDF.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import UnknownNameError
from clustergraph.linked.things import Description
from clustergraph.pages.addresses import local
from clustergraph.pages.statements import ABOUT, called
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response
from clustergraph.vocab import CG, PREFIXES

_RDF: Final = PREFIXES["rdf"]
_XSD: Final = PREFIXES["xsd"]
# A name of which a parser splits the right prefix off; "//" after a colon would make it an IRI.
_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_-])?")
_LONGEST_FIRST: Final = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))


class Names:
    """Shortens IRIs and remembers with which prefixes."""

    def __init__(self) -> None:
        self.used: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def short(self, iri: str) -> str:
        """Return an IRI as a prefixed name, where one fits."""
        name = self._known.get(iri)
        if name is None:
            name = self._known[iri] = self._shorten(iri)
        return name

    def _shorten(self, iri: str) -> str:
        for prefix, namespace in _LONGEST_FIRST:
            if iri.startswith(namespace) and _LOCAL.fullmatch(iri, len(namespace)):
                self.used[prefix] = namespace
                return f"{prefix}:{iri[len(namespace) :]}"
        return iri

    def node(self, term: ox.NamedNode | ox.BlankNode) -> str:
        """Return how a node is referred to."""
        return f"_:{term.value}" if isinstance(term, ox.BlankNode) else self.short(term.value)


def write(triples: Iterable[ox.Triple]) -> bytes:
    """Return triples as one JSON-LD document (JSON-LD 1.1, section 9)."""
    names = Names()
    nodes: dict[str, dict[str, Any]] = {}
    for triple in triples:
        subject, obj = triple.subject, triple.object
        assert not isinstance(subject, ox.Triple)  # noqa: S101 - RDF 1.2 forbids it
        name = names.node(subject)
        node = nodes.setdefault(name, {"@id": name})
        if triple.predicate.value == _RDF + "type" and isinstance(obj, ox.NamedNode | ox.BlankNode):
            node.setdefault("@type", []).append(names.node(obj))
            continue
        values = node.setdefault(names.short(triple.predicate.value), [])
        if isinstance(obj, ox.Literal):
            values.append(_literal(obj, names))
        elif isinstance(obj, ox.NamedNode | ox.BlankNode):
            values.append({"@id": names.node(obj)})
    context = dict(sorted(names.used.items()))
    return _dumps({"@context": context, "@graph": list(nodes.values())})


def _literal(term: ox.Literal, names: Names) -> Any:
    if term.language:
        value = {"@value": term.value, "@language": term.language}
        if term.direction is not None:
            value["@direction"] = str(term.direction.value)
        return value
    if term.datatype.value == _XSD + "string":
        return term.value
    return {"@value": term.value, "@type": names.short(term.datatype.value)}


def _dumps(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


_OWL: Final = PREFIXES["owl"]
_RDFS: Final = PREFIXES["rdfs"]
# Terms of other vocabularies that are so frequent that they go by their own names; no term of
# ours is called so.
_BORROWED: Final = {
    name: PREFIXES[prefix] + name
    for prefix, names in (
        ("rdfs", "label"),
        (
            "skos",
            "prefLabel altLabel notation note broader inScheme definition exactMatch closeMatch",
        ),
        ("dcterms", "description identifier issued source title"),
        ("foaf", "page"),
        ("org", "member organization role"),
    )
    for name in names.split()
}
_BORROWED_NAMES: Final = {iri: name for name, iri in _BORROWED.items()}
_TEXTS: Final = ("label", "prefLabel", "altLabel", "note", "definition", "description", "title")
_LINKS: Final = (
    "broader", "inScheme", "exactMatch", "closeMatch", "source", "page", "member",
    "organization", "role",
)  # fmt: skip
_TELLING: Final = (_RDF + "type", _RDFS + "range", PREFIXES["schema"] + "rangeIncludes")
_MEDIA_TYPE: Final = "application/ld+json"


def name_of(iri: str) -> str:
    """Return the name by which the context knows a term, else a prefixed name or the IRI."""
    if iri.startswith(CG) and iri[len(CG) :] not in _BORROWED:
        return iri[len(CG) :]
    return _BORROWED_NAMES.get(iri) or Names().short(iri)


@cache
def context() -> dict[str, Any]:
    """Return the context: prefixes, our terms with their types, and what is borrowed."""
    # What is called like a prefix (id, country) takes its place: ids are written out.
    terms: dict[str, Any] = {**PREFIXES, "id": "@id", "type": "@type"}
    for name, iri in _BORROWED.items():
        terms[name] = {"@id": iri}
        if name in _TEXTS:
            terms[name]["@container"] = "@language"
        elif name in _LINKS:
            terms[name]["@type"] = "@id"
    vocabulary = _vocabulary()
    for iri, kinds in sorted(vocabulary.items()):
        name = iri[len(CG) :]
        if name in _BORROWED:
            continue
        term: dict[str, Any] = {"@id": iri}
        if _OWL + "ObjectProperty" in kinds:
            term["@type"] = "@id"
        ranges = [kind for kind in kinds if kind.startswith(_XSD)]
        # A number of JSON would become a decimal that is not well-formed (2.5E0).
        if len(ranges) == 1 and ranges[0] != _XSD + "decimal":
            term["@type"] = ranges[0]
        terms[name] = term
    return {"@context": terms}


@cache
def _vocabulary() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in artefacts.files("ontology", "*.ttl"):
        if path.parent.name in ("codes", "alignments"):
            continue
        for quad in ox.parse(path=str(path)):
            if not (isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(CG)):
                continue
            if quad.predicate.value in _TELLING and isinstance(quad.object, ox.NamedNode):
                found.setdefault(quad.subject.value, set()).add(quad.object.value)
    return found


def classes() -> list[str]:
    """Return the names of our classes."""
    kind = _OWL + "Class"
    return sorted(iri[len(CG) :] for iri, kinds in _vocabulary().items() if kind in kinds)


def show(visit: Visit) -> Response:
    """Return the context, or the frame of a class.

    Raises:
        UnknownNameError: there is no such class.
    """
    head = [("Content-Type", _MEDIA_TYPE)]
    name = visit.captured.get("name")
    if name is None:
        return Response(200, head, _dumps(context()), cacheable=True)
    if name not in classes():
        raise UnknownNameError("class", name, classes())
    frame = {
        "@context": f"{visit.base}/context.jsonld",
        "type": CG + name,
        "@embed": "@once",
        "@omitDefault": True,
    }
    return Response(200, head, _dumps(frame), cacheable=True)


_TYPE: Final = PREFIXES["rdf"] + "type"


def plain(found: Description, base: str) -> bytes:
    """Return a description as JSON: the thing, what is said of it, and what refers to it."""
    said = _by_subject((*found.outgoing, *found.records))
    titles = called((*found.names, *found.outgoing), "en")
    thing = _node(found.iri, said, titles)
    if said[found.iri]:
        thing["page"] = base + local(found.iri.value)
    incoming: dict[str, list[Any]] = defaultdict(list)
    for triple in found.incoming:
        subject = triple.subject
        assert not isinstance(subject, ox.Triple)  # noqa: S101 - RDF 1.2 forbids it
        name = name_of(triple.predicate.value)
        if triple.predicate.value in ABOUT and said[subject]:
            record = _node(subject, said, titles)
            record.pop(name, None)
            incoming[name].append(record)
        else:
            incoming[name].append(_reference(subject, titles))
    return _dumps({**thing, "incoming": dict(sorted(incoming.items())), "more": found.more})


_Node = ox.NamedNode | ox.BlankNode


def _by_subject(triples: Iterable[ox.Triple]) -> dict[Any, list[ox.Triple]]:
    found: dict[Any, list[ox.Triple]] = defaultdict(list)
    for triple in dict.fromkeys(triples):
        found[triple.subject].append(triple)
    return found


def _reference(node: _Node, titles: dict[str, str]) -> dict[str, Any]:
    reference = {"id": str(node) if isinstance(node, ox.BlankNode) else node.value}
    return {**reference, "label": titles[node.value]} if node.value in titles else reference


def _node(
    node: _Node, said: dict[Any, list[ox.Triple]], titles: dict[str, str], depth: int = 0
) -> dict[str, Any]:
    """Return a node with what is said of it; names in several languages stand by language."""
    values: dict[str, list[Any]] = defaultdict(list)
    texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for triple in said[node]:
        term, name = triple.object, name_of(triple.predicate.value)
        if isinstance(term, ox.Literal) and term.language:
            texts[name][term.language].append(term.value)
        elif isinstance(term, ox.Literal):
            values[name].append(_value(term))
        elif triple.predicate.value == _TYPE and isinstance(term, ox.NamedNode):
            values["type"].append(name_of(term.value))
        elif isinstance(term, ox.BlankNode) and depth < 4:
            values[name].append(_node(term, said, titles, depth + 1))
        elif isinstance(term, ox.NamedNode | ox.BlankNode):
            values[name].append(_reference(term, titles))
    for name, languages in texts.items():
        by_language = {
            language: several[0] if len(several) == 1 else several
            for language, several in sorted(languages.items())
        }
        if name in values:
            by_language["@none"] = values[name][0] if len(values[name]) == 1 else values[name]
        values[name] = [by_language]
    plain = {
        name: several[0] if len(several) == 1 else several
        for name, several in sorted(values.items())
    }
    return {"id": node.value if isinstance(node, ox.NamedNode) else str(node), **plain}


def _value(term: ox.Literal) -> Any:
    """Return a literal as JSON has it: numbers and truths as such, all else as text."""
    kind = term.datatype.value.removeprefix(_XSD)
    try:
        if kind == "integer":
            return int(term.value)
        if kind in ("decimal", "double", "float"):
            return float(term.value)
    except ValueError:
        return term.value
    return term.value == "true" if kind == "boolean" else term.value
