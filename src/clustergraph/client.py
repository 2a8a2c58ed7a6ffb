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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, overload
from urllib.parse import urlsplit

import msgspec
import pyoxigraph as ox

from clustergraph.errors import MissingExtraError, ParameterError, UsageError
from clustergraph.quadstore import Answer, Engine, Queryable, reading
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.names import resolve
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
    if not isinstance(target, str | Path):
        raise UsageError(
            f"a graph is named by a path or an address, not by {type(target).__name__}"
        )
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
    a parameter takes several (an empty list matches nothing), None for no condition. Scalars and
    arrays of NumPy and pandas are taken as well. Values become RDF terms and are never pasted
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
        answer, impossible = self._ask(query, parameters)
        if not isinstance(answer, ox.QuerySolutions):
            raise UsageError(f"{_name(query)} is no SELECT: use ask, construct or describe")
        names = [variable.value for variable in answer.variables]
        if impossible:
            return Rows(names, [])
        with reading():
            rows = [tuple(value(term) for term in solution) for solution in answer]
        return Rows(names, rows)

    def ask(self, query: str, /, **parameters: object) -> bool:
        """Return what an ASK query finds; arguments and errors as for `select`."""
        answer, impossible = self._ask(query, parameters)
        if not isinstance(answer, ox.QueryBoolean):
            raise UsageError(f"{_name(query)} is no ASK: use select, construct or describe")
        return bool(answer) and not impossible

    def construct(self, query: str, /, **parameters: object) -> rdflib.Graph:
        """Return the triples that a CONSTRUCT or DESCRIBE query makes, as a graph of rdflib.

        Arguments and errors as for `select`.
        """
        import rdflib

        from clustergraph.rdf.conversion import quiet

        answer, impossible = self._ask(query, parameters)
        if isinstance(answer, ox.QuerySolutions | ox.QueryBoolean):
            raise UsageError(f"{_name(query)} makes no triples: use select or ask")
        graph = rdflib.Graph()
        for prefix, iri in PREFIXES.items():
            graph.bind(prefix, iri)
        if not impossible:
            nodes: dict[str, rdflib.BNode] = {}
            with reading(), quiet():
                for triple in answer:
                    graph.add(tuple(_node(term, nodes) for term in triple))  # type: ignore[arg-type]
        return graph

    def describe(self, thing: str, /) -> rdflib.Graph:
        """Return what is stated about a thing.

        Args:
            thing: its IRI, a name with a project prefix, such as ``nuts:CZ080``, its key or its
                name.

        Raises:
            ParameterError: that is no IRI.
            UnknownNameError: nothing bears that name; suggests similar ones.
            AmbiguousNameError: several things bear it; lists them.
        """
        parameter = Parameter("thing", "iri", "the IRI of a thing")
        (term,) = parameter.terms(tuple(resolve({"": parameter}, {"": [thing]}, self._engine)[""]))
        return self.construct(f"DESCRIBE {term}")

    @staticmethod
    def questions() -> Mapping[str, Question]:
        """Return the ready questions by name."""
        return catalogue.questions()

    def _ask(self, query: str, parameters: Mapping[str, object]) -> tuple[Answer, bool]:
        """Return the answer, and whether a parameter has no value that could match."""
        if not isinstance(query, str):
            raise UsageError(f"a query is a text or a question's name, not {type(query).__name__}")
        text = "{" in query or (" " in query.strip() and bool(query_form(query)))
        question = catalogue.read(query, Path()) if text else catalogue.find(query)
        plain = {name: _plain(content) for name, content in parameters.items()}
        given = {
            name: _written(name, content, question.parameters.get(name))
            for name, content in plain.items()
        }
        without = {name for name, content in plain.items() if content == []}
        if without and without <= set(question.parameters):
            question = _unmatched(question, without)
            given = {name: words for name, words in given.items() if name not in without}
            return catalogue.ask(question, self._engine, given), True
        return catalogue.ask(question, self._engine, given), False


def _unmatched(question: Question, names: set[str]) -> Question:
    """Return a question in which nothing matches some parameters, for its form and columns."""
    text = question.text
    for start, end, name in reversed(list(catalogue.blocks(text, names))):
        lines = "\n" * text.count("\n", start, end)
        text = f"{text[:start]}VALUES ?{name} {{ }}{lines}{text[end:]}"
    left = {name: one for name, one in question.parameters.items() if name not in names}
    return msgspec.structs.replace(question, text=text, parameters=left)


def _node(term: object, nodes: dict[str, rdflib.BNode]) -> rdflib.term.Node:
    """Return a term as rdflib has it, as written: normalisation would merge statements."""
    import rdflib

    from clustergraph.rdf.conversion import to_rdflib

    if isinstance(term, ox.BlankNode):
        return nodes.setdefault(term.value, rdflib.BNode())
    if isinstance(term, ox.NamedNode | ox.Literal):
        return to_rdflib(term)
    raise UsageError("the answer holds a triple term (RDF 1.2), which rdflib cannot hold")


class Row(tuple[Value, ...]):
    """A row of an answer: its values by place, by name in brackets, and as attributes.

    A column of any name is an attribute, also ``count`` or ``index``, but for names with two
    underscores at the start; these are found in brackets.

    Args:
        names: the columns; also the attribute ``names``, unless a column is called so.
        values: as many values.
    """

    def __new__(cls, names: Sequence[str], values: Iterable[Value]) -> Row:
        """Make a row."""
        self = super().__new__(cls, values)
        self.__dict__["names"] = tuple(names)
        return self

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__"):
            names = object.__getattribute__(self, "__dict__").get("names", ())
            if name in names:
                return tuple.__getitem__(self, names.index(name))
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Value:
        raise AttributeError(f"no {name!r} among {', '.join(self.__dict__.get('names', ()))}")

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            names = self.__dict__["names"]
            if key not in names:
                raise KeyError(f"no {key!r} among {', '.join(names)}")
            key = names.index(key)
        return tuple.__getitem__(self, key)

    def __reduce__(self) -> tuple[type[Row], tuple[tuple[str, ...], tuple[Value, ...]]]:
        return Row, (self.__dict__["names"], tuple(self))

    def asdict(self) -> dict[str, Value]:
        """Return the values by name."""
        return dict(zip(self.__dict__["names"], self, strict=True))

    def __repr__(self) -> str:
        cells = zip(self.__dict__["names"], self, strict=True)
        return f"Row({', '.join(f'{name}={one!r}' for name, one in cells)})"


class Rows(Sequence[Row]):
    """The rows of an answer.

    Args:
        names: the columns.
        rows: their values.
    """

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        self.names = tuple(names)
        self._rows = [Row(self.names, row) for row in rows]

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
        """Return the rows as a DataFrame whose columns have types and keep all values.

        Whole numbers and years become ``Int64``; other numbers ``Float64``, in which NaN is not
        the same as missing; truths ``boolean``; days and moments ``datetime64``, those with a
        zone in UTC; texts and IRIs ``string``. Numbers that these types cannot hold exactly stay
        Python numbers (``object``). A column that mixes types becomes text. What is not bound is
        missing (``pandas.NA``).

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtraError("a data frame", "pandas") from error
        columns = [
            _series(pandas, [row[place] for row in self._rows]) for place in range(len(self.names))
        ]
        # By place: a column may have any name, even that of another.
        frame = pandas.concat(columns, axis="columns") if columns else pandas.DataFrame()
        frame.columns = list(self.names)
        return frame


_SHOWN: Final = 20
_LONG: Final = range(-(2**63), 2**63)


def _series(pandas: Any, values: Sequence[Value]) -> Any:
    """Return a column of a data frame, typed by what it holds."""
    kinds = {_kind(one) for one in values if one is not None}
    if kinds == {"integer"} and all(one in _LONG for one in values if one is not None):
        return pandas.Series(values, dtype="Int64")
    if kinds and kinds <= {"integer", "decimal", "double"}:
        return _numbers(pandas, values, kinds)
    if len(kinds) == 1:
        (kind,) = kinds
        if kind == "zoned":
            try:
                moments = [one and one.astimezone(UTC) for one in values]  # type: ignore[union-attr]
                return pandas.Series(moments, dtype="datetime64[us, UTC]")
            except OverflowError:
                pass  # the first or the last day that Python has
        elif kind in _DTYPES:
            return pandas.Series(values, dtype=_DTYPES[kind])
    return pandas.Series([None if one is None else _text(one) for one in values], dtype="string")


_DTYPES: Final = {"boolean": "boolean", "date": "datetime64[s]", "moment": "datetime64[us]"}


def _kind(value: Value) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, datetime):
        return "moment" if value.tzinfo is None else "zoned"
    kinds: tuple[tuple[type, str], ...] = (
        (int, "integer"), (Decimal, "decimal"), (float, "double"), (date, "date"),
    )  # fmt: skip
    return next((name for kind, name in kinds if isinstance(value, kind)), "text")


def _numbers(pandas: Any, values: Sequence[Any], kinds: set[str]) -> Any:
    """Return a column of numbers: of floats if these hold all of them exactly."""
    exact = [
        one is None or isinstance(one, float) or Decimal(repr(_as_float(one))) == one
        for one in values
    ]
    if kinds == {"integer"} or not all(exact):
        missing = [pandas.NA if one is None else one for one in values]
        return pandas.Series(missing, dtype=object)
    import numpy

    numbers = numpy.array([0.0 if one is None else float(one) for one in values])
    absent = numpy.array([one is None for one in values])
    # Made of its parts: only so is NaN kept apart from what is missing.
    return pandas.Series(pandas.arrays.FloatingArray(numbers, absent))


def _as_float(number: int | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _plain(content: object) -> object:
    """Return scalars and collections of NumPy and pandas as Python has them."""
    numpy = type(content).__module__.partition(".")[0] == "numpy"
    if numpy and getattr(getattr(content, "dtype", None), "kind", "") == "M":
        # As whole numbers these have many units.
        content = content.astype("datetime64[us]")  # type: ignore[attr-defined]
    for name in ("tolist", "to_list"):
        if not isinstance(content, type) and callable(convert := getattr(content, name, None)):
            content = convert()
            break
    if isinstance(content, set | frozenset | Sequence) and not isinstance(
        content, str | bytes | bytearray
    ):
        return [_plain(one) for one in content]
    return content


def _written(name: str, content: object, parameter: Parameter | None) -> list[str]:
    """Return the values of a parameter as a person writes them; None: no condition."""
    if content is None:
        return [ALL] if parameter is not None and parameter.optional else []
    if isinstance(content, list):
        return [word for one in content for word in _written(name, one, parameter)]
    if not isinstance(content, str | int | float | bool | Decimal | date):
        raise ParameterError(
            f"{name}: {str(content)[:80]!r} is a {type(content).__name__}; give a text, a number, "
            "a truth, a date, or a list of them"
        )
    if isinstance(content, float | Decimal | date) and not content == content:  # NaN, NaT
        raise ParameterError(f"{name}: the value is missing ({content}); None sets no condition")
    return [_word(name, content, parameter)]


def _word(
    name: str, content: str | int | float | bool | Decimal | date, parameter: Parameter | None
) -> str:
    kind = "" if parameter is None else parameter.type
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, float | Decimal):
        if not isfinite(content):
            raise ParameterError(f"{name}: {content} is no finite number")
        if kind in ("integer", "year") and content == int(content):
            return str(int(content))
        # Never with an exponent, which xsd:decimal does not know.
        return format(Decimal(repr(content)) if isinstance(content, float) else content, "f")
    if isinstance(content, datetime) and kind == "date" and content.time() == time():
        return content.date().isoformat()
    if isinstance(content, date):
        return content.isoformat()
    try:
        return str(content)
    except ValueError as error:  # an integer of thousands of digits
        raise ParameterError(f"{name}: the number is too long ({error})") from error


def _name(query: str) -> str:
    return "the query" if "{" in query or " " in query else query
