"""Policy and money: who funds an ecosystem, what implements which strategy, and the gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from clustergraph.errors import UnknownNameError
from clustergraph.pages import spans
from clustergraph.pages.country import COUNTRY, named
from clustergraph.pages.frame import page
from clustergraph.protocol import Response
from clustergraph.vocab import CODE, ID

if TYPE_CHECKING:
    from decimal import Decimal

    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit
    from clustergraph.pages.words import Words

__all__ = ["show"]

_NAMED: Final = """{thing} rdfs:label ?{name}In FILTER(LANG(?{name}In) = "en")
  OPTIONAL {{ {thing} rdfs:label ?{name}Own FILTER(LANG(?{name}Own) = $language) }}
  BIND(COALESCE(?{name}Own, ?{name}In) AS ?{name})"""


def _named(thing: str, name: str) -> str:
    return _NAMED.format(thing=thing, name=name)


# Each step of the chain: where it comes from and where it goes to.
_STEPS: Final[Mapping[str, str]] = {
    "strategy-programme": f"""SELECT DISTINCT ?from ?fromName ?to ?toName
WHERE {{
  ?to a cg:FundingProgramme ; cg:implements ?from .
  FILTER EXISTS {{ ?from a cg:Strategy }}
  {_named("?from", "fromName")}
  {_named("?to", "toName")}
}}
ORDER BY ?fromName ?toName""",
    # Without a limit, which is never reached, the engine would look up all names first: ten times
    # the time.
    "programme-initiative": f"""SELECT ?from ?fromName ?to ?toName
WHERE {{
  {{
    SELECT DISTINCT ?from ?to WHERE {{
      ?to cg:fundedBy ?from .
      FILTER EXISTS {{ ?to a/rdfs:subClassOf* cg:PolicyInitiative }}
      FILTER EXISTS {{ ?from a cg:FundingProgramme }}
    }}
    LIMIT 100000
  }}
  {_named("?from", "fromName")}
  {_named("?to", "toName")}
}}
ORDER BY ?fromName ?toName""",
    "initiative-eurocluster": f"""SELECT DISTINCT ?from ?fromName ?to ?toName
WHERE {{
  ?to cg:partOf ?from ; cg:acronym ?toName .
  FILTER EXISTS {{ ?to a cg:Eurocluster }}
  FILTER EXISTS {{ ?from a/rdfs:subClassOf* cg:PolicyInitiative }}
  {_named("?from", "fromName")}
}}
ORDER BY ?fromName ?toName""",
}
_PROGRAMMES: Final = f"""SELECT ?thing ?name ?start ?end ?country
       (MIN(?euro) AS ?least) (MAX(?euro) AS ?most)
WHERE {{
  ?thing a cg:FundingProgramme ; cg:periodStart ?start .
  OPTIONAL {{ ?thing cg:periodEnd ?end }}
  OPTIONAL {{ ?thing cg:country ?country }}
  OPTIONAL {{
    ?amount cg:amountOf ?thing ; cg:amountKind <{CODE}amount-kind/budget> ;
            cg:currency <{CODE}currency/EUR> ; cg:amountValue ?euro .
  }}
  {_named("?thing", "name")}
}}
GROUP BY ?thing ?name ?start ?end ?country
ORDER BY ?start ?end ?name"""
_GAPS: Final[Mapping[str, str]] = {
    "strategies-unfunded": f"""SELECT ?thing ?name
WHERE {{
  ?thing a cg:Strategy .
  FILTER NOT EXISTS {{ ?by cg:implements ?thing }}
  {_named("?thing", "name")}
}}
ORDER BY ?name""",
    "programmes-aimless": f"""SELECT ?thing ?name
WHERE {{
  ?thing a cg:FundingProgramme .
  FILTER NOT EXISTS {{ ?thing cg:implements ?strategy }}
  FILTER NOT EXISTS {{ ?thing cg:partOf/cg:implements ?strategy }}
  {_named("?thing", "name")}
}}
ORDER BY ?name""",
    "programmes-without-amount": f"""SELECT ?thing ?name
WHERE {{
  ?thing a cg:FundingProgramme .
  FILTER NOT EXISTS {{ ?amount cg:amountOf ?thing }}
  {_named("?thing", "name")}
}}
ORDER BY ?name""",
    "initiatives-unfunded": f"""SELECT DISTINCT ?thing ?name
WHERE {{
  ?thing a/rdfs:subClassOf* cg:PolicyInitiative .
  FILTER NOT EXISTS {{ ?thing cg:fundedBy ?programme }}
  {_named("?thing", "name")}
}}
ORDER BY ?name""",
    "ecosystems-without-eurocluster": f"""SELECT ?thing ?name
WHERE {{
  ?thing a cg:IndustrialEcosystem .
  FILTER NOT EXISTS {{ ?eurocluster cg:targetsEcosystem ?thing ; a cg:Eurocluster }}
  {_named("?thing", "name")}
}}
ORDER BY ?name""",
    "euroclusters-without-amount": """SELECT ?thing ?name
WHERE {
  ?thing a cg:Eurocluster ; cg:acronym ?name .
  FILTER NOT EXISTS { ?amount cg:amountOf ?thing }
}
ORDER BY ?name""",
}
_ECOSYSTEMS: Final = f"""SELECT ?thing ?name
WHERE {{
  ?thing a cg:IndustrialEcosystem .
  {_named("?thing", "name")}
}}
ORDER BY ?name"""
_SCOPES: Final = ("eu", "all")
_BILLION: Final = 1_000_000_000
_MILLION: Final = 1_000_000


def show(visit: Visit) -> Response:
    """Show who funds an ecosystem, the programmes in time, what follows a strategy, and gaps."""
    rows = sorted(_asked(visit, _ECOSYSTEMS), key=lambda row: visit.order(row.name))
    ecosystems = {row.thing.rpartition("/")[2]: row.name for row in rows}
    names = named(visit)
    ecosystem, country = visit.parameter("ecosystem"), visit.parameter("country").upper()
    for kind, chosen, known in (
        ("ecosystem", ecosystem, ecosystems), ("country", country, names)
    ):  # fmt: skip
        if chosen and chosen not in known:
            raise UnknownNameError(kind, chosen, known)
    asked = {"ecosystem": ecosystem} | ({"country": country} if country else {})
    strategies = visit.parameters.get("strategy", [])
    steps = {name: _asked(visit, query) for name, query in _STEPS.items()}
    scope = visit.parameter("scope")
    scope = scope if scope in _SCOPES else _SCOPES[0]
    programmes = [
        row for row in _asked(visit, _PROGRAMMES) if scope == "all" or row.country is None
    ]
    funding = visit.ask("programmes-for-ecosystem", **asked) if ecosystem else []
    return page(
        visit,
        "policy",
        names=visit.names(row.programme for row in funding),
        pictures=_line(visit, programmes),
        ecosystems=ecosystems,
        ecosystem=ecosystem,
        countries=dict(sorted(names.items(), key=lambda item: visit.order(item[1]))),
        country=country,
        funding=_by_link(funding),
        asked=asked,
        steps=_along(steps, {ID + "strategy/" + slug for slug in strategies}),
        step_queries={name: _written(visit, query) for name, query in _STEPS.items()},
        strategies=_choices(steps["strategy-programme"]),
        chosen=strategies,
        programmes=programmes,
        programmes_query=_written(visit, _PROGRAMMES),
        scope=scope,
        scopes=_SCOPES,
        gaps={name: _asked(visit, query) for name, query in _GAPS.items()},
        gap_queries={name: _written(visit, query) for name, query in _GAPS.items()},
        money=lambda row: _told(visit.words("policy"), row),
        code=lambda iri: iri.removeprefix(COUNTRY),
    )


def _by_link(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the programmes of an ecosystem by what links them to it."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.link, []).append(row)
    return found


def _asked(visit: Visit, query: str) -> list[Row]:
    return visit.select(query, **_terms(visit, query))


def _written(visit: Visit, query: str) -> str:
    return visit.query_text(query, **_terms(visit, query))


def _terms(visit: Visit, query: str) -> dict[str, Any]:
    return {"language": visit.tongue} if "$language" in query else {}


def _choices(rows: list[Row]) -> dict[str, str]:
    """Return the names of the strategies that something implements, by the ends of their IRIs."""
    return {row["from"].removeprefix(ID + "strategy/"): row.fromName for row in rows}


def _along(steps: Mapping[str, list[Row]], strategies: set[str]) -> dict[str, list[Row]]:
    """Return the steps that lead on from some strategies; from all, if there are none."""
    if not strategies:
        return dict(steps)
    reached, found = strategies, {}
    for name, rows in steps.items():
        found[name] = [row for row in rows if row["from"] in reached]
        reached = {row.to for row in found[name]}
    return found


def _line(visit: Visit, programmes: list[Row]) -> list[Picture]:
    t = visit.words("policy")
    found = []
    for row in programmes:
        start = spans.moment(row.start)
        if start is not None:
            years = "–".join(part for part in (row.start, row.end) if part)
            note = f"{years}, {_told(t, row)}" if row.most else years
            end = spans.moment(row.end, last=True)
            found.append(
                spans.Span(
                    row.name,
                    start,
                    end,
                    0 if row.country is None else 2,
                    note,
                    visit.link(row.thing),
                )
            )
    if not found:
        return []
    kinds = [(t("european"), 0)]
    if any(row.country for row in programmes):
        kinds.append((t("national"), 2))
    description = t("line-description", n=len(found))
    return [spans.timeline("programmes-line", t("programmes"), description, found, kinds)]


def _told(t: Words, row: Row) -> str:
    """Return a programme's budget; from the least to the most where sources differ."""
    amounts = dict.fromkeys(_money(t, amount) for amount in (row.least, row.most) if amount)
    return " – ".join(amounts)


def _money(t: Words, amount: Decimal) -> str:
    """Return an amount in euros as people say it."""
    if amount >= _BILLION:
        return t("billion", amount=round(amount / _BILLION, 1))
    return t("million", amount=round(amount / _MILLION, 1))
