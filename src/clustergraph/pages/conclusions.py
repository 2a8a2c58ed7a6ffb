"""What follows of a thing from other statements, and why, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.owl.incremental import Facts, Statement, reasons
from clustergraph.owl.rules import PathRule, Rules, TypeRule, compile_rules
from clustergraph.pages.lexicon import title_of

if TYPE_CHECKING:
    from clustergraph.pages.view import Row, View

__all__ = ["conclusions"]

_MOST_EXPLAINED: Final = 2
_MOST_SHOWN: Final = 12


def conclusions(view: View) -> Iterator[tuple[Row, list[str]]]:
    """Yield what nobody states but what follows, each with the reasons."""
    thing, explain = view.thing, _Explainer(view)
    node = ox.NamedNode(thing.iri)
    for fact in thing.inferred:
        name = ox.NamedNode(fact.property)
        fact.values = fact.values[:_MOST_SHOWN]
        yield view.fact(fact), explain((node, name, said.term) for said in fact.values)
    for link in thing.incoming:
        if link.inferred:
            name = ox.NamedNode(link.property)
            subjects = (said.term for said in link.subjects)
            yield (
                view.incoming(link),
                explain((one, name, node) for one in subjects if isinstance(one, ox.NamedNode)),
            )


class _Explainer:
    """Says in words why statements hold; where the graph is another server's, it says nothing."""

    def __init__(self, view: View) -> None:
        self._view = view
        visit = view.visit
        self._rules: Rules | None = None
        if visit.generation:
            memory = visit.context.memory
            if not isinstance(found := memory.get("inference rules"), Rules):
                found = memory["inference rules"] = compile_rules(visit.context.store)
            self._rules = found
        self._facts = Facts(visit.context.store)

    def __call__(self, statements: Iterable[Statement]) -> list[str]:
        if self._rules is None:
            return []
        found: dict[str, None] = {}
        for statement, _ in zip(statements, range(_MOST_EXPLAINED), strict=False):
            reason = next(reasons(statement, self._facts, self._rules), None)
            if reason is not None:
                found[self._words(reason[0])] = None
        return list(found)

    def _words(self, rule: PathRule | TypeRule) -> str:
        """Return the axiom of a rule in words."""
        t, axiom = self._view.words, rule.axiom
        kind = axiom.predicate.value.rpartition("#")[2]
        first, second = self._title(axiom.subject), self._title(axiom.object)
        if kind == "type":
            kind = getattr(axiom.object, "value", "").rpartition("#")[2]
        if kind == "propertyChainAxiom" and isinstance(rule, PathRule):
            second = t("and-then").join(
                t("step-back" if step.inverse else "step", name=self._title(step.predicate))
                for step in rule.body
            )
        return t("axiom-" + kind, first=first, second=second)

    def _title(self, term: object) -> str:
        iri = getattr(term, "value", "")
        return self._view.name(iri) if iri in self._view.thing.names else title_of(
            self._view.visit, iri
        )  # fmt: skip
