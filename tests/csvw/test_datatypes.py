"""Values of cells: datatypes with their formats and limits, and how CSV files are written."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import csvw
import pytest
from openpyxl import Workbook

from clustergraph.csvw import convert, read
from clustergraph.csvw.datatypes import Datatype, DatatypeError, InvalidValueError, partial_date
from clustergraph.csvw.formats import FormatError

DATA = Path(__file__).parents[1] / "data" / "tables"


@pytest.mark.parametrize(
    ("base", "format_", "text", "lexical"),
    [
        ("integer", "#,##0", "12,345", "12345"),
        ("decimal", {"decimalChar": ",", "groupChar": " "}, "1 234,50", "1234.50"),
        ("decimal", "0.0%", "12.5%", "0.125"),
        ("double", None, "1.5E3", "1.5e3"),
        ("double", None, "-INF", "-INF"),
        ("boolean", "yes|no", "no", "false"),
        ("boolean", None, "1", "true"),
        ("date", "d.M.yyyy", "3.5.2021", "2021-05-03"),
        ("date", None, "2024-02-29", "2024-02-29"),
        ("dateTime", "yyyy-MM-dd HH:mm X", "2021-05-03 09:30 +02", "2021-05-03T09:30:00+02:00"),
        ("time", "HH:mm:ss.SSS", "09:30:00.25", "09:30:00.25"),
        ("gYear", None, "2021", "2021"),
        ("gMonthDay", None, "--02-29", "--02-29"),
        ("duration", None, "P1Y2M", "P1Y2M"),
        ("string", "[A-Z]{2}[0-9]*", "CZ080", "CZ080"),
        ("json", None, '{"a": 1}', '{"a": 1}'),
    ],
)
def test_values_are_read_in_their_format(base: str, format_: Any, text: str, lexical: str) -> None:
    """A text in the column's format becomes the lexical form that XSD gives the value."""
    assert Datatype(base, format=format_).read(text).lexical == lexical


@pytest.mark.parametrize(
    ("base", "format_", "facets", "text", "expected"),
    [
        ("integer", None, {}, "1,234", "a whole number"),
        ("integer", "#,##0", {}, "1234", "a whole number written as #,##0"),
        ("unsignedByte", None, {}, "256", "a whole number from 0 to 255"),
        ("decimal", None, {}, "1e3", "a number such as 12.5, without exponent"),
        ("decimal", None, {}, "1.2.3", "a number such as 12.5, without exponent"),
        ("boolean", None, {}, "yes", "true or false (or 1 or 0)"),
        ("date", None, {}, "2023-02-29", "a date as YYYY-MM-DD"),
        ("date", "d.M.yyyy", {}, "2021-05-03", "a date written as d.M.yyyy"),
        ("time", None, {}, "24:01:00", "a time as hh:mm:ss"),
        ("gYear", None, {}, "21", "a year as YYYY"),
        ("duration", None, {}, "P", "a value of duration"),
        ("anyURI", None, {}, "www example", "a URL without spaces"),
        ("string", "[A-Z]+", {}, "cz", "upper-case letters ([A-Z]+)"),
        ("string", None, {"length": 2}, "CZE", "exactly 2 characters"),
        ("string", None, {"minLength": 2}, "C", "at least 2 characters"),
        ("hexBinary", None, {"maxLength": 1}, "0a0b", "at most 1 bytes"),
        ("date", None, {"minimum": "2000-01-01"}, "1999-12-31", "a value of at least 2000-01-01"),
        ("decimal", None, {"maxExclusive": 1}, "1.0", "a value less than 1"),
        ("duration", None, {"maximum": "P1Y"}, "P13M", "a value of at most P1Y"),
        ("gYear", None, {"minimum": "2000"}, "99999999999", "a gYear that can be compared"),
        ("duration", None, {"maximum": "P1Y"}, f"P{'9' * 20}Y", "a duration that can be compared"),
        ("json", None, {}, "{", "a value of json"),
    ],
)
def test_values_that_are_wrong_say_what_was_expected(
    base: str, format_: Any, facets: dict[str, Any], text: str, expected: str
) -> None:
    """The refusal of a value says what would be right."""
    with pytest.raises(InvalidValueError) as caught:
        Datatype(base, format=format_, facets=facets).read(text)
    assert caught.value.expected.startswith(expected)


@pytest.mark.parametrize(
    ("base", "facets"),
    [
        ("string", {"minLength": 3, "maxLength": 2}),
        ("date", {"length": 10}),
        ("string", {"minimum": 1}),
        ("integer", {"minInclusive": 1, "minExclusive": 1}),
        ("integer", {"minimum": 5, "maximum": 4}),
        ("integer", {"minimum": "few"}),
    ],
)
def test_limits_that_contradict_each_other_are_refused(base: str, facets: dict[str, Any]) -> None:
    """A datatype that no value can have, or whose limits do not fit it, is an error."""
    with pytest.raises(DatatypeError):
        Datatype(base, facets=facets)


@pytest.mark.parametrize(
    ("base", "format_"), [("date", "yy-M"), ("integer", "abc"), ("boolean", "Y"), ("string", "(")]
)
def test_formats_that_are_none_are_refused(base: str, format_: str) -> None:
    """A format that the recommendation does not know is told apart from a bad value."""
    with pytest.raises(FormatError):
        Datatype(base, format=format_)


def test_the_precision_of_a_date_must_exist() -> None:
    """Precisions are year, month and day."""
    assert partial_date(["day"])("2021-05-03").datatype.endswith("#date")
    with pytest.raises(KeyError):
        partial_date(["century"])


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ({"delimiter": ";"}, 'a;b\n"x;y";2\n'),
        ({"quoteChar": "'"}, "a,b\n'x;y',2\n"),
        ({"doubleQuote": False}, 'a,b\n"x;y",2\n'),
        ({"skipRows": 1}, "made by hand\na,b\nx;y,2\n"),
        ({"commentPrefix": "#"}, "a,b\n# a comment\nx;y,2\n"),
        ({"header": False}, "x;y,2\n"),
        ({"skipColumns": 1}, "n,a,b\n1,x;y,2\n"),
        ({"skipBlankRows": True}, "a,b\n\nx;y,2\n"),
        ({"trim": True}, "a,b\n x;y , 2\n"),
        ({"encoding": "utf-16"}, "a,b\nx;y,2\n"),
        ({"lineTerminators": "|"}, "a,b|x;y,2|"),
    ],
)
def test_dialects_say_how_a_file_is_written(
    tmp_path: Path, dialect: dict[str, Any], text: str
) -> None:
    """However the file is written, its cells come out the same."""
    (tmp_path / "t.csv").write_bytes(text.encode(dialect.get("encoding", "utf-8")))
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "t.csv",
        "dialect": dialect,
        "tableSchema": {"columns": [{"titles": "a"}, {"titles": "b", "datatype": "integer"}]},
    }
    (tmp_path / "csv-metadata.json").write_text(json.dumps(document), "utf-8")
    assert [triple.object.value for triple in convert(tmp_path)] == ["x;y", "2"]


def test_a_spreadsheet_keeps_dates_and_numbers_in_its_own_way(tmp_path: Path) -> None:
    """Native dates, numbers and truth values are read as the CSV of the same table has them."""
    book = Workbook()
    book.active.title = "t"
    book.active.append(["day", "moment", "count", "share", "open"])
    book.active.append([date(2021, 5, 3), datetime(2021, 5, 3, 9, 30), 12.0, 0.25, True])
    book.save(tmp_path / "t.xlsx")
    bases = ["date", "dateTime", "integer", "decimal", "boolean"]
    names = ["day", "moment", "count", "share", "open"]
    columns = [{"titles": n, "datatype": b} for n, b in zip(names, bases, strict=True)]
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "t.csv",
        "tableSchema": {"columns": columns},
    }
    (tmp_path / "csv-metadata.json").write_text(json.dumps(document), "utf-8")
    assert read(tmp_path / "t.xlsx").faults == []
    values = [triple.object.value for triple in convert(tmp_path / "t.xlsx")]
    assert values == ["2021-05-03", "2021-05-03T09:30:00", "12", "0.25", "true"]


def test_another_processor_reads_the_same_metadata() -> None:
    """The package ``csvw`` takes the metadata, annotations and all, and finds the same values."""
    group = csvw.TableGroup.from_file(DATA / "csv-metadata.json")
    rows = [row for table in group.tables for row in table.iterdicts()]
    theirs = {(row["name"], row["members"]) for row in rows if "name" in row}
    ours: dict[str, dict[str, Any]] = {}
    for triple in convert(DATA):
        column = str(triple.place.column)
        ours.setdefault(triple.subject.value, {})[column] = triple.object.value
    assert theirs == {
        (row["name"], int(row["members"]) if "members" in row else None) for row in ours.values()
    }
