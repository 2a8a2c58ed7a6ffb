"""What the address / says, to programs and to people."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

import clustergraph
from clustergraph import catalogue
from clustergraph.answers import FORMATS

__all__ = ["page", "summary"]

_QUESTIONS: Final = 12
_EXAMPLE: Final = """SELECT ?class (COUNT(?thing) AS ?things)
WHERE { ?thing a ?class }
GROUP BY ?class
ORDER BY DESC(?things)"""


def summary(counts: Mapping[str, int], base: str) -> dict[str, Any]:
    """Return what is here: the endpoint, how much the graph holds, some questions.

    Args:
        counts: how many statements and graphs there are.
        base: the service's own address, ending in a slash.
    """
    known = catalogue.questions()
    # Competency questions first: they say best what the graph is for.
    order = sorted(known.values(), key=lambda question: catalogue.KINDS.index(question.kind))
    return {
        "name": "clustergraph",
        "version": clustergraph.__version__,
        "description": "A knowledge graph of cluster policy, read-only",
        "endpoint": f"{base}sparql",
        "health": f"{base}health",
        "queries": f"{base}queries",
        "statements": counts["statements"],
        "graphs": counts["graphs"],
        "questions": [
            {"summary": question.summary, "href": f"{base}queries/{question.name}"}
            for question in order[:_QUESTIONS]
        ],
        "question_count": len(known),
    }


def page(content: dict[str, Any]) -> str:
    """Return `summary` as a page with a form to ask a query in."""
    questions = "\n".join(
        f'<li><a href="{escape(item["href"])}?format=table">{escape(item["summary"])}</a></li>'
        for item in content["questions"]
    )
    formats = "\n".join(
        f"<option{' selected' if name == 'table' else ''}>{name}</option>" for name in FORMATS
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>clustergraph</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: auto; padding: 2rem 1rem; }}
textarea {{ width: 100%; box-sizing: border-box; font: 0.9rem/1.4 ui-monospace, monospace; }}
:root {{ color-scheme: light dark; }}
</style>
</head>
<body>
<h1>clustergraph</h1>
<p>{escape(content["description"])}: {content["statements"]:,} statements in
{content["graphs"]} named graphs. Version {escape(content["version"])}.</p>
<h2>Ask in SPARQL</h2>
<form action="/sparql" method="get">
<label for="query">The endpoint is <code>{escape(content["endpoint"])}</code>. The prefixes of the
project, such as <code>cg:</code>, need no declaration.</label>
<textarea id="query" name="query" rows="8" spellcheck="false">{escape(_EXAMPLE)}</textarea>
<p><label>Format <select name="format">
{formats}
</select></label> <button>Ask</button></p>
</form>
<h2>Ready questions</h2>
<ul>
{questions}
</ul>
<p><a href="/queries">All {content["question_count"]} questions</a>, with their parameters.</p>
</body>
</html>
"""
