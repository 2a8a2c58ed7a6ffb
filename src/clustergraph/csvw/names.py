"""The names that every CSVW metadata document may use without declaring them.

Source: the CSVW namespace document and its JSON-LD context (http://www.w3.org/ns/csvw), which
takes its prefixes from the RDFa initial context.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin

from pyoxigraph import NamedNode

from clustergraph.rdf.xsd import FORMS, INTEGER_RANGES, MOMENTS, XSD

__all__ = [
    "BUILT_IN_DATATYPES",
    "CSVW",
    "LANGUAGE_TAG",
    "PREFIXES",
    "RDF",
    "RDFS",
    "TERMS",
    "expand",
    "is_iri",
    "resolve",
]

CSVW: Final = "http://www.w3.org/ns/csvw#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"

PREFIXES: Final[dict[str, str]] = {
    "as": "https://www.w3.org/ns/activitystreams#",
    "cc": "http://creativecommons.org/ns#",
    "csvw": CSVW,
    "ctag": "http://commontag.org/ns#",
    "dc": "http://purl.org/dc/terms/",
    "dc11": "http://purl.org/dc/elements/1.1/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "dctypes": "http://purl.org/dc/dcmitype/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "duv": "https://www.w3.org/ns/duv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gr": "http://purl.org/goodrelations/v1#",
    "grddl": "http://www.w3.org/2003/g/data-view#",
    "ical": "http://www.w3.org/2002/12/cal/icaltzd#",
    "ldp": "http://www.w3.org/ns/ldp#",
    "ma": "http://www.w3.org/ns/ma-ont#",
    "oa": "http://www.w3.org/ns/oa#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "og": "http://ogp.me/ns#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": RDF,
    "rdfa": "http://www.w3.org/ns/rdfa#",
    "rdfs": RDFS,
    "rev": "http://purl.org/stuff/rev#",
    "rif": "http://www.w3.org/2007/rif#",
    "rr": "http://www.w3.org/ns/r2rml#",
    "schema": "http://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sioc": "http://rdfs.org/sioc/ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "skosxl": "http://www.w3.org/2008/05/skos-xl#",
    "sosa": "http://www.w3.org/ns/sosa/",
    "ssn": "http://www.w3.org/ns/ssn/",
    "time": "http://www.w3.org/2006/time#",
    "v": "http://rdf.data-vocabulary.org/#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void": "http://rdfs.org/ns/void#",
    "wdr": "http://www.w3.org/2007/05/powder#",
    "wdrs": "http://www.w3.org/2007/05/powder-s#",
    "xhv": "http://www.w3.org/1999/xhtml/vocab#",
    "xml": "http://www.w3.org/XML/1998/namespace",
    "xsd": XSD,
}
"""Prefix → namespace, as the CSVW context defines them."""

BUILT_IN_DATATYPES: Final[dict[str, str]] = {
    **{name: XSD + name for name in (*INTEGER_RANGES, *MOMENTS, *FORMS) if name != "NCName"},
    **{name: XSD + name for name in ("anyAtomicType", "normalizedString", "string", "token")},
    "any": XSD + "anyAtomicType",
    "binary": XSD + "base64Binary",
    "datetime": XSD + "dateTime",
    "html": RDF + "HTML",
    "json": CSVW + "JSON",
    "number": XSD + "double",
    "xml": RDF + "XMLLiteral",
}
"""Name of a built-in datatype → its IRI (Metadata Vocabulary, section 5.11.1)."""

_CLASSES: Final = (
    "Cell", "Column", "Datatype", "Dialect", "Direction", "ForeignKey", "NumericFormat", "Row",
    "Schema", "Table", "TableGroup", "TableReference", "Transformation",
)  # fmt: skip

TERMS: Final[dict[str, str]] = {
    **BUILT_IN_DATATYPES,
    **{name: CSVW + name for name in _CLASSES},
    "Template": CSVW + "Transformation",
}
"""Term → IRI for the classes and datatypes of the context."""

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

LANGUAGE_TAG: Final = re.compile(r"(?:[A-Za-z]{2,8}|[xX](?=-))(?:-[A-Za-z0-9]{1,8})*")
"""A language tag (BCP 47), as far as the lengths of its parts go; to be matched as a whole."""


def is_iri(text: str) -> bool:
    """Say whether ``text`` is an absolute IRI (RFC 3987, as far as characters go)."""
    try:
        return NamedNode(text) is not None
    except ValueError:
        return False


def expand(name: str) -> str | None:
    """Return the IRI behind a term, prefixed name or absolute URL; None if it is none of them."""
    if name in TERMS:
        return TERMS[name]
    prefix, colon, local = name.partition(":")
    if not colon or prefix == "_":
        return None
    if prefix in PREFIXES and not local.startswith("//"):
        return PREFIXES[prefix] + local
    return name if _ABSOLUTE.match(name) else None


def resolve(url: str, base: str) -> str:
    """Return ``url`` as an absolute URL: prefixed names expanded, the rest taken from ``base``."""
    prefix, colon, local = url.partition(":")
    if colon:
        if prefix in PREFIXES and not local.startswith("//"):
            return PREFIXES[prefix] + local
        if _ABSOLUTE.match(url):
            return url
    if url.startswith("#"):  # urljoin drops an empty fragment and the base's query
        return base.partition("#")[0] + url
    return urljoin(base, url)
