"""Which hosts SERVICE and LOAD may reach."""

from __future__ import annotations

import pytest

from clustergraph.errors import FederationError, QueryRefusedError
from clustergraph.sparql.addresses import admits, objection
from clustergraph.sparql.policy import QueryPolicy


@pytest.mark.parametrize(
    ("entry", "address", "admitted"),
    [
        ("https://a.org/sparql", "https://a.org/sparql", True),
        ("https://a.org/sparql", "https://a.org/sparql?x", False),
        ("https://a.org/*", "https://a.org/any/thing", True),
        ("https://a.org/*", "https://a.org.evil.example/", False),
        ("https://a.org*", "https://a.org.evil.example/", False),
        ("https://a.org*", "https://a.org@evil.example/", False),
        ("*", "https://a.org/", False),
    ],
)
def test_list(entry: str, address: str, admitted: bool) -> None:
    """An entry admits itself, or all below a path of a host named whole."""
    assert admits([entry], address) is admitted


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "printer",
        "db.internal",
        "127.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "2852039166",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:1:1:1:1:80ff:fffe]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00::1]",
        "[ff02::1]",
        "%6c%6f%63alhost",
        "１２７.0.0.1",
        "ⓛocalhost",
        "user@example.org",
        "example.org\\@127.0.0.1",
        "",
    ],
)
def test_private_hosts(host: str) -> None:
    """This machine and private networks are refused in every notation."""
    assert objection(f"http://{host}/sparql") is not None


@pytest.mark.parametrize(
    "address",
    [
        "https://query.example.org/sparql",
        "http://example.org:8080/",
        "http://93.184.216.34/",
        "http://[2606:2800:220:1::1]/",
    ],
)
def test_public_hosts(address: str) -> None:
    """Others are not refused."""
    assert objection(address) is None


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "http:/x", "//x.org/"],
)
def test_schemes(address: str) -> None:
    """Only http and https."""
    assert objection(address) is not None


def test_names_that_lead_home() -> None:
    """What a name stands for is looked at before it is called."""
    assert objection("http://localhost.localdomain.invalid/", resolve=True) is not None


ALLOWED = ("https://a.org/sparql", "http://127.0.0.1/sparql")


def test_admitted_clauses() -> None:
    """Clauses whose addresses are all admitted are allowed, and reported."""
    text = "SELECT * { SERVICE <https://a.org/sparql> { ?s ?p ?o } }"
    policy = QueryPolicy(services=ALLOWED, loads=ALLOWED)
    for clause in ("SERVICE", "service SILENT"):
        with pytest.raises(FederationError):
            policy.check_query(text.replace("SERVICE", clause))
    policy.check_query("ASK { ?service ?p 'SERVICE <x>' }")
    with pytest.raises(FederationError):
        policy.check_update("LOAD SILENT <https://a.org/sparql> INTO GRAPH <a:g>")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <https://b.org/sparql> { ?s ?p ?o } }",
        "SELECT * { SERVICE ?service { ?s ?p ?o } }",
        "PREFIX a: <https://a.org/> SELECT * { SERVICE a:sparql { ?s ?p ?o } }",
        "BASE <https://a.org/> SELECT * { SERVICE <sparql> { ?s ?p ?o } }",
        "SELECT * { SERVICE <https://a.org/\\u0073parql> { ?s ?p ?o } }",
        "SELECT * { SERVICE <http://127.0.0.1/sparql> { ?s ?p ?o } }",
        "SELECT * { SERVICESILENT <https://a.org/sparql> { ?s ?p ?o } }",
        "SELECT * { SERVICE <https://a.org/sparql> { SERVICE <https://b.org/> { ?s ?p ?o } } }",
    ],
)
def test_refused_clauses(text: str) -> None:
    """One address that is not admitted, or not plainly written, and all is refused."""
    with pytest.raises(QueryRefusedError, match="SERVICE is refused"):
        QueryPolicy(services=ALLOWED).check_query(text)
