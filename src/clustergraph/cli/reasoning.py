"""The command ``explain``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from clustergraph.cli.root import cli, open_engine, store_option
from clustergraph.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyoxigraph as ox

    from clustergraph.owl.explain import Origin, Proof
    from clustergraph.owl.incremental import Statement
    from clustergraph.quadstore import Engine

__all__: list[str] = []

_SHOWN: Final = 5

if TYPE_CHECKING:
    Places = Mapping[ox.Triple, tuple[str, ...]]


@cli.command()
@click.argument("subject")
@click.argument("predicate", metavar="PROPERTY")
@click.argument("value", metavar="OBJECT")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@store_option
def explain(subject: str, predicate: str, value: str, form: str, store: Path | None) -> None:
    """Explain why a statement holds: premises, axioms and sources.

    Each term is a name in any language, an acronym, a key, a prefixed name or an IRI; 'a' is short
    for rdf:type. Where a name means several things, the one is taken of which the statement holds.
    For the shipped data, the file and row of each statement are shown. Exits with 1 when the
    statement is neither stated nor inferred.

    \b
    Examples:
      clustergraph explain CLUTEX country Czechia
      clustergraph explain clutex cg:inRegion nuts:CZ0
      clustergraph explain clutex a org:Organization
      clustergraph explain "Single Market Programme" "has part" programme:smp-cosme
    """  # noqa: D301 - click reads the backspace
    import pyoxigraph as ox

    from clustergraph.owl import explain as why
    from clustergraph.questions.statements import read_statement

    engine = open_engine(store)
    statement = read_statement(subject, predicate, value, engine)
    proof = why.explain(engine.store, statement)
    if proof is None:
        _does_not_hold(statement, engine, form)
    triples = [ox.Triple(*one) for one in proof.stated()]
    places = _places([*triples, *proof.axioms()]) if store is None else {}
    if form == "json":
        data = {"holds": True, **_data(proof, engine, places)}
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        for line in _lines(proof, engine, places):
            click.echo(harmless(line))


def _does_not_hold(statement: Statement, engine: Engine, form: str) -> NoReturn:
    """Say that a statement does not hold, and what its subject has instead; exit with 1."""
    from clustergraph.owl import explain as why

    told = " ".join(why.words_of(term, engine) for term in statement)
    click.echo(harmless(f"does not hold: {told}"), err=form == "json")
    found = engine.store.quads_for_pattern(*statement[:2], None, None)
    values = sorted(dict.fromkeys(quad.object for quad in found), key=str)
    if form == "json":
        data = {"holds": False, "statement": [str(term) for term in statement]}
        click.echo(json.dumps({**data, "instead": [str(value) for value in values]}))
    elif values:
        shown = [why.words_of(value, engine) for value in values[:_SHOWN]]
        more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
        click.echo(harmless(f"it has instead: {', '.join(shown)}{more}"))
    sys.exit(1)


def _places(triples: list[ox.Triple]) -> Places:
    """Return the cells and lines of the shipped files that state triples."""
    from clustergraph import artefacts
    from clustergraph.shacl.locate import Mentions
    from clustergraph.shacl.reading import read_rdf
    from clustergraph.validation.whole import shipped

    found: dict[Any, tuple[str, ...]] = {}
    cells = shipped().statements(triple.subject for triple in triples)  # type: ignore[misc]
    for triple in triples:
        if told := cells.get(triple):
            found[triple] = tuple(_short(str(place)) for place in told)
    left = {triple for triple in triples if triple not in found}
    for path in artefacts.files("ontology", "*.ttl"):
        # A list has no name of its own: what it is said of has to do.
        whole = list(read_rdf(path)) if left else []
        read = {_nameless(triple): triple for triple in whole}
        here = {triple: read[_nameless(triple)] for triple in left if _nameless(triple) in read}
        if here:
            search = Mentions(path, whole)
            for triple, stated in here.items():
                place = search.of(stated, "object") or search.first(stated.subject)
                found[triple] = (_short(str(place or path)),)
            left -= here.keys()
    return found


def _nameless(triple: Any) -> tuple[object, ...]:
    import pyoxigraph as ox

    value = triple.object
    return triple.subject, triple.predicate, None if isinstance(value, ox.BlankNode) else value


def _short(place: str) -> str:
    """Return a place relative to the directory that holds the shipped files."""
    from clustergraph import artefacts

    return place.removeprefix(f"{artefacts.room('data').parent}/")


def _lines(proof: Proof, engine: Engine, places: Places, indent: str = "") -> list[str]:
    """Return a proof as a tree of lines."""
    import pyoxigraph as ox

    from clustergraph.owl.explain import words_of
    from clustergraph.vocab import shorten

    def short(term: Any) -> str:
        return shorten(term.value) if isinstance(term, ox.NamedNode) else str(term)

    words = " ".join(words_of(term, engine) for term in proof.statement)
    lines = [words, "  " + " ".join(map(short, proof.statement))]
    if proof.axiom is None:
        graphs = ", ".join(
            shorten(graph) if graph else "the default graph" for graph in proof.graphs
        )
        lines.append(f"  {' and '.join(proof.bases) or 'stated'} in {graphs}")
        lines += [f"  at {place}" for place in places.get(ox.Triple(*proof.statement), ())]
        lines += [f"  source {source}" for source in proof.sources]
        lines += [f"  evidence {page} (need not state it)" for page in proof.evidence]
        for origin in proof.origins:
            lines += [f"  {line}" for line in _origin(origin, engine)]
        return lines
    where = "".join(f" ({place})" for place in places.get(proof.axiom, ()))
    lines.append(
        f"  because {_axiom(proof.axiom, lambda term: words_of(term, engine), engine)}{where}"
    )
    for number, part in enumerate(proof.because):
        last = number == len(proof.because) - 1
        first, *rest = _lines(part, engine, places)
        lines.append(f"  {'└' if last else '├'}─ {first}")
        lines += [f"  {' ' if last else '│'}  {line}" for line in rest]
    return lines


def _origin(origin: Origin, engine: Engine) -> list[str]:
    """Return what a statement was computed from as lines, the deeper the further away."""
    from clustergraph.owl.explain import words_of
    from clustergraph.vocab import shorten

    facts = "; ".join(
        f"{words_of(name, engine)} {words_of(value, engine)}" for name, value in origin.facts
    )
    graphs = ", ".join(map(shorten, origin.graphs))
    words = words_of(origin.node, engine)
    lines = [f"computed from {words}", *([f"  {facts}"] if facts else []), f"  stated in {graphs}"]
    for further in origin.origins:
        lines += [f"  {line}" for line in _origin(further, engine)]
    return lines


def _origin_data(origin: Origin) -> dict[str, Any]:
    """Return what a statement was computed from as JSON tells it."""
    return {
        "node": str(origin.node),
        "facts": [[str(name), str(value)] for name, value in origin.facts],
        "graphs": list(origin.graphs),
        "origins": [_origin_data(further) for further in origin.origins],
    }


def _data(proof: Proof, engine: Engine, places: Places) -> dict[str, Any]:
    """Return a proof as JSON tells it."""
    import pyoxigraph as ox

    from clustergraph.owl.explain import words_of

    def words(term: Any) -> str:
        return words_of(term, engine)

    data: dict[str, Any] = {
        "statement": [str(term) for term in proof.statement],
        "words": " ".join(map(words, proof.statement)),
    }
    if proof.axiom is None:
        data["graphs"] = list(proof.graphs)
        data["places"] = list(places.get(ox.Triple(*proof.statement), ()))
        data["basis"] = list(proof.bases)
        data["sources"] = list(proof.sources)
        data["evidence"] = list(proof.evidence)
        if proof.origins:
            data["origins"] = [_origin_data(origin) for origin in proof.origins]
    else:
        data["axiom"] = {
            "statement": [str(part) for part in proof.axiom],
            "words": _axiom(proof.axiom, words, engine),
            "places": list(places.get(proof.axiom, ())),
        }
        data["because"] = [_data(part, engine, places) for part in proof.because]
    return data


def _axiom(axiom: ox.Triple, words: Callable[[Any], str], engine: Engine) -> str:
    """Return an axiom in words."""
    first, second = words(axiom.subject), words(axiom.object)
    kind = axiom.predicate.value.rpartition("#")[2]
    if kind == "propertyChainAxiom":
        from clustergraph.owl.rules import chain_of

        row = [
            f"“{words(step.predicate)}”" + (" backwards" if step.inverse else "")
            for step in chain_of(engine.store, axiom.object)
        ]
        return f"{' and then '.join(row)} together make “{first}”"
    if kind == "type":
        symmetric = axiom.object.value.endswith("SymmetricProperty")  # type: ignore[union-attr]
        return (
            f"“{first}” holds both ways" if symmetric else f"“{first}” goes on from thing to thing"
        )
    sentences = {
        "subClassOf": "every {0} is a {1}",
        "equivalentClass": "{0} and {1} are the same class",
        "subPropertyOf": "“{0}” is a kind of “{1}”",
        "equivalentProperty": "“{0}” and “{1}” say the same",
        "inverseOf": "“{0}” is the inverse of “{1}”",
        "domain": "whatever “{0}” is said of is a {1}",
        "range": "whatever “{0}” leads to is a {1}",
    }
    return sentences[kind].format(first, second)
