"""One visit of a page: the address, who comes, and the graph to ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pyoxigraph as ox

from clustergraph.errors import RequestError, UnknownNameError
from clustergraph.pages.addresses import local
from clustergraph.pages.statements import called, names_of
from clustergraph.pages.words import Words
from clustergraph.protocol import Context, Request, faults
from clustergraph.questions import catalogue
from clustergraph.sparql.answers import reading
from clustergraph.spelling import collation_key
from clustergraph.vocab import PREFIXES, shorten

if TYPE_CHECKING:
    from clustergraph.quadstore.evaluation import Queryable

T = TypeVar("T")
Term: TypeAlias = ox.NamedNode | ox.Literal
_XSD: Final = PREFIXES["xsd"]
_NUMBERS: Final[Mapping[str, Any]] = {
    _XSD + "integer": int,
    _XSD + "decimal": Decimal,
    _XSD + "double": float,
    _XSD + "float": float,
}
_BLANK: Final = re.compile(r"\$([A-Za-z]\w*)")
_MOST_FIELDS: Final = 200
# For addresses that are embedded elsewhere, where no cookie says it.
_LANGUAGE: Final = re.compile(rb"(?:^|&)lang=(en|cs)(?:&|$)")


class Row(dict[str, Any]):
    """One solution; values by name, also as attributes.

    IRIs and texts are text, numbers are numbers, what is not bound is None.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class Visit:
    """One visit.

    Attributes:
        request: what was asked.
        context: the generation that it is answered from.
        engine: the graph.
        path: the address's path, decoded.
        place: the name of the page, that of its module.
        captured: the named parts of the path.
    """

    request: Request
    context: Context
    engine: Queryable
    path: str
    place: str = ""
    captured: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The language to speak, ``en`` or ``cs``: of the address (``lang``), else the reader's."""
        found = _LANGUAGE.search(self.request.query_string)
        return found[1].decode() if found else self.request.language

    @property
    def generation(self) -> int:
        """The number of the generation."""
        return self.context.generation

    @property
    def base(self) -> str:
        """Scheme, host and prefix of the service, without a slash at the end."""
        return self.request.base

    @cached_property
    def root(self) -> str:
        """The path that all addresses of the service start with; usually nothing."""
        return urlsplit(self.request.base).path.rstrip("/")

    def order(self, name: str) -> tuple[str, str]:
        """Return what sorts names by the alphabet of the language of the visit."""
        return collation_key(name, self.language)

    def words(self, name: str) -> Words:
        """Return the words of a page in the language of the visit."""
        return Words(self.language, name)

    @cached_property
    def parameters(self) -> dict[str, list[str]]:
        """The parameters of the address; those without a value are left out.

        Raises:
            RequestError: it is not well-formed.
        """
        text = self.request.query_string.decode("latin-1")
        try:
            pairs = parse_qsl(text, errors="strict", max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            detail = f"the address is not well-formed: {error}"
            raise faults.bad_request(detail) from error
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value.strip():
                values.setdefault(name, []).append(value.strip())
        return values

    def parameter(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter of the address."""
        return self.parameters.get(name, [default])[-1]

    def choice(self, name: str, known: Collection[str]) -> str:
        """Return the value of a parameter, which is a code or key; nothing if it has none.

        Raises:
            UnknownNameError: it is another one.
        """
        given = self.parameter(name)
        chosen = next((one for one in (given, given.upper()) if one in known), given)
        if chosen and chosen not in known:
            raise UnknownNameError(name, chosen, known)
        return chosen

    @property
    def refused(self) -> RequestError | None:
        """Why this page itself is not to be had: what another worker ended over."""
        reason = self.request.failure
        return faults.fault(*faults.WORKER_FAILURES[reason]) if reason else None

    @property
    def here(self) -> str:
        """This address, to come back to: path and query."""
        query = self.request.query_string.decode("latin-1")
        return quote(self.request.path) + (f"?{query}" if query else "")

    def url(self, path: str, **parameters: str | int | Sequence[str] | None) -> str:
        """Return the address of a page of the service, with parameters."""
        known = {name: value for name, value in parameters.items() if value not in (None, "", [])}
        query = urlencode(known, doseq=True)
        return self.root + path + (f"?{query}" if query else "")

    def link(self, iri: str) -> str:
        """Return the address, here, of the thing that bears an IRI."""
        return self.root + local(iri)

    def query_text(self, text: str, **terms: Term) -> str:
        """Return a query with its terms and ``$language`` filled in, as people are shown it."""
        known: dict[str, Term] = {"language": ox.Literal(self.language), **terms}
        return _BLANK.sub(lambda match: str(known[match[1]]), text)

    def solutions(self, text: str, **terms: Term) -> ox.QuerySolutions:
        """Return the solutions of a SELECT as the engine has them; see `select`."""
        found = self.engine.query(self.query_text(text, **terms))
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - pages ask by SELECT
        return found

    def select(self, text: str, **terms: Term) -> list[Row]:
        """Return the rows of a SELECT; the project's prefixes are known.

        Args:
            text: the query, with ``$name`` where a term is to stand; ``$language`` is known.
            terms: the terms; they are written as SPARQL writes terms, so that no text can
                become part of the query's structure.

        Raises:
            QueryError: the engine could not evaluate it.
        """
        with reading():
            return _rows(self.solutions(text, **terms))

    def ask(self, name: str, **values: str | Sequence[str]) -> list[Row]:
        """Return the rows of a ready question; see `clustergraph.questions.catalogue.ask`.

        Args:
            name: of the question.
            values: its parameters.

        Raises:
            UnknownNameError: a value names nothing in the graph.
        """
        given = {key: [one] if isinstance(one, str) else one for key, one in values.items()}
        with reading():
            found = catalogue.ask(catalogue.find(name), self.engine, given)
            assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - pages ask for rows
            return _rows(found)

    def names(self, iris: Iterable[str | None]) -> dict[str, str]:
        """Return what things are called: in the language of the visit, else in another one."""
        things = [ox.NamedNode(iri) for iri in dict.fromkeys(iris) if iri]
        return called(names_of(self.engine, things, ()), self.language)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what is computed once a generation and worker.

        Args:
            key: tells it from other things that are kept.
            make: computes it.
        """
        memory = self.context.memory
        if key not in memory or not self.generation:
            memory[key] = make()
        return cast(T, memory[key])


def _rows(found: ox.QuerySolutions) -> list[Row]:
    names = [variable.value for variable in found.variables]
    return [
        Row({name: value(solution[index]) for index, name in enumerate(names)})
        for solution in found
    ]


def value(term: Any) -> Any:
    """Return a term as Python has it: numbers as numbers, all else as text; None stays None."""
    if isinstance(term, ox.Literal):
        convert = _NUMBERS.get(term.datatype.value)
        if convert is not None:
            try:
                return convert(term.value)
            except (ValueError, ArithmeticError):
                return term.value
        return term.value
    return None if term is None else str(getattr(term, "value", term))


def short(iri: str) -> str:
    """Return an IRI for people: as a prefixed name if there is one, without escapes."""
    return shorten(iri).replace("\\", "")
