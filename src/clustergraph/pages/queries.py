"""The ready questions: all of them, by what they are about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from clustergraph.pages import results
from clustergraph.pages.frame import page
from clustergraph.protocol import Response
from clustergraph.questions import catalogue
from clustergraph.spelling import collation_key

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.questions.catalogue import Question

__all__ = ["show"]

# A tag that fewer questions bear is found by its word, not chosen from the list.
_LEAST: Final = 3
_ORDER: Final = ("cq", "examples", "checks")


def show(visit: Visit) -> Response:
    """Show the questions that bear a tag and hold the words looked for."""
    wanted, tag = visit.parameter("q"), visit.parameter("tag")
    known = list(catalogue.questions().values())

    def by_summary(question: Question) -> tuple[str, str]:
        return collation_key(question.summary_in(visit.language), visit.language)

    tags = Counter(tag for question in known for tag in question.tags)
    found = [one for one in known if (not tag or tag in one.tags) and one.holds(wanted)]
    return page(
        visit,
        "queries",
        groups=[
            (kind, sorted((one for one in found if one.kind == kind), key=by_summary))
            for kind in _ORDER
        ],
        found=len(found),
        tags=sorted(pair for pair in tags.items() if pair[1] >= _LEAST or pair[0] == tag),
        wanted=wanted,
        tag=tag,
        **results.about(visit),
    )
