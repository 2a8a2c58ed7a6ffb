"""Recognise ontology syntaxes that are not RDF, so that an error can name them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["recognise_ontology_syntax"]

_SUFFIXES: Final = {
    ".ofn": "OWL functional syntax",
    ".fss": "OWL functional syntax",
    ".omn": "OWL Manchester syntax",
    ".owx": "OWL/XML",
    ".obo": "the OBO format",
}
_BEGINNINGS: Final = (
    (re.compile(rb"(?:#[^\n]*\n|\s)*(?:Prefix|Ontology)\s*\("), "OWL functional syntax"),
    (re.compile(rb"(?:#[^\n]*\n|\s)*(?:Prefix|Ontology)\s*:"), "OWL Manchester syntax"),
    (re.compile(rb"(?:![^\n]*\n|\s)*format-version\s*:"), "the OBO format"),
    (
        re.compile(rb'[^<]*(?:<[?!][^>]*>\s*)*<Ontology\s[^>]*"http://www\.w3\.org/2002/07/owl#"'),
        "OWL/XML",
    ),
)
_LOOKED_AT_BYTES: Final = 10_000


def recognise_ontology_syntax(path: Path, content: bytes) -> str | None:
    """Return the name of the syntax of an ontology that is not RDF, or None.

    Args:
        path: the file, whose suffix may tell.
        content: of the file; only its beginning is looked at.
    """
    head = content.removeprefix(b"\xef\xbb\xbf")[:_LOOKED_AT_BYTES]
    for pattern, name in _BEGINNINGS:
        if pattern.match(head):
            return name
    return _SUFFIXES.get(path.suffix.lower())
