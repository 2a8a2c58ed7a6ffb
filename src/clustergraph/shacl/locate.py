"""Where findings stand: file, line and column of the statement that a finding is about.

Only files with findings are looked into again. Cells of tables bring their places with them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.csvw import Place
from clustergraph.rdf.positions import Spot, Stated, scan
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.shacl.reading import content_of, format_of
from clustergraph.shacl.report import Finding
from clustergraph.vocab import PREFIXES

Part = Literal["subject", "predicate", "object"]

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_DESCRIBING: Final = (PREFIXES["rdf"] + "type", PREFIXES["rdfs"] + "label")


def located(
    findings: Iterable[Finding],
    statements: Mapping[ox.Triple, tuple[Place, ...]],
    base: str | None = None,
) -> Iterator[Finding]:
    """Yield findings with their places, as exact as can be.

    A finding about a value stands at that value; one about values that are too many, at the first
    statement of them; one about something missing, where the focus node is first described.

    Args:
        findings: what an engine found; nested findings are placed like others.
        statements: the triples that were read, with the files, rows and cells that state them.
        base: what relative IRIs were resolved against; None: each file's own address.
    """
    search = Locator(statements, base)
    for finding in findings:
        yield search.placed(finding)


def place_of(triple: ox.Triple, statements: Mapping[ox.Triple, tuple[Place, ...]]) -> Place | None:
    """Return where the object of a statement stands, as exact as can be."""
    return Locator(statements).of(triple, "object")


class Locator:
    """Locates findings in files; statements are indexed as far as findings need.

    Args:
        statements: the triples that were read, with the files, rows and cells that state them.
        base: what relative IRIs were resolved against; None: the address of each file.
    """

    def __init__(
        self, statements: Mapping[ox.Triple, tuple[Place, ...]], base: str | None = None
    ) -> None:
        self.statements = statements
        self.base = base
        self.by_subject: dict[Term | ox.Triple, list[ox.Triple]] = defaultdict(list)
        self.by_object: dict[Term | ox.Triple, list[ox.Triple]] = defaultdict(list)
        self.by_file: dict[Path, list[ox.Triple]] = defaultdict(list)
        self.looked_into: dict[Path, Mentions] = {}
        for triple in statements:
            self.by_subject[triple.subject].append(triple)
            self.by_object[triple.object].append(triple)

    def placed(self, finding: Finding) -> Finding:
        """Return a finding with its position, and those in its details with theirs."""
        detail = tuple(self.placed(inner) for inner in finding.detail)
        place = finding.place or self.place(finding)
        if place == finding.place and detail == finding.detail:
            return finding
        return replace(finding, place=place, detail=detail)

    def place(self, finding: Finding) -> Place | None:
        """Return where a finding is, as exactly as the files allow."""
        places = (place for place in self._places(finding) if place is not None)
        whole_file = None
        for place in places:
            if place.row is not None:
                return place
            whole_file = whole_file or place
        return whole_file

    def _places(self, finding: Finding) -> Iterator[Place | None]:
        if finding.path is not None:
            for triple, part in self.witnesses(finding.path, finding.focus, finding.value):
                yield self.of(triple, part if finding.value is not None else "predicate")
        for triple in sorted(self.by_subject.get(finding.focus, ()), key=_rank):
            if place := self.of(triple, "subject"):
                yield place._replace(column=None, number=None)
        for triple in self.by_object.get(finding.focus, ()):
            yield self.of(triple, "object")

    def witnesses(
        self, path: PropertyPath, focus: Term, value: Term | None
    ) -> Iterator[tuple[ox.Triple, Part]]:
        """Yield the last statements on the way from the focus node to the value.

        A path that repeats a step is not followed: any statement of that step will do.
        """
        match path.operator:
            case "predicate" if value is not None and not isinstance(focus, ox.Literal):
                # Looked up, since a subject may have very many statements.
                stated = ox.Triple(focus, ox.NamedNode(path.predicate), value)
                if stated in self.statements:
                    yield stated, "object"
            case "predicate":
                for triple in self.by_subject.get(focus, ()):
                    if triple.predicate.value == path.predicate and value in (None, triple.object):
                        yield triple, "object"
            case "inversePath" if path.parts[0].operator == "predicate":
                for triple in self.by_object.get(focus, ()):
                    same = triple.predicate.value == path.parts[0].predicate
                    if same and value in (None, triple.subject):
                        yield triple, "subject"
            case "alternativePath":
                for part in path.parts:
                    yield from self.witnesses(part, focus, value)
            case "sequence":
                nodes: list[Term] = [focus]
                for step in path.parts[:-1]:
                    nodes = [end for node in nodes for end in self.ends(step, node)]
                for node in dict.fromkeys(nodes):
                    yield from self.witnesses(path.parts[-1], node, value)
            case "zeroOrMorePath" | "oneOrMorePath" | "zeroOrOnePath" if value is not None:
                for triple in self.by_object.get(value, ()):
                    if triple.predicate.value == path.parts[0].last():
                        yield triple, "object"

    def ends(self, path: PropertyPath, focus: Term) -> Iterator[Term]:
        """Yield the nodes to which a path leads."""
        for triple, part in self.witnesses(path, focus, None):
            end = triple.subject if part == "subject" else triple.object
            if not isinstance(end, ox.Triple):
                yield end

    def of(self, triple: ox.Triple, part: Part) -> Place | None:
        """Return where a part of a triple stands; of a subject, where it is first described."""
        for place in self.statements[triple]:
            if place.row is not None:
                return place
            file = self.mentions(place.path)
            spot = file.first(triple.subject) if part == "subject" else file.of(triple, part)
            return place if spot is None else spot
        return None

    def mentions(self, path: Path) -> Mentions:
        """Return the positions of the terms of a file."""
        if path not in self.looked_into:
            self.looked_into[path] = Mentions(path, self.stated_in(path), self.base)
        return self.looked_into[path]

    def stated_in(self, path: Path) -> Iterator[ox.Triple]:
        """Yield what a file states; all files are gone through when the first is asked for."""
        if not self.by_file:
            for triple, places in self.statements.items():
                for file in {place.path for place in places if place.row is None}:
                    self.by_file[file].append(triple)
        yield from self.by_file[path]


def _rank(triple: ox.Triple) -> int:
    """Rank a triple: the row that says what a thing is comes before one that mentions it."""
    predicate = triple.predicate.value
    return _DESCRIBING.index(predicate) if predicate in _DESCRIBING else len(_DESCRIBING)


class Mentions:
    """Where one file states what.

    Args:
        path: an RDF file that has been read.
        triples: what it states, in the order in which it was read. Blank nodes were renamed on
            reading; the order tells which is which.
        base: what relative IRIs were resolved against; None: the file's own address.
    """

    def __init__(self, path: Path, triples: Iterable[ox.Triple], base: str | None = None) -> None:
        self._path = path
        text = content_of(path).decode("utf-8", errors="replace")
        base = path.resolve().as_uri() if base is None else base
        found: list[Stated] = []
        # The parser took the file, so it is sound; where this fails, findings name the file alone.
        with suppress(ValueError, SyntaxError, expat.ExpatError):
            if (rdf_format := format_of(path)) not in (None, ox.RdfFormat.JSON_LD):
                found = scan(text, rdf_format, base)
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._spots: dict[ox.Triple, Spot] = {}
        self._subjects: dict[object, int] = {}
        for triple, (_, spot) in _named_alike(found, triples):
            if spot is not None:
                self._spots.setdefault(triple, spot)
                first = self._subjects.get(triple.subject, spot.subject)
                self._subjects[triple.subject] = min(first, spot.subject)

    def of(self, triple: ox.Triple, part: Part) -> Place | None:
        """Return where a part of a statement stands; None when the statement is not found."""
        spot = self._spots.get(triple)
        return None if spot is None else self._place(getattr(spot, part))

    def first(self, subject: Term | ox.Triple) -> Place | None:
        """Return where the file first says something of ``subject``."""
        at = self._subjects.get(subject)
        return None if at is None else self._place(at)

    def _place(self, at: int) -> Place:
        line = bisect_right(self._starts, at) - 1
        return Place(self._path, row=line + 1, character=at - self._starts[line] + 1)


def _named_alike(
    found: list[Stated], triples: Iterable[ox.Triple]
) -> Iterator[tuple[ox.Triple, Stated]]:
    """Yield statements as ``triples`` have them, whose blank nodes have other names.

    Both are in the same order, so the first statement with a blank node on one side is the first
    on the other. Where they do not agree, statements with blank nodes are left out.
    """
    yield from ((one.triple, one) for one in found if not any(map(_is_blank, one.triple)))
    ours: dict[ox.Triple, Stated] = {}
    for one in found:
        if any(map(_is_blank, one.triple)):
            ours.setdefault(one.triple, one)
    theirs = [triple for triple in triples if any(map(_is_blank, triple))]
    renamed: dict[object, object] = {}
    for mine, other in zip(ours, theirs, strict=False):
        for a, b in zip(mine, other, strict=True):
            if (renamed.setdefault(a, b) if _is_blank(a) and _is_blank(b) else a) != b:
                return
    if len(ours) == len(theirs) and len(set(renamed.values())) == len(renamed):
        yield from zip(theirs, ours.values(), strict=True)


def _is_blank(term: object) -> bool:
    return isinstance(term, ox.BlankNode)
