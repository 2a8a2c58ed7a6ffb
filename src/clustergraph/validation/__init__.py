"""Validation of this project's data: the shipped graph, and files in its context."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from clustergraph.shacl.report import Report
from clustergraph.shacl.run import DEFAULTS, Options, validate_files, validate_graph
from clustergraph.validation.context import in_context
from clustergraph.validation.whole import shipped

__all__ = ["ShapesPaths", "validate"]

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
