"""Policy and money: who funds an ecosystem, what implements which strategy, and the gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from clustergraph.errors import UnknownNameError
from clustergraph.pages import charts, figures
from clustergraph.pages.figures import COUNTRY, name_of
from clustergraph.pages.frame import page
from clustergraph.protocol import Response
from clustergraph.vocab import CODE, ID

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit
    from clustergraph.pages.words import Words

__all__ = ["show"]

# Each step of the chain: where it comes from and where it goes to.
_STEP: Final = """SELECT DISTINCT ?from ?fromName ?to ?toName
WHERE {{
  {pattern}
  {names}
}}
ORDER BY ?fromName ?toName"""
_STEPS: Final[Mapping[str, str]] = {
    "strategy-programme": _STEP.format(
        pattern="""?to a cg:FundingProgramme ; cg:implements ?from .
  FILTER EXISTS { ?from a cg:Strategy }""",
        names=name_of("?from", "fromName") + "\n  " + name_of("?to", "toName"),
    ),
    # Without a limit, which is never reached, the engine would look up all names first: ten times
    # the time.
    "programme-initiative": _STEP.format(
        pattern="""{
    SELECT DISTINCT ?from ?to WHERE {
      ?to cg:fundedBy ?from .
      FILTER EXISTS { ?to a/rdfs:subClassOf* cg:PolicyInitiative }
      FILTER EXISTS { ?from a cg:FundingProgramme }
    }
    LIMIT 100000
  }""",
        names=name_of("?from", "fromName") + "\n  " + name_of("?to", "toName"),
    ),
    "initiative-eurocluster": _STEP.format(
        pattern="""?to cg:partOf ?from ; cg:acronym ?toName .
  FILTER EXISTS { ?to a cg:Eurocluster }
  FILTER EXISTS { ?from a/rdfs:subClassOf* cg:PolicyInitiative }""",
        names=name_of("?from", "fromName"),
    ),
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
  {name_of("?thing")}
}}
GROUP BY ?thing ?name ?start ?end ?country
ORDER BY ?start ?end ?name"""
_NAMED: Final = """SELECT DISTINCT ?thing ?name
WHERE {{
  {pattern}
  {name}
}}
ORDER BY ?name"""
_ECOSYSTEMS: Final = _NAMED.format(
    pattern="?thing a cg:IndustrialEcosystem .", name=name_of("?thing")
)
_GAPS: Final[Mapping[str, str]] = {
    key: _NAMED.format(
        pattern=pattern,
        name="?thing cg:acronym ?name" if key.startswith("euroclusters") else name_of("?thing"),
    )
    for key, pattern in {
        "strategies-unfunded": """?thing a cg:Strategy .
  FILTER NOT EXISTS { ?by cg:implements ?thing }""",
        "programmes-aimless": """?thing a cg:FundingProgramme .
  FILTER NOT EXISTS { ?thing cg:implements|cg:partOf/cg:implements ?strategy }""",
        "programmes-without-amount": """?thing a cg:FundingProgramme .
  FILTER NOT EXISTS { ?amount cg:amountOf ?thing }""",
        "initiatives-unfunded": """?thing a/rdfs:subClassOf* cg:PolicyInitiative .
  FILTER NOT EXISTS { ?thing cg:fundedBy ?programme }""",
        "ecosystems-without-eurocluster": """?thing a cg:IndustrialEcosystem .
  FILTER NOT EXISTS { ?eurocluster cg:targetsEcosystem ?thing ; a cg:Eurocluster }""",
        "euroclusters-without-amount": """?thing a cg:Eurocluster .
  FILTER NOT EXISTS { ?amount cg:amountOf ?thing }""",
    }.items()
}
_SCOPES: Final = ("eu", "all")
_BILLION: Final = 1_000_000_000
_MILLION: Final = 1_000_000


def show(visit: Visit) -> Response:
    """Show who funds an ecosystem, the programmes in time, what follows a strategy, and gaps."""
    language = {"language": visit.tongue}
    found = figures.by_name(
        visit, {row.thing: row.name for row in visit.select(_ECOSYSTEMS, **language)}
    )
    ecosystems = {iri.rpartition("/")[2]: name for iri, name in found.items()}
    countries = figures.by_name(visit, figures.countries(visit))
    ecosystem, country = visit.parameter("ecosystem"), visit.parameter("country").upper()
    for kind, chosen, known in (
        ("ecosystem", ecosystem, ecosystems), ("country", country, countries)
    ):  # fmt: skip
        if chosen and chosen not in known:
            raise UnknownNameError(kind, chosen, known)
    asked = {"ecosystem": ecosystem} | ({"country": country} if country else {})
    strategies = visit.parameters.get("strategy", [])
    steps = {name: visit.select(query, **language) for name, query in _STEPS.items()}
    scope = "all" if visit.parameter("scope") == "all" else "eu"
    programmes = [
        row for row in visit.select(_PROGRAMMES, **language) if scope == "all" or not row.country
    ]
    funding: dict[str, list[Row]] = {}
    for row in visit.ask("programmes-for-ecosystem", **asked) if ecosystem else ():
        funding.setdefault(row.link, []).append(row)
    return page(
        visit,
        "policy",
        names=visit.names(row.programme for rows in funding.values() for row in rows),
        pictures=[_line(visit, programmes)],
        ecosystems=ecosystems,
        ecosystem=ecosystem,
        countries=countries,
        country=country,
        funding=funding,
        asked=asked,
        steps=_along(steps, {ID + "strategy/" + slug for slug in strategies}),
        strategies={
            row["from"].removeprefix(ID + "strategy/"): row.fromName
            for row in steps["strategy-programme"]
        },
        chosen=strategies,
        programmes=programmes,
        scope=scope,
        scopes=_SCOPES,
        gaps={name: visit.select(query, **language) for name, query in _GAPS.items()},
        queries={
            name: visit.query_text(query, **language)
            for name, query in {"programmes": _PROGRAMMES, **_STEPS, **_GAPS}.items()
        },
        money=lambda row: _budget(visit.words("policy"), row),
        code=lambda iri: iri.removeprefix(COUNTRY),
    )


def _along(steps: Mapping[str, list[Row]], strategies: set[str]) -> Mapping[str, list[Row]]:
    """Return the steps that lead on from some strategies; from all, if there are none."""
    if not strategies:
        return steps
    reached, found = strategies, {}
    for name, rows in steps.items():
        found[name] = [row for row in rows if row["from"] in reached]
        reached = {row.to for row in found[name]}
    return found


def _line(visit: Visit, programmes: list[Row]) -> Picture | None:
    t = visit.words("policy")
    found = []
    for row in programmes:
        start, end = charts.moment(row.start), charts.moment(row.end, last=True)
        if start is not None:
            note = "–".join(part for part in (row.start, row.end) if part)
            note = ", ".join(part for part in (note, _budget(t, row)) if part)
            series = 2 if row.country else 0
            found.append(charts.Span(row.name, start, end, series, note, visit.link(row.thing)))
    kinds = [(t("european"), 0)]
    if any(row.country for row in programmes):
        kinds.append((t("national"), 2))
    description = t("line-description", n=len(found))
    return charts.timeline("programmes-line", t("programmes"), description, found, kinds)


def _budget(t: Words, row: Row) -> str:
    """Return a programme's budget; from the least to the most where sources differ."""
    amounts = (amount for amount in (row.least, row.most) if amount)
    return " – ".join(
        dict.fromkeys(
            t("billion", amount=round(amount / _BILLION, 1))
            if amount >= _BILLION
            else t("million", amount=round(amount / _MILLION, 1))
            for amount in amounts
        )
    )
