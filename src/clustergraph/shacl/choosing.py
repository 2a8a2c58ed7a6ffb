"""Choosing shapes and focus nodes by name, and the list of shapes to choose from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.shacl.compile import Shape, Shapes
from clustergraph.shacl.imports import imported
from clustergraph.shacl.paths import show
from clustergraph.shacl.reading import read
from clustergraph.shacl.render.words import relative
from clustergraph.shacl.report import Report, name_of_shape
from clustergraph.shacl.run import Options, shipped_files
from clustergraph.vocab import BASE, PREFIXES

__all__ = [
    "about_focus",
    "by_shapes",
    "in_force",
    "listed",
    "named",
    "without_findings",
]

_SH: Final = PREFIXES["sh"]
_PARTS: Final = frozenset(
    _SH + name for name in ("property", "node", "and", "or", "xone", "not", "qualifiedValueShape")
) | {PREFIXES["rdf"] + "first", PREFIXES["rdf"] + "rest"}


def by_shapes(report: Report, names: Sequence[str]) -> Report:
    """Return the report of some shapes and the shapes that they are made of.

    Args:
        report: the whole report.
        names: as `named` takes them.

    Raises:
        UnknownNameError: no shape has that name.
    """
    chosen = named(names, report.shapes)
    kept = (finding for finding in report.findings if finding.shape in chosen)
    return replace(report, findings=tuple(kept))


def named(names: Sequence[str], shapes: Collection[ox.Triple]) -> set[object]:
    """Return the shapes of these names, and the shapes that they are made of.

    Args:
        names: IRIs, names with a prefix (``shape:Thing-label``), or what follows the last ``#``
            or ``/`` of an IRI.
        shapes: the triples of all shapes.

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
    kept = (finding for finding in report.findings if finding.focus.value in chosen)
    return replace(report, findings=tuple(kept))


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


def _iri(name: str) -> str:
    prefix, colon, local = name.strip("<>").partition(":")
    if colon and prefix in PREFIXES and not local.startswith("//"):
        return PREFIXES[prefix] + local
    return name.strip("<>")


def _local(iri: str) -> str:
    return iri.rpartition("#" if "#" in iri else "/")[2]


def in_force(options: Options) -> Mapping[ox.Triple, str]:
    """Return the triples of the shapes that would be used, each with its file or address.

    Raises:
        NotFetchedError, UnreadableInputError, SyntaxFaultError: as `validate` does.
    """
    statements = read(options.shapes or shipped_files())
    here = Path.cwd()
    held = {triple: str(relative(places[0].path, here)) for triple, places in statements.items()}
    if options.shapes:
        held = imported(statements, options.outside, options.local_imports) | held
    return held


def listed(
    shapes: Mapping[ox.Triple, str], chosen: Collection[object] | None = None
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the shapes that validate, in the order of their names.

    A shape that has no target of its own, such as a property shape, has those of the shapes that
    lead to it. Shapes that are deactivated, that nothing leads to, or that have no name are left
    out; of those without a name, the ones with a target stay.

    Args:
        shapes: the triples of the shapes, with their file or address.
        chosen: only these shapes; None: all.

    Returns:
        Of each shape: its IRI, shortened by a prefix, which ``--shape`` takes; its severity as a
        word, or its IRI if it is one of its own; the file that states it, or the address that it
        was fetched from; what it looks at, of a property shape which property of what.

    Raises:
        UnreadableInputError: a shape is not well-formed.
    """
    targeted = Shapes(shapes).targeted
    targets: dict[Shape, dict[str, None]] = {}
    for shape in targeted:
        own = dict.fromkeys(_targets(shape))
        for part in _active(shape):
            targets.setdefault(part, {}).update(own)
    # Of a shape that several documents speak of, those that were given come last, and count.
    files = {triple.subject: file for triple, file in shapes.items()}
    rows = []
    for shape, told in targets.items():
        named_shape = isinstance(shape.node, ox.NamedNode)
        if (chosen is None or shape.node in chosen) and (named_shape or shape in targeted):
            name = name_of_shape(shape.node) if named_shape else "(without a name)"
            path = f"{shape.path} of " if shape.path else ""
            severity = shape.severity.removeprefix(PREFIXES["sh"])
            word = severity.lower() if severity != shape.severity else severity
            rows.append((name, word, files[shape.node], path + ", ".join(told)))
    yield from sorted(rows)


def _active(shape: Shape) -> Iterator[Shape]:
    """Yield a shape and what it leads to, past nothing that is deactivated."""
    seen: set[Shape] = set()
    todo = [shape]
    while todo:
        one = todo.pop()
        if one not in seen and not one.deactivated:
            seen.add(one)
            yield one
            todo.extend(one.used())


def _targets(shape: Shape) -> Iterator[str]:
    for node in shape.target_classes:
        yield show(node)
    for term in shape.target_nodes:
        yield f"node {show(term)}"
    for iri in shape.target_subjects_of:
        yield f"subjects of {show(iri)}"
    for iri in shape.target_objects_of:
        yield f"objects of {show(iri)}"
