"""The command ``check``: all that a copy of the repository wants to have checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from clustergraph.cli.checking import deliver, fail_on_option, format_option, output_option
from clustergraph.cli.root import cli, open_engine, progress

if TYPE_CHECKING:
    from clustergraph.quadstore import Engine
    from clustergraph.questions.catalogue import Question
    from clustergraph.shacl import Finding, Report

__all__: list[str] = []

STEPS: Final = ("tables", "shapes", "checks", "questions")


@dataclass(frozen=True)
class _Step:
    """What one kind of checking came to; ``looked_at`` says at how many of what."""

    name: str
    looked_at: str
    findings: tuple[Finding, ...]
    seconds: float


@cli.command()
@click.option(
    "--only",
    "chosen",
    type=click.Choice(STEPS),
    multiple=True,
    help="Only this kind of check; may be repeated.",
)
@format_option
@fail_on_option
@output_option
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
    steps = []
    with progress("checking") as tell:
        for name in STEPS:
            if chosen and name not in chosen:
                continue
            tell(f"checking the {name}")
            steps.append(_timed(name))
            if name == "tables" and steps[0].findings:
                # There is no graph to look at.
                break
    for step in steps:
        _tell(step, fail_on)
    if len(steps) < len(chosen or STEPS):
        click.echo("the rest was not checked: mend the tables first", err=True)
    deliver(_report(steps), form, fail_on, output)


def _timed(name: str) -> _Step:
    start = time.monotonic()
    work: dict[str, Callable[[], tuple[str, Sequence[Finding]]]] = {
        "tables": _tables,
        "shapes": _shapes,
        "checks": _checks,
        "questions": _questions,
    }
    looked_at, findings = work[name]()
    return _Step(name, looked_at, tuple(findings), time.monotonic() - start)


def _tell(step: _Step, fail_on: str) -> None:
    """Say on standard error what a step came to: standard output is the report's."""
    from clustergraph.shacl import Severity

    grave = sum(finding.severity >= Severity[fail_on.upper()] for finding in step.findings)
    others = len(step.findings) - grave
    verdict = f"{grave} to mend" if grave else "well"
    remarks = f", {others} remark{'s' if others > 1 else ''}" if others else ""
    click.echo(
        f"{step.name:<10} {verdict}{remarks} ({step.looked_at}, {step.seconds:.1f} s)", err=True
    )


def _report(steps: Sequence[_Step]) -> Report:
    from clustergraph import artefacts
    from clustergraph.shacl import Report

    findings = [finding for step in steps for finding in step.findings]
    files = len(list(artefacts.room("data").glob("*.csv")))
    return Report(
        tuple(sorted(findings, key=lambda finding: -finding.severity)), _sizes(steps), files
    )


def _sizes(steps: Sequence[_Step]) -> int:
    shapes = next((step for step in steps if step.name == "shapes"), None)
    return int(shapes.looked_at.partition(" ")[0].replace(",", "")) if shapes else 0


def _tables() -> tuple[str, Sequence[Finding]]:
    from clustergraph import artefacts
    from clustergraph.dataset import check_tables
    from clustergraph.shacl import faults

    count = len(list(artefacts.room("data").glob("*.csv")))
    return f"{count} tables", list(faults.of_cells(check_tables()))


def _shapes() -> tuple[str, Sequence[Finding]]:
    from clustergraph.validation import validate

    report = validate()
    return f"{report.triples:,} triples", report.findings


def _checks() -> tuple[str, Sequence[Finding]]:
    questions = _catalogue("checks")
    engine = open_engine(None)
    return f"{len(questions)} checks", [
        finding for question in questions for finding in _rows(question, engine)
    ]


def _rows(question: Question, engine: Engine) -> Iterator[Finding]:
    """Yield a finding for each row, at the statement that first describes its thing."""
    import pyoxigraph as ox

    from clustergraph.questions import catalogue
    from clustergraph.shacl import faults
    from clustergraph.shacl.locate import located
    from clustergraph.shacl.paths import show
    from clustergraph.validation.whole import shipped

    answer = catalogue.ask(question, engine)
    assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - tests hold that checks SELECT
    kinds = ox.NamedNode | ox.BlankNode | ox.Literal
    rows = [[term for term in solution if isinstance(term, kinds)] for solution in answer]
    found = [
        faults.fault(
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


def _questions() -> tuple[str, Sequence[Finding]]:
    import pyoxigraph as ox

    from clustergraph.csvw import Place
    from clustergraph.questions import catalogue
    from clustergraph.questions.invariants import violations
    from clustergraph.shacl import faults

    questions = _catalogue("cq")
    engine = open_engine(None)
    found = []
    for question in questions:
        answer = catalogue.ask(question, engine)
        assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - tests hold that they SELECT
        found += [
            faults.fault("answer-unsound", one, ox.Literal(question.name), Place(question.path))
            for one in violations(question, answer)
        ]
    return f"{len(questions)} questions", found


def _catalogue(kind: str) -> list[Question]:
    from clustergraph.questions import catalogue

    return [question for question in catalogue.questions().values() if question.kind == kind]
