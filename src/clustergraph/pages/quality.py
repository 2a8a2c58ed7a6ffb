"""How good the data are: findings of rules and checks, completeness, how claims were made.

What is found in the whole graph is worked out once a generation and kept. It takes a second or two
for the shipped graph, and longer than anybody waits for a large one. So there is a budget of time;
what it did not suffice for is named, never passed over.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import ClusterGraphError, UnknownNameError, UsageError
from clustergraph.pages import pictures
from clustergraph.pages.frame import page
from clustergraph.pages.model import model, title_of
from clustergraph.pages.rules import Rule, Wording, known
from clustergraph.pages.visit import Row
from clustergraph.protocol import Response
from clustergraph.questions import catalogue
from clustergraph.vocab import CG, CODE, GRAPH, INFERRED, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clustergraph.pages.visit import Visit
    from clustergraph.shacl.compile import Compiled, Graph
    from clustergraph.shacl.report import Finding

_COUNTRIES: Final = 20
_SHARES: Final = ("website", "region", "foundingYear", "ecosystem", "sector", "members")
QUESTIONS: Final = (
    "contradicting-claims", "contradicting-figures", "only-estimated", "undated-figures",
    "sources-by-claims", "completeness-per-country", "claims-by-basis",
)  # fmt: skip
"""Ready questions about what the data can be relied on for."""
_LIMITS: Final = (20, 40, 60, 80)
_SEVERITIES: Final = ("violation", "warning", "info")
_MOST_KEPT: Final = 500
_EXAMPLES: Final = 3
_MOST_NODES: Final = 60


def show(visit: Visit) -> Response:
    """Show the state of the data, the findings of one rule, or what the checks find."""
    name = visit.captured.get("name", "")
    if name == "checks":
        return _checks(visit)
    if name:
        return _rule(visit, name)
    found = findings(visit) if visit.generation else None
    rules = [] if found is None else _rules(visit, found)
    counts = Counter[str]()
    for row in rules:
        counts[row["severity"]] += row["n"]
    return page(
        visit,
        "quality",
        audited=found,
        rules=rules,
        known=len(known()),
        counts=[(severity, counts[severity]) for severity in _SEVERITIES],
        sources=_by_source(rules),
        complete=_complete(visit),
        bases=_bases(visit),
        questions=[catalogue.questions()[name] for name in QUESTIONS],
        checks=[one for one in catalogue.questions().values() if one.kind == "checks"],
    )


def _rules(visit: Visit, found: dict[str, Any]) -> list[dict[str, Any]]:
    say = Wording(visit)
    rows = []
    for key, row in found["rules"].items():
        rule = known().get(PREFIXES["shape"] + key)
        rows.append(
            {
                "key": key,
                **row,
                "subject": say.subject(rule) if rule else key,
                "says": say.says(rule) if rule else "",
                "classes": [title_of(visit, iri) for iri in rule.classes[:2]] if rule else [],
            }
        )
    return sorted(rows, key=lambda row: (_SEVERITIES.index(row["severity"]), -row["n"]))


def _by_source(rules: list[dict[str, Any]]) -> list[tuple[str, dict[str, int], int]]:
    """Return, for each named graph, the numbers of findings by severity."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rules:
        for graph, n in row["graphs"].items():
            found[graph][row["severity"]] += n
    rows = [(graph, dict(counts), counts.total()) for graph, counts in found.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _answer(visit: Visit, name: str, **values: str) -> list[Row]:
    """Return the answer to a ready question, which is asked once a generation."""
    # Decimals cannot be kept in a file.
    return [
        Row(row)
        for row in visit.context.derived(
            f"answer-{name}",
            lambda: [
                {key: float(one) if isinstance(one, Decimal) else one for key, one in row.items()}
                for row in visit.ask(name, **values)
            ],
        )
    ]


def _complete(visit: Visit) -> dict[str, Any]:
    """Return which share of cluster organisations has what, by country, in per cent."""
    found = _answer(visit, "completeness-per-country", least="1")
    total = max(1, sum(row.organisations for row in found))
    names = visit.names(row.country for row in found[:_COUNTRIES])
    t = visit.words("quality")

    def shaded(share: float) -> tuple[int, str]:
        return round(share), pictures.shade(round(share), _LIMITS)

    return {
        "properties": [
            title_of(visit, CG + name) if CG + name in model().terms else t(name)
            for name in _SHARES
        ],
        "rows": [
            (
                names.get(row.country, row.countryName),
                row.country.removeprefix(CODE + "country/"),
                row.organisations,
                [shaded(row[name]) for name in _SHARES],
            )
            for row in found[:_COUNTRIES]
        ],
        "all": [
            shaded(sum(row[name] * row.organisations for row in found) / total) for name in _SHARES
        ],
        "more": max(0, len(found) - _COUNTRIES),
    }


def _bases(visit: Visit) -> list[dict[str, Any]]:
    """Return how many claims of each property are established in which way.

    Properties whose claims are all stated are left out.
    """
    return [
        {**row, "title": title_of(visit, row.property), "href": visit.link(row.property)}
        for row in _answer(visit, "claims-by-basis")
        if row.estimated or row.derived
    ]


def _rule(visit: Visit, key: str) -> Response:
    """Show what one rule asks and where it is broken."""
    rule = known().get(PREFIXES["shape"] + key)
    if rule is None:
        keys = [one.key for one in known().values()]
        raise UnknownNameError("rule", key, keys)
    say = Wording(visit)
    return page(
        visit,
        "rule",
        rule=rule,
        subject=say.subject(rule),
        says=say.says(rule),
        title=lambda iri: title_of(visit, iri),
        rows=broken(visit, rule) if visit.generation else [],
        judged=bool(visit.generation),
    )


def _checks(visit: Visit) -> Response:
    """Show what the checks find."""
    found = checked(visit)
    questions = catalogue.questions()
    rows = sorted(found["rows"].items(), key=lambda pair: (-pair[1], pair[0]))
    return page(
        visit,
        "checks",
        rows=[(questions[name], n) for name, n in rows],
        left=[(questions[name], why) for name, why in found["left"].items()],
        faults=sum(1 for _, n in rows if n),
        checked=found,
    )


def findings(visit: Visit) -> dict[str, Any]:
    """Return what the shapes find, by rule.

    Returns:
        ``rules``, by key: severity, number, numbers by graph, some examples; ``at``, when it was
        worked out, in seconds since 1970; ``took_s``; ``left``, the names of shapes that the time
        did not suffice for.
    """

    def make() -> dict[str, Any]:
        started = time.monotonic()
        rules: dict[str, dict[str, Any]] = {}
        left = []
        graph, compiled = _shapes_and_graph(visit)
        for shape in compiled.shapes.targeted:
            if time.monotonic() - started > visit.context.budget_s:
                left.append(getattr(shape.node, "value", "").rpartition("#")[2])
                continue
            for result in compiled.results(graph, {shape: None}):
                key = getattr(result.shape, "value", "").rpartition("#")[2]
                row = rules.setdefault(
                    key,
                    {"severity": result.severity.word, "n": 0, "graphs": Counter(),
                     "examples": []},
                )  # fmt: skip
                row["n"] += 1
                row["graphs"][_graph(visit, result)] += 1
                if len(row["examples"]) < _EXAMPLES and isinstance(result.focus, ox.NamedNode):
                    row["examples"].append(result.focus.value)
        took = time.monotonic() - started
        return {"rules": rules, "at": time.time(), "took_s": round(took, 2), "left": left}

    found: dict[str, Any] = visit.context.derived("quality", make)
    return found


def findings_of(visit: Visit, iris: Iterable[str]) -> list[Finding] | None:
    """Validate some things with the shipped shapes, the gravest findings first.

    What needs more than a look at each thing (shapes that only the reference engine can evaluate)
    is left to `clustergraph validate`.

    Returns:
        The findings, no two that say the same of a thing; None: the graph is another server's, and
        cannot be looked at so closely.
    """
    if not visit.generation:
        return None
    graph, compiled = _shapes_and_graph(visit)
    # Records may be blank nodes, which have no name that says anything here.
    nodes = {ox.NamedNode(iri) for iri in islice((iri for iri in iris if ":" in iri), _MOST_NODES)}
    found: dict[tuple[int, str, str, str], Finding] = {}
    for shape in compiled.shapes.targeted:
        with suppress(UsageError):
            for one in compiled.results(graph, {shape: nodes}, store_only=True):
                found[-one.severity, str(one.shape), str(one.focus), one.message] = one
    return [found[key] for key in sorted(found)]


def broken(visit: Visit, rule: Rule) -> list[dict[str, Any]]:
    """Return the findings of one rule, each with the cell that states it where one is known."""

    def make() -> list[dict[str, Any]]:
        graph, compiled = _shapes_and_graph(visit)
        owner = next(s for s in compiled.shapes.targeted if s.node == rule.owner.node)
        results = [
            result
            for result in compiled.results(graph, {owner: None})
            if result.shape == rule.shape.node and isinstance(result.focus, ox.NamedNode)
        ][:_MOST_KEPT]
        return [
            {
                "focus": str(getattr(result.focus, "value", "")),
                "value": str(getattr(result.value, "value", "") or ""),
                "iri": isinstance(result.value, ox.NamedNode) and result.value != result.focus,
                "graph": _graph(visit, result),
                "place": place,
            }
            for result, place in zip(results, _places(results), strict=True)
        ]

    found: list[dict[str, Any]] = visit.context.derived(f"quality-{rule.key}", make)
    return found


def checked(visit: Visit) -> dict[str, Any]:
    """Return what the checks find in what is stated: rows by name; any row is a fault."""

    def make() -> dict[str, Any]:
        started = time.monotonic()
        rows: dict[str, int] = {}
        left: dict[str, str] = {}
        for name, question in catalogue.questions().items():
            if question.kind != "checks":
                continue
            # Another server is not asked eighty questions whenever somebody looks.
            if not visit.generation or time.monotonic() - started > visit.context.budget_s * 1.5:
                left[name] = ""
                continue
            try:
                answer = catalogue.ask(question, visit.engine)
                assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - checks are SELECTs
                rows[name] = sum(1 for _ in answer)
            except ClusterGraphError as error:
                left[name] = str(error)
        took = time.monotonic() - started
        return {"rows": rows, "left": left, "at": time.time(), "took_s": round(took, 2)}

    found: dict[str, Any] = visit.context.derived("checks", make)
    return found


def _shapes_and_graph(visit: Visit) -> tuple[Graph, Compiled]:
    """Return the graph as the SHACL engine reads it, and the compiled shapes; once a worker."""
    # Only now: who reads other pages needs no engine for shapes.
    from clustergraph.shacl.compile import Compiled, Graph
    from clustergraph.shacl.run import shipped_shapes

    graph = visit.once("validated graph", lambda: Graph(visit.context.store))
    return graph, Compiled.of(shipped_shapes())


def _graph(visit: Visit, result: Finding) -> str:
    """Return the name of the graph that states what is wrong, or else the thing itself."""
    focus, predicate = result.focus, result.path.last() if result.path is not None else None
    if not isinstance(focus, ox.NamedNode | ox.BlankNode):
        return ""
    named = None if predicate is None else ox.NamedNode(predicate)
    for property_, value in ((named, result.value), (named, None), (None, None)):
        for quad in visit.context.store.quads_for_pattern(focus, property_, value):
            name = quad.graph_name
            if isinstance(name, ox.NamedNode) and name.value != INFERRED:
                return name.value.removeprefix(GRAPH)
    return ""


def _places(results: list[Finding]) -> list[dict[str, Any] | None]:
    """Return the cells that state what was found, as far as the shipped tables hold it."""
    from clustergraph.shacl.locate import located
    from clustergraph.validation.whole import kept

    whole = None
    # With tables mended at this moment there are no cells.
    with suppress(ClusterGraphError):
        whole = kept()
    if whole is None:
        return [None] * len(results)
    placed = located(results, whole.statements(one.focus for one in results))
    # Relative to the data, as addresses have it.
    room = artefacts.room("data")
    return [
        {"file": place.path.relative_to(room).as_posix(), "row": place.row, "column": place.column}
        if (place := one.place)
        else None
        for one in placed
    ]
