"""The shapes in force: what each looks at, how grave it is, which file holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from clustergraph.shacl.compile import Shape, Shapes
from clustergraph.shacl.imports import imported, shapes_named
from clustergraph.shacl.paths import show
from clustergraph.shacl.reading import read
from clustergraph.shacl.render.words import relative
from clustergraph.shacl.report import name_of_shape
from clustergraph.shacl.run import Options, shipped_files
from clustergraph.vocab import PREFIXES

__all__ = ["ListedShape", "in_force", "listed"]


class ListedShape(NamedTuple):
    """A shape in a list.

    Attributes:
        name: its IRI, shortened by a prefix; what ``--shape`` takes.
        severity: how grave its findings are, as a word; a severity of one's own by its IRI.
        file: the file that states it, from the working directory, or the address that it was
            fetched from.
        target: what it looks at: of a property shape, which property of what.
    """

    name: str
    severity: str
    file: str
    target: str


def in_force(paths: Sequence[Path], options: Options) -> Mapping[ox.Triple, str]:
    """Return the triples of the shapes that would be used, each with its file or address.

    Args:
        paths: the data; they are read only for the shapes that they may name on other hosts.
        options: the shapes, and what may be read or fetched.

    Raises:
        NotFetchedError, UnreadableInputError, SyntaxFaultError: as `validate` does.
    """
    outside = options.outside
    statements = read(options.shapes or shipped_files())
    here = Path.cwd()
    held = {
        triple: str(relative(place.path, here))
        for triple, places in statements.items()
        for place in places[:1]
    }
    if options.shapes:
        held = imported(statements, outside, options.local_imports) | held
    if outside is not None:
        held = shapes_named(read(paths), outside, held) | held
    return held


def listed(
    shapes: Mapping[ox.Triple, str], chosen: Iterable[object] | None = None
) -> Iterator[ListedShape]:
    """Yield the shapes that validate, in the order of their names.

    A shape that has no target of its own, such as a property shape, has those of the shapes that
    lead to it. Shapes that are deactivated, that nothing leads to, or that have no name are left
    out; of those without a name, the ones with a target stay.

    Args:
        shapes: the triples of the shapes, with their file or address.
        chosen: only these shapes; None: all.

    Raises:
        UnreadableInputError: a shape is not well-formed.
    """
    targets: dict[Shape, dict[str, None]] = {}
    for shape in Shapes(shapes).targeted:
        own = dict.fromkeys(_targets(shape))
        for part in _active(shape):
            targets.setdefault(part, {}).update(own)
    # Of a shape that several documents speak of, those that were given come last, and count.
    files = {triple.subject: file for triple, file in shapes.items()}
    wanted = None if chosen is None else set(chosen)
    rows = []
    for shape, told in targets.items():
        name = name_of_shape(shape.node)
        if wanted is not None and shape.node not in wanted:
            continue
        if name.startswith("_:"):
            if not shape.has_targets:
                continue
            name = "(without a name)"
        path = f"{shape.path} of " if shape.path else ""
        severity = shape.severity.removeprefix(PREFIXES["sh"])
        word = severity.lower() if severity != shape.severity else severity
        rows.append(ListedShape(name, word, files[shape.node], path + ", ".join(told)))
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
