"""The places of all statements of one file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final, Literal
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.csvw import Place
from clustergraph.rdf.positions.turtle import Stated, Term, scan
from clustergraph.shacl.reading import content_of, format_of

__all__ = ["Lines", "Mentions", "mentions"]

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_LINE_START: Final = re.compile(r"^[ \t]*<([^>\r\n]*)>", re.MULTILINE)
_OF_LINES: Final = frozenset({ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS})
_TEXTS: Final = frozenset(
    {
        ox.RdfFormat.TURTLE,
        ox.RdfFormat.TRIG,
        ox.RdfFormat.N_TRIPLES,
        ox.RdfFormat.N_QUADS,
    }
)


Part = Literal["subject", "predicate", "object"]


class Mentions:
    """Where one file states what.

    Args:
        path: the file.
        text: its text, which offsets count the characters of.
        stated: its statements, with the blank nodes of those who ask.
        pointers: for an offset, the place in the JSON document.
    """

    def __init__(
        self,
        path: Path,
        text: str,
        stated: Iterable[Stated],
        pointers: Mapping[int, str] | None = None,
    ) -> None:
        self._path = path
        self.starts = _line_starts(text)
        self._pointers = pointers or {}
        self._stated: dict[tuple[Term, Term, Term], Stated] = {}
        self._subjects: dict[Term, int] = {}
        for one in stated:
            self._stated.setdefault(one[:3], one)
            # Not the first statement: the order is the parser's, and brackets come first there.
            known = self._subjects.get(one.subject)
            if known is None or one.subject_at < known:
                self._subjects[one.subject] = one.subject_at

    def of(self, triple: ox.Triple, part: Part) -> Place | None:
        """Return where a part of a statement stands; None when the statement is not found."""
        one = self._stated.get((triple.subject, triple.predicate, triple.object))
        return None if one is None else self._place(getattr(one, f"{part}_at"))

    def first(self, subject: Term) -> Place | None:
        """Return where the file first says something of ``subject``."""
        at = self._subjects.get(subject)
        return None if at is None else self._place(at)

    def _place(self, at: int) -> Place:
        line = bisect_right(self.starts, at) - 1
        return Place(
            self._path,
            row=line + 1,
            character=at - self.starts[line] + 1,
            pointer=self._pointers.get(at),
        )


class Lines:
    """Where a file with one statement a line states what: only lines that are asked for are read.

    Args:
        path: the file, N-Triples or N-Quads.
        text: its text.
        whole: looks into all of it, which statements with blank nodes need.
    """

    def __init__(self, path: Path, text: str, whole: Callable[[], Mentions]) -> None:
        self._text = text
        self._look_into_all = whole
        self._all: Mentions | None = None
        # Mostly each line begins with an IRI as it is.
        self._lines: dict[str, list[int]] = {}
        for match in _LINE_START.finditer(text):
            self._lines.setdefault(match[1], []).append(match.start())
        self._path = path
        self._known: dict[Term, Mentions] = {}

    def of(self, triple: ox.Triple, part: Part) -> Place | None:
        """Return where a part of a statement stands; None when the statement is not found."""
        blank = any(map(_is_blank, triple))
        found = None if blank else self._about(triple.subject).of(triple, part)
        return found or self._whole().of(triple, part)

    def first(self, subject: Term) -> Place | None:
        """Return where the file first says something of ``subject``."""
        found = None if _is_blank(subject) else self._about(subject).first(subject)
        return found or self._whole().first(subject)

    def _whole(self) -> Mentions:
        if self._all is None:
            self._all = self._look_into_all()
        return self._all

    def _about(self, subject: Term) -> Mentions:
        known = self._known.get(subject)
        if known is None:
            starts = self._lines.get(getattr(subject, "value", ""), [])
            known = self._known[subject] = Mentions(self._path, "", self._stated(starts))
            known.starts = self._starts
        return known

    def _stated(self, starts: Iterable[int]) -> Iterator[Stated]:
        for start in starts:
            end = self._text.find("\n", start)
            line = self._text[start : end if end >= 0 else len(self._text)]
            for one in scan(line, ox.RdfFormat.N_QUADS, ""):
                yield one._replace(
                    subject_at=start + one.subject_at,
                    predicate_at=start + one.predicate_at,
                    object_at=start + one.object_at,
                )

    @cached_property
    def _starts(self) -> list[int]:
        return _line_starts(self._text)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def mentions(path: Path, triples: Iterable[ox.Triple], base: str | None = None) -> Mentions | Lines:
    """Look into a file for the places of its statements.

    Args:
        path: an RDF file that has been read.
        triples: what it states, in the order in which it was read. Blank nodes were renamed on
            reading; the order tells which is which.
        base: what relative IRIs were resolved against; None: the file's own address.
    """
    rdf_format = format_of(path)
    text = content_of(path).decode("utf-8", errors="replace").removeprefix("\ufeff")
    base = path.resolve().as_uri() if base is None else base
    if rdf_format in _OF_LINES:
        return Lines(path, text, lambda: _whole(path, text, rdf_format, triples, base))
    return _whole(path, text, rdf_format, triples, base)


def _whole(
    path: Path,
    text: str,
    rdf_format: ox.RdfFormat | None,
    triples: Iterable[ox.Triple],
    base: str,
) -> Mentions:
    pointers: Mapping[int, str] = {}
    stated: list[Stated] = []
    try:
        if rdf_format in _TEXTS and rdf_format is not None:
            stated = scan(text, rdf_format, base)
        elif rdf_format == ox.RdfFormat.RDF_XML:
            from clustergraph.rdf.positions import rdfxml

            stated = rdfxml.scan(text, base)
        elif rdf_format == ox.RdfFormat.JSON_LD:
            from clustergraph.rdf.positions import jsonld

            stated, pointers = jsonld.scan(text, base)
    except (ValueError, SyntaxError, RecursionError, expat.ExpatError):
        # The parser took the file, so it is sound; its findings then name the file alone.
        return Mentions(path, "", [])
    return Mentions(path, text, named_alike(stated, triples), pointers)


def named_alike(stated: list[Stated], triples: Iterable[ox.Triple]) -> list[Stated]:
    """Return statements with the blank nodes that ``triples`` have for them.

    Both are in the same order, so the first statement with a blank node on one side is the first
    on the other. Where they do not agree, statements with blank nodes are left out.
    """
    ours = list(dict.fromkeys(one[:3] for one in stated if any(map(_is_blank, one[:3]))))
    theirs = [triple for triple in triples if any(map(_is_blank, triple))]
    renamed: dict[Term, Term] = {}
    used: set[Term] = set()

    def agree(mine: Term, other: Term) -> bool:
        if not (isinstance(mine, ox.BlankNode) and isinstance(other, ox.BlankNode)):
            return mine == other
        if mine not in renamed and other not in used:
            renamed[mine] = other
            used.add(other)
        return renamed.get(mine) == other

    if len(ours) != len(theirs) or not all(
        all(map(agree, mine, other)) for mine, other in zip(ours, theirs, strict=True)
    ):
        return [one for one in stated if not any(map(_is_blank, one[:3]))]

    return [
        one._replace(
            subject=renamed.get(one.subject, one.subject),
            object=renamed.get(one.object, one.object),
        )
        for one in stated
    ]


def _is_blank(term: Term) -> bool:
    return isinstance(term, ox.BlankNode)
