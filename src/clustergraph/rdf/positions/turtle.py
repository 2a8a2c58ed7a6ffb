"""Where each statement stands in Turtle, TriG, N-Triples and N-Quads.

The engine's parser says what a file states, not where. This second reader keeps the offsets of
subject, predicate and object. It is no judge: it reads text that the parser has accepted, and so
may be lenient where the grammar is strict. One regular expression cuts the tokens, each looked at
once, so that its time is linear in the length of the text.

Statements about statements (RDF 1.2) are not read: such a file cannot be validated.

Source: RDF 1.1 Turtle, section 6; TriG, section 4; N-Quads, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["Node", "Stated", "Term", "resolve", "scan"]

Node = ox.NamedNode | ox.BlankNode
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_NAME: Final = r"[\w:\-\u0080-\U0010FFFF]|%[0-9A-Fa-f]{2}|\\."
_LABEL: Final = r"\w\-\u0080-\U0010FFFF"
_GRAMMAR: Final = rf"""[ \t\r\n]*(?:\#[^\r\n]*[ \t\r\n]*)*(?:
      (?P<iri> <(?:[^<>"{{}}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*> )
    | (?P<blank> _:(?:[LABEL]|\.+(?=[LABEL]))+ )
    | (?P<name> (?:[^\W\d_](?:[\w\-\u0080-\U0010FFFF]|\.+(?=[\w\-\u0080-\U0010FFFF]))*)? :
        (?:(?:{_NAME})(?:{_NAME}|\.+(?=[\w:\-%\\\u0080-\U0010FFFF]))*)? )
    | (?P<text> \"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
        | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*' )
    | (?P<number> [+-]?(?:[0-9]+\.?[0-9]*[eE][+-]?[0-9]+|\.[0-9]+[eE][+-]?[0-9]+
        |[0-9]*\.[0-9]+|[0-9]+) )
    | (?P<at> @[A-Za-z]+(?:-[A-Za-z0-9]+)* )
    | (?P<word> [A-Za-z]+ )
    | (?P<sign> \^\^|[\[\](){{}},;.] )
    | (?P<end> \Z )
    )"""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_RELATIVE: Final = re.compile(r"(?![A-Za-z][A-Za-z0-9+.\-]*:)|.*/\.", re.DOTALL)

_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_FIRST: Final = ox.NamedNode(PREFIXES["rdf"] + "first")
_REST: Final = ox.NamedNode(PREFIXES["rdf"] + "rest")
_NIL: Final = ox.NamedNode(PREFIXES["rdf"] + "nil")
_BOOLEAN: Final = ox.NamedNode(PREFIXES["xsd"] + "boolean")
_INTEGER: Final = ox.NamedNode(PREFIXES["xsd"] + "integer")
_DECIMAL: Final = ox.NamedNode(PREFIXES["xsd"] + "decimal")
_DOUBLE: Final = ox.NamedNode(PREFIXES["xsd"] + "double")
_DEFAULT: Final = ox.DefaultGraph()


@cache
def _token(lines: bool) -> re.Pattern[str]:
    """Return the expression for a token; compiled when a file is looked into, for that is slow.

    In N-Triples and N-Quads a label may hold colons; in Turtle a name may follow it at once.
    """
    label = _LABEL + ":" if lines else _LABEL
    return re.compile(_GRAMMAR.replace("LABEL", label), re.VERBOSE | re.DOTALL)


class Stated(NamedTuple):
    """One statement and the offsets of its parts, in characters from 0.

    What has no word of its own stands where it begins: a blank node at its bracket, a cell of a
    list at its item (the first at the opening parenthesis), the end of a list at the closing one.
    """

    subject: Term
    predicate: ox.NamedNode
    object: Term
    graph: ox.NamedNode | ox.BlankNode | ox.DefaultGraph
    subject_at: int
    predicate_at: int
    object_at: int


def scan(text: str, rdf_format: ox.RdfFormat, base: str) -> list[Stated]:
    """Return all statements of ``text``, in the order in which the engine's parser gives them.

    Args:
        text: a document that the parser has accepted, line ends as in the file.
        rdf_format: Turtle, TriG, N-Triples or N-Quads.
        base: the IRI that relative ones are resolved against.

    Returns:
        the statements; blank nodes without a label have labels of the scanner's own.

    Raises:
        ValueError: the text is not what the parser would accept.
    """
    lines = rdf_format in (ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS)
    return list(_as_parsed(_Scanner(text, base, lines).run()))


def _as_parsed(found: list[tuple[int, Stated]]) -> Iterator[Stated]:
    """Yield statements in the parser's order: those that one token completes, the last first."""
    group: list[Stated] = []
    current = -1
    for token, stated in found:
        if token != current:
            yield from reversed(group)
            group.clear()
            current = token
        group.append(stated)
    yield from reversed(group)


class _Scanner:
    """A recursive descent over the tokens; ``kind``, ``value``, ``at`` are the current one."""

    def __init__(self, text: str, base: str, lines: bool) -> None:
        self.text = text
        self.base = base
        self.lines = lines
        self.prefixes: dict[str, str] = {}
        self.terms: dict[str, ox.NamedNode] = {}
        self.found: list[tuple[int, Stated]] = []
        self.graph: ox.NamedNode | ox.BlankNode | ox.DefaultGraph = _DEFAULT
        self.anonymous = 0
        self.count = -1
        self.stop = 1 if text.startswith("\ufeff") else 0
        self.tokens = _token(lines).finditer(text, self.stop)
        self.kind = self.value = ""
        self.at = 0
        self.next()

    def next(self) -> None:
        match = next(self.tokens, None)
        if match is None or match.start() != self.stop:
            raise ValueError(f"no token at offset {self.stop}")
        self.stop = match.end()
        kind = match.lastgroup or ""
        self.kind = kind
        self.value = match[kind]
        self.at = match.start(kind)
        self.count += 1

    def expect(self, sign: str) -> None:
        if self.value != sign or self.kind != "sign":
            raise ValueError(f"{sign} expected at offset {self.at}, not {self.value!r}")
        self.next()

    def run(self) -> list[tuple[int, Stated]]:
        while self.kind != "end":
            if self.lines:
                self.line()
            else:
                self.block()
        return self.found

    def say(
        self, subject: Term, predicate: ox.NamedNode, value: Term, *at: int, token: int
    ) -> None:
        stated = Stated(subject, predicate, value, self.graph, at[0], at[1], at[2])
        self.found.append((token, stated))

    # Lines: N-Triples and N-Quads.

    def line(self) -> None:
        if self.directive():
            return
        subject_at, subject = self.at, self.term()
        predicate_at, predicate = self.at, self.verb()
        object_at, value = self.at, self.term()
        self.graph = _DEFAULT
        if self.value != ".":
            graph = self.term()
            assert isinstance(graph, ox.NamedNode | ox.BlankNode)  # noqa: S101 - by the grammar
            self.graph = graph
        self.say(subject, predicate, value, subject_at, predicate_at, object_at, token=self.count)
        self.expect(".")

    # Blocks: Turtle and TriG.

    def block(self) -> None:
        if self.directive():
            return
        if self.kind == "word" and self.value.lower() == "graph":
            self.next()
            self.wrapped(self.label())
        elif self.value == "{" and self.kind == "sign":
            self.wrapped(_DEFAULT)
        else:
            at, bracket = self.at, self.value == "["
            before = self.count
            subject = self.subject()
            if self.value == "{" and self.kind == "sign":
                assert isinstance(subject, ox.NamedNode | ox.BlankNode)  # noqa: S101
                self.wrapped(subject)
                return
            alone = bracket and self.count > before + 2
            self.statements_of(subject, at, alone)
            self.expect(".")

    def statements_of(self, subject: Term, at: int, alone: bool) -> None:
        """Read what follows a subject; one that says something itself may stand alone."""
        if not (alone and self.kind == "sign" and self.value in (".", "}")):
            self.properties(subject, at)

    def wrapped(self, graph: ox.NamedNode | ox.BlankNode | ox.DefaultGraph) -> None:
        self.graph = graph
        self.expect("{")
        while self.value != "}" or self.kind != "sign":
            at, bracket, before = self.at, self.value == "[", self.count
            subject = self.subject()
            self.statements_of(subject, at, bracket and self.count > before + 2)
            if self.value == "." and self.kind == "sign":
                self.next()
        self.graph = _DEFAULT
        self.next()

    def directive(self) -> bool:
        """Read a declaration, if there is one here."""
        word = self.value.lower().removeprefix("@")
        if self.kind not in ("at", "word") or word not in ("prefix", "base", "version"):
            return False
        dotted = self.kind == "at"
        self.next()
        if word == "prefix":
            name = self.value[:-1]
            self.next()
            # Terms are kept by their spelling, which now may mean another.
            self.terms = {k: v for k, v in self.terms.items() if k.startswith("<")}
            self.prefixes[name] = self.iri().value
        elif word == "base":
            self.base = self.iri().value
            self.terms.clear()
        else:
            self.next()
        if dotted:
            self.expect(".")
        return True

    def label(self) -> ox.NamedNode | ox.BlankNode:
        if self.value == "[":
            self.next()
            self.expect("]")
            return self.fresh()
        term = self.term()
        assert isinstance(term, ox.NamedNode | ox.BlankNode)  # noqa: S101 - by the grammar
        return term

    def subject(self) -> Term:
        if self.value == "[" and self.kind == "sign":
            return self.bracket()
        if self.value == "(" and self.kind == "sign":
            return self.collection()
        return self.term()

    def properties(self, subject: Term, subject_at: int) -> None:
        while True:
            predicate_at, predicate = self.at, self.verb()
            while True:
                self.object(subject, predicate, subject_at, predicate_at)
                if self.value != "," or self.kind != "sign":
                    break
                self.next()
            if self.value != ";" or self.kind != "sign":
                return
            while self.value == ";" and self.kind == "sign":
                self.next()
            if self.kind == "sign" and self.value in (".", "]", "}"):
                return

    def verb(self) -> ox.NamedNode:
        if self.kind == "word" and self.value == "a":
            self.next()
            return _TYPE
        return self.iri()

    def object(
        self, subject: Term, predicate: ox.NamedNode, subject_at: int, predicate_at: int
    ) -> None:
        at, token = self.at, self.count
        sign = self.value if self.kind == "sign" else ""
        value: Term
        if sign == "[":
            value = self.bracket()
            token = self.count - 1
            self.say(subject, predicate, value, subject_at, predicate_at, at, token=token)
        elif sign == "(":
            value = self.collection((subject, predicate, subject_at, predicate_at))
        else:
            text = self.kind == "text"
            value = self.term()
            plain = text and self.count == token + 1
            # The parser knows that a string is over only when it sees what follows.
            token = self.count if plain else self.count - 1
            self.say(subject, predicate, value, subject_at, predicate_at, at, token=token)

    def bracket(self) -> ox.BlankNode:
        node, at = self.fresh(), self.at
        self.next()
        if self.value != "]" or self.kind != "sign":
            self.properties(node, at)
        self.expect("]")
        return node

    def collection(
        self, of: tuple[Term, ox.NamedNode, int, int] | None = None
    ) -> ox.NamedNode | ox.BlankNode:
        """Read a list; state of what it is the object before its items, as the parser does."""
        opening = at = self.at
        self.next()
        empty = self.value == ")" and self.kind == "sign"
        root = _NIL if empty else self.fresh()
        if of is not None:
            subject, predicate, subject_at, predicate_at = of
            self.say(subject, predicate, root, subject_at, predicate_at, opening, token=self.count)
        if empty:
            self.next()
            return root
        cell: Node = root
        while True:
            self.object(cell, _FIRST, at, self.at)
            if self.value == ")" and self.kind == "sign":
                self.say(cell, _REST, _NIL, at, self.at, self.at, token=self.count)
                self.next()
                return root
            following = self.fresh()
            self.say(cell, _REST, following, at, self.at, self.at, token=self.count)
            cell, at = following, self.at

    # Terms.

    def fresh(self) -> ox.BlankNode:
        self.anonymous += 1
        # Labels of the text begin with another letter.
        return ox.BlankNode(f"a{self.anonymous}")

    def term(self) -> Term:
        kind, value = self.kind, self.value
        if kind in ("iri", "name"):
            return self.iri()
        if kind == "blank":
            self.next()
            return ox.BlankNode(f"l{value[2:].encode().hex()}")
        if kind == "text":
            return self.string()
        if kind == "number":
            self.next()
            exponent = "e" in value or "E" in value
            datatype = _DOUBLE if exponent else _DECIMAL if "." in value else _INTEGER
            return ox.Literal(value, datatype=datatype)
        if kind == "word" and value in ("true", "false"):
            self.next()
            return ox.Literal(value, datatype=_BOOLEAN)
        raise ValueError(f"no term at offset {self.at}: {value!r}")

    def string(self) -> ox.Literal:
        value = self.value
        marks = 3 if value[:3] in ('"""', "'''") else 1
        content = _unescaped(value[marks:-marks])
        self.next()
        if self.kind == "at":
            tag = self.value[1:].lower()
            self.next()
            return ox.Literal(content, language=tag)
        if self.value == "^^" and self.kind == "sign":
            self.next()
            return ox.Literal(content, datatype=self.iri())
        return ox.Literal(content)

    def iri(self) -> ox.NamedNode:
        written = self.value
        known = self.terms.get(written)
        if known is None:
            if self.kind == "iri":
                known = self.resolved(_unescaped(written[1:-1]))
            elif self.kind == "name":
                prefix, _, local = written.partition(":")
                if prefix not in self.prefixes:
                    raise ValueError(f"the prefix {prefix}: is not declared")
                known = ox.NamedNode(self.prefixes[prefix] + re.sub(r"\\(.)", r"\1", local))
            else:
                raise ValueError(f"no IRI at offset {self.at}: {written!r}")
            self.terms[written] = known
        self.next()
        return known

    def resolved(self, iri: str) -> ox.NamedNode:
        return ox.NamedNode(iri) if self.lines else resolve(iri, self.base)


def resolve(iri: str, base: str) -> ox.NamedNode:
    """Return ``iri`` resolved against ``base``, as the engine's parser resolves it.

    Raises:
        SyntaxError: it is no IRI.
    """
    if not _RELATIVE.match(iri):
        return ox.NamedNode(iri)
    # The parser itself is asked, so that both always agree.
    (quad,) = ox.parse(f"<{iri}> <x:p> <x:o> .", ox.RdfFormat.TURTLE, base_iri=base)
    assert isinstance(quad.subject, ox.NamedNode)  # noqa: S101 - written so above
    return quad.subject


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text

    def plain(match: re.Match[str]) -> str:
        short, long, sign = match.groups()
        return _ESCAPED.get(sign, sign) if sign else chr(int(short or long, 16))

    return _ESCAPE.sub(plain, text)
