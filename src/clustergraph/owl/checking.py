"""All that is checked of an ontology, as one report.

consistency  no contradiction, alone and with data, and no class without a possible member
profile      within a profile of OWL 2
terms        no undeclared or unused term of ours, no misspelt one of others
style        the shapes of ``shapes/meta.ttl`` and the checks that are tagged ``ontology``
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.errors import UnreadableInputError
from clustergraph.owl import axioms as owl
from clustergraph.owl.consistency import Contradiction, contradictions
from clustergraph.owl.profile import PROFILES, Profile, breaks
from clustergraph.owl.reasoner import Reasoner
from clustergraph.owl.restrictions import undecidable
from clustergraph.owl.vocabularies import misspelt, named_in, named_in_query
from clustergraph.owl.words import in_words
from clustergraph.quadstore.memory import hold
from clustergraph.questions import catalogue
from clustergraph.shacl import Finding, Report, validate
from clustergraph.shacl.faults import fault
from clustergraph.shacl.locate import located
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.shacl.reading import Statements, read
from clustergraph.vocab import BASE, CG, GRAPH, PREFIXES, shorten

__all__ = ["STEPS", "Outcome", "check"]

STEPS: Final = ("consistency", "profile", "terms", "style")

_DECLARING: Final = frozenset(
    PREFIXES["owl"] + kind
    for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
)
_TYPE: Final = PREFIXES["rdf"] + "type"
_WAITING: Final = PREFIXES["skos"] + "editorialNote"
_DATA: Final = ox.NamedNode(GRAPH + "files")
_PATTERNS: Final = ("*.ttl", "alignments/*.ttl")


@dataclass(frozen=True)
class Outcome:
    """What a check of an ontology came to.

    Attributes:
        report: the findings.
        notes: what was looked at and what was left out, a line for each.
    """

    report: Report
    notes: tuple[str, ...]


def check(
    files: Sequence[Path] = (),
    *,
    ontology: Path | None = None,
    whole: bool = False,
    steps: Collection[str] = STEPS,
    profile: Profile = "DL",
    timeout_s: float = 300,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Check an ontology, and files of data against it.

    Args:
        files: data whose consistency with the ontology is looked at as well: RDF, tables, and
            directories of them.
        ontology: a file or directory; the shipped ontology with its alignments by default.
        whole: look at the consistency of all the shipped data as well.
        steps: which of `STEPS` to take.
        profile: the profile of OWL 2 that the ontology is to be in.
        timeout_s: how long the reasoners may take in all.
        progress: is told in words what is being done.

    Raises:
        MissingExtraError: the consistency is asked for, and no reasoner is installed.
        ReasonerError: the reasoner fails, or runs out of time or memory.
        UnreadableInputError: a file is missing, or not what its name says.
        TablesError: cells break their table's metadata.
    """
    reasoner = Reasoner(timeout_s) if "consistency" in steps else None
    checking = _Checking(ontology, files, whole, progress)
    for name in STEPS:
        if name not in steps:
            continue
        if name == "consistency" and reasoner is not None:
            checking.consistency(reasoner)
        elif name == "profile":
            checking.profile(profile)
        elif name == "terms":
            checking.terms()
        elif name == "style":
            checking.style()
    return checking.outcome()


class _Checking:
    def __init__(
        self,
        ontology: Path | None,
        files: Sequence[Path],
        whole: bool,
        progress: Callable[[str], None],
    ) -> None:
        self.progress = progress
        self.ours = ontology is None
        self.whole = whole
        progress("reading the ontology")
        room = ontology or artefacts.room("ontology")
        self.paths = _modules(room)
        self.lists = sorted(room.glob("codes/*.ttl"))
        self.model = read(self.paths)
        progress("reading the data")
        self.data: Statements = read(files) if files else {}
        self.found: list[Finding] = []
        self.notes: list[str] = []

    @cached_property
    def codes(self) -> Statements:
        """The statements of the code lists, which stand beside the modules."""
        return read(self.lists) if self.lists else {}

    def outcome(self) -> Outcome:
        statements = {**self.model, **self.data}
        places = {place.path for found in statements.values() for place in found}
        ranked = sorted(self.found, key=lambda one: (str(one.file or ""), one.line or 0))
        ranked.sort(key=lambda one: -one.severity)
        return Outcome(Report(tuple(ranked), len(statements), len(places)), tuple(self.notes))

    # --- consistency ---------------------------------------------------------------------------

    def consistency(self, reasoner: Reasoner) -> None:
        self.progress("looking for contradictions")
        statements: Statements = {**self.model, **self.data}
        for triple in self._surroundings():
            statements.setdefault(triple, ())
        found = owl.read(statements)
        refused = {one.triple: one.reason for one in undecidable(found.axioms)}
        for triple, reason in refused.items():
            found.left_out[reason].append(triple)
        axioms = [axiom for axiom in found.axioms if axiom.triple not in refused]
        for one in contradictions(axioms, reasoner):
            self.found.append(self._contradiction(one, statements))
        self.notes.append(
            f"consistency: HermiT looked at {len(axioms):,} axioms; {found.annotations:,} "
            "annotations carry no meaning for it"
        )
        for reason, triples in sorted(found.left_out.items()):
            self.notes.append(f"consistency: left out {_counted(len(triples))}: {reason}")

    def _surroundings(self) -> Iterator[ox.Triple]:
        """Yield what the shipped graph says of the things that files name, or all it says."""
        if not self.ours or not (self.whole or self.data):
            return
        from clustergraph.shacl.shipped import shipped

        store = shipped().store
        subjects: list[ox.NamedNode | None] = [None]
        if not self.whole:
            named = dict.fromkeys(
                term for triple in self.data for term in (triple.subject, triple.object)
            )
            subjects = [
                term
                for term in named
                if isinstance(term, ox.NamedNode) and term.value.startswith(BASE)
            ]
        for subject in subjects:
            for quad in store.quads_for_pattern(subject, None, None):
                # Axioms with blank nodes are in the model, where these bear other names.
                if ox.BlankNode not in (type(quad.subject), type(quad.object)):
                    yield quad.triple

    def _contradiction(self, one: Contradiction, statements: Statements) -> Finding:
        reasons = []
        for axiom in one.axioms:
            reason = _of_triple("axiom", in_words(axiom), axiom.triple, statements)
            if not statements.get(axiom.triple):
                reason = replace(reason, place=_place_of_shipped(axiom.triple))
            reasons.append(reason)
        first = self._blamed(one, reasons)
        count = f"these {len(reasons)} statements" if len(reasons) > 1 else "this statement"
        if one.empty is None:
            rule, what = "contradiction", f"{count} cannot all be true: take one of them back"
            focus: Term = first.focus if first else ox.Literal("ontology")
        else:
            name = shorten(one.empty.value)
            rule = "empty-class"
            what = f"nothing can be a {name} as long as {count} hold" if reasons else (
                f"nothing can be a {name}; explain it once the others are mended"
            )  # fmt: skip
            focus = one.empty
        if reasons and not one.minimal:
            what += " (time ran out: not all of them may be needed)"
        finding = fault(rule, what, focus, first.place if first else None)
        return replace(finding, detail=tuple(_as_reason(reason, focus) for reason in reasons))

    def _blamed(self, one: Contradiction, reasons: Sequence[Finding]) -> Finding | None:
        """Return the reason at whose place a contradiction is told."""
        if one.empty is not None:
            about = [reason for reason in reasons if reason.focus == one.empty]
            return next(iter([*about, *reasons]), None)
        # A statement of the data is what is most likely wrong; then one about a single thing.
        of_data = [r for r in reasons if r.place and r.place.path not in self.paths]
        facts = [
            reason
            for reason, axiom in zip(reasons, one.axioms, strict=True)
            if "Assertion" in axiom.kind
        ]
        return next(iter([*of_data, *facts, *reasons]), None)

    # --- profile -------------------------------------------------------------------------------

    def profile(self, wanted: Profile) -> None:
        self.progress("looking at the profiles")
        found = owl.read(self.model)
        for profile in PROFILES:
            broken = breaks(found, profile)
            told = [
                _of_triple(f"profile-{profile.lower()}", one.reason, one.triple, self.model)
                for one in (broken if profile == wanted else broken[:1])
            ]
            if profile == wanted:
                self.found += told
            if not broken:
                self.notes.append(f"profile: OWL 2 {profile} yes")
                continue
            first = told[0]
            where = f", at {first.place}" if first.place else ""
            self.notes.append(
                f"profile: OWL 2 {profile} no: {_counted(len(broken))}, the first of "
                f"{show(first.focus)}{where}: {first.message}"
            )

    # --- terms ---------------------------------------------------------------------------------

    def terms(self) -> None:
        self.progress("looking up terms")
        declared = {
            triple.subject.value
            for triple in self.model
            if triple.predicate.value == _TYPE
            and isinstance(triple.subject, ox.NamedNode)
            and getattr(triple.object, "value", "") in _DECLARING
        }
        used: set[str] = set()
        seen: set[str] = set()
        for iri, where in self._uses():
            if not (isinstance(where, ox.Triple) and _only_describes(iri, where)):
                used.add(iri)
            if iri in seen:
                continue
            wrong = misspelt(iri)
            if iri.startswith(CG) and iri not in declared:
                nearest = near_terms(iri, declared)
                wrong = f"no module of the ontology declares {shorten(iri)}{nearest}"
            if wrong:
                seen.add(iri)
                self.found.append(self._misnamed(iri, wrong, where))
        waiting = {
            getattr(triple.subject, "value", "")
            for triple in self.model
            if triple.predicate.value == _WAITING
        }
        for iri in sorted(declared - used - waiting) if self.ours else ():
            if iri.startswith(CG):
                words = (
                    f"nothing uses {shorten(iri)}: neither data, shapes, queries nor other terms; "
                    "use it, remove it, or say in skos:editorialNote what it waits for"
                )
                self.found.append(_of_node("term-unused", words, ox.NamedNode(iri), self.model))
        own = sum(iri.startswith(CG) for iri in declared)
        self.notes.append(f"terms: {own} of ours are declared, {len(used):,} names are in use")

    def _misnamed(self, iri: str, wrong: str, where: ox.Triple | Place) -> Finding:
        rule = "term-undeclared" if iri.startswith(CG) else "term-misspelt"
        if isinstance(where, Place):
            return fault(rule, wrong, ox.NamedNode(iri), where)
        for statements in (self.data, self.model, self.codes):
            if where in statements:
                return _of_triple(rule, wrong, where, statements)
        place = _place_of_shape(where) or _place_of_shipped(where)
        return replace(fault(rule, wrong, ox.NamedNode(iri)), place=place)

    def _uses(self) -> Iterator[tuple[str, ox.Triple | Place]]:
        yield from named_in(self.model)
        yield from named_in(self.data)
        yield from named_in(self.codes)
        if not self.ours:
            return
        yield from named_in(_shape_statements())
        for path in artefacts.files("queries", "*.rq"):
            yield from named_in_query(path)
        from clustergraph.shacl.shipped import shipped

        yield from named_in(
            quad.triple
            for quad in shipped().store
            if quad.triple not in self.model and quad.triple not in self.codes
        )
        # The annotations of table descriptions stand in JSON, not in the graph.
        for path in artefacts.files("data", "*-metadata.json"):
            text = path.read_text(encoding="utf-8")
            yield from ((CG + name, Place(path)) for name in _annotations(text))

    # --- style ---------------------------------------------------------------------------------

    def style(self) -> None:
        self.progress("looking at the style")
        meta = artefacts.room("shapes") / "meta.ttl"
        self.found += validate(self.paths, shapes=meta).findings
        # The code lists and files are judged as well: no entry may be above itself.
        statements = {**self.data, **self.model, **self.codes}
        store = hold(
            ox.Quad(triple.subject, triple.predicate, triple.object, graph)
            for triple, places in statements.items()
            for graph in [_graph(places) if triple in self.model or triple in self.codes else _DATA]
        )
        questions = [
            question
            for question in catalogue.questions().values()
            if question.kind == "checks" and "ontology" in question.tags
        ]
        between = {(triple.subject, triple.object): triple for triple in statements}
        for question in questions:
            answer = store.query(
                question.bind(), prefixes=dict(PREFIXES), use_default_graph_as_union=True
            )
            assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - tests hold that checks SELECT
            for row in answer:
                thing, what = row["thing"], row["what"]
                shown = "" if what is None or isinstance(what, ox.Triple) else f" ({_shown(what)})"
                words = f"{question.summary}{shown}. {' '.join(question.description.split())}"
                # What the thing says of the other one is what is wrong; else the thing itself.
                if blamed := between.get((thing, what)) or between.get((what, thing)):
                    self.found.append(_of_triple(question.name, words, blamed, statements))
                else:
                    self.found.append(_of_node(question.name, words, thing, statements))
        self.notes.append(f"style: {len(questions)} checks, and the shapes of {meta.name}")


def _counted(number: int) -> str:
    return f"{number:,} statement{'' if number == 1 else 's'}"


def near_terms(iri: str, declared: Iterable[str]) -> str:
    """Return a hint at terms of ours that resemble one that is not declared; may be empty."""
    from clustergraph.errors import near

    known = [one.removeprefix(CG) for one in declared if one.startswith(CG)]
    nearest = near(iri.removeprefix(CG), known)
    return f"; did you mean {' or '.join(f'cg:{name}' for name in nearest)}?" if nearest else ""


def _modules(path: Path) -> list[Path]:
    """Return the files of an ontology: itself, or its modules and their alignments."""
    if not path.is_dir():
        return [path]
    found = [file for pattern in _PATTERNS for file in sorted(path.glob(pattern))]
    if not found:
        raise UnreadableInputError(str(path), "holds no ontology: no file ends in .ttl")
    return found


def _shown(term: Term) -> str:
    return term.value if isinstance(term, ox.Literal) else show(term)


def _graph(places: Sequence[Place]) -> ox.NamedNode:
    folder = places[0].path.parent.name if places else ""
    return ox.NamedNode(GRAPH + (folder if folder in ("alignments", "codes") else "ontology"))


def _of_triple(rule: str, words: str, triple: ox.Triple, statements: Statements) -> Finding:
    """Return a finding about a statement, at its place."""
    assert not isinstance(triple.subject, ox.Triple)  # noqa: S101 - never read
    assert not isinstance(triple.object, ox.Triple)  # noqa: S101 - never read
    finding = replace(
        fault(rule, words, triple.subject),
        path=PropertyPath("predicate", triple.predicate.value),
        value=triple.object,
    )
    paths = {place.path for place in statements.get(triple, ()) if place.row is None}
    # The whole file in its order, by which its blank nodes are told apart.
    beside = {
        other: places
        for other, places in statements.items()
        if other == triple or any(place.path in paths for place in places)
    }
    return next(located([finding], beside))


def _of_node(rule: str, words: str, node: object, statements: Statements) -> Finding:
    assert isinstance(node, ox.NamedNode | ox.BlankNode | ox.Literal)  # noqa: S101
    return next(located([fault(rule, words, node)], statements))


def _place_of_shipped(triple: ox.Triple) -> Place | None:
    """Return the cell of a table that makes a statement of the shipped graph."""
    from clustergraph.shacl.shipped import shipped

    assert not isinstance(triple.subject, ox.Triple)  # noqa: S101 - never stored
    return next(iter(shipped().statements([triple.subject]).get(triple, ())), None)


def _shape_statements() -> Statements:
    return read(artefacts.files("shapes", "*.ttl"))


def _place_of_shape(triple: ox.Triple) -> Place | None:
    statements = _shape_statements()
    return _of_triple("", "", triple, statements).place if triple in statements else None


def _as_reason(reason: Finding, focus: Term) -> Finding:
    """Return a finding as a reason for another: its words with its place, and nothing else."""
    words = f"{reason.message}  [{reason.place}]" if reason.place else reason.message
    unnamed = ox.BlankNode("reason")
    return replace(reason, shape=unnamed, focus=focus, path=None, value=None, message=words)


def _only_describes(iri: str, triple: ox.Triple) -> bool:
    """Say whether a statement only tells of a term itself: its label, its place in the order."""
    subject = triple.subject
    if not (isinstance(subject, ox.NamedNode) and subject.value == iri):
        return False
    return triple.predicate.value != iri and triple.object != subject


def _annotations(text: str) -> set[str]:
    import re

    return set(re.findall(r'"(?:cg:|https://w3id\.org/clustergraph/ns#)(\w+)"', text))
