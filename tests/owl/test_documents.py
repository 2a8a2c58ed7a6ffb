"""Ontologies as people keep them: in directories, in other syntaxes, with imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from clustergraph.errors import UnreadableInputError
from clustergraph.owl.documents import load, read_catalog
from clustergraph.rdf.files import recognise_ontology_syntax

TURTLE = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<http://example.org/{name}> a owl:Ontology {more} .
<http://example.org/{name}#A> a owl:Class .
"""
RDF_XML = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:owl="http://www.w3.org/2002/07/owl#">
  <owl:Class rdf:about="http://example.org/{name}#X"/></rdf:RDF>"""
OTHER = {
    "f.ofn": "Prefix(:=<http://example.org/>)\nOntology(<http://example.org/f>)",
    "m.omn": "Prefix: : <http://example.org/>\nOntology: <http://example.org/m>",
    "x.owx": '<?xml version="1.0"?>\n<Ontology xmlns="http://www.w3.org/2002/07/owl#"/>',
    "o.obo": "format-version: 1.2\nontology: o\n",
}
NAMES = {
    "f.ofn": "functional syntax",
    "m.omn": "Manchester syntax",
    "x.owx": "OWL/XML",
    "o.obo": "OBO format",
}


def turtle(path: Path, name: str, more: str = "") -> Path:
    """Write a small ontology."""
    path.write_text(TURTLE.format(name=name, more=more))
    return path


def catalog(path: Path, **entries: str) -> Path:
    """Write a catalogue of ontologies."""
    lines = [
        f'<uri name="http://example.org/{name}" uri="{uri}"/>' for name, uri in entries.items()
    ]
    path.write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">' + "".join(lines)
        + "</catalog>"
    )  # fmt: skip
    return path


def test_all_rdf_files_of_a_directory_are_read(tmp_path: Path) -> None:
    """Turtle, RDF/XML and files in directories below count, hidden files do not."""
    turtle(tmp_path / "a.ttl", "a")
    (tmp_path / "b.owl").write_text(RDF_XML.format(name="b"))
    (tmp_path / "c.rdf").write_text(RDF_XML.format(name="c"))
    (tmp_path / "deep").mkdir()
    turtle(tmp_path / "deep" / "d.ttl", "d")
    (tmp_path / ".git").mkdir()
    turtle(tmp_path / ".git" / "e.ttl", "e")
    found = load(tmp_path)
    assert [path.name for path in found.paths] == ["a.ttl", "b.owl", "c.rdf", "d.ttl"]


@pytest.mark.parametrize("name", sorted(OTHER))
def test_other_syntaxes_in_a_directory_are_named(tmp_path: Path, name: str) -> None:
    """A file in another ontology syntax is not passed over silently."""
    turtle(tmp_path / "a.ttl", "a")
    (tmp_path / name).write_text(OTHER[name])
    (reason,) = load(tmp_path).skipped.values()
    assert NAMES[name] in reason


@pytest.mark.parametrize("suffix", ["", ".owl", ".ttl"])
@pytest.mark.parametrize("name", sorted(OTHER))
def test_other_syntaxes_are_named_in_errors(tmp_path: Path, name: str, suffix: str) -> None:
    """A file in another ontology syntax is named, whatever its suffix promises."""
    path = tmp_path / (name if not suffix else f"any{suffix}")
    path.write_text(OTHER[name])
    with pytest.raises(UnreadableInputError, match=NAMES[name]):
        load(path)


def test_turtle_is_not_taken_for_another_syntax(tmp_path: Path) -> None:
    """RDF is recognised as none of the others."""
    path = turtle(tmp_path / "a.ttl", "a")
    assert recognise_ontology_syntax(path, path.read_bytes()) is None
    xml = RDF_XML.format(name="b").encode()
    assert recognise_ontology_syntax(Path("b.owl"), xml) is None


def test_directory_without_ontology_says_what_is_there(tmp_path: Path) -> None:
    """A directory with files of other syntaxes alone names them."""
    (tmp_path / "x.owx").write_text(OTHER["x.owx"])
    with pytest.raises(UnreadableInputError, match="OWL/XML"):
        load(tmp_path)


def test_import_that_is_not_loaded_is_reported(tmp_path: Path) -> None:
    """An import without a file is reported by its statement."""
    path = turtle(tmp_path / "a.ttl", "a", "; owl:imports <http://example.org/b>")
    (triple,) = load(path).not_loaded
    assert str(triple.object) == "<http://example.org/b>"


@pytest.mark.parametrize("more", ["", "; owl:versionIRI <http://example.org/b/1.0>"])
def test_import_of_what_is_there_is_loaded(tmp_path: Path, more: str) -> None:
    """Files of the directory satisfy each other's imports, by IRI or version IRI."""
    wanted = "b/1.0" if more else "b"
    turtle(tmp_path / "a.ttl", "a", f"; owl:imports <http://example.org/{wanted}>")
    turtle(tmp_path / "b.ttl", "b", more)
    assert load(tmp_path).not_loaded == []


def test_catalogue_leads_to_imports_of_imports(tmp_path: Path) -> None:
    """A catalogue names the files of imported ontologies, and of those that they import."""
    for name in ("lib", "main"):
        (tmp_path / name).mkdir()
    path = turtle(tmp_path / "main" / "a.ttl", "a", "; owl:imports <http://example.org/b>")
    turtle(tmp_path / "lib" / "b.ttl", "b", "; owl:imports <http://example.org/c>")
    turtle(tmp_path / "lib" / "c.ttl", "c", "; owl:imports <http://example.org/a>")
    entries = read_catalog(catalog(tmp_path / "any.xml", b="lib/b.ttl", c="lib/c.ttl"))
    found = load(path, entries)
    assert [one.name for one in found.paths] == ["a.ttl", "b.ttl", "c.ttl"]
    assert found.not_loaded == []


def test_catalogue_beside_the_ontology_is_used(tmp_path: Path) -> None:
    """The catalogue that editors write is found by its name."""
    path = turtle(tmp_path / "a.ttl", "a", "; owl:imports <http://example.org/b>")
    (tmp_path / "lib").mkdir()
    turtle(tmp_path / "lib" / "b.ttl", "b")
    catalog(tmp_path / "catalog-v001.xml", b="lib/b.ttl")
    assert [one.name for one in load(path).paths] == ["a.ttl", "b.ttl"]


@pytest.mark.parametrize(
    "content",
    ["", "<catalog", "<!DOCTYPE x [<!ENTITY a 'a'>]><catalog>&a;</catalog>", "\0"],
)
def test_broken_catalogue_is_an_error(tmp_path: Path, content: str) -> None:
    """A catalogue that is not XML, or declares entities, is unreadable input."""
    path = tmp_path / "catalog.xml"
    path.write_text(content)
    with pytest.raises(UnreadableInputError, match="catalogue"):
        read_catalog(path)


def test_missing_file_of_a_catalogue_is_an_error(tmp_path: Path) -> None:
    """A catalogue that names a file which is not there leads to an error with its path."""
    path = turtle(tmp_path / "a.ttl", "a", "; owl:imports <http://example.org/b>")
    with pytest.raises(UnreadableInputError, match=r"b\.ttl"):
        load(path, read_catalog(catalog(tmp_path / "any.xml", b="b.ttl")))
