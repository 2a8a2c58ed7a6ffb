"""Policy and money: who funds an ecosystem, what implements which strategy, and the gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from clustergraph.pages import figures, pictures
from clustergraph.pages.figures import COUNTRY
from clustergraph.pages.frame import page
from clustergraph.pages.question import translations
from clustergraph.pages.rendering import query
from clustergraph.protocol import Response
from clustergraph.vocab import ID

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit
    from clustergraph.pages.words import Words

# Each step of the chain: where it comes from and where it goes to.
_STEPS: Final = ("strategy-programme", "programme-initiative", "initiative-eurocluster")
_GAPS: Final = (
    "strategies-unfunded", "programmes-aimless", "programmes-without-amount",
    "initiatives-unfunded", "ecosystems-without-eurocluster", "euroclusters-without-amount",
)  # fmt: skip
_STRATEGY: Final = ID + "strategy/"


def show(visit: Visit) -> Response:
    """Show who funds an ecosystem, the programmes in time, what follows a strategy, and gaps."""
    texts = {
        name: query(f"policy-{name}") for name in ("ecosystems", "programmes", *_STEPS, *_GAPS)
    }
    asked_rows = {name: visit.select(text) for name, text in texts.items()}
    found = figures.by_name(visit, {row.thing: row.name for row in asked_rows["ecosystems"]})
    ecosystems = {iri.rpartition("/")[2]: name for iri, name in found.items()}
    countries = figures.by_name(visit, figures.countries(visit))
    ecosystem = visit.choice("ecosystem", ecosystems)
    country = visit.choice("country", countries)
    asked = {"ecosystem": ecosystem} | ({"country": country} if country else {})
    strategies = visit.parameters.get("strategy", [])
    steps = {name: asked_rows[name] for name in _STEPS}
    scope = "all" if visit.parameter("scope") == "all" else "eu"
    programmes = [row for row in asked_rows["programmes"] if scope == "all" or not row.country]
    funding = visit.ask("programmes-for-ecosystem", **asked) if ecosystem else []
    known = translations(visit)
    for row in funding:
        row["examples"] = "; ".join(known.get(one, one) for one in row.examples.split("; "))
    return page(
        visit,
        "policy",
        names=visit.names(row.programme for row in funding),
        pictures=[_line(visit, programmes)],
        ecosystems=ecosystems,
        ecosystem=ecosystem,
        countries=countries,
        country=country,
        funding=funding,
        asked=asked,
        steps=_along(steps, {_STRATEGY + slug for slug in strategies}),
        strategies={row["from"].removeprefix(_STRATEGY): row.fromName for row in steps[_STEPS[0]]},
        chosen=strategies,
        programmes=programmes,
        scope=scope,
        gaps={name: asked_rows[name] for name in _GAPS},
        queries={name: visit.query_text(text) for name, text in texts.items()},
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
    spans = [
        pictures.Span(
            row.name, row.start, row.end, 2 if row.country else 0, _budget(t, row),
            visit.link(row.thing),
        )
        for row in programmes
    ]  # fmt: skip
    kinds = {0: t("european"), 2: t("national")}
    description = t("line-description", n=len(spans))
    return pictures.timeline("programmes-line", t("programmes"), description, spans, kinds)


def _budget(t: Words, row: Row) -> str:
    """Return a programme's budget; from the least to the most where sources differ."""
    amounts = [float(amount) for amount in (row.least, row.most) if amount]
    written = [
        t("billion", amount=round(amount / 1e9, 1))
        if amount >= 1e9
        else t("million", amount=round(amount / 1e6, 1))
        for amount in amounts
    ]
    return " – ".join(dict.fromkeys(written))
