"""The places of all statements of one file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.tables import Place
from clustergraph.validation.locate.turtle import Stated, Term, scan
from clustergraph.validation.reading import content_of, format_of

__all__ = ["Mentions", "mentions"]

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_TEXTS: Final = frozenset(
    {
        ox.RdfFormat.TURTLE,
        ox.RdfFormat.TRIG,
        ox.RdfFormat.N_TRIPLES,
        ox.RdfFormat.N_QUADS,
    }
)


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
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._pointers = pointers or {}
        self._stated: dict[tuple[Term, Term, Term], Stated] = {}
        self._subjects: dict[Term, int] = {}
        for one in stated:
            self._stated.setdefault(one[:3], one)
            # Not the first statement: the order is the parser's, and brackets come first there.
            known = self._subjects.get(one.subject)
            if known is None or one.subject_at < known:
                self._subjects[one.subject] = one.subject_at

    def of(
        self, triple: ox.Triple, part: Literal["subject", "predicate", "object"]
    ) -> Place | None:
        """Return where a part of a statement stands; None when the statement is not found."""
        one = self._stated.get((triple.subject, triple.predicate, triple.object))
        return None if one is None else self._place(getattr(one, f"{part}_at"))

    def first(self, subject: Term) -> Place | None:
        """Return where the file first says something of ``subject``."""
        at = self._subjects.get(subject)
        return None if at is None else self._place(at)

    def _place(self, at: int) -> Place:
        line = bisect_right(self._starts, at) - 1
        return Place(
            self._path,
            row=line + 1,
            character=at - self._starts[line] + 1,
            pointer=self._pointers.get(at),
        )


def mentions(path: Path, triples: Iterable[ox.Triple], base: str | None = None) -> Mentions:
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
    pointers: Mapping[int, str] = {}
    stated: list[Stated] = []
    try:
        if rdf_format in _TEXTS and rdf_format is not None:
            stated = scan(text, rdf_format, base)
        elif rdf_format == ox.RdfFormat.RDF_XML:
            from clustergraph.validation.locate import rdfxml

            stated = rdfxml.scan(text, base)
        elif rdf_format == ox.RdfFormat.JSON_LD:
            from clustergraph.validation.locate import jsonld

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
        if isinstance(mine, ox.Triple) and isinstance(other, ox.Triple):
            return all(map(agree, mine, other))
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

    def translated(term: Term) -> Term:
        if isinstance(term, ox.Triple):
            subject, predicate, value = map(translated, term)
            assert isinstance(subject, ox.NamedNode | ox.BlankNode)  # noqa: S101
            assert isinstance(predicate, ox.NamedNode)  # noqa: S101
            return ox.Triple(subject, predicate, value)
        return renamed.get(term, term)

    return [
        one._replace(subject=translated(one.subject), object=translated(one.object))
        for one in stated
    ]


def _is_blank(term: Term) -> bool:
    if isinstance(term, ox.Triple):
        return any(map(_is_blank, term))
    return isinstance(term, ox.BlankNode)
