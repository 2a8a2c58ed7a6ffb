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

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from clustergraph import artefacts
from clustergraph.errors import (
    ParameterError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
    near,
)
from clustergraph.quadstore import Answer, Engine, Queryable
from clustergraph.questions.names import resolve
from clustergraph.questions.parameters import Parameter, is_type
from clustergraph.sparql.lexer import Token, tokens
from clustergraph.spelling import fold
from clustergraph.vocab import OBSERVATIONS

__all__ = [
    "KINDS",
    "TOPICS",
    "Question",
    "ask",
    "asked_of",
    "blocks",
    "find",
    "load",
    "questions",
    "read",
]

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
_KEYS: Final = (
    "summary", "summary-cs", "description", "description-cs", "answer", "answer-cs", "tags",
    "params", "plot",
)  # fmt: skip
_PARAMETER_KEYS: Final = (
    "type", "description", "description-cs", "default", "optional", "several", "choices",
)  # fmt: skip
_Loader: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class Question:
    """A ready question.

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
    summary: str
    text: str
    description: str = ""
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    plot: Mapping[str, Any] = field(default_factory=dict)
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
        for name in values:
            if name not in self.parameters:
                raise ParameterError(self._unknown(name))
        text = self.text
        # From the last block to the first, so that the offsets before it stay right.
        for start, end, name in reversed(list(blocks(text, self.parameters))):
            terms = self.parameters[name].terms(tuple(values.get(name, ())))
            block = f"VALUES ?{name} {{ {' '.join(map(str, terms))} }}" if terms else ""
            text = text[:start] + block + "\n" * text.count("\n", start, end) + text[end:]
        return text

    def _unknown(self, name: str) -> str:
        if not self.parameters:
            return f"{self.name} has no parameters, but {name} was given"
        nearest = near(name, self.parameters, limit=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        return f"{self.name} has no parameter {name!r}, only {', '.join(self.parameters)}{hint}"


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
def questions(root: Path | None = None) -> Mapping[str, Question]:
    """Return all questions of the catalogue by name, sorted.

    Args:
        root: the directory that holds the kinds' directories; None: the shipped one.

    Raises:
        UnreadableInputError: a file is not a question, or two bear the same name.
    """
    return {name: load(path) for name, path in sorted(_files(root).items())}


def find(name: str, root: Path | None = None) -> Question:
    """Return the question of that name.

    Raises:
        UnknownNameError: there is none; suggests near ones.
        UnreadableInputError: its file is not a question.
    """
    known = _files(root)
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
    header = _Header.parse(text, path)
    kind = path.parent.name if path.parent.name in KINDS else "file"
    if header is None:
        return Question(path.stem, kind, path, summary="", text=text)
    parameters = {
        name: _parameter(header, name, entry) for name, entry in header.mapping("params").items()
    }
    carried = {name for _, _, name in blocks(text, parameters)}
    for name in parameters:
        if name not in carried:
            raise header.fault(
                f"parameter {name} is carried by no block VALUES ?{name} {{ … }} of the query",
                "params",
                name,
            )
    if not (summary := " ".join(header.text("summary").split())):
        raise header.fault("a summary is missing: say in one line what the query asks")
    _check_czech(header, parameters)
    return Question(
        name=path.stem,
        kind=kind,
        path=path,
        summary=summary,
        text=text,
        description=header.text("description").strip(),
        tags=tuple(header.list("tags")),
        parameters=parameters,
        plot=header.mapping("plot"),
        answer=" ".join(header.text("answer").split()),
        answer_cs=" ".join(header.text("answer-cs").split()),
        summary_cs=" ".join(header.text("summary-cs").split()),
        description_cs=header.text("description-cs").strip(),
    )


def _files(root: Path | None) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for kind in KINDS:
        for path in sorted(((root or artefacts.room("queries")) / kind).glob("*.rq")):
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
            end = next((closer for closer in found[index + 3 :] if _closes(closer)), None)
            if end is not None:
                yield token.start, end.end, name


def _closes(token: Token) -> bool:
    return token.kind == "sign" and token.text == "}"


@dataclass(frozen=True, slots=True)
class _Header:
    """The YAML header of a query file, with the line of each key."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]
    first: int

    @classmethod
    def parse(cls, text: str, path: Path) -> _Header | None:
        marked = [
            (number, line.removeprefix(_MARK))
            for number, line in enumerate(text.splitlines(), start=1)
            if line.startswith(_MARK)
        ]
        if not marked:
            return None
        numbers = [number for number, _ in marked]
        source = "\n".join(line.removeprefix(" ") for _, line in marked)
        try:
            loader = _Loader(source)
            try:
                node = loader.get_single_node()
                values = loader.construct_document(node) if node else {}
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = numbers[min(mark.line, len(numbers) - 1)] if mark else numbers[0]
            column = mark.column + 4 if mark else None
            reason = f"the header is not YAML: {error.problem or error}"
            raise SyntaxFaultError(str(path), reason, line, column) from error
        lines: dict[tuple[str, ...], int] = {}
        _collect_lines(node, (), numbers, lines)
        header = cls(path, values, lines, numbers[0])
        if not isinstance(values, dict):
            raise header.fault("the header is no mapping: write `#+ summary: …`")
        header.check_keys(values, _KEYS)
        return header

    def fault(self, reason: str, *keys: str) -> SyntaxFaultError:
        return SyntaxFaultError(str(self.path), reason, self.lines.get(keys, self.first))

    def check_keys(self, found: Mapping[str, Any], known: Sequence[str], *above: str) -> None:
        for key in found:
            if key not in known:
                nearest = near(key, known, limit=1)
                hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(known)}"
                raise self.fault(f"unknown key {key!r}; {hint}", *above, key)

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str):
            raise self.fault(f"{key} is a text", key)
        return value

    def list(self, key: str) -> list[str]:
        value = self.values.get(key, [])
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise self.fault(f"{key} is a list: [one, two]", key)
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(f"{key} is a mapping: one `name: value` a line", key)
        return value


def _collect_lines(
    node: Any, above: tuple[str, ...], numbers: Sequence[int], lines: dict[tuple[str, ...], int]
) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = (*above, str(key.value))
            lines[path] = numbers[min(key.start_mark.line, len(numbers) - 1)]
            _collect_lines(value, path, numbers, lines)


def _parameter(header: _Header, name: str, entry: Any) -> Parameter:
    where = ("params", name)
    if not isinstance(entry, dict):
        raise header.fault(f"parameter {name} is a mapping with at least a type", *where)
    header.check_keys(entry, _PARAMETER_KEYS, *where)
    type_ = entry.get("type", "")
    if not isinstance(type_, str) or not is_type(type_):
        raise header.fault(f"parameter {name}: no such type: {type_!r}", *where, "type")
    parameter = Parameter(
        name=name,
        type=type_,
        description=" ".join(str(entry.get("description", "")).split()),
        description_cs=" ".join(str(entry.get("description-cs", "")).split()),
        default=_several(entry.get("default", ())),
        optional=_flag(header, entry, "optional", where),
        several=_flag(header, entry, "several", where),
        choices=_several(entry.get("choices", ())),
    )
    if not parameter.description:
        raise header.fault(f"parameter {name} lacks a description", *where)
    if parameter.default:
        try:
            parameter.terms(())
        except ParameterError as error:
            raise header.fault(f"the default of {error}", *where, "default") from error
    return parameter


def _check_czech(header: _Header, parameters: Mapping[str, Parameter]) -> None:
    """See that a header is wholly in Czech too, or not at all: nobody fills in half a form.

    Where there is nothing to fill in, the summary may stand alone, as it does in lists.
    """
    texts: dict[tuple[str, ...], str] = {("summary-cs",): header.text("summary-cs").strip()}
    described = header.text("description-cs").strip()
    if described or (parameters and header.text("description").strip()):
        texts["description-cs",] = described
    for name, parameter in parameters.items():
        texts["params", name, "description-cs"] = parameter.description_cs
    if any(texts.values()) and not all(texts.values()):
        lacking = next(keys for keys, given in texts.items() if not given)
        raise header.fault(
            f"{' '.join(lacking)} is missing: the header is in Czech in part; add it", *lacking[:-1]
        )


def _several(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _flag(header: _Header, entry: Mapping[str, Any], key: str, where: tuple[str, ...]) -> bool:
    value = entry.get(key, "false")
    if value not in ("true", "false"):
        raise header.fault(f"{key} is true or false", *where, key)
    return bool(value == "true")
