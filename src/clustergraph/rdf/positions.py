"""Where each statement stands in an RDF document.

The engine's parser says what a document states, not where. So it reads a second copy, into which
marks were put: before each value of a property one more value, whose IRI stands for offsets. Of the
values of a subject's property, the first one then stands where the first mark was put, the second
where the second was. What the terms mean is left to the parser.

Source: RDF 1.1 Turtle, section 6; TriG, section 4; RDF 1.1 XML Syntax, sections 6 and 7; JSON-LD
1.1, sections 4 and 9; RFC 6901 (JSON pointers).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["Spot", "Stated", "scan"]

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


def scan(text: str, rdf_format: ox.RdfFormat, base: str) -> tuple[list[Stated], Mapping[int, str]]:
    """Return the statements of a document, in the order in which the engine's parser gives them.

    Args:
        text: a document that the parser has accepted, line ends as in the file.
        rdf_format: its format.
        base: the IRI that relative ones are resolved against.

    Returns:
        The statements, and the JSON pointers of offsets in JSON-LD.

    Raises:
        ValueError, SyntaxError, ExpatError, RecursionError: it is not understood.
    """
    if rdf_format in _OF_LINES:
        quads = ox.parse(text, rdf_format)
        return [Stated(q.triple, s) for q, s in zip(quads, _lines(text), strict=True)], {}
    marks = _Marks(text)
    pointers: Mapping[int, str] = {}
    if rdf_format == ox.RdfFormat.JSON_LD:
        pointers = _mark_jsonld(marks)
    elif rdf_format == ox.RdfFormat.RDF_XML:
        _mark_rdfxml(marks)
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
    return [one if one.spot else _near(one.triple, described, leads_to) for one in found], pointers


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


_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NODES: Final = ("@graph", "@included", "@nest", "@list", "@set", "@reverse")


class _Json(NamedTuple):
    """A JSON value: where it begins and ends, what it holds."""

    at: int
    end: int
    members: list[tuple[str, int, _Json]]
    items: list[_Json]
    is_null: bool = False


def _mark_jsonld(marks: _Marks) -> dict[int, str]:
    """Put a mark before each value of a property; return the JSON pointer of each offset.

    Contexts are left to the parser, but for two kinds of terms that they define: those that stand
    for keywords, and those whose values have no marks: lists, maps, JSON, reverse properties.

    Raises:
        ValueError: the text is no JSON.
        RecursionError: it is nested too deeply to be read here.
    """
    reader = _JsonReader(marks.text)
    document = reader.value(0, "")
    _put_into(document, marks, dict(_keywords(json.loads(marks.text))))
    return reader.pointers


def _keywords(value: Any) -> Iterator[tuple[str, str]]:
    """Yield terms with the keyword that they stand for, or whose values are read like theirs."""
    for item in value if isinstance(value, list) else ():
        yield from _keywords(item)
    for name, member in value.items() if isinstance(value, dict) else ():
        yield from _keywords(member)
        for context in _each(member) if name == "@context" else ():
            for term, definition in context.items() if isinstance(context, dict) else ():
                plain = definition if isinstance(definition, dict) else {"@id": definition}
                containers = {*_each(plain.get("@container", "@set"))} - {"@set"}
                meant = plain.get("@id")
                if isinstance(meant, str) and meant.startswith("@"):
                    yield term, meant
                elif plain.get("@type") == "@json" or containers - {"@list"}:
                    yield term, "@json"
                elif "@reverse" in plain or containers:
                    yield term, "@list"


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _put_into(value: _Json, marks: _Marks, keywords: dict[str, str]) -> None:
    """Put marks into a node, or into the nodes of a list."""
    for item in value.items:
        _put_into(item, marks, keywords)
    members = [(keywords.get(name, name), at, inner) for name, at, inner in value.members]
    subject = next((inner.at for name, _, inner in members if name == "@id"), value.at)
    literal = any(name == "@value" for name, _, _ in members)
    for name, at, inner in members:
        spots = [Spot(subject, at, one.at) for one in inner.items or [inner] if not one.is_null]
        if name == "@type" and not literal:
            kinds = ", ".join(f'{{"@id": "{marks.mark(spot)}"}}' for spot in spots)
            marks.insert(at, f'"{_RDF}type": [{kinds}], ')
        elif name in _NODES:
            _put_into(inner, marks, keywords)
        elif not name.startswith("@"):
            single = marks.text[inner.at] != "["
            if single:
                marks.insert(inner.at, "[")
            for spot in spots:
                marks.insert(spot.object, f'{{"@id": "{marks.mark(spot)}"}}, ')
            _put_into(inner, marks, keywords)
            if single:
                marks.insert(inner.end, "]")


class _JsonReader:
    """JSON with offsets; the text is known to be sound."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pointers: dict[int, str] = {}
        self._scalar = json.JSONDecoder().raw_decode

    def value(self, at: int, pointer: str) -> _Json:
        """Read the value that begins at an offset, or after it."""
        at = self._space(at)
        self.pointers[at] = pointer
        members: list[tuple[str, int, _Json]] = []
        items: list[_Json] = []
        opening = self.text[at : at + 1]
        if opening not in ("{", "["):
            scalar, end = self._scalar(self.text, at)
            return _Json(at, end, members, items, scalar is None)
        end = self._space(at + 1)
        while self.text[end] not in "}]":
            if opening == "[":
                items.append(self.value(end, f"{pointer}/{len(items)}"))
                end = items[-1].end
            else:
                start = end
                name, end = self._scalar(self.text, start)
                inner = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
                self.pointers[start] = inner
                members.append((name, start, self.value(self._space(end) + 1, inner)))
                end = members[-1][2].end
            end = self._space(end)
            if self.text[end] == ",":
                end = self._space(end + 1)
        return _Json(at, end + 1, members, items)

    def _space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at


_TAG: Final = re.compile(r"<[^\s/>]+")


def _mark_rdfxml(marks: _Marks) -> None:
    """Put a mark before each property's element, and into each node's element.

    The XML parser knows where a tag begins, but not where an attribute does. ``rdf:li`` has no
    mark, since these elements are counted.

    Raises:
        ExpatError: the text is no well-formed XML.
    """
    _XmlScanner(marks).run()


class _XmlScanner:
    """Reads the elements; each is a node, a property, or neither."""

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
