"""Where each statement stands in RDF/XML: the element that states it.

The XML parser knows where a tag begins, but not where an attribute does; so a statement stands at
its property's element, or at the node's element when an attribute makes it.

Source: RDF 1.1 XML Syntax, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.rdf.positions.turtle import Node, Stated, Term, resolve
from clustergraph.vocab import PREFIXES

__all__ = ["scan"]

_RDF: Final = PREFIXES["rdf"]
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_SYNTAX: Final = frozenset(
    _RDF + name for name in ("about", "ID", "nodeID", "resource", "datatype", "parseType", "li")
)
_TYPE: Final = ox.NamedNode(_RDF + "type")
_GRAPH: Final = ox.DefaultGraph()


@dataclass(slots=True)
class _Element:
    """An open element: a node, a property, or what is neither."""

    kind: str
    at: int
    base: str
    language: str | None
    node: Node | None = None
    predicate: ox.NamedNode | None = None
    datatype: str | None = None
    text: str = ""
    items: int = 0
    stated: bool = False
    value: Node | None = None
    value_at: int = 0


def scan(text: str, base: str) -> list[Stated]:
    """Return the statements of ``text``, collections and XML literals left out.

    Args:
        text: a document that the engine's parser has accepted.
        base: the IRI that relative ones are resolved against.

    Raises:
        ExpatError: the text is no well-formed XML.
        ValueError: the text has a document type with entities, which this reader does not expand.
    """
    return _Scanner(text, base).run()


class _Scanner:
    def __init__(self, text: str, base: str) -> None:
        self.content = text.encode()
        self.found: list[Stated] = []
        self.open: list[_Element] = [_Element("document", 0, base, None)]
        self.anonymous = 0
        self.parser = expat.ParserCreate("UTF-8", namespace_separator="\n")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.entity
        # Byte offsets grow, and so do the characters before them: each byte is decoded once.
        self.bytes_seen = self.characters_seen = 0

    def run(self) -> list[Stated]:
        self.parser.Parse(self.content, True)
        return self.found

    def entity(self, *_: object) -> None:
        raise ValueError("entities are not expanded")

    def here(self) -> int:
        index = self.parser.CurrentByteIndex
        self.characters_seen += len(self.content[self.bytes_seen : index].decode())
        self.bytes_seen = index
        return self.characters_seen

    def start(self, name: str, attributes: dict[str, str]) -> None:
        around, at = self.open[-1], self.here()
        base = attributes.get(f"{_XML}\nbase", around.base)
        language = attributes.get(f"{_XML}\nlang", around.language)
        element = _Element("other", at, base, language)
        self.open.append(element)
        iri = name.replace("\n", "")
        given = {key.replace("\n", ""): value for key, value in attributes.items()}
        if around.kind == "document" and iri == _RDF + "RDF":
            element.kind = "document"
        elif around.kind in ("document", "property"):
            self.start_node(element, around, iri, given)
        elif around.kind == "node":
            self.start_property(element, around, iri, given)

    def start_node(
        self, element: _Element, around: _Element, iri: str, given: dict[str, str]
    ) -> None:
        element.kind = "node"
        element.node = node = self.named(given, element.base, "about")
        if around.kind == "property":
            around.value, around.value_at = node, element.at
        if iri != _RDF + "Description":
            self.say(element, ox.NamedNode(iri), element.at, node, _TYPE)
        self.attributes(element, node, given)

    def start_property(
        self, element: _Element, around: _Element, iri: str, given: dict[str, str]
    ) -> None:
        if iri == _RDF + "li":
            around.items += 1
            iri = f"{_RDF}_{around.items}"
        element.node = around.node
        element.predicate = ox.NamedNode(iri)
        kind = given.get(_RDF + "parseType")
        if kind == "Resource":
            inner = self.fresh()
            self.say(element, inner, element.at)
            element.kind, element.node, element.predicate = "node", inner, None
            return
        if kind is not None:
            element.stated = True
            return
        element.kind = "property"
        element.datatype = given.get(_RDF + "datatype")
        about = {"resource", "nodeID"} & {key.removeprefix(_RDF) for key in given}
        if about or self.properties_of(given):
            node = self.named(given, element.base, "resource")
            element.stated = True
            self.attributes(element, node, given)
            self.say(element, node, element.at)

    def end(self, _: str) -> None:
        element = self.open.pop()
        if element.kind == "property" and not element.stated:
            value: Term
            if element.value is not None:
                self.say(element, element.value, element.value_at)
                return
            if element.datatype is not None:
                datatype = resolve(element.datatype, element.base)
                value = ox.Literal(element.text, datatype=datatype)
            elif element.language:
                value = ox.Literal(element.text, language=element.language.lower())
            else:
                value = ox.Literal(element.text)
            self.say(element, value, element.at)

    def characters(self, text: str) -> None:
        self.open[-1].text += text

    def properties_of(self, given: dict[str, str]) -> list[str]:
        return [key for key in given if key not in _SYNTAX and not key.startswith(_XML)]

    def attributes(self, element: _Element, node: Node, given: dict[str, str]) -> None:
        for key in self.properties_of(given):
            value: Term
            if key == _TYPE.value:
                value = resolve(given[key], element.base)
            elif element.language:
                value = ox.Literal(given[key], language=element.language.lower())
            else:
                value = ox.Literal(given[key])
            self.say(element, value, element.at, node, ox.NamedNode(key))

    def say(
        self,
        element: _Element,
        value: Term,
        value_at: int,
        subject: Node | None = None,
        predicate: ox.NamedNode | None = None,
    ) -> None:
        subject, predicate = subject or element.node, predicate or element.predicate
        if subject is None or predicate is None:
            return
        subject_at = next(one.at for one in reversed(self.open) if one.node == subject)
        stated = Stated(subject, predicate, value, _GRAPH, subject_at, element.at, value_at)
        self.found.append(stated)

    def named(self, given: dict[str, str], base: str, attribute: str) -> Node:
        if (iri := given.get(_RDF + attribute)) is not None:
            return resolve(iri, base)
        if (name := given.get(_RDF + "ID")) is not None:
            return resolve(f"#{name}", base)
        if (label := given.get(_RDF + "nodeID")) is not None:
            return ox.BlankNode(f"l{label.encode().hex()}")
        return self.fresh()

    def fresh(self) -> ox.BlankNode:
        self.anonymous += 1
        return ox.BlankNode(f"a{self.anonymous}")
