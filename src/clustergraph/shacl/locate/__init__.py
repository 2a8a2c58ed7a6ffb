"""Where findings stand: file, line and column of the statement that a finding is about.

Only files with findings are looked into again. Cells of tables bring their places with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

import pyoxigraph as ox

from clustergraph.csvw import Place
from clustergraph.shacl.locate.mentions import Lines, Mentions, mentions
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.shacl.report import Finding
from clustergraph.vocab import PREFIXES

__all__ = ["Lines", "Locator", "Mentions", "located", "mentions", "place_of"]

Part = Literal["subject", "predicate", "object"]

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
        self.looked_into: dict[Path, Mentions | Lines] = {}
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
        if finding.path is not None:
            for triple, part in self.witnesses(finding.path, finding.focus, finding.value):
                if place := self.of(triple, part if finding.value is not None else "predicate"):
                    return place
        for triple in sorted(self.by_subject.get(finding.focus, ()), key=_rank):
            if place := self.of(triple, "subject"):
                return place._replace(column=None, number=None)
        for triple in self.by_object.get(finding.focus, ()):
            if place := self.of(triple, "object"):
                return place
        return None

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

    def mentions(self, path: Path) -> Mentions | Lines:
        """Return the positions of the terms of a file."""
        if path not in self.looked_into:
            self.looked_into[path] = mentions(path, self.stated_in(path), self.base)
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
