"""Validate one file by one validator: ``validators.py NAME DATA.nt SHAPES.ttl``, prints JSON.

Each starts from the same two files, reads them with its own parsers, judges, and builds its report;
that is what is timed, in processor time of all its threads. What Python and the validator need to
be imported is not. It runs under the interpreter that the validator is installed for, so it imports
nothing of this project but for ``clustergraph`` and ``pyshacl-adapted``.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

SH = "http://www.w3.org/ns/shacl#"
Row = tuple[str, str, str, str]
"""What all must agree on: focus node, path, component, severity. Blank nodes are alike."""


def main() -> None:
    """Validate, and print seconds and results."""
    name, data, shapes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    logging.disable(logging.CRITICAL)
    judge = VALIDATORS[name]()
    started = time.process_time()
    report = judge(data, shapes)
    taken = time.process_time() - started
    print(json.dumps({"seconds": taken, "results": sorted(report())}))


Judge = Callable[[Path, Path], Callable[[], Iterable[Row]]]
"""Validates files; returns a function that tells the results, which is not timed."""


def _clustergraph() -> Judge:
    import pyoxigraph as ox

    from clustergraph.quadstore.memory import hold
    from clustergraph.shacl.compile import Compiled, Graph
    from clustergraph.shacl.reading import read_rdf

    def judge(data: Path, shapes: Path) -> Callable[[], Iterable[Row]]:
        store = hold(())
        store.bulk_load(path=data, format=ox.RdfFormat.N_TRIPLES)
        results = list(Compiled(read_rdf(shapes)).results(Graph(store)))
        return lambda: map(_row, results)

    return judge


def _adapted() -> Judge:
    import pyoxigraph as ox

    from clustergraph.shacl import pyshacl_engine
    from clustergraph.shacl.reading import read_rdf

    def judge(data: Path, shapes: Path) -> Callable[[], Iterable[Row]]:
        triples = {quad.triple for quad in ox.parse(path=data, format=ox.RdfFormat.N_TRIPLES)}
        results = list(pyshacl_engine.validate_triples(triples, read_rdf(shapes)))
        return lambda: map(_row, results)

    return judge


def _row(result: object) -> Row:
    path = getattr(result, "path")  # noqa: B009 - the type is ours, and imported late
    simple = path is None or path.operator == "predicate"
    return (
        _text(result.focus),  # type: ignore[attr-defined]
        (path.predicate if path else "") if simple else "path",
        result.component,  # type: ignore[attr-defined]
        result.own_severity or result.severity.iri,  # type: ignore[attr-defined]
    )


def _text(term: object) -> str:
    return (
        "_" if type(term).__name__ in ("BlankNode", "BNode") else getattr(term, "value", f"{term}")
    )


def _pyshacl() -> Judge:
    import pyshacl
    import rdflib

    def judge(data: Path, shapes: Path) -> Callable[[], Iterable[Row]]:
        facts = rdflib.Graph().parse(data, format="nt")
        rules = rdflib.Graph().parse(shapes, format="turtle")
        _, report, _ = pyshacl.validate(facts, shacl_graph=rules, inference="none")
        return lambda: _of_report(report)

    return judge


def _turbo() -> Judge:
    import pyshacl_turbo

    def judge(data: Path, shapes: Path) -> Callable[[], Iterable[Row]]:
        _, report, _ = pyshacl_turbo.validate(
            str(data),
            shacl_graph=str(shapes),
            data_graph_format="nt",
            shacl_graph_format="turtle",
        )
        return lambda: _of_report(report)

    return judge


def _shifty() -> Judge:
    import shifty

    def judge(data: Path, shapes: Path) -> Callable[[], Iterable[Row]]:
        _, report, _ = shifty.validate(data, shapes, infer=False)
        return lambda: _of_report(report)

    return judge


def _of_report(report: object) -> Iterable[Row]:
    """Yield the results of a report graph of rdflib, not those within others."""
    import rdflib

    sh = rdflib.Namespace(SH)
    for node in report.objects(None, sh.result):  # type: ignore[attr-defined]
        path = report.value(node, sh.resultPath)  # type: ignore[attr-defined]
        yield (
            _text(report.value(node, sh.focusNode)),  # type: ignore[attr-defined]
            "path" if isinstance(path, rdflib.BNode) else str(path or ""),
            str(report.value(node, sh.sourceConstraintComponent)),  # type: ignore[attr-defined]
            str(report.value(node, sh.resultSeverity)),  # type: ignore[attr-defined]
        )


def _rudof() -> Judge:
    import pyrudof
    import rdflib

    def judge(data: Path, shapes: Path) -> Callable[[], Iterable[Row]]:
        rudof = pyrudof.Rudof(pyrudof.RudofConfig())
        rudof.read_data(str(data), format=pyrudof.RDFFormat.NTriples)
        rudof.read_shacl(str(shapes))
        rudof.validate_shacl()

        def report() -> Iterable[Row]:
            text = rudof.serialize_shacl_validation_results(
                format=pyrudof.ResultShaclValidationFormat.Turtle
            )
            return _of_report(rdflib.Graph().parse(data=text, format="turtle"))

        return report

    return judge


VALIDATORS: dict[str, Callable[[], Judge]] = {
    "clustergraph": _clustergraph,
    "pyshacl": _pyshacl,
    "pyshacl-adapted": _adapted,
    "pyshacl-turbo": _turbo,
    "pyshifty": _shifty,
    "pyrudof": _rudof,
}
"""By the name of the package; each is imported before the clock runs."""

if __name__ == "__main__":
    main()
