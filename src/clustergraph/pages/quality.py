"""How good the data are: findings of the rules, completeness, how claims were made, checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.pages import audit, charts
from clustergraph.pages.frame import page
from clustergraph.pages.lexicon import named, title_of
from clustergraph.pages.naming import called, names_of
from clustergraph.pages.rules import Wording, known
from clustergraph.pages.visit import Row, value
from clustergraph.protocol import Response
from clustergraph.protocol.derived import derived
from clustergraph.questions import catalogue
from clustergraph.vocab import CG, CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["show"]

_COUNTRIES: Final = 20
_SHARES: Final = ("website", "region", "foundingYear", "ecosystem", "sector", "members")
QUESTIONS: Final = (
    "contradicting-claims", "contradicting-figures", "only-estimated", "undated-figures",
    "sources-by-claims", "completeness-per-country", "claims-by-basis",
)  # fmt: skip
"""Ready questions about what the data can be relied on for."""
_LIMITS: Final = (20, 40, 60, 80)
_SEVERITIES: Final = ("violation", "warning", "info")


def show(visit: Visit) -> Response:
    """Show the state of the data, the findings of one rule, or what the checks find."""
    name = visit.captured.get("name", "")
    if name == "checks":
        return _checks(visit)
    if name:
        return _rule(visit, name)
    found = audit.findings(visit) if visit.generation else None
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
                "examples": [(iri.rpartition("/")[2], visit.link(iri)) for iri in row["examples"]],
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

    def make() -> list[dict[str, Any]]:
        given = {key: [text] for key, text in values.items()}
        answer = catalogue.ask(catalogue.questions()[name], visit.engine, given)
        assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - these are SELECTs
        names = [variable.value for variable in answer.variables]
        return [{key: _plain(value(row[key])) for key in names} for row in answer]

    return [Row(row) for row in derived(visit.context, f"answer-{name}", make)]


def _plain(found: Any) -> Any:
    """Return a value as it can be kept in a file."""
    return float(found) if isinstance(found, Decimal) else found


def _complete(visit: Visit) -> dict[str, Any]:
    """Return which share of cluster organisations has what, by country, in per cent."""
    found = _answer(visit, "completeness-per-country", least="1")
    total = sum(row.organisations for row in found)
    countries = [ox.NamedNode(row.country) for row in found[:_COUNTRIES]]
    names = called(names_of(visit.engine, countries), visit.language)
    t = visit.words("quality")
    everywhere = [
        round(sum(row[name] * row.organisations for row in found) / max(1, total))
        for name in _SHARES
    ]
    return {
        "properties": [t(name) if t.has(name) else title_of(visit, CG + name) for name in _SHARES],
        "rows": [
            (
                names.get(row.country, row.countryName),
                row.country.removeprefix(CODE + "country/"),
                row.organisations,
                [_shaded(row[name]) for name in _SHARES],
            )
            for row in found[:_COUNTRIES]
        ],
        "all": list(map(_shaded, everywhere)),
        "more": max(0, len(found) - _COUNTRIES),
    }


def _shaded(share: float) -> tuple[int, str]:
    return round(share), charts.shade(round(share), _LIMITS)


def _bases(visit: Visit) -> list[dict[str, Any]]:
    """Return how claims were established, by property: shares in per cent, and numbers.

    Properties whose claims are all stated are left out.
    """
    rows = []
    for row in _answer(visit, "claims-by-basis"):
        if not row.estimated and not row.derived:
            continue
        total = row.stated + row.estimated + row.derived
        at, parts = 0.0, []
        for basis in ("stated", "estimated", "derived"):
            share = 100 * row[basis] / total
            parts.append((basis, round(at, 1), round(share, 1)))
            at += share
        title, href = title_of(visit, row.property), visit.link(row.property)
        rows.append({**row, "title": title, "href": href, "parts": parts})
    return rows


def _rule(visit: Visit, key: str) -> Response:
    """Show what one rule asks and where it is broken."""
    rule = known().get(PREFIXES["shape"] + key)
    if rule is None:
        keys = [one.key for one in known().values()]
        raise UnknownNameError("rule", key, keys)
    say = Wording(visit)
    rows = audit.broken(visit, rule) if visit.generation else []
    return page(
        visit,
        "rule",
        rule=rule,
        subject=say.subject(rule),
        says=say.says(rule),
        classes=[named(visit, iri) for iri in rule.classes],
        rows=[
            {
                **row,
                "name": row["focus"].rpartition("/")[2],
                "href": visit.link(row["focus"]),
                "value_href": visit.link(row["value"]) if row["iri"] else "",
            }
            for row in rows
        ],
        judged=bool(visit.generation),
    )


def _checks(visit: Visit) -> Response:
    """Show what the checks find."""
    found = audit.checked(visit)
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
