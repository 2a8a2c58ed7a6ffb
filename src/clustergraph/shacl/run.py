"""One validation: read, add the context, evaluate, say where each finding stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.errors import InvalidShapesError, UnreadableInputError
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.fingerprints import ContentKeys
from clustergraph.shacl.imports import imported
from clustergraph.shacl.locate import located, place_of
from clustergraph.shacl.paths import Term
from clustergraph.shacl.reading import Statements, read
from clustergraph.shacl.report import Fault, Finding, Report
from clustergraph.vocab import INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.shacl.fetching import Outside

EngineChoice = Literal["auto", "compiled", "pyshacl"]
"""``auto``: our own engine, which leaves to pySHACL what it cannot evaluate exactly; ``compiled``:
our own as well, but it refuses such shapes; ``pyshacl``: the reference, much slower."""

_SH: Final = PREFIXES["sh"]
_REACH: Final = 2
"""How many steps the context follows from what the data name, such as code → broader code."""
_HIERARCHY: Final = ox.NamedNode(PREFIXES["rdfs"] + "subClassOf")
_INFERRED: Final = ox.NamedNode(INFERRED)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to validate.

    Attributes:
        shapes: files or directories of shapes to use instead of the shipped ones.
        engine: what evaluates the shapes.
        surroundings: returns what is known of the things that the data name, which counts as well
            and is not validated itself; None: the data stand alone.
        context: files that count beside the data, but are not validated themselves.
        local_imports: whether files that are imported (owl:imports) and lie on this machine are
            read.
        outside: what may be fetched: ontologies that the data or the given shapes import, and
            count as context or as shapes. None: nothing.
        skip_broken: whether to leave out what is ill-formed in the shapes, and go on.
        progress: is told in words what is being done.
        before_evaluation: is called once all is read, before a shape is evaluated; takes the
            network away, for example.
    """

    shapes: tuple[Path, ...] = ()
    engine: EngineChoice = "auto"
    surroundings: Callable[[Statements], set[ox.Triple]] | None = None
    context: tuple[Path, ...] = ()
    local_imports: bool = False
    outside: Outside | None = None
    skip_broken: bool = False
    progress: Callable[[str], None] = lambda _: None
    before_evaluation: Callable[[], object] = lambda: None


DEFAULTS: Final = Options()


def validate_files(paths: Iterable[Path], options: Options) -> tuple[Report, Statements]:
    """Validate files; return their statements as well.

    Args:
        paths: RDF files, tables and directories of them.
        options: how; the shipped shapes count where it names none.

    Raises:
        InvalidShapesError: the shapes are ill-formed.
        NotFetchedError: what may be fetched cannot be had.
        UnreadableInputError: a file is missing, or not what its name says.
        SyntaxFaultError: a file breaks the grammar of its format; with line and column.
        TablesError: cells break their table's metadata.
    """
    rules = _Rules.read(options)
    options.progress("reading the data")
    outside, notices = options.outside, rules.notices
    statements = read(paths, notices)
    surroundings: set[ox.Triple] = set()
    if options.surroundings is not None:
        surroundings |= options.surroundings(statements)
    if options.context:
        surroundings |= read(options.context, notices).keys()
    if outside is not None or options.local_imports:
        options.progress("fetching")
        surroundings |= imported(statements, outside, options.local_imports).keys()
    surroundings -= statements.keys()
    compiled = rules.compiled(options)
    graph = compiled.graph([*statements, *surroundings])
    results = _evaluated(graph, compiled, options)
    report = report_of(map(rules.keyed, results), statements, surroundings)
    return replace(report, shapes=rules.statements, notices=tuple(notices)), statements


def validate_sent(
    statements: Statements, compiled: Compiled, context: ox.Store | None, base: str | None = None
) -> Report:
    """Validate data that somebody sends, beside a graph that they may refer to.

    Args:
        statements: the data, with the files that hold them.
        compiled: the shapes.
        context: a graph that the data may refer to: what it states of the things that they name
            counts, and is not validated itself; None: the data stand alone.
        base: what relative IRIs in the files were resolved against.

    Returns:
        The findings, the gravest first, each with its place.
    """
    surroundings = set() if context is None else stated_around(statements, context)
    results = compiled.results(compiled.graph([*statements, *surroundings]))
    return report_of(results, statements, surroundings, base)


def stated_around(triples: Collection[ox.Triple], store: ox.Store) -> set[ox.Triple]:
    """Return what a graph states of the things that triples name, and its hierarchy of classes."""
    found = set(_stated(store.quads_for_pattern(None, _HIERARCHY, None)))
    seen: set[Term] = set()
    frontier = set(_named(triples))
    for _ in range(_REACH):
        seen |= frontier
        following: set[ox.Triple] = set()
        for term in frontier:
            following.update(_stated(store.quads_for_pattern(term, None, None)))
        found |= following
        frontier = set(_named(following)) - seen
    return found.difference(triples)


def _stated(quads: Iterable[ox.Quad]) -> Iterator[ox.Triple]:
    return (quad.triple for quad in quads if quad.graph_name != _INFERRED)


def _named(triples: Iterable[ox.Triple]) -> Iterator[ox.NamedNode]:
    for triple in triples:
        for term in (triple.subject, triple.object):
            if isinstance(term, ox.NamedNode):
                yield term


def report_of(
    findings: Iterable[Finding],
    statements: Statements,
    surroundings: Collection[ox.Triple],
    base: str | None = None,
) -> Report:
    """Return the report on statements, each finding with its place.

    Args:
        findings: what was found in the statements and their context.
        statements: what is validated, with its places.
        surroundings: the context; findings about what it alone describes are left out.
        base: what relative IRIs were resolved against; None: the address of each file.
    """
    elsewhere = _elsewhere(statements, surroundings)
    found = [finding for finding in findings if finding.focus not in elsewhere]
    placed = sorted(located(found, statements, base), key=in_order)
    files = {place.path for places in statements.values() for place in places}
    return Report(tuple(placed), len(statements), len(files))


class WholeGraph(Protocol):
    """A graph that is validated where it lies, with the places of its statements."""

    store: ox.Store
    triples: int
    files: int

    def statements(self, things: Iterable[Term]) -> Statements:
        """Return the statements about things, and those that name them, with their places."""


def validate_graph(whole: WholeGraph, options: Options) -> Report:
    """Validate a whole graph where it lies; pySHACL gets its triples."""
    rules = _Rules.read(options)
    compiled = rules.compiled(options)
    graph = Graph(whole.store, union=False)
    results = _evaluated(graph, compiled, options)
    found = list(map(rules.keyed, results))
    statements = whole.statements(term for finding in found for term in _things(finding))
    findings = sorted(located(found, statements), key=in_order)
    return Report(
        tuple(findings), whole.triples, whole.files, rules.statements, tuple(rules.notices)
    )


def _evaluated(graph: Graph, compiled: Compiled, options: Options) -> Iterable[Finding]:
    options.progress("evaluating")
    options.before_evaluation()
    if options.engine == "pyshacl":
        # Imported here: rdflib and pySHACL take most of a second.
        from clustergraph.shacl import pyshacl_engine

        return pyshacl_engine.validate_triples(graph.triples(), compiled.shapes.sound)
    return compiled.results(graph, store_only=options.engine == "compiled")


def _elsewhere(
    statements: Collection[ox.Triple], surroundings: Collection[ox.Triple]
) -> set[Term | ox.Triple]:
    """Return the terms that only the context describes: they are not validated themselves."""
    if not surroundings:
        return set()
    described = {triple.subject for triple in statements}
    elsewhere = {triple.subject for triple in surroundings} - described
    objects = {triple.object for triple in surroundings} - described
    return elsewhere | objects.difference(triple.object for triple in statements)


class _Rules:
    """The shapes of a run, with their files, and what is to be told of them."""

    def __init__(self, statements: Statements, notices: list[str]) -> None:
        self.statements = statements
        self.notices = notices

    @classmethod
    def read(cls, options: Options) -> _Rules:
        options.progress("reading the shapes")
        if not options.shapes:
            return cls(dict(_shipped_statements()), [])
        statements = read(options.shapes)
        rules = cls(statements, list(_files_without_shapes(statements)))
        fetched = imported(statements, options.outside, options.local_imports, rules.notices)
        for triple, address in fetched.items():
            statements.setdefault(triple, (Place(Path(address)),))
        _refuse_without_shapes(rules.statements, options.shapes)
        return rules

    def compiled(self, options: Options) -> Compiled:
        """Return the shapes, ready to be evaluated.

        Raises:
            InvalidShapesError: they are ill-formed; with the places of all faults.
        """
        try:
            compiled = Compiled.of(tuple(self.statements), options.skip_broken)
        except InvalidShapesError as error:
            faults = [self.placed(one) for one in error.faults if isinstance(one, Fault)]
            raise InvalidShapesError(faults) from error
        for fault in compiled.shapes.faults:
            self.notices.append(f"left out: {self.placed(fault)}")
        self.notices += [str(self.placed(notice)) for notice in compiled.shapes.notices()]
        return compiled

    def placed(self, fault: Fault) -> Fault:
        """Return a fault with its place: that of the value, the predicate or the node."""

        def rank(triple: ox.Triple) -> int:
            named = triple.predicate.value == fault.predicate
            return 2 * named + (named and triple.object == fault.value)

        stated = [triple for triple in self.statements if triple.subject == fault.node]
        if not stated:
            return fault
        return fault._replace(place=place_of(max(stated, key=rank), self.statements))

    @cached_property
    def _keys(self) -> ContentKeys:
        return ContentKeys(self.statements)

    def keyed(self, finding: Finding) -> Finding:
        """Return a finding with a key for its shape, if that has no name."""
        if isinstance(finding.shape, ox.BlankNode):
            return replace(finding, shape_key=self._keys.key(finding.shape))
        return finding


def _files_without_shapes(statements: Statements) -> Iterator[str]:
    told: dict[Path, bool] = {}
    for triple, places in statements.items():
        for place in places:
            shape = triple.predicate.value.startswith(_SH)
            told[place.path] = shape or told.get(place.path, False)
    for path, holds_shapes in told.items():
        if any(told.values()) and not holds_shapes:
            yield f"{path}: holds no SHACL shapes"


@cache
def _shipped_statements() -> Statements:
    return read(shipped_files())


@cache
def shipped_shapes() -> tuple[ox.Triple, ...]:
    """Return the triples of the shipped shapes that are about data; those in meta.ttl are not."""
    return tuple(_shipped_statements())


def shipped_files() -> list[Path]:
    """Return the files of the shipped shapes that are about data."""
    return [path for path in artefacts.files("shapes", "*.ttl") if path.name != "meta.ttl"]


def shapes_in(path: Path) -> tuple[ox.Triple, ...]:
    """Return the triples of a file or directory of shapes.

    Raises:
        UnreadableInputError: it cannot be read, or holds no shapes.
    """
    statements = read([path])
    _refuse_without_shapes(statements, [path])
    return tuple(statements)


def _refuse_without_shapes(statements: Iterable[ox.Triple], paths: Iterable[Path]) -> None:
    if not any(triple.predicate.value.startswith(_SH) for triple in statements):
        raise UnreadableInputError(", ".join(map(str, paths)), "holds no SHACL shapes")


def _things(finding: Finding) -> Iterator[Term]:
    yield finding.focus
    for inner in finding.detail:
        yield from _things(inner)


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
