"""Expected answers: what a question answered when a person last read it through.

A kept answer is compared term by term. Rows are compared in order when the question orders them,
else as a multiset; triples are compared as a set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import SyntaxFaultError, UnreadableInputError
from clustergraph.quadstore import Answer, reading
from clustergraph.questions.catalogue import Question, expected_file
from clustergraph.sparql.lexer import CLOSERS, OPENERS, tokens

__all__ = ["differences", "is_ordered", "write"]

_SHOWN: Final = 5


def write(question: Question, answer: Answer) -> Path:
    """Keep ``answer`` as the question's expected one; return the file."""
    path = expected_file(question)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = _lines(answer)
    if not isinstance(answer, ox.QuerySolutions):
        lines = sorted(lines)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def differences(question: Question, answer: Answer) -> list[str]:
    """Return how an answer differs from the expected one, a line each; empty: not at all.

    Raises:
        UnreadableInputError: no answer is kept, or its file is not one.
    """
    path = expected_file(question)
    try:
        kept = _split(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        reason = f"no such file; keep an answer: python tools/expect.py {question.name}"
        raise UnreadableInputError(str(path), reason) from error
    found = _lines(answer)
    if path.suffix == ".tsv":
        # Read and written again, so that a file edited by hand may spell a term differently.
        kept = _lines(_solutions(path, kept))
        if not kept or kept[0] != found[0]:
            return [f"columns are {found[0]!r}, expected {kept[0] if kept else ''!r}"]
    missing, surplus = _compare(kept, found)
    if missing or surplus:
        return _report("missing", missing) + _report("not expected", surplus)
    if is_ordered(question) and kept != found:
        row = next(i for i, (a, b) in enumerate(zip(kept, found, strict=True)) if a != b)
        return [f"the order differs from row {row} on: {found[row]!r}, expected {kept[row]!r}"]
    return []


def is_ordered(question: Question) -> bool:
    """Say whether the question itself, not only a sub-select, orders its rows."""
    depth = 0
    for token in tokens(question.text):
        if token.kind == "sign":
            depth += (token.text in OPENERS) - (token.text in CLOSERS)
        elif depth == 0 and token.is_word("ORDER"):
            return True
    return False


def _lines(answer: Answer) -> list[str]:
    with reading():
        if isinstance(answer, ox.QueryBoolean):
            return ["true" if answer else "false"]
        if isinstance(answer, ox.QuerySolutions):
            text = answer.serialize(format=ox.QueryResultsFormat.TSV)
        else:
            text = ox.serialize(answer, format=ox.RdfFormat.N_TRIPLES)
    return _split((text or b"").decode("utf-8"))


def _split(text: str) -> list[str]:
    # Not splitlines(): it also splits at characters that a term may hold, such as U+2028.
    return text.removesuffix("\n").split("\n") if text else []


def _solutions(path: Path, lines: Sequence[str]) -> ox.QuerySolutions:
    text = "".join(f"{line}\n" for line in lines)
    try:
        parsed = ox.parse_query_results(text, ox.QueryResultsFormat.TSV)
    except (SyntaxError, ValueError) as error:
        raise SyntaxFaultError(
            str(path), str(error), getattr(error, "lineno", None) or 1
        ) from error
    assert isinstance(parsed, ox.QuerySolutions)  # noqa: S101 - TSV holds nothing else
    return parsed


def _compare(kept: Iterable[str], found: Iterable[str]) -> tuple[list[str], list[str]]:
    before, now = Counter(kept), Counter(found)
    return list((before - now).elements()), list((now - before).elements())


def _report(what: str, rows: Sequence[str]) -> list[str]:
    shown = [f"{what}: {row}" for row in rows[:_SHOWN]]
    rest = len(rows) - len(shown)
    return [*shown, f"… and {rest} more {what}"] if rest else shown
