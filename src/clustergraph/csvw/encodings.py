"""Text of CSV files: decoding, and recognising files that are something else.

A file that a spreadsheet program has written in another encoding, with another separator or in
another format is reported once, by name, instead of as many faults of its cells.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from typing import Final

from clustergraph.csvw.places import Diagnostics, Place

__all__ = ["OTHER_FORMATS", "decode", "delimiter_of", "hint_line", "recognise_format"]

OTHER_FORMATS: Final = {
    ".xls": "an Excel 97-2003 workbook",
    ".xlsb": "a binary Excel workbook",
    ".ods": "an OpenDocument spreadsheet",
    ".numbers": "a Numbers spreadsheet",
}
"""Spreadsheet formats that cannot be read, by suffix."""

_SIGNATURES: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel 97-2003 workbook"),
    (b"PK\x03\x04", "a workbook or another ZIP archive"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "compressed with gzip"),
)
_UTF_16: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Encodings of European spreadsheet programs, tried in this order. Windows-1250 maps almost every
# byte, so the choice between the two rests on letters that are common in Central Europe.
_CENTRAL_EUROPEAN: Final = frozenset("ěščřžýáíéúůďťňľĺŕôäąćęłńśźżőűăâîșțđŠČŘŽĚŮĎŤŇŁŚŹŻĄĘĆŐŰ")
_PUNCTUATION: Final = "–—„“”‘’…«»€§°·"
_SEPARATORS: Final = ";\t|,"


def recognise_format(data: bytes) -> str | None:
    """Return the format of a file that is not text, in words, or None if it may be text."""
    if data.startswith(b"PK\x03\x04") and b"mimetypeapplication/vnd.oasis" in data[:100]:
        return OTHER_FORMATS[".ods"]
    return next((name for magic, name in _SIGNATURES if data.startswith(magic)), None)


def decode(data: bytes, encoding: str, place: Place, diagnostics: Diagnostics) -> str:
    """Decode a file; report bytes that are not text in its encoding once.

    Args:
        data: the content of the file.
        encoding: the encoding that its dialect gives, for example ``utf-8``.
        place: the file, for the fault.
        diagnostics: takes the fault. Decoding goes on with the encoding that the file seems to
            have, so that its cells can be checked all the same.
    """
    name = encoding.lower().replace("_", "-")
    codec = "utf-8-sig" if name in {"utf-8", "utf8"} else encoding
    for mark, actual in _UTF_16.items():
        if data.startswith(mark) and not name.startswith(("utf-16", "utf16")):
            message = f"the file is UTF-16, expected {encoding.upper()}; save it as UTF-8"
            diagnostics.fault("unreadable", place, message, expected=f"{encoding.upper()} text")
            return data.decode(actual, "replace")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        first = error
    line = data.count(b"\n", 0, first.start) + 1
    bad_lines = sum(not _decodes(raw, codec) for raw in data.split(b"\n"))
    guessed, text = _guess(data, codec)
    start = data.rfind(b"\n", 0, first.start) + 1
    raw = data[start:].partition(b"\n")[0].rstrip(b"\r")
    at = first.start - start
    shown = raw[max(0, at - 20) : at + 20].decode(guessed or codec, "replace").strip()
    more = f", and {bad_lines - 1} further lines" if bad_lines > 1 else ""
    looks = f"; the file looks like {_NAMES[guessed]}" if guessed else ""
    diagnostics.fault(
        "unreadable",
        place._replace(row=line),
        f"the bytes {data[first.start : first.end].hex(' ')} near {shown!r} are not "
        f"{encoding.upper()}{more}{looks}; save the file as {encoding.upper()}",
        value=shown,
        expected=f"text in {encoding.upper()}",
    )
    return text


_NAMES: Final = {"cp1250": "Windows-1250", "cp1252": "Windows-1252"}


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _guess(data: bytes, codec: str) -> tuple[str | None, str]:
    """Return the encoding that a file seems to have, and its text; None: replacement characters."""
    readable = {}
    for candidate in ("cp1250", "cp1252"):
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            continue
        foreign = [character for character in text if ord(character) > 127]
        plausible = sum(one.isalpha() or one in _PUNCTUATION for one in foreign)
        if foreign and plausible >= 0.7 * len(foreign):
            readable[candidate] = text
    if not readable:
        return None, data.decode(codec, "replace")
    central = sum(character in _CENTRAL_EUROPEAN for character in readable.get("cp1250", ""))
    western = sum(character in _CENTRAL_EUROPEAN for character in readable.get("cp1252", ""))
    best = "cp1250" if "cp1250" in readable and central > western else next(reversed(readable))
    return best, readable[best]


def delimiter_of(line: str, expected: str, titles: Sequence[str]) -> str | None:
    """Return the separator that a header line uses instead of the expected one, or None.

    Args:
        line: the header, as it stands in the file.
        expected: the delimiter of the dialect.
        titles: the titles of the described columns; with fewer than two, nothing is recognised.
    """
    if len(titles) < 2 or len(next(csv.reader([line], delimiter=expected), [])) > 1:
        return None
    wanted = {title.casefold() for title in titles}
    for candidate in _SEPARATORS.replace(expected, ""):
        cells = next(csv.reader([line], delimiter=candidate), [])
        if len(cells) > 1 and wanted & {cell.strip().casefold() for cell in cells}:
            return candidate
    return None


def hint_line(line: str) -> str | None:
    """Return the separator that a first line ``sep=;`` tells Excel to use, or None."""
    found = line.strip().strip('"').lower()
    return found[4] if found.startswith("sep=") and len(found) == 5 else None
