"""Shapes from strangers: no network, no text that ends an IRI early, no unexpected exception."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from clustergraph.cli import cli
from clustergraph.errors import UnreadableInputError
from clustergraph.shacl import pyshacl_engine
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.vocab import PREFIXES

PROLOGUE = "@prefix ex: <http://example.org/> .\n" + "".join(
    f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("owl", "rdf", "rdfs", "sh", "xsd")
)
DATA = "ex:a a ex:T ; ex:p 1 ; ex:child ex:b .\nex:b ex:p 2 .\n"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """Give the port of a server that notes who calls, and its notes."""
    calls: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                calls.append(connection.recv(200))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1], calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def declared(namespace: str, prefix: str = "ev") -> str:
    return (
        f"ex:o sh:declare [ sh:prefix {ox.Literal(prefix)} ; "
        f"sh:namespace {ox.Literal(namespace)}^^xsd:anyURI ] .\n"
    )


def constraint(query: str, more: str = "sh:prefixes ex:o ; ") -> str:
    return (
        "ex:S a sh:NodeShape ; sh:targetClass ex:T ; "
        f"sh:sparql [ {more}sh:select {ox.Literal(query)} ] .\n"
    )


INJECTED = (
    "urn:x> SELECT ?this ?value WHERE {{ SERVICE <http://127.0.0.1:{port}/x> {{ ?s ?p ?x }} {{ #"
)
USES_IT = "SELECT $this ?x WHERE { $this ?ev ?y . FILTER(?y != ev:y) } } }"


def shapes_that_call(port: int) -> dict[str, str]:
    service = f"SERVICE <http://127.0.0.1:{port}/x> {{ ?s ?p ?o }}"
    return {
        "namespace": declared(INJECTED.format(port=port)) + constraint(USES_IT),
        "prefix name": declared("urn:x", f"a: <urn:x> SELECT $this {{ {service} }} #")
        + constraint("SELECT $this { $this a:x ?y }"),
        "namespace with a line feed": declared(f"urn:x>\n SELECT $this {{ {service} }} #")
        + constraint("SELECT $this { $this ev:x ?y }"),
        "namespace in the query": constraint(
            f"PREFIX ev: <urn:x> SELECT $this {{ {service} $this ev:x ?y }}"
        ),
        "plain SERVICE": constraint(f"SELECT $this {{ {service} }}"),
        "escaped SERVICE": constraint(
            f"SELECT $this {{ \\u0053ERVICE <http://127.0.0.1:{port}/x> {{ ?s ?p ?o }} }}"
        ),
        "FROM": constraint(f"SELECT $this FROM <http://127.0.0.1:{port}/x> {{ $this ?p ?o }}"),  # noqa: S608
        "FROM NAMED": constraint(
            f"SELECT $this FROM NAMED <http://127.0.0.1:{port}/x> {{ GRAPH ?g {{ $this ?p ?o }} }}"  # noqa: S608
        ),
    }


@pytest.mark.parametrize("engine", ["auto", "compiled", "pyshacl"])
@pytest.mark.parametrize("kind", sorted(shapes_that_call(0)))
def test_shapes_make_the_command_call_nobody(
    tmp_path: Path, listener: tuple[int, list[bytes]], engine: str, kind: str
) -> None:
    """Whatever a shape declares or asks, ``clustergraph validate`` refuses it and calls no host."""
    port, calls = listener
    shapes, data = tmp_path / "shapes.ttl", tmp_path / "data.ttl"
    shapes.write_text(PROLOGUE + shapes_that_call(port)[kind], encoding="utf-8")
    data.write_text(PROLOGUE + DATA, encoding="utf-8")
    command = ["validate", "--engine", engine, "--shapes", str(shapes), str(data)]
    run = CliRunner().invoke(cli, command)
    assert not calls
    assert isinstance(run.exception, UnreadableInputError), run.output


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can deny a process its sockets")
def test_evaluation_has_no_network() -> None:
    """Once shapes are evaluated, the process of the command can open no connection."""
    program = (
        "import socket\n"
        "from clustergraph.workers.confine import deny_sockets\n"
        "assert deny_sockets()\n"
        "try: socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "except PermissionError: print('denied')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert run.stdout == "denied\n", run.stderr


RECURSIVE = (
    "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property ex:P .\n"
    "ex:P sh:path ex:child ; sh:node ex:S .\n"
)


def nested(levels: int) -> str:
    return "sh:not [ " * levels + "sh:nodeKind sh:IRI" + " ]" * levels


HOSTILE = {
    "ASK in sh:select": constraint("ASK { $this ?p ?o }"),
    "CONSTRUCT in sh:select": constraint("CONSTRUCT { $this a $this } WHERE { $this a ?v }"),
    "DESCRIBE in sh:select": constraint("DESCRIBE $this { $this a ?v }"),
    "an update in sh:select": constraint("DELETE WHERE { ?s ?p ?o }"),
    "two queries": constraint("SELECT $this { $this ?p ?o } ; DROP ALL"),
    "an empty query": constraint(""),
    "a query of a brace": constraint("SELECT $this {"),
    "a query of quotation marks": constraint('SELECT $this { $this ?p """'),
    "$shapesGraph where a shape refers to itself": RECURSIVE
    + "ex:S sh:sparql [ sh:select 'SELECT $this { GRAPH $shapesGraph { ?s a ?o } $this ?p 9 }' ] .",
    "FROM NAMED where a shape refers to itself": RECURSIVE  # noqa: S608
    + "ex:S sh:sparql [ sh:select 'SELECT $this FROM NAMED <urn:x> { GRAPH ?g { ?s a ?o } }' ] .",
    "a number as a query": "ex:S sh:targetClass ex:T ; sh:sparql [ sh:select 5 ] .",
    "an IRI as a query": "ex:S sh:targetClass ex:T ; sh:sparql [ sh:select ex:q ] .",
    "a literal as a constraint": "ex:S sh:targetClass ex:T ; sh:sparql 'SELECT $this {}' .",
    "braces without end": constraint("SELECT $this " + "{" * 5000 + "}" * 5000),
    "brackets without end": constraint("SELECT $this { FILTER " + "(" * 5000 + ")" * 5000 + " }"),
    "a very long query": constraint("SELECT $this { " + "$this ?p ?o . " * 20000 + "}"),
    "shapes in shapes": f"ex:S sh:targetClass ex:T ; {nested(2000)} .",
    "paths in paths": "ex:S sh:targetClass ex:T ; sh:property [ sh:minCount 1 ; sh:path "
    + "[ sh:inversePath " * 2000 + "ex:p" + " ]" * 2000 + " ] .",
    "a path that is its own part": "ex:S sh:targetClass ex:T ; sh:property [ sh:path _:x ; "
    "sh:minCount 1 ] . _:x sh:inversePath _:x .",
    "a list without end": "ex:S sh:targetClass ex:T ; sh:in _:l . "
    "_:l rdf:first 1 ; rdf:rest _:l .",
    "a list with two ends": "ex:S sh:targetClass ex:T ; sh:in _:l . "
    "_:l rdf:first 1 ; rdf:rest () , ( 2 ) .",
    "a literal as a list": "ex:S sh:targetClass ex:T ; sh:or 5 .",
    "a literal as a path": "ex:S sh:targetClass ex:T ; sh:property [ sh:path 'p' ] .",
    "a number beyond all": "ex:S sh:targetClass ex:T ; sh:property [ sh:path ex:p ; sh:minCount "
    + "9" * 5000 + " ] .",
    "a parameter of two paths": "ex:C a sh:ConstraintComponent ; sh:parameter [ sh:path 5 ] ; "
    "sh:validator [ sh:ask 'ASK {}' ] . ex:S sh:targetClass ex:T .",
    "a pattern that no engine takes": "ex:S sh:targetClass ex:T ; sh:pattern '(' .",
    "a subclass of itself": "ex:T a rdfs:Class , sh:NodeShape ; rdfs:subClassOf ex:T ; "
    "sh:property [ sh:path ex:p ; sh:minCount 1 ] .",
}  # fmt: skip


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_shapes_raise_our_errors_only(kind: str, engine: str) -> None:
    """Shapes that make no sense are results or unreadable input, never another exception."""
    data, shapes = (
        [quad.triple for quad in ox.parse(PROLOGUE + text, format=ox.RdfFormat.TURTLE)]
        for text in (DATA, HOSTILE[kind])
    )
    with contextlib.suppress(UnreadableInputError):
        if engine == "compiled":
            list(Compiled(shapes).results(Graph.of(data)))
        else:
            list(pyshacl_engine.validate_triples(data, shapes))
