"""Things, and statements about them, by the names that people write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

import msgspec
import pyoxigraph as ox

from clustergraph.errors import (
    AmbiguousNameError,
    ParameterError,
    UnknownNameError,
    UsageError,
    near,
)
from clustergraph.quadstore import Engine, Queryable
from clustergraph.questions.parameters import ALL, Parameter, iri_of, namespace
from clustergraph.spelling import collation_key, fold, words
from clustergraph.vocab import PREFIXES, shorten

if TYPE_CHECKING:
    from clustergraph.owl.incremental import Statement

Value: TypeAlias = ox.NamedNode | ox.Literal

_TITLES: Final = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")
_OTHER_NAME: Final = PREFIXES["skos"] + "altLabel"
_PROPERTIES: Final = (
    "rdfs:label skos:prefLabel skos:altLabel skos:notation cg:acronym cg:formerName cg:isoAlpha3"
)
_QUERY: Final = f"""SELECT DISTINCT ?thing ?property ?name WHERE {{{{
  {{{{ VALUES ?property {{{{ {_PROPERTIES} }}}} ?thing ?property ?name }}}} {{more}}
  FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), {{space}})) {{of}}
}}}}"""
# Within a namespace, things without a name have a key. In the whole graph, most of them are
# observations, whose keys nobody writes.
_NAMELESS: Final = "UNION { ?thing a ?class }"
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_OF_PROPERTIES: Final = '?thing a ?kind FILTER(STRENDS(STR(?kind), "Property"))'
_LISTED: Final = 6
_SUGGESTED: Final = 3


class Choice(NamedTuple):
    """A value that a parameter may have, as it is written, and what it is called."""

    value: str
    label: str


class Names:
    """The names of the things in a graph, loaded at the first name that is no key.

    Args:
        engine: answers for the graph.
        space: only things whose IRIs start with this namespace; empty: all things.
        of: only things that match this graph pattern, by its variable ``?thing``; empty: all.
    """

    def __init__(self, engine: Queryable, space: str = "", of: str = "") -> None:
        self._engine = engine
        self._space = space
        self._of = of

    @cached_property
    def _by_thing(self) -> dict[str, list[tuple[str, ox.Literal]]]:
        """The names of each thing, each with its property."""
        more = _NAMELESS if self._space or self._of else ""
        space = ox.Literal(self._space)
        answer = self._engine.query(_QUERY.format(space=space, more=more, of=self._of))
        assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        found: dict[str, list[tuple[str, ox.Literal]]] = {}
        for row in answer:
            names = found.setdefault(row["thing"].value, [])
            if isinstance(row["name"], ox.Literal):
                names.append((row["property"].value, row["name"]))
        return found

    @cached_property
    def _by_name(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for iri, names in self._by_thing.items():
            for name in (self._key(iri), *(literal.value for _, literal in names)):
                found.setdefault(fold(name), set()).add(iri)
        return found

    @property
    def known(self) -> bool:
        """Whether the graph holds any such thing."""
        return bool(self._by_thing)

    def holds(self, iri: str) -> bool:
        """Return whether the IRI is the subject of any statement."""
        return bool(self._engine.query(f"ASK {{ {ox.NamedNode(iri)} ?property ?value }}"))

    def find(self, text: str) -> list[str]:
        """Return the IRIs of the things with a key or name, in any case and without accents."""
        return sorted(self._by_name.get(fold(" ".join(text.split())), ()))

    def one(self, kind: str, text: str) -> str:
        """Return the IRI of the one thing with a key or name.

        Args:
            kind: what is looked for, as messages call it.
            text: its key or name.

        Raises:
            UnknownNameError: there is none; suggests similar names.
            AmbiguousNameError: there are several; lists them.
        """
        found = self.find(text)
        if not found:
            raise self.unknown(kind, text)
        if len(found) > 1:
            raise self.ambiguous(text, found)
        return found[0]

    def unknown(self, kind: str, text: str) -> UnknownNameError:
        """Return the error for a name of nothing, with similar names as suggestions."""
        wanted = set(words(text))
        # Whoever writes a word of a long name finds it; else the spelling decides.
        holding = [name for name in self._by_name if wanted and wanted <= set(words(name))]
        nearest = sorted(holding, key=len) or near(fold(text), self._by_name)
        shown = [self.shown(iri) for name in nearest[:_SUGGESTED] for iri in self.find(name)]
        return UnknownNameError(kind, text, (), tuple(dict.fromkeys(shown))[:_SUGGESTED])

    def ambiguous(self, text: str, things: Sequence[str]) -> AmbiguousNameError:
        """Return the error for a name of several things, which it lists."""
        listed = [self.shown(iri) for iri in things[:_LISTED]]
        return AmbiguousNameError(text, listed, len(things) - len(listed))

    def shown(self, iri: str) -> str:
        """Return how to write a thing, and its English name: ``CZ (Czechia)``."""
        key = iri.removeprefix(self._space) if self._space else shorten(iri)
        label = self._title(iri, "en") or key
        return key if fold(label) == fold(key) else f"{key} ({label})"

    def choices(self, language: str) -> list[Choice]:
        """Return the keys of all things with their titles, sorted by these.

        Args:
            language: of the titles; English stands in where there is none.
        """
        keys = ((iri, self._key(iri)) for iri in self._by_thing)
        found = [Choice(key, self._title(iri, language) or key) for iri, key in keys if key]
        return sorted(found, key=lambda one: (collation_key(one.label, language), one.value))

    def _title(self, iri: str, language: str) -> str:
        """Return a title in a language, else in English, else any name, else a code."""

        def rank(kind: str, name: ox.Literal) -> int:
            if kind in _TITLES and name.language in (language, "en"):
                return int(name.language != language)
            return 2 if kind in _TITLES or kind == _OTHER_NAME else 3

        names = [(rank(kind, name), name.value) for kind, name in self._by_thing.get(iri, ())]
        return min(names, default=(0, ""))[1]

    def _key(self, iri: str) -> str:
        if self._space:
            return iri.removeprefix(self._space)
        return iri.rstrip("/#").replace("#", "/").rpartition("/")[2]


def resolve(
    parameters: Mapping[str, Parameter], values: Mapping[str, Sequence[str]], engine: Queryable
) -> dict[str, list[str]]:
    """Return values of parameters with keys in place of names: ``CZ`` for ``Czechia``.

    Args:
        parameters: of a question, by name.
        values: as people write them; those of unknown parameters stay as they are.
        engine: answers for the graph that holds the things.

    Raises:
        ParameterError: an IRI that is none, or that lies in another namespace.
        UnknownNameError: a name of nothing; suggests similar names.
        AmbiguousNameError: a name of several things; lists them.
    """
    return {
        name: [_key_of(parameters[name], value.strip(), engine) for value in given]
        if name in parameters
        else list(given)
        for name, given in values.items()
    }


def _key_of(parameter: Parameter, value: str, engine: Queryable) -> str:
    space = "" if parameter.type == "iri" else namespace(parameter.type)
    if space is None or value in parameter.choices or (parameter.optional and value == ALL):
        return value
    names = Names(engine, space)
    try:
        (term,) = msgspec.structs.replace(parameter, choices=()).terms((value,))
    except ParameterError:
        if ":" in value or not value:
            raise
    else:
        # An IRI is taken as it is: also what nothing is known about may be asked for.
        if not space or names.holds(term.value):
            return value
    if not names.known:
        return value  # a graph without any such thing: the question finds nothing either
    return names.one(parameter.name, value).removeprefix(space)


def choices_of(parameter: Parameter, engine: Queryable, language: str) -> list[Choice] | None:
    """Return the values that a parameter may have, sorted by label.

    Args:
        parameter: of a question.
        engine: holds the graph that the question is asked of.
        language: of the labels; English stands in where there is none.

    Returns:
        The values; None: it takes any value of its type.
    """
    space = namespace(parameter.type)
    if space is None:
        fixed = ("true", "false") if parameter.type == "boolean" else parameter.choices
        return [Choice(value, value) for value in fixed] or None
    found = Names(engine, space).choices(language)
    return [one for one in found if not parameter.choices or one.value in parameter.choices]


def read_statement(subject: str, predicate: str, value: str, engine: Engine) -> Statement:
    """Return the statement that three texts mean.

    A name that several things bear means the one of which a statement holds.

    Args:
        subject: an IRI, a prefixed name, a key or a name of a thing.
        predicate: the same of a property; ``a`` stands for rdf:type.
        value: the same of a thing; or a literal, as Turtle writes it or by its text alone.
        engine: the graph that holds the things.

    Raises:
        UnknownNameError: a name of nothing; suggests similar names.
        AmbiguousNameError: a name of several things; lists them.
        UsageError: no IRI, or no literal.
    """
    names = Names(engine)
    subjects = _things("thing", subject, engine, names)
    predicates = _properties(predicate, engine, names)
    stated = [
        quad.object
        for one, two in product(subjects, predicates)
        for quad in engine.store.quads_for_pattern(one, two, None, None)
    ]
    texts = [one for one in stated if isinstance(one, ox.Literal)]
    values: Sequence[Value]
    if value[:1] in ("'", '"'):
        values = [_literal(value)]
    elif same := [one for one in texts if one.value == value]:
        values = same
    elif texts and _iri(value) is None:
        # Of a property with texts and numbers, a text is one, whether it is stated or not.
        values = [ox.Literal(value)]
    else:
        values = _things("thing", value, engine, names)
    # Whichever of several things a text means: that it is not stated is said of all of them.
    values = [one for one in values if one in stated] or values[:1]
    combinations = list(product(subjects, predicates, values))
    found = [one for one in combinations if _is_held(one, engine)] or combinations
    if len(found) > 1:
        for text, terms in zip((subject, predicate, value), zip(*found, strict=True), strict=True):
            if len(iris := sorted({cast(ox.NamedNode, term).value for term in terms})) > 1:
                raise names.ambiguous(text, iris)
    return found[0]


def _things(kind: str, text: str, engine: Engine, names: Names) -> list[ox.NamedNode]:
    """Return the things that a text may mean; at least one."""
    if (node := _iri(text)) is None:
        if found := names.find(text):
            return [ox.NamedNode(iri) for iri in found]
        raise names.unknown(kind, text)
    if any(
        _is_held(one, engine)
        for one in ((node, None, None), (None, node, None), (None, None, node))
    ):
        return [node]
    space = max(
        (one for one in PREFIXES.values() if node.value.startswith(one)), default="", key=len
    )
    raise UnknownNameError(kind, node.value.removeprefix(space), engine.names_in(space))


def _properties(text: str, engine: Engine, names: Names) -> list[ox.NamedNode]:
    """Return the properties that a text may mean; at least one."""
    if text == "a":
        return [_TYPE]
    ours = Names(engine, of=_OF_PROPERTIES)
    if _iri(text) is None:
        if found := ours.find(text):
            return [ox.NamedNode(iri) for iri in found]
        raise ours.unknown("property", text)
    try:
        return _things("property", text, engine, names)
    except UnknownNameError as error:
        raise ours.unknown("property", error.name) from None


def _is_held(
    pattern: tuple[ox.NamedNode | None, ox.NamedNode | None, Value | None], engine: Engine
) -> bool:
    return next(engine.store.quads_for_pattern(*pattern, None), None) is not None


def _iri(text: str) -> ox.NamedNode | None:
    """Return the IRI that a text is or abbreviates; None: it is neither."""
    prefix, colon, _ = text.removeprefix("<").partition(":")
    if not (colon and (prefix in PREFIXES or "://" in text or prefix == "urn")):
        return None
    try:
        return iri_of(text.replace("\\", ""))
    except ValueError as error:
        raise UsageError(f"{text}: not {error}") from error


def _literal(text: str) -> ox.Literal:
    prefixes = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
    try:
        (quad,) = ox.parse(f"{prefixes}<x:s> <x:p> {text} .", ox.RdfFormat.TURTLE)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{text}: not a literal as Turtle writes it") from error
    return cast(ox.Literal, quad.object)
