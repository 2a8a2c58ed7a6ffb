"""The command ``check``: all that a copy of the repository wants to have checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from clustergraph.cli.checking import deliver, report_options
from clustergraph.cli.root import cli, count, open_engine, progress

if TYPE_CHECKING:
    from clustergraph.quadstore import Engine
    from clustergraph.questions.catalogue import Question
    from clustergraph.shacl import Finding

Step: TypeAlias = Callable[[], tuple[int, Sequence["Finding"]]]


def _tables() -> tuple[int, Sequence[Finding]]:
    from clustergraph import artefacts
    from clustergraph.dataset import check_tables
    from clustergraph.shacl.report import faults_of_cells

    files = len(list(artefacts.room("data").glob("*.csv")))
    return files, list(faults_of_cells(check_tables()))


def _shapes() -> tuple[int, Sequence[Finding]]:
    from clustergraph.validation import validate

    report = validate()
    return report.triples, report.findings


def _checks() -> tuple[int, Sequence[Finding]]:
    questions = _catalogue("checks")
    engine = open_engine(None)
    return len(questions), [one for question in questions for one in _rows(question, engine)]


def _rows(question: Question, engine: Engine) -> Iterator[Finding]:
    """Yield a finding for each row, at the statement that first describes its thing."""
    import pyoxigraph as ox

    from clustergraph.questions import catalogue
    from clustergraph.shacl.locate import located
    from clustergraph.shacl.paths import show
    from clustergraph.shacl.report import fault
    from clustergraph.validation.whole import shipped

    answer = catalogue.ask(question, engine)
    assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - tests hold that checks SELECT
    kinds = ox.NamedNode | ox.BlankNode | ox.Literal
    rows = [[term for term in solution if isinstance(term, kinds)] for solution in answer]
    found = [
        fault(
            question.name,
            f"{question.summary}: {'  '.join(map(show, row[1:]))}",
            row[0],
        )
        for row in rows
        if row
    ]
    if found:
        statements = shipped().statements(finding.focus for finding in found)
        yield from located(found, statements)


def _questions() -> tuple[int, Sequence[Finding]]:
    import pyoxigraph as ox

    from clustergraph.csvw import Place
    from clustergraph.questions import catalogue
    from clustergraph.questions.answers import violations
    from clustergraph.shacl.report import fault

    questions = _catalogue("cq")
    engine = open_engine(None)
    found = []
    for question in questions:
        answer = catalogue.ask(question, engine)
        assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - tests hold that they SELECT
        found += [
            fault("answer-unsound", one, ox.Literal(question.name), Place(question.path))
            for one in violations(question, answer)
        ]
    return len(questions), found


def _catalogue(kind: str) -> list[Question]:
    from clustergraph.questions import catalogue

    return [question for question in catalogue.questions().values() if question.kind == kind]


STEPS: Final[dict[str, tuple[str, Step]]] = {
    "tables": ("tables", _tables),
    "shapes": ("triples", _shapes),
    "checks": ("checks", _checks),
    "questions": ("questions", _questions),
}
"""What is checked, what is counted of it, and by which function."""


@cli.command()
@click.option(
    "--only",
    "chosen",
    type=click.Choice(list(STEPS)),
    multiple=True,
    help="Only this kind of check; may be repeated.",
)
@report_options
def check(chosen: Sequence[str], form: Any, fail_on: str, output: Path | None) -> None:
    """Check the whole copy: tables, shapes, checks, and questions.

    \b
    tables     every cell against its table's metadata and the code lists
    shapes     the graph against the shapes, as 'clustergraph validate' does
    checks     the queries of queries/checks, whose every row is a fault
    questions  each competency question answers: with rows, none twice, all named

    While cells are bad there is no graph, and the rest has to wait. Exits with 0 when all is well,
    with 1 when there are findings as grave as --fail-on, and with 2 when a file cannot be read.
    """  # noqa: D301 - click reads the backspace
    from clustergraph import artefacts
    from clustergraph.shacl import Report, Severity

    names = [name for name in STEPS if name in (chosen or STEPS)]
    done: dict[str, int] = {}
    lines: list[str] = []
    findings: list[Finding] = []
    with progress("checking") as tell:
        for name in names:
            tell(f"checking the {name}")
            start = time.monotonic()
            noun, step = STEPS[name]
            done[name], found = step()
            findings += found
            grave = sum(one.severity >= Severity[fail_on.upper()] for one in found)
            verdict = f"{grave} to mend" if grave else "well"
            remarks = f", {count(len(found) - grave, 'remark')}" if len(found) > grave else ""
            passed_s = time.monotonic() - start
            lines.append(f"{name:<10} {verdict}{remarks} ({done[name]:,} {noun}, {passed_s:.1f} s)")
            if name == "tables" and found:
                # There is no graph to look at.
                lines += ["the rest was not checked: mend the tables first"] * (names[-1] != name)
                break
    # Standard output is the report's.
    click.echo("\n".join(lines), err=True)
    findings.sort(key=lambda one: -one.severity)
    files = len(list(artefacts.room("data").glob("*.csv")))
    deliver(Report(tuple(findings), done.get("shapes", 0), files), form, fail_on, output)
