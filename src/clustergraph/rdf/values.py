"""RDF terms as Python values, for people and programs that take an answer away.

A number is a number, a date a date, a year a whole number; what Python has no type for stays the
text that it is. Nothing is invented: a literal whose text does not fit its datatype stays text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["IRI", "Text", "Value", "value"]

_XSD: Final = PREFIXES["xsd"]


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
        convert = _BY_DATATYPE.get(term.datatype.value)
        if convert is None:
            return term.value
        try:
            return convert(term.value)
        except (ValueError, InvalidOperation):
            return term.value
    return str(term)


def _boolean(text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise ValueError("no xsd:boolean")
    return text in ("true", "1")


def _year(text: str) -> int:
    if not text.lstrip("-").isdigit():
        raise ValueError("a year with a time zone")
    return int(text)


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("no xsd:decimal")
    return number


_INTEGERS: Final = (
    "integer", "long", "int", "short", "byte", "nonNegativeInteger", "nonPositiveInteger",
    "positiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort",
    "unsignedByte",
)  # fmt: skip
_BY_DATATYPE: Final[Mapping[str, Callable[[str], Value]]] = {
    **{_XSD + name: int for name in _INTEGERS},
    _XSD + "decimal": _finite,
    _XSD + "double": float,
    _XSD + "float": float,
    _XSD + "boolean": _boolean,
    _XSD + "date": date.fromisoformat,
    _XSD + "dateTime": datetime.fromisoformat,
    _XSD + "gYear": _year,
}
