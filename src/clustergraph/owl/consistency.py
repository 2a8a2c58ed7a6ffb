"""Whether an ontology contradicts itself, alone or with data, and which axioms make it so.

HermiT is the judge. Of axioms that contradict each other a minimal set is sought: all of it is
needed for the contradiction, so that taking back any one of them resolves it. Pellet's hint makes
the search quick; that the result contradicts itself and is minimal is HermiT's word alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import ReasonerError
from clustergraph.owl.reasoner import Reasoner
from clustergraph.owl.structure import Axiom
from clustergraph.vocab import PREFIXES

__all__ = ["Contradiction", "contradictions"]

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
    while len(told) < _EXPLAINED and not _consistent(rest, reasoner, bool(told)):
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


def _consistent(axioms: Sequence[Axiom], reasoner: Reasoner, is_enough: bool) -> bool:
    """Say whether axioms are consistent; without time left, what is found may be enough."""
    try:
        return reasoner.consistent(axioms)
    except ReasonerError:
        if is_enough:
            return True
        raise


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
