"""Formats of columns: patterns of numbers, of dates and times, and regular expressions.

Source: Model for Tabular Data, section 6.4. Patterns of numbers and dates are a subset of those of
Unicode Technical Standard 35. The syntax of regular expressions is that of ECMAScript; the library
``regex`` knows it, Unicode properties included, and can be stopped, which a pattern such as
``(a+)+`` makes necessary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import regex

from clustergraph.errors import ClusterGraphError

Reader = Callable[[str], str | None]
"""Returns the lexical form in XSD of a text, or None if the text is not in the format."""


class FormatError(ValueError):
    """A format that is not one of those the recommendation knows."""


# Numbers ------------------------------------------------------------------------------------

_NUMBER_PATTERN: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<mark>[%‰]?)(?P<whole>[#0,]*)(?:\.(?P<fraction>[#0,]+))?"
    r"(?:E\+?(?P<exponent>[#0]+))?(?P<after>[%‰]?)"
)
_SHIFTS: Final = {"": 0, "%": -2, "‰": -3}


def number_reader(pattern: str | None, decimal_char: str, group_char: str | None) -> Reader:
    """Return a function that reads numbers.

    It works out per cent and per mille, and writes the exponent sign as ``e``.

    Args:
        pattern: a number pattern such as ``#,##0.00``, or None for any number.
        decimal_char: what separates the fraction.
        group_char: what may stand between groups of digits; None for nothing, which with a
            pattern means ``,``.

    Raises:
        FormatError: the pattern is not a number pattern.
    """
    group = group_char or ("," if pattern is not None else "")
    between, point = re.escape(group), re.escape(decimal_char)
    if pattern is None:
        digits = rf"\d(?:\d|{between}(?=\d))*" if group else r"\d+"
        sign, mark, after = "[+-]?", "[%‰]?", "[%‰]?"
        whole = f"(?:{digits})?"
        fraction = f"(?:{point}(?P<fraction>{whole}))?"
        exponent = r"(?:[eE](?P<exponent>[+-]?\d{1,9}))?"
    else:
        shape = _NUMBER_PATTERN.fullmatch(pattern)
        if shape is None or not re.search("[#0]", pattern):
            raise FormatError(f"{pattern!r} is not a number pattern")
        sign = {"": "[+-]?", "+": "[+-]", "-": "-"}[shape["sign"]]
        mark, after = shape["mark"], shape["after"]
        whole = _whole(shape["whole"], between)
        fraction = _fraction(shape["fraction"] or "", between, point)
        exponent = ""
        if given := shape["exponent"]:
            exponent = rf"[eE](?P<exponent>[+-]?\d{{{given.count('0')},{len(given)}}})"
    number = re.compile(
        rf"(?P<before>{sign}{mark}|{mark}{sign})(?P<whole>{whole}){fraction}{exponent}(?P<after>{after})",
        re.ASCII,
    )

    def read(text: str) -> str | None:
        if text in {"NaN", "INF", "-INF"}:
            return text
        match = number.fullmatch(text)
        if match is None:
            return None
        parts = {name: text or "" for name, text in match.groupdict().items()}
        digits, places = (parts.get(name, "") for name in ("whole", "fraction"))
        if not (digits or places):
            return None
        if group:
            digits, places = digits.replace(group, ""), places.replace(group, "")
        lexical = parts["before"].strip("%‰") + (digits or "0") + (places and f".{places}")
        shift = _SHIFTS[parts["before"].strip("+-") or parts["after"]]
        if parts.get("exponent"):
            return f"{lexical}e{int(parts['exponent']) + shift if shift else parts['exponent']}"
        return f"{Decimal(lexical).scaleb(shift):f}" if shift else lexical

    return read


def _whole(shape: str, between: str) -> str:
    """Return what matches the digits before the point: enough of them, in groups of the sizes."""
    least = rf"(?=(?:{between}?\d){{{shape.count('0')}}})"
    *others, last = (len(group) for group in shape.split(","))
    if not others:
        return rf"{least}\d*"
    size = others[-1] if len(others) > 1 else last
    groups = rf"\d{{1,{size}}}(?:{between}\d{{{size}}})*{between}\d{{{last}}}"
    return rf"{least}(?:{groups}|\d{{0,{last}}})"


def _fraction(shape: str, between: str, point: str) -> str:
    """Return what matches the point and the digits behind it."""
    if not shape:
        return ""
    most, least = len(shape.replace(",", "")), shape.count("0")
    size = shape.find(",") if "," in shape else most
    count = rf"(?=(?:{between}?\d){{{max(least, 1)},{most}}}(?:\D|$))"
    digits = rf"{point}(?P<fraction>{count}(?:\d{{{size}}}{between})*\d{{1,{size}}})"
    return digits if least else f"(?:{digits})?"


# Dates and times ----------------------------------------------------------------------------

_DATE_FIELDS: Final = {
    "yyyy-MM-dd", "yyyyMMdd", "dd-MM-yyyy", "d-M-yyyy", "MM-dd-yyyy", "M-d-yyyy", "dd/MM/yyyy",
    "d/M/yyyy", "MM/dd/yyyy", "M/d/yyyy", "dd.MM.yyyy", "d.M.yyyy", "MM.dd.yyyy", "M.d.yyyy",
}  # fmt: skip
_TIME_FIELDS: Final = {"HH:mm:ss", "HHmmss", "HH:mm", "HHmm"}
_DATE_PATTERN: Final = re.compile(
    r"(?P<day>[^HT ]*?)(?P<between>[T ](?=H))?(?P<time>(?:H[Hms:]*)?)"
    r"(?:\.(?P<digits>S+))?(?:(?P<space> ?)(?P<zone>X{1,3}|x{1,3}))?"
)
_FIELD: Final = re.compile(r"yyyy|MM?|dd?|HH|mm|ss|\.")
_FIELD_PATTERNS: Final = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d\d?)",
    "dd": r"(?P<day>\d\d)",
    "d": r"(?P<day>\d\d?)",
    "HH": r"(?P<hour>\d\d)",
    "mm": r"(?P<minute>\d\d)",
    "ss": r"(?P<second>\d\d)",
    ".": r"\.",
}
_ZONE_PATTERNS: Final = {1: r"[+-]\d\d(?:\d\d)?", 2: r"[+-]\d{4}", 3: r"[+-]\d\d:\d\d"}


def date_reader(base: str, pattern: str) -> Reader:
    """Return a function that reads dates and times written in a pattern.

    What it returns has the form of XSD, but may be a day or an hour that does not exist.

    Args:
        base: ``date``, ``time``, ``dateTime`` or ``dateTimeStamp``.
        pattern: for example ``d.M.yyyy`` or ``yyyy-MM-ddTHH:mm:ss.SSS XXX``.

    Raises:
        FormatError: the pattern is none of those the recommendation lists, or not for this base.
    """
    parts = _DATE_PATTERN.fullmatch(pattern)
    day, between, time, digits, space, zone = [""] * 6 if parts is None else parts.groups("")
    shape = {"date": (True, False, False), "time": (False, False, True)}.get(base, (True,) * 3)
    if (
        (bool(day), bool(between), bool(time)) != shape
        or (day and day not in _DATE_FIELDS)
        or (time and time not in _TIME_FIELDS)
        or (digits and not time.endswith("ss"))
        or (base == "dateTimeStamp" and not zone)
    ):
        raise FormatError(f"{pattern!r} is not a format for {base}")
    fields = _FIELD.sub(lambda found: _FIELD_PATTERNS[found[0]], day + between + time)
    if digits:
        fields += rf"(?:\.(?P<fraction>\d{{1,{len(digits)}}}))?"
    if zone:
        utc = "Z|" if zone[0] == "X" else ""
        fields += f"{space}(?P<zone>{utc}{_ZONE_PATTERNS[len(zone)]})"
    compiled = re.compile(fields, re.ASCII)

    def read(text: str) -> str | None:
        match = compiled.fullmatch(text)
        if match is None:
            return None
        found = match.groupdict(default="")
        date = "-".join(found[name].zfill(2) for name in ("year", "month", "day") if name in found)
        clock = ":".join(found.get(name, "00") for name in ("hour", "minute", "second"))
        clock += f".{found['fraction']}" if found.get("fraction") else ""
        offset = found.get("zone", "")
        if offset not in ("", "Z"):
            offset = f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"
        return "T".join(filter(None, (day and date, time and clock))) + offset

    return read


# Regular expressions ------------------------------------------------------------------------

TIMEOUT_S: Final = 1.0
"""Longest time that matching one cell may take."""


class PatternTimeoutError(ClusterGraphError):
    """A pattern takes too long on a value; it is not tried on further values."""


class Pattern:
    """A regular expression that the whole text of a cell has to match.

    Args:
        source: the expression, as the metadata give it.

    Raises:
        FormatError: it is not a regular expression.
    """

    def __init__(self, source: str) -> None:
        try:
            self._compiled = regex.compile(source)
        except (regex.error, OverflowError, RecursionError) as error:
            raise FormatError(f"{source!r} is not a regular expression: {error}") from error
        self.source = source
        self._given_up = False

    @property
    def expected(self) -> str:
        """What the pattern accepts: in words where it is simple, else the pattern itself."""
        words = explain(self.source)
        return f"{words} ({self.source})" if words else f"text that matches {self.source}"

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches a text as a whole.

        Raises:
            PatternTimeoutError: matching takes too long. This is raised once; from then on the
                pattern is not tried, and every text counts as a match.
        """
        if self._given_up:
            return True
        try:
            return self._compiled.fullmatch(text, timeout=TIMEOUT_S) is not None
        except TimeoutError:
            self._given_up = True
            shown = text if len(text) <= 40 else f"{text[:30]}…"
            raise PatternTimeoutError(
                f"matching {shown!r} with the pattern {self.source} takes longer than "
                f"{TIMEOUT_S:g} s, so this column was not checked with it any further; simplify "
                "the pattern (nested repetitions such as (a+)+ are slow)"
            ) from None


_PART: Final = regex.compile(
    r"(?:\[(?P<set>(?:\\.|[^\]\\^])+)\]|(?P<set>\\[dw]|\\p\{\w+\}|\.)"
    r"|(?P<literal>[\w /:@#-]+|\\[.+*?()\-/]))(?P<count>\{\d+\}|\{\d+,\d*\}|[+*?])?"
)
_KIND: Final = regex.compile(r"a-z|A-Z|0-9|\\p\{\w+\}|\\?.")
_KINDS: Final = {
    "a-z": "lower-case letters", "A-Z": "upper-case letters", "0-9": "digits", "\\d": "digits",
    "\\w": "letters, digits and underscores", "\\p{L}": "letters",
    "\\p{Lu}": "upper-case letters", "\\p{N}": "digits",
    "-": "hyphens", "_": "underscores", ".": "dots", "/": "slashes", " ": "spaces",
    ":": "colons", ",": "commas", "+": "plus signs", "'": "apostrophes",
}  # fmt: skip
_COUNTS: Final = {
    None: "one of {}", "+": "{}", "*": "{} or nothing", "?": "at most one of {}",
}  # fmt: skip
_MOST_PARTS: Final = 6


def explain(source: str) -> str | None:
    """Return in words what a simple pattern accepts; None for one that is not simple."""
    text = source.removeprefix("^").removesuffix("$")
    words: list[str] = []
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        described = None if part is None else _describe(part)
        if part is None or described is None or len(words) == _MOST_PARTS:
            return None
        words.append(described)
        position = part.end()
    return ", then ".join(words) or None


def _describe(part: regex.Match[str]) -> str | None:
    count = part["count"]
    if (literal := part["literal"]) is not None:
        plain = literal.replace("\\", "")
        # A quantifier belongs to the last character alone.
        optional = {None: f"{plain!r}", "?": f"{plain!r} (optional)"}
        return optional.get(count) if count is None or len(plain) == 1 else None
    kinds = [_KINDS.get(one, _KINDS.get(one[-1], "")) for one in _KIND.findall(part["set"])]
    if part["set"] == ".":
        kinds = ["any characters"]
    if not all(kinds):
        return None
    named = " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))
    if count in _COUNTS:
        return _COUNTS[count].format(named)
    low, comma, high = count.strip("{}").partition(",")
    if not comma:
        return f"{low} {named}"
    return f"{low} to {high} {named}" if high else f"at least {low} {named}"
