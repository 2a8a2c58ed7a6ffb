"""The ready questions by topic: those for readers first, then those for analysts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clustergraph.pages.frame import page
from clustergraph.protocol import Response
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clustergraph.pages.visit import Visit
    from clustergraph.questions.catalogue import Question

_READER: Final = "reader"


def show(visit: Visit) -> Response:
    """Show the questions that have a tag and hold the words looked for; checks are on Quality."""
    wanted, tag = visit.parameter("q"), visit.parameter("tag")
    found = [
        one
        for one in catalogue.questions().values()
        if one.kind != "checks" and (not tag or tag in one.tags) and one.holds(wanted)
    ]

    def by_topic(questions: Iterable[Question]) -> list[tuple[str, list[Question]]]:
        listed = sorted(questions, key=lambda one: visit.order(one.summary_in(visit.language)))
        groups = ((topic, [q for q in listed if q.topic == topic]) for topic in _GROUPS)
        return [group for group in groups if group[1]]

    return page(
        visit,
        "queries",
        readers=by_topic(one for one in found if _READER in one.tags),
        analysts=by_topic(one for one in found if _READER not in one.tags),
        found=len(found),
        topics=_GROUPS,
        wanted=wanted,
        tag=tag,
    )


_GROUPS: Final = (*TOPICS, "examples")
