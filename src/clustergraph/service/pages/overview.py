"""The first page: what is here, and where to begin. To programs, / says it in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import clustergraph
from clustergraph import catalogue
from clustergraph.service.pages.frame import page
from clustergraph.service.protocol import Response
from clustergraph.service.protocol.negotiation import prefers_html

if TYPE_CHECKING:
    from clustergraph.service.pages.visit import Visit

__all__ = ["show"]


def show(visit: Visit) -> Response:
    """Show the overview, or describe the service in JSON."""
    if not prefers_html(visit.request.headers.get("accept")):
        return _described(visit)
    return page(visit, "overview", statements=_counted(visit)["statements"])


def _counted(visit: Visit) -> dict[str, int]:
    """Count once a generation."""
    counts: Any = visit.context.memory.get("counts")
    if counts is None:
        (row,) = visit.select(
            "SELECT (COUNT(*) AS ?statements) (COUNT(DISTINCT ?g) AS ?graphs) "
            "{ GRAPH ?g { ?s ?p ?o } }"
        )
        counts = visit.context.memory["counts"] = dict(row)
    return {"statements": counts["statements"], "graphs": counts["graphs"]}


_QUESTIONS = 12


def _described(visit: Visit) -> Response:
    """Say in JSON what is here: the endpoint, how much the graph holds, some questions."""
    base = visit.base + "/"
    known = catalogue.questions()
    # Competency questions first: they say best what the graph is for.
    order = sorted(known.values(), key=lambda question: catalogue.KINDS.index(question.kind))
    content = {
        "name": "clustergraph",
        "version": clustergraph.__version__,
        "description": "A knowledge graph of cluster policy",
        "endpoint": f"{base}sparql",
        "health": f"{base}health",
        "queries": f"{base}queries",
        "openapi": f"{base}openapi.json",
        **_counted(visit),
        "questions": [
            {"summary": question.summary, "href": f"{base}queries/{question.name}"}
            for question in order[:_QUESTIONS]
        ],
        "question_count": len(known),
    }
    headers = [("Content-Type", "application/json"), ("Vary", "Accept")]
    return Response(200, headers, json.dumps(content).encode(), cacheable=True)
