"""RDF terms as Python values, for people and programs that take an answer away.

A number is a number, a date a date, a year a whole number. What Python has no type for stays the
text that it is, for instance a date with a time zone, a year beyond 9999, or nanoseconds. Nothing
is invented or lost: a literal that is ill-typed stays text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.rdf.xsd import INTEGER_RANGES, XSD, is_well_formed


class IRI(str):
    """The IRI of a thing; a string, so that it can be used as one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{self}>"


class Text(str):
    """A text in a language.

    Attributes:
        language: the language tag, such as ``cs``.
    """

    __slots__ = ("language",)
    language: str

    def __new__(cls, text: str, language: str) -> Text:
        """Make a text in a language."""
        self = super().__new__(cls, text)
        self.language = language
        return self

    def __reduce__(self) -> tuple[type[Text], tuple[str, str]]:
        return Text, (str(self), self.language)


Value: TypeAlias = str | int | float | bool | Decimal | date | datetime | None
"""A value of an answer: `IRI` and `Text` are strings, None is an unbound variable."""


def value(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> Value:
    """Return the Python value that a term stands for.

    Args:
        term: as an answer holds it; None: the variable is not bound.

    Returns:
        `IRI` for an IRI; for a literal int, Decimal, float, bool, date, datetime, by its datatype
        (``xsd:gYear`` is an int), `Text` where it has a language; else its text.
    """
    if term is None:
        return None
    if isinstance(term, ox.NamedNode):
        return IRI(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return Text(term.value, term.language)
        datatype = term.datatype.value
        convert = _BY_DATATYPE.get(datatype)
        if convert is None or not is_well_formed(term.value, datatype):
            return term.value
        try:
            return convert(term.value)
        except (ValueError, ArithmeticError):
            return term.value
    return str(term)


def _number(text: str) -> int:
    return int(text)  # raises ValueError beyond some thousand digits


def _float(text: str) -> float:
    return float(text.replace("INF", "inf"))


def _date(text: str) -> date:
    return date.fromisoformat(text)  # raises ValueError for zones and years beyond 1 to 9999


def _moment(text: str) -> datetime:
    fraction = _FRACTION.search(text)
    if fraction and len(fraction[1].rstrip("0")) > _MOST_DIGITS:
        raise ValueError("finer than a microsecond")
    if "T24:" in text:
        return datetime.fromisoformat(text.replace("T24:", "T00:")) + timedelta(days=1)
    return datetime.fromisoformat(text)


_FRACTION: Final = re.compile(r"\.([0-9]+)")
_MOST_DIGITS: Final = 6
_BY_DATATYPE: Final[Mapping[str, Callable[[str], Value]]] = {
    **{XSD + name: _number for name in INTEGER_RANGES},
    XSD + "decimal": Decimal,
    XSD + "double": _float,
    XSD + "float": _float,
    XSD + "boolean": ("true", "1").__contains__,
    XSD + "date": _date,
    XSD + "dateTime": _moment,
    XSD + "dateTimeStamp": _moment,
    XSD + "gYear": _number,
}
