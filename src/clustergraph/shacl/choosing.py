"""Choosing shapes and focus nodes by name, and the list of shapes to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

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


def by_shapes(report: Report, names: Sequence[str]) -> Report:
    """Return the report of some shapes and the shapes that they are made of.

    Args:
        report: the whole report.
        names: IRIs, names with a prefix (``shape:Thing-label``), or what follows the last ``#``
            or ``/`` of an IRI.

    Raises:
        UnknownNameError: no shape has that name.
    """
    chosen = {shape.node for shape in _named(names, Shapes(report.shapes, skip_broken=True))}
    kept = (finding for finding in report.findings if finding.shape in chosen)
    return replace(report, findings=tuple(kept))


def _named(names: Sequence[str], shapes: Shapes) -> set[Shape]:
    """Return the shapes of these names, and the shapes that they are made of."""
    known = {one.node.value: one for one in shapes.all if isinstance(one.node, ox.NamedNode)}
    local = {iri.rpartition("#" if "#" in iri else "/")[2]: one for iri, one in known.items()}
    chosen: set[Shape] = set()
    for name in names:
        found = known.get(_iri(name)) or known.get(PREFIXES["shape"] + name) or local.get(name)
        if found is None:
            raise UnknownNameError("shape", name, local)
        chosen.update(found.reach())
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


def listed(options: Options, names: Sequence[str] = ()) -> Iterator[tuple[str, str, str, str]]:
    """Yield the shapes that would validate, in the order of their names.

    A shape that has no target of its own, such as a property shape, has those of the shapes that
    lead to it. Shapes that are deactivated, that nothing leads to, or that have no name are left
    out; of those without a name, the ones with a target stay.

    Args:
        options: which shapes, and what of their imports.
        names: only these, as `by_shapes` takes them, and what they are made of; none: all.

    Returns:
        Of each shape: its IRI, shortened by a prefix, which ``--shape`` takes; its severity as a
        word, or its IRI if it is one of its own; the file that states it, or the address that it
        was fetched from; what it looks at, of a property shape which property of what.

    Raises:
        NotFetchedError, UnreadableInputError: a shape cannot be read, or is not well-formed.
    """
    statements = read(options.shapes or shipped_files())
    fetched = imported(statements, options.outside, options.local_imports)
    # Of a shape that several documents speak of, those that were given come last, and count.
    files = {triple.subject: address for triple, address in fetched.items()}
    for triple, places in statements.items():
        files[triple.subject] = str(relative(places[0].path, Path.cwd()))
    shapes = Shapes([*fetched, *statements])
    chosen = _named(names, shapes) if names else None
    targets: dict[Shape, dict[str, None]] = {}
    for shape in shapes.targeted:
        own = dict.fromkeys(_targets(shape))
        for part in shape.reach(active=True):
            targets.setdefault(part, {}).update(own)
    rows = []
    for shape, told in targets.items():
        has_name = isinstance(shape.node, ox.NamedNode)
        if (chosen is None or shape in chosen) and (has_name or shape in shapes.targeted):
            name = name_of_shape(shape.node) if has_name else "(without a name)"
            path = f"{shape.path} of " if shape.path else ""
            severity = shape.severity.removeprefix(PREFIXES["sh"])
            word = severity.lower() if severity != shape.severity else severity
            rows.append((name, word, files[shape.node], path + ", ".join(told)))
    yield from sorted(rows)


def _targets(shape: Shape) -> Iterator[str]:
    yield from map(show, shape.target_classes)
    yield from (f"node {show(term)}" for term in shape.target_nodes)
    yield from (f"subjects of {show(iri)}" for iri in shape.target_subjects_of)
    yield from (f"objects of {show(iri)}" for iri in shape.target_objects_of)
