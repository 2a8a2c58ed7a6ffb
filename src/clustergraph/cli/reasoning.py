"""Commands that reason: ``explain`` and ``ontology check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from clustergraph.cli.checking import deliver, report_options, tell_faults
from clustergraph.cli.root import cli, open_engine, path_option, progress, store_option
from clustergraph.errors import TablesError, UnreadableInputError
from clustergraph.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyoxigraph as ox

    from clustergraph.owl.explain import Origin, Proof
    from clustergraph.owl.incremental import Statement
    from clustergraph.quadstore import Engine

    Places = Mapping[ox.Triple, tuple[str, ...]]

_SHOWN: Final = 5
_STEPS: Final = ("consistency", "profile", "terms", "style")


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
    from clustergraph.questions.names import read_statement

    engine = open_engine(store)
    statement = read_statement(subject, predicate, value, engine)
    proof = why.explain(engine.store, statement)
    if proof is None:
        _does_not_hold(statement, engine, form)
    triples = [ox.Triple(*one) for one in proof.stated()]
    places = _places([*triples, *proof.axioms()]) if store is None else {}
    data = _data(proof, engine, places)
    if form == "json":
        click.echo(json.dumps({"holds": True, **data}, ensure_ascii=False, indent=2))
    else:
        click.echo(harmless("\n".join(_lines(data))))


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


def _data(proof: Proof, engine: Engine, places: Places) -> dict[str, Any]:
    """Return a proof as JSON tells it."""
    import pyoxigraph as ox

    from clustergraph.owl.explain import words_of

    data: dict[str, Any] = {
        "statement": [str(term) for term in proof.statement],
        "words": " ".join(words_of(term, engine) for term in proof.statement),
    }
    if proof.axiom is None:
        data["graphs"] = list(proof.graphs)
        data["places"] = list(places.get(ox.Triple(*proof.statement), ()))
        data["basis"] = list(proof.bases)
        data["sources"] = list(proof.sources)
        data["evidence"] = list(proof.evidence)
        if proof.origins:
            data["origins"] = [_origin(one, engine) for one in proof.origins]
    else:
        data["axiom"] = {
            "statement": [str(part) for part in proof.axiom],
            "words": _axiom(proof.axiom, lambda term: words_of(term, engine), engine),
            "places": list(places.get(proof.axiom, ())),
        }
        data["because"] = [_data(part, engine, places) for part in proof.because]
    return data


def _origin(origin: Origin, engine: Engine) -> dict[str, Any]:
    """Return what a statement was computed from as JSON tells it."""
    from clustergraph.owl.explain import words_of

    return {
        "node": str(origin.node),
        "words": words_of(origin.node, engine),
        "facts": [[str(name), str(value)] for name, value in origin.facts],
        "facts_in_words": [
            f"{words_of(name, engine)} {words_of(value, engine)}" for name, value in origin.facts
        ],
        "graphs": list(origin.graphs),
        "origins": [_origin(further, engine) for further in origin.origins],
    }


def _lines(data: dict[str, Any]) -> list[str]:
    """Return a proof, given as JSON tells it, as a tree of lines."""
    from clustergraph.vocab import shorten

    terms = (shorten(one[1:-1]) if one.startswith("<") else one for one in data["statement"])
    lines = [data["words"], "  " + " ".join(terms)]
    if "axiom" not in data:
        graphs = (shorten(graph) if graph else "the default graph" for graph in data["graphs"])
        lines += [
            f"  {' and '.join(data['basis']) or 'stated'} in {', '.join(graphs)}",
            *(f"  at {place}" for place in data["places"]),
            *(f"  source {source}" for source in data["sources"]),
            *(f"  evidence {page} (need not state it)" for page in data["evidence"]),
        ]
        waiting = [(1, one) for one in reversed(data.get("origins", []))]
        while waiting:
            depth, one = waiting.pop()
            told = [
                f"computed from {one['words']}",
                f"  stated in {', '.join(map(shorten, one['graphs']))}",
            ]
            if one["facts_in_words"]:
                told.insert(1, f"  {'; '.join(one['facts_in_words'])}")
            lines += ["  " * depth + line for line in told]
            waiting += [(depth + 1, further) for further in reversed(one["origins"])]
        return lines
    where = "".join(f" ({place})" for place in data["axiom"]["places"])
    lines.append(f"  because {data['axiom']['words']}{where}")
    for part in data["because"]:
        last = part is data["because"][-1]
        first, *rest = _lines(part)
        lines.append(f"  {'└' if last else '├'}─ {first}")
        lines += [f"  {' ' if last else '│'}  {line}" for line in rest]
    return lines


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


@cli.group()
def ontology() -> None:
    """Check the ontology itself."""


@ontology.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@path_option(
    "--ontology",
    "other",
    help="Check this ontology, a file or directory, instead of the shipped one.",
)
@click.option("--data", "whole", is_flag=True, help="Add all the shipped data to the FILEs.")
@path_option(
    "--with",
    "others",
    multiple=True,
    metavar="FILE",
    help="Add an ontology by others, such as a vocabulary that is used, and check that it does "
    "not contradict this one; may be repeated.",
)
@click.option(
    "--only",
    "steps",
    type=click.Choice(_STEPS),
    multiple=True,
    help="Only this kind of check; may be repeated.",
)
@path_option(
    "--catalog",
    metavar="FILE",
    help="Find imported ontologies by this XML catalogue; by default by a catalog-v001.xml "
    "beside the ontology.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=1),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long the reasoners may take in all.",
)
@report_options
def check_ontology(
    files: Sequence[Path],
    other: Path | None,
    whole: bool,
    others: Sequence[Path],
    steps: Sequence[str],
    catalog: Path | None,
    timeout_s: float,
    form: Any,
    fail_on: str,
    output: Path | None,
) -> None:
    """Check the ontology and its alignments, alone and with the data in FILEs.

    \b
    consistency  no contradiction, and no class without a possible member, by HermiT;
                 a contradiction is reported as the smallest set of statements that makes
                 it, in words and with file and line (needs the extra 'reason')
    profile      within OWL 2 DL
    terms        no undeclared or unused term, no misspelt one of another vocabulary
    style        names, definitions, metadata, and the pitfalls of docs/ontology.md

    Exits with 0 when all is sound, with 1 when there are findings, and with 2 when a file cannot
    be read or a reasoner is missing.

    \b
    Examples:
      clustergraph ontology check
      clustergraph ontology check my-clusters.ttl --only consistency
      clustergraph ontology check --data --with org.ttl --with foaf.ttl
      clustergraph ontology check --ontology my.owl --catalog catalog-v001.xml
    """  # noqa: D301 - click reads the backspace
    from clustergraph.ontology.checking import STEPS, check
    from clustergraph.owl.documents import read_catalog

    with progress("checking the ontology") as tell:
        try:
            outcome = check(
                files,
                ontology=other,
                whole=whole,
                others=others,
                steps=steps or STEPS,
                catalog=None if catalog is None else read_catalog(catalog),
                timeout_s=timeout_s,
                progress=tell,
            )
        except (TablesError, UnreadableInputError) as error:
            if form in ("text", "turtle"):
                raise
            tell_faults(error, form, output)
    for note in outcome.notes:
        click.echo(note, err=True)
    deliver(outcome.report, form, fail_on, output)
