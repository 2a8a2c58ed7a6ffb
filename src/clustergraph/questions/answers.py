"""The columns of answers, and what holds of every question's answer, whatever the graph holds.

``?countryName`` names ``?country``, ``?name`` the first column.

Answers on a graph that grows cannot be compared with kept ones. These invariants find the mistakes
of queries that show on real data only: rows multiplied by names, things without a name, nothing
found at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import pyoxigraph as ox

from clustergraph.quadstore import reading
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import TODAY

_SHOWN: Final = 5


def is_name(column: str) -> bool:
    """Return whether a column holds names, by its own name."""
    return column == "name" or column.endswith("Name")


def named_by(column: str, columns: Sequence[str]) -> str | None:
    """Return the column whose things a column names; None: it names none of them."""
    if column == "name":
        return columns[0] if not is_name(columns[0]) else None
    thing = column.removesuffix("Name")
    return thing if thing != column and thing in columns else None


def violations(question: Question, answer: ox.QuerySolutions) -> list[str]:
    """Return the invariants that an answer with default parameters breaks, a line each.

    - There is a row, unless the question asks about today.
    - No row is there twice, nor twice but for names: ``?xName`` is the name of ``?x``, ``?name``
      that of the first column.
    - Whatever is in such a column has a name.
    - The plot's columns are columns of the answer.
    """
    columns = [variable.value for variable in answer.variables]
    with reading():
        rows = [tuple(row) for row in answer]
    found = [
        f"the plot draws ?{column}, which is no column"
        for key in ("x", "y", "group")
        if (column := question.plot.get(key)) is not None and column not in columns
    ]
    about_today = any(TODAY in parameter.default for parameter in question.parameters.values())
    if not rows and not about_today:
        found.append("there is no row")
    found += _report("there twice", (row for row, count in Counter(rows).items() if count > 1))
    named = {column: named_by(column, columns) for column in columns}
    for column, subject in named.items():
        if subject is not None:
            at, name_at = columns.index(subject), columns.index(column)
            nameless = {row[at] for row in rows if row[at] is not None and row[name_at] is None}
            found += _report(f"?{subject} without ?{column}", ((thing,) for thing in nameless))
    if all(named[column] is not None for column in columns if is_name(column)):
        kept = [index for index, column in enumerate(columns) if not is_name(column)]
        cut = Counter(tuple(row[index] for index in kept) for row in dict.fromkeys(rows))
        found += _report("several rows for names", (row for row, count in cut.items() if count > 1))
    return found


def _report(problem: str, rows: Iterable[Sequence[object]]) -> list[str]:
    listed = [" | ".join("" if term is None else str(term) for term in row) for row in rows]
    shown = [f"{problem}: {row}" for row in sorted(listed)[:_SHOWN]]
    rest = len(listed) - len(shown)
    return [*shown, f"… and {rest} more: {problem}"] if rest else shown
