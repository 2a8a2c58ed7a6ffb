"""Positions in JSON-LD and RDF/XML: each statement is found where its value is written."""

from __future__ import annotations

import pyoxigraph as ox

from clustergraph.rdf.positions import scan

DOCUMENT = """{
  "@context": {
    "@vocab": "http://example.org/v#", "@language": "en", "@base": "http://example.org/",
    "ex": "http://example.org/ns#", "sub": "ex:sub/", "id": "@id", "kind": "@type",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "year": {"@id": "sub:year", "@type": "xsd:gYear"},
    "part": {"@id": "ex:part", "@type": "@id"},
    "state": {"@id": "ex:state", "@type": "@vocab"},
    "code": {"@id": "ex:code", "@language": null}
  },
  "id": "a", "kind": ["Thing", "ex:Other"],
  "name": ["One", {"@value": "Eins", "@language": "de"}],
  "year": "2004", "part": ["b", "ex:c"], "state": "open", "code": "x1",
  "sub:count": 4, "ex:inner": {"id": "d", "name": "Two"}
}"""


def test_each_statement_is_found_at_its_value() -> None:
    """Terms by way of prefixes, types, languages, aliases and nodes within nodes are read."""
    stated, pointers = scan(DOCUMENT, ox.RdfFormat.JSON_LD, "http://example.org/doc")
    read = [quad.triple for quad in ox.parse(DOCUMENT, ox.RdfFormat.JSON_LD)]
    assert [one.triple for one in stated] == read
    at = {one.triple.object.value: one.spot.object for one in stated if one.spot}  # type: ignore[union-attr]
    for value, written, pointer in (
        ("2004", '"2004"', "/year"),
        ("Eins", '{"@value"', "/name/1"),
        ("http://example.org/ns#c", '"ex:c"', "/part/1"),
        ("http://example.org/v#open", '"open"', "/state"),
        ("4", "4,", "/sub:count"),
        ("Two", '"Two"', "/ex:inner/name"),
    ):
        assert DOCUMENT.startswith(written, at[value])
        assert pointers[at[value]] == pointer


def is_blank(term: object) -> bool:
    return isinstance(term, ox.BlankNode)


OPAQUE = """{
  "@context": {
    "@vocab": "http://example.org/v#",
    "names": {"@id": "name", "@container": "@language"},
    "steps": {"@id": "step", "@container": "@list"},
    "of": {"@reverse": "part"},
    "raw": {"@id": "raw", "@type": "@json"}
  },
  "@id": "x:a", "names": {"en": "One", "cs": "Jedna"}, "steps": ["first", "second"],
  "raw": {"@id": "x:b", "name": "no node"}, "of": {"@id": "x:c", "size": 3}, "gone": null,
  "nested": {"size": 4}
}"""


def test_values_that_cannot_be_marked_stand_at_their_node() -> None:
    """Language maps, lists, JSON literals and reverse properties are read as they are."""
    stated, pointers = scan(OPAQUE, ox.RdfFormat.JSON_LD, "http://example.org/doc")
    read = list(ox.parse(OPAQUE, ox.RdfFormat.JSON_LD))
    named = [t for t in (one.triple for one in stated) if not any(map(is_blank, t))]
    assert named == [quad.triple for quad in read if not any(map(is_blank, quad.triple))]
    assert len(stated) == len(read)
    found = {str(one.triple.object): pointers[one.spot.object] for one in stated if one.spot}
    size = "^^<http://www.w3.org/2001/XMLSchema#integer>"
    assert found['"One"@en'] == "/@id"
    assert found[f'"3"{size}'] == "/of/size"
    assert found[f'"4"{size}'] == "/nested/size"


XML = """<?xml version="1.0"?>
<!DOCTYPE r [<!ENTITY ex "http://example.org/">]>
<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://example.org/"
  xmlns:e="http://example.org/"><Firm r:about="&ex;a" e:size="3">
    <!-- ž --><name>A</name> <name>B</name>
    <part r:parseType="Resource"><size>4</size></part>
    <list r:parseType="Collection"><r:Description r:about="b"/></list>
    <raw r:parseType="Literal"><name>no property</name></raw>
    <r:li>5</r:li>
  </Firm>
</r:RDF>"""


def test_rdf_xml_statements_stand_at_their_elements() -> None:
    """Entities, attributes, collections and XML literals are left to the parser."""
    stated, _ = scan(XML, ox.RdfFormat.RDF_XML, "http://example.org/doc")
    assert len(stated) == len(list(ox.parse(XML, ox.RdfFormat.RDF_XML, base_iri="x:")))
    at = {str(one.triple.object): one.spot.object for one in stated if one.spot}
    for value, written in (
        ("<http://example.org/Firm>", "<Firm"),
        ('"3"', "<Firm"),
        ('"A"', "<name>A"),
        ('"B"', "<name>B"),
        ('"4"', "<size>4"),
        ('"5"', "<Firm"),
    ):
        assert XML.startswith(written, at[value])
