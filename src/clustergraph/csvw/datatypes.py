"""The values of cells: built-in and derived datatypes, their formats and limits.

Source: Model for Tabular Data, sections 4.6 and 6.4; Metadata Vocabulary, section 5.11.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from clustergraph.csvw.formats import FormatError, Moment, NumberFormat, date_parser, xsd_moment
from clustergraph.csvw.names import BUILT_IN_DATATYPES, LANGUAGE_TAG
from clustergraph.csvw.patterns import Pattern, PatternTimeoutError
from clustergraph.csvw.places import FaultKind
from clustergraph.errors import near
from clustergraph.rdf.xsd import FORMS, INTEGER_RANGES, MOMENTS, XSD

__all__ = [
    "PRECISIONS",
    "Datatype",
    "DatatypeError",
    "InvalidValueError",
    "Parsed",
    "PatternTimeoutError",
    "partial_date",
]


class DatatypeError(ValueError):
    """A datatype description that contradicts itself; no processor may go on with it."""


class InvalidValueError(ValueError):
    """A text that is no value of its datatype.

    Args:
        expected: what the datatype wants, as the end of "expected …".
        kind: ``datatype``, or ``code`` where the datatype is a list of choices.
        hint: a near match to offer.
    """

    def __init__(self, expected: str, kind: FaultKind = "datatype", hint: str = "") -> None:
        self.expected = expected
        self.kind = kind
        self.hint = hint
        super().__init__(expected)


class Parsed(NamedTuple):
    """A value: its lexical form, the IRI of its datatype, and a key to compare it by."""

    lexical: str
    datatype: str
    key: Any = None


_FLOATS: Final = frozenset({"double", "float", "number"})
_NUMERIC: Final = frozenset({"decimal", *INTEGER_RANGES, *_FLOATS})
_MOMENTS: Final = frozenset({"datetime", *MOMENTS})
_PATTERNED_MOMENTS: Final = frozenset({"date", "dateTime", "datetime", "dateTimeStamp", "time"})
_DURATIONS: Final = frozenset({"duration", "dayTimeDuration", "yearMonthDuration"})
_BINARY: Final = frozenset({"base64Binary", "binary", "hexBinary"})
_STRINGS: Final = frozenset(
    {"string", "normalizedString", "token", "language", "Name", "NMTOKEN", "xml", "html", "json"}
)
_KEEP_SPACE: Final = frozenset({"string", "json", "xml", "html", "any", "anyAtomicType"})
_LEXICAL: Final = {
    **{name: form for name, form in FORMS.items() if name not in _BINARY},
    "language": LANGUAGE_TAG,
    "anyURI": re.compile(r"[^\s<>\"{}|\\^`]*"),
}
_CHOICES: Final = re.compile(r"\(?(?:\?:)?([\w \-/]+(?:\|[\w \-/]+)+)\)?")

_EXPECTED: Final = {
    "anyURI": "a URL without spaces",
    "boolean": "true or false (or 1 or 0)",
    "date": "a date as YYYY-MM-DD",
    "dateTime": "a date and time as YYYY-MM-DDThh:mm:ss",
    "datetime": "a date and time as YYYY-MM-DDThh:mm:ss",
    "dateTimeStamp": "a date and time with its zone as YYYY-MM-DDThh:mm:ssZ",
    "decimal": "a number such as 12.5, without exponent",
    "gYear": "a year as YYYY",
    "gYearMonth": "a month as YYYY-MM",
    "language": "a language tag such as en or cs",
    "time": "a time as hh:mm:ss",
}


@dataclass(frozen=True, slots=True)
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

    base: str = "string"
    id: str | None = None
    format: str | Mapping[str, str] | None = None
    facets: Mapping[str, Any] = field(default_factory=dict)
    iri: str = field(init=False)
    choices: tuple[str, ...] = field(init=False)
    _parse: Callable[[str], Parsed] = field(init=False, repr=False, compare=False)
    _limits: tuple[tuple[str, Any, str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "iri", self.id or BUILT_IN_DATATYPES[self.base])
        set_(self, "choices", ())
        set_(self, "_limits", ())
        set_(self, "_parse", self._parser())
        self._check_lengths()
        set_(self, "_limits", self._read_limits())

    def clean(self, text: str) -> str:
        """Return ``text`` with the white space normalised as its base asks (6.4, steps 1, 2)."""
        if self.base in _KEEP_SPACE:
            return text
        if self.base == "normalizedString":
            return re.sub(r"[\r\n\t]", " ", text).strip()
        return " ".join(text.split())

    def read(self, text: str) -> Parsed:
        """Return the value that ``text`` stands for.

        Raises:
            InvalidValueError: it stands for none, or for one beyond the limits.
        """
        parsed = self._parse(text)
        for name, limit, words in self._limits:
            if not _HOLDS[name](parsed.key, limit):
                raise InvalidValueError(words)
        return parsed

    # The base ---------------------------------------------------------------------------

    def _parser(self) -> Callable[[str], Parsed]:
        if self.base in _NUMERIC:
            return self._number_parser()
        if self.base in _MOMENTS:
            return self._moment_parser()
        if self.base == "boolean":
            return self._boolean_parser()
        return self._text_parser()

    def _number_parser(self) -> Callable[[str], Parsed]:
        given = self.format
        options = {"pattern": given} if isinstance(given, str) else dict(given or {})
        if not all(isinstance(part, str) and part for part in options.values()):
            raise FormatError(f"{given!r} is no number format")
        number = NumberFormat(
            options.get("pattern"), options.get("decimalChar", "."), options.get("groupChar")
        )
        base, iri = self.base, self.iri
        low, high = INTEGER_RANGES.get(base, (None, None))
        whole = base in INTEGER_RANGES
        expected = _EXPECTED.get(base, "a number").replace("12.5", f"12{number.decimal_char}5")
        if whole:
            expected = "a whole number" + _range_words(low, high)
        if number.pattern is not None:
            expected += f" written as {number.pattern}"

        def parse(text: str) -> Parsed:
            lexical = number.parse(text)
            if lexical is None:
                raise InvalidValueError(expected)
            if base in _FLOATS:
                return Parsed(lexical, iri, float(lexical.lower()))
            if "e" in lexical or lexical[-1] in "NF" or (whole and "." in lexical):
                raise InvalidValueError(expected)
            value = Decimal(lexical)
            if (low is not None and value < low) or (high is not None and value > high):
                raise InvalidValueError(expected)
            return Parsed(lexical, iri, value)

        return parse

    def _moment_parser(self) -> Callable[[str], Parsed]:
        base, iri = ("dateTime" if self.base == "datetime" else self.base), self.iri
        expected = _EXPECTED.get(base, f"a value of {base}")
        pattern = self.format
        if isinstance(pattern, str) and base in _PATTERNED_MOMENTS:
            read = date_parser(base, pattern)
            expected = f"a {base} written as {pattern}"
        else:

            def read(text: str) -> Moment | None:
                return xsd_moment(text, base)

        def parse(text: str) -> Parsed:
            moment = read(text)
            if moment is None:
                raise InvalidValueError(expected)
            return Parsed(moment.lexical, iri, moment.key)

        return parse

    def _boolean_parser(self) -> Callable[[str], Parsed]:
        values = {"true": "true", "1": "true", "false": "false", "0": "false"}
        expected = _EXPECTED["boolean"]
        if self.format is not None:
            true, _, false = str(self.format).partition("|")
            if not isinstance(self.format, str) or not (true and false) or "|" in false:
                raise FormatError(f"{self.format!r} is not of the form true|false")
            values, expected = {true: "true", false: "false"}, f"{true} or {false}"
        iri = self.iri

        def parse(text: str) -> Parsed:
            if text not in values:
                raise InvalidValueError(expected)
            return Parsed(values[text], iri)

        return parse

    def _text_parser(self) -> Callable[[str], Parsed]:
        base, iri = self.base, self.iri
        lexical = (
            None if base in _BINARY else LANGUAGE_TAG if base == "language" else FORMS.get(base)
        )
        wanted = _EXPECTED.get(base, f"a value of {base}")
        pattern: Pattern | None = None
        choices: tuple[str, ...] = ()
        if self.format is not None:
            pattern = Pattern(str(self.format))
            if alternatives := _CHOICES.fullmatch(str(self.format)):
                choices = tuple(alternatives[1].split("|"))
                object.__setattr__(self, "choices", choices)
        key = _KEYS.get(base, len)

        def parse(text: str) -> Parsed:
            if lexical is not None and not lexical.fullmatch(text):
                raise InvalidValueError(wanted)
            if pattern is not None and not pattern.matches(text):
                if choices:
                    raise InvalidValueError(
                        "one of " + ", ".join(choices), "code", _hint(text, choices)
                    )
                raise InvalidValueError(pattern.expected)
            try:
                return Parsed(text, iri, key(text))
            except ValueError as error:
                raise InvalidValueError(f"{wanted} ({error})") from error

        return parse

    # The limits -------------------------------------------------------------------------

    def _check_lengths(self) -> None:
        lengths = {n: self.facets[n] for n in _LENGTHS if n in self.facets}
        if not lengths:
            return
        if self.base not in _STRINGS | _BINARY | {"anyURI", "QName"}:
            raise DatatypeError(f"{', '.join(lengths)} cannot limit a {self.base}")
        length, least, most = (lengths.get(name) for name in _LENGTHS)
        if length is not None and (
            (least is not None and length < least) or (most is not None and length > most)
        ):
            raise DatatypeError("length lies outside minLength and maxLength")
        if least is not None and most is not None and least > most:
            raise DatatypeError("minLength is greater than maxLength")

    def _read_limits(self) -> tuple[tuple[str, Any, str], ...]:
        limits: list[tuple[str, Any, str]] = []
        for name, value in self.facets.items():
            if name in _LENGTHS:
                unit = "bytes" if self.base in _BINARY else "characters"
                limits.append((name, value, f"{_WORDS[name]} {value} {unit}"))
                continue
            if self.base not in _NUMERIC | _MOMENTS | _DURATIONS:
                raise DatatypeError(f"{name} cannot limit a {self.base}")
            limits.append((name, self._limit(name, value), f"{_WORDS[name]} {value}"))
        self._check_limits({name: limit for name, limit, _ in limits})
        return tuple(limits)

    def _limit(self, name: str, value: Any) -> Any:
        """Read a limit: in the column's format, or as XSD writes values of the base."""
        for datatype in (self, Datatype(self.base)) if self.format is not None else (self,):
            try:
                return datatype._parse(str(value)).key
            except InvalidValueError:
                continue
        raise DatatypeError(f"{name} is {value!r}, which is no {self.base}")

    @staticmethod
    def _check_limits(limits: Mapping[str, Any]) -> None:
        low = limits.get("minimum", limits.get("minInclusive"))
        high = limits.get("maximum", limits.get("maxInclusive"))
        above, below = limits.get("minExclusive"), limits.get("maxExclusive")
        if "minInclusive" in limits and above is not None:
            raise DatatypeError("minInclusive and minExclusive exclude each other")
        if "maxInclusive" in limits and below is not None:
            raise DatatypeError("maxInclusive and maxExclusive exclude each other")
        impossible = (
            (low is not None and high is not None and high < low)
            or (low is not None and below is not None and below <= low)
            or (above is not None and below is not None and below < above)
            or (above is not None and high is not None and high <= above)
        )
        if impossible:
            raise DatatypeError("no value lies within the limits")


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
            moment = xsd_moment(text, base) if len(text) == len(form) else None
            if moment is not None:
                return Parsed(moment.lexical, XSD + base, moment.key)
        raise InvalidValueError(expected)

    return parse


PRECISIONS: Final = {
    "year": ("gYear", "YYYY"),
    "month": ("gYearMonth", "YYYY-MM"),
    "day": ("date", "YYYY-MM-DD"),
}
"""Precision of a date → its datatype, and how it is written."""


def _duration_key(text: str) -> float:
    """Return a duration's length in seconds, a month counting 30.436875 days."""
    date_part, _, time_part = text.lstrip("-P").partition("T")
    amounts = {unit: float(n) for n, unit in re.findall(r"([\d.]+)([YMD])", date_part)}
    times = {unit: float(n) for n, unit in re.findall(r"([\d.]+)([HMS])", time_part)}
    months = amounts.get("Y", 0.0) * 12 + amounts.get("M", 0.0)
    seconds = (months * 30.436875 + amounts.get("D", 0.0)) * 86400
    seconds += times.get("H", 0.0) * 3600 + times.get("M", 0.0) * 60 + times.get("S", 0.0)
    return -seconds if text.startswith("-") else seconds


def _json_key(text: str) -> int:
    json.loads(text)
    return len(text)


def _hint(text: str, known: tuple[str, ...]) -> str:
    matches = near(text, known, 1)
    return matches[0] if matches else ""


def _range_words(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f", at least {low}"
    return f", at most {high}" if high is not None else ""


_KEYS: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(_DURATIONS, _duration_key),
    "json": _json_key,
    "hexBinary": lambda text: len(binascii.unhexlify(text)),
    "base64Binary": lambda text: len(base64.b64decode(text.replace(" ", ""), validate=True)),
    "binary": lambda text: len(base64.b64decode(text.replace(" ", ""), validate=True)),
}
_LENGTHS: Final = ("length", "minLength", "maxLength")
_HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "length": lambda value, limit: bool(value == limit),
    "minLength": lambda value, limit: bool(value >= limit),
    "maxLength": lambda value, limit: bool(value <= limit),
    "minimum": lambda value, limit: bool(value >= limit),
    "minInclusive": lambda value, limit: bool(value >= limit),
    "minExclusive": lambda value, limit: bool(value > limit),
    "maximum": lambda value, limit: bool(value <= limit),
    "maxInclusive": lambda value, limit: bool(value <= limit),
    "maxExclusive": lambda value, limit: bool(value < limit),
}
_WORDS: Final = {
    "length": "exactly",
    "minLength": "at least",
    "maxLength": "at most",
    "minimum": "a value of at least",
    "minInclusive": "a value of at least",
    "minExclusive": "a value greater than",
    "maximum": "a value of at most",
    "maxInclusive": "a value of at most",
    "maxExclusive": "a value less than",
}
