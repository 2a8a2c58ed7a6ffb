"""Axioms, expressions and datatypes of the OWL 2 Structural Specification, and axioms in words.

`SIGNATURES` says of each kind what its parts are; reading, writing and looking for names go by it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.rdf import xsd
from clustergraph.shacl.paths import Term, show
from clustergraph.vocab import PREFIXES, shorten

Node: TypeAlias = ox.NamedNode | ox.BlankNode

SORTS: Final = {"C": "Class", "R": "Datatype", "P": "ObjectProperty", "D": "DataProperty"}
"""The kinds of entities that are declared, by the letters of `SIGNATURES`."""

SIGNATURES: Final = {
    kind: signature
    for signature, kinds in {
        "C": "ObjectComplementOf",
        "C*": "ObjectIntersectionOf ObjectUnionOf SubClassOf EquivalentClasses DisjointClasses "
        "DisjointUnion",
        "R": "DataComplementOf",
        "R*": "DataIntersectionOf DataUnionOf DatatypeDefinition",
        "RF*": "DatatypeRestriction",
        "I*": "ObjectOneOf SameIndividual DifferentIndividuals",
        "L*": "DataOneOf",
        "P": "ObjectInverseOf ObjectHasSelf FunctionalObjectProperty TransitiveObjectProperty "
        "InverseFunctionalObjectProperty SymmetricObjectProperty AsymmetricObjectProperty "
        "ReflexiveObjectProperty IrreflexiveObjectProperty",
        "P*": "ObjectPropertyChain ObjectKeys SubObjectPropertyOf EquivalentObjectProperties "
        "DisjointObjectProperties InverseObjectProperties",
        "D": "FunctionalDataProperty",
        "D*": "DataKeys SubDataPropertyOf EquivalentDataProperties DisjointDataProperties",
        "PC": "ObjectSomeValuesFrom ObjectAllValuesFrom ObjectPropertyDomain ObjectPropertyRange",
        "PI": "ObjectHasValue",
        "DC": "DataPropertyDomain",
        "DR": "DataSomeValuesFrom DataAllValuesFrom DataPropertyRange",
        "DL": "DataHasValue",
        "NPC": "ObjectMinCardinality ObjectMaxCardinality ObjectExactCardinality",
        "NDR": "DataMinCardinality DataMaxCardinality DataExactCardinality",
        "CI": "ClassAssertion",
        "PII": "ObjectPropertyAssertion NegativeObjectPropertyAssertion",
        "DIL": "DataPropertyAssertion NegativeDataPropertyAssertion",
        "CK*": "HasKey",
    }.items()
    for kind in kinds.split()
}
"""What the parts of each kind of axiom or expression are.

One letter for each part, an asterisk where the last may be repeated: ``I`` individual, ``L``
literal, ``N`` number, ``F`` facet and its value in turn, ``K`` properties of a key, else `SORTS`.
A cardinality may lack its last part. ``ObjectKeys`` and ``DataKeys`` are the two lists of a key.
"""

DECLARATIONS: Final = {
    **dict.fromkeys(("owl:Class", "rdfs:Class"), "Class"),
    "rdfs:Datatype": "Datatype",
    "owl:ObjectProperty": "ObjectProperty",
    "owl:DatatypeProperty": "DataProperty",
    **dict.fromkeys(("owl:AnnotationProperty", "owl:OntologyProperty"), "AnnotationProperty"),
    "owl:NamedIndividual": "NamedIndividual",
}
"""What kind of entity a class of OWL or RDF Schema declares, as prefixed names."""

CONSTRUCTORS: Final = {
    "C": {
        f"owl:{name}": f"Object{name[0].upper()}{name[1:]}"
        for name in ("intersectionOf", "unionOf", "oneOf", "complementOf")
    },
    "R": {
        **{
            f"owl:{name}": f"Data{name[0].upper()}{name[1:]}"
            for name in ("intersectionOf", "unionOf", "oneOf")
        },
        "owl:datatypeComplementOf": "DataComplementOf",
        "owl:onDatatype": "DatatypeRestriction",
    },
}
"""What makes a class expression or data range of a blank node, and which kind."""

BUILT_IN: Final = {
    **dict.fromkeys(("owl:Thing", "owl:Nothing"), "Class"),
    **dict.fromkeys(("owl:topObjectProperty", "owl:bottomObjectProperty"), "ObjectProperty"),
    **dict.fromkeys(("owl:topDataProperty", "owl:bottomDataProperty"), "DataProperty"),
    **dict.fromkeys(
        (
            *("rdfs:label", "rdfs:comment", "rdfs:seeAlso", "rdfs:isDefinedBy"),
            *("owl:versionInfo", "owl:versionIRI", "owl:deprecated", "owl:imports"),
            *("owl:priorVersion", "owl:backwardCompatibleWith", "owl:incompatibleWith"),
        ),
        "AnnotationProperty",
    ),
}
"""Entities that need no declaration (Structural Specification, section 5), as prefixed names."""


@dataclass(frozen=True, slots=True)
class Compound:
    """An expression of several parts, such as ``ObjectUnionOf``.

    Attributes:
        kind: its name in the structural specification.
        parts: what it is made of, in the order of the functional-style syntax.
    """

    kind: str
    parts: tuple[Part, ...]


Part: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | Compound


@dataclass(frozen=True, slots=True)
class Axiom:
    """One axiom.

    Attributes:
        kind: its name in the structural specification, such as ``SubClassOf``.
        parts: what it relates.
        triple: the statement that makes it; of several, the one at its head.
    """

    kind: str
    parts: tuple[Part, ...]
    triple: ox.Triple


@dataclass
class Axioms:
    """What a set of triples says in OWL.

    Attributes:
        axioms: all with a logical meaning, each once.
        kinds: for each IRI, as which kinds of entity it is declared (``Class``, ``Datatype``,
            ``ObjectProperty``, ``DataProperty``, ``AnnotationProperty``, ``NamedIndividual``),
            each with the statement that declares it.
        left_out: statements that no reasoner gets, by the reason.
        malformed: those of these reasons that mean that the statement is not an axiom of OWL 2.
        annotations: how many statements are annotations, which mean nothing to a reasoner.
    """

    axioms: list[Axiom] = field(default_factory=list)
    kinds: dict[str, dict[str, ox.Triple]] = field(default_factory=lambda: defaultdict(dict))
    left_out: dict[str, list[ox.Triple]] = field(default_factory=lambda: defaultdict(list))
    malformed: set[str] = field(default_factory=set)
    annotations: int = 0


def sorts(kind: str, count: int) -> str:
    """Return the letters of `SIGNATURES` for so many parts of an axiom or expression."""
    letters = SIGNATURES[kind].rstrip("*")
    return letters[:count].ljust(count, letters[-1])


def leaves(part: Part | Axiom, sort: str = "") -> Iterator[tuple[str, Term]]:
    """Yield the names and literals in an axiom or expression, each with its letter."""
    if isinstance(part, Compound | Axiom):
        for letter, inner in zip(sorts(part.kind, len(part.parts)), part.parts, strict=True):
            yield from leaves(inner, letter)
    else:
        yield sort, part


def compounds(part: Part | Axiom) -> Iterator[Compound]:
    """Yield the expressions in an axiom, those within others as well."""
    if isinstance(part, Compound):
        yield part
    if isinstance(part, Compound | Axiom):
        for inner in part.parts:
            yield from compounds(inner)


def entities(part: Part | Axiom) -> set[Node]:
    """Return the names in an axiom or expression that are not of a standard vocabulary."""
    standard = tuple(PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "xsd"))
    return {
        term
        for _, term in leaves(part)
        if isinstance(term, ox.BlankNode)
        or (isinstance(term, ox.NamedNode) and not term.value.startswith(standard))
    }


_XSD: Final = PREFIXES["xsd"]
_RDF: Final = PREFIXES["rdf"]
_BOUNDS: Final = ("xsd:minInclusive", "xsd:maxInclusive", "xsd:minExclusive", "xsd:maxExclusive")
_LENGTHS: Final = ("xsd:length", "xsd:minLength", "xsd:maxLength")
_OF_TEXT: Final = (*_LENGTHS, "xsd:pattern")
FACETS: Final = (*_BOUNDS, *_OF_TEXT, "rdf:langRange")
"""The facets of OWL 2, as prefixed names."""

_NUMERIC: Final = frozenset(
    [PREFIXES["owl"] + "real", PREFIXES["owl"] + "rational"]
    + [_XSD + name for name in (*xsd.INTEGER_RANGES, "decimal", "double", "float")]
)
"""Datatypes of numbers: their bounds may be given as any of them."""

_TEXTS: Final = (
    "string", "normalizedString", "token", "language", "Name", "NCName", "NMTOKEN", "anyURI",
)  # fmt: skip
# Which facets restrict which datatype (sections 4.1 to 4.7).
_FACETS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys((*_NUMERIC, _XSD + "dateTime", _XSD + "dateTimeStamp"), _BOUNDS),
    **dict.fromkeys((_XSD + name for name in _TEXTS), _OF_TEXT),
    **dict.fromkeys((_XSD + "hexBinary", _XSD + "base64Binary"), _LENGTHS),
    **dict.fromkeys((_XSD + "boolean", _RDF + "XMLLiteral", _RDF + "langString"), ()),
    PREFIXES["rdfs"] + "Literal": (),
    _RDF + "PlainLiteral": (*_OF_TEXT, "rdf:langRange"),
}
DATATYPES: Final = frozenset(_FACETS_OF)
"""The datatypes that OWL 2 DL knows; dates without a time and years are not among them."""


def facet_fault(base: str, name: str, value: object) -> str | None:
    """Return what is wrong with a restriction of a datatype; None: nothing.

    Args:
        base: the datatype.
        name: the facet, as a prefixed name.
        value: its value.
    """
    if name not in _FACETS_OF.get(base, ()):
        return f"{name} is not a facet{f' of {shorten(base)}' if name in FACETS else ''}"
    if not isinstance(value, ox.Literal):
        return f"{name} with a value that is not a literal"
    own = value.datatype.value
    if name in _LENGTHS:
        fits = own in _NUMERIC and value.value.isdecimal()
    elif name in _BOUNDS:
        fits = own in _NUMERIC if base in _NUMERIC else own == base
    else:
        fits = own == _XSD + "string"
    return None if fits else f"{name} with a value of another datatype"


_RATIONAL: Final = re.compile(r"[+-]?[0-9]+ */ *[1-9][0-9]*")
# No value is written as either.
_WITHOUT_FORM: Final = frozenset((PREFIXES["owl"] + "real", PREFIXES["rdfs"] + "Literal"))
_NO_CHARACTER: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_well_formed(literal: ox.Literal) -> bool:
    """Say whether a literal is written as its datatype demands; of text, whether XML could hold it.

    Source: XML Schema Definition Language 1.1 Part 2, section 3; XML 1.0, production 2.
    """
    datatype, value = literal.datatype.value, literal.value.strip(" \t\n\r")
    if _NO_CHARACTER.search(value) or datatype in _WITHOUT_FORM:
        return False
    if datatype == PREFIXES["owl"] + "rational":
        return _RATIONAL.fullmatch(value) is not None
    if datatype == _RDF + "XMLLiteral":
        return _is_xml(value)
    name = datatype.removeprefix(_XSD)
    if name in xsd.FORMS:
        return xsd.pattern_of(name).fullmatch(value) is not None
    return xsd.is_well_formed(value, datatype)


def _is_xml(text: str) -> bool:
    # No entities can be defined within an element, so that none can multiply.
    try:
        xml.etree.ElementTree.fromstring(f"<x>{text}</x>")  # noqa: S314
    except xml.etree.ElementTree.ParseError:
        return False
    return True


# Parts by number; with e as the beginning of a sentence about all, with a as the end of one that
# gives a class; `all` is the list of them.
_SENTENCES: Final = {
    "SubClassOf": "{e0} {a1}",
    "EquivalentClasses": "{all} have the same members",
    "DisjointClasses": "nothing is two of {all}",
    "DisjointUnion": "every {s0} is exactly one of {others}",
    "SubPropertyOf": "whatever is related by {s0} is related by {s1}",
    "EquivalentProperties": "{all} relate the same things",
    "DisjointProperties": "nothing is related by two of {all}",
    "InverseProperties": "{s0} is the inverse of {s1}",
    "PropertyDomain": "whatever has a {s0} {a1}",
    "PropertyRange": "whatever is a {s0} of something {a1}",
    "FunctionalProperty": "nothing has two different {s0}",
    "InverseFunctionalProperty": "no two things share a {s0}",
    "TransitiveProperty": "{s0} of a {s0} is a {s0}",
    "SymmetricProperty": "{s0} holds both ways",
    "AsymmetricProperty": "{s0} never holds both ways",
    "ReflexiveProperty": "everything has itself as {s0}",
    "IrreflexiveProperty": "nothing has itself as {s0}",
    "ClassAssertion": "{s1} {a0}",
    "PropertyAssertion": "{s1} has as {s0} {s2}",
    "NegativePropertyAssertion": "{s1} has not as {s0} {s2}",
    "SameIndividual": "{all} are the same thing",
    "DifferentIndividuals": "{all} are different things",
    "DatatypeDefinition": "{s0} means {s1}",
}
_EXPRESSIONS: Final = {
    "ComplementOf": "what is not {s0}",
    "SomeValuesFrom": "what has as {s0} some {s1}",
    "AllValuesFrom": "what has as {s0} nothing but {s1}",
    "HasValue": "what has {s1} as {s0}",
    "HasSelf": "what has itself as {s0}",
    "InverseOf": "the inverse of {s0}",
    "MinCardinality": "what has at least {values}",
    "MaxCardinality": "what has at most {values}",
    "ExactCardinality": "what has exactly {values}",
    "IntersectionOf": "({both})",
    "UnionOf": "({either})",
    "OneOf": "one of {{{listed}}}",
    "PropertyChain": "a chain of {then}",
    "DatatypeRestriction": "{s0} with {facets}",
}
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


def in_words(axiom: Axiom, labels: Mapping[str, str] = _NO_LABELS) -> str:
    """Return an axiom as a sentence, without a full stop.

    Args:
        axiom: what to say.
        labels: IRI → label; a name without one is shown as a prefixed name.
    """
    parts = axiom.parts
    if axiom.kind == "HasKey":
        keys = [one for key in parts[1:] if isinstance(key, Compound) for one in key.parts]
        return f"no two {_say(parts[0], labels)} share {_listed(keys, labels, 'and')}"
    if axiom.kind == "DisjointClasses" and len(parts) == 2:
        return "nothing is both {s0} and {s1}".format_map(_phrases(parts, labels))
    template = _SENTENCES.get(axiom.kind) or _SENTENCES[_plain(axiom.kind)]
    return template.format_map(_phrases(parts, labels))


def _plain(kind: str) -> str:
    return kind.replace("Object", "").replace("Data", "")


def _say(part: Part, labels: Mapping[str, str]) -> str:
    if not isinstance(part, Compound):
        label = labels.get(part.value) if isinstance(part, ox.NamedNode) else None
        return show(part) if label is None else f"'{label}'"
    template = _EXPRESSIONS.get(part.kind) or _EXPRESSIONS[_plain(part.kind)]
    return template.format_map(_phrases(part.parts, labels))


def _phrases(parts: Sequence[Part], labels: Mapping[str, str]) -> dict[str, str]:
    """Return what templates may name of the parts of an axiom or expression."""
    said = [_say(part, labels) for part in parts]
    phrases = {
        "all": _listed(parts, labels, "and"),
        "others": _listed(parts[1:], labels, "or"),
        "both": " and ".join(said),
        "either": " or ".join(said),
        "listed": ", ".join(said),
        "then": ", then ".join(said),
        "values": " ".join([getattr(parts[0], "value", ""), *said[1:]]),
        "facets": " and ".join(map(" ".join, zip(said[1::2], said[2::2], strict=False))),
    }
    for number, (part, one) in enumerate(zip(parts, said, strict=True)):
        is_what = one.startswith("what ")
        phrases[f"s{number}"] = one
        phrases[f"e{number}"] = f"whatever {one[5:]}" if is_what else f"every {one}"
        phrases[f"a{number}"] = f"is a {one}" if not isinstance(part, Compound) else (
            f"is something that {one[5:]}" if is_what else f"is {one}"
        )  # fmt: skip
    return phrases


def _listed(parts: Sequence[Part], labels: Mapping[str, str], last: str) -> str:
    """Return names as a list."""
    *others, end = [_say(part, labels) for part in parts] or [""]
    return f" {last} ".join(filter(None, [", ".join(others), end]))
