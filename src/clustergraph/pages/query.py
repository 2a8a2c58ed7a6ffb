"""The query page: an editor, and what the query finds as table, plot, map or graph."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from clustergraph.errors import ClusterGraphError, UnknownNameError
from clustergraph.pages import outcome, vocabulary
from clustergraph.pages.frame import page
from clustergraph.protocol import Response
from clustergraph.protocol.query import lasting
from clustergraph.questions import catalogue
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

# With the language of the page as $language.
_BEGIN: Final = """SELECT ?country ?name (COUNT(?organisation) AS ?organisations)
WHERE {
  ?organisation a cg:ClusterOrganisation ; cg:country ?country .
  ?country skos:prefLabel ?name
  FILTER(LANG(?name) = $language)
}
GROUP BY ?country ?name
ORDER BY DESC(?organisations) ?name
"""
# Terms listed beside the editor; its completion knows all of them.
_MOST_TERMS: Final = 80


def show(visit: Visit) -> Response:
    """Show the editor, and the answer if the address holds a query."""
    text = visit.parameter("query").replace("\r\n", "\n")
    values: dict[str, Any] = {"outcome": None, "fault": None}
    status = 200
    if visit.refused:
        status, values["fault"] = outcome.fault(visit.refused)
    elif text:
        try:
            found = outcome.gather(visit, lambda: visit.engine.query(text))
            values |= {"outcome": found, **outcome.elsewhere(visit, found, {"query": [text]})}
            values["pictures"] = outcome.mapped(visit, found, "")
        except ClusterGraphError as error:
            status, values["fault"] = outcome.fault(error)
    else:
        text = _ready(visit.parameter("question")) or visit.query_text(_BEGIN)
    return page(
        visit,
        "query",
        status=status,
        cacheable=status == 200 and lasting(text),
        text=text,
        examples=[one for one in catalogue.questions().values() if one.kind == "examples"],
        terms={
            room: [term for term in terms if term["count"]][:_MOST_TERMS]
            for room, terms in vocabulary.terms(visit).items()
        },
        prefixes=json.dumps(dict(PREFIXES)),
        **outcome.about(visit),
        **values,
    )


def _ready(name: str) -> str:
    """Return the text of a ready question, with its values filled in."""
    if not name:
        return ""
    try:
        question = catalogue.find(name)
    except UnknownNameError:
        return ""
    return f"# {question.summary}\n{question.body}"
