"""The answers of the competency questions, counted again from the tables without SPARQL.

Each count reads ``data/*.csv`` row by row and must come to the rows of the answer. So a kept answer
rests on two legs, the query and the count.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph import artefacts
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.vocab import CG, CODE, ID, PREFIXES

Row = dict[str, str]
Fact = tuple[str, ...]

RECOUNTS: Final[dict[str, tuple[str, Callable[[], Iterable[Fact]]]]] = {}
"""Question → the columns that were counted again, and the count."""

PARTNERS: Final = ("ClusterOrganisation", "TechnologyPlatform")

Counting = Callable[[], Iterable[Fact]]


def recount(question: str, columns: str) -> Callable[[Counting], Counting]:
    """Register a count of the rows of a question's answer, over some of its columns."""

    def register(count: Counting) -> Counting:
        RECOUNTS[question] = columns, count
        return count

    return register


@cache
def table(name: str) -> list[Row]:
    """Return the rows of a table."""
    with (artefacts.room("data") / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def items(cell: str) -> list[str]:
    """Return the items of a cell that holds a list."""
    return cell.split("|") if cell else []


def short(term: object) -> str:
    """Return a term as a table writes it: a key, a code, a number or a text; "" for nothing."""
    if term is None:
        return ""
    assert isinstance(term, ox.NamedNode | ox.Literal)
    text = term.value
    if isinstance(term, ox.Literal):
        return number(text) if term.datatype.value == PREFIXES["xsd"] + "decimal" else text
    for namespace in (ID, CG, PREFIXES["nuts"], PREFIXES["nace"]):
        if text.startswith(namespace):
            return text.removeprefix(namespace)
    return text.rpartition("/")[2] if text.startswith(CODE) else text


def number(text: str) -> str:
    """Return a number without zeros that mean nothing."""
    return f"{Decimal(text).normalize():f}"


def organisations(kind: str = "ClusterOrganisation") -> Iterator[Row]:
    """Yield the organisations of a kind, whichever table they stand in."""
    for row in table("cluster_organisations") + table("organisations"):
        if kind in items(row["kind"]):
            yield row


def per(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return how many different things each group has, from pairs of group and thing."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for group, thing in pairs:
        groups[group].add(thing)
    return {group: len(things) for group, things in groups.items()}


def joined(*names: str) -> dict[str, Row]:
    """Return the rows of tables by their key."""
    return {row["id"]: row for name in names for row in table(name)}


def links(name: str) -> Iterator[tuple[str, str]]:
    """Yield subject and object of each stated relation of a property."""
    return ((row["subject"], row["object"]) for row in table("links") if row["property"] == name)


def amounts(prefix: str, kind: str = "") -> Iterator[Row]:
    """Yield the sums told of things whose key begins with ``prefix``."""
    for row in table("amounts"):
        if row["amount_of"].startswith(prefix) and kind in {"", row["kind"]}:
            yield row


def level(award: Row) -> str:
    """Return the level of a label award."""
    return award["label"].removeprefix("label/")


@recount("clusters-per-country", "country clusterOrganisations technologyPlatforms")
def _() -> Iterator[Fact]:
    clusters = Counter(row["country"] for row in organisations())
    platforms = Counter(row["country"] for row in organisations("TechnologyPlatform"))
    for country in clusters | platforms:
        yield country, str(clusters[country]), str(platforms[country])


@recount("clusters-per-ecosystem", "ecosystem organisations stated judged countries")
def _() -> Iterator[Fact]:
    seats = joined("cluster_organisations", "organisations")
    rows = table("ecosystem_links")
    whole = per((row["ecosystem"], row["subject"]) for row in rows)
    told = per((row["ecosystem"], row["subject"]) for row in rows if row["basis"] == "stated")
    judged = per((row["ecosystem"], row["subject"]) for row in rows if row["basis"] == "estimated")
    lands = per((row["ecosystem"], seats[row["subject"]]["country"]) for row in rows)
    for key in joined("ecosystems"):
        counts = (group.get(key, 0) for group in (whole, told, judged, lands))
        yield (key, *map(str, counts))


@recount("clusters-per-country-and-ecosystem", "organisations")
def _() -> Iterator[Fact]:
    seats = joined("cluster_organisations", "organisations")
    found = per(
        (seats[row["subject"]]["country"] + row["ecosystem"], row["subject"])
        for row in table("ecosystem_links")
    )
    for country in ("AT", "CZ", "DE", "PL", "SK"):
        for key in joined("ecosystems"):
            yield (str(found.get(country + key, 0)),)


@recount("ecosystems-lacking-in-country", "country ecosystem elsewhere")
def _() -> Iterator[Fact]:
    seats = joined("cluster_organisations", "organisations")
    has = {(seats[row["subject"]]["country"], row["ecosystem"]) for row in table("ecosystem_links")}
    all_over = per((row["ecosystem"], row["subject"]) for row in table("ecosystem_links"))
    for country in ("AT", "CZ", "SK"):
        for key in joined("ecosystems"):
            if (country, key) not in has:
                yield country, key, str(all_over.get(key, 0))


@recount("label-holders-per-country", "country holders gold silver bronze")
def _() -> Iterator[Fact]:
    seats = joined("cluster_organisations", "organisations")
    awards = [(seats[row["holder"]]["country"], level(row), row) for row in table("label_awards")]
    whole = per((country, row["holder"]) for country, _, row in awards)
    levels = [
        per((country, row["holder"]) for country, found, row in awards if found == wanted)
        for wanted in ("gold", "silver", "bronze")
    ]
    for country, holders in whole.items():
        yield (country, str(holders), *(str(group.get(country, 0)) for group in levels))


@recount("label-awards-by-year", "year level awards")
def _() -> Iterator[Fact]:
    found = Counter((row["awarded"][:4], level(row).title()) for row in table("label_awards"))
    return ((year, name, str(count)) for (year, name), count in found.items())


@recount("labels-expiring", "expires holder award")
def _() -> Iterator[Fact]:
    for row in table("label_awards"):
        if row["expires"].startswith("2018"):
            yield row["expires"], row["holder"], row["id"]


@recount("labels-held-at", "holder expires")
def _() -> Iterator[Fact]:
    years = {key: int(row["validity_years"] or 2) for key, row in joined("labels").items()}
    day = "2017-06-30"
    for row in table("label_awards"):
        expires = row["expires"]
        if expires and expires >= day[: len(expires)]:
            reckoned = f"{int(expires[:4]) - years[row['label']]}{expires[4:]}"
            begins = row["awarded"] or reckoned
            if begins <= day[: len(begins)]:
                yield row["holder"], expires


@recount("awards-told-by-several-sources", "award sources")
def _() -> Iterator[Fact]:
    for row in table("label_awards"):
        if len(items(row["source"])) > 1:
            yield row["id"], str(len(items(row["source"])))


@recount("golden-cluster-awards", "awarded award holder body")
def _() -> Iterator[Fact]:
    return (
        (row["awarded"], row["id"], row["holder"], row["awarded_by"]) for row in table("awards")
    )


@recount("cluster-density-per-region", "region organisations notPlaced")
def _() -> Iterator[Fact]:
    seated = {row["id"] for row in organisations() if row["country"] == "ES"}
    placed = [row for row in table("region_links") if row["subject"] in seated]
    found = per((row["nuts"][:4], row["subject"]) for row in placed if len(row["nuts"]) > 3)
    lost = len(seated - {row["subject"] for row in placed if len(row["nuts"]) > 3})
    regions = "11 12 13 21 22 23 24 30 41 42 43 51 52 53 61 62 63 64 70"
    for region in regions.split():
        yield f"ES{region}", str(found.get(f"ES{region}", 0)), str(lost)


@recount("partners-in-region", "organisation code")
def _() -> Iterator[Fact]:
    partners = {row["id"] for kind in PARTNERS for row in organisations(kind)}
    for row in table("region_links"):
        if row["nuts"].startswith("AT3") and row["subject"] in partners:
            yield row["subject"], row["nuts"]


@recount("partners-by-country", "organisation")
def _() -> Iterator[Fact]:
    for kind in PARTNERS:
        yield from ((row["id"],) for row in organisations(kind) if row["country"] == "DK")


@recount("partners-by-sector", "organisation")
def _() -> Iterator[Fact]:
    textile = {row["id"] for row in table("sectors") if "textile" in row["label"].lower()}
    for row in table("cluster_organisations"):
        if textile & set(items(row["sectors"])):
            yield (row["id"],)


@recount("partners-by-ecosystem", "organisation basis")
def _() -> Iterator[Fact]:
    for row in table("ecosystem_links"):
        if row["ecosystem"] == "ecosystem/textiles":
            yield row["subject"], row["basis"]


@recount("czech-clusters", "organisation")
def _() -> Iterator[Fact]:
    return ((row["id"],) for row in organisations() if row["country"] == "CZ")


@recount("founding-years", "decade organisations")
def _() -> Iterator[Fact]:
    found = Counter(
        min(items(row["founded"]))[:3] + "0s" for row in organisations() if row["founded"]
    )
    return ((decade, str(count)) for decade, count in found.items())


@recount("largest-clusters", "organisation members")
def _() -> Iterator[Fact]:
    most: dict[str, Decimal] = {}
    clusters = {row["id"] for row in organisations()}
    for row in table("figures"):
        if row["measure"] == "members" and row["figure_of"] in clusters and row["value"]:
            key = row["figure_of"]
            most[key] = max(most.get(key, Decimal(0)), Decimal(row["value"]))
    return ((key, number(str(value))) for key, value in most.items() if value >= 200)


@recount("completeness-per-country", "country organisations website region sector members")
def _() -> Iterator[Fact]:
    placed = {row["subject"] for row in table("region_links")}
    counted = {row["figure_of"] for row in table("figures") if row["measure"] == "members"}
    by_country = defaultdict(list)
    for row in organisations():
        if row["country"]:
            by_country[row["country"]].append(row)
    for country, rows in by_country.items():
        shares = (
            sum(map(bool, found)) * 100 / len(rows)
            for found in (
                [row["website"] for row in rows],
                [row["id"] in placed for row in rows],
                [row.get("sectors", "") for row in rows],
                [row["id"] in counted for row in rows],
            )
        )
        if len(rows) >= 5:
            yield country, str(len(rows)), *(str(int(share + 0.5)) for share in shares)


@recount("members-of-cluster", "member")
def _() -> Iterator[Fact]:
    for row in table("memberships"):
        if row["organisation"] == "cluster-organisation/cesky-opticky-klastr":
            yield (row["member"],)


@recount("members-in-several-clusters", "member clusters")
def _() -> Iterator[Fact]:
    clusters = {row["id"] for kind in PARTNERS for row in organisations(kind)}
    found = per(
        (row["member"], row["organisation"])
        for row in table("memberships")
        if row["organisation"] in clusters
    )
    return ((member, str(count)) for member, count in found.items() if count > 1)


@recount("universities-in-several-clusters", "member clusters")
def _() -> Iterator[Fact]:
    clusters = {row["id"] for kind in PARTNERS for row in organisations(kind)}
    learned = {
        row["id"] for kind in ("University", "ResearchOrganisation") for row in organisations(kind)
    }
    found = per(
        (row["member"], row["organisation"])
        for row in table("memberships")
        if row["organisation"] in clusters and row["member"] in learned
    )
    return ((member, str(count)) for member, count in found.items() if count > 1)


@recount("shared-members", "first second shared")
def _() -> Iterator[Fact]:
    belonging = defaultdict(set)
    for row in table("memberships"):
        belonging[row["organisation"]].add(row["member"])
    for first, one in belonging.items():
        for second, other in belonging.items():
            if first < second and len(one & other) > 1:
                yield first, second, str(len(one & other))


@recount("networks-by-countries", "network countries members")
def _() -> Iterator[Fact]:
    seats = joined("cluster_organisations", "organisations")
    clusters = {row["id"] for kind in PARTNERS for row in organisations(kind)}
    rows = [row for row in table("memberships") if row["organisation"] not in clusters]
    members = per((row["organisation"], row["member"]) for row in rows)
    lands = per(
        (row["organisation"], seats[row["member"]]["country"])
        for row in rows
        if seats[row["member"]]["country"]
    )
    return ((key, str(lands.get(key, 0)), str(count)) for key, count in members.items())


@recount("members-of-network", "member")
def _() -> Iterator[Fact]:
    for row in table("memberships"):
        if row["organisation"] == "organisation/eca":
            yield (row["member"],)


@recount("eurocluster-partners", "eurocluster partner")
def _() -> Iterator[Fact]:
    for row in table("participations"):
        if row["undertaking"].startswith("eurocluster/"):
            yield row["undertaking"], row["participant"]


@recount("euroclusters-per-ecosystem", "ecosystem euroclusters")
def _() -> Iterator[Fact]:
    found = per((target, subject) for subject, target in links("targetsEcosystem"))
    return ((key, str(found.get(key, 0))) for key in joined("ecosystems"))


@recount("eurocluster-coordinators-by-country", "eurocluster coordinator")
def _() -> Iterator[Fact]:
    found = dict(links("coordinatedBy"))
    return ((key, found.get(key, "")) for key in joined("euroclusters"))


@recount("eurocluster-money", "eurocluster amount")
def _() -> Iterator[Fact]:
    return ((row["amount_of"], number(row["value"])) for row in amounts("eurocluster/"))


@recount("practice-money", "practice amount currency")
def _() -> Iterator[Fact]:
    for row in amounts("practice/"):
        yield row["amount_of"], number(row["value"]), row["currency"]


@recount("money-by-programme", "programme amount currency")
def _() -> Iterator[Fact]:
    found = {row["amount_of"]: row for row in amounts("programme/")}
    for key in joined("programmes"):
        row = found.get(key, {"value": "", "currency": ""})
        yield key, row["value"] and number(row["value"]), row["currency"]


@recount("money-by-period", "period currency total programmes")
def _() -> Iterator[Fact]:
    budgets = {row["amount_of"]: row for row in amounts("programme/", "budget")}
    whole = {part for part, around in links("partOf") if around in budgets}
    found = defaultdict(list)
    for key, row in joined("programmes").items():
        if key in budgets and key not in whole:
            period = f"{row['period_start']}-{row['period_end']}"
            sum_ = budgets[key]
            found[period, sum_["currency"], sum_["price_basis"]].append(Decimal(sum_["value"]))
    for (period, currency, _), values in found.items():
        yield period, currency, number(str(sum(values))), str(len(values))


@recount("money-by-strategy", "strategy totalEur programmes")
def _() -> Iterator[Fact]:
    budgets = {
        row["amount_of"]: Decimal(row["value"])
        for row in amounts("programme/", "budget")
        if row["currency"] == "EUR"
    }
    around = dict(links("partOf"))
    implementing = defaultdict(set)
    for programme, strategy in links("implements"):
        if programme in budgets:
            implementing[strategy].add(programme)
    for strategy, programmes in implementing.items():
        counted = [budgets[key] for key in programmes if around.get(key) not in programmes]
        yield strategy, number(str(sum(counted))), str(len(counted))


@recount("strategy-replacements", "new old")
def _() -> Iterator[Fact]:
    return links("updatesOrReplaces")


@recount("european-strategies", "strategy adopted celex programmes")
def _() -> Iterator[Fact]:
    found = per(
        (strategy, key) for key, strategy in links("implements") if key.startswith("programme/")
    )
    for row in table("strategies"):
        if row["policy_level"] == "european":
            yield row["id"], row["adopted"], row["celex"], str(found.get(row["id"], 0))


@recount("programme-legal-basis", "programme act celex")
def _() -> Iterator[Fact]:
    acts = joined("documents")
    for row in table("programmes"):
        if row["legal_basis"]:
            yield row["id"], row["legal_basis"], acts[row["legal_basis"]]["celex"]


@recount("organisations-paid-by-programme", "organisation programme")
def _() -> Iterator[Fact]:
    partners = {row["id"] for kind in PARTNERS for row in organisations(kind)}
    for subject, payer in set(links("fundedBy")):  # told of several years
        if subject in partners and payer.startswith("programme/"):
            yield subject, payer


@recount("policy-practices-by-level", "practice levelName started ended")
def _() -> Iterator[Fact]:
    names = {"european": "European"}
    for row in table("practices"):
        name = names.get(row["policy_level"], row["policy_level"])
        yield row["id"], name, row["started"], row["ended"]


@recount("platform-services", "provider service")
def _() -> Iterator[Fact]:
    return ((row["offered_by"], row["id"]) for row in table("services"))


@recount("calls", "call opens closes")
def _() -> Iterator[Fact]:
    return ((row["id"], row["opens"], row["closes"]) for row in table("calls"))


@recount("publications-with-isbn", "publication isbn")
def _() -> Iterator[Fact]:
    return ((row["id"], row["isbn"]) for row in table("publications") if row["isbn"])


@recount("ecosystem-nace", "ecosystem code")
def _() -> Iterator[Fact]:
    return ((row["id"], code) for row in table("ecosystems") for code in items(row["nace"]))


@recount("undated-figures", "measure figures undated")
def _() -> Iterator[Fact]:
    rows = table("figures") + table("country_figures") + table("region_figures")
    undated = Counter(row["measure"] for row in rows if not row["year"])
    for measure, count in Counter(row["measure"] for row in rows).items():
        yield measure, str(count), str(undated[measure])


@recount("contradicting-claims", "subject value otherValue")
def _() -> Iterator[Fact]:
    claims = joined("value_claims")
    for row in claims.values():
        for other in items(row["contradicts"]):
            if row["value"] < claims[other]["value"]:
                yield row["subject"], row["value"], claims[other]["value"]


@recount("judged-and-stated", "property stated judged derived")
def _() -> Iterator[Fact]:
    claims = [(row["property"], row["basis"]) for row in table("links") + table("value_claims")]
    claims += [("ecosystem", row["basis"]) for row in table("ecosystem_links")]
    claims += [("region", row["basis"]) for row in table("region_links")]
    found = Counter(claims)
    for name in {name for name, _ in claims}:
        yield name, *(str(found[name, basis]) for basis in ("stated", "estimated", "derived"))


def test_most_questions_are_counted_again() -> None:
    """The counts are there; a question that cannot be counted so is checked by reading."""
    assert len(RECOUNTS) >= 45


@pytest.mark.parametrize("name", RECOUNTS)
def test_answer_is_what_the_tables_hold(name: str, shipped: Engine) -> None:
    """Counting row by row in the tables comes to the rows of the answer."""
    columns, count = RECOUNTS[name]
    answer = catalogue.ask(catalogue.find(name), shipped)
    assert isinstance(answer, ox.QuerySolutions)
    found = Counter(tuple(short(row[column]) for column in columns.split()) for row in answer)
    counted = Counter(count())
    assert list(found - counted) == [], "in the answer, not in the tables"
    assert list(counted - found) == [], "in the tables, not in the answer"
