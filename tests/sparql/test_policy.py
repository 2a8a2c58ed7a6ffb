"""The policy for untrusted queries and updates."""

from __future__ import annotations

import pytest

from clustergraph.errors import FederationError, QueryRefusedError, QueryTooLongError
from clustergraph.sparql.policy import QueryPolicy, without_addresses

ALLOWED = "https://a.example.org/sparql"
ESCAPED = [
    r"SELECT * { \u0053ERVICE <https://b.org/> {?s ?p ?o} }",
    r"SELECT * { \U00000053ervice <https://b.org/> {?s ?p ?o} }",
    r"SELECT * { S\u0045RVICE <https://b.org/> {?s ?p ?o} }",
    r'SELECT * { ?s ?p "a\u0022 . SERVICE <https://b.org/> {?x ?y ?z} # " }',
    r"SELECT * { ?s ?p '''a\u0027\u0027\u0027 . SERVICE <https://b.org/> {} #''' }",
    r"SELECT * { ?s ?p 1 } # \u000A SERVICE <https://b.org/> {}",
    r"SELECT * { ?s ?p 'a\\\u0027 . SERVICE <https://b.org/> {} #' }",
]


@pytest.mark.parametrize("text", ESCAPED)
@pytest.mark.parametrize("beside", ["", f"SERVICE <{ALLOWED}> {{}}"])
def test_escapes_hide_nothing(text: str, beside: str) -> None:
    """An engine that decodes escapes before it parses sees no clause that the policy did not."""
    text = text.replace("{", "{ " + beside, 1)
    with pytest.raises(QueryRefusedError, match="SERVICE is refused"):
        QueryPolicy(services=(ALLOWED,), network=False).check_query(text)


@pytest.mark.parametrize(
    "text",
    [
        r'SELECT * { ?s ?p "\u0053ERVICE" }',
        r"SELECT * { ?s <http://example.org/\u0053ERVICE> ?o }",
        r'SELECT * { ?s ?p "a\\u0022b" }',
        r"SELECT * { ?s ?p '\U0001F600' }",
    ],
)
def test_escapes_in_literals_and_iris_are_free(text: str) -> None:
    """Escapes that stay within their string or IRI are no clause."""
    QueryPolicy().check_query(text)


def test_nesting_counts_decoded_brackets() -> None:
    """Brackets written as escapes nest as well."""
    with pytest.raises(QueryRefusedError, match="nest"):
        QueryPolicy().check_query("ASK " + r"\u007B" * 300 + "}" * 300)


def test_too_long() -> None:
    """The limit is in bytes, and has an error of its own."""
    policy = QueryPolicy(max_bytes=100)
    policy.check_query("ASK { ?s ?p '" + "x" * 80 + "' }")
    with pytest.raises(QueryTooLongError, match="at most 100"):
        policy.check_query("ASK { ?s ?p '" + "č" * 80 + "' }")


@pytest.mark.parametrize(
    "text",
    [
        "LOAD <https://b.org/>",
        r"\u004COAD <https://b.org/>",
        "INSERT DATA { <x:a> <x:b> 1 } ; LOAD <https://b.org/> INTO GRAPH <x:g>",
        "LOADSILENT <https://b.org/>",
        "INSERT { ?s ?p ?o } WHERE { SERVICE <https://b.org/> { ?s ?p ?o } }",
        r"INSERT { ?s ?p ?o } WHERE { \u0053ERVICE <https://b.org/> { ?s ?p ?o } }",
    ],
)
def test_updates_call_nobody(text: str) -> None:
    """LOAD and SERVICE of what is not allowed are refused in updates, escaped or not."""
    policy = QueryPolicy(services=(ALLOWED,), loads=(ALLOWED,), network=True)
    with pytest.raises(QueryRefusedError, match="is refused"):
        policy.check_update(text)


@pytest.mark.parametrize(
    "address", ["<https://b.org/>", "<http://127.0.0.1/>", "<\\u0068ttp://b/>"]
)
def test_silent_loads_of_refused_addresses_load_nothing(address: str) -> None:
    """SILENT lets the operation succeed, and nobody is called."""
    admitted = QueryPolicy(network=True).check_update(f"LOAD SILENT {address} INTO GRAPH <x:g>")
    assert admitted == "LOAD SILENT <urn:x-clustergraph:refused> INTO GRAPH <x:g>"


def test_federation_needs_a_network() -> None:
    """What is allowed passes where there is a network, and has an error of its own elsewhere."""
    text = "SELECT * { SERVICE <http://192.0.2.1/> { ?s ?p ?o } }"
    with pytest.raises(FederationError):
        QueryPolicy(services=(ALLOWED,)).check_query(text.replace("http://192.0.2.1/", ALLOWED))


def test_queries_are_parsed_without_calls() -> None:
    """The text that is only parsed keeps all places, and names no address."""
    text = f"SELECT * {{\n SERVICE SILENT <{ALLOWED}> {{ ?s ?p ?o }} ?s ?p <{ALLOWED}> }}"
    plain = without_addresses(text)
    assert len(plain) == len(text)
    assert plain.count(ALLOWED) == 1
    assert plain.index(ALLOWED) == text.rindex(ALLOWED)
