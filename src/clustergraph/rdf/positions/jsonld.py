"""Where each statement stands in JSON-LD: a JSON pointer, and the character it leads to.

A reader of positions, no processor of JSON-LD: it knows inline contexts with terms, prefixes,
``@vocab``, ``@base`` and aliases, and nodes nested in nodes. What it does not understand has no
place of its own, and its findings then stand where their node does.

Source: JSON-LD 1.1, sections 4 and 9; RFC 6901.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pyoxigraph as ox

from clustergraph.rdf.positions.turtle import Node, Stated, Term, resolve
from clustergraph.vocab import PREFIXES

__all__ = ["contexts", "scan"]

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SCALAR: Final = re.compile(r"-?[0-9][0-9.eE+\-]*|true|false|null")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_XSD: Final = PREFIXES["xsd"]
_GRAPH: Final = ox.DefaultGraph()


class _Value(NamedTuple):
    """A JSON value, where it begins and how it is reached."""

    at: int
    pointer: str
    content: object


class _Member(NamedTuple):
    """A name in an object, where it stands, and its value."""

    name: str
    at: int
    value: _Value


@dataclass(frozen=True)
class _Context:
    """The part of the active context that names are read by; terms as they are defined."""

    base: str
    vocabulary: str = ""
    language: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)


def scan(text: str, base: str) -> tuple[list[Stated], dict[int, str]]:
    """Return statements of ``text``, and for each offset its JSON pointer.

    Args:
        text: a document that the engine's parser has accepted.
        base: the IRI that relative ones are resolved against.

    Raises:
        ValueError: the text is no JSON.
        RecursionError: it is nested too deeply to be read here.
    """
    reader = _Reader(text)
    value, _ = reader.value(0, "")
    statements = _Statements()
    statements.walk(value, _Context(base))
    return statements.found, reader.pointers


def contexts(text: str) -> Iterator[tuple[int, bool]]:
    """Yield where in ``text`` the value of each ``@context`` of a node begins.

    With it, whether it stands at the top, of the document or of its graph: nodes further down may
    be no nodes, but parts of a JSON literal.

    Raises:
        ValueError: the text is no JSON.
        RecursionError: it is nested too deeply to be read here.
    """
    value, _ = _Reader(text).value(0, "")
    yield from _contexts(value, True)


def _contexts(value: _Value, top: bool) -> Iterator[tuple[int, bool]]:
    if isinstance(value.content, list):
        for item in value.content:
            yield from _contexts(item, top)
    elif isinstance(value.content, dict):
        for name, member in value.content.items():
            if name == "@context":
                yield member.value.at, top
            else:
                yield from _contexts(member.value, top and name == "@graph")


class _Reader:
    """JSON with offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pointers: dict[int, str] = {}

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def string(self, at: int) -> tuple[str, int]:
        match = _STRING.match(self.text, at)
        if match is None:
            raise ValueError(f"no string at offset {at}")
        return json.loads(match[0], strict=False), match.end()

    def value(self, at: int, pointer: str) -> tuple[_Value, int]:
        start = self.space(at)
        self.pointers[start] = pointer
        match self.text[start : start + 1]:
            case "{":
                members, end = self.members(start + 1, pointer)
                return _Value(start, pointer, members), end
            case "[":
                items, end = self.items(start + 1, pointer)
                return _Value(start, pointer, items), end
            case '"':
                text, end = self.string(start)
                return _Value(start, pointer, text), end
        match = _SCALAR.match(self.text, start)
        if match is None:
            raise ValueError(f"no value at offset {start}")
        return _Value(start, pointer, json.loads(match[0])), match.end()

    def members(self, at: int, pointer: str) -> tuple[dict[str, _Member], int]:
        found: dict[str, _Member] = {}
        at = self.space(at)
        while self.text[at : at + 1] != "}":
            start = at
            name, at = self.string(at)
            inner = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            self.pointers[start] = inner
            value, at = self.value(self.space(at) + 1, inner)
            found[name] = _Member(name, start, value)
            at = self.space(at)
            if self.text[at : at + 1] == ",":
                at = self.space(at + 1)
        return found, at + 1

    def items(self, at: int, pointer: str) -> tuple[list[_Value], int]:
        found: list[_Value] = []
        at = self.space(at)
        while self.text[at : at + 1] != "]":
            value, at = self.value(at, f"{pointer}/{len(found)}")
            found.append(value)
            at = self.space(at)
            if self.text[at : at + 1] == ",":
                at = self.space(at + 1)
        return found, at + 1


class _Statements:
    """The statements of nodes, as far as they are understood."""

    def __init__(self) -> None:
        self.found: list[Stated] = []
        self.anonymous = 0

    def walk(self, value: _Value, context: _Context) -> None:
        """Read the nodes of a document or a graph."""
        if isinstance(value.content, list):
            for item in value.content:
                self.walk(item, context)
        elif isinstance(value.content, dict):
            self.node(value, context)

    def node(self, value: _Value, context: _Context) -> Node:
        members: dict[str, _Member] = value.content  # type: ignore[assignment]
        if "@context" in members:
            context = _extended(context, members["@context"].value)
        keywords = {_keyword(member.name, context): member for member in members.values()}
        subject: Node
        if (named := keywords.get("@id")) and isinstance(named.value.content, str):
            at, subject = named.value.at, _identified(named.value.content, context)
        else:
            self.anonymous += 1
            at, subject = value.at, ox.BlankNode(f"a{self.anonymous}")
        for member in members.values():
            keyword = _keyword(member.name, context)
            if keyword == "@type":
                for kind in _each(member.value):
                    if isinstance(kind.content, str) and (iri := _expanded(kind.content, context)):
                        self.say(subject, _TYPE, ox.NamedNode(iri), at, member.at, kind.at)
            elif keyword in ("@graph", "@included"):
                self.walk(member.value, context)
            elif not keyword.startswith("@") and (iri := _expanded(member.name, context)):
                for one in _each(member.value):
                    for term in self.object(one, member.name, context):
                        self.say(subject, ox.NamedNode(iri), term, at, member.at, one.at)
        return subject

    def object(self, value: _Value, name: str, context: _Context) -> Iterator[Term]:
        content = value.content
        if isinstance(content, dict):
            inner = {_keyword(member.name, context): member.value for member in content.values()}
            if "@value" in inner:
                kind, language = inner.get("@type"), inner.get("@language")
                yield from _literal(
                    inner["@value"].content,
                    _expanded(str(kind.content), context) if kind else None,
                    str(language.content) if language else None,
                )
            elif not inner.keys() & {"@list", "@set"}:
                yield self.node(value, context)
        elif content is not None and not isinstance(content, list):
            term = context.terms.get(name)
            defined = term if isinstance(term, dict) else {}
            kind_name = defined.get("@type")
            if kind_name in ("@id", "@vocab") and isinstance(content, str):
                yield _identified(content, context, vocabulary=kind_name == "@vocab")
            else:
                datatype = _expanded(kind_name, context) if kind_name else None
                yield from _literal(content, datatype, defined.get("@language", context.language))

    def say(self, subject: Node, predicate: ox.NamedNode, value: Term, *at: int) -> None:
        self.found.append(Stated(subject, predicate, value, _GRAPH, at[0], at[1], at[2]))


def _each(value: _Value) -> list[_Value]:
    return value.content if isinstance(value.content, list) else [value]


def _literal(content: object, datatype: str | None, language: str | None) -> Iterator[ox.Literal]:
    if isinstance(content, bool):
        yield ox.Literal(str(content).lower(), datatype=ox.NamedNode(datatype or _XSD + "boolean"))
    elif isinstance(content, int):
        yield ox.Literal(str(content), datatype=ox.NamedNode(datatype or _XSD + "integer"))
    elif isinstance(content, str) and datatype:
        yield ox.Literal(content, datatype=ox.NamedNode(datatype))
    elif isinstance(content, str) and language:
        yield ox.Literal(content, language=language.lower())
    elif isinstance(content, str):
        yield ox.Literal(content)


def _keyword(name: str, context: _Context) -> str:
    """Return the keyword that a name is or stands for; any other name as it is."""
    term = context.terms.get(name)
    meant = term.get("@id") if isinstance(term, dict) else term
    return meant if isinstance(meant, str) and meant.startswith("@") else name


def _expanded(name: str, context: _Context) -> str | None:
    """Return the IRI that a name stands for as property or type."""
    term = context.terms.get(name)
    meant = term.get("@id", name) if isinstance(term, dict) else term
    if isinstance(meant, str) and meant != name:
        return meant if meant.startswith("@") else _expanded(meant, context)
    prefix, colon, local = name.partition(":")
    if colon:
        known = prefix in context.terms and not local.startswith("//")
        return f"{_expanded(prefix, context)}{local}" if known else name
    return context.vocabulary + name if context.vocabulary else None


def _identified(name: str, context: _Context, vocabulary: bool = False) -> Node:
    if name.startswith("_:"):
        return ox.BlankNode(f"l{name[2:].encode().hex()}")
    prefix, colon, _ = name.partition(":")
    is_term = vocabulary or (colon and prefix in context.terms)
    if is_term and (iri := _expanded(name, context)):
        return ox.NamedNode(iri)
    return resolve(name, context.base)


def _extended(context: _Context, value: _Value) -> _Context:
    """Return the context that an inline one makes of another."""
    for one in _each(value):
        plain = _plain(one)
        if not isinstance(plain, dict):
            continue
        base, vocabulary = plain.get("@base"), plain.get("@vocab")
        language = plain.get("@language", context.language)
        context = _Context(
            resolve(base, context.base).value if isinstance(base, str) else context.base,
            context.vocabulary if vocabulary is None else str(vocabulary),
            language if isinstance(language, str) else None,
            {**context.terms, **plain},
        )
    return context


def _plain(value: _Value) -> object:
    """Return a JSON value without the offsets of its parts."""
    if isinstance(value.content, dict):
        return {name: _plain(member.value) for name, member in value.content.items()}
    return list(map(_plain, value.content)) if isinstance(value.content, list) else value.content
