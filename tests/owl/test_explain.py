"""Why a statement holds: proofs that rest on what is stated, in words and with places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph import artefacts, cli
from clustergraph.owl import compile_rules, settle
from clustergraph.owl.explain import Proof, explain
from clustergraph.owl.rules import TYPE
from clustergraph.quadstore import Engine

from .worlds import GRAPH, name, store_of

CLUTEX = "cluster-organisation:clutex"


def told(proof: Proof) -> Iterator[Proof]:
    """Yield a proof and all that it is made of."""
    yield proof
    for part in proof.because:
        yield from told(part)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run ``clustergraph explain`` on the shipped graph."""
    with pytest.raises(SystemExit) as exit_:
        cli.main(["explain", *arguments])
    out, err = capsys.readouterr()
    return int(str(exit_.value.code)), out, err


def test_a_proof_ends_with_what_is_stated() -> None:
    """Each step follows by its axiom from the next ones, and the last ones are stated."""
    store = store_of(
        ":p a owl:TransitiveProperty ; owl:inverseOf :q ; rdfs:domain :A . :A rdfs:subClassOf :B .",
        "GRAPH :g { :b :q :a . :b :p :c }",
    )
    settle(store, None)
    proof = explain(store, (name("a"), name("p"), name("c")))
    assert proof is not None
    assert not proof.graphs
    assert sorted(map(str, (s[0] for s in proof.stated()))) == ["<http://example.org/b>"] * 2
    assert all(one.graphs == ("http://example.org/g",) for one in told(proof) if not one.axiom)
    proof = explain(store, (name("a"), TYPE, name("B")))
    assert proof is not None
    assert [axiom.subject for axiom in proof.axioms()][:2] == [name("A"), name("p")]


def test_every_inferred_statement_has_a_proof_without_circles() -> None:
    """Rules that feed each other are no reason to go round in circles."""
    store = store_of(
        ":p a owl:TransitiveProperty , owl:SymmetricProperty . :p owl:inverseOf :q .",
        ":a :p :b . :b :q :c . :d :p :c . :e :q :a .",
    )
    settle(store, None)
    rules = compile_rules(store)
    assert rules
    for quad in list(store.quads_for_pattern(None, None, None, GRAPH)):
        proof = explain(store, (quad.subject, quad.predicate, quad.object))  # type: ignore[arg-type]
        assert proof is not None
        assert not proof.graphs
        chain = [one.statement for one in told(proof)]
        assert chain.count(proof.statement) == 1
        assert all(one.graphs or one.because for one in told(proof))


def test_what_does_not_follow_has_no_proof() -> None:
    """Neither stated nor inferred: no proof; inferred in no graph: inferred on a copy."""
    store = store_of(":A rdfs:subClassOf :B . :x a :A .")
    assert explain(store, (name("x"), TYPE, name("C"))) is None
    proof = explain(store, (name("x"), TYPE, name("B")))
    assert proof is not None
    assert not store.contains_named_graph(GRAPH)


@pytest.mark.usefixtures("shipped")
def test_command_tells_axioms_rows_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """The tree of lines names the axiom with its line, the row of the table, and its source."""
    cli_code, out, _ = _ok(capsys, CLUTEX, "cg:inRegion", "nuts:CZ05")
    assert cli_code == 0
    lines = out.splitlines()
    assert lines[0] == "CLUTEX – Cluster of Technical Textiles lies in region Northeast"
    assert "together make “lies in region” (ontology/core.ttl:" in lines[2]
    # The line of the axiom itself, not of the term that it is about.
    line = int(lines[2].rpartition("core.ttl:")[2].partition(":")[0])
    text = (artefacts.room("ontology") / "core.ttl").read_text(encoding="utf-8").splitlines()
    assert "owl:propertyChainAxiom" in text[line - 1]
    assert any(line.strip(" │├└─").startswith("at data/region_links.csv:") for line in lines)
    assert any("at ontology/codes/nuts.ttl:" in line for line in lines)
    assert any("source https://" in line for line in lines)


@pytest.mark.usefixtures("shipped")
def test_command_tells_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON, nested as the proof is."""
    _, out, _ = _ok(capsys, CLUTEX, "a", "org:Organization", "--format", "json")
    data: dict[str, Any] = json.loads(out)
    assert data["holds"] is True
    assert data["axiom"]["words"] == "every cluster organisation is a org:Organization"
    (part,) = data["because"]
    assert part["places"][0].startswith("data/cluster_organisations.csv:")
    assert part["graphs"] == ["https://w3id.org/clustergraph/graph/cluster_organisations"]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([CLUTEX, "cg:inRegion", "nuts:AT"], 1, "does not hold"),
        ([CLUTEX, "cg:inRegion", "nuts:AT"], 1, "it has instead: Liberec Region, "),
        ([CLUTEX, "founding year", "1999"], 1, "it has instead: 2006"),
        ([CLUTEX, "a", "cg:Cluster", "--format", "json"], 1, '"holds": false'),
        (["Cluster", "a", "cg:Cluster"], 2, "'Cluster' is ambiguous: write one of"),
        (["CLUTEX", "country", "Slovakia"], 1, "it has instead: Czechia"),
        (["Clutexx", "country", "CZ"], 2, "did you mean cluster-organisation:clutex"),
        ([CLUTEX, "cg:inRegoin", "nuts:CZ0"], 2, "did you mean cg:inRegion"),
        ([CLUTEX + "x", "cg:inRegion", "nuts:CZ0"], 2, "did you mean clutex"),
        ([CLUTEX, "lies in regoin", "nuts:CZ0"], 2, "did you mean cg:inRegion (lies in region)"),
        ([CLUTEX, "cg:acronym", '"unfinished'], 2, "not a literal"),
        (["http://example.org/no thing", "a", "cg:Cluster"], 2, "not an IRI"),
    ],
)
def test_command_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    """What does not hold exits with 1, what cannot be read with 2 and a hint."""
    got, out, err = run(capsys, *arguments)
    assert got == code
    assert words in out + err


@pytest.mark.usefixtures("shipped")
def test_names_will_do_for_terms(capsys: pytest.CaptureFixture[str]) -> None:
    """Names, acronyms and keys stand for things and properties; the statement tells them apart."""
    for words in ("clutex country Česko", "Clutex cg:country CZ"):
        _, out, _ = _ok(capsys, *words.split())
        assert out.splitlines()[1].strip() == "cluster-organisation:clutex cg:country country:CZ"
    _, out, _ = _ok(capsys, CLUTEX, "lies in region", "nuts:CZ051")
    assert out.startswith("CLUTEX")
    _, out, _ = _ok(capsys, CLUTEX, "founding year", "2006")
    assert "data/cluster_organisations.csv:" in out


def test_any_store_can_be_asked(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A store of one's own is explained as well, without places."""
    from clustergraph.quadstore import build

    quads = list(store_of(":A rdfs:subClassOf :B . :x a :A ; rdfs:label 'ex' ."))
    build(tmp_path / "store", lambda: quads, settle)
    assert Engine(tmp_path / "store").graphs() == [GRAPH.value]
    things = ["http://example.org/x", "a", "http://example.org/B"]
    _, out, _ = _ok(capsys, *things, "--store", str(tmp_path / "store"))
    assert "every http://example.org/A is a http://example.org/B" in out
    assert "stated in the default graph" in out


def _ok(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    return code, out, err


def test_value_of_a_claim_names_its_sources() -> None:
    """Sources are those of the claims about the statement, before those of its subject."""
    store = store_of(
        ":x :p :y ; dcterms:source :general . :c cg:claimSubject :x ; cg:claimProperty :p ;"
        " cg:claimObject :y ; dcterms:source :exact . :x :p :z ."
    )
    proof = explain(store, (name("x"), name("p"), name("y")))
    assert proof is not None
    assert proof.sources == ("http://example.org/exact",)
    proof = explain(store, (name("x"), name("p"), name("z")))
    assert proof is not None
    assert proof.sources == ("http://example.org/general",)
    assert isinstance(proof.statement[2], ox.NamedNode)


def test_estimate_names_evidence_and_no_source() -> None:
    """What a claim calls an estimate is told as one, even where its subject has sources."""
    store = store_of(
        ":x :p :y ; dcterms:source :general . :c cg:claimSubject :x ; cg:claimProperty :p ;"
        " cg:claimObject :y ; cg:basis <http://example.org/basis/estimated> ; cg:evidence :page ."
    )
    proof = explain(store, (name("x"), name("p"), name("y")))
    assert proof is not None
    assert proof.bases == ("estimated",)
    assert proof.sources == ()
    assert proof.evidence == ("http://example.org/page",)


def test_record_that_relates_the_two_names_the_sources() -> None:
    """A node of the same graph that leads to both, such as a membership, is a record."""
    store = store_of(
        ":x :memberOf :y ; dcterms:source :general ."
        " :m :member :x ; :body :y ; dcterms:source :exact ."
    )
    proof = explain(store, (name("x"), name("memberOf"), name("y")))
    assert proof is not None
    assert proof.sources == ("http://example.org/exact",)
