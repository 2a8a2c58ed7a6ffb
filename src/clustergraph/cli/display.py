"""Answers as tables for people: names in place of IRIs, and how many rows there are."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from clustergraph.terminal import harmless, markdown, table

if TYPE_CHECKING:
    import pyoxigraph as ox

    from clustergraph.quadstore import Queryable

__all__ = ["count", "show_rows", "terminal_width"]

Rows = list[tuple[Any, ...]]

# As many IRIs are looked up by one query.
_BATCH: Final = 500


def terminal_width() -> int | None:
    """Return the columns of the terminal; None: standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 row``, ``1,200 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def show_rows(
    answer: ox.QuerySolutions,
    names_of: Queryable | None,
    *,
    as_markdown: bool,
    iris: bool,
    width: int | None,
) -> str:
    """Return the rows of an answer as a table, for a terminal with their number, or in Markdown.

    Args:
        answer: the rows; they are read to their end.
        names_of: the graph that names things which the answer leaves without a name; None: these
            are shown by their IRIs.
        as_markdown: as Markdown.
        iris: show IRIs as well as names.
        width: columns of the terminal that the table has to fit; None: it goes elsewhere.

    Raises:
        QueryError: the engine fails while the answer is read.
    """
    from clustergraph.quadstore import reading
    from clustergraph.sparql.results import display

    columns = [variable.value for variable in answer.variables]
    with reading():
        rows: Rows = [tuple(row) for row in answer]
    if iris:
        cells = [[harmless(display(term)) for term in row] for row in rows]
    else:
        columns, texts = _named(columns, rows, names_of)
        cells = [[harmless(text) for text in row] for row in texts]
    if as_markdown:
        return markdown(columns, cells)
    text = table(columns, cells, width, styled=width is not None)
    return text if width is None else f"{text}{count(len(rows), 'row')}\n"


def _named(
    columns: Sequence[str], rows: Rows, names_of: Queryable | None
) -> tuple[list[str], list[list[str]]]:
    """Return columns and cells with each thing shown once: by its name, else by its IRI."""
    import pyoxigraph as ox

    from clustergraph.questions.columns import named_by
    from clustergraph.sparql.results import display

    # The column of names takes the place of the column that it names, and its heading.
    names = {thing: at for at, one in enumerate(columns) if (thing := named_by(one, columns))}
    nameless = [at for at, one in enumerate(columns) if one not in names]
    iris = {row[at].value for row in rows for at in nameless if isinstance(row[at], ox.NamedNode)}
    labels = {} if names_of is None else dict(_labels(sorted(iris), names_of))

    def text(term: Any) -> str:
        if isinstance(term, ox.NamedNode):
            return labels.get(term.value) or display(term).strip("<>")
        return display(term)

    shown: dict[str, list[str]] = {}
    for at, column in enumerate(columns):
        if column in names:
            name_at = names[column]
            shown[column] = [
                text(row[at] if row[name_at] is None else row[name_at]) for row in rows
            ]
        elif at not in names.values():
            shown[column] = [text(row[at]) for row in rows]
    # A query of one's own may select the names itself, under whatever heading.
    kept = [
        column
        for at, column in enumerate(columns)
        if column in shown
        and not (
            at in nameless
            and any(isinstance(row[at], ox.NamedNode) for row in rows)
            and any(cells == shown[column] for one, cells in shown.items() if one != column)
        )
    ]
    return kept, [list(row) for row in zip(*(shown[column] for column in kept), strict=True)]


def _labels(iris: Sequence[str], engine: Queryable) -> Iterator[tuple[str, str]]:
    """Yield IRIs with their English names, or names in another language."""
    import pyoxigraph as ox

    for start in range(0, len(iris), _BATCH):
        nodes = " ".join(str(ox.NamedNode(iri)) for iri in iris[start : start + _BATCH])
        found = engine.query(
            f"SELECT ?thing ?name {{ VALUES ?thing {{ {nodes} }} "
            '?thing rdfs:label|skos:prefLabel ?name } ORDER BY (LANG(?name) = "en") DESC(?name)'
        )
        # Of several names the last one stays: an English one, the first by the alphabet.
        yield from ((row["thing"].value, row["name"].value) for row in _solutions(found))


def _solutions(answer: object) -> Iterable[Any]:
    import pyoxigraph as ox

    assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    return answer
