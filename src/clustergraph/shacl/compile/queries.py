"""The SPARQL of shapes: what it may contain, and how its variables get their values beforehand.

SHACL binds ``$this`` (and others) before a query runs, everywhere in it, inside nested groups too.
The engine lets variables be substituted, but its optimiser does not know of that: ``BOUND`` of one
that no pattern mentions is false to it.

Source: SHACL, sections 5 and 6, and appendix A.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final

import pyoxigraph as ox

from clustergraph.quadstore.memory import parse, stored
from clustergraph.shacl.compile.comparison import is_beyond_the_store
from clustergraph.shacl.compile.text import (
    PREFIX_NAME,
    Group,
    NotUnderstoodError,
    QueryFaultError,
    expanded,
    is_iri,
    read_patterns,
)
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.sparql.regex import RegexFaultError, with_xpath_patterns
from clustergraph.vocab import PREFIXES

Node = ox.NamedNode | ox.BlankNode

_SH: Final = PREFIXES["sh"]
_FORBIDDEN: Final = ("MINUS", "VALUES", "SERVICE")
_AGGREGATES: Final = frozenset(
    {"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT", "GROUP", "HAVING"}
)
_STEPWISE: Final = _AGGREGATES | {"UNION", "LIMIT", "OFFSET", "ORDER", "GRAPH"}
_VARIABLE: Final = re.compile(r"[?$]\w+\b(?![\w:])")
_BRACKET: Final = re.compile(r"\([^()]*?(?:\bAS\s+([?$]\w+)\s*)?\)", re.IGNORECASE)


class Query:
    """A SELECT or ASK query of a shape.

    Args:
        text: the query as the shape states it.
        kind: ``select`` or ``ask``.
        prefixes: prefix → namespace.
        bound: the variables that SHACL binds beforehand, where the query mentions them.
        path: what ``$PATH`` stands for.

    Raises:
        QueryFaultError: the query holds what SHACL forbids, or is no SPARQL.
    """

    def __init__(
        self,
        text: str,
        kind: str,
        prefixes: Mapping[str, str],
        bound: frozenset[str],
        path: PropertyPath | None,
    ) -> None:
        self.kind = kind
        words = expanded(text, kind, prefixes)
        self.expanded = "".join(words)
        if path is not None:
            written = f"({path.written()})"
            words = [written if word in ("$PATH", "?PATH") else word for word in words]
        elif "$PATH" in words or "?PATH" in words:
            raise QueryFaultError("uses $PATH, but its shape has no path")
        try:
            self.reference = "".join(with_xpath_patterns(words, always=True))
            words = with_xpath_patterns(words)
        except RegexFaultError as error:
            raise QueryFaultError(f"has a pattern that is not valid: {error}") from error
        self._tokens = words
        self.words = frozenset(word.upper() for word in words if word[0].isalpha())
        self.variables = frozenset(word[1:] for word in words if _is_variable(word))
        reserved = bound | {"this", "shapesGraph", "currentShape"}
        self.bound = frozenset((reserved - {"this"}) & self.variables) | {"this"}
        self._refuse(bound | {"this"})
        self._open, self._body = self._split()
        self.text = self._prebound()
        own = "".join(words)
        # Mostly nothing has to be put in, and what has been parsed is not parsed again.
        if self.text != own or not self.usable:
            try:
                _parse(own)
            except SyntaxError as error:
                raise QueryFaultError(f"is not SPARQL: {error.msg}") from error

    @cached_property
    def usable(self) -> bool:
        """Whether the query takes variables that are bound beforehand."""
        return _parses(self.text)

    def solutions(
        self,
        ask: Callable[[str, Mapping[str, Term]], Iterable[Mapping[str, Term]]],
        values: Mapping[str, Term],
    ) -> Iterator[Mapping[str, Term]]:
        """Yield the solutions once each, the given variables bound beforehand."""
        given = {name: term for name, term in values.items() if name in self.bound}
        text = self._prebound(given) if "BOUND" in self.words else self.text
        if self._plain and all(isinstance(term, ox.NamedNode) for term in given.values()):
            # Names in the place of the variables let the engine plan from there.
            text, given = self._about(given), {}
        yield from once(ask(text, given))

    @cached_property
    def _plain(self) -> bool:
        """Whether names may take the place of bound variables wherever the body has them."""
        once = "SELECT" not in {word.upper() for word in self._body}
        head = "".join(self._open)
        simple = self.kind == "select" and "(" not in head and "*" not in head
        stepwise = self.words & (_AGGREGATES | {"BOUND", "ORDER"})
        return once and simple and not stepwise

    def _about(self, given: Mapping[str, Term]) -> str:
        def name(variable: str) -> str:
            term = given.get(variable[1:])
            return variable if term is None else str(term)

        body = self._nested_text
        if body is None:
            body = "".join(name(word) if _is_variable(word) else word for word in self._body)
        else:
            body = _VARIABLE.sub(lambda match: name(match[0]), body)
        return "".join(self._open) + body

    @cached_property
    def _nested_text(self) -> str | None:
        """The body with its filters rewritten so that the engine plans them well, if they can be.

        The rewritten words are the query's own, but for spaces, order and dollar signs.
        """
        group = self.patterns
        if group is None:
            return None
        known = {"?this"}.union(*({p.subject, p.object} for p in group.patterns))
        patterns = " ".join(map(str, group.patterns))
        text = f"{{ {patterns} {group.filtered(known)} }}"
        return text if _parses(f"{''.join(self._open)}{text}") else None

    @cached_property
    def needs_written_terms(self) -> bool:
        """Whether the query states a literal that the store would take for another, or for none."""
        depth = 0
        bound = "BIND" in self.words
        for word, literal in _literals(self._tokens):
            depth += (word == "(") - (word == ")")
            if literal is None:
                continue
            if is_beyond_the_store(literal):
                return True
            # In an expression the value counts, in a triple pattern the term.
            if (depth == 0 or bound) and stored(literal) != literal:
                return True
        return False

    @cached_property
    def may_stand_still(self) -> bool:
        """Whether a path of the query may have no step, or it looks so."""
        return any(
            word in ("*", "?") or (word.startswith("(") and bool(re.search(r"[*?]", word)))
            for word in self._body
        )

    @cached_property
    def patterns(self) -> Group | None:
        """The query's triple patterns; None where it has more than plain patterns and filters."""
        if self.kind != "select" or self.words & _STEPWISE:
            return None
        try:
            return read_patterns(self._body)
        except NotUnderstoodError:
            return None

    @cached_property
    def predicates(self) -> frozenset[str] | None:
        """The IRIs that the query names, or None where it may meet any predicate."""
        found = set()
        for word in self._tokens:
            if word.startswith("<") and word.endswith(">"):
                found.add(word[1:-1])
            elif word.startswith(("(<", "(^", "((")):
                found |= set(re.findall(r"<([^<>]*)>", word))
            elif word == "a":
                found.add(PREFIXES["rdf"] + "type")
        return None if self._any_predicate() else frozenset(found)

    def screen(self, targets: str) -> str | None:
        """Return a query for all ``?this`` that may be at fault, or None when there is none.

        Args:
            targets: a pattern that binds ``?this`` to the focus nodes.
        """
        if self.kind != "select" or self.words & _STEPWISE:
            return None
        if self.bound - {"this"} or self._nested():
            return None
        lead = "" if self._binds_this() else targets + " "
        body = "".join(self._body)
        if self.patterns is not None and self.patterns.inner:
            body = self._nested_text or body
        return f"SELECT ?this {{ {lead}{body[1:]}"

    def _refuse(self, bound: frozenset[str]) -> None:
        for word in _FORBIDDEN:
            if word in self.words:
                raise QueryFaultError(f"contains {word}, which SHACL forbids")
        significant = [word for word in self._tokens if not word.isspace()]
        for before, word in pairwise(significant):
            if before.upper() == "AS" and _is_variable(word) and word[1:] in bound:
                raise QueryFaultError(f"binds {word}, which is bound beforehand")
        selects = [i for i, word in enumerate(significant) if word.upper() == "SELECT"]
        for start in selects[1:] if self.kind == "select" else selects:
            projected = set()
            for word in significant[start + 1 :]:
                if word == "{" or word.upper() == "WHERE":
                    break
                projected.add(word.lstrip("$?"))
            if missing := (bound & self.variables | {"this"}) - projected:
                names = ", ".join(f"${name}" for name in sorted(missing))
                raise QueryFaultError(f"has a nested SELECT that does not project {names}")

    def _split(self) -> tuple[list[str], list[str]]:
        if "{" not in self._tokens:
            raise QueryFaultError("is not SPARQL: it has no group of patterns")
        start = self._tokens.index("{")
        return self._tokens[:start], self._tokens[start:]

    def _prebound(self, given: Container[str] = ()) -> str:
        """Return the query with its bound variables projected; for those given, BOUND is true."""
        head = "".join(self._open)
        names = sorted(self.bound)
        if self.kind == "ask":
            head = re.sub(
                r"\bASK\b", "SELECT " + " ".join(f"?{n}" for n in names), head, flags=re.I
            )
        else:
            projected = set(re.findall(r"[?$](\w+)", _outside_brackets(head)))
            if "*" not in head:
                missing = "".join(f" ?{name}" for name in names if name not in projected)
                head = re.sub(r"(\bWHERE\b\s*)?$", lambda m: f"{missing} {m[0]}", head, count=1)
        tail = " LIMIT 1" if self.kind == "ask" else ""
        return head + "".join(self._without_tests(given)) + tail

    def _without_tests(self, given: Container[str]) -> list[str]:
        body = list(self._body)
        for at, word in enumerate(self._body if "BOUND" in self.words else ()):
            follows = [n for n in range(at + 1, len(body)) if not body[n].isspace()][:3]
            if word.upper() == "BOUND" and len(follows) == 3 and body[follows[1]][1:] in given:
                end = follows[-1] + 1
                body[at:end] = ["(true)"] + [""] * (end - at - 1)
        return body

    def _nested(self) -> bool:
        """Say whether the query has groups that SPARQL evaluates on their own."""
        before = ""
        for word in self._body[1:]:
            if word.isspace():
                continue
            if word == "{" and before.upper() not in ("EXISTS", "OPTIONAL"):
                return True
            before = word
        return False

    def _binds_this(self) -> bool:
        """Say whether the outermost group has a pattern about ``$this``, without a long path."""
        depth = 0
        outer = []
        for word in self._body:
            depth -= word in "})"
            if depth == 1:
                outer.append(word)
            depth += word in "{("
        repeated = any(word in ("*", "+") or re.search(r"[*+]", word) for word in outer)
        return not repeated and ("$this" in outer or "?this" in outer)

    def _any_predicate(self) -> bool:
        """Say whether a variable or a negated set may stand in the place of a predicate."""
        significant = [word for word in self._body if not word.isspace()]
        if "!" in significant:
            after = {b for a, b in pairwise(significant) if a == "!"}
            if any(word.startswith(("<", "^")) or word == "a" for word in after):
                return True
        for before, word, behind in zip(
            significant, significant[1:], significant[2:], strict=False
        ):
            if _is_variable(word) and _is_term(before) and _is_term(behind):
                return True
            if _is_variable(word) and before == ";":
                return True
        return False


def once(solutions: Iterable[Mapping[str, Term]]) -> Iterator[Mapping[str, Term]]:
    """Yield each solution once."""
    seen = set()
    for solution in solutions:
        key = frozenset(solution.items())
        if key not in seen:
            seen.add(key)
            yield solution


def declarations(
    given: Iterable[Term], objects: Callable[[Term, str], list[Term]], ontologies: Iterable[Node]
) -> dict[str, str]:
    """Return the prefixes that a query may use: those declared for it come first.

    Args:
        given: where the constraint or validator says that its prefixes are declared.
        objects: returns the objects of a subject and a predicate's IRI.
        ontologies: whose declarations hold for all queries.
    """
    prefixes = {name: PREFIXES[name] for name in ("rdf", "rdfs", "owl")}
    own: dict[str, str] = {}
    named: list[Term] = []
    todo = list(given)
    while todo:
        place = todo.pop()
        if place not in named:
            named.append(place)
            todo += objects(place, PREFIXES["owl"] + "imports")
    for place in (*ontologies, *reversed(named)):
        for declared in objects(place, _SH + "declare"):
            name, namespace = _declaration(declared, objects)
            if place not in named:
                prefixes[name] = namespace
            elif own.setdefault(name, namespace) != namespace:
                raise QueryFaultError(
                    f"has two namespaces for the prefix {name}: (<{own[name]}> and <{namespace}>)"
                )
    return prefixes | own


def _declaration(node: Term, objects: Callable[[Term, str], list[Term]]) -> tuple[str, str]:
    """Return the prefix and the namespace that a value of ``sh:declare`` states."""
    names, spaces = objects(node, _SH + "prefix"), objects(node, _SH + "namespace")
    if len(names) != 1 or len(spaces) != 1:
        raise QueryFaultError(
            "has a prefix that is not declared by exactly one sh:prefix and one sh:namespace"
        )
    name, namespace = names[0].value, spaces[0].value
    if not isinstance(names[0], ox.Literal) or not PREFIX_NAME.fullmatch(name):
        raise QueryFaultError(f"has a prefix with an invalid name, {show(names[0])}")
    if not is_iri(namespace):
        raise QueryFaultError(f"has an invalid namespace for the prefix {name}:, {show(spaces[0])}")
    return name, namespace


def _literals(words: Sequence[str]) -> Iterator[tuple[str, ox.Literal | None]]:
    """Yield each token, with the literal that begins there."""
    for at, word in enumerate(words):
        if word[0] not in "\"'.0123456789" or word == ".":
            yield word, None
            continue
        text = word
        if words[at + 1 : at + 2] == ["^^"]:
            text += "".join(words[at + 1 : at + 3])
        elif at + 1 < len(words) and words[at + 1][0] == "@":
            text += words[at + 1]
        try:
            (triple,) = ox.parse(f"<a:a> <a:a> {text} .", ox.RdfFormat.TURTLE)
        except (SyntaxError, ValueError):
            yield word, None
        else:
            yield word, triple.object if isinstance(triple.object, ox.Literal) else None


def _is_variable(word: str) -> bool:
    return len(word) > 1 and word[0] in "?$"


def _is_term(word: str) -> bool:
    quoted = word[0] in "\"'<" and len(word) > 1
    return _is_variable(word) or quoted or word[:2] == "_:" or word[0].isdigit() or word == "]"


def _outside_brackets(text: str) -> str:
    """Return the text without what stands in brackets, but with the variables that it names."""
    shorter = _BRACKET.sub(r" \1 ", text)
    return text if shorter == text else _outside_brackets(shorter)


@lru_cache(maxsize=1024)
def _parses(text: str) -> bool:
    try:
        _parse(text)
    except SyntaxError:
        return False
    return True


def _parse(text: str) -> None:
    """Raise SyntaxError unless ``text`` is SPARQL."""
    # Functions that are not built in are looked up when the query is evaluated.
    with suppress(RuntimeError):
        parse(text)
