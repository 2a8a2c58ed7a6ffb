"""One validation: read, add the context, validate, say where each finding stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import UnreadableInputError
from clustergraph.shacl import context
from clustergraph.shacl.compile import Compiled, Graph, validate_triples
from clustergraph.shacl.locate import located
from clustergraph.shacl.paths import Term
from clustergraph.shacl.reading import Statements, read, read_rdf
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.shacl.results import Result
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.shacl.fetching import Outside
    from clustergraph.shacl.shipped import Whole

__all__ = [
    "Engine",
    "ShapesPaths",
    "finding_of",
    "in_order",
    "shapes_in",
    "shipped_files",
    "shipped_shapes",
    "validate",
    "validate_files",
    "validate_graph",
]

Engine = Callable[[Collection[ox.Triple], Collection[ox.Triple]], Iterable[Result]]
"""Judges the triples of the data by the triples of the shapes."""

ShapesPaths = str | Path | Sequence[str | Path]
"""A file or directory of shapes, or several that are taken together."""

_NODE_SHAPES: Final = frozenset(
    PREFIXES["sh"] + name for name in ("NodeShape", "PropertyShape", "targetClass", "property")
)


def validate(
    paths: Iterable[str | Path] | None = None,
    *,
    shapes: ShapesPaths | None = None,
    engine: Engine = validate_triples,
    progress: Callable[[str], None] = lambda _: None,
    outside: Outside | None = None,
    before_evaluation: Callable[[], object] = lambda: None,
) -> Report:
    """Validate files, or the shipped data.

    Files are validated in the context of the shipped ontology, code lists and data, which are not
    validated themselves. Shapes of your own replace the shipped ones, and then the files stand
    alone: no shipped context is added.

    Args:
        paths: RDF files, tables and directories of them; the shipped graph when None.
        shapes: files or directories of shapes to use instead of the shipped ones.
        engine: what validates the triples; the compiled engine by default.
        progress: is told in words what is being done.
        outside: what may be fetched: ontologies that the data or the given shapes import, and
            count as context or as shapes; shapes that the data name, and validate as well; JSON-LD
            contexts. None: nothing.
        before_evaluation: is called once all is read, before a shape is evaluated; takes the
            network away, for example.

    Returns:
        The findings, the gravest first, each with the place of its statement where known.

    Raises:
        NotFetchedError: what may be fetched cannot be had.
        UnreadableInputError: a file is missing, or not what its name says.
        SyntaxFaultError: a file breaks the grammar of its format; with line and column.
        TablesError: cells break their table's metadata.
    """
    if paths is None:
        from clustergraph.shacl.shipped import shipped

        progress("reading the data")
        return validate_graph(shipped(), shapes, engine, progress, outside, before_evaluation)
    return validate_files(
        paths,
        shapes=shapes,
        engine=engine,
        progress=progress,
        outside=outside,
        before_evaluation=before_evaluation,
    )[0]


def validate_files(
    paths: Iterable[str | Path],
    *,
    shapes: ShapesPaths | None = None,
    engine: Engine = validate_triples,
    progress: Callable[[str], None] = lambda _: None,
    outside: Outside | None = None,
    before_evaluation: Callable[[], object] = lambda: None,
) -> tuple[Report, Statements]:
    """Validate files as `validate` does; return their statements as well."""
    rules = _rules(shapes, progress, outside)
    progress("reading the data")
    statements = read(map(Path, paths), outside)
    surroundings = context.around(statements) if shapes is None else set()
    if outside is not None:
        from clustergraph.shacl.imports import imported, shapes_named

        progress("fetching")
        surroundings |= imported(statements, outside).keys() - statements.keys()
        rules += tuple(shapes_named(statements, outside, rules))
    progress("evaluating")
    before_evaluation()
    results = engine([*statements, *surroundings], rules)
    elsewhere = {triple.subject for triple in surroundings}
    if elsewhere:
        elsewhere -= {triple.subject for triple in statements}
    found = [finding_of(result) for result in results if result.focus not in elsewhere]
    findings = located(found, statements)
    files = {place.path for places in statements.values() for place in places}
    report = Report(tuple(sorted(findings, key=in_order)), len(statements), len(files), rules)
    return report, statements


def _rules(
    shapes: ShapesPaths | None, progress: Callable[[str], None], outside: Outside | None
) -> tuple[ox.Triple, ...]:
    progress("reading the shapes")
    if shapes is None:
        return shipped_shapes()
    several = [shapes] if isinstance(shapes, str | Path) else shapes
    return tuple(shapes_in(*map(Path, several), outside=outside))


@cache
def shipped_shapes() -> tuple[ox.Triple, ...]:
    """Return the triples of the shipped shapes that are about data; those in meta.ttl are not."""
    return tuple(triple for path in shipped_files() for triple in read_rdf(path))


def shipped_files() -> list[Path]:
    """Return the files of the shipped shapes that are about data."""
    return [path for path in artefacts.files("shapes", "*.ttl") if path.name != "meta.ttl"]


def shapes_in(*paths: Path, outside: Outside | None = None) -> Iterator[ox.Triple]:
    """Yield the triples of files and directories of shapes, and of what they import.

    Args:
        paths: the files and directories.
        outside: what may be fetched; None: nothing, and imports do not count.

    Raises:
        NotFetchedError: what may be fetched cannot be had.
        UnreadableInputError: one cannot be read, or none holds shapes.
    """
    statements = read(paths, outside)
    triples = list(statements)
    if outside is not None:
        from clustergraph.shacl.imports import imported

        triples += imported(statements, outside)
    if not any(
        triple.predicate.value in _NODE_SHAPES
        or (isinstance(triple.object, ox.NamedNode) and triple.object.value in _NODE_SHAPES)
        for triple in triples
    ):
        raise UnreadableInputError(", ".join(map(str, paths)), "holds no SHACL shapes")
    yield from triples


def validate_graph(
    whole: Whole,
    shapes: ShapesPaths | None = None,
    engine: Engine = validate_triples,
    progress: Callable[[str], None] = lambda _: None,
    outside: Outside | None = None,
    before_evaluation: Callable[[], object] = lambda: None,
) -> Report:
    """Validate a whole graph where it lies; other engines than our own get its triples."""
    rules = _rules(shapes, progress, outside)
    progress("evaluating")
    before_evaluation()
    graph = Graph(whole.store, union=False)
    if engine is validate_triples:
        results: Iterable[Result] = Compiled.of(rules).results(graph)
    else:
        results = engine(tuple(graph.triples()), rules)
    found = [finding_of(result) for result in results]
    statements = whole.statements(term for finding in found for term in _things(finding))
    findings = located(found, statements)
    return Report(tuple(sorted(findings, key=in_order)), whole.triples, whole.files, rules)


def _things(finding: Finding) -> Iterator[Term]:
    yield finding.focus
    for inner in finding.detail:
        yield from _things(inner)


def finding_of(result: Result) -> Finding:
    """Return a result as a report tells it, without a place yet."""
    severity = Severity.of(result.severity)
    return Finding(
        severity=severity,
        shape=result.shape,
        focus=result.focus,
        path=result.path,
        value=result.value,
        message=_message(result),
        component=result.component,
        messages=result.messages,
        detail=tuple(map(finding_of, result.detail)),
        constraint=result.constraint,
        engine=result.engine,
        own_severity=None if result.severity == severity.iri else result.severity,
        part=result.part,
    )


def _message(result: Result) -> str:
    """Return the English message, or the one without a language, or any."""
    ranked = sorted(
        result.messages,
        key=lambda message: (
            {"en": 0, None: 1}.get(message.language, 2),
            message.value,
        ),
    )
    return ranked[0].value if ranked else ""


def in_order(finding: Finding) -> tuple[int, str, int, int, str, str, str]:
    """Return what findings are sorted by: the gravest first, then by place."""
    place = finding.place
    return (
        -finding.severity,
        str(finding.file or ""),
        finding.line or 0,
        (place.character or place.number or 0) if place else 0,
        finding.shape_name,
        str(finding.focus),
        str(finding.value),
    )
