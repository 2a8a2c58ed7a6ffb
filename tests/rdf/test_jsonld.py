"""Positions in JSON-LD: each statement is found where its value is written."""

from __future__ import annotations

import pyoxigraph as ox

from clustergraph.rdf.positions.jsonld import scan

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
    stated, pointers = scan(DOCUMENT, "http://example.org/doc")
    read = {q.triple for q in ox.parse(DOCUMENT, ox.RdfFormat.JSON_LD)}
    assert {ox.Triple(*one[:3]) for one in stated} == read  # type: ignore[arg-type]
    at = {one.object.value: one.object_at for one in stated if hasattr(one.object, "value")}
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
