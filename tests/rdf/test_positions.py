"""Positions in RDF/XML: each statement is found where its value is written."""

from __future__ import annotations

import pyoxigraph as ox

from clustergraph.rdf.positions import scan

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
    stated = scan(XML, ox.RdfFormat.RDF_XML, "http://example.org/doc")
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
