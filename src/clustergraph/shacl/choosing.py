"""A part of a report: the findings of some shapes, or about some focus nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.shacl.report import Report
from clustergraph.vocab import BASE, PREFIXES

__all__ = ["about_focus", "by_shapes", "named", "without_findings"]

_SH: Final = PREFIXES["sh"]
_PARTS: Final = frozenset(
    _SH + name for name in ("property", "node", "and", "or", "xone", "not", "qualifiedValueShape")
) | {PREFIXES["rdf"] + "first", PREFIXES["rdf"] + "rest"}


def by_shapes(report: Report, names: Sequence[str]) -> Report:
    """Return the report of some shapes and the shapes that they are made of.

    Args:
        report: the whole report.
        names: IRIs, names with a prefix (``shape:Thing-label``), or what follows the last ``#``
            or ``/`` of an IRI.

    Raises:
        UnknownNameError: no shape has that name.
    """
    chosen = named(names, report.shapes)
    return _only(report, (finding.shape in chosen for finding in report.findings))


def named(names: Sequence[str], shapes: Collection[ox.Triple]) -> set[object]:
    """Return the shapes of these names, and the shapes that they are made of.

    Raises:
        UnknownNameError: no shape has that name.
    """
    known = {triple.subject for triple in shapes if isinstance(triple.subject, ox.NamedNode)}
    chosen: set[object] = set()
    for name in names:
        iri = _iri(name)
        found = {
            shape
            for shape in known
            if shape.value == iri or shape.value.removeprefix(PREFIXES["shape"]) == name
        }
        if not found:
            local = {_local(shape.value): shape for shape in known}
            if name not in local:
                raise UnknownNameError("shape", name, local)
            found = {local[name]}
        chosen |= found
    frontier = set(chosen)
    while frontier:
        parts: set[object] = {
            triple.object
            for triple in shapes
            if triple.subject in frontier and triple.predicate.value in _PARTS
        }
        frontier = parts - chosen
        chosen |= frontier
    return chosen


def about_focus(report: Report, names: Sequence[str]) -> Report:
    """Return the report on some focus nodes, named by IRI, by prefix, or as ``type/slug``."""
    chosen = {iri for name in names for iri in _things(name)}
    return _only(report, (finding.focus.value in chosen for finding in report.findings))


def without_findings(report: Report, names: Sequence[str]) -> Iterator[str]:
    """Yield the IRIs that names stand for, of focus nodes that a report says nothing about.

    A name that is misspelt looks like a thing that is all right.
    """
    told = {finding.focus.value for finding in report.findings}
    for name in names:
        if told.isdisjoint(_things(name)):
            yield f"<{_iri(name) if ':' in name else _things(name)[0]}>"


def _things(name: str) -> tuple[str, ...]:
    return (f"{BASE}id/{name}", _iri(name))


def _only(report: Report, chosen: Iterable[bool]) -> Report:
    kept = zip(report.findings, chosen, strict=True)
    return replace(report, findings=tuple(finding for finding, is_chosen in kept if is_chosen))


def _iri(name: str) -> str:
    prefix, colon, local = name.strip("<>").partition(":")
    if colon and prefix in PREFIXES and not local.startswith("//"):
        return PREFIXES[prefix] + local
    return name.strip("<>")


def _local(iri: str) -> str:
    return iri.rpartition("#" if "#" in iri else "/")[2]
