"""A statement by the names that people write for its terms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final, TypeAlias, cast

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError, UsageError
from clustergraph.owl.incremental import Statement
from clustergraph.quadstore import Engine
from clustergraph.questions.names import Names
from clustergraph.questions.parameters import iri_of
from clustergraph.vocab import PREFIXES

__all__ = ["read_statement"]

Value: TypeAlias = ox.NamedNode | ox.Literal

_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_PROPERTIES: Final = '?thing a ?kind FILTER(STRENDS(STR(?kind), "Property"))'


def read_statement(subject: str, predicate: str, value: str, engine: Engine) -> Statement:
    """Return the statement that three texts mean.

    A name that several things bear means the one of which a statement holds.

    Args:
        subject: an IRI, a prefixed name, a key or a name of a thing.
        predicate: the same of a property; ``a`` stands for rdf:type.
        value: the same of a thing; or a literal, as Turtle writes it or by its text alone.
        engine: the graph that holds the things.

    Raises:
        UnknownNameError: a name of nothing; suggests similar names.
        AmbiguousNameError: a name of several things; lists them.
        UsageError: no IRI, or no literal.
    """
    names = Names(engine)
    subjects = _things("thing", subject, engine, names)
    predicates = _properties(predicate, engine, names)
    stated = [
        quad.object
        for one, two in product(subjects, predicates)
        for quad in engine.store.quads_for_pattern(one, two, None, None)
    ]
    texts = [one for one in stated if isinstance(one, ox.Literal)]
    values: Sequence[Value]
    if value[:1] in ("'", '"'):
        values = [_literal(value)]
    elif same := [one for one in texts if one.value == value]:
        values = same
    elif texts and _iri(value) is None:
        # Of a property with texts and numbers, a text is one, whether it is stated or not.
        values = [ox.Literal(value)]
    else:
        values = _things("thing", value, engine, names)
    # Whichever of several things a text means: that it is not stated is said of all of them.
    values = [one for one in values if one in stated] or values[:1]
    combinations = list(product(subjects, predicates, values))
    found = [one for one in combinations if _is_held(one, engine)] or combinations
    if len(found) > 1:
        for text, terms in zip((subject, predicate, value), zip(*found, strict=True), strict=True):
            if len(iris := sorted({cast(ox.NamedNode, term).value for term in terms})) > 1:
                raise names.ambiguous(text, iris)
    return found[0]


def _things(kind: str, text: str, engine: Engine, names: Names) -> list[ox.NamedNode]:
    """Return the things that a text may mean; at least one."""
    if (node := _iri(text)) is None:
        if found := names.find(text):
            return [ox.NamedNode(iri) for iri in found]
        raise names.unknown(kind, text)
    if any(
        _is_held(one, engine)
        for one in ((node, None, None), (None, node, None), (None, None, node))
    ):
        return [node]
    space = max(
        (one for one in PREFIXES.values() if node.value.startswith(one)), default="", key=len
    )
    raise UnknownNameError(kind, node.value.removeprefix(space), engine.names_in(space))


def _properties(text: str, engine: Engine, names: Names) -> list[ox.NamedNode]:
    """Return the properties that a text may mean; at least one."""
    if text == "a":
        return [_TYPE]
    ours = Names(engine, of=_PROPERTIES)
    if _iri(text) is None:
        if found := ours.find(text):
            return [ox.NamedNode(iri) for iri in found]
        raise ours.unknown("property", text)
    try:
        return _things("property", text, engine, names)
    except UnknownNameError as error:
        raise ours.unknown("property", error.name) from None


def _is_held(
    pattern: tuple[ox.NamedNode | None, ox.NamedNode | None, Value | None], engine: Engine
) -> bool:
    return next(engine.store.quads_for_pattern(*pattern, None), None) is not None


def _iri(text: str) -> ox.NamedNode | None:
    """Return the IRI that a text is or abbreviates; None: it is neither."""
    prefix, colon, _ = text.removeprefix("<").partition(":")
    if not (colon and (prefix in PREFIXES or "://" in text or prefix == "urn")):
        return None
    try:
        return iri_of(text.replace("\\", ""))
    except ValueError as error:
        raise UsageError(f"{text}: not {error}") from error


def _literal(text: str) -> ox.Literal:
    prefixes = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
    try:
        (quad,) = ox.parse(f"{prefixes}<x:s> <x:p> {text} .", ox.RdfFormat.TURTLE)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{text}: not a literal as Turtle writes it") from error
    return cast(ox.Literal, quad.object)
