"""The values of cells: built-in and derived datatypes, their formats and limits.

Source: Model for Tabular Data, sections 4.6 and 6.4; Metadata Vocabulary, section 5.11.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from clustergraph.csvw.formats import FormatError, Pattern, date_reader, number_reader
from clustergraph.csvw.names import BUILT_IN_DATATYPES
from clustergraph.csvw.places import FaultKind
from clustergraph.errors import did_you_mean, near
from clustergraph.rdf.xsd import FORMS, INTEGER_RANGES, MOMENTS, XSD, is_well_formed, pattern_of


class DatatypeError(ValueError):
    """A datatype description that contradicts itself; no processor may go on with it."""


class InvalidValueError(ValueError):
    """A text that is no value of its datatype.

    Args:
        expected: what the datatype wants, as the end of "expected …".
        kind: ``datatype``, or ``code`` where the datatype is a list of choices.
    """

    def __init__(self, expected: str, kind: FaultKind = "datatype") -> None:
        self.expected = expected
        self.kind = kind
        super().__init__(expected)


class Parsed(NamedTuple):
    """A value: its lexical form, and the IRI of its datatype."""

    lexical: str
    datatype: str


_FLOATS: Final = frozenset({"double", "float"})
_NUMERIC: Final = frozenset({"decimal", *INTEGER_RANGES, *_FLOATS})
_PATTERNED_MOMENTS: Final = frozenset({"date", "dateTime", "dateTimeStamp", "time"})
_DURATIONS: Final = frozenset({"duration", "dayTimeDuration", "yearMonthDuration"})
_BINARY: Final = frozenset({"base64Binary", "hexBinary"})
_ORDERED: Final = _NUMERIC | MOMENTS.keys() | _DURATIONS
_WITH_LENGTH: Final = _BINARY | {
    "string", "normalizedString", "token", "language", "Name", "NMTOKEN", "anyURI", "QName",
    "XMLLiteral", "HTML", "JSON",
}  # fmt: skip
_KEEP_SPACE: Final = frozenset({"string", "JSON", "XMLLiteral", "HTML", "anyAtomicType"})
_CHOICES: Final = re.compile(r"\(?(?:\?:)?([\w \-/]+(?:\|[\w \-/]+)+)\)?")

_EXPECTED: Final = {
    "anyURI": "a URL without spaces",
    "boolean": "true or false (or 1 or 0)",
    "date": "a date as YYYY-MM-DD",
    "dateTime": "a date and time as YYYY-MM-DDThh:mm:ss",
    "dateTimeStamp": "a date and time with its zone as YYYY-MM-DDThh:mm:ssZ",
    "decimal": "a number such as 12.5, without exponent",
    "double": "a number",
    "float": "a number",
    "gYear": "a year as YYYY",
    "gYearMonth": "a month as YYYY-MM",
    "language": "a language tag such as en or cs",
    "time": "a time as hh:mm:ss",
}

LENGTHS: Final = ("length", "minLength", "maxLength")
FACETS: Final[Mapping[str, tuple[Callable[[Any, Any], bool], str]]] = {
    "length": (operator.eq, "exactly"),
    "minLength": (operator.ge, "at least"),
    "maxLength": (operator.le, "at most"),
    "minimum": (operator.ge, "a value of at least"),
    "minInclusive": (operator.ge, "a value of at least"),
    "minExclusive": (operator.gt, "a value greater than"),
    "maximum": (operator.le, "a value of at most"),
    "maxInclusive": (operator.le, "a value of at most"),
    "maxExclusive": (operator.lt, "a value less than"),
}
"""Property that limits values → how they compare with its value, and that in words."""
_FROM: Final = ("length", "minLength", "minimum", "minInclusive", "minExclusive")
_UP_TO: Final = ("length", "maxLength", "maximum", "maxInclusive", "maxExclusive")


class Datatype:
    """A datatype of cells: a built-in base with a format and limits.

    Args:
        base: the name of a built-in datatype.
        id: the IRI that literals carry instead of the base's.
        format: a pattern, a regular expression, or the object form of a number format.
        facets: length, minLength, maxLength, minimum … as the metadata writes them.

    Raises:
        DatatypeError: the facets contradict each other or the base.
        FormatError: the format is none for this base.
    """

    def __init__(
        self,
        base: str = "string",
        id: str | None = None,  # noqa: A002 - the name of the property
        format: str | Mapping[str, str] | None = None,  # noqa: A002 - likewise
        facets: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.base = base
        self.format = format
        self.facets = facets
        self.iri = id or BUILT_IN_DATATYPES[base]
        # `number` is another name of `double`, `datetime` of `dateTime`.
        self.kind = re.split("[#/]", BUILT_IN_DATATYPES[base])[-1]
        self._parse = self._parser()
        self._limits = tuple(self._read_limits())
        self._check_limits()

    def clean(self, text: str) -> str:
        """Return ``text`` with the white space normalised as its base asks (6.4, steps 1, 2)."""
        if self.kind in _KEEP_SPACE:
            return text
        if self.kind == "normalizedString":
            return re.sub(r"[\r\n\t]", " ", text).strip()
        return " ".join(text.split())

    def read(self, text: str) -> Parsed:
        """Return the value that ``text`` stands for.

        Raises:
            InvalidValueError: it stands for none, or for one beyond the limits.
        """
        lexical = self._parse(text)
        for name, limit, words in self._limits:
            value = self._length(lexical) if name in LENGTHS else self._value(lexical)
            if not FACETS[name][0](value, limit):
                raise InvalidValueError(words)
        return Parsed(lexical, self.iri)

    # The base ---------------------------------------------------------------------------

    def _parser(self) -> Callable[[str], str]:
        kind, given = self.kind, self.format
        expected = _EXPECTED.get(kind, f"a value of {self.base}")
        if kind in _NUMERIC:
            options = {"pattern": given} if isinstance(given, str) else dict(given or {})
            if not all(isinstance(part, str) and part for part in options.values()):
                raise FormatError(f"{given!r} is no number format")
            pattern, point = options.get("pattern"), options.get("decimalChar", ".")
            read = number_reader(pattern, point, options.get("groupChar"))
            expected = expected.replace("12.5", f"12{point}5")
            if kind in INTEGER_RANGES:
                expected = "a whole number" + _range_words(*INTEGER_RANGES[kind])
            if pattern is not None:
                expected += f" written as {pattern}"
        elif kind in _PATTERNED_MOMENTS and isinstance(given, str):
            read = date_reader(kind, given)
            expected = f"a {self.base} written as {given}"
        elif kind == "boolean":
            values = {"true": "true", "1": "true", "false": "false", "0": "false"}
            if given is not None:
                true, _, false = str(given).partition("|")
                if not isinstance(given, str) or not (true and false) or "|" in false:
                    raise FormatError(f"{given!r} is not of the form true|false")
                values, expected = {true: "true", false: "false"}, f"{true} or {false}"
            read = values.get
        else:
            read = self._pattern_reader()

        def parse(text: str) -> str:
            lexical = read(text)
            if lexical is None or not _is_valid(lexical, kind):
                raise InvalidValueError(expected)
            return lexical

        return parse

    def _pattern_reader(self) -> Callable[[str], str | None]:
        """Return a function that reads texts as they stand, if the format allows them."""
        if self.format is None or self.kind in MOMENTS:
            return str
        source = str(self.format)
        pattern = Pattern(source)
        alternatives = _CHOICES.fullmatch(source)
        choices = alternatives[1].split("|") if alternatives else []

        def read(text: str) -> str:
            if pattern.matches(text):
                return text
            if choices:
                hint = did_you_mean(near(text, choices, 1))
                raise InvalidValueError(f"one of {', '.join(choices)}{hint}", "code")
            raise InvalidValueError(pattern.expected)

        return read

    # The limits -------------------------------------------------------------------------

    def _read_limits(self) -> Iterator[tuple[str, Any, str]]:
        for name, value in self.facets.items():
            words = f"{FACETS[name][1]} {value}"
            if name in LENGTHS:
                unit = "bytes" if self.kind in _BINARY else "characters"
                if self.kind not in _WITH_LENGTH:
                    raise DatatypeError(f"{name} cannot limit a {self.base}")
                yield name, value, f"{words} {unit}"
            elif self.kind not in _ORDERED:
                raise DatatypeError(f"{name} cannot limit a {self.base}")
            else:
                yield name, self._limit(name, value), words

    def _limit(self, name: str, value: Any) -> Any:
        """Read a limit: in the column's format, or as XSD writes values of the base."""
        for datatype in (self, Datatype(self.base)) if self.format is not None else (self,):
            try:
                return self._value(datatype._parse(str(value)))
            except InvalidValueError:
                continue
        raise DatatypeError(f"{name} is {value!r}, which is no {self.base}")

    def _value(self, lexical: str) -> Any:
        """Return what two values are compared by."""
        if self.kind in _FLOATS:
            return float(lexical)
        if self.kind in _NUMERIC:
            return Decimal(lexical)
        # Imported late: it takes longer than reading most tables, and few limit such values.
        from elementpath.datatypes import builtin_atomic_types

        classes: Mapping[str, Any] = builtin_atomic_types
        try:
            return classes[f"xs:{self.kind}"].make(lexical)
        except (OverflowError, ValueError) as error:
            raise InvalidValueError(f"a {self.base} that can be compared ({error})") from error

    def _length(self, lexical: str) -> int:
        if self.kind == "hexBinary":
            return len(lexical) // 2
        if self.kind == "base64Binary":
            return len(lexical.replace(" ", "").rstrip("=")) * 3 // 4
        return len(lexical)

    def _check_limits(self) -> None:
        """Refuse limits that exclude each other, or that no value can be within."""
        limits = {name: limit for name, limit, _ in self._limits}
        for side in ("min", "max"):
            if {f"{side}Inclusive", f"{side}Exclusive"} <= limits.keys():
                raise DatatypeError(f"{side}Inclusive and {side}Exclusive exclude each other")
        for low, high in product(_FROM, _UP_TO):
            if low in limits and high in limits:
                fits = operator.lt if ("Exclusive" in low) != ("Exclusive" in high) else operator.le
                if not fits(limits[low], limits[high]):
                    raise DatatypeError(f"no value lies within {low} and {high}")


def _is_valid(lexical: str, kind: str) -> bool:
    """Return whether a text is in the lexical space of a built-in datatype."""
    if kind == "JSON":
        try:
            json.loads(lexical)
        except ValueError:
            return False
        return True
    if kind in FORMS and kind not in _BINARY:
        return pattern_of(kind).fullmatch(lexical) is not None
    return is_well_formed(lexical, XSD + kind)


def partial_date(precisions: Sequence[str]) -> Callable[[str], Parsed]:
    """Return a function that reads dates and types each by its precision.

    The function gives an ``xsd:gYear`` for ``2021``, an ``xsd:gYearMonth`` for ``2021-05`` and an
    ``xsd:date`` for ``2021-05-18``, and raises ``InvalidValueError`` for anything else.

    Args:
        precisions: those that are allowed, of ``year``, ``month`` and ``day``.

    Raises:
        KeyError: there is no such precision, or none is given.
    """
    allowed = [PRECISIONS[name] for name in precisions or [""]]
    forms = [form for _, form in allowed]
    expected = f"a date as {' or '.join([', '.join(forms[:-1]), forms[-1]]).removeprefix(' or ')}"

    def parse(text: str) -> Parsed:
        for base, form in allowed:
            if len(text) == len(form) and is_well_formed(text, XSD + base):
                return Parsed(text, XSD + base)
        raise InvalidValueError(expected)

    return parse


PRECISIONS: Final = {
    "year": ("gYear", "YYYY"),
    "month": ("gYearMonth", "YYYY-MM"),
    "day": ("date", "YYYY-MM-DD"),
}
"""Precision of a date → its datatype, and how it is written."""


def _range_words(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f", at least {low}"
    return f", at most {high}" if high is not None else ""
