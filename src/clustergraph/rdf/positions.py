"""Where each statement stands in an RDF document.

The engine's parser says what a document states, not where. So it reads a second copy, into which
marks were put: before each value of a property one more value, whose IRI stands for offsets. Of the
values of a subject's property, the first one then stands where the first mark was put, the second
where the second was. What the terms mean is left to the parser.

Source: RDF 1.1 Turtle, section 6; TriG, section 4; RDF 1.1 XML Syntax, sections 6 and 7.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

_RDF: Final = PREFIXES["rdf"]
_LINE: Final = re.compile(
    r"[ \t]*(?:(<[^>]*>|_:[^ \t<]+)[ \t]*(<[^>]*>)[ \t]*|\#|$)([^\r\n]*)", re.MULTILINE
)
_OF_LINES: Final = frozenset({ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS})


class Spot(NamedTuple):
    """The offsets of the parts of a statement, in characters from 0."""

    subject: int
    predicate: int
    object: int


class Stated(NamedTuple):
    """A statement, and where it stands; None: that is not known."""

    triple: ox.Triple
    spot: Spot | None


def scan(text: str, rdf_format: ox.RdfFormat, base: str) -> list[Stated]:
    """Return the statements of a document, in the order in which the engine's parser gives them.

    Args:
        text: a document that the parser has accepted, line ends as in the file.
        rdf_format: its format; any but JSON-LD.
        base: the IRI that relative ones are resolved against.

    Raises:
        ValueError, SyntaxError, ExpatError: it is not understood.
    """
    if rdf_format in _OF_LINES:
        quads = ox.parse(text, rdf_format)
        return [Stated(q.triple, s) for q, s in zip(quads, _lines(text), strict=True)]
    marks = _Marks(text)
    if rdf_format == ox.RdfFormat.RDF_XML:
        _XmlScanner(marks).run()
    else:
        _mark_turtle(marks)
    waiting: dict[tuple[object, ox.NamedNode], deque[Spot]] = defaultdict(deque)
    described: dict[object, int] = {}
    triples = []
    for quad in ox.parse(marks.marked(), rdf_format, base_iri=base):
        spot = marks.spot(quad.object)
        if spot is None:
            triples.append(quad.triple)
            continue
        known = described.get(quad.subject, spot.subject)
        described[quad.subject] = min(known, spot.subject)
        if spot.predicate >= 0:
            waiting[quad.subject, quad.predicate].append(spot)
    found = []
    for triple in triples:
        queue = waiting[triple.subject, triple.predicate]
        found.append(Stated(triple, queue.popleft() if queue else None))
        if (spot := found[-1].spot) is not None:
            described.setdefault(triple.object, spot.object)
    leads_to: dict[object, object] = {
        triple.object: triple.subject for triple, spot in found if spot is None
    }
    return [one if one.spot else _near(one.triple, described, leads_to) for one in found]


def _near(
    triple: ox.Triple, described: dict[object, int], leads_to: dict[object, object]
) -> Stated:
    """Return a statement without a mark where its subject is described, or the list it is in."""
    way: list[object] = [triple.subject]
    while way[-1] not in described and way[-1] in leads_to:
        way.append(leads_to.pop(way[-1]))
    at = described.get(way[-1])
    if at is None:
        return Stated(triple, None)
    described.update(dict.fromkeys(way, at))
    return Stated(triple, Spot(at, at, at))


def _lines(text: str) -> Iterator[Spot]:
    for match in _LINE.finditer(text):
        if match[1]:
            yield Spot(match.start(1), match.start(2), match.start(3))


class _Marks:
    """A text, and the marks that are put into it.

    Args:
        text: the document.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._spots: dict[str, Spot] = {}
        self._inserted: list[tuple[int, str]] = []

    def mark(self, spot: Spot) -> str:
        """Return a new IRI that stands for a spot."""
        iri = f"urn:x-clustergraph:mark:{len(self._spots)}"
        self._spots[iri] = spot
        return iri

    def insert(self, at: int, text: str) -> None:
        """Put text into the document, at an offset; what is put first there comes first."""
        self._inserted.append((at, text))

    def marked(self) -> str:
        """Return the text with its marks."""
        parts, last = [], 0
        for at, insertion in sorted(self._inserted, key=lambda pair: pair[0]):
            parts += [self.text[last:at], insertion]
            last = at
        return "".join([*parts, self.text[last:]])

    def spot(self, term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Spot | None:
        """Return what a term stands for; None: it is no mark."""
        return self._spots.get(term.value) if isinstance(term, ox.NamedNode) else None


_NAME: Final = r"[\w:\-\u0080-\U0010FFFF]|%[0-9A-Fa-f]{2}|\\."
_LABEL: Final = r"\w\-\u0080-\U0010FFFF"
_GRAMMAR: Final = rf"""[ \t\r\n]*(?:\#[^\r\n]*[ \t\r\n]*)*(?:
      (?P<term> <[^<>]*>
        | _:(?:[{_LABEL}]|\.+(?=[{_LABEL}]))+
        | (?:[^\W\d_](?:[\w\-\u0080-\U0010FFFF]|\.+(?=[\w\-\u0080-\U0010FFFF]))*)? :
          (?:(?:{_NAME})(?:{_NAME}|\.+(?=[\w:\-%\\\u0080-\U0010FFFF]))*)?
        | \"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
        | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*'
        | [+-]?(?:[0-9]+\.?[0-9]*[eE][+-]?[0-9]+|\.[0-9]+[eE][+-]?[0-9]+|[0-9]*\.[0-9]+|[0-9]+) )
    | (?P<word> @?[A-Za-z]+(?:--?[A-Za-z0-9]+)* )
    | (?P<sign> \^\^|[\[\](){{}},;.] )
    | (?P<end> \Z )
    )"""
_OPERANDS: Final = {"prefix": 2, "base": 1, "version": 1}


@cache
def _token() -> re.Pattern[str]:
    return re.compile(_GRAMMAR, re.VERBOSE | re.DOTALL)  # slow, and seldom needed


@dataclass
class _Level:
    """Within a pair of brackets: what comes next, and what has been read."""

    awaits: str
    subject: int = 0
    predicate: int = 0


def _mark_turtle(marks: _Marks) -> None:
    """Put a mark before each object, but for the items of lists.

    Only the punctuation is looked at: the text is one that the parser has accepted.

    Raises:
        ValueError: the text is not what the parser would accept.
    """
    levels = [_Level("subject")]
    tokens = _tokens(marks.text)
    for kind, value, at in tokens:
        level = levels[-1]
        if kind == "word" and level.awaits == "subject":
            for _ in range(_OPERANDS.get(value.lower().removeprefix("@"), 0)):
                next(tokens)
        elif kind == "term" or (kind == "word" and value[0] != "@") or value in ("[", "("):
            if level.awaits == "subject":
                level.awaits, level.subject = "predicate", at
            elif level.awaits == "predicate":
                level.awaits, level.predicate = "object", at
            elif level.awaits == "object":
                spot = Spot(level.subject, level.predicate, at)
                marks.insert(at, f"<{marks.mark(spot)}> , ")
            if value in ("[", "("):
                levels.append(_Level("predicate" if value == "[" else "item", at))
        elif value in ("]", ")"):
            levels.pop()
        elif value == "^^":
            next(tokens)
        elif value == ";":
            level.awaits = "predicate"
        elif value in (".", "{", "}"):
            level.awaits = "subject"


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    stop = 1 if text.startswith("\ufeff") else 0
    for match in _token().finditer(text, stop):
        kind = match.lastgroup or ""
        if match.start() != stop or kind == "end":
            break
        stop = match.end()
        yield kind, match[kind], match.start(kind)
    if text[stop:].strip() and not text[stop:].lstrip().startswith("#"):
        raise ValueError(f"no token at offset {stop}")


_TAG: Final = re.compile(r"<[^\s/>]+")


class _XmlScanner:
    """Puts a mark before each property's element, and into each node's element.

    The XML parser knows where a tag begins, but not where an attribute does. ``rdf:li`` has no
    mark, since these elements are counted.
    """

    def __init__(self, marks: _Marks) -> None:
        self.marks = marks
        self.content = marks.text.encode()
        self.open: list[tuple[str, int]] = [("root", 0)]
        self.parser = expat.ParserCreate("UTF-8", namespace_separator="\n")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = lambda _: self.open.pop()
        # Byte offsets grow, and so do the characters before them: each byte is decoded once.
        self.bytes_seen = self.characters_seen = 0

    def run(self) -> None:
        self.parser.Parse(self.content, True)

    def here(self) -> int:
        index = self.parser.CurrentByteIndex
        self.characters_seen += len(self.content[self.bytes_seen : index].decode())
        self.bytes_seen = index
        return self.characters_seen

    def start(self, name: str, attributes: dict[str, str]) -> None:
        at, iri = self.here(), name.replace("\n", "")
        kind, node_at = self.open[-1]
        given = {key.replace("\n", ""): value for key, value in attributes.items()}
        parse_type = given.get(_RDF + "parseType", "")
        match = _TAG.match(self.marks.text, at)
        if match is None:
            raise ValueError(f"no element at offset {at}")
        if kind == "root" and iri == _RDF + "RDF":
            self.open.append(("nodes", at))
        elif kind in ("root", "nodes"):
            self.open.append(("properties", at))
            if _RDF + "type" not in given:
                typed = iri != _RDF + "Description"
                mark = self.marks.mark(Spot(at, at if typed else -1, at))
                self.marks.insert(match.end(), f' xmlns:_m="{_RDF}" _m:type="{mark}"')
        elif kind == "properties":
            inside = {"": "nodes", "Resource": "properties", "Collection": "nodes"}
            self.open.append((inside.get(parse_type, "other"), at))
            if iri != _RDF + "li":
                mark = self.marks.mark(Spot(node_at, at, at))
                resource = f' xmlns:_m="{_RDF}" _m:resource="{mark}"'
                self.marks.insert(at, f"{match[0]}{resource}/>")
        else:
            self.open.append(("other", at))
