"""Validation of this project's data: the shipped graph, and files in its context.

A file that is validated on its own names countries, regions, roles or organisations that stand
elsewhere. The context supplies what the graph says of them, so that ``sh:class`` and the like can
be validated; it is not validated itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.quadstore.memory import hold
from clustergraph.shacl.reading import read_rdf
from clustergraph.shacl.report import Report
from clustergraph.shacl.run import (
    DEFAULTS,
    Options,
    stated_around,
    validate_files,
    validate_graph,
)
from clustergraph.validation.whole import shipped
from clustergraph.vocab import BASE

__all__ = ["ShapesPaths", "around", "in_context", "validate"]

ShapesPaths = str | Path | Sequence[str | Path]
"""A file or directory of shapes, or several that are taken together."""


def validate(
    paths: Iterable[str | Path] | None = None,
    *,
    shapes: ShapesPaths | None = None,
    options: Options = DEFAULTS,
) -> Report:
    """Validate files, or the shipped data.

    Files are validated in the context of the shipped ontology, code lists and data, which are not
    validated themselves. Shapes of your own replace the shipped ones, and then the files stand
    alone: no shipped context is added.

    Args:
        paths: RDF files, tables and directories of them; the shipped graph when None.
        shapes: files or directories of shapes to use instead of the shipped ones.
        options: all else; its shapes count where ``shapes`` is None.

    Returns:
        The findings, the gravest first, each with the place of its statement where known.

    Raises:
        InvalidShapesError: the shapes are ill-formed.
        NotFetchedError: what may be fetched cannot be had.
        UnreadableInputError: a file is missing, or not what its name says.
        SyntaxFaultError: a file breaks the grammar of its format; with line and column.
        TablesError: cells break their table's metadata.
    """
    if shapes is not None:
        several = [shapes] if isinstance(shapes, str | Path) else shapes
        options = replace(options, shapes=tuple(map(Path, several)))
    if paths is None:
        options.progress("reading the data")
        return validate_graph(shipped(), options)
    return validate_files(map(Path, paths), in_context(options))[0]


def in_context(options: Options) -> Options:
    """Return options by which files are validated beside what the shipped graph knows.

    Shapes of one's own leave it out: the files then stand alone.
    """
    return options if options.shapes else replace(options, surroundings=around)


def around(triples: Collection[ox.Triple]) -> set[ox.Triple]:
    """Return what is known of the things that ``triples`` name, apart from the triples themselves.

    The shipped graph is opened only when something is named that neither the triples nor the
    ontology and its code lists describe.

    Raises:
        StoreError: the shipped graph was needed, and the cache directory cannot be written.
        TablesError: the shipped tables were needed and are broken.
        UnreadableInputError: a file of the installation is missing or broken.
    """
    ontology = _ontology()
    context = stated_around(triples, ontology)
    described = {triple.subject for triple in triples}
    for term in {triple.object for triple in triples} - described:
        if (
            isinstance(term, ox.NamedNode)
            and term.value.startswith(BASE)
            and next(ontology.quads_for_pattern(term, None, None), None) is None
        ):
            quads = shipped().store.quads_for_pattern(term, None, None)
            context.update(quad.triple for quad in quads)
    return context.difference(triples)


@cache
def _ontology() -> ox.Store:
    return hold(
        ox.Quad(*triple)
        for path in artefacts.files("ontology", "*.ttl")
        for triple in read_rdf(path)
    )
