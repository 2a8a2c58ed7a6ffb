"""The lexical spaces of the datatypes of XML Schema."""

from __future__ import annotations

import threading

import pytest

from clustergraph.rdf.xsd import XSD, is_well_formed

GOOD = [
    ("integer", "+007"), ("byte", "-128"), ("unsignedLong", "18446744073709551615"),
    ("nonPositiveInteger", "-0"), ("positiveInteger", "9" * 100), ("decimal", "1."),
    ("decimal", ".5"), ("double", "-INF"), ("float", "1e-3"), ("boolean", "0"),
    ("date", "-0044-03-15"), ("date", "2000-02-29+14:00"), ("date", "12000-02-29"),
    ("dateTime", "2024-02-29T24:00:00"), ("dateTimeStamp", "2024-02-29T12:00:00.5Z"),
    ("time", "23:59:59.999-13:59"), ("gYear", "0000"), ("gMonthDay", "--02-29"),
    ("duration", "-P1Y2M3DT4H5M6.7S"), ("yearMonthDuration", "P1M"), ("dayTimeDuration", "PT0S"),
    ("hexBinary", "0aFF"), ("base64Binary", "QUJD"), ("string", "anything"),
]  # fmt: skip
BAD = [
    ("integer", "1.0"), ("integer", "١"), ("integer", "1_0"), ("byte", "128"),
    ("unsignedByte", "-1"), ("positiveInteger", "0"), ("decimal", "1e2"), ("decimal", "."),
    ("double", "inf"), ("double", "1e"), ("boolean", "True"), ("date", "1900-02-29"),
    ("date", "2024-13-01"), ("date", "02024-01-01"), ("dateTime", "2024-01-01"),
    ("dateTime", "2024-01-01T24:00:01"), ("dateTimeStamp", "2024-01-01T00:00:00"),
    ("time", "24:00:00.1"), ("gYear", "24"), ("gMonthDay", "--02-30"), ("duration", "P"),
    ("duration", "P1YT"), ("yearMonthDuration", "P1D"), ("hexBinary", "abc"),
    ("base64Binary", "QUJ"), ("date", "2024-01-01+14:01"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "text"), GOOD)
def test_well_formed(datatype: str, text: str) -> None:
    """A text of the lexical space is well-formed."""
    assert is_well_formed(text, XSD + datatype)


@pytest.mark.parametrize(("datatype", "text"), BAD)
def test_ill_formed(datatype: str, text: str) -> None:
    """A text beside the lexical space is not."""
    assert not is_well_formed(text, XSD + datatype)


def test_other_datatypes_take_everything() -> None:
    """Nothing is said about datatypes that are not those of XML Schema."""
    assert is_well_formed("?", "http://example.org/type")


def test_long_texts_in_linear_time() -> None:
    """Digits by the hundred thousand are read in a moment."""

    def work() -> None:
        for datatype, _ in GOOD:
            for text in ("9" * 200_000, "P" + "1" * 200_000, "1." + "0" * 200_000 + "x"):
                is_well_formed(text, XSD + datatype)

    done = threading.Thread(target=work, daemon=True)
    done.start()
    done.join(30)
    assert not done.is_alive()
