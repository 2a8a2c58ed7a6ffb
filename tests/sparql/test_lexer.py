"""The tokens of a SPARQL text."""

from __future__ import annotations

import threading

import pytest

from clustergraph.sparql.lexer import query_form, tokenise, tokens

LONG = {
    "letters and dots": "a." * 100_000,
    "letters and hyphens": "a-" * 100_000,
    "dots and hyphens": "a.b-c." * 33_000,
    "a letter and dots": "a" + "." * 200_000,
    "a colon and dots": ":" + "." * 200_000,
    "escaped quotation marks": '\\"' * 100_000,
    "escaped long strings": '\\"""' * 50_000,
    "a long string, unclosed": '"""\\"' * 40_000,
    "both quotation marks": "\"'\"'" * 50_000,
    "escapes in an unclosed IRI": "<" + "\\u1111" * 33_000,
    "unclosed IRIs": "<a" * 100_000,
    "comments": ";#" * 100_000,
    "language tags": "@a-" * 66_000,
    "numbers": "1.1e" * 50_000,
    "blank nodes": "_:a." * 50_000,
    "letters": "e" * 200_000,
}


@pytest.mark.parametrize("name", LONG)
def test_linear_time(name: str) -> None:
    """200 kB of any kind are read in a moment: no expression tries a text in two ways."""
    done = threading.Thread(target=lambda: list(tokens(LONG[name])), daemon=True)
    done.start()
    done.join(30)
    assert not done.is_alive(), "still at it after half a minute: the time is not linear"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b:c", ["a.b:c"]),
        ("a-b-c", ["a", "-", "b", "-", "c"]),
        ("a.b", ["a", ".", "b"]),
        ("ex:a.", ["ex:a", "."]),
        ("1SERVICE<x:y>", ["1", "SERVICE", "<x:y>"]),
        ("'it''s'", ["'it'", "'s'"]),
        ("'''a''b'''", ["'''a''b'''"]),
        ("'a", ["'", "a"]),
        ('"""a"', ['""', '"a"']),
        ("# a\n?b", ["?b"]),
        ("<a\\u0041>", ["<a\\u0041>"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    """Names, strings and IRIs are told apart where they touch."""
    assert [token.text for token in tokenise(text)] == expected


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("PREFIX ask: <x:> SELECT * {}", "SELECT"),
        ("# SELECT\nASK {}", "ASK"),
        ("BASE <construct> describe <x:>", "DESCRIBE"),
        ("", ""),
    ],
)
def test_query_form(text: str, form: str) -> None:
    """The first keyword of a form decides, not a name, an IRI or a comment."""
    assert query_form(text) == form
