"""How good the data are: findings, completeness, judgements, contradictions, age, and checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from clustergraph.errors import UnknownNameError
from clustergraph.pages import audit, charts
from clustergraph.pages.frame import page
from clustergraph.pages.lexicon import named, title_of
from clustergraph.pages.rules import Wording, known
from clustergraph.pages.visit import Row, Term
from clustergraph.protocol import Response
from clustergraph.protocol.derived import derived
from clustergraph.questions import catalogue
from clustergraph.vocab import CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["show"]

_COUNTRIES: Final = 20
_PROPERTIES: Final = (
    "rdf:type", "cg:website", "cg:region", "cg:place", "cg:foundingYear", "cg:ecosystem",
    "cg:sector", "cg:technology", "cg:eccpProfile", "dcterms:source",
)  # fmt: skip
_COMPLETE: Final = f"""SELECT ?country ?name ?property (COUNT(DISTINCT ?thing) AS ?n)
WHERE {{
  VALUES ?property {{ {" ".join(_PROPERTIES)} }}
  ?thing a cg:ClusterOrganisation ; cg:country ?country .
  FILTER EXISTS {{ ?thing ?property ?value }}
  ?country skos:prefLabel ?name . FILTER(LANG(?name) = $language)
}}
GROUP BY ?country ?name ?property"""
_BASES: Final = """SELECT ?property ?basis (COUNT(DISTINCT ?claim) AS ?n)
WHERE { ?claim a cg:Claim ; cg:claimProperty ?property ; cg:basis ?basis }
GROUP BY ?property ?basis"""
_CONTRADICTIONS: Final = """SELECT ?property (COUNT(*) AS ?n)
WHERE {
  ?claim cg:contradicts ?other ; cg:claimProperty ?property .
  FILTER(STR(?claim) < STR(?other))
}
GROUP BY ?property
ORDER BY DESC(?n)"""
_AGES: Final = """SELECT ?year (COUNT(DISTINCT ?record) AS ?n)
WHERE {
  ?record cg:claimYear|cg:figureYear|cg:statedYear ?told .
  BIND(SUBSTR(STR(?told), 1, 4) AS ?year)
}
GROUP BY ?year
ORDER BY DESC(?year)"""
_SITES: Final = """SELECT ?site (COUNT(DISTINCT ?record) AS ?n)
WHERE {
  ?record dcterms:source ?source .
  BIND(REPLACE(STR(?source), "^https?://(www[.])?([^/]+).*$", "$2") AS ?site)
}
GROUP BY ?site
ORDER BY DESC(?n)
LIMIT 10"""
_YEARS: Final = 12
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
        complete_query=visit.query_text(_COMPLETE, language=visit.tongue),
        bases=_bases(visit),
        bases_query=_BASES,
        contradictions=[
            (*named(visit, row.property), row.n)
            for row in _kept(visit, "contradictions", _CONTRADICTIONS)
        ],
        contradictions_query=_CONTRADICTIONS,
        ages=_ages(visit),
        ages_query=_AGES,
        sites=_kept(visit, "sites", _SITES),
        sites_query=_SITES,
        checks=sum(one.kind == "checks" for one in catalogue.questions().values()),
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


def _kept(visit: Visit, name: str, text: str, **terms: Term) -> list[Row]:
    """Return the rows of a query that is asked once a generation."""
    return [Row(row) for row in derived(visit.context, name, lambda: visit.select(text, **terms))]


def _complete(visit: Visit) -> dict[str, Any]:
    """Return which share of cluster organisations has what, by country, in per cent."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    names = {}
    for row in _kept(visit, f"complete-{visit.language}", _COMPLETE, language=visit.tongue):
        counts[row.country][row.property] = row.n
        names[row.country] = row.name
    type_, *wanted = (_iri(one) for one in _PROPERTIES)
    ordered = sorted(counts, key=lambda one: (-counts[one][type_], names[one]))
    rows = []
    for country in ordered[:_COUNTRIES]:
        total = counts[country][type_]
        cells = []
        for iri in wanted:
            share = round(100 * counts[country].get(iri, 0) / total)
            cells.append((share, charts.shade(share, _LIMITS)))
        rows.append((names[country], country.removeprefix(CODE + "country/"), total, cells))
    everywhere = [
        round(
            100
            * sum(row.get(iri, 0) for row in counts.values())
            / max(1, sum(row[type_] for row in counts.values()))
        )
        for iri in wanted
    ]
    return {
        "properties": [named(visit, iri) for iri in wanted],
        "rows": rows,
        "all": [(share, charts.shade(share, _LIMITS)) for share in everywhere],
        "limits": _LIMITS,
        "more": max(0, len(ordered) - _COUNTRIES),
    }


def _bases(visit: Visit) -> list[dict[str, Any]]:
    """Return how claims were come by, by property: shares in per cent, and numbers."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _kept(visit, "bases", _BASES):
        found[row.property][row.basis.rpartition("/")[2]] += row.n
    rows = []
    for iri, counts in sorted(found.items(), key=lambda pair: -pair[1].total()):
        at, parts = 0.0, []
        for basis in ("stated", "estimated", "derived"):
            share = 100 * counts[basis] / counts.total()
            parts.append((basis, round(at, 1), round(share, 1)))
            at += share
        rows.append(
            {"title": title_of(visit, iri), "href": visit.link(iri), "parts": parts, **counts,
             "total": counts.total()}
        )  # fmt: skip
    return rows


def _ages(visit: Visit) -> dict[str, Any]:
    rows: list[Row] = _kept(visit, "ages", _AGES)
    t = visit.words("quality")
    recent = [row for row in rows if row.year.isdigit()][:_YEARS]
    older = sum(row.n for row in rows) - sum(row.n for row in recent)
    bars = [(row.year, row.n, "") for row in recent]
    if older:
        bars.append((t("older"), older, ""))
    return {
        "rows": bars,
        "picture": charts.bars("ages", t("ages"), t("ages-desc"), bars),
    }


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


def _iri(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local
