"""All checks of an ontology, as one report.

consistency  no contradiction, alone and with data, and no class without a possible member
profile      within OWL 2 DL
terms        no undeclared or unused term of ours, no misspelt one of others
style        the shapes of ``shapes/meta.ttl`` and the checks that are tagged ``ontology``
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.errors import ReasonerError
from clustergraph.ontology.vocabularies import (
    annotations_in,
    is_unknown,
    misspelt,
    named_in,
    named_in_query,
    near_terms,
    only_describes,
)
from clustergraph.owl import axioms as owl
from clustergraph.owl import documents
from clustergraph.owl.consistency import Contradiction, OutOfTimeError, Reasoner, contradictions
from clustergraph.owl.profile import breaks, undecidable
from clustergraph.owl.structure import Axiom, Axioms, in_words
from clustergraph.quadstore.memory import hold
from clustergraph.questions import catalogue
from clustergraph.shacl import Finding, Report, Severity
from clustergraph.shacl.locate import Locator
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.shacl.reading import Statements, read
from clustergraph.shacl.report import fault
from clustergraph.validation import validate
from clustergraph.validation.whole import shipped
from clustergraph.vocab import BASE, CG, GRAPH, PREFIXES, shorten

STEPS: Final = ("consistency", "profile", "terms", "style")

_DECLARING: Final = frozenset(
    PREFIXES["owl"] + kind
    for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
)
_TYPE: Final = PREFIXES["rdf"] + "type"
_WAITING: Final = PREFIXES["skos"] + "editorialNote"
_DATA: Final = ox.NamedNode(GRAPH + "files")
_LABELS: Final = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")


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
    others: Sequence[Path] = (),
    steps: Collection[str] = STEPS,
    catalog: Mapping[str, Path] | None = None,
    timeout_s: float = 300,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Check an ontology, and files of data against it.

    Args:
        files: data whose consistency with the ontology is looked at as well: RDF, tables, and
            directories of them.
        ontology: a file or directory; the shipped ontology with its alignments by default.
        whole: look at the consistency of all the shipped data as well.
        others: ontologies by others, such as the published vocabularies that the ontology uses:
            their axioms must not contradict it either.
        steps: which of `STEPS` to take.
        catalog: ontology IRI → file, for ontologies that are imported; see
            `clustergraph.owl.documents.load`.
        timeout_s: how long the reasoners may take in all.
        progress: is told in words what is being done.

    Raises:
        MissingExtraError: the consistency is asked for, and no reasoner is installed.
        ReasonerError: the reasoner fails. If it runs out of time or memory, the report says so.
        UnreadableInputError: a file is missing, or not what its name says.
        TablesError: cells break their table's metadata.
    """
    reasoner = Reasoner(timeout_s) if "consistency" in steps else None
    checking = _Checking(ontology, files, whole, others, catalog, progress)
    if reasoner is not None:
        checking.consistency(reasoner)
    if "profile" in steps:
        checking.profile()
    if "terms" in steps:
        checking.terms()
    if "style" in steps:
        checking.style()
    return checking.outcome()


class _Checking:
    def __init__(
        self,
        ontology: Path | None,
        files: Sequence[Path],
        whole: bool,
        others: Sequence[Path],
        catalog: Mapping[str, Path] | None,
        progress: Callable[[str], None],
    ) -> None:
        self.progress = progress
        self.ours = ontology is None
        self.whole = whole
        progress("reading the ontology")
        room = ontology or artefacts.room("ontology")
        self.loaded = documents.load(room, catalog, shipped=self.ours)
        self.paths = self.loaded.paths
        self.lists = sorted(room.glob("codes/*.ttl")) if self.ours else []
        self.model = self.loaded.statements
        progress("reading the data")
        self.data: Statements = documents.read_named(files) if files else {}
        self.others: Statements = documents.read_named(others) if others else {}
        self.found: list[Finding] = []
        self.notes: list[str] = []
        self._malformed_told = False
        self._tell_documents()

    def _tell_documents(self) -> None:
        """Report what belongs to the ontology and was not read."""
        for path, reason in self.loaded.skipped.items():
            finding = fault("file-skipped", reason, ox.Literal(path.name), Place(path))
            self.found.append(replace(finding, severity=Severity.WARNING))
        for triple in self.loaded.not_loaded:
            words = (
                f"the imported ontology {show(triple.object)} was not loaded, so its axioms are "  # type: ignore[arg-type]
                "missing here; name its file in a catalogue (--catalog), or give it as a FILE"
            )
            finding = self._of_triple("import-not-loaded", words, triple)
            self.found.append(replace(finding, severity=Severity.WARNING))

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The English or untagged label of each entity, for messages."""
        found: dict[str, str] = {}
        for triple in (*self.model, *self.data):
            label = triple.object
            if (
                triple.predicate.value in _LABELS
                and isinstance(triple.subject, ox.NamedNode)
                and isinstance(label, ox.Literal)
                and (label.language or "en").startswith("en")
            ):
                found.setdefault(triple.subject.value, label.value)
        return found

    @cached_property
    def locator(self) -> Locator:
        """Where all that was read stands."""
        return Locator({**self.shapes, **self.codes, **self.others, **self.model, **self.data})

    @cached_property
    def codes(self) -> Statements:
        """The statements of the code lists, which stand beside the modules."""
        return read(self.lists) if self.lists else {}

    @cached_property
    def shapes(self) -> Statements:
        """The statements of the shipped shapes."""
        return read(artefacts.files("shapes", "*.ttl")) if self.ours else {}

    def outcome(self) -> Outcome:
        statements = {**self.model, **self.data}
        places = {place.path for found in statements.values() for place in found}
        ranked = sorted(self.found, key=lambda one: (str(one.file or ""), one.line or 0))
        ranked.sort(key=lambda one: -one.severity)
        return Outcome(Report(tuple(ranked), len(statements), len(places)), tuple(self.notes))

    # --- consistency ---------------------------------------------------------------------------

    def consistency(self, reasoner: Reasoner) -> None:
        self.progress("looking for contradictions")
        statements: Statements = {**self.others, **self.model, **self.data}
        for triple in self._surroundings():
            statements.setdefault(triple, ())
        found = owl.read(statements)
        self._tell_malformed(found)
        refused = {one.triple: one.reason for one in undecidable(found.axioms)}
        for triple, reason in refused.items():
            found.left_out[reason].append(triple)
        axioms = [axiom for axiom in found.axioms if axiom.triple not in refused]
        try:
            self.found += map(self._contradiction, self._contradictions(axioms, reasoner))
        except OutOfTimeError as error:
            words = f"it is not known whether the ontology is consistent: {error}"
            place = Place(self.paths[0])
            self.found.append(fault("undecided", words, ox.Literal("ontology"), place))
        self.notes.append(
            f"consistency: HermiT looked at {len(axioms):,} axioms; {found.annotations:,} "
            "annotations carry no meaning for it"
        )
        for reason, triples in sorted(found.left_out.items()):
            self.notes.append(f"consistency: left out {_counted(len(triples))}: {reason}")

    def _contradictions(self, axioms: list[Axiom], reasoner: Reasoner) -> list[Contradiction]:
        """Return the contradictions; report axioms that the reasoner refuses, and go on without."""
        try:
            return contradictions(axioms, reasoner)
        except OutOfTimeError:
            raise
        except ReasonerError:
            refused = reasoner.refused(axioms)
        for axiom, complaint in refused.items():
            self.found.append(self._of_triple("axiom-refused", complaint, axiom.triple))
        return contradictions([axiom for axiom in axioms if axiom not in refused], reasoner)

    def _tell_malformed(self, found: Axioms) -> None:
        """Report statements that are not axioms of OWL 2, once in all steps."""
        if self._malformed_told:
            return
        self._malformed_told = True
        for reason in sorted(found.malformed):
            for triple in found.left_out[reason]:
                words = f"this is not an axiom of OWL 2 and has no effect: {reason}"
                self.found.append(self._of_triple("axiom-malformed", words, triple))

    def _surroundings(self) -> Iterator[ox.Triple]:
        """Yield what the shipped graph says of the things that files name, or all it says."""
        if not (self.whole or (self.ours and self.data)):
            return
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

    def _contradiction(self, one: Contradiction) -> Finding:
        reasons = [
            self._of_triple("axiom", in_words(axiom, self.labels), axiom.triple)
            for axiom in one.axioms
        ]
        first = self._blamed(one, reasons)
        count = f"these {len(reasons)} statements" if len(reasons) > 1 else "this statement"
        if one.empty is None:
            rule, what = "contradiction", f"{count} cannot all be true: take one of them back"
            focus: Term = first.focus if first else ox.Literal("ontology")
        else:
            name = shorten(one.empty.value)
            rule = "empty-class"
            what = f"nothing can be a {name} because of {count}" if reasons else (
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
        others = {place.path for places in self.others.values() for place in places}
        ontologies = {*self.paths, *others}
        of_data = [r for r in reasons if r.place and r.place.path not in ontologies]
        facts = [
            reason
            for reason, axiom in zip(reasons, one.axioms, strict=True)
            if "Assertion" in axiom.kind
        ]
        return next(iter([*of_data, *facts, *reasons]), None)

    # --- profile -------------------------------------------------------------------------------

    def profile(self) -> None:
        self.progress("checking that this is OWL 2 DL")
        found = owl.read(self.model)
        self._tell_malformed(found)
        broken = breaks(found)
        self.found += [self._of_triple("profile-dl", one.reason, one.triple) for one in broken]
        in_dl = not broken and not found.malformed
        self.notes.append(f"profile: OWL 2 DL {'yes' if in_dl else 'no'}")

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
            if not (isinstance(where, ox.Triple) and only_describes(iri, where)):
                used.add(iri)
            if iri in seen:
                continue
            wrong = misspelt(iri)
            if iri.startswith(CG) and iri not in declared:
                nearest = near_terms(iri, declared)
                wrong = f"no module of the ontology declares {shorten(iri)}{nearest}"
            if wrong:
                seen.add(iri)
                finding = self._misnamed(iri, wrong, where)
                if is_unknown(wrong):
                    # Nobody looked the term up: that is no fault of the ontology.
                    finding = replace(finding, severity=Severity.INFO)
                self.found.append(finding)
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
                self.found.append(self._of_node("term-unused", words, ox.NamedNode(iri)))
        own = sum(iri.startswith(CG) for iri in declared)
        self.notes.append(f"terms: {own} of ours are declared, {len(used):,} names are in use")

    def _misnamed(self, iri: str, wrong: str, where: ox.Triple | Place) -> Finding:
        rule = "term-undeclared" if iri.startswith(CG) else "term-misspelt"
        if isinstance(where, Place):
            return fault(rule, wrong, ox.NamedNode(iri), where)
        found = self._of_triple(rule, wrong, where)
        if where in self.shapes or where not in self.locator.statements:
            return fault(rule, wrong, ox.NamedNode(iri), found.place)
        return found

    def _of_triple(self, rule: str, words: str, triple: ox.Triple) -> Finding:
        """Return a finding about a statement, with its position."""
        assert not isinstance(triple.subject, ox.Triple)  # noqa: S101 - never read
        assert not isinstance(triple.object, ox.Triple)  # noqa: S101 - never read
        finding = replace(
            fault(rule, words, triple.subject),
            path=PropertyPath("predicate", triple.predicate.value),
            value=triple.object,
        )
        if triple in self.locator.statements:
            return self.locator.placed(finding)
        # The cell of a table that makes a statement of the shipped graph.
        cells = shipped().statements([triple.subject]).get(triple, ())
        return replace(finding, place=next(iter(cells), None))

    def _of_node(self, rule: str, words: str, node: object) -> Finding:
        assert isinstance(node, ox.NamedNode | ox.BlankNode | ox.Literal)  # noqa: S101
        return self.locator.placed(fault(rule, words, node))

    def _uses(self) -> Iterator[tuple[str, ox.Triple | Place]]:
        yield from named_in(self.model)
        yield from named_in(self.data)
        yield from named_in(self.codes)
        if not self.ours:
            return
        yield from named_in(self.shapes)
        for path in artefacts.files("queries", "*.rq"):
            yield from named_in_query(path)
        yield from named_in(
            quad.triple
            for quad in shipped().store
            if quad.triple not in self.model and quad.triple not in self.codes
        )
        # The annotations of table descriptions stand in JSON, not in the graph.
        for path in artefacts.files("data", "*-metadata.json"):
            text = path.read_text(encoding="utf-8")
            yield from ((CG + name, Place(path)) for name in annotations_in(text))

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
                    self.found.append(self._of_triple(question.name, words, blamed))
                else:
                    self.found.append(self._of_node(question.name, words, thing))
        self.notes.append(f"style: {len(questions)} checks, and the shapes of {meta.name}")


def _counted(number: int) -> str:
    return f"{number:,} statement{'' if number == 1 else 's'}"


def _shown(term: Term) -> str:
    return term.value if isinstance(term, ox.Literal) else show(term)


def _graph(places: Sequence[Place]) -> ox.NamedNode:
    folder = places[0].path.parent.name if places else ""
    return ox.NamedNode(GRAPH + (folder if folder in ("alignments", "codes") else "ontology"))


def _as_reason(reason: Finding, focus: Term) -> Finding:
    """Return a finding as a reason for another: its words with its place, and nothing else."""
    words = f"{reason.message}  [{reason.place}]" if reason.place else reason.message
    unnamed = ox.BlankNode("reason")
    return replace(reason, shape=unnamed, focus=focus, path=None, value=None, message=words)
