"""The catalogue of ready questions: query files that open with a YAML header.

A question is a SPARQL query in a file of its own, ``queries/{kind}/{name}.rq``. The lines that
start with ``#+`` hold, as YAML, its summary, description, tags, parameters and plot, the texts in
English and, as ``summary-cs`` and ``description-cs``, in Czech; to SPARQL they are comments, so
that the file runs as it stands in any engine. A parameter is carried by a ``VALUES`` block over
the variable of its name: asking replaces the block by one that holds the values given, as RDF
terms, or removes it when an optional parameter sets no condition. Nothing is ever pasted into the
query's text. docs/queries.md is the manual for authors.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml

from clustergraph import artefacts
from clustergraph.errors import (
    ParameterError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
    did_you_mean,
    near,
)
from clustergraph.quadstore import Answer, Engine, Queryable
from clustergraph.questions.names import resolve
from clustergraph.questions.parameters import Parameter, Text, is_type, namespace
from clustergraph.sparql.lexer import tokens
from clustergraph.spelling import fold
from clustergraph.vocab import OBSERVATIONS

KINDS: Final = ("cq", "checks", "examples")
"""Competency questions, checks (any row is a fault), and examples to learn from."""

TOPICS: Final = (
    "partners", "organisations", "ecosystems", "regions", "labels", "partnerships", "money",
    "policy", "terms", "sources", "statistics",
)  # fmt: skip
"""What competency questions are about, in the order of lists: the first tag of each."""

CUBE_TAG: Final = "data cube"
"""The tag of checks that look at observations of official statistics."""

_MARK: Final = "#+"
_Loader: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_T = TypeVar("_T")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A ready question, as its header and its file say.

    Attributes:
        name: the file's stem; unique in the catalogue.
        kind: one of `KINDS`, or ``file`` for a file outside the catalogue.
        path: the file.
        summary: what it asks, in one line.
        text: the file's whole text, a valid query.
        description: more about it; may be empty.
        tags: words to find it by.
        parameters: its parameters, by name.
        plot: how to draw its answer, as the header says.
        answer: a sentence on the answer, for pages; see docs/queries.md.
        answer_cs: the same in Czech.
        summary_cs: the summary in Czech; empty: the header is in English only.
        description_cs: the description in Czech; empty where there is none.
    """

    name: str
    kind: str
    path: Path
    summary: Text
    text: str
    description: str = ""
    tags: tuple[str, ...] = ()
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict, name="params")
    plot: dict[str, str] = {}
    answer: str = ""
    answer_cs: str = ""
    summary_cs: str = ""
    description_cs: str = ""

    def speaks(self, language: str) -> bool:
        """Say whether the header has its texts in a language, ``en`` or ``cs``."""
        return language != "cs" or bool(self.summary_cs)

    def answer_in(self, language: str) -> str:
        """Return the sentence on the answer in a language; empty: there is none."""
        return self.answer_cs if language == "cs" else self.answer

    def summary_in(self, language: str) -> str:
        """Return the summary in a language, in English where the header has no other."""
        return (self.summary_cs if language == "cs" else "") or self.summary

    def description_in(self, language: str) -> str:
        """Return the description in a language, in English where the header has no other."""
        return (self.description_cs if language == "cs" else "") or self.description

    @property
    def topic(self) -> str:
        """What it is about, one of `TOPICS`; of an example, a check or a file, its kind."""
        return self.tags[0] if self.kind == "cq" and self.tags else self.kind

    def holds(self, text: str) -> bool:
        """Return whether the name, tags or texts hold all words, in any case, without accents."""
        texts = (self.summary, self.description, self.summary_cs, self.description_cs)
        folded = fold(" ".join((self.name, *texts, *self.tags)))
        return all(word in folded for word in fold(text).split())

    @property
    def body(self) -> str:
        """The query without its header."""
        lines = self.text.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(_MARK)).strip() + "\n"

    def bind(self, values: Mapping[str, Sequence[str]] | None = None) -> str:
        """Return the query's text with its parameters filled in.

        Lines keep their numbers, so that the engine's messages point into the file.

        Args:
            values: for each parameter given, its values as a person writes them.

        Raises:
            ParameterError: an unknown parameter, or a value missing or of the wrong type.
        """
        values = values or {}
        self.check(values)
        text = self.text
        # From the last block to the first, so that the offsets before it stay right.
        for start, end, name in reversed(list(blocks(text, self.parameters))):
            terms = self.parameters[name].terms(tuple(values.get(name, ())))
            block = f"VALUES ?{name} {{ {' '.join(map(str, terms))} }}" if terms else ""
            text = text[:start] + block + "\n" * text.count("\n", start, end) + text[end:]
        return text

    def check(self, values: Mapping[str, Sequence[str]]) -> None:
        """Check what can be checked of values without the graph.

        Args:
            values: for each parameter given, its values as a person writes them.

        Raises:
            ParameterError: an unknown parameter, or a value that is none of its type.
        """
        for name, given in values.items():
            if name in self.parameters:
                parameter = self.parameters[name]
                if parameter.type != "iri" and namespace(parameter.type) is None:
                    parameter.terms(tuple(given))
            elif not self.parameters:
                raise ParameterError(f"{self.name} has no parameters, but {name} was given")
            else:
                hint = did_you_mean(near(name, self.parameters, limit=1))
                known = ", ".join(self.parameters)
                raise ParameterError(f"{self.name} has no parameter {name!r}, only {known}{hint}")


def ask(
    question: Question, engine: Queryable, values: Mapping[str, Sequence[str]] | None = None
) -> Answer:
    """Ask a question of an engine.

    Args:
        question: what to ask.
        engine: whom to ask.
        values: for each parameter given, its values as written: keys or names.

    Raises:
        ParameterError: see `Question.bind`.
        UnknownNameError: a value names nothing in the graph, for example no country.
        AmbiguousNameError: a value names several things.
        QueryError: the query fails.
    """
    return asked_of(question, engine).query(
        question.bind(resolve(question.parameters, values or {}, engine))
    )


def asked_of(question: Question, engine: Queryable) -> Queryable:
    """Return what a question is asked of.

    A check looks at what is stated, not at what is inferred. The observations of official
    statistics, three quarters of the graph, are looked at by checks of the data cube alone.
    """
    if question.kind != "checks" or not isinstance(engine, Engine) or CUBE_TAG in question.tags:
        return engine
    return engine.stated(without=OBSERVATIONS)


@cache
def questions() -> Mapping[str, Question]:
    """Return all questions of the catalogue by name, sorted.

    Raises:
        UnreadableInputError: a file is not a question, or two bear the same name.
    """
    return {name: load(path) for name, path in sorted(_files().items())}


def find(name: str) -> Question:
    """Return the question of that name.

    Raises:
        UnknownNameError: there is none; suggests near ones.
        UnreadableInputError: its file is not a question.
    """
    known = _files()
    if name not in known:
        raise UnknownNameError("query", name, known)
    return load(known[name])


def load(path: Path) -> Question:
    """Read a query file; see `read`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInputError(str(path), f"not UTF-8 (byte {error.start + 1})") from error
    except OSError as error:
        raise UnreadableInputError(str(path), error.strerror or str(error)) from error
    return read(text, path)


def read(text: str, path: Path) -> Question:
    """Make a question of a query file's text.

    A file without a header is a question too, one without parameters.

    Args:
        text: the file's text.
        path: where it came from, for messages and for its name and kind.

    Raises:
        SyntaxFaultError: the header is not well-formed, lacks a summary, or has a key or type that
            does not exist; names file and line.
    """
    kind = path.parent.name if path.parent.name in KINDS else "file"
    source, _ = _header_of(text)
    if not source:
        return Question(path.stem, kind, path, summary="", text=text)
    try:
        values = yaml.load(source, _Loader)  # noqa: S506 - a loader that makes texts only
    except yaml.MarkedYAMLError as error:
        reason = f"the header is not YAML: {error.problem or error}"
        raise _fault(text, path, reason, mark=error.problem_mark) from error
    if not isinstance(values, dict):
        raise _fault(text, path, "the header is no mapping: write `#+ summary: …`")
    entries = values.get("params", {})
    file = {"name": path.stem, "kind": kind, "path": path, "text": text, "params": {}}
    if taken := values.keys() & file.keys() - {"params"}:
        raise _fault(
            text, path, f"no such key: {min(taken)}; docs/queries.md lists the keys", *taken
        )
    question = _converted(Question, {**_stripped(values), **file}, text, path)
    for name, entry in _converted(dict[str, Any], entries, text, path, "params").items():
        where = ("params", name)
        written = _converted(dict[str, Any], entry, text, path, *where)
        several = {
            key: [written[key]]
            for key in ("default", "choices")
            if isinstance(written.get(key), str)
        }
        found = {**_stripped(written), **several, "name": name}
        parameter = _converted(Parameter, found, text, path, *where)
        if not is_type(parameter.type):
            reason = f"parameter {name}: no such type: {parameter.type!r}"
            raise _fault(text, path, reason, *where, "type")
        try:
            if parameter.default:
                parameter.terms(())
        except ParameterError as error:
            raise _fault(text, path, f"the default of {error}", *where, "default") from error
        if not any(blocks(text, [name])):
            reason = f"parameter {name} is carried by no block VALUES ?{name} {{ … }} of the query"
            raise _fault(text, path, reason, *where)
        question.parameters[name] = parameter
    return question


def _files() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for kind in KINDS:
        for path in sorted((artefacts.room("queries") / kind).glob("*.rq")):
            if path.stem in found:
                raise UnreadableInputError(
                    str(path),
                    f"{found[path.stem]} bears the same name; a name stands for one question",
                )
            found[path.stem] = path
    return found


def blocks(text: str, names: Container[str]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and variable of each block ``VALUES ?name { … }`` over one of ``names``."""
    found = [token for token in tokens(text) if token.kind != "comment"]
    for index, token in enumerate(found[:-3]):
        variable, brace = found[index + 1], found[index + 2]
        if not (token.is_word("VALUES") and variable.kind == "variable" and brace.text == "{"):
            continue
        if (name := variable.text[1:]) in names:
            ends = (one.end for one in found[index + 3 :] if one.kind == "sign" and one.text == "}")
            if (end := next(ends, None)) is not None:
                yield token.start, end, name


def _header_of(text: str) -> tuple[str, list[int]]:
    """Return the YAML of a header, and the number of each of its lines in the file."""
    marked = [
        (number, line.removeprefix(_MARK).removeprefix(" "))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith(_MARK)
    ]
    return "\n".join(line for _, line in marked), [number for number, _ in marked]


def _converted(kind: type[_T], value: Any, text: str, path: Path, *above: str) -> _T:
    """Return part of a header in its type; what does not fit is an error at its key."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        named = re.findall(r"`(?:\$\.)?([\w-]+)", str(error))
        reason = f"{': '.join(above)}{': ' if above else ''}{error}; docs/queries.md lists the keys"
        raise _fault(text, path, reason, *above, *named[-1:]) from error


def _fault(text: str, path: Path, reason: str, *keys: str, mark: Any = None) -> SyntaxFaultError:
    """Return an error at a key of the header, or at a place of its YAML."""
    source, numbers = _header_of(text)
    if mark is not None:
        line = numbers[min(mark.line, len(numbers) - 1)]
        return SyntaxFaultError(str(path), reason, line, mark.column + len(_MARK) + 2)
    line, node = numbers[0], yaml.compose(source, _Loader)
    for key in keys:
        entries = node.value if isinstance(node, yaml.MappingNode) else ()
        for name, value in entries:
            if name.value == key:
                line, node = numbers[name.start_mark.line], value
    return SyntaxFaultError(str(path), reason, line)


def _stripped(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one.strip() if isinstance(one, str) else one for key, one in values.items()}
