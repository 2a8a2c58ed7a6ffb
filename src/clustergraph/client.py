"""The graph in Python: ``clustergraph.connect()`` and questions to it.

::

    graph = clustergraph.connect()                    # the shipped graph
    graph = clustergraph.connect("my-store")          # a store directory
    graph = clustergraph.connect("https://host/")     # a service, or any SPARQL endpoint

    for row in graph.select("clusters-per-country", least=10):
        print(row.country, row.clusters)
    frame = graph.select("SELECT ?x ?label WHERE { ?x rdfs:label ?label }").frame()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload
from urllib.parse import urlsplit

import pyoxigraph as ox

from clustergraph.errors import MissingExtraError, ParameterError, UsageError
from clustergraph.quadstore import Answer, Engine, Queryable, reading
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import ALL, Parameter
from clustergraph.rdf.values import Value, value
from clustergraph.settings import REMOTE_TIMEOUT_S
from clustergraph.sparql.lexer import query_form
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    import pandas
    import rdflib

__all__ = ["Graph", "Row", "Rows", "connect"]


def connect(target: str | Path | None = None, *, timeout_s: float = REMOTE_TIMEOUT_S) -> Graph:
    """Return the graph at an address.

    Args:
        target: a store directory; the address of a clustergraph service or of a SPARQL endpoint
            (``http`` or ``https``); None: the graph that is shipped with this package.
        timeout_s: how long a remote answer may take, in seconds.

    Raises:
        StoreError: the directory holds no readable graph.
        UsageError: the address is none.
    """
    if target is None:
        from clustergraph.shipped import open_graph

        return Graph(open_graph())
    if isinstance(target, str) and "://" in target:
        from clustergraph.quadstore.remote import Endpoint

        # The address of a service itself; its endpoint is below.
        bare = urlsplit(target).path in ("", "/")
        return Graph(Endpoint(target.rstrip("/") + "/sparql" if bare else target, timeout_s))
    return Graph(Engine(Path(target)))


class Graph:
    """A graph to ask.

    Each method takes a query's text or the name of a ready question; keyword arguments fill in
    the question's parameters, as Python values or as text: a number, a date, an IRI, a list where
    a parameter takes several, None for no condition. Values become RDF terms and are never pasted
    into the query's text.

    Args:
        engine: what answers.
    """

    def __init__(self, engine: Queryable) -> None:
        self._engine = engine

    def select(self, query: str, /, **parameters: object) -> Rows:
        """Return the rows that a SELECT query finds.

        Args:
            query: a query's text, or the name of a ready question.
            parameters: what to fill in.

        Raises:
            UnknownNameError: no such question, or a value that names nothing in the graph.
            ParameterError: a parameter is unknown, missing, or of the wrong type.
            QuerySyntaxError: not SPARQL; says where and why.
            QueryError: the query fails.
            UsageError: the query is no SELECT.
            EndpointError: the service cannot be reached, or fails.
        """
        answer = self._ask(query, parameters)
        if not isinstance(answer, ox.QuerySolutions):
            raise UsageError(f"{_name(query)} is no SELECT: use ask, construct or describe")
        names = [variable.value for variable in answer.variables]
        with reading():
            rows = [tuple(value(term) for term in solution) for solution in answer]
        return Rows(names, rows)

    def ask(self, query: str, /, **parameters: object) -> bool:
        """Return what an ASK query finds; arguments and errors as for `select`."""
        answer = self._ask(query, parameters)
        if not isinstance(answer, ox.QueryBoolean):
            raise UsageError(f"{_name(query)} is no ASK: use select, construct or describe")
        return bool(answer)

    def construct(self, query: str, /, **parameters: object) -> rdflib.Graph:
        """Return the triples that a CONSTRUCT or DESCRIBE query makes, as a graph of rdflib.

        Arguments and errors as for `select`.
        """
        import rdflib

        answer = self._ask(query, parameters)
        if isinstance(answer, ox.QuerySolutions | ox.QueryBoolean):
            raise UsageError(f"{_name(query)} makes no triples: use select or ask")
        with reading():
            text = ox.serialize(answer, format=ox.RdfFormat.N_TRIPLES) or b""
        graph = rdflib.Graph()
        for prefix, iri in PREFIXES.items():
            graph.bind(prefix, iri)
        return graph.parse(data=text, format="nt")

    def describe(self, thing: str, /) -> rdflib.Graph:
        """Return what is stated about a thing.

        Args:
            thing: its IRI, or a name with a project prefix, such as ``nuts:CZ080``.

        Raises:
            ParameterError: that is no IRI.
        """
        (term,) = Parameter("thing", "iri", "the IRI of a thing").terms((thing,))
        return self.construct(f"DESCRIBE {term}")

    @staticmethod
    def questions() -> Mapping[str, Question]:
        """Return the ready questions by name."""
        return catalogue.questions()

    def _ask(self, query: str, parameters: Mapping[str, object]) -> Answer:
        text = "{" in query or (" " in query.strip() and bool(query_form(query)))
        question = catalogue.read(query, Path()) if text else catalogue.find(query)
        given = {
            name: _written(name, content, question.parameters.get(name))
            for name, content in parameters.items()
        }
        return catalogue.ask(question, self._engine, given)


class Row(tuple[Value, ...]):
    """A row of an answer: its values by place, by name in brackets, and as attributes."""

    names: tuple[str, ...]

    def __getattr__(self, name: str) -> Value:
        try:
            return tuple.__getitem__(self, self.names.index(name))
        except ValueError:
            raise AttributeError(f"no {name!r} among {', '.join(self.names)}") from None

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self.names:
                raise KeyError(f"no {key!r} among {', '.join(self.names)}")
            key = self.names.index(key)
        return tuple.__getitem__(self, key)

    def asdict(self) -> dict[str, Value]:
        """Return the values by name."""
        return dict(zip(self.names, self, strict=True))

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={one!r}' for name, one in self.asdict().items())})"


class Rows(Sequence[Row]):
    """The rows of an answer.

    Args:
        names: the columns.
        rows: their values.
    """

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        self.names = tuple(names)
        kind = type("Row", (Row,), {"names": self.names, "__slots__": ()})
        self._rows: list[Row] = [kind(row) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self._rows[index]

    def __repr__(self) -> str:
        return f"<{len(self):,} rows of {', '.join(self.names)}>"

    def _repr_html_(self) -> str:
        """Return a table, for notebooks."""
        from html import escape

        def line(cells: Sequence[object], tag: str) -> str:
            inner = "".join(
                f"<{tag}>{'' if cell is None else escape(str(cell))}</{tag}>" for cell in cells
            )
            return f"<tr>{inner}</tr>"

        shown = self._rows[:_SHOWN]
        more = f"<p>{len(shown)} of {len(self):,} rows</p>" if len(self) > len(shown) else ""
        body = "".join(line(row, "td") for row in shown)
        head = line(self.names, "th")
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>{more}"

    def frame(self) -> pandas.DataFrame:
        """Return the rows as a DataFrame whose columns have types.

        Whole numbers and years become ``Int64``, other numbers ``Float64``, truths ``boolean``,
        days and moments ``datetime64``, texts and IRIs ``string``; a column that mixes them stays
        as it is (``object``). What is not bound is missing (``pandas.NA``).

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtraError("data frames", "pandas") from error
        return pandas.DataFrame(
            {
                name: _series(pandas, [row[place] for row in self._rows])
                for place, name in enumerate(self.names)
            }
        )


_SHOWN: Final = 20
_TYPES: Final[Mapping[type, str]] = {
    int: "Int64", Decimal: "Float64", float: "Float64", bool: "boolean", str: "string",
    date: "datetime64[s]", datetime: "datetime64[s]",
}  # fmt: skip


def _series(pandas: Any, values: Sequence[Value]) -> Any:
    """Return a column of a data frame, typed by what it holds."""
    # Subclasses of str are texts as well.
    types = {_TYPES.get(type(one), "string") for one in values if one is not None}
    if types == {"Int64", "Float64"}:
        types = {"Float64"}
    zoned = any(isinstance(one, datetime) and one.tzinfo is not None for one in values)
    if len(types) != 1 or zoned:
        return pandas.Series(values, dtype="string" if not types else object)
    (kind,) = types
    if kind == "Float64":
        values = [None if one is None else float(one) for one in values]  # type: ignore[arg-type]
    elif kind == "string":
        values = [None if one is None else str(one) for one in values]
    return pandas.Series(values, dtype=kind)


def _written(name: str, content: object, parameter: Parameter | None) -> list[str]:
    """Return the values of a parameter as a person writes them; None: no condition."""
    if content is None:
        return [ALL] if parameter is not None and parameter.optional else []
    if isinstance(content, str | int | float | bool | Decimal | date):
        return [_word(content)]
    if isinstance(content, Sequence):
        return [word for one in content for word in _written(name, one, parameter)]
    raise ParameterError(
        f"{name}: {content!r} is a {type(content).__name__}; give a text, a number, a truth, "
        "a date, or a list of them"
    )


def _word(content: str | int | float | bool | Decimal | date) -> str:
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, float):
        # Never with an exponent, which xsd:decimal does not know.
        return format(Decimal(repr(content)), "f")
    return content.isoformat() if isinstance(content, date) else str(content)


def _name(query: str) -> str:
    return "the query" if "{" in query or " " in query else query
