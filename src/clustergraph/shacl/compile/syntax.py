"""What is wrong with shapes themselves, and what in them is not evaluated.

Faults are what the specification calls ill-formed, or must end in a failure. Notices are terms that
have no effect here: unknown ones, those of extensions that are not supported, likely mistakes.

Source: SHACL, section 1.3 and appendix A (syntax rules); sections 3.1.4 and 3.4.2 (failures).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import near
from clustergraph.rdf.xsd import INTEGER_RANGES, is_well_formed
from clustergraph.shacl.paths import Objects, PropertyPath, Term, members_of, show
from clustergraph.shacl.report import Fault
from clustergraph.vocab import PREFIXES

SH: Final = PREFIXES["sh"]
RDF: Final = PREFIXES["rdf"]
_XSD: Final = PREFIXES["xsd"]

Index = Mapping[object, Mapping[str, Sequence[Term]]]
"""Subject → IRI of the predicate → objects, each once."""


def name_of(node: Term, index: Index) -> str:
    """Return a name for a node of a shapes graph: of a property shape without one, its path."""
    if not isinstance(node, ox.BlankNode):
        return show(node)
    objects = _objects(index)
    owner = next(
        (s for s, described in index.items() if node in described.get(SH + "property", ())), None
    )
    paths = objects(node, SH + "path")
    try:
        path = str(PropertyPath.read(paths[0], objects))  # type: ignore[arg-type]
    except (ValueError, IndexError):
        path = ""
    of = f" of {show(owner)}" if isinstance(owner, ox.NamedNode) else ""
    return f"the property shape {path}{of}".rstrip() if path or of else _shown(node)


def _objects(index: Index) -> Objects:
    return lambda subject, name: list(index.get(subject, {}).get(name, ()))


def index_of(triples: Iterable[ox.Triple]) -> dict[object, dict[str, list[Term]]]:
    """Return triples by subject and predicate; triples about triples are left out."""
    index: dict[object, dict[str, list[Term]]] = {}
    for subject, predicate, value in triples:
        if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
            continue
        values = index.setdefault(subject, {}).setdefault(predicate.value, [])
        if value not in values:
            values.append(value)
    return index


Check = Callable[[Term, Index], str]
"""What a value of a parameter has to be: the check returns what is asked for, or nothing."""


def _a(words: str, *kinds: type) -> Check:
    return lambda term, _: "" if isinstance(term, kinds) else words


_iri: Final = _a("an IRI", ox.NamedNode)
_node: Final = _a("a shape", ox.NamedNode, ox.BlankNode)
_literal: Final = _a("a literal", ox.Literal)
_iri_or_literal: Final = _a("an IRI or a literal", ox.NamedNode, ox.Literal)
_any: Final = _a("a term", object)


def _count(term: Term, _: Index) -> str:
    wanted = "a whole number, 0 or more (xsd:integer)"
    if not isinstance(term, ox.Literal):
        return wanted
    name = term.datatype.value.removeprefix(_XSD)
    fits = name in INTEGER_RANGES and is_well_formed(term.value, term.datatype.value)
    return "" if fits and not term.value.startswith("-") else wanted


def _literal_of(words: str, *types: str) -> Check:
    return lambda term, _: (
        "" if isinstance(term, ox.Literal) and term.datatype.value in types else words
    )


def _boolean(term: Term, _: Index) -> str:
    fits = isinstance(term, ox.Literal) and term.datatype.value == _XSD + "boolean"
    return "" if fits and term.value in ("true", "false", "1", "0") else "true or false"


_string: Final = _literal_of("a string", _XSD + "string")
_text: Final = _literal_of("a text", _XSD + "string", RDF + "HTML", RDF + "langString")


def _kind(term: Term, _: Index) -> str:
    known = ("IRI", "Literal", "BlankNode", "BlankNodeOrIRI", "IRIOrLiteral", "BlankNodeOrLiteral")
    name = term.value.removeprefix(SH) if isinstance(term, ox.NamedNode) else ""
    return "" if name in known else "one of " + ", ".join(f"sh:{kind}" for kind in known)


def _list_of(check: Check) -> Check:
    def of_list(head: Term, index: Index) -> str:
        try:
            members = members_of(head, _objects(index))
        except ValueError:
            return "a well-formed list"
        wrong = next(filter(None, (check(member, index) for member in members)), "")
        return f"a list whose members are each {wrong}" if wrong else ""

    return of_list


_ONCE: Final[dict[str, Check]] = {
    "datatype": _iri,
    "nodeKind": _kind,
    "minCount": _count,
    "maxCount": _count,
    "minExclusive": _literal,
    "minInclusive": _literal,
    "maxExclusive": _literal,
    "maxInclusive": _literal,
    "minLength": _count,
    "maxLength": _count,
    "flags": _string,
    "languageIn": _list_of(_string),
    "uniqueLang": _boolean,
    "closed": _boolean,
    "ignoredProperties": _list_of(_iri),
    "in": _list_of(_any),
    "qualifiedMinCount": _count,
    "qualifiedMaxCount": _count,
    "qualifiedValueShapesDisjoint": _boolean,
    "severity": _iri,
    "deactivated": _boolean,
}
"""Parameters with at most one value."""

_MANY: Final[dict[str, Check]] = {
    "class": _iri,
    "pattern": _string,
    "equals": _iri,
    "disjoint": _iri,
    "lessThan": _iri,
    "lessThanOrEquals": _iri,
    "node": _node,
    "not": _node,
    "property": _node,
    "and": _list_of(_node),
    "or": _list_of(_node),
    "xone": _list_of(_node),
    "qualifiedValueShape": _node,
    "hasValue": _any,
    "sparql": _node,
    "message": _text,
    "targetClass": _iri,
    "targetNode": _iri_or_literal,
    "targetSubjectsOf": _iri,
    "targetObjectsOf": _iri,
}
_CHECKS: Final = _ONCE | _MANY
_ONLY_WITH_PATH: Final = (
    "minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals",
)  # fmt: skip
PARAMETERS: Final = frozenset(
    SH + name for name in _CHECKS if name not in ("message", "deactivated", "severity")
) | {SH + "path"}
"""The predicates whose subjects are shapes: parameters, targets and sh:path."""


def faults_of(index: Index) -> Iterator[Fault]:
    """Yield what is wrong with the shapes of a shapes graph.

    Queries, patterns and prefixes are checked where they are compiled.
    """
    for node, described in index.items():
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            continue
        for value in described.get(SH + "entailment", ()):
            if value != ox.NamedNode(SH + "Rules"):
                yield Fault(
                    node,
                    f"sh:entailment asks for {show(value)}, which is not supported: nothing is "
                    "inferred here; leave it out, or validate data with what is inferred",
                    SH + "entailment",
                    value,
                )
        names = [name.removeprefix(SH) for name in described if name.startswith(SH)]
        if not PARAMETERS.isdisjoint(described):
            yield from _faults_of_shape(node, described, names, index)


def _faults_of_shape(
    node: Term, described: Mapping[str, Sequence[Term]], names: Sequence[str], index: Index
) -> Iterator[Fault]:
    for name in names:
        if (check := _CHECKS.get(name)) is None:
            continue
        values = described[SH + name]
        if name in _ONCE and len(values) > 1:
            listed = ", ".join(map(show, values))
            yield Fault(node, f"has more than one sh:{name} ({listed})", SH + name, values[1])
        for value in values:
            if wrong := check(value, index):
                yield Fault(
                    node, f"sh:{name} has to be {wrong}, not {_shown(value)}", SH + name, value
                )

    paths = described.get(SH + "path", ())
    if len(paths) > 1:
        yield Fault(node, "has more than one sh:path", SH + "path", paths[1])
    for path in paths[:1]:
        if isinstance(path, ox.Literal):
            yield Fault(node, f"sh:path has to be a path, not {path}", SH + "path", path)
            continue
        try:
            PropertyPath.read(path, _objects(index))
        except ValueError as error:
            yield Fault(node, f"sh:path is ill-formed: {error}", SH + "path", path)
    if not paths:
        for name in _ONLY_WITH_PATH:
            if name in names:
                yield Fault(
                    node, f"is a node shape (it has no sh:path) and must not have sh:{name}",
                    SH + name, described[SH + name][0],
                )  # fmt: skip
    for value in described.get(SH + "property", ()):
        if not isinstance(value, ox.Literal) and SH + "path" not in index.get(value, {}):
            state = "has no sh:path" if value in index else "is not described in the shapes"
            yield Fault(
                node, f"sh:property names {show(value)}, which {state}", SH + "property", value
            )


def _shown(term: Term) -> str:
    return "a node without a name" if isinstance(term, ox.BlankNode) else show(term)


# SHACL Core and SHACL-SPARQL, with the terms that carry no constraint.
_KNOWN: Final = frozenset(
    """
    AbstractResult BlankNode BlankNodeOrIRI BlankNodeOrLiteral ConstraintComponent IRI
    IRIOrLiteral Info Literal NodeKind NodeShape Parameter Parameterizable PrefixDeclaration
    PropertyGroup PropertyShape PropertyShapeComponent ResultAnnotation SPARQLAskExecutable
    SPARQLAskValidator SPARQLConstraint SPARQLConstraintComponent SPARQLConstructExecutable
    SPARQLExecutable SPARQLSelectExecutable SPARQLSelectValidator SPARQLUpdateExecutable Severity
    Shape ValidationReport ValidationResult Validator Violation Warning alternativePath
    annotationProperty annotationValue annotationVarName ask conforms construct declare
    defaultValue description detail entailment focusNode group inversePath labelTemplate name
    namespace nodeValidator oneOrMorePath optional order parameter path prefix prefixes
    propertyValidator result resultAnnotation resultMessage resultPath resultSeverity select
    shapesGraph shapesGraphWellFormed sourceConstraint sourceConstraintComponent sourceShape
    suggestedShapesGraph update validator value zeroOrMorePath zeroOrOnePath
    """.split()  # noqa: SIM905
).union(_CHECKS, (f"{name[0].upper()}{name[1:]}ConstraintComponent" for name in _CHECKS))
_ADVANCED_TERMS: Final = frozenset(
    """
    ExpressionConstraintComponent Function Rule Rules SPARQLFunction SPARQLRule SPARQLTarget
    SPARQLTargetType Target TargetType TripleRule asc condition count desc distinct else
    exists expression filterShape groupConcat if intersection limit max min minus nodes object
    offset orderBy predicate returnType rule subject sum target then this union
    """.split()  # noqa: SIM905
)
_JS: Final = re.compile(r"js[A-Z]?\w*|JS\w*")
_NAMESPACE_TERM: Final = re.compile(re.escape(SH) + r"[A-Za-z]\w*")

_TOGETHER: Final = {
    "flags": ("pattern",),
    "qualifiedMinCount": ("qualifiedValueShape",),
    "qualifiedMaxCount": ("qualifiedValueShape",),
    "qualifiedValueShape": ("qualifiedMinCount", "qualifiedMaxCount"),
}
"""Parameters that have no effect without another one."""
_ADVANCED: Final = frozenset(SH + name for name in ("target", "rule", "expression"))
"""The predicates that need SHACL Advanced Features."""


def is_advanced(index: Index) -> bool:
    """Return whether shapes use SHACL Advanced Features: targets, rules, expressions, functions."""
    kinds = {ox.NamedNode(SH + "SPARQLFunction"), ox.NamedNode(SH + "SPARQLTargetType")}
    return any(
        not _ADVANCED.isdisjoint(described) or not kinds.isdisjoint(described.get(RDF + "type", ()))
        for described in index.values()
    )


def notices_of(index: Index) -> Iterator[Fault]:
    """Yield what has no effect in a shapes graph, or not the one that may be expected."""
    known = _KNOWN | _ADVANCED_TERMS
    told: set[str] = set()
    for node, described in index.items():
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            continue
        for predicate, values in described.items():
            for term in (ox.NamedNode(predicate), *values):
                if not isinstance(term, ox.NamedNode) or not _NAMESPACE_TERM.fullmatch(term.value):
                    continue
                name = term.value.removeprefix(SH)
                if name in known or name in told:
                    continue
                told.add(name)
                value = None if term.value == predicate else term
                yield Fault(node, _about_unknown(name, known), predicate, value)
        yield from _notices_of_shape(node, described, index)


def _about_unknown(name: str, known: Iterable[str]) -> str:
    if _JS.fullmatch(name):
        return f"sh:{name} belongs to SHACL-JS, which is not evaluated"
    hints = near(name, known, limit=1)
    hint = f"; did you mean sh:{hints[0]}?" if hints else ""
    return f"sh:{name} is not a term of SHACL 1.0, and has no effect{hint}"


def _notices_of_shape(
    node: Term, described: Mapping[str, Sequence[Term]], index: Index
) -> Iterator[Fault]:
    types = {getattr(kind, "value", "") for kind in described.get(RDF + "type", ())}
    targets = any(name.startswith(SH + "target") for name in described)
    owl_class = PREFIXES["owl"] + "Class"
    shape = bool(types & {SH + "NodeShape", SH + "PropertyShape"})
    if shape and owl_class in types and PREFIXES["rdfs"] + "Class" not in types and not targets:
        yield Fault(
            node,
            "is an owl:Class and a shape, but looks at no node: a shape targets the instances of "
            "its own IRI only if it is an rdfs:Class; add that type, or sh:targetClass",
            RDF + "type",
            ox.NamedNode(owl_class),
        )
    for name, others in _TOGETHER.items():
        if SH + name in described and not any(SH + other in described for other in others):
            needed = " or ".join(f"sh:{other}" for other in others)
            yield Fault(node, f"has sh:{name} without {needed}, and no effect", SH + name)
    for name in ("node", "not", "qualifiedValueShape"):
        for value in described.get(SH + name, ()):
            if not isinstance(value, ox.Literal) and value not in index:
                yield Fault(
                    node,
                    f"sh:{name} names {show(value)}, which the shapes do not describe: "
                    "everything conforms to it",
                    SH + name,
                    value,
                )
